"""The second wall has no hole, as far as the catalogue knows; and the checks name each hole that is made."""

import pytest

from lms_graphql.storage.database import connect
from tests.isolation.catalogue import OWN_ROWS, READS_AS_OWNER, holes


@pytest.fixture
async def driver(database):
    """The superuser's, in a transaction that is taken back."""
    made = await connect(database.owner)
    await made.execute("BEGIN")
    yield made
    await made.execute("ROLLBACK")
    await made.close()


async def test_there_is_no_hole(driver):
    assert await holes(driver) == []


async def test_the_exceptions_are_there(driver):
    """One that is gone is struck from the list."""
    functions = await driver.fetch("SELECT proname FROM pg_proc WHERE proname = ANY ($1)", list(READS_AS_OWNER))
    assert {row[0] for row in functions} == set(READS_AS_OWNER)
    policies = await driver.fetch("SELECT polrelid::regclass || '.' || polname FROM pg_policy")
    assert set(OWN_ROWS) <= {row[0] for row in policies}


_TENANT = "nullif(current_setting('lms.university_id', true), '')::bigint"
_LEAKY = "CREATE TABLE leaky (university_id bigint, id bigint, course_id bigint, PRIMARY KEY (university_id, id))"
_WALL = "ALTER TABLE leaky ENABLE ROW LEVEL SECURITY"
_POLICY = f"CREATE POLICY tenant ON leaky USING (university_id = {_TENANT})"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([_LEAKY, _POLICY], ["leaky has no row-level security"]),
        (
            [_LEAKY, _WALL, f"CREATE POLICY reading ON leaky FOR SELECT USING (university_id = {_TENANT})"],
            [f"leaky {command} has no policy for a command" for command in "adw"],
        ),
        ([_LEAKY, _WALL, "CREATE POLICY t ON leaky USING (true)"], ["leaky.t is a policy that asks for no university"]),
        (
            [_LEAKY, _WALL, f"CREATE POLICY t ON leaky USING (university_id = {_TENANT}) WITH CHECK (true)"],
            ["leaky.t is a policy that asks for no university"],
        ),
        (
            [_LEAKY, _WALL, _POLICY, "CREATE UNIQUE INDEX u ON courses (id)",
             "ALTER TABLE leaky ADD CONSTRAINT loose FOREIGN KEY (course_id) REFERENCES courses (id)"],
            ["loose is a reference without its university"],
        ),
        (
            ["CREATE VIEW grades AS SELECT * FROM course_grades", "GRANT SELECT ON grades TO lms_app"],
            ["grades reads as its owner"],
        ),
        (
            ["CREATE MATERIALIZED VIEW grades AS SELECT final_score FROM course_grades",
             "GRANT SELECT ON grades TO lms_app"],
            ["grades reads as its owner"],
        ),
        (
            ["CREATE FUNCTION peep() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'"],
            ["peep is a function that reads as its owner", "peep leaves the meaning of names to its caller"],
        ),
        (["ALTER FUNCTION search_ids(text, text) RESET search_path"],
         ["search_ids leaves the meaning of names to its caller"]),
        (["GRANT SELECT ON audit_log_default TO lms_app"],
         ["audit_log_default lms_app is a partition with rights of its own"]),
        (["ALTER ROLE lms_app BYPASSRLS"], ["lms_app is more than lms_app may be"]),
    ],
)  # fmt: skip
async def test_each_hole_is_named(driver, statements, expected):
    for statement in statements:
        await driver.execute(statement)
    assert await holes(driver) == sorted(expected)


async def test_who_stands_in_the_owners_place_is_named(driver):
    """With its rights come all the others."""
    await driver.execute("GRANT lms_owner TO lms_app")
    assert "member of lms_owner is more than lms_app may be" in await holes(driver)


async def test_what_lms_app_owns_is_named(driver):
    await driver.execute("ALTER TABLE departments OWNER TO lms_app")
    assert [hole for hole in await holes(driver) if hole.startswith("pg_class")] != []
