"""One statement for each edge, whatever the number of parents: every type, all its fields at once, 10 against 1,000."""

import json
import re

import pytest

from lms_graphql.engine import nodes
from lms_graphql.engine.relay import GlobalId
from lms_graphql.schema import build
from lms_graphql.storage.database import connect
from tests.conftest import running_api
from tests.crowd import FEW, SIZE, TABLES, build_crowd
from tests.databases import temporary_database
from tests.walking import Walk

SCHEMA = build()
TYPES = sorted(set(SCHEMA.nodes) - set(FEW))


@pytest.fixture(scope="module")
async def crowd(superuser):
    """The application over a university with a thousand of everything, and the ids of all of it by type."""
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        await build_crowd(driver)
        ids = {}
        for name in SCHEMA.nodes:
            rows = await driver.fetch(f"SELECT id FROM {TABLES[name]} ORDER BY id LIMIT {SIZE}")
            tenant = 1 if SCHEMA.nodes[name].row.tenant else None
            ids[name] = [str(GlobalId(name, row["id"], tenant)) for row in rows]
        await driver.close()
        async with running_api(database.app) as api:
            yield api, ids


def walk(ids):
    found = {
        "offering": ids["CourseOffering"][0],
        "offeringId": ids["CourseOffering"][0],
        "from": "2026-01-01T00:00:00+00:00",
        "to": "2027-01-01T00:00:00+00:00",
        "against": 1,
    }
    return Walk(SCHEMA.graphql, set(SCHEMA.nodes), {name: json.dumps(value) for name, value in found.items()})


@pytest.mark.parametrize("name", TYPES)
async def test_a_thousand_parents_cost_as_many_statements_as_ten(crowd, name, monkeypatch):
    monkeypatch.setattr(nodes, "LARGEST_PAGE", SIZE)
    api, ids = crowd
    type_ = SCHEMA.graphql.type_map[name]
    for asked in parts([selection for _, selection in walk(ids).fields(type_, page=1)]):
        await same_number_of_statements(api, ids[name], name, asked)


def parts(selections):
    """Selections in as many lists as it takes for a document to have no more fields than the server lets through."""
    names = sum(len(re.findall(r"[a-z]\w*", selection)) for selection in selections)
    number = 1 + names // 250
    return [selections[first::number] for first in range(number)]


async def same_number_of_statements(api, ids, name, selections):
    asked = " ".join(selections)
    document = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename ... on {name} {{ {asked} }} }} }}"
    answers, statements = {}, {}
    for count in (10, SIZE):
        data = await api.data(document, {"ids": ids[:count]}, user=1, university="CROWD")
        answers[count], statements[count] = data["nodes"], api.statements
    assert [len(answer) for answer in answers.values()] == [10, SIZE]
    assert all(node is not None for node in answers[SIZE]), "the administrator sees them all"
    assert len(statements[10]) == len(statements[SIZE]), only_in(statements[10], statements[SIZE])
    edges = sum("{" in selection for selection in selections)
    assert len(statements[10]) <= 1 + 2 * edges + 2 * document.count("totalCount")


def only_in(few, many):
    """The statements that there are more of, shortened."""
    return "\n".join(sorted({sql[:200] for sql in many if many.count(sql) > few.count(sql)}))
