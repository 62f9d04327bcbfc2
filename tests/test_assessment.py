"""Attempts, submissions and questions: every field, for who may see it, and nothing of it for who may not."""

import json
import logging

import pytest
from graphql import GraphQLObjectType, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit

from lms_graphql.engine.relay import GlobalId
from lms_graphql.schema import build
from lms_graphql.storage.database import connect
from tests.world import Rows

EVERYBODY = [None, "outsider", "beta_student", "beta_admin", "student", "other", "instructor", "ta", "admin"]
STAFF = {"instructor", "ta", "admin"}

OF_ATTEMPTS = """
fragment Option on QuestionOption { key text side }
fragment Question on Question { id databaseId number version type points stem options { ...Option } hints isActive
  createdAt updatedAt pool { title }
  answerKey { correct value tolerance accepted isCaseSensitive isPattern order pairs { left right } explanation } }
fragment Attempt on QuizAttempt { id databaseId attemptNumber status startedAt submittedAt deadlineAt scoreObtained
  maxScore passed revision user { displayName } offering { termName } quiz { title }
  correctInRow longestInRow review { isAvailable heldBack availableAt }
  questions { position points type stem options { ...Option } hints pointsAwarded
    answerKey { correct value tolerance accepted isCaseSensitive isPattern order pairs { left right } explanation }
    response { chosen value text order pairs { left right } } question { ...Question } } }
"""
OF_SUBMISSIONS = """
fragment Result on TestResult { name passed points message }
fragment Submission on Submission { id databaseId attemptNumber status submittedAt artifactsUrl revision gradedAt
  postedAt score maxScore feedback publicResults { ...Result }
  staffDetails { hiddenResults { ...Result } autoGradeResults { ...Result } gradedBy { displayName } }
  user { displayName } offering { termName } item { __typename } }
"""
OF_WORK = """
fragment Work on Submission { text lateSeconds latePenaltyPercent rawScore
  rubricResult { title points maxPoints comment } files { ...File } }
fragment File on Upload { id databaseId fileName mediaType sizeBytes state sha256 createdAt expiresAt url
  target { url method headers { name value } expiresAt } }
fragment Rubric on RubricCriterion { id title description points ratings { title points } }
"""
OF_POOLS = """
fragment Pool on QuestionPool { id databaseId title createdAt updatedAt course { code }
  questions(first: 5) { totalCount edges { node { ...Question } } } }
"""
OF_USAGE = """
fragment Usage on QuestionUsage { quizCount publishedQuizCount openAttemptCount finishedAttemptCount
  quizzes(first: 5) { edges { node { isPublished quiz { title } } } } }
fragment UsedPool on QuestionPool { version usage { ...Usage } }
fragment UsedQuestion on Question { usage { ...Usage } versions(first: 2) { edges { node { ...Question } } } }
"""
DOORS = (
    """query Doors($offering: ID!, $course: ID!, $quiz: ID!, $lab: ID!, $work: ID!, $ids: [ID!]!) {
  quiz: contentItem(id: $quiz) { ... on QuizContent {
    viewerAttempts(offering: $offering) { ...Attempt } questionPool { ...Pool } } }
  lab: contentItem(id: $lab) { ... on EngineeringLabContent { rubric { ...Rubric }
    viewerSubmissions(offering: $offering) { ...Submission } } }
  work: contentItem(id: $work) { ... on AssignmentContent { rubric { ...Rubric }
    viewerSubmissions(offering: $offering) { ...Submission } } }
  offering(id: $offering) {
    quizAttempts(first: 9) { totalCount edges { node { ...Attempt } } }
    submissions(first: 9) { totalCount edges { node { ...Submission } } }
    needsGrading(first: 9) { totalCount edges { node { ...Submission } } }
    enrollments(first: 9) { edges { node {
      quizAttempts(first: 9) { edges { node { ...Attempt } } }
      submissions(first: 9) { edges { node { ...Submission } } } } } } }
  course(id: $course) { questionPools(first: 5) { totalCount edges { node { ...Pool } } } }
  questionPools(first: 5) { totalCount edges { node { ...Pool } } }
  university(by: {shortCode: "ALPHA"}) { questionPools(first: 5) { totalCount edges { node { ...Pool } } } }
  attempts: nodes(ids: $ids) { ...Attempt }
  submissions: nodes(ids: $ids) { ...Submission ...Work }
  pools: nodes(ids: $ids) { ...Pool ...UsedPool }
  questions: nodes(ids: $ids) { ...Question ...UsedQuestion }
}"""
    + OF_ATTEMPTS
    + OF_SUBMISSIONS
    + OF_WORK
    + OF_POOLS
    + OF_USAGE
)


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


