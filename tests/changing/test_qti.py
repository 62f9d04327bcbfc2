"""Questions in packages of QTI: imported item by item, tried first, and exported to whoever may edit them."""

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from lms_graphql.engine.relay import parse_global_id
from lms_graphql.interop.qti import importing
from lms_graphql.interop.qti.packages import LEFT_OUT, MANIFEST, PackageError, read_package, write_package
from lms_graphql.storage.transaction import Transaction
from tests.changing.test_questions import ADD, ALL, Pools
from tests.conftest import running_api

ASK = """mutation($input: RequestFileUploadInput!) { it: requestFileUpload(input: $input) {
  upload { id target { url method headers { name value } } } errors { code message } } }"""
IMPORT = """mutation($input: ImportQuestionsInput!) { it: importQuestions(input: $input) { isDryRun pool { id }
  items { name type question { stem number } notes problems } errors { code message path } } }"""


@pytest.fixture(scope="module")
async def api(written, world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    async with running_api(written.app, max_in_flight=200, files=folder, upload_mib=100) as running:
        yield running


@pytest.fixture
def pools(api, world, owner):
    return Pools(api, world, owner)


async def uploaded(pools: Pools, data: bytes, person: str = "instructor", media_type: str = "application/zip") -> str:
    given = {"purpose": "IMPORT", "fileName": "q.zip", "mediaType": media_type, "sizeBytes": len(data)}
    upload = (await pools.done(ASK, given, person))["upload"]
    target = upload["target"]
    headers = {header["name"]: header["value"] for header in target["headers"]}
    response = await pools.api.client.request(target["method"], target["url"], content=data, headers=headers)
    assert response.status_code == 204
    return upload["id"]


async def exported(pools: Pools, pool: str, person: str | None = "instructor") -> Any:
    headers = pools.api.headers(None if person is None else pools.world.people[person])
    return await pools.api.client.get(f"/u/ALPHA/export/pools/{pool}/questions.zip", headers=headers)


def choice(identifier: str, interaction: str = "choiceInteraction") -> bytes:
    return (
        f'<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="{identifier}"'
        f' title="T {identifier}" adaptive="false" timeDependent="false">'
        '<responseDeclaration identifier="RESPONSE" cardinality="single"'
        ' baseType="identifier"><correctResponse><value>A</value></correctResponse></responseDeclaration>'
        f'<itemBody><{interaction} responseIdentifier="RESPONSE"><prompt>{identifier}?</prompt>'
        '<simpleChoice identifier="A">One</simpleChoice><simpleChoice identifier="B">Two</simpleChoice>'
        f"</{interaction}></itemBody></assessmentItem>"
    ).encode()


def package(*items: tuple[str, bytes], kind: str = "imsqti_item_xmlv2p1", folder: str = "") -> bytes:
    """A package as others make them."""
    resources = "".join(f'<resource identifier="r" type="{kind}" href="{path}"/>' for path, _ in items)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr(f"{folder}{MANIFEST}", f"<manifest><resources>{resources}</resources></manifest>")
        for path, data in items:
            opened.writestr(f"{folder}{path}", data)
    return made.getvalue()


async def test_what_is_exported_is_imported_as_it_was(pools):
    source, target = await pools.pool(), await pools.pool("Mine?")
    for kind, parts in ALL.items():
        more = {"points": "2.5", "hints": ["Think *hard*."], "explanation": "Since **so**."}
        await pools.done(ADD, {"poolId": source, "question": {kind: {"stem": f"What is *{kind}*?", **more, **parts}}})
    response = await exported(pools, source)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"] == 'attachment; filename="questions.zip"'
    entry = await pools.owner.fetchrow("SELECT * FROM audit_log ORDER BY id DESC LIMIT 1")
    assert (entry["act"], entry["entity"], entry["entity_id"], entry["user_id"], json.loads(entry["new_values"])) == (
        "question_pool.export", "QuestionPool", parse_global_id(source).id, pools.world.people["instructor"],
        {"sha256": hashlib.sha256(response.content).hexdigest(), "bytes": len(response.content)},
    )  # fmt: skip
    upload = await uploaded(pools, response.content)
    before, last = await pools.left(), await pools.last_entry()
    tried = await pools.done(IMPORT, {"poolId": target, "uploadId": upload, "dryRun": True})
    assert await pools.left() == before
    assert tried["isDryRun"] is True
    assert {(item["question"], *item["notes"], *item["problems"]) for item in tried["items"]} == {(None,)}
    done = await pools.done(IMPORT, {"poolId": target, "uploadId": upload, "position": 1})
    assert [(item["type"], item["question"]) for item in done["items"]] == [
        ("".join(f"_{sign}" if sign.isupper() else sign for sign in kind).upper(),
         {"stem": f"What is *{kind}*?", "number": number})
        for number, kind in enumerate(ALL, 1)
    ]  # fmt: skip
    columns = "number, type, points, stem, options, hints, answer, explanation"
    rows = [
        [tuple(row) for row in await pools.owner.fetch(
            f"SELECT {columns} FROM questions q JOIN question_keys k ON k.question_id = q.id WHERE pool_id = $1"
            " AND stem <> 'Mine?' ORDER BY number", parse_global_id(pool).id,
        )]
        for pool in (source, target)
    ]  # fmt: skip
    assert rows[0] == rows[1]
    assert (await pools.questions(target))[-1] == ("Mine?", 8, 1, True)
    entries = await pools.audited(last)
    assert [(act, entity) for act, entity, *_ in entries] == [("question.create", "Question")] * 7
    assert "Since" not in json.dumps(entries)


async def test_each_item_that_is_no_question_is_told_with_the_reason(pools):
    pool = await pools.pool()
    items = ("a/one.xml", choice("one")), ("two.xml", choice("two", "hotspotInteraction")), ("x.xml", b"<x")
    data = package(*items, ("three.xml", choice("three")))
    done = await pools.done(IMPORT, {"poolId": pool, "uploadId": await uploaded(pools, data)})
    found = [(item["name"], item["question"], item["problems"]) for item in done["items"]]
    assert found == [
        ("a/one.xml: T one", {"stem": "one?", "number": 1}, []),
        ("two.xml", None, ["the interaction hotspotInteraction has no place here"]),
        ("x.xml", None, ["its XML is broken in line 1"]),
        ("three.xml: T three", {"stem": "three?", "number": 2}, []),
    ]
    single = await uploaded(pools, choice("alone"), media_type="application/xml")
    done = await pools.done(IMPORT, {"poolId": pool, "uploadId": single})
    assert done["items"][0]["question"] == {"stem": "alone?", "number": 3}
    nothing = await uploaded(pools, package(("two.xml", choice("two", "hotspotInteraction"))))
    before = await pools.left()
    done = await pools.done(IMPORT, {"poolId": pool, "uploadId": nothing})
    assert [item["question"] for item in done["items"]] == [None]
    assert await pools.left() == before


async def test_the_number_of_statements_does_not_depend_on_the_items(pools, monkeypatch):
    sent = []
    fetch = Transaction.fetch

    async def counting(self, statement, *rest):
        sent.append(statement)
        return await fetch(self, statement, *rest)

    monkeypatch.setattr(Transaction, "fetch", counting)
    pool = await pools.pool()
    counts = []
    for size in (2, 60):
        data = package(*((f"{n}.xml", choice(f"q{n}")) for n in range(size)))
        upload = await uploaded(pools, data)
        sent.clear()
        await pools.done(IMPORT, {"poolId": pool, "uploadId": upload})
        counts.append(len(sent))
    assert counts == [12, 12]


async def test_what_takes_too_long_to_read_is_refused_whole(pools, monkeypatch):
    monkeypatch.setattr(importing, "MOST_SECONDS", 0)
    pool = await pools.pool()
    upload = await uploaded(pools, package(("one.xml", choice("one"))))
    before = await pools.left()
    (error,) = (await pools.call(IMPORT, {"poolId": pool, "uploadId": upload}))["errors"]
    assert (error["code"], error["message"]) == (
        "INVALID", "it takes more than 0 seconds to read: import it in parts",
    )  # fmt: skip
    assert await pools.left() == before


async def test_who_may_not_import(pools, api):
    pool = await pools.pool("One?")
    upload = await uploaded(pools, choice("x"), media_type="application/xml")
    given = {"poolId": pool, "uploadId": upload}
    before = await pools.left()
    wanted = {
        "student": "FORBIDDEN", "bystander": "FORBIDDEN", "beta_admin": "FORBIDDEN", "ta": "FORBIDDEN",
        "section_ta": "FORBIDDEN", "far_instructor": "NOT_FOUND", "far_admin": "NOT_FOUND",
    }  # fmt: skip
    found = {person: (await pools.call(IMPORT, given, person))["errors"][0]["code"] for person in wanted}
    assert found == wanted
    (error,) = (await pools.call(IMPORT, given, "admin"))["errors"]  # another one's file
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "uploadId"])
    answer = await api(IMPORT, {"input": given})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await pools.left() == before


