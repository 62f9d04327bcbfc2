"""Files that are sent to be assets or to be imported: promised, sent, read by who sent them, and swept."""

import asyncio
import io
import zipfile

import pytest

from lms_graphql.commands.maintain import sweep
from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.usererrors import Refused
from lms_graphql.engine.work import Work
from lms_graphql.files.receiving import MOST_BYTES, file_to_import, read_import
from lms_graphql.storage.files import Files
from lms_graphql.storage.media import ASSETS, HANDED_IN, IMPORTS
from lms_graphql.storage.snapshot import Snapshot
from tests.changing.labs import ERRORS, number
from tests.conftest import running_api

ASK = (
    "mutation($input: RequestFileUploadInput!) { requestFileUpload(input: $input) { upload { id fileName mediaType"
    f" sizeBytes state sha256 url target {{ url method headers {{ name value }} }} }} {ERRORS} }} }}"
)
COMPLETE = (
    f"mutation($input: CompleteUploadInput!) {{ completeUpload(input: $input) {{ upload {{ state }} {ERRORS} }} }}"
)
READ = "query($id: ID!) { node(id: $id) { ... on Upload { fileName state } } }"


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr("course.json", "{}")
    return made.getvalue()


ZIP = archive()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
async def api(written, world, folder):
    async with running_api(written.app, max_in_flight=200, files=folder, upload_mib=100) as running:
        yield running


@pytest.fixture
def ask(api, world):
    async def asked(user="instructor", **change):
        given = {"purpose": "IMPORT", "fileName": "c.zip", "mediaType": "application/zip", "sizeBytes": len(ZIP)}
        data = await api.data(ASK, {"input": {**given, **change}}, user=world.people[user])
        return data["requestFileUpload"]

    return asked


async def send(api, upload, body=ZIP):
    target = upload["target"]
    given = {header["name"]: header["value"] for header in target["headers"]}
    return await api.client.request(target["method"], target["url"], content=body, headers=given)


async def reading(api, world, upload_id, user="instructor", university="alpha"):
    """What a mutation's service gets of an upload: read before its transaction, judged in it."""
    viewer = Viewer(world.people[user], getattr(world, university).university["id"])
    async with Snapshot(api.service.engine) as snapshot:
        await snapshot.act_for(viewer.university_id, viewer.user_id)
        context = Context(viewer, snapshot, Cursors(b"test"), services={Files: Files(api.service.files)})
        brought = await read_import(context, {"uploadId": upload_id})
        async with snapshot.transaction() as transaction:
            work = Work(context, transaction)
            work.brought = brought
            return await file_to_import(work, upload_id)


async def refused(*arguments, **options):
    with pytest.raises(Refused) as caught:
        await reading(*arguments, **options)
    (failure,) = caught.value.failures
    assert failure.path == ("input", "uploadId")
    return failure.code.name


async def test_an_import_from_the_promise_to_its_service(api, world, ask, owner, folder):
    upload = (await ask())["upload"]
    url = upload["target"].pop("url")
    assert upload == {
        "id": upload["id"], "fileName": "c.zip", "mediaType": "application/zip", "sizeBytes": len(ZIP),
        "state": "PENDING", "sha256": None, "url": None,
        "target": {"method": "PUT", "headers": [{"name": "Content-Type", "value": "application/zip"}]},
    }  # fmt: skip
    assert await refused(api, world, upload["id"]) == "CLOSED"
    upload["target"]["url"] = url
    assert (await send(api, upload)).status_code == 204
    done = await api.data(COMPLETE, {"input": {"uploadId": upload["id"]}}, user=world.people["instructor"])
    assert done == {"completeUpload": {"upload": {"state": "STORED"}, "errors": []}}
    assert await reading(api, world, upload["id"]) == (number(upload["id"]), "c.zip", "application/zip", ZIP)
    assert await refused(api, world, upload["id"], "far_instructor") == "NOT_FOUND"
    assert await refused(api, world, upload["id"], "beta_admin", "beta") == "NOT_FOUND"
    assert await refused(api, world, "no id") == "NOT_FOUND"
    assert await api.data(READ, {"id": upload["id"]}, user=world.people["far_instructor"]) == {"node": None}
    (folder / str(world.alpha.university["id"]) / str(number(upload["id"]))).write_bytes(b"another")
    assert await refused(api, world, upload["id"]) == "CLOSED"
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE id = $1", number(upload["id"]))
    assert await refused(api, world, upload["id"]) == "NOT_FOUND"
    row = await owner.fetchrow(
        "SELECT act, new_values FROM audit_log WHERE entity_id = $1 AND act = 'upload.request'", number(upload["id"])
    )
    assert row["new_values"] == (
        f'{{"state": "pending", "userId": {world.people["instructor"]}, "purpose": "import",'
        f' "mediaType": "application/zip", "sizeBytes": {len(ZIP)}}}'
    )


