"""Health: `/healthz` tells that the process lives, `/readyz` that it can serve."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lms_graphql.storage.errors import StorageError


def health_routes(ready: Callable[[Request], Awaitable[None]]) -> list[Route]:
    """The two routes; `ready` raises StorageError when the database is not there or not at head."""

    async def healthz(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def readyz(request: Request) -> JSONResponse:
        try:
            await ready(request)
        except StorageError as error:
            return JSONResponse({"status": "not ready", "reason": type(error).__name__}, status_code=503)
        return JSONResponse({"status": "ready"})

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
