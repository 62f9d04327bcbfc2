"""Assets: registered, described, replaced and deleted; who sees which, and where they are used."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from lms_graphql.commands.maintain import sweep
from lms_graphql.content.references import asset_ids_of
from lms_graphql.engine.rows import Row
from lms_graphql.storage.statements import Statement
from tests.changing.authoring import Authors, Grown, codes, document, number
from tests.changing.test_files_of_authors import ASK, COMPLETE, send
from tests.conftest import running_api
from tests.world import Rows

SHOWN = (
    "id url assetType title altText license widthPixels heightPixels fileName mediaType sizeBytes isStaffOnly version"
    " course { id }"
)
REGISTER = document("registerAsset", f"asset {{ {SHOWN} }}")
UPDATE = document("updateAsset", f"asset {{ {SHOWN} }}")
REPLACE = document("replaceAsset", f"asset {{ {SHOWN} }}")
DELETE = document("deleteAsset", "deletedAssetId")
COPY = document("copyModule", "module { id } assetsOfOtherCourses { id }")
READ = "query($id: ID!) { node(id: $id) { ... on Asset { url } } }"
LIST = "query($filter: AssetFilter) { assets(first: 100, filter: $filter) { totalCount edges { node { id } } } }"
ORPHANS = "{ orphanAssets(first: 100) { totalCount edges { node { id } } } }"
USAGE = (
    "query($id: ID!) { node(id: $id) { ... on Asset { usage(first: 5) { totalCount"
    " edges { node { contentItem { ... on ContentItem { title } } } } } } } }"
)
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
async def api(written, world, folder):
    async with running_api(written.app, max_in_flight=200, pool_size=60, files=folder) as running:
        yield running


@pytest.fixture
def authors(api, world, owner):
    return Authors(api, world, owner)


@pytest.fixture
async def grown(authors):
    """A published course of `instructor`'s, with an article in it."""
    made = await Grown(authors, await authors.course(is_published=True)).grow([("A", []), ("B", [])])
    made.rows["article"] = await Rows(authors.owner).item(made.rows["A"], "text", {"blocks": []}, title="An article")
    return made


def address(name="a.png"):
    return {"url": f"https://files.example/{name}"}


async def registered(authors, course=None, user="instructor", **given):
    given = {"source": address(), **({} if course is None else {"courseId": course}), **given}
    payload = await authors.sent(REGISTER, given, user)
    assert payload["errors"] == []
    return payload["asset"]


async def sent_file(authors, user="instructor", media_type="image/png", body=PNG):
    """The id of an upload that has come."""
    given = {"purpose": "ASSET", "fileName": "a.png", "mediaType": media_type, "sizeBytes": len(body)}
    upload = (await authors.sent(ASK, given, user))["upload"]
    assert (await send(authors.api, upload, body)).status_code == 204
    await authors.sent(COMPLETE, {"uploadId": upload["id"]}, user)
    return upload["id"]


async def shows(authors, item, *assets):
    """Have an article show these assets."""
    blocks = [{"type": "image", "asset_id": number(asset["id"])} for asset in assets]
    await authors.owner.execute(
        "UPDATE content_items SET data_json = $1 WHERE id = $2", json.dumps({"blocks": blocks}), item["id"]
    )


async def sees(authors, asset, user):
    person = None if user is None else authors.world.people[user]
    return (await authors.api.data(READ, {"id": asset["id"]}, user=person))["node"] is not None


# ---- registered


