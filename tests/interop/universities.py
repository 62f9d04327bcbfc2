"""Universities for tests of imports, seen from within the wall and from outside it."""

import contextlib
import itertools

import msgspec
import pytest
from sqlalchemy import text

from lms_graphql.interop.service import import_course
from lms_graphql.storage import tenancy

TABLES = (
    *("courses", "course_offerings", "modules", "content_items", "external_keys"),
    *("question_pools", "questions", "question_keys"),
)


class University:
    """A university of the test: imports commit; `rows` looks at it from outside the wall."""

    def __init__(self, engine, owner, university_id):
        self.engine = engine
        self.owner = owner
        self.id = university_id

    @contextlib.asynccontextmanager
    async def acting(self):
        async with self.engine.begin() as connection:
            for setting in tenancy.settings(self.id, None):
                await connection.execute(text(setting))
            yield connection

    async def take(self, imported, **options):
        async with self.acting() as connection:
            return await import_course(connection, self.id, imported, **options)

    async def refused(self, imported, error, **options):
        """The line of the refusal; also that nothing was written, although the caller commits."""
        before = await self.everything()
        async with self.acting() as connection:
            with pytest.raises(error) as caught:
                await import_course(connection, self.id, imported, **options)
        assert await self.everything() == before
        line = str(caught.value)
        assert len(line.splitlines()) == 1
        return line

    async def rows(self, sql, **parameters):
        async with self.owner.connect() as connection:
            rows = await connection.execute(text(sql), {"university_id": self.id, **parameters})
            return [tuple(row) for row in rows]

    async def everything(self):
        """Every row, and where and by which transaction it was written."""
        return {
            table: await self.rows(
                f"SELECT ctid::text, xmin::text, to_jsonb(t)::text FROM {table} t"
                " WHERE university_id = :university_id ORDER BY ctid"
            )
            for table in TABLES
        }

    async def ids(self):
        found = await self.rows(
            "SELECT entity, external_id, entity_id FROM external_keys WHERE university_id = :university_id"
        )
        return {(entity, external_id): entity_id for entity, external_id, entity_id in found}

    async def written(self, before):
        """The external ids of modules and items whose rows are new or another version than `before`."""
        names = {(entity, entity_id): name for (entity, name), entity_id in (await self.ids()).items()}
        now = await self.everything()
        changed = set()
        for table, entity in (("modules", "module"), ("content_items", "content_item")):
            for row in set(now[table]) - set(before[table]):
                changed.add(names.get((entity, msgspec.json.decode(row[2])["id"]), "by hand"))
        return changed

    async def tree(self):
        """The syllabus as lines: depth by indent, place among siblings, name, a mark for hidden; items with a dash."""
        rows = await self.rows(
            """
            WITH RECURSIVE tree AS (
                SELECT m.*, ARRAY[sequence_index] AS path FROM modules m
                WHERE university_id = :university_id AND parent_module_id IS NULL
                UNION ALL
                SELECT m.*, path || m.sequence_index FROM modules m JOIN tree
                ON (m.university_id, m.parent_module_id) = (tree.university_id, tree.id)
            )
            SELECT path, 0 AS item, depth, sequence_index, title, is_published FROM tree
            UNION ALL
            SELECT path, i.sequence_index, depth + 1, i.sequence_index, '- ' || i.title, is_active FROM tree
            JOIN content_items i ON (i.university_id, i.module_id) = (tree.university_id, tree.id)
            ORDER BY path, item
            """
        )
        return [
            f"{'  ' * depth}{index} {title}{'' if shown else ' hidden'}" for _, _, depth, index, title, shown in rows
        ]


_numbers = itertools.count(1)


async def new_university(databases):
    app, owner = databases
    async with owner.begin() as connection:
        await connection.execute(
            text("INSERT INTO countries (iso_code, name) VALUES ('US', 'United States') ON CONFLICT DO NOTHING")
        )
        university_id = await connection.scalar(
            text(
                "INSERT INTO universities (name, short_code, country_id)"
                " SELECT :name, :name, id FROM countries RETURNING id"
            ),
            {"name": f"T{next(_numbers)}"},
        )
    return University(app, owner, university_id)


def counts(outcome):
    """What was done to the things of each entity of which there are any."""
    done = {
        entity: (given.created, given.updated, given.unchanged, given.retired)
        for entity, given in outcome.counts.items()
    }
    return {entity: numbers for entity, numbers in done.items() if any(numbers)}
