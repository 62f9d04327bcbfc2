"""Whether a schema keeps what an older one promised, by graphql-core's comparison; what is allowed is named."""

from graphql import build_schema
from graphql.utilities import BreakingChange, find_schema_changes


def broken_promises(older: str, newer: str, allowed: set[str]) -> list[str]:
    """The breaking changes from one SDL to another that nobody has allowed, as `KIND description`."""
    found = named_breaks(older, newer)
    return sorted(found - allowed)


def named_breaks(older: str, newer: str) -> set[str]:
    """Every breaking change, as `KIND description`, which is the name that it is allowed by."""
    changes = find_schema_changes(build_schema(older), build_schema(newer))
    return {f"{change.type.name} {change.description}" for change in changes if isinstance(change, BreakingChange)}
