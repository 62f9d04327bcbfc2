"""Grades, what they are made of, and the gradebook as one matrix."""

import time
from datetime import UTC, datetime

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.world import POSTED, Rows


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


def at(moment):
    return moment.astimezone(UTC).isoformat()


POLICY = """query ($id: ID!) { offering(id: $id) {
  gradingPolicy { id passMark version letterScheme { letter lowestScore } offering { id } course { code }
    categories { name position weight dropLowest dropHighest minCount extraCredit } }
  gradeItems { id title points heldAt category { name } } } }"""


def policy(campus):
    category = {"dropLowest": 0, "dropHighest": 0, "minCount": 0, "extraCredit": False}
    return {
        "gradingPolicy": {
            "id": gid("GradingPolicy", campus["policy"]),
            "passMark": "55.00",
            "version": 1,
            "letterScheme": [{"letter": "A", "lowestScore": "90"}, {"letter": "B", "lowestScore": "80"}],
            "offering": None,
            "course": {"code": "P101"},
            "categories": [
                {**category, "name": "Homework", "position": 1, "weight": "40.00", "dropLowest": 1, "minCount": 3},
                {**category, "name": "Exams", "position": 2, "weight": "60.00"},
            ],
        },
        "gradeItems": [
            {
                "id": gid("GradeItem", campus["exam"]),
                "title": "Exam on paper",
                "points": "100.00",
                "heldAt": at(POSTED),
                "category": {"name": "Exams"},
            }
        ],
    }


@pytest.mark.parametrize("name", ["student", "other", "ta"])
async def test_how_a_grade_is_made(api, world, name):
    campus = world.alpha
    variables = {"id": gid("CourseOffering", campus["private"])}
    assert await api.data(POLICY, variables, user=world.people[name]) == {"offering": policy(campus)}
    assert len(api.statements) == 6  # offering, policy, course, categories, items, their categories


@pytest.mark.parametrize(("name", "university"), [(None, "ALPHA"), ("outsider", "ALPHA"), ("beta_admin", "BETA")])
async def test_who_does_not_see_the_offering_sees_nothing_of_it(api, world, name, university):
    campus, user = world.alpha, world.people[name] if name else None
    variables = {"id": gid("CourseOffering", campus["private"])}
    assert await api.data(POLICY, variables, user=user, university=university) == {"offering": None}
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
    ids = [gid("GradeItem", campus["exam"])]
    assert await api.data(document, {"ids": ids}, user=user, university=university) == {"nodes": [None]}


async def test_an_offering_of_its_own_mind(api, world, database):
    """Its own policy wins, and is hidden with the offering; a scheme that can't be read costs only itself."""
    campus = world.alpha
    driver = await connect(database.owner)
    rows, offering = Rows(driver), campus["private"]
    own = await rows.add(
        "grading_policies", university_id=offering["university_id"], course_id=offering["course_id"],
        course_offering_id=offering["id"], pass_mark=70, letter_scheme=[["no", "pair"]],
    )  # fmt: skip
    try:
        document = """query ($own: ID!, $other: ID!, $policy: ID!) {
          own: offering(id: $own) { gradingPolicy { passMark letterScheme { letter } categories { name } } }
          other: offering(id: $other) { gradingPolicy { passMark } course { gradingPolicy { passMark } } }
          node(id: $policy) { ... on GradingPolicy { passMark } } }"""
        variables = {
            "own": gid("CourseOffering", offering),
            "other": gid("CourseOffering", campus["public"]),
            "policy": gid("GradingPolicy", own),
        }
        other = {"gradingPolicy": {"passMark": "55.00"}, "course": {"gradingPolicy": {"passMark": "55.00"}}}
        shown = {"gradingPolicy": {"passMark": "70.00", "letterScheme": [], "categories": []}}
        seen = await api.data(document, variables, user=world.people["student"])
        assert seen == {"own": shown, "other": other, "node": {"passMark": "70.00"}}
        assert await api.data(document, variables) == {"own": None, "other": other, "node": None}
    finally:
        await driver.execute("DELETE FROM grading_policies WHERE id = $1", own["id"])
        await driver.close()