async def test_an_asset_is_no_import_and_what_is_used_is_not_swept(api, world, ask, owner):
    upload = (await ask(purpose="ASSET"))["upload"]
    assert (await send(api, upload)).status_code == 204
    assert await refused(api, world, upload["id"]) == "NOT_FOUND"
    used = number(upload["id"])
    await owner.execute("UPDATE uploads SET state = 'attached', expires_at = now() WHERE id = $1", used)
    waiting = number((await ask())["upload"]["id"])
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE id = $1", waiting)
    await sweep(owner, api.service.files)
    left = await owner.fetch("SELECT id FROM uploads WHERE id = ANY ($1)", [used, waiting])
    assert [row["id"] for row in left] == [used]


async def test_a_large_import_is_refused_before_it_is_read(api, world, ask, owner):
    upload = (await ask(sizeBytes=MOST_BYTES + 1))["upload"]
    await owner.execute("UPDATE uploads SET state = 'stored', sha256 = sha256('a') WHERE id = $1", number(upload["id"]))
    assert await refused(api, world, upload["id"]) == "LIMIT_REACHED"


BAD = [
    ({"fileName": "a/b.zip"}, "INVALID", "fileName"),
    ({"fileName": " "}, "INVALID", "fileName"),
    ({"mediaType": "text/html"}, "INVALID", "mediaType"),
    ({"mediaType": "application/pdf"}, "INVALID", "mediaType"),
    ({"mediaType": "application/xml", "purpose": "ASSET"}, "INVALID", "mediaType"),
    ({"sizeBytes": 0}, "INVALID", "sizeBytes"),
    ({"sizeBytes": 2**30}, "INVALID", "sizeBytes"),
]


@pytest.mark.parametrize(("change", "code", "field"), BAD)
async def test_what_is_not_taken(ask, owner, change, code, field):
    before = await owner.fetchval("SELECT count(*) FROM uploads")
    payload = await ask(**change)
    assert payload["upload"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, ["input", field])]
    assert await owner.fetchval("SELECT count(*) FROM uploads") == before


async def test_who_may_not(ask, api, owner):
    before = await owner.fetchval("SELECT count(*) FROM uploads")
    people = ("student", "bystander", "ta", "section_ta", "beta_admin")
    assert {person: (await ask(person))["errors"][0]["code"] for person in people} == dict.fromkeys(people, "FORBIDDEN")
    given = {"purpose": "IMPORT", "fileName": "c.zip", "mediaType": "application/zip", "sizeBytes": 1}
    answer = await api(ASK, {"input": given})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await owner.fetchval("SELECT count(*) FROM uploads") == before
    for person in ("department_admin", "far_instructor", "admin"):
        assert (await ask(person))["errors"] == []


async def test_so_many_wait_at_most(ask, owner, world, monkeypatch):
    monkeypatch.setattr("lms_graphql.files.requesting.MOST_OPEN", 3)
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE purpose <> 'submission'")
    answers = await asyncio.gather(*(ask("department_admin") for _ in range(8)))
    assert sorted(len(answer["errors"]) for answer in answers) == [0, 0, 0, 1, 1, 1, 1, 1]
    assert {error["code"] for answer in answers for error in answer["errors"]} == {"LIMIT_REACHED"}


def test_what_is_taken_for_what():
    assert not {"application/xml", "video/mp4"} & set(HANDED_IN)
    assert "video/mp4" in ASSETS
    assert not {"text/html", "image/svg+xml"} & {*ASSETS, *IMPORTS, *HANDED_IN}
