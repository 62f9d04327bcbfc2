"""Copies of modules: with all below them, their items and rubrics, in the same course and in another."""

import json

import pytest

from tests.changing.authoring import Authors, Grown, codes, document, number
from tests.world import KINDS, Rows

COPY = document(
    "copyModule",
    "module { id title isPublished version sequenceIndex parent { id } } quizzesWithoutPool { id title }",
)
SKETCH = [("A", [("A1", []), ("A2", [("A2a", [])])]), ("B", [("B1", [])])]
ITEMS = """
    SELECT m.title AS module, c.title, c.content_type::text, c.data_json, c.description, c.sequence_index,
           c.estimated_duration_seconds, c.is_active, c.revision
    FROM content_items c JOIN modules m ON m.id = c.module_id WHERE m.id = ANY($1)
    ORDER BY m.title, c.sequence_index
"""
RUBRICS = """
    SELECT i.title, c.position, c.title, c.description, c.points,
           (SELECT json_agg(json_build_array(r.position, r.title, r.points) ORDER BY r.position)
            FROM rubric_ratings r WHERE r.criterion_id = c.id)::text
    FROM rubric_criteria c JOIN content_items i ON i.id = c.content_item_id
    WHERE i.module_id = ANY($1) ORDER BY i.title, c.position
"""


@pytest.fixture
def authors(api, world, owner):
    return Authors(api, world, owner)


@pytest.fixture
async def grown(authors, owner):
    """A course whose module A has items of all kinds below it, two of them with rubrics."""
    made = await Grown(authors, await authors.course()).grow(SKETCH)
    rows, tenant = Rows(owner), {"university_id": authors.university_id}
    pool = await rows.add("question_pools", **tenant, course_id=made.course["id"], title="Its own")
    shared = await rows.add("question_pools", **tenant, title="Everybody's")
    for index, (kind, payload) in enumerate(KINDS.items(), 1):
        data = {**payload, **({"question_pool_id": pool["id"]} if kind == "quiz" else {})}
        given = {"sequence_index": index, "title": f"A {kind}", "estimated_duration_seconds": index}
        item = await rows.item(made.rows["A2a"], kind, data, **given, description="Words.", is_active=kind != "text")
        if kind in {"engineering_lab", "assignment"}:
            of_item = {**tenant, "course_id": made.course["id"], "content_item_id": item["id"]}
            for position in (1, 2):
                criterion = await rows.add("rubric_criteria", **of_item, position=position, title=f"{kind} {position}",
                                           description="Why.", points=position)  # fmt: skip
                for rating in (1, 2):
                    await rows.add("rubric_ratings", **tenant, criterion_id=criterion["id"], position=rating,
                                   title=f"Rating {rating}", points=1)  # fmt: skip
    await rows.item(made.rows["A"], "quiz", {**KINDS["quiz"], "question_pool_id": shared["id"]}, title="Shared quiz")
    return made


async def of_copy(owner, module):
    """The ids of a module and of all below it."""
    rows = await owner.fetch(
        "WITH RECURSIVE t AS (SELECT id FROM modules WHERE id = $1 UNION ALL SELECT m.id FROM modules m JOIN t"
        " ON m.parent_module_id = t.id) SELECT id FROM t", module
    )  # fmt: skip
    return [row["id"] for row in rows]


async def test_a_copy_beside_itself(authors, grown, owner):
    version = await authors.version(grown.course)
    payload = await authors.sent(COPY, {"moduleId": grown["A"]})
    made = payload["module"]
    assert payload == {
        "module": {
            "id": made["id"], "title": "A", "isPublished": False, "version": 1, "sequenceIndex": 2, "parent": None,
        },
        "quizzesWithoutPool": [], "errors": [],
    }  # fmt: skip
    assert await authors.tree(grown.course) == [
        ("A", 0, 1, True), ("A1", 1, 1, True), ("A2", 1, 2, True), ("A2a", 2, 1, True),
        ("A", 0, 2, False), ("A1", 1, 1, False), ("A2", 1, 2, False), ("A2a", 2, 1, False),
        ("B", 0, 3, True), ("B1", 1, 1, True),
    ]  # fmt: skip
    assert await authors.version(grown.course) != version
    source, copy = await of_copy(owner, number(grown["A"])), await of_copy(owner, number(made["id"]))
    for query, rows in ((ITEMS, 7), (RUBRICS, 4)):
        found = [tuple(row) for row in await owner.fetch(query, copy)]
        assert found == [tuple(row) for row in await owner.fetch(query, source)]
        assert len(found) == rows
    rubrics = (await authors.audited("rubric.set"))[-2:]
    assert [criterion["title"] for _, _, _, after in rubrics for criterion in after["criteria"]] == [
        "engineering_lab 1", "engineering_lab 2", "assignment 1", "assignment 2"]  # fmt: skip
    assert rubrics[0][3]["criteria"][0] == {
        "title": "engineering_lab 1", "description": "Why.", "points": "1.00",
        "ratings": [{"title": "Rating 1", "points": "1.00"}, {"title": "Rating 2", "points": "1.00"}],
    }  # fmt: skip


