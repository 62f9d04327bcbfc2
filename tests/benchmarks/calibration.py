"""What a point is worth: for every connection of the schema the dearest document that the budget allows, timed."""

import asyncio
import resource
import time
from collections import deque
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
    is_required_argument,
)

from lms_graphql.engine.cost import AUTHENTICATED_BUDGET
from lms_graphql.engine.documents import Documents
from lms_graphql.schema import build
from tests.benchmarks import contestants as c
from tests.benchmarks.contestants import Case, spelled
from tests.benchmarks.database import Database
from tests.benchmarks.inside import inside
from tests.benchmarks.pages import staff
from tests.benchmarks.table import Goal, at_most

_MOST_SECONDS, _MOST_MIB = 2.0, 150.0
_NEAR = 0.9
"""A document is near the budget from this share on; shorter paths can't get there with pages of 100."""
_SCHEMA = build()
_DOCUMENTS = Documents(_SCHEMA.graphql, _SCHEMA.groups)

Path = tuple[tuple[GraphQLObjectType, str, GraphQLField], ...]


def measure(database: Database) -> tuple[list[Goal], Any]:
    """The dearest of each connection, one after the other."""
    found = asyncio.run(_measured(database))
    for name, (price, seconds, mib, code) in found.items():
        took = code or f"{seconds * 1e6 / price:5.1f} µs a point"
        print(f"{name:42} {price:7,} points {seconds:6.2f} s {mib:6.1f} MiB  {took}")  # noqa: T201
    worst = max(found, key=lambda name: found[name][1])
    largest = max(found, key=lambda name: found[name][2])
    return [
        at_most(8, f"the dearest document, {worst}", found[worst][1], _MOST_SECONDS, "s"),
        at_most(8, f"the document that takes most memory, {largest}", found[largest][2], _MOST_MIB, "MiB"),
    ], found


def _is_connection(field: GraphQLField) -> bool:
    return "first" in field.args


def _paths() -> dict[str, Path]:
    """For each connection the way to it that passes most other connections and no other list."""
    root: Any = _SCHEMA.graphql.query_type
    found: dict[str, Path] = {}
    todo: deque[tuple[GraphQLObjectType, Path]] = deque([(root, ())])
    while todo:
        on, path = todo.popleft()
        if len([step for step in path if _is_connection(step[2])]) >= 3 or len(path) >= 4:
            continue
        for name, field in on.fields.items():
            target = get_named_type(field.type)
            if any(step[2] is field for step in path) or any(map(is_required_argument, field.args.values())):
                continue
            step = (*path, (on, name, field))
            if _is_connection(field):
                key = f"{on.name}.{name}"
                if len(step) > len(found.get(key, ())):
                    found[key] = step
                node = _node(field)
                if isinstance(node, GraphQLObjectType):
                    todo.append((node, step))
            elif is_object_type(target) and not is_list_type(get_nullable_type(field.type)):
                todo.append((target, step))  # type: ignore[arg-type]  # it is one
    return found


def _node(connection: GraphQLField) -> Any:
    edges: Any = get_named_type(connection.type)
    return get_named_type(get_named_type(edges.fields["edges"].type).fields["node"].type)  # type: ignore[union-attr]


def _leaves(on: Any) -> str:
    """All fields of a type that need no argument: leaves, and the leaves of single objects."""
    if not isinstance(on, GraphQLObjectType):
        return "__typename"
    parts = []
    for name, field in on.fields.items():
        target = get_named_type(field.type)
        if any(map(is_required_argument, field.args.values())) or _is_connection(field):
            continue
        if is_leaf_type(target):
            parts.append(name)
        elif is_object_type(target) and not is_list_type(get_nullable_type(field.type)):
            inner = [n for n, f in target.fields.items() if is_leaf_type(get_named_type(f.type)) and not f.args]  # type: ignore[union-attr]
            parts.append(f"{name} {{ {' '.join(inner[:6])} }}")
    return " ".join(parts)


def _document(path: Path, outer: int) -> str:
    """The document of a path; the first connection has a page of `outer`, the others of 100."""
    text = _leaves(_node(path[-1][2]))
    first = next(index for index, step in enumerate(path) if _is_connection(step[2]))
    for index in range(len(path) - 1, -1, -1):
        name, field = path[index][1:]
        if _is_connection(field):
            size = outer if index == first else 100
            text = f"{name}(first: {size}) {{ edges {{ cursor node {{ {text} }} }} }}"
        else:
            text = f"{name} {{ {text} }}"
    return f"query Dearest {{ {text} }}"


def _dearest(path: Path) -> tuple[str, int]:
    """The largest of a path that is within the budget, and its price."""
    for outer in range(100, 0, -1):
        text = _document(path, outer)
        document = _DOCUMENTS.get(text)
        price = document.price(None, {})
        if document.errors:
            raise SystemExit(f"{text}: {document.errors[0].message}")
        if price <= AUTHENTICATED_BUDGET:
            return text, price
    return _dearest(path[1:] if _is_connection(path[0][2]) else path)


async def _measured(database: Database) -> dict[str, tuple[int, float, float, str]]:
    """Price, seconds, MiB of growth of this process, and the error's code if it got none of its data."""
    found = {}
    reader = Case(1, "U1", staff(1))
    async with inside(database, {**c.NO_CACHE, "LMS_COST": "measure"}) as app:
        for name, path in sorted(_paths().items()):
            text, price = _dearest(path)
            request = spelled("ours", text, reader)
            await app.send(request)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            begun = time.perf_counter()
            answer = await app.send(request)
            seconds = time.perf_counter() - begun
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            code = "" if b'"errors"' not in answer[:200] else answer[:300].decode(errors="replace")
            found[name] = (price, seconds, grown, code)
    return found
