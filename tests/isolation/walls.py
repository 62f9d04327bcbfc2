"""Taking a wall down: every predicate of every policy becomes true, or the check of ids at the door is gone.

Row-level security needs nothing of the kind: it does not bind who owns the tables.
"""

import contextlib
import inspect
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import BindParameter, Boolean, Exists
from sqlalchemy.sql.elements import ColumnElement, True_

from lms_graphql.engine import dataloaders, nodes
from lms_graphql.engine.relay import parse_global_id
from lms_graphql.schema import build

build()


class _Anything(True_):
    """A predicate that every row meets, also where a subquery was expected."""

    inherit_cache = True

    def correlate(self, *_: Any) -> "_Anything":
        return self


_UNGUARDED: OrderedDict[Any, Any] = OrderedDict()


def predicates() -> dict[str, Any]:
    """What says in SQL who may see a row, by module and name: functions and constants of every policy module."""
    return {
        f"{module}.{name}": value
        for module in sorted(sys.modules)
        if module.startswith("lms_graphql.") and module.endswith(".policy")
        for name, value in vars(sys.modules[module]).items()
        if _is_predicate(value)
    }


def _is_predicate(value: Any) -> bool:
    if inspect.isfunction(value):
        given = inspect.signature(value).return_annotation
        return value.__module__.endswith(".policy") and given in (ColumnElement[bool], Exists)
    return isinstance(value, ColumnElement) and isinstance(value.type, Boolean) and not isinstance(value, BindParameter)


@contextlib.contextmanager
def replaced(replacement: Callable[[str, Any], Any]) -> Iterator[None]:
    """Every predicate, wherever it was imported to, as what `replacement(name, predicate)` makes of it."""
    instead = {id(value): replacement(name, value) for name, value in predicates().items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("lms_graphql."):
                for attribute, value in list(vars(module).items()):
                    if id(value) in instead:
                        patch.setattr(module, attribute, instead[id(value)])
        yield


@contextlib.contextmanager
def policies_off() -> Iterator[None]:
    """Without the first wall; statements that were compiled without it are kept apart, for the next time."""
    anything: Callable[..., Any] = lambda *_, **__: _Anything()  # noqa: E731 - one for all
    with replaced(lambda _, value: anything if callable(value) else _Anything()), pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataloaders, "_statements", _UNGUARDED)
        yield


@contextlib.contextmanager
def doors_open() -> Iterator[None]:
    """`node` and its like give whatever row has the number, and ask nothing about the university in the id."""

    async def find(context: Any, text: str, typename: str | None = None, *, alone: bool = True) -> Any:
        wanted = parse_global_id(text)
        assert wanted is not None
        return await context.load(context.nodes[wanted.typename], wanted.id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nodes, "find", find)
        yield
