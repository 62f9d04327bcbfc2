"""A client that asks one thing at a time over a connection that is kept, and hears the whole answer."""

import asyncio
from typing import Any, NamedTuple, Self

import orjson

PATIENCE_SECONDS = 30.0


class GoneError(Exception):
    """The connection could not be made, or ended before the answer was whole: nobody knows what was done."""


class Answer(NamedTuple):
    """What came back: the status, the headers by their small names, and the body as it was read."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str | None:
        """The code of the first error of the request, None where there is none."""
        errors = self.body.get("errors") if isinstance(self.body, dict) else None
        return str(errors[0]["extensions"]["code"]) if errors else None


class Client:
    """One person's connection to one university; it is made anew when it was lost."""

    def __init__(self, port: int, university: str, token: str) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.become(university, token)

    def become(self, university: str, token: str) -> None:
        """Ask as somebody else from here on, over the same connection; without a token as nobody."""
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        self._head = (
            f"POST /u/{university}/graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Accept: application/graphql-response+json\r\n{authorization}"
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    async def ask(self, document: str, variables: dict[str, Any] | None = None, *, key: str | None = None) -> Answer:
        """Send a document, under an Idempotency-Key if one is given."""
        return await self.send(orjson.dumps({"query": document, "variables": variables or {}}), key=key)

    async def send(self, body: bytes, *, key: str | None = None) -> Answer:
        """Send a request's body that was made before; raises GoneError."""
        keyed = "" if key is None else f"Idempotency-Key: {key}\r\n"
        return await self._sent(f"{self._head}{keyed}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def get(self, path: str) -> Answer:
        """What lies at a path."""
        return await self._sent(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

    async def _sent(self, request: bytes) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if self._open is None or self._open[1].is_closing() or self._open[0].at_eof():
                    self.close()
                    self._open = await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = self._open
                writer.write(request)
                return await _read(reader)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.close()
            raise GoneError(repr(error)) from error


async def _read(reader: asyncio.StreamReader) -> Answer:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    is_json = "json" in headers.get("content-type", "")
    return Answer(int(lines[0].split(" ", 2)[1]), headers, orjson.loads(body) if is_json else body)
