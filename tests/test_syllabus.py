"""The nested syllabus: whole answers, and how many statements they take."""

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.world import Rows

SYLLABUS = """
query Syllabus($id: ID!) { course(id: $id) { id title code level description
  modules { id title moduleType sequenceIndex
    children { id title description moduleType sequenceIndex
      children { id title description moduleType sequenceIndex
        contentItems { __typename
          ... on ContentItem { id title sequenceIndex estimatedDurationSeconds }
          ... on VideoContent { provider videoId url durationSeconds thumbnailUrl }
          ... on QuizContent { quizMode numQuestionsPerAttempt timeLimitSeconds
            mastery { points thresholdCorrectInRow maxAttempts } }
          ... on TextContent { layout blocks { __typename
            ... on ParagraphBlock { text } ... on MathBlock { latex } } }
          ... on EngineeringLabContent { labType runtime entrypoint files { path role } }
          ... on ResourceContent { resources { label url kind } } } } } } } }
"""


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


async def test_whole_answer_for_a_student(api, world):
    alpha = world.alpha
    item = {"title": "A video", "sequenceIndex": 1, "estimatedDurationSeconds": 60}
    answer = await api(SYLLABUS, {"id": gid("Course", alpha["course"])}, user=world.people["student"])
    assert answer == {
        "data": {
            "course": {
                "id": gid("Course", alpha["course"]),
                "title": "Forces and motion",
                "code": "P101",
                "level": "UNDERGRADUATE",
                "description": "The first course.",
                "modules": [
                    {
                        "id": gid("Module", alpha["root"]),
                        "title": "Course",
                        "moduleType": "COURSE_ROOT",
                        "sequenceIndex": 1,
                        "children": [
                            {
                                "id": gid("Module", alpha["unit"]),
                                "title": "Unit 1",
                                "description": "About forces.",
                                "moduleType": "UNIT",
                                "sequenceIndex": 1,
                                "children": [
                                    {
                                        "id": gid("Module", alpha["lesson"]),
                                        "title": "Lesson 1",
                                        "description": None,
                                        "moduleType": "LESSON",
                                        "sequenceIndex": 1,
                                        "contentItems": [
                                            {
                                                "__typename": "VideoContent",
                                                "id": gid("VideoContent", alpha["video"]),
                                                **item,
                                                "provider": "youtube",
                                                "videoId": "abc123",
                                                "url": "https://video.example/abc123",
                                                "durationSeconds": 600,
                                                "thumbnailUrl": "https://video.example/abc123.jpg",
                                            },
                                            {
                                                "__typename": "QuizContent",
                                                "id": gid("QuizContent", alpha["quiz"]),
                                                "title": "A quiz",
                                                "sequenceIndex": 2,
                                                "estimatedDurationSeconds": 120,
                                                "quizMode": "practice",
                                                "numQuestionsPerAttempt": 10,
                                                "timeLimitSeconds": None,
                                                "mastery": {
                                                    "points": 50,
                                                    "thresholdCorrectInRow": 3,
                                                    "maxAttempts": 5,
                                                },
                                            },
                                            {
                                                "__typename": "EngineeringLabContent",
                                                "id": gid("EngineeringLabContent", alpha["engineering_lab"]),
                                                "title": "A engineering_lab",
                                                "sequenceIndex": 3,
                                                "estimatedDurationSeconds": 180,
                                                "labType": "code",
                                                "runtime": "python-datascience",
                                                "entrypoint": "jupyter-lab",
                                                "files": [{"path": "notebooks/lab.ipynb", "role": "student_visible"}],
                                            },
                                            {
                                                "__typename": "TextContent",
                                                "id": gid("TextContent", alpha["text"]),
                                                "title": "A text",
                                                "sequenceIndex": 4,
                                                "estimatedDurationSeconds": 240,
                                                "layout": "rich_text_v1",
                                                "blocks": [
                                                    {"__typename": "HeadingBlock"},
                                                    {"__typename": "ParagraphBlock", "text": "A *push* or a pull."},
                                                    {"__typename": "MathBlock", "latex": "F = m a"},
                                                    {"__typename": "ImageBlock"},
                                                    {"__typename": "LinkListBlock"},
                                                    {"__typename": "UnknownBlock"},
                                                ],
                                            },
                                            {
                                                "__typename": "AssignmentContent",
                                                "id": gid("AssignmentContent", alpha["assignment"]),
                                                "title": "A assignment",
                                                "sequenceIndex": 5,
                                                "estimatedDurationSeconds": 300,
                                            },
                                            {
                                                "__typename": "ResourceContent",
                                                "id": gid("ResourceContent", alpha["resource"]),
                                                "title": "A resource",
                                                "sequenceIndex": 6,
                                                "estimatedDurationSeconds": 360,
                                                "resources": [
                                                    {
                                                        "label": "Handout",
                                                        "url": "https://files.example/h.pdf",
                                                        "kind": "pdf",
                                                    }
                                                ],
                                            },
                                        ],
                                    }
                                ],
                            }
                        ],
                    }
                ],
            }
        }
    }
    assert len(api.statements) == 3


def tree_document(depth: int, leaf: str) -> str:
    """A document that asks for modules `depth` levels deep, with `leaf` at every level."""
    document = f"{{ title {leaf} }}"
    for _ in range(depth - 1):
        document = f"{{ title {leaf} children {document} }}"
    return f"query ($id: ID!) {{ course(id: $id) {{ title modules {document} }} }}"