async def test_a_copy_in_another_course(authors, grown, owner):
    other = await Grown(authors, await authors.course()).grow([("X", []), ("Y", [])])
    given = {"moduleId": grown["A"], "parentId": other["X"], "title": " Anew "}
    payload = await authors.sent(COPY, given)
    shown = (payload["module"]["title"], payload["module"]["parent"], payload["module"]["sequenceIndex"])
    assert shown == ("Anew", {"id": other["X"]}, 1)
    assert [quiz["title"] for quiz in payload["quizzesWithoutPool"]] == ["A quiz"]
    quiz = number(payload["quizzesWithoutPool"][0]["id"])
    data = json.loads(await owner.fetchval("SELECT data_json FROM content_items WHERE id = $1", quiz))
    assert data == {name: value for name, value in KINDS["quiz"].items() if name != "question_pool_id"}
    copy = await of_copy(owner, number(payload["module"]["id"]))
    shared = await owner.fetchval(
        "SELECT data_json ? 'question_pool_id' FROM content_items WHERE title = 'Shared quiz' AND module_id = ANY($1)",
        copy,
    )
    assert shared is True
    courses = await owner.fetch(
        "SELECT DISTINCT course_id FROM modules WHERE id = ANY($1) UNION SELECT DISTINCT course_id FROM content_items"
        " WHERE module_id = ANY($1)", copy,
    )  # fmt: skip
    assert [row["course_id"] for row in courses] == [other.course["id"]]
    assert await other.tree() == [("X", 0, 1), ("Anew", 1, 1), ("A1", 2, 1), ("A2", 2, 2), ("A2a", 3, 1), ("Y", 0, 2)]
    payload = await authors.sent(COPY, {"moduleId": grown["B"], "courseId": other.id, "position": 1})
    assert [title for title, depth, _ in await other.tree() if depth == 0] == ["B", "X", "Y"]


async def test_a_copy_below_itself_and_without_what_is_archived(authors, grown, owner):
    await owner.execute(
        "UPDATE modules SET archived_at = now(), is_published = false WHERE id = $1", number(grown["A1"])
    )
    await authors.sent(COPY, {"moduleId": grown["A"], "parentId": grown["A2"], "position": 1})
    assert (await grown.tree())[:7] == [
        ("A", 0, 1), ("A1", 1, 1), ("A2", 1, 2), ("A", 2, 1), ("A2", 3, 1), ("A2a", 4, 1), ("A2a", 2, 2)]  # fmt: skip
    payload = await authors.sent(COPY, {"moduleId": grown["A1"], "courseId": grown.id})
    copied = await owner.fetchrow("SELECT * FROM modules WHERE id = $1", number(payload["module"]["id"]))
    assert (copied["archived_at"], copied["is_published"]) == (None, False)


async def test_who_may_not_edit_the_other_course(authors, grown, owner, world):
    """`instructor` teaches P101's public offering and this course, but no offering of this other one."""
    course = await authors.course(department_id=None, is_published=True)
    await owner.execute(
        "DELETE FROM course_offering_instructors WHERE course_offering_id IN"
        " (SELECT id FROM course_offerings WHERE course_id = $1)", course["id"]
    )  # fmt: skip
    other = await Grown(authors, course).grow([("X", [])])
    before = await authors.state()
    into, out_of = {"moduleId": grown["A"], "parentId": other["X"]}, {"moduleId": other["X"], "courseId": grown.id}
    assert codes(await authors.sent(COPY, into)) == [("FORBIDDEN", ["parentId"])]
    assert codes(await authors.sent(COPY, {"moduleId": grown["A"], "courseId": other.id})) == [
        ("FORBIDDEN", ["courseId"])
    ]
    assert codes(await authors.sent(COPY, out_of)) == [("FORBIDDEN", ["moduleId"])]
    missing = authors.id("Course", 0)
    assert codes(await authors.sent(COPY, {"moduleId": grown["A"], "courseId": missing})) == [
        ("NOT_FOUND", ["courseId"])
    ]
    both = {"moduleId": grown["A"], "parentId": grown["B"], "courseId": grown.id}
    assert codes(await authors.sent(COPY, both)) == [("INVALID", ["parentId"])]
    assert await authors.state() == before
    assert codes(await authors.sent(COPY, into, "admin")) == []


async def test_what_is_too_much_or_too_deep(authors, grown, owner):
    above = grown.rows["B1"]
    for level in range(31):
        above = await Rows(owner).module(grown.course, above, title=f"D{level}")
    deep = authors.id("Module", above["id"])
    await owner.execute(
        "INSERT INTO content_items"
        " (university_id, course_id, module_id, content_type, title, data_json, sequence_index)"
        " SELECT $1, $2, $3, 'resource', 'x', '{}', n FROM generate_series(1, 5000) n",
        authors.university_id, grown.course["id"], grown.rows["B1"]["id"],
    )  # fmt: skip
    before = await authors.state()
    for given, code, path in (
        ({"moduleId": grown["A"], "parentId": deep}, "LIMIT_REACHED", "parentId"),
        ({"moduleId": grown["B"]}, "LIMIT_REACHED", "moduleId"),
        ({"moduleId": grown["A"], "title": ""}, "INVALID", "title"),
        ({"moduleId": grown["A"], "position": 4}, "INVALID", "position"),
    ):
        assert codes(await authors.sent(COPY, given)) == [(code, [path])]
    assert await authors.state() == before