def person(world, name):
    return world.people[name] if name else None


def everything_of(campus):
    """The ids of all that is not for everybody, by name."""
    students = [number for number in range(5) if f"enrollment_{number}" in campus.rows]
    ids = {"pool": gid("QuestionPool", campus["pool"])}
    ids |= {f"question_{version}": gid("Question", campus[f"question_{version}"]) for version in (1, 2)}
    for number in students:
        ids |= {f"{key}_{number}": gid("QuizAttempt", campus[f"{key}_{number}"]) for key in ("attempt", "open")}
        for key in ("posted", "later", "unposted", "waiting"):
            ids[f"{key}_{number}"] = gid("Submission", campus[f"{key}_{number}"])
    return ids


def doors(campus):
    return {
        "offering": gid("CourseOffering", campus["private"]),
        "course": gid("Course", campus["course"]),
        "quiz": gid("QuizContent", campus["quiz"]),
        "lab": gid("EngineeringLabContent", campus["engineering_lab"]),
        "work": gid("AssignmentContent", campus["assignment"]),
        "ids": list(everything_of(campus).values()),
    }


# secrets


OF_MUTATIONS = ("Connection", "Edge", "Payload", "Result", "CopiedQuestion", "ImportedItem")
"""Types that only mutations and pages lead to."""


def test_the_doors_ask_for_every_field():
    """A field that is added to one of these types has to be added to the document, and so to the tests of secrets."""
    schema, asked = build().graphql, set()
    info = TypeInfo(schema)

    class Collector(Visitor):
        def enter_field(self, node, *_):
            asked.add(f"{info.get_parent_type().name}.{node.name.value}")

    visit(parse(DOORS), TypeInfoVisitor(info, Collector()))
    own = [
        type_
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLObjectType) and _module(type_) == "lms_graphql.assessment.types"
    ]
    assert {type_.name for type_ in own} == {
        "AnswerKey", "AttemptQuestion", "OptionPair", "Question", "QuestionOption", "QuestionPool", "QuestionResponse",
        "QuestionUsage", "QuizAttempt", "QuizUse", "AttemptReview", "Submission", "SubmissionStaffDetails",
        "TestResult",
        "RequestHeader", "RubricCriterion", "RubricJudgement", "RubricRating", "Upload", "UploadTarget",
    }  # fmt: skip
    fields = {f"{type_.name}.{name}" for type_ in own for name in type_.fields}
    assert fields - asked == set()
    leading_here = {
        f"{type_.name}.{name}"
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLObjectType) and not type_.name.endswith(OF_MUTATIONS)
        for name, field in type_.fields.items()
        if get_named_type(field.type).name.removesuffix("CountedConnection").removesuffix("Connection")
        in {type_.name for type_ in own}
    }
    assert leading_here - asked == set()


def _module(type_):
    definition = type_.extensions.get("strawberry-definition")
    return getattr(getattr(definition, "origin", None), "__module__", None)


