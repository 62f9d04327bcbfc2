"""The workbench's routes, without a browser and without npm: `dist` is a small folder made here."""

import gzip

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount

from lms_graphql.server.workbench import Identity, Tab, WorkbenchConfig, accepts_gzip, workbench_routes

PAGE = "<!doctype html><title>built</title>"
SCRIPT = "console.log('workbench');\n" * 100
POLICY = (
    "default-src 'self'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
SCRIPT_URL = "/assets/index-abc.js"


@pytest.fixture
def dist(tmp_path):
    """A built workbench, with one file outside it that nobody may read."""
    (tmp_path / "secret.txt").write_text("secret")
    assets = tmp_path / "dist" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text(PAGE)
    (assets / "index-abc.js").write_text(SCRIPT)
    (assets / "index-abc.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (assets / "tiny.css").write_text("p{}")
    (assets / "icons.ttf").write_bytes(b"font")
    return assets.parent


async def example_config(request):
    return WorkbenchConfig(
        endpoint="/u/DEMO/graphql",
        identities=[Identity("student", {"Authorization": "Bearer s"})],
        tabs=[Tab("Syllabus", "query Syllabus { a }", '{"code": "X"}'), Tab("Plain", "{ a }")],
        notice="Demo data",
    )


def client(dist, config=example_config, prefix="", encoding="identity"):
    routes = workbench_routes(config, dist=dist)
    app = Starlette(routes=[Mount(prefix, routes=routes)] if prefix else routes)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers={"Accept-Encoding": encoding}
    )


async def raw_get(dist, path):
    """Status and body for a path exactly as given: httpx would normalise `..` away before the server sees it."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "server": ("test", 80),
        "http_version": "1.1",
    }
    await Starlette(routes=workbench_routes(example_config, dist=dist))(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def test_page_is_html_that_a_browser_asks_for_anew(dist):
    async with client(dist) as http:
        response = await http.get("/")
    assert response.status_code == 200
    assert response.text == PAGE
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("url", ["/", "/workbench.json", SCRIPT_URL])
async def test_every_answer_carries_the_security_headers(dist, url):
    async with client(dist) as http:
        headers = (await http.get(url)).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


async def test_config_is_sent_as_json_and_never_stored(dist):
    async with client(dist) as http:
        response = await http.get("/workbench.json")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "endpoint": "/u/DEMO/graphql",
        "identities": [{"label": "student", "headers": {"Authorization": "Bearer s"}}],
        "tabs": [
            {"title": "Syllabus", "query": "query Syllabus { a }", "variables": '{"code": "X"}'},
            {"title": "Plain", "query": "{ a }", "variables": "{}"},
        ],
        "notice": "Demo data",
    }


async def test_smallest_config_still_has_every_key():
    assert msgspec.json.decode(msgspec.json.encode(WorkbenchConfig("/graphql"))) == {
        "endpoint": "/graphql",
        "identities": [],
        "tabs": [],
        "notice": None,
    }


async def test_config_sees_the_request_and_may_refuse(dist):
    async def refuse(request):
        raise HTTPException(403, f"not for {request.url.hostname}")

    async with client(dist, refuse) as http:
        response = await http.get("/workbench.json")
    assert (response.status_code, response.text) == (403, "not for test")


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("index-abc.js", "text/javascript; charset=utf-8"),
        ("tiny.css", "text/css; charset=utf-8"),
        ("icons.ttf", "font/ttf"),
    ],
)
async def test_assets_are_cached_for_good(dist, name, content_type):
    async with client(dist) as http:
        response = await http.get(f"/assets/{name}")
    assert response.status_code == 200
    assert response.headers["content-type"] == content_type
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in response.headers


async def test_gzip_is_sent_to_who_takes_it(dist):
    async with client(dist, encoding="br, gzip;q=0.8") as http:
        response = await http.get(SCRIPT_URL)
        small = await http.get("/assets/tiny.css")
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["vary"] == "Accept-Encoding"
    assert int(response.headers["content-length"]) == (dist / "assets" / "index-abc.js.gz").stat().st_size
    assert response.text == SCRIPT
    assert "content-encoding" not in small.headers
    assert small.text == "p{}"


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        ("gzip", True),
        ("GZIP, br", True),
        ("gzip; q=0.5", True),
        ("*", True),
        ("", False),
        ("br, zstd", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=1.2.3", False),
        ("x-gzip-like", False),
    ],
)
def test_accept_encoding(field, accepted):
    assert accepts_gzip(field) is accepted


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_known_etag_gives_304_with_the_caching_headers(dist, encoding):
    async with client(dist, encoding=encoding) as http:
        etag = (await http.get(SCRIPT_URL)).headers["etag"]
        response = await http.get(SCRIPT_URL, headers={"If-None-Match": etag})
    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["etag"] == etag
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["vary"] == "Accept-Encoding"


async def test_each_encoding_has_its_own_etag(dist):
    async with client(dist) as http:
        plain = await http.get(SCRIPT_URL)
        packed = await http.get(SCRIPT_URL, headers={"Accept-Encoding": "gzip"})
    assert plain.headers["etag"] != packed.headers["etag"]


@pytest.mark.parametrize("url", ["/", SCRIPT_URL])
async def test_head_gives_the_headers_of_get_without_the_body(dist, url):
    async with client(dist) as http:
        get = await http.get(url)
        head = await http.head(url)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers == get.headers


@pytest.mark.parametrize("url", ["/", "/workbench.json", SCRIPT_URL])
async def test_only_get_and_head_are_allowed(dist, url):
    async with client(dist) as http:
        assert (await http.post(url)).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../index.html",
        "/assets/../../secret.txt",
        "/assets/x/../../../secret.txt",
        "/assets/..\\..\\secret.txt",
        "/assets//etc/passwd",
        "/assets/\0",
        "/assets/",
        "/assets",
        "/assets/missing.js",
        "/secret.txt",
        "/index.html",
        "/../secret.txt",
    ],
)
async def test_nothing_outside_the_assets_can_be_read(dist, path):
    status, body = await raw_get(dist, path)
    assert status in {307, 404}
    assert b"secret" not in body
    assert b"<title>" not in body


async def test_link_out_of_the_assets_is_not_followed(dist):
    (dist / "assets" / "link.txt").symlink_to(dist.parent / "secret.txt")
    status, body = await raw_get(dist, "/assets/link.txt")
    assert status == 404
    assert b"secret" not in body


async def test_routes_work_below_a_prefix(dist):
    async with client(dist, prefix="/uni/x") as http:
        answers = [(await http.get(f"/uni/x{url}")).status_code for url in ("/", "/workbench.json", SCRIPT_URL)]
    assert answers == [200, 200, 200]


async def test_without_a_build_a_plain_page_is_served(tmp_path):
    async with client(tmp_path / "nothing") as http:
        page = await http.get("/")
        script = await http.get("/assets/plain.js")
        config = await http.get("/workbench.json")
    assert "make workbench" in page.text
    assert 'src="./assets/plain.js"' in page.text
    assert page.headers["content-security-policy"] == POLICY
    assert script.status_code == 200
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "no-cache"
    assert config.json()["endpoint"] == "/u/DEMO/graphql"


async def test_plain_page_has_no_inline_script(tmp_path):
    async with client(tmp_path / "nothing") as http:
        page = (await http.get("/")).text
    assert page.count("<script") == page.count('<script type="module" src=') == 1
    assert " on" not in [attribute[:3] for attribute in page.split('"')]
