"""The syllabus as one list: whole answers, any depth, no statement more than the nested one; what a part adds up to."""

import pytest

from lms_graphql.engine.relay import GlobalId
from tests.conftest import running_api
from tests.test_syllabus import trees  # noqa: F401 - a fixture


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


FLAT = """query Flat($id: ID!, $depth: Int) { course(id: $id) { syllabus(maxDepth: $depth) {
  modules { parentId depth path position childCount module { id title sequenceIndex } }
  totals { moduleCount itemCount estimatedDurationSeconds itemsByKind { kind count } } } } }"""
KINDS = ["ASSIGNMENT", "ENGINEERING_LAB", "QUIZ", "RESOURCE", "TEXT", "VIDEO"]


def node(campus, *names, position, children, title, place=1):
    path = [gid("Module", campus[name]) for name in names]
    return {
        "parentId": path[-2] if len(path) > 1 else None,
        "depth": len(path) - 1,
        "path": path,
        "position": position,
        "childCount": children,
        "module": {"id": path[-1], "title": title, "sequenceIndex": place},
    }


def seen_by(campus, name):
    """The list that a student and the one that staff sees."""
    if name != "ta":
        return [
            node(campus, "root", position=1, children=1, title="Course"),
            node(campus, "root", "unit", position=2, children=1, title="Unit 1"),
            node(campus, "root", "unit", "lesson", position=3, children=0, title="Lesson 1"),
        ]
    return [
        node(campus, "root", position=1, children=2, title="Course"),
        node(campus, "root", "unit", position=2, children=1, title="Unit 1"),
        node(campus, "root", "unit", "lesson", position=3, children=0, title="Lesson 1"),
        node(campus, "root", "hidden", position=4, children=1, title="Unit 2", place=2),
        node(campus, "root", "hidden", "below", position=5, children=0, title="Lesson below"),
    ]


def totals(modules, texts=1):
    counts = dict.fromkeys(KINDS, 1) | {"TEXT": texts}
    return {
        "moduleCount": modules,
        "itemCount": sum(counts.values()),
        "estimatedDurationSeconds": 60 * 21,
        "itemsByKind": [{"kind": kind, "count": count} for kind, count in counts.items()],
    }


@pytest.mark.parametrize("name", [None, "outsider", "student", "ta"])
async def test_whole_answer(api, world, name):
    user = world.people[name] if name else None
    data = await api.data(FLAT, {"id": gid("Course", world.alpha["course"])}, user=user)
    staff = name == "ta"
    assert data == {
        "course": {
            "syllabus": {
                "modules": seen_by(world.alpha, name),
                # staff also counts the inactive article and the one in the hidden unit
                "totals": totals(5, texts=3) if staff else totals(3),
            }
        }
    }
    assert len(api.statements) == 3


@pytest.mark.parametrize(("depth", "titles"), [
    (0, ["Course"]), (1, ["Course", "Unit 1"]), (2, ["Course", "Unit 1", "Lesson 1"]),
    (32, ["Course", "Unit 1", "Lesson 1"]), (None, ["Course", "Unit 1", "Lesson 1"]),
])  # fmt: skip
async def test_depth(api, world, depth, titles):
    document = FLAT.replace("totals { moduleCount itemCount estimatedDurationSeconds itemsByKind { kind count } }", "")
    data = await api.data(document, {"id": gid("Course", world.alpha["course"]), "depth": depth})
    nodes = data["course"]["syllabus"]["modules"]
    assert [node["module"]["title"] for node in nodes] == titles
    assert [node["childCount"] for node in nodes] == [1, 1, 0][: len(titles)]
    assert len(api.statements) == 2


@pytest.mark.parametrize("depth", [-1, 33, 2**31 - 1])
@pytest.mark.parametrize("mib", [0, 16])
async def test_a_depth_that_no_tree_has_is_refused(database, world, depth, mib):
    async with running_api(database.app, syllabus_cache_mib=mib) as api:
        answer = await api(FLAT, {"id": gid("Course", world.alpha["course"]), "depth": depth})
        (error,) = answer["errors"]
        assert (error["message"], error["path"]) == ("maxDepth must be from 0 to 32", ["course", "syllabus"])
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert answer["data"] == {"course": {"syllabus": None}}