@pytest.fixture(scope="module")
async def trees(database, world):
    """Courses by (depth, modules): chains of modules, widened at the bottom, with an item in each."""
    driver = await connect(database.owner)
    rows, made = Rows(driver), {}
    tenant = {"university_id": world.alpha.university["id"]}
    for depth, count in ((3, 10), (3, 1000), (8, 10), (8, 1000)):
        course = await rows.add(
            "courses", **tenant, code=f"T{depth}-{count}", title=f"Tree {depth} {count}", is_published=True
        )
        parent = None
        for level in range(depth - 1):
            parent = await rows.module(course, parent, title=f"Level {level}")
        await driver.execute(
            "INSERT INTO modules (university_id, course_id, parent_module_id, module_type, title, sequence_index,"
            " depth, is_published, effective_published)"
            " SELECT $1, $2, $3, 'topic', 'Leaf ' || n, n, $4, true, true FROM generate_series(1, $5::int) n",
            course["university_id"], course["id"], parent["id"], depth - 1, count - depth + 1,
        )  # fmt: skip
        await driver.execute(
            "INSERT INTO content_items (university_id, course_id, module_id, content_type, title, data_json)"
            " SELECT university_id, course_id, id, 'text', 'Item', $2 FROM modules WHERE course_id = $1",
            course["id"], '{"layout": "plain", "blocks": [{"type": "paragraph", "text": "a"}]}',
        )  # fmt: skip
        made[depth, count] = course
    await driver.execute("ANALYZE")
    yield made
    for course in made.values():
        await rows.remove_course(course)
    await driver.close()


@pytest.mark.parametrize("depth", [3, 8])
@pytest.mark.parametrize("count", [10, 1000])
@pytest.mark.parametrize("viewer", [None, "student", "admin"])
async def test_statements_do_not_grow_with_depth_or_size(api, world, trees, depth, count, viewer):
    document = tree_document(depth, "contentItems { ... on TextContent { title layout blocks { __typename } } }")
    variables = {"id": gid("Course", trees[depth, count])}
    data = await api.data(document, variables, user=world.people[viewer] if viewer else None)
    level, found = data["course"]["modules"], 0
    while level:
        assert all(module["contentItems"][0]["layout"] == "plain" for module in level)
        found += len(level)
        level = [child for module in level for child in module.get("children", [])]
    assert found == count
    assert len(api.statements) == 3


async def test_title_only_query_fetches_no_payload(api, world):
    variables = {"id": gid("Course", world.alpha["course"])}
    leaf = (
        "contentItems { __typename ... on ContentItem { id title description isActive } ... on VideoContent { title } }"
    )
    await api.data(tree_document(3, leaf), variables)
    assert not any("data_json" in statement for statement in api.statements)
    await api.data(tree_document(3, "contentItems { ... on VideoContent { provider } }"), variables)
    assert [("data_json" in statement) for statement in api.statements] == [False, False, True]


async def test_a_single_module_does_not_fetch_the_course(api, world):
    document = "query ($id: ID!) { module(id: $id) { contentItems { ... on ContentItem { title } } } }"
    data = await api.data(document, {"id": gid("Module", world.alpha["lesson"])})
    assert len(data["module"]["contentItems"]) == 6
    assert len(api.statements) == 2
    assert "content_items.module_id = ANY" in api.statements[1]


async def test_parents_and_children_come_from_one_tree(api, world):
    document = """query ($id: ID!) { module(id: $id) { title depth parent { title parent { title parent { title } }
      children { title parent { title } } } course { code } } }"""
    data = await api.data(document, {"id": gid("Module", world.alpha["lesson"])})
    assert data["module"] == {
        "title": "Lesson 1",
        "depth": 2,
        "parent": {
            "title": "Unit 1",
            "parent": {"title": "Course", "parent": None},
            "children": [{"title": "Lesson 1", "parent": {"title": "Unit 1"}}],
        },
        "course": {"code": "P101"},
    }
    assert len(api.statements) == 3


async def test_twenty_courses_cost_one_statement_for_each_edge(api, database, world):
    driver = await connect(database.owner)
    rows, tenant = Rows(driver), {"university_id": world.beta.university["id"]}
    for number in range(20):
        department = await rows.add("departments", **tenant, code=f"X{number}", name=f"Department {number}")
        course = await rows.add(
            "courses", **tenant, code=f"X{number}", title=f"X {number}", is_published=True,
            department_id=department["id"], primary_subject_id=world.beta["course"]["primary_subject_id"],
        )  # fmt: skip
        for term in ("one", "two"):
            await rows.add("course_offerings", **tenant, course_id=course["id"], term_name=term, visibility="public")
    await driver.close()
    document = """{ courses(first: 20, after: null) { edges { node { code department { code } primarySubject { code }
      university { shortCode } subjects { code } offerings(first: 5) { edges { node { termName } } } } } } }"""
    data = await api.data(document, university="BETA", user=world.people["beta_student"])
    nodes = [edge["node"] for edge in data["courses"]["edges"]]
    assert [node["code"] for node in nodes] == ["P101", *(f"X{number}" for number in range(19))]
    assert [edge["node"]["termName"] for edge in nodes[5]["offerings"]["edges"]] == ["one", "two"]
    assert nodes[5]["department"] == {"code": "X4"}
    assert len(api.statements) == 6
