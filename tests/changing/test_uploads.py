"""Files of submissions: promised, streamed to a folder, checked while they come, served only to be saved."""

import asyncio
import hashlib
import json
import os
import time
from datetime import UTC, datetime

import pytest

from lms_graphql.commands.maintain import sweep
from lms_graphql.server import uploads as server
from lms_graphql.storage import files as store
from lms_graphql.storage.media import BEGINNINGS, Judge
from tests.changing.labs import CLAIM, ERRORS, Labs, number
from tests.conftest import running_api

ASK = (
    "mutation($input: RequestUploadInput!) { requestUpload(input: $input) { upload { id fileName mediaType sizeBytes"
    f" state sha256 url target {{ url method headers {{ name value }} expiresAt }} }} {ERRORS} }} }}"
)
LOOK = "query($id: ID!) { node(id: $id) { ... on Upload { fileName state sha256 url target { url } } } }"
FILES = "query($id: ID!) { node(id: $id) { ... on Submission { files { id fileName state url target { url } } } } }"
PDF = b"%PDF-1.7\n" + b"x" * 3000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
async def api(written, world, folder):
    async with running_api(written.app, max_in_flight=200, files=folder, upload_mib=3) as running:
        yield running


@pytest.fixture
def labs(api, world, owner):
    return Labs(api, world, owner)


@pytest.fixture
async def item(labs):
    return await labs.item(payload={"submission_types": ["file"]})


