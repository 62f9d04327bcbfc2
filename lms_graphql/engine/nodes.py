"""Finding anything by its global id: the fields `node` and `nodes`, and the fields that find one type."""

from typing import Any

import strawberry

from lms_graphql.engine.context import Context, LoaderClass
from lms_graphql.engine.edges import Node, argument, with_arguments
from lms_graphql.engine.errors import bad_input
from lms_graphql.engine.relay import LARGEST_PAGE, parse_global_id
from lms_graphql.engine.rows import Row

Nodes = dict[str, LoaderClass]
"""The loader of every type that has a global id, by the type's name."""


async def find(context: Context, text: str, typename: str | None = None, *, alone: bool = True) -> Row | None:
    """The row with this global id (of this type, if one is named); None for whatever the viewer can't have.

    A text that is no id, an id of another university, a missing row and a forbidden one are told apart by nothing.
    Several that are looked for at once are not `alone`, so that those of one type go into one statement.
    """
    wanted = parse_global_id(text)
    if wanted is None or typename not in {None, wanted.typename}:
        return None
    loader = context.nodes.get(wanted.typename)
    if loader is None or (wanted.university_id is not None and wanted.university_id != context.viewer.university_id):
        return None
    row: Row | None = await (context.load_alone if alone else context.load)(loader, wanted.id)
    return row if row is not None and row.global_id() == text else None


def by_id(typename: str, description: str) -> Any:
    """A field of Query that finds one type by its id; null where the viewer can't have it."""

    async def resolve(_root: None, context: Context, id: str) -> Row | None:  # noqa: A002 - the argument's name
        return await find(context, id, typename)

    return with_arguments(resolve, description, argument("id", strawberry.ID, "The global id."))


async def _node(_root: None, context: Context, id: str) -> Row | None:  # noqa: A002 - the argument's name
    return await find(context, id)


def _nodes(_root: None, context: Context, ids: list[str]) -> list[Any]:
    if len(ids) > LARGEST_PAGE:
        raise bad_input(f"ids: at most {LARGEST_PAGE} at a time")
    return [find(context, text, alone=False) for text in ids]


@strawberry.type
class NodeQuery:
    """Joined into Query."""

    node: Node | None = with_arguments(
        _node,
        "Anything by its global id; null where the viewer can't have it.",
        argument("id", strawberry.ID, "The global id."),
    )
    nodes: list[Node | None] = with_arguments(
        _nodes,
        "Several things by their global ids, in the order of the ids.",
        argument("ids", list[strawberry.ID], f"The global ids, at most {LARGEST_PAGE}."),
        size=LARGEST_PAGE,
    )