GRADES = """query ($id: ID!) { node(id: $id) { ... on Enrollment {
  grade { finalScore letterGrade passed postedAt }
  gradeItemScores { score postedAt gradedBy { displayName } gradeItem { title } } } } }"""


async def test_grades_show_once_they_are_posted(api, world, database):
    """Staff sees them all the while; the person not before; nobody else ever."""
    campus = world.alpha
    variables = {"id": gid("Enrollment", campus["enrollment_0"])}
    grade = {"finalScore": "90.00", "letterGrade": "A", "passed": True, "postedAt": at(POSTED)}
    score = {"score": "70.00", "postedAt": at(POSTED), "gradedBy": None, "gradeItem": {"title": "Exam on paper"}}
    posted = {"node": {"grade": grade, "gradeItemScores": [score]}}
    assert await api.data(GRADES, variables, user=world.people["student"]) == posted
    assert await api.data(GRADES, variables, user=world.people["ta"]) == posted
    assert await api.data(GRADES, variables, user=world.people["other"]) == {"node": None}
    driver = await connect(database.owner)
    user, grader = world.people["student"], world.people["instructor"]
    where = " WHERE user_id = $1 AND university_id = $3"
    change = (
        "UPDATE course_grades SET posted_at = $2" + where,
        "UPDATE grade_item_scores SET posted_at = $2, graded_by = $4" + where,
    )
    tenant = campus.university["id"]
    try:
        for moment in (None, datetime(2999, 1, 1, tzinfo=UTC)):
            await driver.execute(change[0], user, moment, tenant)
            await driver.execute(change[1], user, moment, tenant, grader)
            hidden = await api.data(GRADES, variables, user=user)
            assert hidden == {"node": {"grade": None, "gradeItemScores": []}}
            found = await api.data("query ($id: ID!) { node(id: $id) { id } }",
                                   {"id": gid("CourseGrade", campus["grade_0"])}, user=user)  # fmt: skip
            assert found == {"node": None}
            staff = await api.data(GRADES, variables, user=world.people["ta"])
            shown = None if moment is None else at(moment)
            assert staff == {
                "node": {
                    "grade": {**grade, "postedAt": shown},
                    "gradeItemScores": [{**score, "postedAt": shown, "gradedBy": {"displayName": "ALPHA instructor"}}],
                }
            }
        await driver.execute(change[1], user, POSTED, tenant, grader)
        seen = await api.data(GRADES, variables, user=user)
        assert seen["node"]["gradeItemScores"] == [score]  # who graded is not told
    finally:
        await driver.execute(change[0], user, POSTED, tenant)
        await driver.execute(change[1], user, POSTED, tenant, None)
        await driver.close()


GRADEBOOK = """query ($id: ID!, $first: Int, $after: String) { offering(id: $id) { gradebook {
  columns { itemId kind title points dueAt category { name }
    contentItem { ... on ContentItem { title } } gradeItem { title } }
  rows(first: $first, after: $after) { pageInfo { hasNextPage endCursor } edges { node {
    displayName finalScore letterGrade isOverridden user { displayName } enrollment { status }
    cells { score maxScore status column { title } } } } } } } }"""
LEAN = """query ($id: ID!, $first: Int) { offering(id: $id) { gradebook { columns { itemId title points }
  rows(first: $first) { edges { node { displayName finalScore cells { score maxScore status } } } } } } }"""
STUDENTS, QUIZZES, ASSIGNMENTS, EXAMS = 100, 20, 15, 5