def on_disk(folder):
    """All files there are, by their paths below the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def ask(labs, item, user="student", **change):
    given = {
        "offeringId": labs.offering,
        "contentItemId": item,
        "fileName": "Report.pdf",
        "mediaType": "application/pdf",
        "sizeBytes": len(PDF),
        **change,
    }
    return await labs.sent(ASK, given, user)


async def promised(labs, item, user="student", **change):
    payload = await ask(labs, item, user, **change)
    assert payload["errors"] == []
    return payload["upload"]


async def send(labs, upload, body=PDF, **headers):
    target = upload["target"]
    given = {header["name"]: header["value"] for header in target["headers"]} | headers
    return await labs.api.client.request(target["method"], target["url"], content=body, headers=given)


async def sent(labs, item, user="student", body=PDF, **change):
    """An upload that has been sent."""
    upload = await promised(labs, item, user, sizeBytes=len(body), **change)
    assert (await send(labs, upload, body)).status_code == 204
    return upload


async def test_a_file_from_the_promise_to_the_grader(labs, item, folder, owner, api):
    upload = await promised(labs, item)
    expires = datetime.fromisoformat(upload["target"].pop("expiresAt"))
    assert 880 < (expires - datetime.now(UTC)).total_seconds() <= 900
    url = upload["target"]["url"]
    assert upload == {
        "id": upload["id"], "fileName": "Report.pdf", "mediaType": "application/pdf", "sizeBytes": len(PDF),
        "state": "PENDING", "sha256": None, "url": None,
        "target": {"url": url, "method": "PUT",
                   "headers": [{"name": "Content-Type", "value": "application/pdf"}]},
    }  # fmt: skip
    early = await labs.submit(item, uploadIds=[upload["id"]])
    assert [error["code"] for error in early["errors"]] == ["CLOSED"]
    response = await send(labs, upload)
    assert (response.status_code, response.content) == (204, b"")
    assert on_disk(folder)[f"{labs.university_id}/{number(upload['id'])}"] == PDF
    assert (await send(labs, upload)).status_code == 409
    submission = await labs.submitted(item, uploadIds=[upload["id"], upload["id"]])
    again = await labs.submit(item, uploadIds=[upload["id"]])
    assert [error["code"] for error in again["errors"]] == ["TAKEN"]
    for person in ("student", "ta", "section_ta", "department_admin"):
        data = await api.data(FILES, {"id": submission}, user=labs.world.people[person])
        (file,) = data["node"]["files"]
        assert (file["id"], file["state"], file["target"]) == (upload["id"], "ATTACHED", None)
        response = await api.client.get(file["url"])
        assert (response.status_code, response.content) == (200, PDF)
        assert {name: response.headers[name] for name in ("content-type", "content-disposition",
                "x-content-type-options", "content-security-policy", "cache-control")} == {
            "content-type": "application/pdf",
            "content-disposition": 'attachment; filename="Report.pdf"',
            "x-content-type-options": "nosniff",
            "content-security-policy": "sandbox; default-src 'none'",
            "cache-control": "private, no-store",
        }  # fmt: skip
    sha256 = await owner.fetchval("SELECT sha256 FROM uploads WHERE id = $1", number(upload["id"]))
    assert sha256 == hashlib.sha256(PDF).digest()
    acts = await owner.fetch(
        "SELECT act, user_id FROM audit_log WHERE entity = 'Upload' AND entity_id = $1 ORDER BY id",
        number(upload["id"]),
    )
    student = labs.world.people["student"]
    assert [tuple(row) for row in acts] == [("upload.request", student), ("upload.store", student)]


async def test_a_grader_gets_the_files_and_not_whose_they_are(labs, api):
    lab = await labs.item("engineering_lab")
    upload = await sent(labs, lab)
    submission = await labs.submitted(lab, uploadIds=[upload["id"]])
    document = CLAIM.replace(" url }", " url files { fileName mediaType sizeBytes sha256 url } }")
    answer = await labs.by_service(await labs.token(), document, {"submissionId": submission})
    (file,) = answer["data"]["claimGradingRun"]["run"]["files"]
    assert (await api.client.get(file.pop("url"))).content == PDF
    assert file == {
        "fileName": "Report.pdf", "mediaType": "application/pdf", "sizeBytes": len(PDF),
        "sha256": hashlib.sha256(PDF).hexdigest(),
    }  # fmt: skip
    assert labs.person("student") not in json.dumps(answer)


@pytest.mark.parametrize(
    ("person", "when_sent"),
    [("other", None), ("bystander", None), ("beta_admin", None), ("ta", None), ("far_instructor", None)],
)
async def test_nobody_else_has_what_is_not_handed_in(labs, item, api, person, when_sent):
    upload = await sent(labs, item)
    user = labs.world.people[person]
    assert await api.data(LOOK, {"id": upload["id"]}, user=user) == {"node": when_sent}
    assert await api.data(LOOK, {"id": upload["id"]}) == {"node": None}
    if person == "other":
        before = await labs.state()
        payload = await labs.submit(item, "other", uploadIds=[upload["id"]])
        assert [(e["code"], e["path"]) for e in payload["errors"]] == [("NOT_FOUND", ["input", "uploadIds"])]
        assert await labs.state() == before


async def test_who_looks_as_somebody_cannot_send_in_their_name(labs, item, api):
    upload = await promised(labs, item)
    body = {"query": LOOK, "variables": {"id": upload["id"]}}
    headers = {**api.headers(labs.world.people["admin"]), "X-View-As": labs.person("student")}
    response = await api.client.post("/u/ALPHA/graphql", json=body, headers=headers)
    assert response.json()["data"]["node"]["target"] is None
    seen = await api.data(LOOK, {"id": upload["id"]}, user=labs.world.people["admin"])
    assert seen["node"]["target"] is None


async def test_what_came_to_this_server_needs_not_be_completed(labs, item):
    document = (
        "mutation($input: CompleteUploadInput!) { completeUpload(input: $input)"
        f" {{ upload {{ id state }} {ERRORS} }} }}"
    )
    upload = await promised(labs, item)
    given = {"uploadId": upload["id"]}
    before = await labs.state()
    payload = await labs.sent(document, given, "student")
    assert (payload["upload"], [error["code"] for error in payload["errors"]]) == (None, ["CLOSED"])
    assert await labs.state() == before
    assert (await send(labs, upload)).status_code == 204
    before = await labs.state()
    payload = await labs.sent(document, given, "student")
    assert payload == {"upload": {"id": upload["id"], "state": "STORED"}, "errors": []}
    assert await labs.state() == before


async def test_a_file_for_another_item_is_not_there(labs, item):
    upload = await sent(labs, item)
    another = await labs.item(payload={"submission_types": ["file"]})
    payload = await labs.submit(another, uploadIds=[upload["id"]])
    assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]


REFUSED = [
    ({"fileName": "a/b.pdf"}, "INVALID", "fileName"),
    ({"fileName": "..\\b.pdf"}, "INVALID", "fileName"),
    ({"fileName": ".."}, "INVALID", "fileName"),
    ({"fileName": "a\r\nSet-Cookie: x"}, "INVALID", "fileName"),
    ({"mediaType": "text/html"}, "INVALID", "mediaType"),
    ({"mediaType": "image/svg+xml"}, "INVALID", "mediaType"),
    ({"mediaType": "application/xhtml+xml"}, "INVALID", "mediaType"),
    ({"sizeBytes": 0}, "INVALID", "sizeBytes"),
    ({"sizeBytes": 3 * 2**20 + 1}, "INVALID", "sizeBytes"),
    ({"offeringId": "no id"}, "NOT_FOUND", "offeringId"),
    ({"contentItemId": "no id"}, "NOT_FOUND", "contentItemId"),
]


@pytest.mark.parametrize(("change", "code", "path"), REFUSED)
async def test_what_is_not_promised(labs, item, change, code, path):
    before = await labs.state()
    payload = await ask(labs, item, **change)
    assert (payload["upload"], [(e["code"], e["path"]) for e in payload["errors"]]) == (
        None, [(code, ["input", path])],
    )  # fmt: skip
    assert await labs.state() == before


async def test_who_may_not_ask(labs, item, api):
    for person, code in (("bystander", "NOT_FOUND"), ("instructor", "NOT_FOUND"), ("beta_admin", "FORBIDDEN")):
        assert [error["code"] for error in (await ask(labs, item, person))["errors"]] == [code]
    given = {"offeringId": labs.offering, "contentItemId": item, "fileName": "a", "mediaType": "b", "sizeBytes": 1}
    answer = await api(ASK, {"input": given})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    text = await labs.item(payload={"submission_types": ["text"]})
    assert [error["code"] for error in (await ask(labs, text))["errors"]] == ["INVALID"]


async def test_so_many_wait_at_once(labs, item, owner):
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE state <> 'attached'")
    payloads = await asyncio.gather(*(ask(labs, item) for _ in range(34)))
    codes = [error["code"] for payload in payloads for error in payload["errors"]]
    assert codes == ["LIMIT_REACHED"] * 4
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE state <> 'attached'")


async def parts(*bodies):
    for body in bodies:
        yield body


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (PDF + b"x", {}, 413),
        (PDF[:-1], {}, 400),
        (b"<html>" + PDF[6:], {}, 415),
        (PDF, {"Content-Type": "text/html"}, 415),
        (PDF, {"Content-Encoding": "gzip"}, 415),
    ],
)  # fmt: skip
async def test_what_is_not_as_promised_leaves_nothing(labs, item, folder, body, headers, status):
    upload = await promised(labs, item)
    before, rows = on_disk(folder), await labs.state()
    response = await send(labs, upload, body, **headers)
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    response = await send(labs, upload, parts(body[:10], body[10:]), **headers)  # without a Content-Length
    assert response.status_code == status
    assert (on_disk(folder), await labs.state()) == (before, rows)
    assert (await send(labs, upload)).status_code == 204


async def test_it_is_refused_while_it_comes_and_not_afterwards(labs, item, folder):
    """Of a body without an end no more is taken than the limit and what is underway."""
    upload = await promised(labs, item, sizeBytes=2**20)
    taken = 0

    async def endless():
        nonlocal taken
        yield b"%PDF-1.7"
        while True:
            taken += 2**18
            yield b"x" * 2**18

    before = on_disk(folder)
    receive = endless().__aiter__()

    async def message():
        return {"type": "http.request", "body": await receive.__anext__(), "more_body": True}

    sent_back = []

    async def send_back(part):
        sent_back.append(part)

    path = upload["target"]["url"]
    scope = {"type": "http", "method": "PUT", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": [(b"content-type", b"application/pdf")], "root_path": "", "http_version": "1.1",
             "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)}  # fmt: skip
    await labs.api.client._transport.app(scope, message, send_back)
    assert sent_back[0]["status"] == 413
    assert taken <= 3 * 2**20
    assert on_disk(folder) == before


async def test_a_client_that_goes_away_leaves_nothing(labs, item, folder):
    upload = await promised(labs, item)
    messages = iter([{"type": "http.request", "body": PDF[:100], "more_body": True}, {"type": "http.disconnect"}])

    async def message():
        return next(messages)

    async def send_back(_part):
        raise AssertionError

    before = on_disk(folder)
    path = upload["target"]["url"]
    scope = {"type": "http", "method": "PUT", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": [(b"content-type", b"application/pdf")], "root_path": "", "http_version": "1.1",
             "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)}  # fmt: skip
    await labs.api.client._transport.app(scope, message, send_back)
    assert on_disk(folder) == before


async def test_two_that_come_at_once_are_one(labs, item, folder):
    upload = await promised(labs, item)
    responses = await asyncio.gather(*(send(labs, upload) for _ in range(8)))
    assert sorted(response.status_code for response in responses) == [204, *[409] * 7]
    assert not [name for name in on_disk(folder) if name.endswith(".part")]


async def test_no_more_than_so_many_at_once(labs, item, monkeypatch):
    monkeypatch.setattr(server, "MOST_AT_ONCE", 0)
    response = await send(labs, await promised(labs, item))
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_an_address_is_good_for_its_file_its_act_and_its_time(labs, item, api, monkeypatch):
    upload = await promised(labs, item)
    url = upload["target"]["url"]
    head, ticket = url.rsplit("/", 1)
    for index in range(0, len(ticket), 7):
        swapped = "A" if ticket[index] != "A" else "B"
        response = await send(
            labs, {"target": {**upload["target"], "url": f"{head}/{ticket[:index]}{swapped}{ticket[index + 1 :]}"}}
        )
        assert response.status_code == 403
    for text in ("", "x", "....", ticket[:-1], ticket + "A", "A" * 5000):
        assert (await api.client.put(f"{head}/{text}", content=PDF)).status_code in {403, 404}
    assert (await api.client.get(url)).status_code == 403
    assert (await api.client.post(url)).status_code == 405
    assert (await send(labs, upload)).status_code == 204
    fetch = (await api.data(LOOK, {"id": upload["id"]}, user=labs.world.people["student"]))["node"]["url"]
    assert (await api.client.get(fetch)).status_code == 200
    assert (await api.client.put(fetch, content=PDF)).status_code == 403
    later = time.time() + store.UPLOAD_SECONDS
    monkeypatch.setattr(store, "clock", lambda: later)
    assert (await api.client.get(fetch)).status_code == 403
    assert (await send(labs, upload)).status_code == 403


async def test_an_upload_that_has_ended_takes_no_file(labs, item, owner, folder):
    upload = await promised(labs, item)
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE id = $1", number(upload["id"]))
    before = on_disk(folder)
    assert (await send(labs, upload)).status_code == 409
    assert on_disk(folder) == before


async def test_a_file_of_all_that_is_allowed(labs, item, folder):
    body = b"%PDF-" + os.urandom(3 * 2**20 - 5)
    upload = await sent(labs, item, body=body)
    assert on_disk(folder)[f"{labs.university_id}/{number(upload['id'])}"] == body


async def test_a_name_is_told_as_it_is(labs, item, api):
    name = 'Größe "x"; a.pdf'
    upload = await sent(labs, item, fileName=name)
    data = await api.data(LOOK, {"id": upload["id"]}, user=labs.world.people["student"])
    assert data["node"]["fileName"] == name
    header = (await api.client.get(data["node"]["url"])).headers["content-disposition"]
    assert header.startswith("attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe%20%22x%22%3B%20a.pdf")


async def test_maintain_gives_up_what_nobody_handed_in(labs, item, owner, folder, written):
    """Files without a row go a day later: those of an erased person, and those that broke off, too."""
    await owner.execute("DELETE FROM uploads WHERE state <> 'attached'")
    kept, abandoned, handed_in = [await sent(labs, item) for _ in range(3)]
    await labs.submitted(item, uploadIds=[handed_in["id"]])
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE id = $1", number(abandoned["id"]))
    folder = folder / str(labs.university_id)
    broken = folder / f"{number(kept['id'])}.0123456789abcdef.part"
    broken.write_bytes(b"%PDF-")
    files = store.LocalFiles(folder.parent, b"x", 0)
    assert await sweep(owner, files) == (1, 0)  # what has just come may be on its way into the database
    long_ago = time.time() - 2 * 86400
    for path in folder.iterdir():
        os.utime(path, (long_ago, long_ago))
    before = {path.name for path in folder.iterdir()}
    swept = await sweep(owner, files)
    there = {path.name for path in folder.iterdir()}
    assert swept == (0, len(before - there))
    assert {str(number(upload["id"])) for upload in (kept, handed_in)} <= there
    assert {str(number(abandoned["id"])), broken.name}.isdisjoint(there)


# ---- what is taken


@pytest.mark.parametrize("media_type", BEGINNINGS)
def test_every_kind_is_told_by_its_bytes(media_type):
    page = b"<!doctype html><script>alert(1)</script>"
    judge = Judge(media_type)
    is_text = media_type.startswith("text/") or "json" in media_type or media_type == "application/xml"
    fits = judge.fits(page) and judge.fits(b"", final=True)
    assert fits == is_text  # as text it is served as text, to be saved
    assert not media_type.startswith(("text/html", "image/svg", "application/xhtml", "text/javascript"))


def test_text_is_utf_8_over_all_parts():
    judge = Judge("text/plain")
    sign = "é".encode()
    assert judge.fits(b"caf" + sign[:1])
    assert judge.fits(sign[1:])
    assert judge.fits(b"", final=True)
    assert Judge("text/plain").fits(sign[:1])
    assert not Judge("text/plain").fits(sign[:1], final=True)
    assert not Judge("text/csv").fits(b"a\0b")
    assert not Judge("image/png").fits(b"\x89PN", final=True)
    slow = Judge("image/png")
    assert all(slow.fits(bytes([byte])) for byte in b"\x89PNG\r\n\x1a\n")
