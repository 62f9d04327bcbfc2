"""Grades are changed: recorded, set by hand, excused, posted, frozen; each change with its audit entry."""

import asyncio
import json
import os
import random
from decimal import Decimal

import asyncpg
import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from lms_graphql.storage.transaction import Transaction
from tests.world import Rows

ERRORS = "errors { code message path }"
RECORD = f"""mutation($input: RecordScoresInput!) {{ recordScores(input: $input) {{
  gradeItem {{ title }} isDryRun results {{ userId score oldScore {ERRORS} }} {ERRORS} }} }}"""
OVERRIDE = f"""mutation($input: OverrideGradeInput!) {{ overrideGrade(input: $input) {{
  grade {{ finalScore letterGrade passed policyVersion postedAt }} {ERRORS} }} }}"""
REMOVE = f"""mutation($input: RemoveOverrideInput!) {{ removeOverride(input: $input) {{
  grade {{ finalScore letterGrade passed }} {ERRORS} }} }}"""
EXCUSE = f"""mutation($input: ExcuseItemInput!) {{ excuseItem(input: $input) {{
  grade {{ finalScore }} {ERRORS} }} }}"""
POST = f"""mutation($input: PostGradesInput!) {{ postGrades(input: $input) {{
  offering {{ id }} postedCount certificateCount {ERRORS} }} }}"""
UNPOST = f"""mutation($input: UnpostGradesInput!) {{ unpostGrades(input: $input) {{ hiddenCount {ERRORS} }} }}"""
FREEZE = f"""mutation($input: FreezeGradesInput!) {{ freezeGrades(input: $input) {{ frozenAt {ERRORS} }} }}"""
UNFREEZE = f"""mutation($input: UnfreezeGradesInput!) {{ unfreezeGrades(input: $input) {{
  job {{ id state }} {ERRORS} }} }}"""
POLICY = f"""mutation($input: UpdateGradingPolicyInput!) {{ updateGradingPolicy(input: $input) {{
  policy {{ version passMark letterScheme {{ letter lowestScore }} course {{ code }} offering {{ id }}
    categories {{ id name position weight dropLowest dropHighest minCount extraCredit }} }}
  job {{ id kind state total done }} {ERRORS} }} }}"""
CREATE = f"""mutation($input: CreateGradeItemInput!) {{ createGradeItem(input: $input) {{
  gradeItem {{ id title points heldAt category {{ name }} }} job {{ state }} {ERRORS} }} }}"""
UPDATE = f"""mutation($input: UpdateGradeItemInput!) {{ updateGradeItem(input: $input) {{
  gradeItem {{ title points heldAt category {{ name }} }} job {{ state }} {ERRORS} }} }}"""
BREAKDOWN = """query($id: ID!) { node(id: $id) { ... on Enrollment {
  gradeBreakdown { current final letter passed categories { name weight extraCredit earned possible contribution
    items { itemId title earned possible isDropped isExcused isCounted } } }
  gradeHistory(first: 20) { edges { node { oldScore newScore policyVersion reason changedBy { databaseId } } } }
  grade { finalScore letterGrade passed } } } }"""
JOB = "query($id: ID!) { job(id: $id) { kind state total done error startedAt finishedAt createdBy { databaseId } } }"
D = Decimal
THOROUGH = bool(os.environ.get("LMS_THOROUGH"))