@pytest.fixture(scope="module")
async def full(database, world):
    """An offering of 100 students and 40 columns, where everybody has two attempts or submissions; deleted again."""
    driver = await connect(database.owner)
    rows, tenant = Rows(driver), {"university_id": world.alpha.university["id"]}
    course = await rows.add("courses", **tenant, code="GB1", title="Graded", is_published=True)
    unit, hidden = await rows.module(course), await rows.module(course, sequence_index=2, is_published=False)
    second = await rows.module(course, unit)
    offering = await rows.add("course_offerings", **tenant, course_id=course["id"], visibility="private")
    here = {**tenant, "course_offering_id": offering["id"]}
    items = []
    for number in range(QUIZZES + ASSIGNMENTS):
        kind = "quiz" if number < QUIZZES else "assignment"
        module = second if number % 2 else unit
        items.append(await rows.item(module, kind, title=f"{kind} {number}", sequence_index=number))
    await rows.item(hidden, "quiz", title="Hidden")
    await rows.item(unit, "quiz", title="Inactive", sequence_index=90, is_active=False)
    await rows.item(unit, "text", title="An article", sequence_index=91)
    exams = [
        await rows.add("grade_items", **here, title=f"Exam {n}", points=50,
                       held_at=datetime(2026, 12, 10 - n, tzinfo=UTC))
        for n in range(EXAMS)
    ]  # fmt: skip
    asked = {**here, "course_id": course["id"], "content_item_id": items[0]["id"]}
    await rows.add("content_item_settings", **asked, points=25, due_at=POSTED)
    await rows.add("content_item_settings", **asked, points=99, user_id=world.people["student"])
    await driver.execute(
        "INSERT INTO users (email, full_name, password_hash) SELECT 'gb' || n || '@test.example', 'gb', '!'"
        " FROM generate_series(1, $1::int) n", STUDENTS,
    )  # fmt: skip
    await driver.execute(
        "INSERT INTO university_members (university_id, user_id, display_name, email)"
        " SELECT $1, id, 'Student ' || lpad(substring(email from '[0-9]+'), 3, '0'), email FROM users"
        " WHERE full_name = 'gb'", tenant["university_id"],
    )  # fmt: skip
    people = "FROM course_enrollments e CROSS JOIN unnest($2::bigint[]) i(id) WHERE e.course_offering_id = $1"
    await driver.execute(
        "INSERT INTO course_enrollments (university_id, user_id, course_offering_id)"
        " SELECT $1, id, $2 FROM users WHERE full_name = 'gb'", tenant["university_id"], offering["id"],
    )  # fmt: skip
    await rows.add("course_enrollments", **here, user_id=world.people["student"], status="dropped")
    quizzes = [item["id"] for item in items[:QUIZZES]]
    work = [item["id"] for item in items[QUIZZES:]]
    await driver.execute(
        "INSERT INTO quiz_attempts (university_id, user_id, course_offering_id, course_id, content_item_id,"
        " attempt_number, status, submitted_at, score_obtained, max_score)"
        f" SELECT e.university_id, e.user_id, $1, $3, i.id, n, 'graded', now(), 10 - n, 10"
        f" {people.replace(' WHERE', ' CROSS JOIN generate_series(1, 2) n WHERE')} AND e.status = 'active'",
        offering["id"], quizzes, course["id"],
    )  # fmt: skip
    await driver.execute(
        "INSERT INTO lab_submissions (university_id, user_id, course_offering_id, course_id, content_item_id,"
        " content_type, attempt_number, status, graded_at, score_obtained, max_score)"
        f" SELECT e.university_id, e.user_id, $1, $3, i.id, 'assignment', n,"
        "   CASE n WHEN 3 THEN 'submitted' ELSE 'graded' END, CASE n WHEN 3 THEN NULL ELSE now() END,"
        "   CASE n WHEN 3 THEN NULL ELSE n END, 20"
        f" {people.replace(' WHERE', ' CROSS JOIN generate_series(1, 3) n WHERE')} AND e.status = 'active'",
        offering["id"], work, course["id"],
    )  # fmt: skip
    await driver.execute(
        "INSERT INTO grade_item_scores (university_id, course_offering_id, user_id, grade_item_id, score)"
        f" SELECT e.university_id, $1, e.user_id, i.id, 40 {people} AND e.status = 'active'",
        offering["id"], [exam["id"] for exam in exams],
    )  # fmt: skip
    await driver.execute("ANALYZE")
    first = await driver.fetchval("SELECT user_id FROM university_members WHERE display_name = 'Student 001'")
    await rows.add("course_grades", **here, user_id=first, final_score=80, letter_grade="B")
    await rows.add("grade_overrides", **here, user_id=first, final_score=95, letter_grade="A", reason="Read again",
                   overridden_by=world.people["admin"])  # fmt: skip
    yield {"course": course, "offering": offering, "items": items, "exams": exams, "first": first, "driver": driver}
    for table in ("quiz_attempts", "lab_submissions", "grade_item_scores", "grade_overrides", "course_grades",
                  "content_item_settings", "grade_items", "course_enrollments"):  # fmt: skip
        await driver.execute(f"DELETE FROM {table} WHERE course_offering_id = $1", offering["id"])
    await driver.execute("DELETE FROM course_offerings WHERE id = $1", offering["id"])
    await driver.execute("DELETE FROM content_items WHERE course_id = $1", course["id"])
    await driver.execute("DELETE FROM modules WHERE course_id = $1", course["id"])
    await driver.execute("DELETE FROM courses WHERE id = $1", course["id"])
    await driver.execute("DELETE FROM university_members m USING users u WHERE u.id = m.user_id AND full_name = 'gb'")
    await driver.execute("DELETE FROM users WHERE full_name = 'gb'")
    await driver.close()


