"""What all tables have in common: one metadata object, one way of naming constraints, one shape of tenant key.

Tenant tables carry `university_id` first in their primary key, in every unique key and in every foreign key, so that a
reference into another university cannot be stored and the same tables can be sharded by tenant.
"""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, Computed, DateTime, ForeignKey, ForeignKeyConstraint, MetaData, func
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column


def _referring_column(constraint: Any, _table: Any) -> str:
    """The column that a foreign key is named after: its last, since composite keys all begin with university_id."""
    return str(constraint.column_keys[-1])


class Model(DeclarativeBase):
    """The declarative base. Models hold columns only; an attribute never queries."""

    metadata = MetaData(
        naming_convention={
            "referring_column": _referring_column,
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(referring_column)s_fkey",
            "uq": "%(table_name)s_%(column_0_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )


Id = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=True)]
BigInt = Annotated[int, mapped_column(BigInteger)]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Time = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class TenantOwned:
    """A row that belongs to one university."""

    @declared_attr
    def university_id(cls) -> Mapped[int]:  # noqa: N805 - SQLAlchemy calls it with the class
        """The tenant; first in every key."""
        return mapped_column(BigInteger, ForeignKey("universities.id"), primary_key=True, sort_order=-10)


class TenantRow(TenantOwned):
    """A tenant's row with a number of its own: the primary key is (university_id, id)."""

    id: Mapped[Id] = mapped_column(sort_order=-1)


def key_column(type_: Any, sql: str) -> Any:
    """A generated column that rows are only filtered and ordered by: loaders don't fetch it."""
    return mapped_column(type_, Computed(sql, persisted=True), info={"is_key": True})


def normal(text: str) -> str:
    """A text without accents and capitals, as SQL, in the words in which PostgreSQL says it."""
    return f"lower(regexp_replace(NORMALIZE({text}, NFKD), '[\\u0300-\\u036f]'::text, ''::text, 'g'::text))"


def labels(column: str, enum: str, *known: str) -> str:
    """An enum as text, as SQL that a generated column may use; a cast is no such, since enums may change."""
    cases = "".join(f"    WHEN '{label}'::{enum} THEN '{label}'::text\n" for label in known)
    return f"CASE {column}\n{cases}    ELSE NULL::text\nEND"


def references(
    table: str, *columns: str, key: tuple[str, ...] = (), ondelete: str | None = None
) -> ForeignKeyConstraint:
    """A foreign key inside one tenant: (university_id, *columns) to the table's (university_id, *key).

    The last of `columns` names the constraint; `key` defaults to the other table's `id`, led by our other columns.
    """
    target = key or (*columns[:-1], "id")
    return ForeignKeyConstraint(
        ["university_id", *columns], [f"{table}.{column}" for column in ("university_id", *target)], ondelete=ondelete
    )


def references_member(column: str) -> ForeignKeyConstraint:
    """A foreign key to a person of the same university."""
    return references("university_members", column, key=("user_id",))