@pytest.mark.parametrize("name", EVERYBODY)
async def test_no_door_shows_a_secret(api, world, name):
    """Keys, explanations, questions not drawn, hidden results, grades not posted: for staff only, by whatever path."""
    answer = await api.post(DOORS, doors(world.alpha), user=person(world, name))
    assert answer.json().get("errors") is None, answer.text
    staff = name in STAFF
    for secret in ("SECRET", "77.77", "99.99", "SECRET explanation", "SECRET version 2", "SECRET hidden",
                   "SECRET automatic", "SECRET feedback"):  # fmt: skip
        assert (secret in answer.text) == staff, secret
    pools = answer.json()["data"]["questionPools"]
    assert (pools["totalCount"], len(pools["edges"])) == ((1, 1) if staff else (0, 0))
    statements = " ".join(api.statements)
    if not staff:
        # Right answers lie in a statement that asks whether they may be told; no other one names them.
        for statement in api.statements:
            assert "question_keys.answer" not in statement or "submitted_at IS NULL" in statement, statement
        for column in ("hidden_results", "auto_grade_json", "graded_by"):
            assert column not in statements, column


@pytest.mark.parametrize("name", EVERYBODY)
async def test_who_finds_what_by_its_id(api, world, name):
    """By node and nodes: staff all; a student the own attempts and submissions; nobody else anything."""
    ids = everything_of(world.alpha)
    own = {"student": "_0", "other": "_1"}.get(name or "")
    mine = {key for key in ids if own and key.endswith(own) and not key.startswith("question")}
    seen = set(ids) if name in STAFF else mine
    data = await api.data(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": list(ids.values())}, user=person(world, name)
    )
    assert [node and node["id"] for node in data["nodes"]] == [ids[key] if key in seen else None for key in ids]
    for key, text in ids.items():
        data = await api.data("query ($id: ID!) { node(id: $id) { id } }", {"id": text}, user=person(world, name))
        assert data["node"] == ({"id": text} if key in seen else None), key


@pytest.mark.parametrize("name", ["admin", "student"])
async def test_nothing_of_another_university(api, world, name):
    """Its ids lead nowhere, whoever asks, though the student is a member of both."""
    assert set(everything_of(world.beta)) >= {"attempt_0", "attempt_1", "pool"}
    data = await api.data(DOORS, doors(world.beta), user=world.people[name])
    expected = {"quiz": None, "lab": None, "work": None, "offering": None, "course": None}
    assert {key: data[key] for key in expected} == expected
    for kind in ("attempts", "submissions", "pools", "questions"):
        assert data[kind] == [None] * len(everything_of(world.beta))
    assert "BETA" not in json.dumps(data)
    quiz = """query ($quiz: ID!, $offering: ID!) {
      contentItem(id: $quiz) { ... on QuizContent { viewerAttempts(offering: $offering) { id } } } }"""
    foreign = {"quiz": gid("QuizContent", world.alpha["quiz"]), "offering": doors(world.beta)["offering"]}
    data = await api.data(quiz, foreign, user=world.people["student"])
    assert data == {"contentItem": {"viewerAttempts": []}}


# what is shown


def attempt_of(campus, number, name):
    """The answer for the graded attempt, as its person sees it."""
    return {
        "id": gid("QuizAttempt", campus[f"attempt_{number}"]),
        "databaseId": str(campus[f"attempt_{number}"]["id"]),
        "attemptNumber": 1,
        "status": "GRADED",
        "startedAt": "2026-09-01T12:00:00+00:00",
        "submittedAt": "2026-09-01T12:05:00+00:00",
        "deadlineAt": "2026-09-01T12:30:00+00:00",
        "scoreObtained": "0.50",
        "maxScore": "1.00",
        "passed": False,
        "revision": 1,
        "correctInRow": None,
        "longestInRow": None,
        "review": {"isAvailable": False, "heldBack": "ATTEMPT_OPEN", "availableAt": None},
        "user": {"displayName": name},
        "offering": {"termName": "private"},
        "quiz": {"title": "A quiz"},
        "questions": [
            {
                "position": 1,
                "points": "1.00",
                "type": "SINGLE_CHOICE",
                "stem": "What is a force?",
                "options": [
                    {"key": "b", "text": "A colour", "side": None},
                    {"key": "a", "text": "A push", "side": None},
                ],
                "hints": ["Think."],
                "pointsAwarded": "0.50",
                "response": {"chosen": ["a"], "value": None, "text": None, "order": [], "pairs": []},
                "question": None,
                "answerKey": None,
            }
        ],
    }


