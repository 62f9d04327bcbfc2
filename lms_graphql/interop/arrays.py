"""Many rows in one statement: they travel as arrays, one for each column."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, cast, column, func, literal, select
from sqlalchemy.dialects.postgresql import ENUM, JSONB, Insert, insert
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine


def unnest(name: str, **columns: tuple[TypeEngine[Any], list[Any]]) -> TableValuedAlias:
    """Rows as arrays, one parameter for each column: the statement is the same for any number of them."""
    arrays = [bindparam(None, values, type_=ARRAY(kind), unique=True) for kind, values in columns.values()]
    names = [column(key, kind) for key, (kind, _) in columns.items()]
    return func.unnest(*arrays).table_valued(*names).render_derived(name=name)


def upsert(model: Any, fixed: Mapping[str, Any], columns: Mapping[str, list[Any]], key: tuple[str, ...]) -> Insert:
    """Insert the rows, or update those whose key is there; `fixed` are the same in all of them."""
    table = model.__table__
    types = {name: table.c[name].type for name in columns}
    rows = unnest("source", **{name: (_on_wire(types[name]), values) for name, values in columns.items()})
    values: list[ColumnElement[Any]] = [literal(value, table.c[name].type) for name, value in fixed.items()]
    values += [cast(rows.c[name], kind) if _on_wire(kind) is not kind else rows.c[name] for name, kind in types.items()]
    statement = insert(model).from_select([*fixed, *columns], select(*values))
    changes = {name: statement.excluded[name] for name in columns if name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_={**changes, "updated_at": func.now()})


def _on_wire(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """As what a column travels: enums and JSON as text."""
    return Text() if isinstance(kind, (ENUM, JSONB)) else kind
