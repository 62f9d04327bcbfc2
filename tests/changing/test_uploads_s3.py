"""Files of submissions in a bucket: against rclone's S3 server, which checks every signature."""

import asyncio
import hashlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from lms_graphql.commands import maintain
from lms_graphql.commands.maintain import sweep
from lms_graphql.settings import SettingsError, read
from lms_graphql.storage import s3
from lms_graphql.storage.bucket import Bucket
from lms_graphql.storage.files import StoredFile, StoreUnreachableError
from lms_graphql.storage.s3 import S3Files
from tests.changing.labs import CLAIM, ERRORS, Labs, number
from tests.changing.test_uploads import ASK, FILES, LOOK, PDF
from tests.conftest import running_api
from tests.serving import free_port

KEY, SECRET = "KEY-OF-THE-TESTS", "secret-of-the-tests"
MOST_BYTES = 3 * 2**20
COMPLETE = (
    "mutation($input: CompleteUploadInput!) { completeUpload(input: $input) { upload { id state sha256"
    f" target {{ url }} }} {ERRORS} }} }}"
)
STORED = {"state": "STORED", "sha256": hashlib.sha256(PDF).hexdigest(), "target": None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the bucket holds, as files."""
    return tmp_path_factory.mktemp("s3") / "lms"


@pytest.fixture(scope="module")
def bucket(folder):
    """A bucket of a running server."""
    folder.mkdir()
    port = free_port()
    rclone = Path(sys.executable).with_name("rclone")
    options = ["--config", os.devnull, "--auth-key", f"{KEY},{SECRET}"]
    process = subprocess.Popen([rclone, "serve", "s3", "--addr", f"127.0.0.1:{port}", *options, folder.parent])
    try:
        _await_port(port, process)
        yield Bucket("lms", "uni/", "eu-test-1", f"http://127.0.0.1:{port}", KEY, SECRET)
    finally:
        process.kill()
        process.wait(10)


def _await_port(port, process):
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the S3 server did not start")


@pytest.fixture(scope="module")
async def api(written, world, bucket):
    async with running_api(written.app, max_in_flight=200, bucket=bucket, upload_mib=3) as running:
        yield running


@pytest.fixture(scope="module")
def files(bucket):
    store = S3Files(bucket, MOST_BYTES)
    yield store
    store.close()


@pytest.fixture
def labs(api, world, owner):
    return Labs(api, world, owner)


@pytest.fixture
async def item(labs, owner):
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE state <> 'attached'")
    return await labs.item(payload={"submission_types": ["file"]})


@pytest.fixture
async def net():
    """A client that reaches the store, as the API's own reaches only the application."""
    async with httpx.AsyncClient() as client:
        yield client


def there(folder):
    """All files there are, by their names."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def promised(labs, item, user="student", **change):
    given = {"offeringId": labs.offering, "contentItemId": item, "fileName": "Report.pdf",
             "mediaType": "application/pdf", "sizeBytes": len(PDF), **change}  # fmt: skip
    payload = await labs.sent(ASK, given, user)
    assert payload["errors"] == []
    return payload["upload"]


async def send(net, upload, body=PDF, **headers):
    target = upload["target"]
    given = {header["name"]: header["value"] for header in target["headers"]} | headers
    return (await net.request(target["method"], target["url"], content=body, headers=given)).status_code


async def complete(labs, upload, user="student"):
    return await labs.sent(COMPLETE, {"uploadId": upload["id"]}, user)


async def refused(labs, upload, user="student"):
    """The codes of a completion that is refused, which leaves everything as it was."""
    before = await labs.state()
    payload = await complete(labs, upload, user)
    assert payload["upload"] is None
    assert all(error["path"] == ["input", "uploadId"] for error in payload["errors"])
    assert await labs.state() == before
    return [error["code"] for error in payload["errors"]]


async def completed(labs, net, item, body=PDF, **change):
    upload = await promised(labs, item, sizeBytes=len(body), **change)
    assert await send(net, upload, body) == 200
    assert (await complete(labs, upload))["errors"] == []
    return upload


def names(labs, upload, body=PDF):
    """What a file is called while it arrives, and once it is kept."""
    of_it = f"{labs.university_id}/{number(upload['id'])}"
    return f"uni/incoming/{of_it}", f"uni/files/{of_it}/{hashlib.sha256(body).hexdigest()}"


async def test_a_file_from_the_promise_to_the_grader(labs, item, folder, owner, api, net, bucket):
    upload = await promised(labs, item)
    arriving, kept = names(labs, upload)
    assert upload["target"]["url"].startswith(f"{bucket.endpoint}/lms/{arriving}?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost" in upload["target"]["url"]
    assert (upload["target"]["method"], upload["target"]["headers"]) == (
        "PUT", [{"name": "Content-Type", "value": "application/pdf"}],
    )  # fmt: skip
    assert await refused(labs, upload) == ["CLOSED"]
    assert await send(net, upload) == 200
    early = await labs.submit(item, uploadIds=[upload["id"]])
    assert [error["code"] for error in early["errors"]] == ["CLOSED"]
    assert there(folder)[arriving] == PDF
    done = {"upload": {"id": upload["id"], **STORED}, "errors": []}
    assert await complete(labs, upload) == done
    assert {name: body for name, body in there(folder).items() if name in {arriving, kept}} == {kept: PDF}
    before = await labs.state()
    assert await complete(labs, upload) == done
    assert await labs.state() == before
    submission = await labs.submitted(item, uploadIds=[upload["id"]])
    for person in ("student", "ta", "section_ta", "department_admin"):
        data = await api.data(FILES, {"id": submission}, user=labs.world.people[person])
        (file,) = data["node"]["files"]
        response = await net.get(file["url"])
        assert (response.status_code, response.content) == (200, PDF)
        assert response.headers["content-type"] == "application/pdf"
        assert response.headers["content-disposition"] == 'attachment; filename="Report.pdf"'
        assert (await net.get(file["url"].partition("?")[0])).status_code in {400, 403}
        assert (await net.get(file["url"].replace(kept, arriving))).status_code == 403
    acts = await owner.fetch(
        "SELECT act, user_id FROM audit_log WHERE entity = 'Upload' AND entity_id = $1 ORDER BY id",
        number(upload["id"]),
    )
    student = labs.world.people["student"]
    assert [tuple(row) for row in acts] == [("upload.request", student), ("upload.store", student)]


async def test_this_server_takes_no_files_beside_the_store(api):
    assert (await api.client.put("/uploads/x", content=PDF)).status_code == 404


async def test_a_grader_gets_the_files(labs, net):
    lab = await labs.item("engineering_lab")
    upload = await completed(labs, net, lab)
    submission = await labs.submitted(lab, uploadIds=[upload["id"]])
    document = CLAIM.replace(" url }", " url files { fileName url } }")
    answer = await labs.by_service(await labs.token(), document, {"submissionId": submission})
    (file,) = answer["data"]["claimGradingRun"]["run"]["files"]
    assert (await net.get(file["url"])).content == PDF


async def test_the_store_takes_only_what_was_signed(labs, item, folder, net):
    upload = await promised(labs, item)
    url = upload["target"]["url"]
    before = there(folder)
    assert await send(net, upload, PDF + b"x") == 403
    assert await send(net, upload, PDF[:-1]) == 403
    assert await send(net, upload, **{"Content-Type": "text/html"}) == 403
    another = url.replace(names(labs, upload)[0], names(labs, upload)[1])
    assert await send(net, {"target": {**upload["target"], "url": another}}) == 403
    swapped = url[:-1] + ("0" if url[-1] != "0" else "1")
    assert await send(net, {"target": {**upload["target"], "url": swapped}}) == 403
    assert (await net.get(url)).status_code == 403
    assert (await net.delete(url)).status_code == 403
    assert there(folder) == before
    assert await refused(labs, upload) == ["CLOSED"]


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/pdf", b"<html>" + PDF[6:]),
        ("application/pdf", b"%PD"),
        ("text/plain", b"a" * 2_000_000 + b"\xff"),
        ("text/plain", b"a" * 2_000_000 + b"\0"),
        ("text/csv", "é".encode()[:1]),
    ],
)
async def test_what_is_of_another_kind_is_deleted(labs, item, folder, net, media_type, body):
    upload = await promised(labs, item, mediaType=media_type, sizeBytes=len(body))
    before = there(folder)
    assert await send(net, upload, body) == 200
    assert await refused(labs, upload) == ["INVALID"]
    assert there(folder) == before
    assert await refused(labs, upload) == ["CLOSED"]


@pytest.mark.parametrize(
    ("body", "media_type"), [(PDF + b"x", "application/pdf"), (PDF[:-1], "application/pdf"), (PDF, "text/html")]
)
async def test_what_a_store_took_all_the_same_is_deleted(labs, item, folder, net, files, body, media_type):
    """Not every store checks all that was signed."""
    upload = await promised(labs, item)
    arriving, _ = names(labs, upload)
    before = there(folder)
    files._client.put_object(Bucket="lms", Key=arriving, Body=body, ContentType=media_type)
    assert await refused(labs, upload) == ["INVALID"]
    assert there(folder) == before
    assert await send(net, upload) == 200
    assert (await complete(labs, upload))["upload"] == {"id": upload["id"], **STORED}


async def test_what_is_sent_afterwards_changes_nothing(labs, item, folder, net, api):
    """The address is good for a while longer, and what it leads to is no longer what was looked at."""
    upload = await completed(labs, net, item)
    submission = await labs.submitted(item, uploadIds=[upload["id"]])
    page = b"<script>".ljust(len(PDF), b"x")
    assert await send(net, upload, page) == 200
    assert (await complete(labs, upload))["errors"] == []
    data = await api.data(FILES, {"id": submission}, user=labs.world.people["student"])
    assert (await net.get(data["node"]["files"][0]["url"])).content == PDF
    assert there(folder)[names(labs, upload)[1]] == PDF
    assert names(labs, upload, page)[1] not in there(folder)


async def test_several_at_once_are_one(labs, item, net, owner):
    upload = await promised(labs, item)
    assert await send(net, upload) == 200
    payloads = await asyncio.gather(*(complete(labs, upload) for _ in range(8)))
    assert payloads == [{"upload": {"id": upload["id"], **STORED}, "errors": []}] * 8
    acts = "SELECT count(*) FROM audit_log WHERE act = 'upload.store' AND entity_id = $1"
    assert await owner.fetchval(acts, number(upload["id"])) == 1


async def test_nobody_completes_what_is_another_persons(labs, item, net, api):
    upload = await promised(labs, item)
    assert await send(net, upload) == 200
    absent = {"id": labs.id("Upload", 10**12)}
    for person in ("other", "bystander", "instructor", "ta", "admin"):
        assert await refused(labs, upload, person) == ["NOT_FOUND"]
        assert await complete(labs, upload, person) == await complete(labs, absent, person)
    before = await labs.state()
    assert [error["code"] for error in (await complete(labs, upload, "beta_admin"))["errors"]] == ["FORBIDDEN"]
    assert await labs.state() == before
    answer = await api(COMPLETE, {"input": {"uploadId": upload["id"]}})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    headers = {**api.headers(labs.world.people["admin"]), "X-View-As": labs.person("student")}
    body = {"query": COMPLETE, "variables": {"input": {"uploadId": upload["id"]}}}
    response = await api.client.post("/u/ALPHA/graphql", json=body, headers=headers)
    assert [e["code"] for e in response.json()["data"]["completeUpload"]["errors"]] == ["FORBIDDEN"]
    assert await refused(labs, {"id": "no id"}) == ["NOT_FOUND"]
    assert (await complete(labs, upload))["errors"] == []


async def test_an_upload_that_has_ended_is_not_completed(labs, item, net, owner):
    upload = await promised(labs, item)
    assert await send(net, upload) == 200
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE id = $1", number(upload["id"]))
    assert await refused(labs, upload) == ["CLOSED"]


async def test_a_large_file_and_its_name_are_told_as_they_are(labs, item, net, api):
    name, body = 'Größe "x"; a.pdf', b"%PDF-" + os.urandom(MOST_BYTES - 5)
    upload = await completed(labs, net, item, body, fileName=name)
    data = await api.data(LOOK, {"id": upload["id"]}, user=labs.world.people["student"])
    response = await net.get(data["node"]["url"])
    assert response.content == body
    header = response.headers["content-disposition"]
    assert header == "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe%20%22x%22%3B%20a.pdf"


async def test_a_store_that_does_not_answer_holds_nobody_up(labs, item, written, bucket, monkeypatch):
    """No connection to the database is held while it is waited for: there is only one here."""
    upload = await promised(labs, item)
    monkeypatch.setattr(s3, "_READ_SECONDS", 0.6)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        deaf = Bucket("lms", "uni/", "eu-test-1", f"http://127.0.0.1:{silent.getsockname()[1]}", KEY, SECRET)
        async with running_api(written.app, pool_size=1, bucket=deaf) as api:
            user = labs.world.people["student"]
            before = await labs.state()
            waiting = asyncio.create_task(api(COMPLETE, {"input": {"uploadId": upload["id"]}}, user=user))
            await asyncio.sleep(0.5)
            data = await api.data(LOOK, {"id": upload["id"]}, user=user)
            assert data["node"]["state"] == "PENDING"
            assert not waiting.done()
            answer = await waiting
    assert answer["data"] == {"completeUpload": None}
    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert await labs.state() == before


async def test_maintain_deletes_what_is_no_uploads(labs, item, owner, folder, net, files, monkeypatch):
    await owner.execute("DELETE FROM uploads WHERE state <> 'attached'")
    kept, abandoned, handed_in, sent_again, not_completed = [await promised(labs, item) for _ in range(5)]
    for upload in (kept, abandoned, handed_in, sent_again, not_completed):
        assert await send(net, upload) == 200
    for upload in (kept, abandoned, handed_in, sent_again):
        assert (await complete(labs, upload))["errors"] == []
    assert await send(net, sent_again) == 200
    await labs.submitted(item, uploadIds=[handed_in["id"]])
    other = names(labs, kept, b"other bytes")[1]
    files._client.put_object(Bucket="lms", Key=other, Body=b"other bytes")
    files._client.put_object(Bucket="lms", Key="uni/somebody's", Body=b"x")
    files._client.put_object(Bucket="lms", Key="elsewhere/files/1/1", Body=b"x")
    await owner.execute("UPDATE uploads SET expires_at = now() WHERE id = $1", number(abandoned["id"]))
    before = set(there(folder))
    assert await sweep(owner, files) == (1, 0)  # what has just come may be on its way into the database
    with monkeypatch.context() as patch:
        patch.setattr(maintain, "time", SimpleNamespace(time=lambda: time.time() + 2 * 86400))
        swept = await sweep(owner, files)
    gone = before - set(there(folder))
    assert swept == (0, len(gone))
    assert gone >= {names(labs, abandoned)[1], names(labs, sent_again)[0], names(labs, not_completed)[0], other}
    left = {names(labs, kept)[1], names(labs, handed_in)[1], names(labs, sent_again)[1], "uni/somebody's"}
    assert left | {"elsewhere/files/1/1"} <= set(there(folder))


# ---- the setting

AWS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "LMS_SECRET_KEY": "s" * 32}


def test_the_setting_names_a_bucket():
    given = "s3://my-bucket/a/b?endpoint=https://s3.example.edu&region=eu-1"
    settings = read({**AWS, "LMS_FILES": given})
    assert settings.bucket == Bucket("my-bucket", "a/b/", "eu-1", "https://s3.example.edu", "key", "secret")
    assert settings.files is None
    named = {**AWS, "LMS_FILES": "s3://my-bucket", "AWS_REGION": "eu-2", "AWS_SESSION_TOKEN": "token"}
    assert read(named).bucket == Bucket("my-bucket", "", "eu-2", None, "key", "secret", "token")
    assert read({**AWS, "LMS_FILES": "/srv/files"}).bucket is None


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("my-bucket", "https://my-bucket.s3.eu-west-1.amazonaws.com/a/incoming/1/2?"),
     ("my.bucket", "https://s3.eu-west-1.amazonaws.com/my.bucket/a/incoming/1/2?")],
)  # fmt: skip
def test_without_an_endpoint_it_is_at_aws(name, beginning):
    """Signed without asking anybody, and with the token of the session where there is one."""
    store = S3Files(Bucket(name, "a/", "eu-west-1", None, "key", "secret", "token"), 1)
    url = store.target(StoredFile(1, 2, 3, "a.pdf", "application/pdf", 5)).url
    assert url.startswith(beginning)
    assert "&X-Amz-Expires=900&" in url
    assert "&X-Amz-Security-Token=token&" in url
    store.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"LMS_FILES": "s3://"}, "nothing is no name of a bucket"),
        ({"LMS_FILES": "s3://A_B"}, "A_B is no name of a bucket"),
        ({"LMS_FILES": "s3://user:pass@bucket"}, "user:pass@bucket is no name of a bucket"),
        ({"LMS_FILES": "s3://bucket/a//b"}, "a//b/ is no prefix"),
        ({"LMS_FILES": "s3://bucket?endpoint=ftp://x"}, "ftp://x is no endpoint"),
        ({"LMS_FILES": "s3://bucket?region=a.b"}, "a.b is no region"),
        ({"LMS_FILES": "s3://bucket?colour=red"}, "colour: only endpoint and region are known"),
        ({"LMS_FILES": "s3://bucket", "AWS_SECRET_ACCESS_KEY": ""}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_a_setting_that_is_wrong_is_told(change, message):
    with pytest.raises(SettingsError, match="LMS_FILES: ") as raised:
        read({**AWS, **change})
    assert message in str(raised.value)


def test_a_bucket_needs_the_extra_and_nothing_else_does():
    code = (
        "import sys; sys.modules['botocore'] = None; import importlib.util;"
        "importlib.util.find_spec = lambda name: None; import lms_graphql.app;"
        "from lms_graphql.settings import read; read()"
    )
    environment = {**AWS, "PATH": os.environ["PATH"], "LMS_FILES": "s3://bucket"}
    asked = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    message = "LMS_FILES: a bucket needs the extra s3: pip install 'lms_graphql[s3]'"
    assert asked.stderr.splitlines()[-1].endswith(message)


async def test_a_file_of_an_author_is_kept_and_read_whole(files, folder, net):
    """What an import reads and a bundle writes: nothing but what its digest says, and never half of it."""
    data = b"PK\x05\x06" + bytes(1000)
    digest = hashlib.sha256(data).digest()
    file = StoredFile(1, 10**6, 1, "course.zip", "application/zip", len(data))
    name = f"uni/files/1/1000000/{digest.hex()}"
    assert await files.whole(file, digest) is None
    await files.keep(file, data)
    assert there(folder)[name] == data
    assert await files.whole(file, digest) == data
    assert (await net.get(files.url(file, digest))).content == data
    (folder / name).write_bytes(b"PK\x05\x06" + bytes(999) + b"x")
    assert await files.whole(file, digest) is None
    away = S3Files(Bucket("lms", "uni/", "eu-test-1", f"http://127.0.0.1:{free_port()}", KEY, SECRET), MOST_BYTES)
    try:
        with pytest.raises(StoreUnreachableError):
            await away.whole(file, digest)
        with pytest.raises(StoreUnreachableError):
            await away.keep(file, data)
    finally:
        away.close()
