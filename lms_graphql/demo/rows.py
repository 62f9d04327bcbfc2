"""Inserting many rows of a model at once."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection


class Rows:
    """Inserts into one university (or, without one, into tables that have none)."""

    def __init__(self, connection: AsyncConnection, university_id: int | None = None) -> None:
        self.connection = connection
        self.tenant = {} if university_id is None else {"university_id": university_id}

    async def add(self, model: Any, rows: list[dict[str, Any]]) -> list[int]:
        """Insert rows that all name the same columns; gives their ids in the same order."""
        if not rows:
            return []
        statement = insert(model).returning(model.id, sort_by_parameter_order=True)
        ids = await self.connection.scalars(statement, [{**self.tenant, **row} for row in rows])
        return list(ids)

    async def put(self, model: Any, rows: list[dict[str, Any]]) -> None:
        """Insert rows of a table whose ids nobody asks for."""
        if rows:
            await self.connection.execute(insert(model), [{**self.tenant, **row} for row in rows])
