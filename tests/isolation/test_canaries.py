"""A canary in every place that could hold a secret: people see those that are theirs to see, all of them, no other."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from lms_graphql.storage.database import connect
from tests.conftest import Api, temporary_database
from tests.isolation.campus import Alpha, build_alpha
from tests.isolation.canaries import Canaries
from tests.isolation.crawl import Request, ask, cursors_of, discover, opened, requests
from tests.isolation.crossing import SCHEMA, SETTINGS, crawled
from tests.isolation.disclosure import RULES
from tests.isolation.paths import Document, Ways, documents
from tests.isolation.walls import policies_off

pytestmark = pytest.mark.proof

READERS = {"nobody": False, "stranger": False, "visitor": True, "other": True, "student": True}
"""Who reads, and whether they belong to the university; staff may see all of it, and prove nothing."""


@dataclass
class Aviary:
    """A university full of canaries."""

    api: Api
    alpha: Alpha
    canaries: Canaries
    documents: list[Document]
    ids: dict[str, list[str]]
    asked: list[Request]

    def user(self, name: str) -> int | None:
        return None if name == "nobody" else self.alpha.people["outsider" if name == "stranger" else name]

    async def visible(self, name: str) -> set[str]:
        """What the rules give somebody."""
        return await self.canaries.visible(self.user(name) or 0, member=READERS[name])

    async def answers(self, name: str) -> list[bytes]:
        """To all that is asked, and then to what lies behind the cursors that came."""
        answers = await ask(self.api, self.asked, self.user(name), "ALPHA")
        cursors = cursors_of(self.asked, answers)
        paged = [r for r in requests(self.documents, self.ids, {}, cursors) if r.document.ways[0].pages]
        return answers + await ask(self.api, paged, self.user(name), "ALPHA")


@pytest.fixture(scope="module")
async def aviary(superuser) -> AsyncIterator[Aviary]:
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        alpha = await build_alpha(driver)
        canaries = Canaries(driver, alpha.id)
        await canaries.plant()
        made = documents(Ways(SCHEMA.graphql, SCHEMA.nodes, await searched_for(canaries)).all())
        async with crawled(database.app, **SETTINGS) as api:
            ids = await discover(api, made, alpha.people["admin"], "ALPHA")
            yield Aviary(api, alpha, canaries, made, ids, requests(made, ids, {}, {}))
        await driver.close()


async def searched_for(canaries: Canaries) -> list[str]:
    """Secrets that somebody has guessed, for every argument that takes a text."""
    places = {place: canary for canary, place in canaries.planted.items() if canary.startswith("z")}
    return [places[place] for place in ("courses.code", "courses.title", "university_members.display_name",
                                        "certificates.certificate_code", "content_items.data_json")]  # fmt: skip


async def test_there_are_secrets_in_every_place(aviary):
    """Each declared column holds one, or says why not; more than two hundred are none of the student's business."""
    empty = {f"{table}.{column}" for table, rules in RULES.items() for column in rules}
    assert sorted(empty - set(aviary.canaries.planted.values())) == sorted(WITHOUT_A_CANARY)
    assert len(set(aviary.canaries.planted) - await aviary.visible("student")) > 220


WITHOUT_A_CANARY = {
    "audit_log.roles": "names of roles",
    "content_item_settings.min_score": "stands beside the points under one rule",
    "courses.credit_hours": "stands beside a title under one rule",
    "grade_categories.weight": "all of a policy must come to 100",
    "module_templates.description": "stands beside a title under one rule",
    "quiz_attempts.raw_response_json": "of the time before answers had a table of their own; no statement reads it",
}
"""Declared columns that are empty here, each with its reason."""


@pytest.mark.parametrize("name", READERS)
async def test_people_see_what_is_theirs_and_nothing_else(aviary, name, caplog):
    """In answers and errors, cursors spelled out, headers; in the log nothing at all."""
    headers: list[str] = []

    async def collect(response: Any) -> None:
        headers.append(repr(response.headers.raw))

    caplog.set_level(logging.DEBUG)
    aviary.api.client.event_hooks["response"].append(collect)
    try:
        answers = await aviary.answers(name)
    finally:
        aviary.api.client.event_hooks["response"].remove(collect)
    seen, visible = aviary.canaries.seen(map(opened, answers)), await aviary.visible(name)
    assert sorted((aviary.canaries.planted[canary], canary) for canary in seen - visible) == []
    assert sorted((aviary.canaries.planted[canary], canary) for canary in visible - seen) == []
    assert len(headers) == len(answers)
    assert aviary.canaries.seen(headers) == set()
    assert aviary.canaries.seen([caplog.text]) == set()


async def test_without_policies_the_canaries_come_out(aviary):
    """The proof that the crawl would find them: row-level security alone parts universities and nothing else."""
    with policies_off():
        answers = await ask(aviary.api, aviary.asked, aviary.user("student"), "ALPHA")
    assert len(aviary.canaries.seen(map(opened, answers)) - await aviary.visible("student")) > 120


async def test_what_is_released_comes_out_and_nothing_beside_it(aviary):
    """A grade, a score and a submission's result are posted: the student sees these, each to the last word."""
    before, shown_before = await aviary.visible("student"), await seen_by(aviary, "student")
    university, student = aviary.alpha.id, aviary.alpha.people["student"]
    mine = "WHERE university_id = $1 AND user_id = $2 AND (posted_at IS NULL OR posted_at > now())"
    own = f"SELECT rubric_result FROM lab_submissions {mine}"
    judged = await aviary.canaries.driver.fetch(own, university, student)
    expected = aviary.canaries.seen(row[0] for row in judged if row[0] is not None)
    for table, columns in (
        ("course_grades", "final_score, letter_grade"),
        ("grade_item_scores", "score"),
        ("lab_submissions", "score_obtained, max_score, instructor_feedback"),
    ):
        rows = await aviary.canaries.driver.fetch(f"SELECT {columns} FROM {table} {mine}", university, student)
        expected |= {str(value) for row in rows for value in row if value is not None}
        await aviary.canaries.driver.execute(f"UPDATE {table} SET posted_at = now() {mine}", university, student)
    assert len(expected) == 2 + 2 + 1 + 2 * 3
    assert await aviary.visible("student") - before == expected
    assert await seen_by(aviary, "student") - shown_before == expected


async def seen_by(aviary: Aviary, name: str) -> set[str]:
    return aviary.canaries.seen(map(opened, await aviary.answers(name)))


async def test_no_answer_depends_on_a_secret(aviary):
    """Every secret is changed, and what stood before another stands behind it: for who may not see them no list changes
    its order, no count its number, no filter what it lets through.
    """
    readers = ("nobody", "stranger", "student")
    before = {name: await aviary.answers(name) for name in readers}
    staff = await ask(aviary.api, aviary.asked, aviary.alpha.people["admin"], "ALPHA")
    await aviary.canaries.disturb(await aviary.visible("student"))
    for name in readers:
        pairs = zip(before[name], await aviary.answers(name), strict=True)
        assert [(old, new) for old, new in pairs if old != new] == []
    changed = zip(staff, await ask(aviary.api, aviary.asked, aviary.alpha.people["admin"], "ALPHA"), strict=True)
    assert sum(old != new for old, new in changed) > 30
