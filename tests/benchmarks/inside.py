"""The application inside this process, for what only it can tell: its statements, and how long it holds the loop."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.applications import Starlette

from lms_graphql.app import create_app
from lms_graphql.settings import read
from lms_graphql.storage.database import database_url
from lms_graphql.storage.snapshot import Snapshot
from tests.benchmarks.contestants import SECRET
from tests.benchmarks.database import Database
from tests.benchmarks.load import Request


class _Counting(Snapshot):
    """A snapshot that notes the SQL of the loaders; who is asking is not theirs."""

    noted: list[str]

    async def fetch(self, statement: Any, parameters: Any, row: Any) -> Any:
        if row.__name__ != "IdentityRow":
            self.noted.append(statement.sql)
        return await super().fetch(statement, parameters, row)


class Inside:
    """The application, called as its server calls it."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self.statements: list[str] = []
        service = app.state.service

        def snapshot() -> Snapshot:
            made = _Counting(service.engine)
            made.noted = self.statements
            return made

        service.snapshot = snapshot

    async def send(self, request: Request) -> bytes:
        """The body of the answer; `statements` holds what its loaders executed."""
        self.statements.clear()
        body = request.body.encode()
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        received: list[bytes] = []
        headers = [(name.lower().encode(), value.encode()) for name, value in request.headers]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.path,
            "raw_path": request.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1"), *headers],
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
        }

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await _for_ever()
            raise AssertionError

        async def send(message: Any) -> None:
            received.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return b"".join(received)

    async def data(self, request: Request) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = json.loads(await self.send(request))
        if answer.get("errors"):
            raise RuntimeError(answer["errors"])
        data: dict[str, Any] = answer["data"]
        return data


async def _for_ever() -> None:
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def inside(database: Database, environment: Mapping[str, str]) -> AsyncIterator[Inside]:
    """The application with its lifespan, on the benchmark's database; `environment` holds settings."""
    app = create_app(read({"LMS_SECRET_KEY": SECRET, "LMS_WORKBENCH": "0", **environment}), database_url(database.app))
    async with app.router.lifespan_context(app):
        yield Inside(app)
