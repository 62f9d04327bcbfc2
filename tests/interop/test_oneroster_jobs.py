"""Imports as jobs: a crash between two steps, and what many people cost."""

import time

import pytest

from lms_graphql.app import JOBS
from lms_graphql.interop.oneroster import steps
from lms_graphql.interop.oneroster.service import IMPORT
from lms_graphql.storage.transaction import Transaction
from tests.changing.conftest import owner, world, written  # noqa: F401 - a database of its own
from tests.conftest import running_api
from tests.interop.rosters import Rosters
from tests.interop.test_oneroster_imports import whole


@pytest.fixture(scope="module")
async def api(written, world, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("files")
    async with running_api(written.app, max_in_flight=200, files=folder, upload_mib=100) as running:
        yield running


@pytest.fixture
def alpha(api, world, owner):  # noqa: F811
    return Rosters(api, world, owner)


class _Killed(BaseException):
    """As if the process were gone."""


async def test_a_job_goes_on_where_a_crash_left_it(alpha, monkeypatch):
    monkeypatch.setattr(steps, "AT_ONCE", 2)
    runner = alpha.api.service.jobs
    places = []

    async def dies(work, given, place):
        done = await JOBS[IMPORT](work, given, place)
        places.append(place)
        if len(places) in {3, 7}:
            raise _Killed
        return done

    payload = await alpha.asked(whole("crash", 7))
    monkeypatch.setattr(runner, "_handlers", {IMPORT: dies})
    for died_at in (3, 7):
        with pytest.raises(_Killed):
            await runner.drain()
        assert len(places) == died_at
        assert await runner.drain() == 0  # the one that died has it still
        await alpha.owner.execute("UPDATE jobs SET leased_until = now() - interval '1 second' WHERE state = 'running'")
    assert await runner.drain() == 1
    assert len(places) == len(set(places)) + 2  # the two steps that died were done again, and no other
    found = await alpha.read(payload["rosterImport"]["id"])
    assert found["job"] == {"state": "DONE", "total": 34, "done": 34, "error": None}
    assert found["errors"] == []
    assert found["counts"] == {
        "DEPARTMENT": {"created": 1}, "TERM": {"created": 1}, "COURSE": {"created": 1}, "OFFERING": {"created": 1},
        "MEMBER": {"created": 7}, "ROLE": {"created": 7}, "INSTRUCTOR": {"created": 2}, "ENROLLMENT": {"created": 5},
    }  # fmt: skip
    assert await alpha.rows(
        "SELECT count(*), count(DISTINCT entity_id) FROM audit_log WHERE university_id = $1 AND act = 'member.import'"
    ) == [(7, 7)]


@pytest.fixture
def statements(monkeypatch):
    """How many statements transactions have run."""
    counted = []
    fetch = Transaction.fetch

    async def counting(self, statement, parameters, row):
        counted.append(statement)
        return await fetch(self, statement, parameters, row)

    monkeypatch.setattr(Transaction, "fetch", counting)
    return counted


async def test_people_do_not_cost_a_statement_each(alpha, statements):
    costs = []
    for name, people in (("few", 20), ("many", 900)):
        payload = await alpha.asked(whole(name, people), mode="DIFF")
        statements.clear()
        await alpha.api.service.jobs.drain()
        costs.append(len(statements))
        assert (await alpha.read(payload["rosterImport"]["id"]))["errors"] == []
    assert costs[0] == costs[1] < 200


@pytest.mark.proof
async def test_five_thousand_people(alpha, statements):
    await alpha.owner.execute("ANALYZE")  # as autovacuum does; the world's statistics are of a dozen people
    began = time.monotonic()
    payload = await alpha.asked(whole("5000", 5000), mode="DIFF")
    asked = time.monotonic()
    statements.clear()
    await alpha.api.service.jobs.drain()
    done = time.monotonic()
    found = await alpha.read(payload["rosterImport"]["id"])
    assert found["counts"]["MEMBER"] == {"created": 5000}
    assert found["counts"]["ENROLLMENT"] == {"created": 4998}
    assert len(statements) < 500
    assert asked - began < 10  # 0.9 s (measured)
    assert done - asked < 60