def titles_in_order():
    in_unit = [n for n in range(QUIZZES + ASSIGNMENTS) if n % 2 == 0]
    below = [n for n in range(QUIZZES + ASSIGNMENTS) if n % 2]
    items = [f"{'quiz' if n < QUIZZES else 'assignment'} {n}" for n in (*in_unit, *below)]
    return [*items, *(f"Exam {n}" for n in reversed(range(EXAMS)))]


async def test_the_whole_gradebook(api, world, full):
    variables = {"id": gid("CourseOffering", full["offering"]), "first": 60}
    book = (await api.data(GRADEBOOK, variables, user=world.people["admin"]))["offering"]["gradebook"]
    assert [column["title"] for column in book["columns"]] == titles_in_order()
    empty = {"points": None, "dueAt": None, "category": None, "gradeItem": None}
    quiz = gid("QuizContent", full["items"][0])
    assert book["columns"][0] == {
        **empty, "itemId": quiz, "kind": "QUIZ", "title": "quiz 0", "contentItem": {"title": "quiz 0"},
        "points": "25.00", "dueAt": at(POSTED),
    }  # fmt: skip
    assert book["columns"][-1] == {
        **empty, "itemId": gid("GradeItem", full["exams"][0]), "kind": "GRADE_ITEM", "title": "Exam 0",
        "points": "50.00", "dueAt": "2026-12-10T00:00:00+00:00", "contentItem": None, "gradeItem": {"title": "Exam 0"},
    }  # fmt: skip
    rows = [edge["node"] for edge in book["rows"]["edges"]]
    variables["after"] = book["rows"]["pageInfo"]["endCursor"]
    rest = (await api.data(GRADEBOOK, variables, user=world.people["admin"]))["offering"]["gradebook"]["rows"]
    assert rest["pageInfo"]["hasNextPage"] is False
    rows += [edge["node"] for edge in rest["edges"]]
    assert [row["displayName"] for row in rows] == [f"Student {n:03}" for n in range(1, STUDENTS + 1)]
    cell = {"status": "GRADED"}
    worth = {"quiz": ("9.00", "10.00"), "assignment": ("2.00", "20.00"), "Exam": ("40.00", "50.00")}
    for number, row in enumerate(rows):
        assert [row["user"], row["enrollment"]] == [{"displayName": row["displayName"]}, {"status": "ACTIVE"}]
        final = ["95.00", "A", True] if number == 0 else [None, None, False]
        assert [row["finalScore"], row["letterGrade"], row["isOverridden"]] == final
        assert row["cells"] == [
            {**cell, "score": worth[title.split()[0]][0], "maxScore": worth[title.split()[0]][1],
             "column": {"title": title}}
            for title in titles_in_order()
        ]  # fmt: skip


