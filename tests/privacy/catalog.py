"""Which tables hang on a person, as PostgreSQL's catalog has it."""

_REFERENCES = """
SELECT k.conname, k.conrelid::regclass::text AS child, k.confrelid::regclass::text AS parent, a.attname AS last
FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[cardinality(k.conkey)]
WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.conparentid = 0
"""
PEOPLE = {"users", "university_members"}


async def references_to_people(driver) -> dict[str, tuple[str, str]]:
    """Every foreign key to a person by its name: the table, and the column that names the person."""
    rows = await driver.fetch(_REFERENCES)
    return {row["conname"]: (row["child"], row["last"]) for row in rows if row["parent"] in PEOPLE}


async def about_people(driver) -> set[str]:
    """The tables of people, those that refer to them, those that refer to these, and so on."""
    rows = await driver.fetch(_REFERENCES)
    found = set(PEOPLE)
    while more := {row["child"] for row in rows if row["parent"] in found} - found:
        found |= more
    return found


_WORDS = """
SELECT a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND (t.typcategory NOT IN ('N', 'D', 'T', 'B', 'E') OR t.typname IN ('inet', 'cidr'))
"""


async def words_of(driver, table: str) -> list[str]:
    """The columns that may hold words, or anything else: all but numbers, times, booleans, enums, generated ones."""
    return [row["attname"] for row in await driver.fetch(_WORDS, table)]
