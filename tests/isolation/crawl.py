"""Asks in every way that there is, as one person after the other, and keeps every answer to the byte."""

import asyncio
import base64
import binascii
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lms_graphql.engine.relay import GlobalId, parse_global_id
from tests.conftest import Api, without_cost
from tests.isolation.paths import Document, Way
from tests.walking import found_ids

_AT_ONCE = 4
_MOST_IDS = 16
_MOST_TYPES = 6
_CANDIDATES = 4
THOROUGH = bool(os.environ.get("LMS_THOROUGH"))
NO_NUMBER = 987_654_321
"""A number that no row has."""

Ids = Mapping[str, Sequence[str]]
"""Global ids by the type that they name."""


class Request(NamedTuple):
    """A document with variables; `names` are those of the ways in it."""

    document: Document
    variables: str

    def __str__(self) -> str:
        return f"{', '.join(way.name for way in self.document.ways)} with {self.variables}"


def requests(documents: Iterable[Document], ids: Ids, further: Ids, cursors: Mapping[str, str]) -> list[Request]:
    """Each document with the ids of its anchor, and with each of a few ids for `$id`; `further` are tried for both.

    A document whose ways want a cursor that is not given is left out.
    """
    made = []
    for document in documents:
        paged = _cursors(document, cursors)
        if paged is None:
            continue
        for anchors in _anchors(document, ids, further):
            for id_ in _ids_for(document, ids, further):
                variables = {**anchors, **({} if id_ is None else {"id": id_}), **paged}
                made.append(Request(document, json.dumps(variables)))
    return made


def _anchors(document: Document, ids: Ids, further: Ids) -> Iterator[dict[str, Any]]:
    if document.anchor == "Query":
        yield {}
        return
    yield {"ids": list(ids.get(document.anchor, ()))[:_MOST_IDS]}
    if further and not document.wants:
        yield {"ids": list(further.get(document.anchor, ()))[:_MOST_IDS]}


def _ids_for(document: Document, ids: Ids, further: Ids) -> Iterator[str | None]:
    if not document.wants:
        yield None
        return
    types = document.wants if THOROUGH else document.wants[:_MOST_TYPES]
    for source, most in ((ids, _CANDIDATES), (further, 1)):
        for name in types:
            yield from source.get(name, ())[: max(1, most // len(types))]
    yield str(GlobalId(document.wants[0], NO_NUMBER, 1))


def _cursors(document: Document, cursors: Mapping[str, str]) -> dict[str, str] | None:
    """The cursors of a document's ways; where the list of one is empty, that of another, which is refused."""
    if not document.ways[0].pages:
        return {}
    found = [cursors.get(page_name(way)) for way in document.ways]
    if not any(found):
        return None
    return {f"after{number}": cursor or next(filter(None, found)) for number, cursor in enumerate(found)}


def page_name(way: Way) -> str:
    """The name that a way has with a cursor as without."""
    return way.name.replace("first: 2, after: $after", "first: 100")


async def ask(api: Api, asked: Sequence[Request], user: int | None, university: str) -> list[bytes]:
    """The answers, in the order of the requests, without what they cost. None may be a fault of the server's."""
    headers = {**api.headers(user), "X-Request-Id": "test-request"}
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(request: Request) -> bytes:
        body = f'{{"query": {json.dumps(request.document.text)}, "variables": {request.variables}}}'
        async with turn:
            response = await api.client.post(
                f"/u/{university}/graphql", content=body, headers={**headers, "Content-Type": "application/json"}
            )
        assert response.status_code == 200, f"{request}: {response.text[:500]}"
        answer = without_cost(response).content
        assert b'"INTERNAL' not in answer, f"{request}: {response.text[:500]}"
        return answer

    return list(await asyncio.gather(*(one(request) for request in asked)))


async def discover(api: Api, documents: Iterable[Document], user: int, university: str) -> dict[str, list[str]]:
    """The ids of everything that somebody finds, from Query on, by type."""
    plain = [document for document in documents if not document.wants and not document.ways[0].pages]
    ids: dict[str, list[str]] = {}
    waiting: dict[str, list[str]] = {"Query": []}
    while waiting:
        asked = requests([d for d in plain if d.anchor in waiting], waiting, {}, {})
        found: dict[str, list[str]] = {}
        for answer in await ask(api, asked, user, university):
            for name, id_ in found_ids(json.loads(answer)["data"]):
                if id_ not in ids.get(name, ()):
                    ids.setdefault(name, []).append(id_)
                    found.setdefault(name, []).append(id_)
        waiting = found
    return ids


def cursors_of(asked: Sequence[Request], answers: Sequence[bytes]) -> dict[str, str]:
    """For each way the cursor of the first row that it gave."""
    found: dict[str, str] = {}
    for request, answer in zip(asked, answers, strict=True):
        data = json.loads(answer)["data"] or {}
        roots = data.get("nodes", [data])
        for root in filter(None, roots):
            for number, way in enumerate(request.document.ways):
                cursor = next(_cursors_in(root.get(f"w{number}")), None)
                if cursor is not None:
                    found.setdefault(page_name(way), cursor)
    return found


def _cursors_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("cursor"), str):
            yield value["cursor"]
        for inner in value.values():
            yield from _cursors_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _cursors_in(inner)


_STRINGS = re.compile(r'"([A-Za-z0-9_-]{8,})"')


def opened(answer: bytes) -> str:
    """An answer with everything in it spelled out that base64url could hide: cursors, and whatever else looks so."""
    text = answer.decode()
    hidden = []
    for found in _STRINGS.findall(text):
        try:
            hidden.append(base64.urlsafe_b64decode(found + "=" * (-len(found) % 4)).decode("latin-1"))
        except (binascii.Error, ValueError):
            continue
    return "\n".join([text, *hidden])


def foreign_ids(answer: bytes, university_id: int) -> list[str]:
    """The ids in an answer that name a row of another university."""
    parsed = ((text, parse_global_id(text)) for text in _STRINGS.findall(answer.decode()))
    return [text for text, id_ in parsed if id_ is not None and id_.university_id not in {None, university_id}]