@pytest.mark.parametrize("first", [1, 100])
async def test_statements_of_the_gradebook(api, world, full, first):
    """The offering, the columns and their order, a page of people, the cells: five, whatever the number of either."""
    variables = {"id": gid("CourseOffering", full["offering"]), "first": first}
    data = await api.data(LEAN, variables, user=world.people["admin"])
    assert sum(len(e["node"]["cells"]) for e in data["offering"]["gradebook"]["rows"]["edges"]) == 40 * first
    assert len(api.statements) == 5


@pytest.mark.alone
async def test_the_gradebook_is_quick(api, world, full):
    variables = {"id": gid("CourseOffering", full["offering"]), "first": 100}
    times = []
    for _ in range(8):
        begun = time.perf_counter()
        response = await api.post(LEAN, variables, user=world.people["admin"])
        times.append(time.perf_counter() - begun)
    print(f"4,000 cells, {len(response.content)} bytes: {min(times) * 1000:.0f} ms at best")  # noqa: T201
    assert min(times) < 1  # some hundredths on a quiet machine


async def test_cells_that_are_not_graded(api, world, full):
    """Nothing there, begun, waiting; of two scores the better one. No test below reads this person's cells."""
    driver, user, items = full["driver"], full["first"], full["items"]
    keys = (full["offering"]["id"], user)
    for table, item, change in (
        ("quiz_attempts", items[0], "DELETE FROM {} "),
        ("quiz_attempts", items[1], "UPDATE {} SET score_obtained = NULL, status = 'submitted'"),
        ("quiz_attempts", items[2], "UPDATE {} SET score_obtained = NULL, status = 'submitted'"),
        ("lab_submissions", items[20], "UPDATE {} SET graded_at = NULL, score_obtained = NULL, status = 'grading'"),
    ):
        where = " WHERE course_offering_id = $1 AND user_id = $2 AND content_item_id = $3"
        await driver.execute(change.format(table) + where, *keys, item["id"])
    where = " WHERE course_offering_id = $1 AND user_id = $2 AND content_item_id = $3 AND attempt_number = 2"
    await driver.execute(
        "UPDATE quiz_attempts SET status = 'in_progress', submitted_at = NULL" + where, *keys, items[2]["id"]
    )
    await driver.execute("UPDATE quiz_attempts SET score_obtained = 9.5" + where, *keys, items[3]["id"])
    document = """query ($id: ID!) { offering(id: $id) { gradebook { rows(first: 1) { edges { node {
      cells { score maxScore status column { title } } } } } } } }"""
    data = await api.data(document, {"id": gid("CourseOffering", full["offering"])}, user=world.people["admin"])
    cells = {
        cell["column"]["title"]: (cell["score"], cell["maxScore"], cell["status"])
        for cell in data["offering"]["gradebook"]["rows"]["edges"][0]["node"]["cells"]
    }
    assert {title: cells[title] for title in ("quiz 0", "quiz 1", "quiz 2", "quiz 3", "assignment 20")} == {
        "quiz 0": (None, "25.00", "NOT_SUBMITTED"),
        "quiz 1": (None, "10.00", "SUBMITTED"),
        "quiz 2": (None, "10.00", "IN_PROGRESS"),
        "quiz 3": ("9.50", "10.00", "GRADED"),
        "assignment 20": (None, "20.00", "SUBMITTED"),
    }


@pytest.mark.parametrize(("name", "university", "expected"), [
    (None, "ALPHA", None), ("outsider", "ALPHA", None), ("other", "ALPHA", None), ("beta_admin", "BETA", None),
    ("student", "ALPHA", {"gradebook": None}),
])  # fmt: skip
async def test_the_gradebook_is_for_staff(api, world, full, name, university, expected):
    variables = {"id": gid("CourseOffering", full["offering"]), "first": 5}
    user = world.people[name] if name else None
    data = await api.data(LEAN, variables, user=user, university=university)
    assert data == {"offering": expected}
    assert len(api.statements) <= 1
