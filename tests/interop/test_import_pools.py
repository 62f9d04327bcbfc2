"""Question pools in a real database: what is stored, what a second import writes, what becomes of changed questions."""

from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import text

from lms_graphql.assessment.payloads import Answer, Option
from lms_graphql.interop.checked import ImportConflictError, ImportRefusedError
from lms_graphql.interop.imported import ImportedCourse, ImportedItem, ImportedModule, ImportedPool, ImportedQuestion
from tests.interop.universities import counts, new_university

OPTIONS = [Option("a", "Warp"), Option("b", "Weft")]


def question(name, **changes):
    values = {"type": "single_choice", "stem": f"Which, {name}?", "answer": Answer(correct=["a"]), "options": OPTIONS}
    return ImportedQuestion(f"p#{name}", **{**values, **changes})


def course(*questions, pool="p", title="Looms", **changes):
    quiz = ImportedItem("quiz", "quiz", "Quiz", {"quiz_mode": "practice"})
    if questions:
        quiz.pool = ImportedPool(pool, title, list(questions))
    values = {"system": "test", "external_id": "course-1", "code": "C1", "title": "Weaving"}
    return ImportedCourse(modules=[ImportedModule("u", "unit", "Unit", items=[quiz])], **{**values, **changes})


async def versions(university):
    """Every question: number, version, stem, whether it is active."""
    return await university.rows(
        "SELECT number, version, stem, is_active FROM questions WHERE university_id = :university_id"
        " ORDER BY number, version"
    )


async def version_of_content(university):
    return await university.rows("SELECT content_version FROM courses WHERE university_id = :university_id")


async def test_everything_of_a_question_is_stored(university):
    number = question(
        "n",
        type="numerical",
        options=[],
        answer=Answer(value="9.81", tolerance="1%"),
        points=Decimal("2.5"),
        hints=["Fall.", "Fall again."],
        explanation="It is *g*.",
    )
    outcome = await university.take(course(number, question("c")))
    assert counts(outcome) == {
        "course": (1, 0, 0, 0),
        "module": (1, 0, 0, 0),
        "content_item": (1, 0, 0, 0),
        "question_pool": (1, 0, 0, 0),
        "question": (2, 0, 0, 0),
    }
    ids = await university.ids()
    pool = ids["question_pool", "p"]
    assert await university.rows(
        "SELECT id, course_id, title FROM question_pools WHERE university_id = :university_id"
    ) == [(pool, outcome.course_id, "Looms")]
    assert await university.rows(
        "SELECT q.id, pool_id, number, version, type, points, stem, options, hints, is_active, answer, explanation"
        " FROM questions q JOIN question_keys k ON (k.university_id, k.question_id) = (q.university_id, q.id)"
        " WHERE q.university_id = :university_id ORDER BY number"
    ) == [
        (
            *(
                ids["question", "p#n"],
                pool,
                1,
                1,
                "numerical",
                Decimal("2.50"),
                "Which, n?",
                "[]",
                '["Fall.", "Fall again."]',
                True,
            ),
            *('{"value": "9.81", "tolerance": "1%"}', "It is *g*."),
        ),
        (
            *(ids["question", "p#c"], pool, 2, 1, "single_choice", Decimal("1.00"), "Which, c?"),
            *('[{"id": "a", "text": "Warp"}, {"id": "b", "text": "Weft"}]', "[]", True, '{"correct": ["a"]}', None),
        ),
    ]
    ((payload,),) = await university.rows("SELECT data_json FROM content_items WHERE university_id = :university_id")
    assert msgspec.json.decode(payload) == {"schema_version": 1, "quiz_mode": "practice", "question_pool_id": pool}


async def test_the_second_import_writes_nothing(university):
    await university.take(course(question("a"), question("b")))
    before = await university.everything()
    outcome = await university.take(course(question("a"), question("b")))
    assert counts(outcome) == {
        "course": (0, 0, 1, 0),
        "module": (0, 0, 1, 0),
        "content_item": (0, 0, 1, 0),
        "question_pool": (0, 0, 1, 0),
        "question": (0, 0, 2, 0),
    }
    assert await university.everything() == before