async def test_an_address(authors, grown, owner):
    given = {
        "courseId": grown.id, "source": address(), "kind": "IMAGE", "title": " A chart ", "altText": "Bars.\r\n",
        "license": "CC BY 4.0", "widthPixels": 640, "heightPixels": 480, "isStaffOnly": True,
    }  # fmt: skip
    payload = await authors.sent(REGISTER, given)
    asset = payload["asset"]
    assert payload == {
        "asset": {
            "id": asset["id"], "url": "https://files.example/a.png", "assetType": "image", "title": "A chart",
            "altText": "Bars.", "license": "CC BY 4.0", "widthPixels": 640, "heightPixels": 480, "fileName": None,
            "mediaType": None, "sizeBytes": None, "isStaffOnly": True, "version": 1, "course": {"id": grown.id},
        },
        "errors": [],
    }  # fmt: skip
    (entry,) = [entry for entry in await authors.audited("asset.register") if entry[1] == number(asset["id"])]
    after = entry[3]
    columns = {row["column_name"] for row in await owner.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'assets'")}  # fmt: skip
    assert set(after) | {"university_id", "id"} == columns
    assert (entry[0], after["course_id"], after["url"], after["meta_json"]) == (
        "Asset", grown.course["id"], "https://files.example/a.png",
        {"alt_text": "Bars.", "license": "CC BY 4.0", "width": 640, "height": 480},
    )  # fmt: skip
    plain = await registered(authors, user="admin")
    assert (plain["assetType"], plain["isStaffOnly"], plain["course"], plain["title"]) == ("other", False, None, None)


async def test_an_upload(authors, grown, api, owner, folder):
    upload = await sent_file(authors)
    asset = await registered(authors, grown.id, source={"uploadId": upload})
    shown = {name: asset[name] for name in ("assetType", "fileName", "mediaType", "sizeBytes")}
    assert shown == {"assetType": "image", "fileName": "a.png", "mediaType": "image/png", "sizeBytes": len(PNG)}
    assert asset["url"].startswith("/uploads/")
    fetched = await api.client.get(asset["url"])
    assert (fetched.status_code, fetched.content, fetched.headers["content-type"]) == (200, PNG, "image/png")
    again = await authors.sent(REGISTER, {"courseId": grown.id, "source": {"uploadId": upload}})
    assert codes(again) == [("TAKEN", ["source", "uploadId"])]
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE id = $1", number(upload))
    assert (await sweep(owner, api.service.files)).uploads == 0  # an asset's is never swept


async def test_what_no_asset_is(authors, grown, api):
    waiting = (await authors.sent(ASK, {"purpose": "ASSET", "fileName": "a.png", "mediaType": "image/png",
                                        "sizeBytes": 9}))["upload"]["id"]  # fmt: skip
    came, of_import = (
        await sent_file(authors),
        await authors.sent(
            ASK, {"purpose": "IMPORT", "fileName": "c.json", "mediaType": "application/json", "sizeBytes": 2}
        ),
    )
    anothers = await sent_file(authors, "far_instructor")
    before = await authors.state()
    good = {"courseId": grown.id, "source": address()}
    for change, code, path in (
        ({"source": {"url": "http://files.example/a.png"}}, "INVALID", ["source", "url"]),
        ({"source": {"url": "javascript:alert(1)"}}, "INVALID", ["source", "url"]),
        ({"source": {"url": "https://me:secret@files.example/"}}, "INVALID", ["source", "url"]),
        ({"source": {"url": "https://files.example/" + "x" * 1024}}, "INVALID", ["source", "url"]),
        ({"source": {"uploadId": "no id"}}, "NOT_FOUND", ["source", "uploadId"]),
        ({"source": {"uploadId": anothers}}, "NOT_FOUND", ["source", "uploadId"]),
        ({"source": {"uploadId": of_import["upload"]["id"]}}, "NOT_FOUND", ["source", "uploadId"]),
        ({"source": {"uploadId": waiting}}, "CLOSED", ["source", "uploadId"]),
        ({"source": {"uploadId": came}, "kind": "PDF"}, "INVALID", ["kind"]),
        ({"title": ""}, "INVALID", ["title"]),
        ({"altText": "x" * 1001}, "INVALID", ["altText"]),
        ({"license": "x" * 256}, "INVALID", ["license"]),
        ({"widthPixels": 0}, "INVALID", ["widthPixels"]),
        ({"heightPixels": 100_001}, "INVALID", ["heightPixels"]),
        ({"courseId": authors.id("Course", 0)}, "NOT_FOUND", ["courseId"]),
        ({"courseId": None}, "FORBIDDEN", ["courseId"]),
    ):
        assert codes(await authors.sent(REGISTER, {**good, **change})) == [(code, path)], change
    assert await authors.state() == before
    both = {**good, "source": {**address(), "uploadId": came}}
    answer = await api(REGISTER, {"input": both}, user=authors.world.people["instructor"])
    assert "exactly one" in answer["errors"][0]["message"].lower()


# ---- who may, and who sees


async def test_who_may_change_what(authors, grown, api):
    of_course, shared = await registered(authors, grown.id), await registered(authors, user="admin")
    before = await authors.state()
    for mutation, more in ((UPDATE, {"title": "x"}), (REPLACE, {"source": address("b")}), (DELETE, {})):
        answer = await api(mutation, {"input": {"assetId": of_course["id"], **more}})
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        for person in ("student", "bystander", "ta", "section_ta", "beta_admin"):
            for asset in (of_course, shared):
                refused = await authors.sent(mutation, {"assetId": asset["id"], **more}, person)
                assert codes(refused) == [("FORBIDDEN", [])]
        for person, code in (("far_instructor", "NOT_FOUND"), ("far_admin", "NOT_FOUND")):
            refused = await authors.sent(mutation, {"assetId": of_course["id"], **more}, person)
            assert codes(refused) == [(code, ["assetId"])]
        for person in ("instructor", "far_instructor"):
            refused = await authors.sent(mutation, {"assetId": shared["id"], **more}, person)
            assert codes(refused) == [("FORBIDDEN", ["assetId"])]
    assert codes(await authors.sent(REGISTER, {"courseId": grown.id, "source": address()}, "ta")) == [("FORBIDDEN", [])]
    far = await authors.sent(REGISTER, {"courseId": grown.id, "source": address()}, "far_instructor")
    assert codes(far) == [("FORBIDDEN", ["courseId"])]
    assert await authors.state() == before
    for person in ("instructor", "department_admin", "admin"):
        assert codes(await authors.sent(UPDATE, {"assetId": of_course["id"], "title": person}, person)) == []
    for person in ("department_admin", "far_admin", "admin"):
        assert codes(await authors.sent(UPDATE, {"assetId": shared["id"], "title": person}, person)) == []


EVERYBODY = (None, "outsider", "student", "far_instructor", "ta", "instructor", "department_admin", "admin")
STAFF = {"instructor", "department_admin", "admin"}


async def seen_by(authors, asset):
    return {user for user in EVERYBODY if await sees(authors, asset, user)}


async def test_who_sees_an_asset(authors, grown, owner):
    shared = await registered(authors, user="admin")
    secret = await registered(authors, user="admin", isStaffOnly=True)
    own = await registered(authors, grown.id)
    hidden = await registered(authors, grown.id, isStaffOnly=True)
    staff = STAFF | {"ta", "far_instructor"}
    assert await seen_by(authors, shared) == set(EVERYBODY)
    assert await seen_by(authors, secret) == staff
    assert await seen_by(authors, own) == await seen_by(authors, hidden) == STAFF
    await shows(authors, grown.rows["article"], own, hidden)
    assert await seen_by(authors, own) == set(EVERYBODY)  # through published content
    assert await seen_by(authors, hidden) == STAFF
    for change in (
        "UPDATE content_items SET is_active = false WHERE module_id = $1",
        "UPDATE modules SET effective_published = false WHERE id = $1",
        "UPDATE courses SET is_published = false WHERE id = (SELECT course_id FROM modules WHERE id = $1)",
    ):
        await owner.execute(change, grown.rows["A"]["id"])
        assert await seen_by(authors, own) == STAFF
        for back in ("UPDATE content_items SET is_active = true WHERE module_id = $1",
                     "UPDATE modules SET effective_published = true WHERE id = $1"):  # fmt: skip
            await owner.execute(back, grown.rows["A"]["id"])


async def test_staff_only_is_null_at_every_door(authors, grown, api, owner):
    hidden = await registered(authors, grown.id, isStaffOnly=True)
    await shows(authors, grown.rows["article"], hidden)
    video = await Rows(owner).item(grown.rows["A"], "video", {"asset_id": number(hidden["id"])}, sequence_index=2)
    doors = (
        f'{{ a: node(id: "{hidden["id"]}") {{ id }} b: nodes(ids: ["{hidden["id"]}"]) {{ id }}'
        f' c: contentItem(id: "{authors.id("VideoContent", video["id"])}")'
        " { ... on VideoContent { asset { id } } }"
        f' d: contentItem(id: "{authors.id("TextContent", grown.rows["article"]["id"])}")'
        " { ... on TextContent { blocks { ... on ImageBlock { asset { id } } } } }"
        " e: assets(first: 100) { edges { node { id } } } f: orphanAssets(first: 100) { edges { node { id } } } }"
    )
    found = await api.data(doors, user=authors.world.people["student"])
    assert found == {"a": None, "b": [None], "c": {"asset": None}, "d": {"blocks": [{"asset": None}]},
                     "e": {"edges": []}, "f": {"edges": []}}  # fmt: skip
    found = await api.data(doors, user=authors.world.people["instructor"])
    assert found["c"] == {"asset": {"id": hidden["id"]}}
    assert found["d"] == {"blocks": [{"asset": {"id": hidden["id"]}}]}


# ---- lists


async def listed(authors, user, query=LIST, **wanted):
    found = await authors.api.data(query, {"filter": wanted} if wanted else {}, user=authors.world.people[user])
    (connection,) = found.values()
    ids = [edge["node"]["id"] for edge in connection["edges"]]
    assert connection["totalCount"] == len(ids)
    return ids


async def test_lists(authors, grown, owner, world):
    await owner.execute("DELETE FROM content_item_assets; DELETE FROM assets")
    shared = (await registered(authors, user="admin", kind="PDF"))["id"]
    own = await registered(authors, grown.id, kind="IMAGE")
    hidden = (await registered(authors, grown.id, isStaffOnly=True))["id"]
    every = [shared, own["id"], hidden]
    await shows(authors, grown.rows["article"], own)
    for user, ids in (("instructor", every), ("admin", every), ("far_instructor", [shared]), ("student", [])):
        assert await listed(authors, user) == ids
    for wanted, ids in (
        ({"course": grown.id}, every[1:]),
        ({"course": authors.id("Module", 1)}, []),
        ({"kind": ["PDF", "AUDIO"]}, [shared]),
        ({"kind": ["IMAGE"]}, [own["id"]]),
        ({"isStaffOnly": True}, [hidden]),
        ({"isStaffOnly": False}, every[:2]),
        ({"isUsed": True}, [own["id"]]),
        ({"isUsed": False, "course": grown.id}, [hidden]),
    ):
        assert await listed(authors, "instructor", **wanted) == ids, wanted
    assert await listed(authors, "instructor", ORPHANS) == []
    await owner.execute("UPDATE assets SET created_at = $1", datetime.now(UTC) - timedelta(days=1))
    assert await listed(authors, "instructor", ORPHANS) == [shared, hidden]
    assert await listed(authors, "far_instructor", ORPHANS) == [shared]
    assert await listed(authors, "student", ORPHANS) == []


async def test_where_it_is_used(authors, grown, api, owner):
    asset = await registered(authors, grown.id)
    await shows(authors, grown.rows["article"], asset)
    draft = await Grown(authors, await authors.course()).grow([("D", [])])
    secret = await Rows(owner).item(draft.rows["D"], "video", {"asset_id": number(asset["id"])}, title="A draft")
    for user, titles in (("instructor", ["An article", "A draft"]), ("student", ["An article"])):
        found = await api.data(USAGE, {"id": asset["id"]}, user=authors.world.people[user])
        usage = found["node"]["usage"]
        assert [edge["node"]["contentItem"]["title"] for edge in usage["edges"]] == titles
        assert usage["totalCount"] == len(titles)
    await owner.execute("DELETE FROM content_items WHERE id = $1", secret["id"])


# ---- changed


async def test_described_anew(authors, grown):
    asset = await registered(authors, grown.id, altText="Old.", license="MIT", widthPixels=5)
    given = {"assetId": asset["id"], "title": "T", "altText": None, "kind": "AUDIO", "isStaffOnly": True}
    changed = (await authors.sent(UPDATE, {**given, "expectedVersion": 1}))["asset"]
    expected = {**asset, "title": "T", "altText": None, "assetType": "audio", "isStaffOnly": True, "version": 2}
    assert changed == expected
    (entry,) = [entry for entry in await authors.audited("asset.update") if entry[1] == number(asset["id"])]
    assert entry[2:] == (
        {"title": None, "asset_type": "other", "is_staff_only": False, "version": 1,
         "meta_json": {"alt_text": "Old.", "license": "MIT", "width": 5}},
        {"title": "T", "asset_type": "audio", "is_staff_only": True, "version": 2,
         "meta_json": {"license": "MIT", "width": 5}},
    )  # fmt: skip
    state = await authors.state()
    same = await authors.sent(UPDATE, {"assetId": asset["id"], "title": "T", "kind": None, "isStaffOnly": None})
    assert same["asset"] == changed
    stale = await authors.sent(UPDATE, {**given, "expectedVersion": 1})
    assert stale["errors"][0]["currentVersion"] == 2
    to_library = await authors.sent(UPDATE, {"assetId": asset["id"], "courseId": None})
    assert codes(to_library) == [("FORBIDDEN", ["courseId"])]
    assert await authors.state() == state
    moved = await authors.sent(UPDATE, {"assetId": asset["id"], "courseId": None}, "department_admin")
    assert moved["asset"]["course"] is None


async def test_a_hidden_file_of_a_lab_stays_for_staff_only(authors, grown, owner):
    asset = await registered(authors, grown.id, isStaffOnly=True)
    files = [{"path": "tests/a.py", "role": "hidden_test", "asset_id": number(asset["id"])}]
    lab = await Rows(owner).item(grown.rows["B"], "engineering_lab", {"files": files})
    shown = {"assetId": asset["id"], "isStaffOnly": False}
    assert codes(await authors.sent(UPDATE, shown)) == [("CLOSED", ["isStaffOnly"])]
    files[0]["role"] = "student_visible"
    await owner.execute(
        "UPDATE content_items SET data_json = $1 WHERE id = $2", json.dumps({"files": files}), lab["id"]
    )
    assert codes(await authors.sent(UPDATE, shown)) == []


async def test_another_file_behind_it(authors, grown, api, owner):
    first, second = await sent_file(authors), await sent_file(authors, media_type="application/pdf", body=b"%PDF-1")
    asset = await registered(authors, grown.id, source={"uploadId": first}, widthPixels=5, altText="A.")
    given = {"assetId": asset["id"], "source": {"uploadId": second}, "expectedVersion": 1}
    changed = (await authors.sent(REPLACE, given))["asset"]
    assert {name: changed[name] for name in ("id", "assetType", "widthPixels", "altText", "version", "sizeBytes")} == {
        "id": asset["id"], "assetType": "pdf", "widthPixels": None, "altText": "A.", "version": 2, "sizeBytes": 6,
    }  # fmt: skip
    assert (await api.client.get(changed["url"])).content == b"%PDF-1"
    assert (await api.client.get(asset["url"])).content == PNG  # until it is swept
    assert await owner.fetchval("SELECT state FROM uploads WHERE id = $1", number(first)) == "stored"
    swept = await sweep(owner, api.service.files)
    assert swept.uploads >= 1
    assert await owner.fetchval("SELECT count(*) FROM uploads WHERE id = $1", number(first)) == 0
    away = (await authors.sent(REPLACE, {"assetId": asset["id"], "source": address("b.pdf")}))["asset"]
    assert (away["url"], away["assetType"], away["fileName"]) == ("https://files.example/b.pdf", "pdf", None)
    kind = {"assetId": asset["id"], "source": {"uploadId": await sent_file(authors)}, "kind": "PDF"}
    assert codes(await authors.sent(REPLACE, kind)) == [("INVALID", ["kind"])]


async def test_deleted_unless_it_is_used(authors, grown, owner):
    upload = await sent_file(authors)
    asset = await registered(authors, grown.id, source={"uploadId": upload})
    await shows(authors, grown.rows["article"], asset)
    far = await Grown(authors, await authors.course(department_id=None)).grow([("F", [])])
    await owner.execute("DELETE FROM course_offering_instructors WHERE course_offering_id IN"
                        " (SELECT id FROM course_offerings WHERE course_id = $1)", far.course["id"])  # fmt: skip
    secret = await Rows(owner).item(far.rows["F"], "video", {"asset_id": number(asset["id"])}, title="SECRET draft")
    before = await authors.state()
    payload = await authors.sent(DELETE, {"assetId": asset["id"]})
    assert codes(payload) == [("CLOSED", ["assetId"])]
    said = "2 items name it, “An article”: take it out of them first (see its usage)"
    assert payload["errors"][0]["message"] == said
    assert await authors.state() == before
    await owner.execute("DELETE FROM content_items WHERE id = $1", secret["id"])
    await shows(authors, grown.rows["article"])
    assert codes(await authors.sent(DELETE, {"assetId": asset["id"], "expectedVersion": 2})) == [
        ("CONFLICT", ["expectedVersion"])
    ]
    payload = await authors.sent(DELETE, {"assetId": asset["id"], "expectedVersion": 1})
    assert payload == {"deletedAssetId": asset["id"], "errors": []}
    (entry,) = [entry for entry in await authors.audited("asset.delete") if entry[1] == number(asset["id"])]
    assert (entry[2]["upload_id"], entry[3]) == (number(upload), None)
    assert await owner.fetchval("SELECT expires_at <= now() FROM uploads WHERE id = $1", number(upload))
    assert codes(await authors.sent(DELETE, {"assetId": asset["id"]})) == [("NOT_FOUND", ["assetId"])]


async def test_named_and_deleted_at_once(authors, grown, owner):
    """Whatever comes first: no item is left with an asset that is gone, and nobody meets a fault."""
    items = [await Rows(owner).item(grown.rows["B"], "text", {"blocks": []}, sequence_index=n) for n in range(10)]
    assets = [await registered(authors, grown.id) for _ in items]

    async def name(asset, item):
        async with authors.work() as (work, _):
            data = json.dumps({"blocks": [{"type": "image", "asset_id": number(asset["id"])}]})
            sql = Statement(text("UPDATE content_items SET data_json = CAST(:data AS jsonb) WHERE id = :item_id"))
            await work.rows(sql, Row, data=data, item_id=item["id"])

    pairs = zip(assets, items, strict=True)
    results = await asyncio.gather(
        *(act for asset, item in pairs for act in (authors.sent(DELETE, {"assetId": asset["id"]}), name(asset, item)))
    )
    outcomes = [codes(payload) for payload in results[::2]]
    assert all(found in ([], [("CLOSED", ["assetId"])]) for found in outcomes)
    ids = [number(asset["id"]) for asset in assets]
    kept = await owner.fetchval("SELECT count(*) FROM assets WHERE id = ANY($1)", ids)
    used = await owner.fetchval("SELECT count(*) FROM content_item_assets WHERE asset_id = ANY($1)", ids)
    assert kept == used == sum(found != [] for found in outcomes)


# ---- copies, and what keeps the references


async def test_a_copy_tells_of_assets_of_the_other_course(authors, grown):
    own, shared = await registered(authors, grown.id), await registered(authors, user="admin")
    await shows(authors, grown.rows["article"], own, shared)
    other = await Grown(authors, await authors.course()).grow([])
    payload = await authors.sent(COPY, {"moduleId": grown["A"], "courseId": other.id})
    assert [asset["id"] for asset in payload["assetsOfOtherCourses"]] == [own["id"]]
    payload = await authors.sent(COPY, {"moduleId": grown["A"]})
    assert payload["assetsOfOtherCourses"] == []


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=2)
IDS = st.one_of(st.integers(1, 6), st.integers(-3, 2**70), st.floats(0, 9), WORDS, st.none(), st.booleans())
PART = st.fixed_dictionaries({}, optional={"asset_id": IDS, "type": st.just("image")})
PARTS = st.one_of(st.lists(st.one_of(PART, st.just("x"), st.lists(PART, max_size=1)), max_size=3), PART, st.none())
PAYLOADS = st.fixed_dictionaries({}, optional={"asset_id": IDS, "blocks": PARTS, "files": PARTS})


