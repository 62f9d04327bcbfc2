"""What the server completes itself: by what was handed in, and by scores; for several people at once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest

from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.work import Work
from lms_graphql.progress.crediting import Credit, credit
from lms_graphql.storage.database import create_engine
from lms_graphql.storage.snapshot import Snapshot
from tests.changing.test_recording import asked, build, enrollment_of


@pytest.fixture(scope="module")
async def built(api, owner, world):
    return await build(api, owner, world)


@pytest.fixture
async def school(built):
    """The school, in which nobody has done anything yet, and only what `build` asks is asked."""
    await built.forget()
    await built.owner.execute("TRUNCATE quiz_attempts, lab_submissions CASCADE")
    await built.owner.execute(
        "DELETE FROM content_item_settings WHERE content_item_id = ANY($1)",
        [built.items[name]["id"] for name in "abcd"],
    )
    return built


class Crediting:
    """Credits as a service would give them, in a transaction of its own."""

    def __init__(self, engine, school):
        self._engine, self._school = engine, school
        self.statements = 0
        self.audited = 0

    async def __call__(self, *done, actor="instructor", keep=True):
        offering = self._school.offering
        viewer = Viewer(self._school.world.people[actor], offering["university_id"], standing=Standing.MEMBER)
        async with Snapshot(self._engine) as snapshot:
            await snapshot.act_for(viewer.university_id, viewer.user_id)
            async with snapshot.transaction() as transaction:
                work = Work(Context(viewer, snapshot, Cursors(b"")), transaction)
                await credit(work, offering["id"], offering["course_id"], done)
                self.statements, self.audited = transaction.statements, work.audited
                if keep:
                    await transaction.commit()


@pytest.fixture
async def give(school, written):
    engine = create_engine(written.app)
    yield Crediting(engine, school)
    await engine.dispose()


def of(school, item, submitted=True, score=None, user="student"):
    percent = None if score is None else Decimal(score)
    return Credit(school.world.people[user], school.items[item]["id"], submitted, percent)


async def is_done(school, item, user="student"):
    row = await school.owner.fetchrow(
        "SELECT progress_percent = 100 AS whole, completed_at IS NOT NULL AS done FROM user_content_progress"
        " WHERE course_offering_id = $1 AND content_item_id = $2 AND user_id = $3",
        school.offering["id"], school.items[item]["id"], school.world.people[user],
    )  # fmt: skip
    assert row is None or row["whole"] == row["done"]
    return row is not None and row["done"]


async def test_what_is_handed_in_is_completed_and_rolled_up(school, give):
    await give(of(school, "c", submitted=False), actor="student")
    begun = (await school.known())["c"]
    assert (begun[0], begun[1] == begun[2], begun[3], begun[4]) == (Decimal(0), True, None, 0)
    assert set(await school.rolled()) == {"lesson", "unit", "root"}
    await give(of(school, "c"), actor="student")
    percent, first, last, done, _ = (await school.known())["c"]
    assert (percent, first) == (Decimal(100), begun[1])
    assert last == done > first
    assert {name: row[0] for name, row in (await school.rolled()).items()} == {
        "lesson": Decimal("33.33"), "unit": Decimal("20.00"), "root": Decimal("16.67"),
    }  # fmt: skip


async def test_without_a_rule_a_text_is_opened_and_a_quiz_handed_in(school, give):
    await give(of(school, "a", submitted=False), of(school, "c", submitted=False))
    assert (await is_done(school, "a"), await is_done(school, "c")) == (True, False)


@pytest.mark.parametrize(
    ("rule", "submitted", "score", "done"),
    [
        ({"completion_rule": "submit"}, False, None, False),
        ({"completion_rule": "submit"}, False, "100", False),
        ({"completion_rule": "submit"}, True, None, True),
        ({"completion_rule": "submit"}, True, "0", True),
        ({"completion_rule": "view"}, False, None, True),
        ({"completion_rule": "manual"}, True, "100", False),
        ({"completion_rule": "min_score", "min_score": 60, "points": 100}, True, None, False),
        ({"completion_rule": "min_score", "min_score": 60, "points": 100}, True, "59.994", False),
        ({"completion_rule": "min_score", "min_score": 60, "points": 100}, True, "59.995", True),
        ({"completion_rule": "min_score", "min_score": 60, "points": 100}, False, "60", True),
        ({"completion_rule": "min_score", "min_score": 60}, True, "59.99", False),
        ({"completion_rule": "min_score", "min_score": 60}, True, "60", True),
        ({"completion_rule": "min_score", "min_score": 10, "points": 30}, True, "33.33", True),
        ({"completion_rule": "min_score", "min_score": 10, "points": 30}, True, "33.31", False),
        ({"completion_rule": "min_score", "min_score": "12.5", "points": 20}, True, "62.5", True),
        ({"completion_rule": "min_score", "min_score": 0, "points": 20}, True, "0", True),
        ({"completion_rule": "min_score", "min_score": 21, "points": 20}, True, "100", False),
    ],
)
async def test_each_rule_asks_for_what_it_says(school, give, rule, submitted, score, done):
    await asked(school, "c", **{name: Decimal(v) if name == "min_score" else v for name, v in rule.items()})
    await give(of(school, "c", submitted, score))
    assert await is_done(school, "c") is done


async def test_several_people_have_their_own_rules_in_six_statements(school, give):
    await asked(school, "c", completion_rule="min_score", min_score=60, points=100)
    await asked(school, "c", completion_rule="min_score", min_score=50, user_id=school.other)
    both = [of(school, "c", score=55, user=user) for user in ("student", "other")]
    await give(*both, of(school, "a"))
    assert (give.statements, give.audited) == (6, 1)
    assert (await is_done(school, "c"), await is_done(school, "c", "other")) == (False, True)
    assert (await school.rolled("other"))["root"][0] == Decimal("16.67")
    await give(*both)
    assert (give.statements, give.audited) == (2, 0)
    await give()
    assert give.statements == 0
    (audited,) = await school.owner.fetch("SELECT * FROM audit_log")
    assert (audited["act"], audited["entity"], audited["entity_id"]) == (
        "progress.credit", "CourseOffering", school.offering["id"]
    )  # fmt: skip
    kept = orjson.loads(audited["new_values"])["items"]
    assert [(row["userId"], row["contentItemId"], row["progressPercent"]) for row in kept] == [
        (school.student, school.items["a"]["id"], "100.00"),
        (school.other, school.items["c"]["id"], "100.00"),
    ]
    (told,) = await school.owner.fetch("SELECT topic, facts FROM outbox")
    assert told["topic"] == "progress.credited"
    assert orjson.loads(told["facts"])["userIds"] == [school.student, school.other]


async def test_nothing_is_ever_lowered(school, give):
    await asked(school, "c", completion_rule="min_score", min_score=60, points=100)
    await give(of(school, "c", score=60))
    before = await school.known(), await school.rolled()
    await give(of(school, "c", score=10), of(school, "c", submitted=False))
    assert (await school.known(), await school.rolled()) == before


async def test_who_grades_does_not_interact(school, give):
    await school.send(school.event("c", 3))
    await give(of(school, "c"), actor="instructor")
    _, first, last, done, _ = (await school.known())["c"]
    assert (first, last) == (3, 3)
    assert done > 3


async def test_attempts_are_those_that_there_are(school, give):
    enrollment = {
        "university_id": school.offering["university_id"], "course_offering_id": school.offering["id"],
        "course_id": school.offering["course_id"], "user_id": school.student,
    }  # fmt: skip
    lab = await school.rows.item(school.modules["lone"], "engineering_lab", title="lab", sequence_index=50)
    school.items["lab"] = lab
    for number in (1, 2):
        await school.rows.add(
            "lab_submissions", **enrollment, content_item_id=lab["id"], content_type="engineering_lab",
            attempt_number=number, submitted_at=datetime.now(UTC), artifacts_url="https://files.example/1.zip",
        )  # fmt: skip
    await give(of(school, "lab"), of(school, "c"))
    assert ((await school.known())["lab"][4], (await school.known())["c"][4]) == (2, 0)
    await school.owner.execute("UPDATE content_items SET is_active = false WHERE id = $1", lab["id"])
    del school.items["lab"]
    await school.owner.execute("DELETE FROM user_content_progress WHERE content_item_id = $1", lab["id"])


async def test_who_is_not_enrolled_and_what_is_elsewhere_are_passed_over(school, give, world):
    strangers = [of(school, "c", user="instructor"), Credit(school.student, world.alpha["quiz"]["id"], True)]
    await give(*strangers)
    assert give.audited == 0
    await give(*strangers[:1])
    assert (give.statements, give.audited) == (1, 0)
    assert await school.known() == {}


async def test_what_is_not_committed_leaves_nothing(school, give):
    before = await school.everything()
    await give(of(school, "c"), keep=False)
    assert give.audited == 1
    assert await school.everything() == before


async def test_late_grades_count_for_who_has_completed_the_course(school, give):
    number = await enrollment_of(school, "student")
    await school.owner.execute(
        "UPDATE course_enrollments SET status = 'completed', completed_at = now() - $2::interval WHERE id = $1",
        number,
        timedelta(days=1),
    )
    await give(of(school, "c"))
    await school.owner.execute(
        "UPDATE course_enrollments SET status = 'active', completed_at = NULL WHERE id = $1", number
    )
    assert await is_done(school, "c")