@pytest.mark.parametrize(
    ("person", "status"),
    [(None, 401), ("student", 404), ("ta", 403), ("bystander", 404), ("far_instructor", 404), ("outsider", 404)],
)
async def test_who_may_not_export(pools, person, status):
    pool = await pools.pool("Canary-4713?")
    before = await pools.owner.fetchval("SELECT count(*) FROM audit_log WHERE act = 'question_pool.export'")
    response = await exported(pools, pool, person)
    assert response.status_code == status
    assert b"Canary" not in response.content
    assert await pools.owner.fetchval("SELECT count(*) FROM audit_log WHERE act = 'question_pool.export'") == before
    assert (await exported(pools, "x", "admin")).status_code == 404


async def test_what_qti_can_not_say_is_told_in_the_package(pools):
    pool = await pools.pool("One?")
    await pools.done(ADD, {"poolId": pool, "question": {"text": {"stem": "R?", "accepted": ["a+"], "isPattern": True}}})
    with zipfile.ZipFile(io.BytesIO((await exported(pools, pool)).content)) as opened:
        assert opened.namelist() == [MANIFEST, "items/question1.xml", LEFT_OUT]
        assert opened.read(LEFT_OUT).decode() == (
            "question 2: its accepted texts are regular expressions, of a kind that QTI does not have\n"
        )