async def test_a_student_sees_the_own_attempts_whole(api, world):
    document = (
        """query ($quiz: ID!, $offering: ID!) {
      contentItem(id: $quiz) { ... on QuizContent { viewerAttempts(offering: $offering) { ...Attempt } } } }"""
        + OF_ATTEMPTS
    )
    alpha = world.alpha
    variables = {"quiz": doors(alpha)["quiz"], "offering": doors(alpha)["offering"]}
    data = await api.data(document, variables, user=world.people["student"])
    graded, begun = data["contentItem"]["viewerAttempts"]
    assert graded == attempt_of(alpha, 0, "ALPHA student")
    assert (begun["attemptNumber"], begun["status"], begun["submittedAt"]) == (2, "IN_PROGRESS", None)
    assert (begun["scoreObtained"], begun["passed"], begun["deadlineAt"]) == (None, None, None)
    assert begun["questions"] == [{**graded["questions"][0], "pointsAwarded": None, "response": None}]
    # the item, the attempts, their people, their offerings, what was drawn, what is told of it, and keys that are
    assert len(api.statements) == 7
    data = await api.data(document, variables, user=world.people["other"])
    assert data["contentItem"]["viewerAttempts"][0] == attempt_of(alpha, 1, "ALPHA other")
    for name in (None, "outsider", "admin"):
        data = await api.data(document, variables, user=person(world, name))
        assert data["contentItem"]["viewerAttempts"] == [], name


async def test_staff_see_a_drawn_question_with_its_answer(api, world):
    document = "query ($id: ID!) { node(id: $id) { ...Attempt } }" + OF_ATTEMPTS
    data = await api.data(document, {"id": gid("QuizAttempt", world.alpha["attempt_1"])}, user=world.people["ta"])
    (drawn,) = data["node"]["questions"]
    question = drawn["question"]
    assert question["createdAt"]
    assert question["updatedAt"]
    assert question | {"createdAt": "", "updatedAt": ""} == {
        "id": gid("Question", world.alpha["question_1"]),
        "databaseId": str(world.alpha["question_1"]["id"]),
        "number": 1,
        "version": 1,
        "type": "SINGLE_CHOICE",
        "points": "1.00",
        "stem": "SECRET version 1",
        "options": [{"key": "a", "text": "A push", "side": None}, {"key": "b", "text": "A colour", "side": None}],
        "hints": ["Think."],
        "isActive": False,
        "createdAt": "",
        "updatedAt": "",
        "pool": {"title": "ALPHA pool"},
        "answerKey": {
            "correct": ["SECRET a"],
            "value": None,
            "tolerance": None,
            "accepted": [],
            "isCaseSensitive": False,
            "isPattern": False,
            "order": [],
            "pairs": [],
            "explanation": "SECRET explanation",
        },
    }
    assert data["node"] | {"questions": []} == attempt_of(world.alpha, 1, "ALPHA other") | {"questions": []}
    assert drawn["answerKey"] == question["answerKey"]
    shown = drawn | {"question": None, "answerKey": None}
    assert shown == attempt_of(world.alpha, 1, "ALPHA other")["questions"][0]


