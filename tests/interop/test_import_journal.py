"""What an import of a course leaves in the audit log: each row that it wrote, and nothing where nothing changed."""

import msgspec
from sqlalchemy import text

from lms_graphql.assessment.payloads import Answer, Option
from lms_graphql.interop.checked import ImportRefusedError
from lms_graphql.interop.imported import ImportedItem, ImportedPool, ImportedQuestion
from tests.interop.test_import_service import PAYLOAD, course, item, module, sample

BY = {"request_id": "lms-graphql import olx"}


async def entries(university):
    rows = await university.rows(
        "SELECT act, entity, entity_id, old_values, new_values, user_id, roles, request_id FROM audit_log"
        " WHERE university_id = :university_id ORDER BY id"
    )
    assert {(row[5], *row[6], row[7]) for row in rows} <= {(None, "operator", BY["request_id"])}
    return [(act, entity, number, read(old), read(new)) for act, entity, number, old, new, *_ in rows]


def read(value):
    return msgspec.json.decode(value) if isinstance(value, (str, bytes)) else value


async def forget(university):
    async with university.owner.begin() as connection:
        await connection.execute(text("DELETE FROM audit_log"))


async def test_what_is_new_is_told_whole(university):
    await university.take(sample(), **BY)
    found, ids = await entries(university), await university.ids()
    told = [(act, number) for act, _, number, _, _ in found]
    assert told == [
        ("course.create", ids["course", "course-1"]),
        ("offering.create", ids["offering", "run-1"]),
        *(("module.create", ids["module", name]) for name in ("u1", "l1", "l2", "u2", "u3")),
        *(("item.create", ids["content_item", name]) for name in "abcd"),
    ]
    lesson = next(new for act, _, number, _, new in found if number == ids["module", "l1"] and act == "module.create")
    assert lesson == {
        "course_id": ids["course", "course-1"], "module_type": "unit", "title": "L1", "description": None,
        "is_published": True, "parent_module_id": ids["module", "u1"], "sequence_index": 1,
    }  # fmt: skip
    assert found[-1][1:2] + found[-1][3:] == (
        "ContentItem",
        None,
        {
            "course_id": ids["course", "course-1"], "content_type": "text", "title": "D", "description": None,
            "estimated_duration_seconds": None, "data_json": {"schema_version": 1, **PAYLOAD}, "is_active": True,
            "module_id": ids["module", "l2"], "sequence_index": 1,
        },
    )  # fmt: skip


async def test_a_second_import_tells_nothing(university):
    await university.take(sample(), **BY)
    before = await entries(university)
    await university.take(sample(), **BY)
    assert await entries(university) == before


async def test_what_changed_is_told_before_and_after_and_its_revision_is_kept(university):
    await university.take(sample(), **BY)
    await forget(university)
    ids = await university.ids()
    changed = sample(title="Weaving II")
    changed.modules[1].title = "Second"
    changed.modules[0].children[0].items[1].payload = {"blocks": []}
    del changed.modules[0].children[1]
    await university.take(changed, **BY)
    assert await entries(university) == [
        ("course.update", "Course", ids["course", "course-1"], {"title": "Weaving"}, {"title": "Weaving II"}),
        ("module.update", "Module", ids["module", "u2"], {"title": "U2"}, {"title": "Second"}),
        ("module.update", "Module", ids["module", "l2"], {"is_published": True}, {"is_published": False}),
        (
            "item.update", "ContentItem", ids["content_item", "b"],
            {"data_json": {"schema_version": 1, **PAYLOAD}}, {"data_json": {"schema_version": 1, "blocks": []}},
        ),
        ("item.update", "ContentItem", ids["content_item", "d"], {"is_active": True}, {"is_active": False}),
    ]  # fmt: skip
    assert await university.rows(
        "SELECT content_item_id, revision, changed_by FROM content_item_revisions WHERE university_id = :university_id"
    ) == [(ids["content_item", "b"], 1, None)]


def quiz(stem):
    question = ImportedQuestion(
        "p#1", "single_choice", stem, Answer(correct=["b"]), options=[Option("a", "Warp"), Option("b", "Weft")]
    )
    pool = ImportedPool("p", "A pool", [question])
    return course(module("u1", ImportedItem("quiz", "quiz", "Quiz", {"quiz_mode": "practice"}, pool=pool)))


async def test_questions_are_told_without_their_answers(university):
    await university.take(quiz("Across?"), **BY)
    await university.take(quiz("Which goes across?"), **BY)
    found = [entry for entry in await entries(university) if entry[0].startswith("question")]
    assert [act for act, *_ in found] == [
        "question_pool.create", "question.create", "question.update", "question.remove"
    ]  # fmt: skip
    assert {**found[2][4], "poolId": 0} == {
        "poolId": 0, "number": 1, "version": 2, "isActive": True, "type": "single_choice",
        "points": found[2][4]["points"],
        "stem": "Which goes across?",
        "options": [{"id": "a", "text": "Warp"}, {"id": "b", "text": "Weft"}],
        "hints": [],
    }  # fmt: skip


async def test_nothing_is_told_without_a_command(university):
    await university.take(sample())
    assert await entries(university) == []


async def test_what_the_api_would_refuse_is_refused(university):
    broken = course(module("u1", item("a", payload={"blocks": [{"type": "math", "latex": "\\frac{1"}]})))
    line = await university.refused(broken, ImportRefusedError)
    assert line.startswith("content item 'a': its payload can't be stored: blocks[0].latex: ")