BAD = [
    (package(), f"{MANIFEST} names no items of QTI 2.1"),
    (package(*((f"{n}.xml", b"") for n in range(501))), "there are 501 items, at most 500 can be imported at once"),
    (write_package([], [])[:40], "the package is damaged or cannot be read (File is not a zip file)"),
    (package(("big.xml", b"<x>" + b" " * 17 * 2**20)), "is larger than"),
]


@pytest.mark.parametrize(("data", "message"), BAD)
def test_packages_that_are_none(data, message):
    with pytest.raises(PackageError) as refused:
        read_package(data)
    assert message in str(refused.value)


def test_bombs_and_paths():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.xml", b"\0" * (30 * 2**20))
    with pytest.raises(PackageError, match="bomb"):
        read_package(bomb.getvalue())
    with pytest.raises(PackageError, match="points outside"):
        read_package(package(("../a.xml", b"")))
    folder = package(("a.xml", choice("a")), folder="quiz/")
    assert [(part.name, part.problem) for part in read_package(folder)] == [("a.xml", None)]
    (part,) = read_package(package(("t.xml", b""), kind="imsqti_test_xmlv2p1"))
    assert part.problem == "it is no item of QTI 2 but 'imsqti_test_xmlv2p1'"


async def test_a_file_that_is_no_package_is_refused(pools):
    pool = await pools.pool()
    upload = await uploaded(pools, package())
    before = await pools.left()
    (error,) = (await pools.call(IMPORT, {"poolId": pool, "uploadId": upload}))["errors"]
    assert error == {
        "code": "INVALID", "message": f"{MANIFEST} names no items of QTI 2.1", "path": ["input", "uploadId"],
    }  # fmt: skip
    assert await pools.left() == before