GRADE = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Submission {
  status gradedAt postedAt score maxScore feedback artifactsUrl publicResults { name passed points message }
  item { __typename } staffDetails { hiddenResults { name passed points message }
    autoGradeResults { name passed points message } gradedBy { displayName } } } } }"""
RUNS = [{"name": "runs", "passed": True, "points": "2.5", "message": None}]
FOR_STAFF = {
    "hiddenResults": [{"name": "SECRET hidden", "passed": False, "points": None, "message": "SECRET message"}],
    "autoGradeResults": [{"name": "SECRET automatic", "passed": True, "points": None, "message": None}],
    "gradedBy": {"displayName": "ALPHA instructor"},
}


def submission(key, kind, **given):
    return {
        "status": "GRADED",
        "gradedAt": "2026-09-02T12:00:00+00:00",
        "postedAt": None,
        "score": None,
        "maxScore": None,
        "feedback": None,
        "artifactsUrl": f"https://files.example/{key}.zip",
        "publicResults": [],
        "item": {"__typename": kind},
        "staffDetails": None,
        **given,
    }


async def test_grades_are_shown_from_the_moment_they_are_posted(api, world):
    """To the person; to staff before. Posted at a time to come is not posted yet."""
    keys = ("posted", "later", "unposted", "waiting")
    ids = {"ids": [gid("Submission", world.alpha[f"{key}_0"]) for key in keys]}
    later = "2999-01-01T00:00:00+00:00"
    lab, work = "EngineeringLabContent", "AssignmentContent"
    shown = {
        "postedAt": "2026-09-03T00:00:00+00:00",
        "score": "80.00",
        "maxScore": "100.00",
        "feedback": "Sound.",
        "publicResults": RUNS,
    }
    data = await api.data(GRADE, ids, user=world.people["student"])
    assert data["nodes"] == [
        submission("posted", lab, **shown),
        submission("later", lab, postedAt=later, publicResults=RUNS),
        submission("unposted", work),
        submission("waiting", work, status="SUBMITTED", gradedAt=None),
    ]
    nothing = {"hiddenResults": [], "autoGradeResults": []}
    secret = {"score": "77.77", "maxScore": "99.99", "feedback": "SECRET feedback"}
    data = await api.data(GRADE, ids, user=world.people["ta"])
    assert data["nodes"] == [
        submission("posted", lab, **shown, staffDetails=FOR_STAFF),
        submission("later", lab, **secret, postedAt=later, publicResults=RUNS, staffDetails=FOR_STAFF),
        submission("unposted", work, **secret, staffDetails=nothing | {"gradedBy": FOR_STAFF["gradedBy"]}),
        submission("waiting", work, status="SUBMITTED", gradedAt=None, staffDetails=nothing | {"gradedBy": None}),
    ]
    data = await api.data(GRADE, ids, user=world.people["other"])
    assert data["nodes"] == [None] * 4


async def test_results_are_fetched_only_when_they_are_asked_for(api, world):
    variables = {"id": gid("Submission", world.alpha["posted_0"])}
    await api.data("query ($id: ID!) { node(id: $id) { ... on Submission { score } } }", variables,
                   user=world.people["admin"])  # fmt: skip
    assert "results" not in api.statements[0]
    await api.data(GRADE, {"ids": [variables["id"]]}, user=world.people["admin"])
    assert "hidden_results" in api.statements[0]
    assert "auto_grade_json" in api.statements[0]


# lists


NEEDS_GRADING = """query ($id: ID!, $filter: SubmissionFilter, $after: String) { offering(id: $id) {
  needsGrading(first: 1, filter: $filter, after: $after) {
    totalCount edges { node { id } } pageInfo { endCursor } } } }"""


@pytest.fixture
async def waiting(database, world):
    """One more submission that waits, older than all others; gone after the test."""
    driver = await connect(database.owner)
    enrollment = world.alpha["enrollment_1"]
    row = await Rows(driver).add(
        "lab_submissions",
        **{key: enrollment[key] for key in ("university_id", "user_id", "course_offering_id")},
        course_id=world.alpha["course"]["id"],
        content_item_id=world.alpha["engineering_lab"]["id"],
        content_type="engineering_lab",
        attempt_number=9,
        submitted_at=world.alpha["waiting_0"]["submitted_at"].replace(year=2025),
        public_results=[1],
        hidden_results={"tests": []},
        auto_grade_json=[],
    )
    yield row
    await driver.execute("DELETE FROM lab_submissions WHERE id = $1", row["id"])
    await driver.close()


async def test_the_queue_of_what_needs_grading(api, world, waiting):
    """The oldest first, whatever its number; counted; by item; the next page behind the first."""
    alpha = world.alpha
    expected = [gid("Submission", row) for row in (waiting, alpha["waiting_0"], alpha["waiting_1"])]
    found, after = [], None
    for _ in range(3):
        variables = {"id": doors(alpha)["offering"], "after": after}
        page = (await api.data(NEEDS_GRADING, variables, user=world.people["ta"]))["offering"]["needsGrading"]
        assert page["totalCount"] == 3
        assert len(api.statements) == 3  # the offering, the page, the count
        found += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert found == expected
    for item, count in (("work", 2), ("lab", 1), ("quiz", 0), ("offering", 0)):
        variables = {"id": doors(alpha)["offering"], "filter": {"item": doors(alpha)[item]}}
        page = (await api.data(NEEDS_GRADING, variables, user=world.people["ta"]))["offering"]["needsGrading"]
        assert page["totalCount"] == count, item
        assert [edge["node"]["id"] for edge in page["edges"]] == {
            "work": expected[1:2], "lab": expected[:1], "quiz": [], "offering": [],
        }[item]  # fmt: skip
    variables = {"id": doors(alpha)["offering"]}
    page = (await api.data(NEEDS_GRADING, variables, user=world.people["student"]))["offering"]["needsGrading"]
    assert page == {"totalCount": 0, "edges": [], "pageInfo": {"endCursor": None}}


async def test_the_queue_reads_its_own_index(database, world):
    """At 20,000 submissions of one offering, one in a hundred of which waits."""
    driver = await connect(database.owner)
    transaction = driver.transaction()
    await transaction.start()
    try:
        await driver.execute(
            "INSERT INTO lab_submissions (university_id, user_id, course_offering_id, course_id, content_item_id,"
            " content_type, attempt_number, graded_at) SELECT university_id, user_id, course_offering_id, course_id,"
            " content_item_id, content_type, n + 100, CASE WHEN n % 100 > 0 THEN now() END FROM lab_submissions,"
            " generate_series(1, 20000) n WHERE id = $1",
            world.alpha["waiting_0"]["id"],
        )
        await driver.execute("ANALYZE lab_submissions")
        plan = await driver.fetch(
            "EXPLAIN SELECT * FROM lab_submissions WHERE university_id = $1 AND course_offering_id = $2"
            " AND graded_at IS NULL ORDER BY submitted_at, id LIMIT 20",
            world.alpha.university["id"],
            world.alpha["private"]["id"],
        )
        assert "ix_lab_submissions_waiting" in "\n".join(row[0] for row in plan)
    finally:
        await transaction.rollback()
        await driver.close()


LISTS = (
    """query ($id: ID!, $first: Int!) { offering(id: $id) { enrollments(first: $first) { edges { node {
  quizAttempts(first: 5) { edges { node { ...Attempt } } }
  submissions(first: 5) { edges { node { ...Submission } } } } } } } }"""
    + OF_ATTEMPTS
    + OF_SUBMISSIONS
)


REVIEWED = ("quiz_attempts", "quiz_attempt_questions")
"""What tells whether right answers are told, and the answers that are."""


@pytest.mark.parametrize("count", [1, 2])
async def test_every_edge_is_one_statement_whatever_the_number_of_parents(api, world, count):
    """Fourteen for one enrollment with its attempts, questions, keys and submissions, and as many for all."""
    data = await api.data(LISTS, {"id": doors(world.alpha)["offering"], "first": count}, user=world.people["admin"])
    enrollments = [edge["node"] for edge in data["offering"]["enrollments"]["edges"]]
    assert [len(one["quizAttempts"]["edges"]) for one in enrollments] == [2] * count
    numbers = [[edge["node"]["attemptNumber"] for edge in one["submissions"]["edges"]] for one in enrollments]
    assert numbers == [[1, 2, 1, 2]] * count
    read = [_table(statement) for statement in api.statements]
    assert sorted(read) == sorted([
        "course_offerings", "course_enrollments", "quiz_attempts", "lab_submissions", "quiz_attempt_questions",
        *REVIEWED, "questions", "question_keys", "question_pools", "content_items", "content_items",
        "university_members",
        "university_members",
    ])  # fmt: skip  # two edges lead to items, two to people


def _table(statement):
    """What a statement is about: the page inside it, or what it selects first from."""
    inner = statement.partition("LATERAL")[2] or statement
    return inner.partition("FROM ")[2].split()[0]


@pytest.fixture
async def labs(database, world):
    """Three more labs with a submission each; gone after the test."""
    driver = await connect(database.owner)
    rows, enrollment, made = Rows(driver), world.alpha["enrollment_0"], []
    for position in (11, 12, 13):
        lab = await rows.item(world.alpha["lesson"], "engineering_lab", sequence_index=position)
        made.append(lab)
        await rows.add(
            "lab_submissions",
            **{key: enrollment[key] for key in ("university_id", "user_id", "course_offering_id")},
            course_id=lab["course_id"],
            content_item_id=lab["id"],
            content_type="engineering_lab",
        )
    yield made
    numbers = [lab["id"] for lab in made]
    await driver.execute("DELETE FROM lab_submissions WHERE content_item_id = ANY($1)", numbers)
    await driver.execute("DELETE FROM content_items WHERE id = ANY($1)", numbers)
    await driver.close()


@pytest.mark.parametrize("count", [1, 4])
async def test_one_statement_for_the_viewers_work_on_all_items(api, world, labs, count):
    document = """query ($ids: [ID!]!, $offering: ID!) { nodes(ids: $ids) { ... on EngineeringLabContent {
      viewerSubmissions(offering: $offering) { attemptNumber score } } } }"""
    ids = [gid("EngineeringLabContent", lab) for lab in (world.alpha["engineering_lab"], *labs)][:count]
    variables = {"ids": ids, "offering": doors(world.alpha)["offering"]}
    data = await api.data(document, variables, user=world.people["student"])
    first = [{"attemptNumber": 1, "score": "80.00"}, {"attemptNumber": 2, "score": None}]
    others = [[{"attemptNumber": 1, "score": None}]] * (count - 1)
    assert [node["viewerSubmissions"] for node in data["nodes"]] == [first, *others]
    assert len(api.statements) == 2  # the items, the submissions


async def test_the_versions_of_a_question(api, world):
    document = """query ($filter: QuestionFilter) { questionPools(first: 1) { totalCount edges { node { title
      course { code } questions(first: 5, filter: $filter) { totalCount edges { node { version } } } } } } }"""
    for given, versions in (({}, [1, 2]), ({"isActive": True}, [2]), ({"isActive": False}, [1])):
        data = await api.data(document, {"filter": given}, user=world.people["instructor"])
        (edge,) = data["questionPools"]["edges"]
        assert (edge["node"]["title"], edge["node"]["course"]) == ("ALPHA pool", {"code": "P101"})
        questions = edge["node"]["questions"]
        assert [edge["node"]["version"] for edge in questions["edges"]] == versions
        assert questions["totalCount"] == len(versions)


async def test_a_pool_belongs_to_its_quiz_and_to_its_course(api, world):
    document = """query ($quiz: ID!, $course: ID!) {
      contentItem(id: $quiz) { ... on QuizContent { questionPool { id } } }
      course(id: $course) { questionPools(first: 1) { totalCount edges { node { id } } } } }"""
    variables = {key: doors(world.alpha)[key] for key in ("quiz", "course")}
    pool = {"id": gid("QuestionPool", world.alpha["pool"])}
    data = await api.data(document, variables, user=world.people["ta"])
    assert data == {
        "contentItem": {"questionPool": pool},
        "course": {"questionPools": {"totalCount": 1, "edges": [{"node": pool}]}},
    }
    data = await api.data(document, variables, user=world.people["student"])
    assert data == {
        "contentItem": {"questionPool": None},
        "course": {"questionPools": {"totalCount": 0, "edges": []}},
    }


# malformed JSON


async def test_malformed_results_cost_themselves(api, world, waiting, caplog):
    with caplog.at_level(logging.WARNING):
        data = await api.data(GRADE, {"ids": [gid("Submission", waiting)]}, user=world.people["ta"])
    (found,) = data["nodes"]
    assert found["publicResults"] == []
    assert found["staffDetails"] == {"hiddenResults": [], "autoGradeResults": [], "gradedBy": None}
    unreadable = [record.getMessage() for record in caplog.records if "unreadable" in record.getMessage()]
    assert [message.partition(": unreadable")[0] for message in unreadable] == [f"submission {waiting['id']}"] * 3


@pytest.fixture
async def malformed(database, world):
    """A pool with a question, and an attempt with two answers, none of whose JSON is readable; gone after the test."""
    driver = await connect(database.owner)
    rows, alpha = Rows(driver), world.alpha
    tenant = {"university_id": alpha.university["id"]}
    pool = await rows.add("question_pools", **tenant, title="Malformed")
    about = {"pool_id": pool["id"], "number": 1, "type": "text", "stem": "?"}
    question = await rows.add("questions", **tenant, **about, options=[1], hints=[{}])
    await driver.execute("INSERT INTO question_keys VALUES ($1, $2, '7')", tenant["university_id"], question["id"])
    enrollment = alpha["enrollment_1"]
    attempt = await rows.add(
        "quiz_attempts",
        **{key: enrollment[key] for key in ("university_id", "user_id", "course_offering_id")},
        course_id=alpha["course"]["id"],
        content_item_id=alpha["quiz"]["id"],
        attempt_number=9,
        submitted_at=alpha["attempt_1"]["submitted_at"],
        status="submitted",
    )
    for position, snapshot in enumerate(({"type": "riddle", "stem": "?"}, {"type": "text"}), start=1):
        drawn = {**tenant, "attempt_id": attempt["id"], "position": position}
        await rows.add("quiz_attempt_questions", **drawn, question_id=question["id"], points=1, snapshot=snapshot)
        await rows.add("quiz_attempt_answers", **drawn, response=[position])
    yield attempt, question
    await driver.execute("DELETE FROM quiz_attempts WHERE id = $1", attempt["id"])
    await driver.execute("DELETE FROM questions WHERE id = $1", question["id"])
    await driver.execute("DELETE FROM question_pools WHERE id = $1", pool["id"])
    await driver.close()


async def test_malformed_questions_cost_themselves(api, world, malformed, caplog):
    attempt, question = malformed
    document = "query ($id: ID!) { node(id: $id) { ...Attempt } }" + OF_ATTEMPTS
    with caplog.at_level(logging.WARNING):
        data = await api.data(document, {"id": gid("QuizAttempt", attempt)}, user=world.people["admin"])
    drawn = data["node"]["questions"]
    assert [one["position"] for one in drawn] == [1, 2]
    for one in drawn:
        shown = {"type": None, "stem": None, "options": [], "hints": [], "response": None, "pointsAwarded": None}
        assert {key: one[key] for key in shown} == shown
        assert (one["question"]["options"], one["question"]["hints"]) == ([], [])
        key = one["question"]["answerKey"]
        assert key == {**dict.fromkeys(("value", "tolerance", "explanation")), "correct": [], "accepted": [],
                       "order": [], "pairs": [], "isCaseSensitive": False, "isPattern": False}  # fmt: skip
    logged = " ".join(record.getMessage() for record in caplog.records)
    for what in ("options", "hints", "answer"):
        assert f"question {question['id']}: unreadable {what}" in logged
    for what in ("snapshot", "response"):
        assert f"quiz attempt {attempt['id']}: unreadable {what}" in logged
    assert "riddle" not in logged