EXAMPLES = 400 if os.environ.get("LMS_THOROUGH") else 100
KINDS = st.sampled_from(["video", "text", "engineering_lab", "quiz", "resource", "assignment"])


@given(kind=KINDS, before=PAYLOADS, after=PAYLOADS)
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_references_are_those_that_payloads_name(grown, owner, kind, before, after):
    """For any payload: the trigger finds what `asset_ids_of` finds, of assets that there are."""
    university = grown.rows["B"]["university_id"]
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute("DELETE FROM content_item_assets; DELETE FROM assets")
        await owner.execute(
            "INSERT INTO assets (university_id, id, url, asset_type) SELECT $1, n, 'https://x.example', 'image'"
            " FROM generate_series(1, 5) n", university,
        )  # fmt: skip
        row = await Rows(owner).item(grown.rows["B"], kind, before, sequence_index=50)
        for payload in (before, after):
            await owner.execute("UPDATE content_items SET data_json = $1 WHERE id = $2", json.dumps(payload), row["id"])
            kept = {found["asset_id"] for found in await owner.fetch(
                "SELECT asset_id FROM content_item_assets WHERE content_item_id = $1", row["id"])}  # fmt: skip
            assert kept == asset_ids_of(kind, json.loads(json.dumps(payload))) & set(range(1, 6))
    finally:
        await transaction.rollback()
