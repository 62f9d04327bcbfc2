"""The workbench: GraphiQL as static files of ours, and the JSON that says where the API is and which examples to offer.

Nothing the page needs comes from another host, and the Content-Security-Policy holds the browser to that.
"""

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

DIST = Path(__file__).parent / "graphiql" / "dist"
# What is served while nobody has run `make workbench`: the same page without packages, hence without a build.
PLAIN = Path(__file__).parent / "graphiql" / "plain"

IMMUTABLE = "public, max-age=31536000, immutable"

SECURITY_HEADERS = {
    # A worker obeys the policy its own script came with, so the assets carry it as well as the page.
    # 'unsafe-inline' is for styles only: Monaco writes style elements. It also starts workers from blobs.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}

# Said here and not guessed: the machine's own table of types may differ, and a browser that may not sniff would then
# refuse a script.
MEDIA_TYPES = {
    ".css": "text/css",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
}


class Identity(msgspec.Struct, frozen=True):
    """Somebody the workbench can act as: a name to choose by, and the headers that say so to the API."""

    label: str
    headers: dict[str, str]


class Tab(msgspec.Struct, frozen=True):
    """One example. `variables` is JSON text, as it stands in the editor."""

    title: str
    query: str
    variables: str = "{}"


class WorkbenchConfig(msgspec.Struct, frozen=True):
    """What the page asks for at its start, as `workbench.json`.

    `endpoint` is the URL path of the GraphQL API. The first identity is the one a new reader starts with. `notice` is
    plain text shown above the page.
    """

    endpoint: str
    identities: list[Identity] = []
    tabs: list[Tab] = []
    notice: str | None = None


def workbench_routes(config: Callable[[Request], Awaitable[WorkbenchConfig]], *, dist: Path = DIST) -> list[BaseRoute]:
    """Routes for `/` (the page), `/workbench.json` and `/assets/*`; they may be mounted below any prefix.

    `config` is awaited for every `workbench.json`; what it raises goes to the application's handlers. Whether `dist`
    has been built is looked up once, here.
    """
    built = (dist / "index.html").is_file()
    root = dist if built else PLAIN
    pages = BundledFiles(root, cache_control="no-cache")
    # Only a build puts a hash of the content into the names.
    assets = BundledFiles(root / "assets", cache_control=IMMUTABLE if built else "no-cache")

    async def page(request: Request) -> Response:
        return await pages.get_response("index.html", request.scope)

    async def workbench_json(request: Request) -> Response:
        body = msgspec.json.encode(await config(request))
        # The identities' headers hold tokens: no cache may keep them.
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-store"}
        return Response(body, media_type="application/json", headers=headers)

    return [Route("/", page), Route("/workbench.json", workbench_json), Mount("/assets", assets)]


class BundledFiles(StaticFiles):
    """Starlette's static files (ETag, 304, Range, HEAD, nothing outside the directory) as the workbench needs them.

    Adds the security headers, the Cache-Control given, and `<file>.gz` in place of `<file>` for clients that take gzip.
    """

    def __init__(self, directory: Path, *, cache_control: str) -> None:
        super().__init__(directory=directory)
        self.headers = {**SECURITY_HEADERS, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The response for a file that exists below the directory: 200, or 304 if the client has it."""
        request = Request(scope)
        path = Path(full_path)
        headers = {**self.headers, "Content-Type": content_type(path)}
        compressed = path.with_name(f"{path.name}.gz")
        if accepts_gzip(request.headers.get("accept-encoding", "")) and compressed.is_file():
            headers["Content-Encoding"] = "gzip"
            path, stat_result = compressed, compressed.stat()
        response = FileResponse(path, status_code=status_code, headers=headers, stat_result=stat_result)
        if self.is_not_modified(response.headers, request.headers):
            return NotModifiedResponse(response.headers)
        return response


def content_type(path: Path) -> str:
    """The Content-Type for a file's name; bytes of no particular kind for a name not known."""
    media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding field allows gzip: it names gzip or `*`, and not with weight 0."""
    weights = dict(_coding_and_weight(part) for part in accept_encoding.lower().split(","))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _coding_and_weight(part: str) -> tuple[str, float]:
    coding, _, parameters = part.partition(";")
    weight = re.fullmatch(r"\s*q\s*=\s*([0-9.]+)\s*", parameters)
    try:
        return coding.strip(), float(weight[1]) if weight else 1.0
    except ValueError:
        return coding.strip(), 0.0