class Class:
    """An offering of its own with a policy, two exams on paper and people, in ALPHA."""

    def __init__(self, world, owner):
        self.world, self.owner, self.rows = world, owner, Rows(owner)
        self.university = world.alpha.university["id"]
        self.tenant = {"university_id": self.university}

    async def build(self, people=("student", "other")):
        course = self.world.alpha["course"]
        self.offering = await self.rows.add(
            "course_offerings", **self.tenant, course_id=course["id"], term_name="graded", visibility="private"
        )
        policy = await self.rows.add(
            "grading_policies", **self.tenant, course_id=course["id"], course_offering_id=self.offering["id"],
            pass_mark=60, letter_scheme=[[90, "A"], [60, "D"]],
        )  # fmt: skip
        self.policy = policy
        category = {**self.tenant, "policy_id": policy["id"]}
        self.exams = await self.rows.add("grade_categories", **category, name="Exams", position=1, weight=75)
        self.oral = await self.rows.add("grade_categories", **category, name="Oral", position=2, weight=25)
        item = {**self.tenant, "course_offering_id": self.offering["id"]}
        self.exam = await self.rows.add(
            "grade_items", **item, grade_category_id=self.exams["id"], title="Exam", points=100
        )
        self.talk = await self.rows.add(
            "grade_items", **item, grade_category_id=self.oral["id"], title="Talk", points=20
        )
        self.enrollments = {}
        for name in people:
            self.enrollments[name] = await self.rows.add(
                "course_enrollments", **item, user_id=self.world.people[name], enrolled_at=self.offering["created_at"]
            )
        await self.rows.add("course_offering_instructors", **item, user_id=self.world.people["instructor"])
        await self.rows.add("course_offering_instructors", **item, user_id=self.world.people["ta"], role="ta")
        await self.owner.execute(
            "TRUNCATE audit_log, outbox, idempotency_keys, roster_imports, roster_import_errors, jobs"
        )
        return self

    def id(self, typename, row):
        return str(GlobalId(typename, row["id"], self.university))

    def person(self, name):
        return str(GlobalId("User", self.world.people[name], self.university))

    def whose(self, name, **given):
        return {"offeringId": self.id("CourseOffering", self.offering), "userId": self.person(name), **given}

    def scores(self, item, **scores):
        return {
            "gradeItemId": self.id("GradeItem", item),
            "scores": [{"userId": self.person(name), "score": score} for name, score in scores.items()],
        }

    async def grade(self, name):
        row = await self.owner.fetchrow(
            "SELECT final_score, letter_grade, passed, policy_version FROM course_grades"
            " WHERE university_id = $1 AND course_offering_id = $2 AND user_id = $3",
            self.university, self.offering["id"], self.world.people[name],
        )  # fmt: skip
        return None if row is None else tuple(row)

    async def audited(self):
        rows = await self.owner.fetch("SELECT * FROM audit_log ORDER BY at, id")
        return [(row["act"], json.loads(row["old_values"] or "null"), json.loads(row["new_values"] or "null"),
                 row["reason"]) for row in rows]  # fmt: skip


@pytest.fixture
async def made(world, owner):
    return await Class(world, owner).build()


async def send(api, document, given, user, **options):
    """The payload."""
    data = await api.data(document, {"input": given}, user=user, **options)
    return next(iter(data.values()))