@pytest.mark.parametrize(
    "change",
    [
        {"stem": "Why?"},
        {"answer": Answer(correct=["b"])},
        {"explanation": "Because."},
        {"hints": ["Look."]},
        {"points": Decimal(3)},
        {"options": [*OPTIONS, Option("c", "Both")]},
        {"type": "dropdown"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_changed_question_gets_a_new_version(university, change):
    await university.take(course(question("a"), question("b")))
    before, ids, version = await university.everything(), await university.ids(), await version_of_content(university)
    outcome = await university.take(course(question("a", **change), question("b")))
    assert counts(outcome)["question"] == (0, 1, 1, 0)
    assert counts(outcome)["question_pool"] == (0, 0, 1, 0)
    stem = change.get("stem", "Which, a?")
    assert await versions(university) == [
        (1, 1, "Which, a?", False),
        (1, 2, stem, True),
        (2, 1, "Which, b?", True),
    ]
    now, now_ids = await university.everything(), await university.ids()
    assert now["question_pools"] == before["question_pools"]
    assert now["content_items"] == before["content_items"]
    assert set(before["question_keys"]) < set(now["question_keys"])
    assert ids["question", "p#b"] == now_ids["question", "p#b"]
    assert ids["question", "p#a"] < now_ids["question", "p#a"]
    assert await version_of_content(university) != version


async def test_a_question_that_left_is_inactive_and_comes_back_as_a_new_version(university):
    await university.take(course(question("a"), question("b")))
    outcome = await university.take(course(question("a")))
    assert counts(outcome)["question"] == (0, 0, 1, 1)
    assert await versions(university) == [(1, 1, "Which, a?", True), (2, 1, "Which, b?", False)]
    before = await university.everything()
    assert counts(await university.take(course(question("a"))))["question"] == (0, 0, 1, 0)
    assert await university.everything() == before
    outcome = await university.take(course(question("a"), question("b")))
    assert counts(outcome)["question"] == (0, 1, 1, 0)
    assert await versions(university) == [
        (1, 1, "Which, a?", True),
        (2, 1, "Which, b?", False),
        (2, 2, "Which, b?", True),
    ]


async def test_a_pool_that_left_keeps_its_row_and_comes_back(university):
    await university.take(course(question("a")))
    pool = (await university.ids())["question_pool", "p"]
    outcome = await university.take(course())
    assert (counts(outcome)["question_pool"], counts(outcome)["question"]) == ((0, 0, 0, 1), (0, 0, 0, 1))
    assert await versions(university) == [(1, 1, "Which, a?", False)]
    outcome = await university.take(course(question("a")))
    assert (counts(outcome)["question_pool"], counts(outcome)["question"]) == ((0, 1, 0, 0), (0, 1, 0, 0))
    assert (await university.ids())["question_pool", "p"] == pool
    assert await versions(university) == [(1, 1, "Which, a?", False), (1, 2, "Which, a?", True)]


async def test_a_pool_gets_another_title(university):
    await university.take(course(question("a")))
    before = await university.everything()
    outcome = await university.take(course(question("a"), title="Shuttles"))
    assert counts(outcome)["question_pool"] == (0, 1, 0, 0)
    now = await university.everything()
    assert now["questions"] == before["questions"]
    assert await university.rows("SELECT title FROM question_pools WHERE university_id = :university_id") == [
        ("Shuttles",)
    ]


async def _by_hand(university, sql):
    pool = (await university.ids())["question_pool", "p"]
    async with university.acting() as connection:
        await connection.execute(text(sql), {"u": university.id, "p": pool})


async def test_what_people_added_to_a_pool_keeps_its_number(university):
    await university.take(course(question("a")))
    await _by_hand(
        university,
        "INSERT INTO questions (university_id, pool_id, number, type, stem) VALUES (:u, :p, 2, 'text', 'Ours')",
    )
    await university.take(course(question("a"), question("b")))
    assert await versions(university) == [
        (1, 1, "Which, a?", True),
        (2, 1, "Ours", True),
        (3, 1, "Which, b?", True),
    ]
    before = await university.everything()
    await university.take(course(question("a"), question("b")))
    assert await university.everything() == before


async def test_a_version_that_people_made_stays_until_the_source_changes(university):
    await university.take(course(question("a")))
    await _by_hand(university, "UPDATE questions SET is_active = false WHERE university_id = :u AND pool_id = :p")
    await _by_hand(
        university,
        "INSERT INTO questions (university_id, pool_id, number, version, type, stem)"
        " VALUES (:u, :p, 1, 2, 'text', 'Ours')",
    )
    before = await university.everything()
    await university.take(course(question("a")))
    assert await university.everything() == before
    await university.take(course(question("a", stem="Why?")))
    assert await versions(university) == [(1, 1, "Which, a?", False), (1, 2, "Ours", False), (1, 3, "Why?", True)]


async def test_a_pool_of_another_course(university):
    first = await university.take(course(question("a")))
    other = course(question("a"), external_id="course-2", code="C2")
    other.modules[0].external_id, other.modules[0].items[0].external_id = "v", "quiz-2"
    assert await university.refused(other, ImportConflictError) == (
        f"question pool 'p' belongs to another course (id {first.course_id}):"
        " a thing of a source can be in one course only"
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"type": "essay"}, "its type 'essay' is none of "),
        ({"points": Decimal(10_000)}, "its question can't be stored: points: points are from 0 to 9999.99"),
        ({"points": Decimal("NaN")}, "its question can't be stored: points: points are from 0 to 9999.99"),
        ({"stem": "a\0b"}, "its stem has a character that can't be stored"),
        ({"options": [Option("a", "\0")]}, "its list of options has a character that can't be stored"),
        ({"hints": ["\ud800"]}, "its list of hints can't be stored as JSON: "),
        ({"answer": Answer(accepted=["\0"])}, "its answer has a character that can't be stored"),
        ({"explanation": "\ud800"}, "its explanation has a character that can't be stored"),
    ],
)
async def test_a_question_that_can_not_be_stored(university, changes, line):
    refused = await university.refused(course(question("a", **changes)), ImportRefusedError)
    assert refused.startswith(f"question 'p#a': {line}")


async def test_two_of_the_same_name(university):
    line = await university.refused(course(question("a"), question("a")), ImportRefusedError)
    assert line == "question 'p#a': the source has it 2 times"


async def test_another_university_is_untouched(university, databases):
    other = await new_university(databases)
    await other.take(course(question("a")))
    before = await other.everything()
    await university.take(course(question("a", stem="Ours?")))
    await university.take(course())
    assert await other.everything() == before


async def test_the_number_of_statements_does_not_grow(databases, statements):
    taken = []
    for size in (2, 60):
        university = await new_university(databases)
        whole = course(*(question(str(number)) for number in range(size)))
        less = course(*(question(str(number), stem="Why?") for number in range(size - 1)))
        for imported in (whole, whole, less, whole):
            statements.clear()
            await university.take(imported)
            taken.append(len(statements))
    assert taken[:4] == taken[4:] == [17, 11, 17, 17]
