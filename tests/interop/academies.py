"""The academy's seed in a database of its own."""

import contextlib
import re
import uuid

from lms_graphql.storage.database import connect
from tests.databases import Database


@contextlib.asynccontextmanager
async def source_database(superuser, *scripts):
    """An empty database of its own, with these scripts run in it, dropped at the end; gives a connection's URL."""
    name = f"lms_academy_{uuid.uuid4().hex[:12]}"
    driver = await connect(superuser)
    await driver.execute(f"CREATE DATABASE {name}")
    url = Database(superuser, name).owner
    try:
        inside = await connect(url)
        for script in scripts:
            await inside.execute(script)
        await inside.close()
        yield url
    finally:
        await driver.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await driver.close()


def seed(shared):
    """The academy's schema and its rows."""
    folder = shared / "seeds"
    return [(folder / f"academy_{part}.sql").read_text(encoding="utf-8") for part in ("schema", "seed")]


def queries(shared):
    """The academy's three queries."""
    text = re.sub(r"--.*", "", (shared / "seeds" / "academy_queries.sql").read_text(encoding="utf-8"))
    return [query.strip() for query in text.split(";") if query.strip()]
