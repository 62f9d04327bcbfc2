"""Authors of one course at once: the tree stays a tree, siblings stay in one order, and nobody waits in a circle."""

import asyncio
import random
import time

import pytest

from lms_graphql.storage.transaction import Transaction
from tests.changing.authoring import Authors, Grown, codes, document, number
from tests.conftest import running_api

MOVE = document("moveModule", "module { id }")
REORDER = document("reorderModules", "modules { id }")
COPY = document("copyModule", "module { id }")
PAIRS = 50
VALID = """
    WITH RECURSIVE tree AS (
        SELECT id, 0 AS depth, is_published AS shown FROM modules WHERE course_id = $1 AND parent_module_id IS NULL
        UNION ALL
        SELECT m.id, tree.depth + 1, tree.shown AND m.is_published
        FROM modules m JOIN tree ON m.parent_module_id = tree.id
    ), siblings AS (
        SELECT array_agg(sequence_index ORDER BY sequence_index) AS places, count(*)::int AS count
        FROM modules WHERE course_id = $1 GROUP BY parent_module_id
    )
    SELECT (SELECT count(*) FROM modules WHERE course_id = $1)
           = (SELECT count(*) FROM modules m JOIN tree USING (id, depth) WHERE m.effective_published = tree.shown),
           (SELECT bool_and(places = ARRAY(SELECT generate_series(1, count))) FROM siblings)
"""


@pytest.fixture(scope="module")
async def api(written, world):
    """With as many connections as mutations that wait for their course at once, however slow the machine is."""
    async with running_api(written.app, max_in_flight=200, pool_size=110) as running:
        yield running


@pytest.fixture
def authors(api, world, owner):
    return Authors(api, world, owner)


@pytest.fixture
def counted(monkeypatch):
    """The statements of transactions, as they are executed."""
    statements, fetch = [], Transaction.fetch

    async def counting(self, statement, parameters, row):
        statements.append(statement.sql)
        return await fetch(self, statement, parameters, row)

    monkeypatch.setattr(Transaction, "fetch", counting)
    return statements


async def is_valid(owner, course):
    """Whether all modules hang in one tree at the right depth, and siblings are numbered from 1 without a gap."""
    return tuple(await owner.fetchrow(VALID, course["id"])) == (True, True)


async def test_50_pairs_below_one_another_at_once(authors, owner):
    """A below B and B below A: exactly one of the two is done, the other is told that it can't be."""
    sketch = [(name, [(f"{name}x", [])]) for pair in range(PAIRS) for name in (f"A{pair}", f"B{pair}")]
    grown = await Grown(authors, await authors.course()).grow(sketch)
    moves = [(f"A{pair}", f"B{pair}") for pair in range(PAIRS)]
    moves += [(below, above) for above, below in moves]
    random.Random(7).shuffle(moves)  # noqa: S311 - not a secret
    people = ("instructor", "admin", "department_admin")
    payloads = await asyncio.gather(
        *(
            authors.sent(MOVE, {"moduleId": grown[child], "parentId": grown[f"{parent}x"]}, people[index % 3])
            for index, (child, parent) in enumerate(moves)
        )
    )
    won = [move for move, payload in zip(moves, payloads, strict=True) if codes(payload) == []]
    assert sorted(min(pair) for pair in won) == sorted(f"A{pair}" for pair in range(PAIRS))
    lost = [codes(payload) for payload in payloads if codes(payload)]
    assert lost == [[("INVALID", ["parentId"])]] * PAIRS
    assert await is_valid(owner, grown.course)


async def test_reordered_and_moved_at_once(authors, owner):
    """Every order is of one moment: a move in between makes a reorder that does not name it fail, and nothing else."""
    grown = await Grown(authors, await authors.course()).grow(
        [("P", [(f"P{n}", []) for n in range(12)]), ("Q", [(f"Q{n}", []) for n in range(12)])]
    )
    chance = random.Random(11)  # noqa: S311 - not a secret

    def reorder(parent):
        ids = [grown[f"{parent}{n}"] for n in chance.sample(range(12), 12)]
        return authors.sent(REORDER, {"parentId": grown[parent], "moduleIds": ids})

    def move(name):
        given = {"moduleId": grown[name], "parentId": grown[chance.choice("PQ")], "position": chance.randint(1, 6)}
        return authors.sent(MOVE, given, "admin")

    sent = [move(f"{chance.choice('PQ')}{chance.randrange(12)}") for _ in range(40)] + [reorder(p) for p in "PQ" * 20]
    chance.shuffle(sent)
    payloads = await asyncio.gather(*sent)
    assert {code for payload in payloads for code, _ in codes(payload)} <= {"INVALID", "CONFLICT"}
    assert any("module" in payload and not payload["errors"] for payload in payloads)
    assert await is_valid(owner, grown.course)
    assert len(await grown.tree()) == 26


async def test_copies_there_and_back_at_once(authors, owner):
    """Two courses are locked by their numbers, so those who copy there and those who copy back never meet crosswise."""
    one = await Grown(authors, await authors.course()).grow([("A", [("A1", [])])])
    two = await Grown(authors, await authors.course()).grow([("B", [("B1", [])])])
    there = [authors.sent(COPY, {"moduleId": one["A"], "courseId": two.id, "position": 1}) for _ in range(15)]
    back = [authors.sent(COPY, {"moduleId": two["B"], "parentId": one["A1"]}, "admin") for _ in range(15)]
    payloads = await asyncio.gather(*there, *back)
    assert [codes(payload) for payload in payloads] == [[]] * 30
    deadlocks = await owner.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert deadlocks == 0
    assert await is_valid(owner, one.course)
    assert await is_valid(owner, two.course)


async def test_a_move_costs_as_many_statements_among_1000_modules_as_among_three(authors, owner, counted):
    few = await Grown(authors, await authors.course()).grow([("A", [("A1", [])]), ("B", [])])
    many = await Grown(authors, await authors.course()).grow([("A", [("A1", [])]), ("B", [])])
    await owner.execute(
        "INSERT INTO modules (university_id, course_id, parent_module_id, depth, module_type, title, sequence_index)"
        " SELECT $1, $2, $3, 2, 'lesson', 'x', n FROM generate_series(1, 997) n",
        authors.university_id, many.course["id"], many.rows["A1"]["id"],
    )  # fmt: skip
    costs = []
    for grown in (few, many):
        counted.clear()
        begun = time.perf_counter()
        payload = await authors.sent(MOVE, {"moduleId": grown["A1"], "parentId": grown["B"]})
        costs.append((len(counted), time.perf_counter() - begun))
        assert codes(payload) == []
    (statements_few, _), (statements_many, seconds) = costs
    assert statements_many == statements_few == 12
    assert seconds < 5  # 0.1 s where nothing else runs
    depths = await owner.fetchval("SELECT count(*) FROM modules WHERE parent_module_id = $1 AND depth = 2",
                                  number(many["A1"]))  # fmt: skip
    assert depths == 997