async def everything(owner):
    tables = (
        *(
            "course_grades",
            "grade_item_scores",
            "grade_overrides",
            "grade_exemptions",
            "grade_history",
            "grade_freezes",
        ),
        *("audit_log", "outbox", "jobs", "grading_policies", "grade_categories", "grade_items"),
    )
    return [[tuple(row) for row in await owner.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3")] for table in tables]


def refusal(code, path=()):
    return [(code, list(path))]


def told(payload):
    return [(error["code"], error["path"]) for error in payload["errors"]]


# ---- scores


async def test_scores_are_recorded_and_the_grades_worked_out(api, made):
    teacher = made.world.people["instructor"]
    payload = await send(api, RECORD, made.scores(made.exam, student="80.5", other="40"), teacher)
    assert payload == {
        "gradeItem": {"title": "Exam"},
        "isDryRun": False,
        "results": [
            {"userId": made.person("student"), "score": "80.50", "oldScore": None, "errors": []},
            {"userId": made.person("other"), "score": "40.00", "oldScore": None, "errors": []},
        ],
        "errors": [],
    }
    assert await made.grade("student") == (D("60.38"), "D", True, 1)  # 80.5 % of 75: 60.375, halves up
    assert await made.grade("other") == (D("30.00"), None, False, 1)
    assert [act for act, *_ in await made.audited()] == ["score.record"] * 2 + ["grade.change"] * 2
    _, before, after, _ = (await made.audited())[2]
    assert before is None
    assert after == {
        "offeringId": made.offering["id"], "userId": made.world.people["student"], "finalScore": "60.38",
        "letterGrade": "D", "passed": True, "policyVersion": 1,
    }  # fmt: skip
    heard = await made.owner.fetch("SELECT topic, facts FROM outbox ORDER BY id")
    assert [row["topic"] for row in heard] == ["score.changed"] * 2 + ["grade.changed"] * 2
    assert json.loads(heard[2]["facts"]) == {"offeringId": made.offering["id"], "userId": made.world.people["student"]}


async def test_a_row_that_cannot_be_taken_does_not_stop_the_others(api, made):
    given = made.scores(made.exam, student="80", bystander="70", other="-1")
    given["scores"] += [
        {"userId": "no id", "score": "1"},
        {"userId": str(GlobalId("User", made.world.people["beta_student"], made.university)), "score": "1"},
        {"userId": made.person("ta"), "score": "1.001"},
    ]
    payload = await send(api, RECORD, given, made.world.people["ta"])
    assert [(row["score"], *told(row)) for row in payload["results"]] == [
        ("80.00",),
        (None, ("NOT_FOUND", ["input", "scores", "1", "userId"])),
        (None, ("INVALID", ["input", "scores", "2", "score"])),
        (None, ("NOT_FOUND", ["input", "scores", "3", "userId"])),
        (None, ("NOT_FOUND", ["input", "scores", "4", "userId"])),
        (None, ("NOT_FOUND", ["input", "scores", "5", "userId"])),
    ]
    messages = {
        row["errors"][0]["message"] for row in payload["results"] if told(row) and told(row)[0][0] == "NOT_FOUND"
    }
    assert len(messages) == 1
    assert (
        await made.owner.fetchval("SELECT count(*) FROM grade_item_scores WHERE grade_item_id = $1", made.exam["id"])
        == 1
    )


async def test_who_is_named_twice_and_what_has_three_places(api, made):
    given = made.scores(made.exam, student="80", other="70.125")
    given["scores"].append(given["scores"][0])
    payload = await send(api, RECORD, given, made.world.people["ta"])
    assert [[code for code, _ in told(row)] for row in payload["results"]] == [["INVALID"]] * 3
    assert await made.audited() == []


async def test_a_dry_run_tells_and_keeps_nothing(api, made, owner):
    before = await everything(owner)
    payload = await send(
        api, RECORD, {**made.scores(made.exam, student="80", bystander="1"), "dryRun": True}, made.world.people["ta"]
    )
    assert payload["isDryRun"] is True
    assert [row["score"] for row in payload["results"]] == ["80.00", None]
    assert await everything(owner) == before


async def test_a_score_is_changed_posted_and_taken_back(api, made):
    teacher = made.world.people["ta"]
    await send(api, RECORD, made.scores(made.exam, student="80"), teacher)
    again = await send(api, RECORD, made.scores(made.exam, student="80"), teacher)
    assert again["results"][0]["oldScore"] == "80.00"
    assert len(await made.audited()) == 2  # what is so already leaves nothing behind
    await send(api, RECORD, {**made.scores(made.exam, student="90"), "post": True}, teacher)
    gone = await send(api, RECORD, made.scores(made.exam, student=None), teacher)
    assert (gone["results"][0]["score"], gone["results"][0]["oldScore"]) == (None, "90.00")
    assert await made.grade("student") == (D("0.00"), None, False, 1)
    acts = [(act, old and old.get("score"), new and new.get("score"), new and new.get("postedAt") is not None)
            for act, old, new, _ in await made.audited() if act == "score.record"]  # fmt: skip
    assert acts == [
        ("score.record", None, "80.00", False), ("score.record", "80.00", "90.00", True),
        ("score.record", "90.00", None, None),
    ]  # fmt: skip


async def add_people(made, owner, count):
    """So many more who take part, by their ids."""
    people = await owner.fetch(
        "INSERT INTO users (email, full_name, password_hash) SELECT 'p' || n || '-' || $1 || '@test.example', 'P', '!'"
        " FROM generate_series(1, $2::int) AS n RETURNING id", str(made.offering["id"]), count,
    )  # fmt: skip
    ids = [row["id"] for row in people]
    await owner.execute(
        "INSERT INTO university_members (university_id, user_id, display_name, email)"
        " SELECT $1, id, 'P' || id, 'p' || id || '@alpha.example' FROM unnest($2::bigint[]) AS id",
        made.university, ids,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO course_enrollments (university_id, course_offering_id, user_id) SELECT $1, $2, id"
        " FROM unnest($3::bigint[]) AS id", made.university, made.offering["id"], ids,
    )  # fmt: skip
    return ids


async def test_500_scores_cost_as_many_statements_as_one(api, made, owner, monkeypatch):
    ids = await add_people(made, owner, 500)
    statements = []
    fetch = Transaction.fetch

    async def counting(self, statement, *rest):
        statements.append(statement)
        return await fetch(self, statement, *rest)

    monkeypatch.setattr(Transaction, "fetch", counting)

    async def cost_of(people, score):
        rows = [{"userId": str(GlobalId("User", number, made.university)), "score": score} for number in people]
        statements.clear()
        payload = await send(
            api, RECORD, {"gradeItemId": made.id("GradeItem", made.exam), "scores": rows}, made.world.people["ta"]
        )
        assert (payload["errors"], [row["errors"] for row in payload["results"]]) == ([], [[]] * len(people))
        return len(statements)

    assert await cost_of(ids[:1], "40") == await cost_of(ids, "50") <= 20
    grades = "SELECT count(*) FROM course_grades WHERE course_offering_id = $1 AND final_score = 37.50"
    assert await owner.fetchval(grades, made.offering["id"]) == 500
    given = {"gradeItemId": made.id("GradeItem", made.exam), "scores": [{"userId": "x", "score": "1"}] * 501}
    refused = await send(api, RECORD, given, made.world.people["ta"])
    assert told(refused) == refusal("LIMIT_REACHED", ("input", "scores"))


# ---- by hand


async def test_an_override_wins_until_it_is_removed(api, made):
    teacher = made.world.people["instructor"]
    await send(api, RECORD, made.scores(made.exam, student="80"), teacher)
    payload = await send(api, OVERRIDE, made.whose("student", finalScore="95", reason="The exam was lost."), teacher)
    assert payload["grade"] == {
        "finalScore": "95.00", "letterGrade": "A", "passed": True, "policyVersion": 1, "postedAt": None,
    }  # fmt: skip
    await send(api, RECORD, made.scores(made.exam, student="20"), teacher)
    assert (await made.grade("student"))[0] == D("95.00")
    payload = await send(api, REMOVE, made.whose("student", reason="It was found."), teacher)
    assert payload["grade"] == {"finalScore": "15.00", "letterGrade": None, "passed": False}
    history = await made.owner.fetch(
        "SELECT old_score, new_score, changed_by, reason FROM grade_history WHERE course_offering_id = $1 ORDER BY id",
        made.offering["id"],
    )
    assert [tuple(row) for row in history] == [
        (None, D("60.00"), None, None),
        (D("60.00"), D("95.00"), teacher, "The exam was lost."),
        (D("95.00"), D("15.00"), teacher, "It was found."),
    ]
    reasons = [(act, reason) for act, _, _, reason in await made.audited() if reason]
    assert reasons == [
        ("grade.override", "The exam was lost."), ("grade.change", "The exam was lost."),
        ("grade.remove_override", "It was found."), ("grade.change", "It was found."),
    ]  # fmt: skip
    again = await send(api, REMOVE, made.whose("student", reason="Again."), teacher)
    assert again["errors"] == []


async def test_what_was_only_set_by_hand_is_nothing_without_it(api, made, owner):
    await owner.execute(
        "UPDATE grade_items SET grade_category_id = NULL WHERE course_offering_id = $1", made.offering["id"]
    )
    await owner.execute("DELETE FROM grade_categories WHERE policy_id = $1", made.policy["id"])
    teacher = made.world.people["instructor"]
    await send(api, OVERRIDE, made.whose("student", finalScore="95", letterGrade="A+", reason="By hand."), teacher)
    assert await made.grade("student") == (D("95.00"), "A+", True, 1)
    await send(api, REMOVE, made.whose("student", reason="No."), teacher)
    assert await made.grade("student") == (None, None, None, None)


async def test_who_is_excused_has_a_grade_without_it(api, made):
    teacher = made.world.people["instructor"]
    await send(api, RECORD, made.scores(made.exam, student="80"), teacher)
    given = made.whose("student", gradeItemId=made.id("GradeItem", made.talk), reason="Was ill.")
    assert (await send(api, EXCUSE, given, teacher))["grade"] == {"finalScore": "80.00"}
    assert (await send(api, EXCUSE, given, teacher))["errors"] == []
    back = await send(api, EXCUSE, {**given, "isExcused": False, "reason": "Was not."}, teacher)
    assert back["grade"] == {"finalScore": "60.00"}
    both = {**given, "contentItemId": str(GlobalId("QuizContent", made.world.alpha["quiz"]["id"], made.university))}
    assert told(await send(api, EXCUSE, both, teacher)) == refusal("INVALID", ("input",))
    acts = [act for act, *_ in await made.audited() if act.startswith("grade.")]
    assert acts == ["grade.change", "grade.excuse", "grade.change", "grade.include", "grade.change"]


# ---- who may


async def test_who_may_not_changes_nothing(api, made, owner):
    people = made.world.people
    offering = {"offeringId": made.id("CourseOffering", made.offering)}
    acts = [
        (RECORD, made.scores(made.exam, student="80")),
        (OVERRIDE, made.whose("student", finalScore="95", reason="x")),
        (REMOVE, made.whose("student", reason="x")),
        (EXCUSE, made.whose("student", gradeItemId=made.id("GradeItem", made.talk), reason="x")),
        (POST, offering),
        (UNPOST, {**offering, "reason": "x"}),
        (FREEZE, {**offering, "reason": "x"}),
        (UNFREEZE, {**offering, "reason": "x"}),
        (POLICY, {**offering, "passMark": "1", "letterScheme": [], "categories": []}),
        (CREATE, {**offering, "title": "x", "points": "1"}),
        (UPDATE, {"gradeItemId": made.id("GradeItem", made.exam), "title": "x"}),
    ]
    before = await everything(owner)
    for document, given in acts:
        nobody = await api(document, {"input": given})
        assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        for name in ("student", "bystander", "beta_admin"):
            assert [code for code, _ in told(await send(api, document, given, people[name]))] == ["FORBIDDEN"]
        # Staff elsewhere do not see the offering, and it is as if it was not there.
        (error,) = told(await send(api, document, given, people["far_instructor"]))
        assert error[0] == "NOT_FOUND"
        if document is not RECORD:  # an assistant grades, and settles nothing
            assert [code for code, _ in told(await send(api, document, given, people["ta"]))] == ["FORBIDDEN"]
    assert await everything(owner) == before


async def test_who_teaches_a_section_grades_its_people_alone(api, made, owner):
    section = await made.rows.add(
        "offering_sections", **made.tenant, course_offering_id=made.offering["id"], code="S", name="S"
    )
    await made.rows.add(
        "course_offering_instructors", **made.tenant, course_offering_id=made.offering["id"], section_id=section["id"],
        user_id=made.world.people["section_ta"], role="ta",
    )  # fmt: skip
    await owner.execute(
        "UPDATE course_enrollments SET section_id = $1 WHERE id = $2", section["id"], made.enrollments["other"]["id"]
    )
    payload = await send(api, RECORD, made.scores(made.exam, student="80", other="70"), made.world.people["section_ta"])
    assert [(row["score"], [code for code, _ in told(row)]) for row in payload["results"]] == [
        (None, ["NOT_FOUND"]), ("70.00", []),
    ]  # fmt: skip


# ---- posting and freezing


async def test_a_grade_is_seen_once_it_is_posted_and_not_while_it_would_tell_a_hidden_score(api, made):
    teacher, student = made.world.people["instructor"], made.world.people["student"]
    offering = {"offeringId": made.id("CourseOffering", made.offering)}
    enrollment = {"id": made.id("Enrollment", made.enrollments["student"])}
    await send(api, RECORD, made.scores(made.exam, student="80"), teacher)
    assert told(await send(api, POST, offering, teacher)) == refusal("CLOSED", ("input",))
    await send(api, RECORD, {**made.scores(made.exam, student="80"), "post": True}, teacher)
    assert (await api.data(BREAKDOWN, enrollment, user=student))["node"]["grade"] is None
    payload = await send(api, POST, {**offering, "userIds": [made.person("student")]}, teacher)
    assert payload == {
        "offering": {"id": offering["offeringId"]}, "postedCount": 1, "certificateCount": 0, "errors": [],
    }  # fmt: skip
    seen = {"finalScore": "60.00", "letterGrade": "D", "passed": True}
    assert (await api.data(BREAKDOWN, enrollment, user=student))["node"]["grade"] == seen
    # A score that is hidden does not move what is seen; once it is posted, it does.
    await send(api, RECORD, made.scores(made.talk, student="20"), teacher)
    assert (await api.data(BREAKDOWN, enrollment, user=student))["node"]["grade"] == seen
    await send(api, RECORD, {**made.scores(made.talk, student="20"), "post": True}, teacher)
    moved = (await api.data(BREAKDOWN, enrollment, user=student))["node"]["grade"]
    assert moved == {"finalScore": "85.00", "letterGrade": "D", "passed": True}
    rest = await send(api, POST, offering, teacher)
    assert rest["postedCount"] == 1
    assert (await send(api, POST, offering, teacher))["postedCount"] == 0
    hidden = await send(api, UNPOST, {**offering, "reason": "Too early."}, teacher)
    assert hidden["hiddenCount"] == 2
    assert (await api.data(BREAKDOWN, enrollment, user=student))["node"]["grade"] is None


async def test_what_is_frozen_stays(api, made, owner):
    teacher = made.world.people["instructor"]
    offering = {"offeringId": made.id("CourseOffering", made.offering)}
    await send(api, RECORD, {**made.scores(made.exam, student="80"), "post": True}, teacher)
    frozen = await send(api, FREEZE, {**offering, "reason": "The term is over."}, teacher)
    assert frozen["frozenAt"] is not None
    before = await everything(owner)
    for document, given in [
        (RECORD, made.scores(made.exam, student="90")),
        (OVERRIDE, made.whose("student", finalScore="95", reason="x")),
        (REMOVE, made.whose("student", reason="x")),
        (EXCUSE, made.whose("student", gradeItemId=made.id("GradeItem", made.talk), reason="x")),
        (POLICY, {**offering, "passMark": "1", "letterScheme": [], "categories": []}),
        (CREATE, {**offering, "title": "x", "points": "1"}),
        (UPDATE, {"gradeItemId": made.id("GradeItem", made.exam), "title": "x"}),
    ]:
        assert [code for code, _ in told(await send(api, document, given, teacher))] == ["CLOSED"]
    assert await everything(owner) == before
    assert (await send(api, POST, offering, teacher))["postedCount"] == 1
    # What changes a score by another way does not change the grade, until it is unfrozen.
    await owner.execute("UPDATE grade_item_scores SET score = 100 WHERE grade_item_id = $1", made.exam["id"])
    await api.service.jobs.drain()
    assert (await made.grade("student"))[0] == D("60.00")
    unfrozen = await send(api, UNFREEZE, {**offering, "reason": "A mistake."}, teacher)
    assert unfrozen["job"]["state"] == "QUEUED"
    await api.service.jobs.drain()
    assert (await made.grade("student"))[0] == D("75.00")


async def test_freezing_waits_for_who_changes_a_grade(api, made, owner):
    """Of changes and a freeze at once: every change that was taken was before it."""
    teacher = made.world.people["instructor"]
    offering = {"offeringId": made.id("CourseOffering", made.offering)}
    changes = [
        send(api, OVERRIDE, made.whose("student", finalScore=str(number), reason="x"), teacher) for number in range(20)
    ]
    changes.insert(10, send(api, FREEZE, {**offering, "reason": "x"}, teacher))
    payloads = await asyncio.gather(*changes)
    taken = [p["grade"]["finalScore"] for p in payloads if p.get("grade")]
    refused = [code for p in payloads for code, _ in told(p)]
    assert set(refused) <= {"CLOSED"}
    assert len(taken) + len(refused) == 20
    rows = await owner.fetch(
        "SELECT act, at FROM audit_log WHERE act IN ('grade.override', 'grade.freeze') ORDER BY id"
    )
    acts = [row["act"] for row in rows]
    assert acts.count("grade.override") == len(taken)
    score = await owner.fetchval(
        "SELECT final_score FROM grade_overrides WHERE course_offering_id = $1", made.offering["id"]
    )
    assert (await made.grade("student"))[0] == score


# ---- P24: replaying the audit log gives the table


async def test_replaying_the_audit_log_gives_the_tables(api, made, owner):
    """Random edits by several at once: every row of grades and of scores is what the log says that it became."""
    teacher, edits = made.world.people["instructor"], random.Random(24)  # noqa: S311 - no secret
    count = 1000 if THOROUGH else 60

    async def edit():
        name = edits.choice(["student", "other"])
        kind = edits.randrange(6)
        score = str(D(edits.randrange(10_001)) / 100)
        if kind == 0:
            await send(api, OVERRIDE, made.whose(name, finalScore=score, reason="r"), teacher)
        elif kind == 1:
            await send(api, REMOVE, made.whose(name, reason="r"), teacher)
        elif kind == 2:
            given = {"gradeItemId": made.id("GradeItem", made.talk), "isExcused": edits.random() < 0.5, "reason": "r"}
            await send(api, EXCUSE, made.whose(name, **given), teacher)
        else:
            item = edits.choice([made.exam, made.talk])
            value = None if edits.random() < 0.1 else score
            await send(api, RECORD, made.scores(item, **{name: value}), teacher)

    for _ in range(count // 4):
        await asyncio.gather(*(edit() for _ in range(4)))
    grades, scores = {}, {}
    rows = await owner.fetch("SELECT * FROM audit_log ORDER BY id")
    for row in rows:
        assert (row["user_id"], row["roles"], row["request_id"]) == (teacher, ["instructor"], "test-request")
        new, old = json.loads(row["new_values"] or "null"), json.loads(row["old_values"] or "null")
        if row["entity"] == "CourseGrade":
            assert grades.get(row["entity_id"]) == old
            grades[row["entity_id"]] = new
        elif row["entity"] == "GradeItemScore":
            key = (row["entity_id"], (new or old)["userId"])
            assert (scores.get(key) or {}).get("score") == (old or {}).get("score")
            scores[key] = new
    found = await owner.fetch(
        "SELECT id, user_id, final_score, letter_grade, passed, policy_version FROM course_grades"
        " WHERE course_offering_id = $1", made.offering["id"],
    )  # fmt: skip
    assert grades == {
        row["id"]: {
            "offeringId": made.offering["id"], "userId": row["user_id"],
            "finalScore": None if row["final_score"] is None else str(row["final_score"]),
            "letterGrade": row["letter_grade"], "passed": row["passed"], "policyVersion": row["policy_version"],
        } for row in found
    }  # fmt: skip
    found = await owner.fetch("SELECT * FROM grade_item_scores WHERE course_offering_id = $1", made.offering["id"])
    stored = {(row["grade_item_id"], row["user_id"]): str(row["score"]) for row in found}
    assert {key: new["score"] for key, new in scores.items() if new is not None} == stored


async def test_the_application_only_adds_to_the_audit_log(written, made):
    driver = await connect(written.app)
    try:
        for statement in ("UPDATE audit_log SET reason = 'x'", "DELETE FROM audit_log", "SELECT FROM audit_log"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await driver.execute(statement)
    finally:
        await driver.close()