@pytest.mark.parametrize("depth", [3, 8])
@pytest.mark.parametrize("count", [10, 1000])
async def test_statements_do_not_grow(api, world, trees, depth, count):  # noqa: F811
    document = """query ($id: ID!) { course(id: $id) { modules { title children { title totals { itemCount } } }
      syllabus { totals { moduleCount itemCount itemsByKind { kind count } } modules { depth module { title
        totals { moduleCount itemCount } contentItems { ... on TextContent { title next { ... on ContentItem { id } } }
        } } } } } }"""
    data = await api.data(document, {"id": gid("Course", trees[depth, count])}, user=world.people["student"])
    syllabus = data["course"]["syllabus"]
    assert len(syllabus["modules"]) == count
    assert syllabus["totals"] == {
        "moduleCount": count, "itemCount": count, "itemsByKind": [{"kind": "TEXT", "count": count}],
    }  # fmt: skip
    below = [node["module"]["totals"] for node in syllabus["modules"]]
    chain = [{"moduleCount": count - 1 - n, "itemCount": count - n} for n in range(depth - 1)]
    assert below == chain + [{"moduleCount": 0, "itemCount": 1}] * (count - depth + 1)
    nexts = [node["module"]["contentItems"][0]["next"] for node in syllabus["modules"]]
    assert nexts[-1] is None
    assert len({item["id"] for item in nexts[:-1]}) == count - 1
    assert len(api.statements) == 5  # the course, its tree, its outline, its items, and those that come next


async def test_twenty_courses_cost_the_same(api, world, trees):  # noqa: F811
    document = """{ courses(first: 20) { edges { node { code syllabus { totals { itemCount }
      modules { module { title totals { itemCount } } } } } } } }"""
    data = await api.data(document, user=world.people["student"])
    counts = {
        edge["node"]["code"]: edge["node"]["syllabus"]["totals"]["itemCount"] for edge in data["courses"]["edges"]
    }
    assert {code: counts[code] for code in ("P101", "T3-10", "T8-1000")} == {"P101": 6, "T3-10": 10, "T8-1000": 1000}
    assert len(api.statements) == 3


async def test_kept_by_version_and_by_depth(database, world):
    async with running_api(database.app, syllabus_cache_mib=16) as api:
        variables = {"id": gid("Course", world.alpha["course"])}
        answers = {}
        for depth in (None, 0, 1):
            answers[depth] = await api(FLAT, {**variables, "depth": depth}, user=world.people["student"])
            assert len(api.statements) == 3
        for depth, answer in answers.items():
            assert await api(FLAT, {**variables, "depth": depth}, user=world.people["student"]) == answer
            assert len(api.statements) == 1
        assert [len(answer["data"]["course"]["syllabus"]["modules"]) for answer in answers.values()] == [3, 1, 2]
        staff = await api(FLAT, variables, user=world.people["ta"])
        assert len(staff["data"]["course"]["syllabus"]["modules"]) == 5


async def test_items_in_reading_order(api, world):
    document = """query ($id: ID!) { contentItem(id: $id) { ... on ContentItem { id
      previous { __typename ... on ContentItem { id } } next { __typename ... on ContentItem { id } } } } }"""
    campus = world.alpha
    kinds = ["video", "quiz", "engineering_lab", "text", "assignment", "resource"]
    names = {kind: "".join(word.title() for word in kind.split("_")) + "Content" for kind in kinds}
    shown = [{"__typename": names[kind], "id": gid(names[kind], campus[kind])} for kind in kinds]
    for place, item in enumerate(shown):
        data = await api.data(document, {"id": item["id"]}, user=world.people["student"])
        assert data["contentItem"] == {
            "id": item["id"],
            "previous": shown[place - 1] if place else None,
            "next": shown[place + 1] if place < 5 else None,
        }
        assert len(api.statements) == 3
    hidden = [{"__typename": "TextContent", "id": gid("TextContent", campus[name])} for name in ("inactive", "buried")]
    everything = [*shown, *hidden]
    for place, item in enumerate(everything):
        data = await api.data(document, {"id": item["id"]}, user=world.people["ta"])
        assert data["contentItem"]["next"] == (everything[place + 1] if place < 7 else None)
    for item in hidden:
        assert await api.data(document, {"id": item["id"]}, user=world.people["student"]) == {"contentItem": None}


async def test_no_payload_of_the_whole_course_for_the_next_item(api, world):
    document = """query ($id: ID!) { contentItem(id: $id) { ... on ContentItem { next {
      ... on QuizContent { quizMode } } } } }"""
    data = await api.data(document, {"id": gid("VideoContent", world.alpha["video"])})
    assert data == {"contentItem": {"next": {"quizMode": "practice"}}}
    assert [("data_json" in statement) for statement in api.statements] == [True, False, True]
    assert "content_items.id = ANY" in api.statements[2]


async def test_a_module_that_is_not_the_viewers_has_no_totals(api, world):
    document = "query ($id: ID!) { module(id: $id) { totals { itemCount } } }"
    for name, expected in (("ta", {"totals": {"itemCount": 1}}), ("student", None), ("beta_admin", None)):
        answer = await api.data(document, {"id": gid("Module", world.alpha["hidden"])}, user=world.people[name])
        assert answer == {"module": expected}
