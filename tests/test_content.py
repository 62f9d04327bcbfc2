"""Content payloads: every field of every kind, and what a malformed payload costs."""

import json
import logging

import pytest

from lms_graphql.content import payloads
from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.world import KINDS, Rows

EVERYTHING = """
query ($id: ID!) { contentItem(id: $id) { __typename
  ... on ContentItem { title sequenceIndex }
  ... on VideoContent { provider videoId url durationSeconds thumbnailUrl asset { url altText widthPixels heightPixels }
    transcript { language segments { startSeconds endSeconds text } } }
  ... on QuizContent { quizMode numQuestionsPerAttempt randomizeOrder timeLimitSeconds
    mastery { points thresholdCorrectInRow maxAttempts } }
  ... on EngineeringLabContent { labType runtime cpuLimit memoryLimit timeoutSeconds entrypoint files { path role }
    grading { type maxPoints } staffDetails { containerImage env { name value } hiddenFiles { path } } }
  ... on TextContent { layout heading blocks { __typename
    ... on HeadingBlock { level text } ... on ParagraphBlock { text } ... on MathBlock { latex }
    ... on ImageBlock { url altText caption asset { url } } ... on LinkListBlock { links { label url } }
    ... on UnknownBlock { type } } }
  ... on AssignmentContent { instructions submissionTypes maxPoints }
  ... on ResourceContent { resources { label url kind } }
} }
"""
EMPTY = {
    "video": dict.fromkeys(("provider", "videoId", "url", "durationSeconds", "thumbnailUrl", "asset", "transcript")),
    "quiz": dict.fromkeys(("quizMode", "numQuestionsPerAttempt", "randomizeOrder", "timeLimitSeconds", "mastery")),
    "engineering_lab": {
        **dict.fromkeys(("labType", "runtime", "cpuLimit", "memoryLimit", "timeoutSeconds", "entrypoint", "grading")),
        "files": [],
        "staffDetails": None,
    },
    "text": {"layout": None, "heading": None, "blocks": []},
    "assignment": {"instructions": None, "submissionTypes": [], "maxPoints": None},
    "resource": {"resources": []},
}
TYPENAMES = {
    "video": "VideoContent",
    "quiz": "QuizContent",
    "engineering_lab": "EngineeringLabContent",
    "text": "TextContent",
    "assignment": "AssignmentContent",
    "resource": "ResourceContent",
}


def gid(kind, row):
    return str(GlobalId(TYPENAMES[kind], row["id"], row["university_id"]))


@pytest.fixture(scope="module")
async def lesson(database, world):
    """A lesson to put items in, and a function that puts one there."""
    driver = await connect(database.owner)
    rows, position = Rows(driver), iter(range(1, 1000))
    course = await rows.add(
        "courses", university_id=world.alpha.university["id"], code="BROKEN", title="Broken things", is_published=True
    )
    module = await rows.module(course, title="Broken things")

    async def put(kind, payload):
        return await rows.item(module, kind, payload, sequence_index=next(position))

    yield put
    await rows.remove_course(course)
    await driver.close()


async def test_every_field_of_every_kind(api, world, lesson):
    asset = world.alpha["asset"]
    answers = {}
    for kind, payload in KINDS.items():
        row = await lesson(kind, {**payload, "asset_id": asset["id"]} if kind == "video" else payload)
        data = await api.data(EVERYTHING, {"id": gid(kind, row)}, user=world.people["admin"])
        answers[kind] = {k: v for k, v in data["contentItem"].items() if k not in {"title", "sequenceIndex"}}
    assert answers == {
        "video": {
            "__typename": "VideoContent",
            "provider": "youtube",
            "videoId": "abc123",
            "url": "https://video.example/abc123",
            "durationSeconds": 600,
            "thumbnailUrl": "https://video.example/abc123.jpg",
            "asset": {
                "url": "https://files.example/a.png",
                "altText": "a chart",
                "widthPixels": 640,
                "heightPixels": 480,
            },
            "transcript": {
                "language": "en",
                "segments": [
                    {"startSeconds": 0.0, "endSeconds": 4.5, "text": "Welcome to the course."},
                    {"startSeconds": 4.5, "endSeconds": 9.0, "text": "First, forces."},
                    {"startSeconds": 9.0, "endSeconds": 12.0, "text": "Then, motion."},
                ],
            },
        },
        "quiz": {
            "__typename": "QuizContent",
            "quizMode": "practice",
            "numQuestionsPerAttempt": 10,
            "randomizeOrder": True,
            "timeLimitSeconds": None,
            "mastery": {"points": 50, "thresholdCorrectInRow": 3, "maxAttempts": 5},
        },
        "engineering_lab": {
            "__typename": "EngineeringLabContent",
            "labType": "code",
            "runtime": "python-datascience",
            "cpuLimit": "1",
            "memoryLimit": "2Gi",
            "timeoutSeconds": 3600,
            "entrypoint": "jupyter-lab",
            "files": [{"path": "notebooks/lab.ipynb", "role": "student_visible"}],
            "grading": {"type": "unit_tests", "maxPoints": 100.0},
            "staffDetails": {
                "containerImage": "SECRET-registry/image:tag",
                "env": [{"name": "TOKEN", "value": "SECRET-value"}],
                "hiddenFiles": [{"path": "tests/SECRET_test.py"}],
            },
        },
        "text": {
            "__typename": "TextContent",
            "layout": "rich_text_v1",
            "heading": "What is a force?",
            "blocks": [
                {"__typename": "HeadingBlock", "level": 2, "text": "Forces"},
                {"__typename": "ParagraphBlock", "text": "A *push* or a pull."},
                {"__typename": "MathBlock", "latex": "F = m a"},
                {
                    "__typename": "ImageBlock",
                    "url": "https://img.example/f.png",
                    "altText": "an arrow",
                    "caption": "A force",
                    "asset": None,
                },
                {"__typename": "LinkListBlock", "links": [{"label": "More", "url": "https://more.example/"}]},
                {"__typename": "UnknownBlock", "type": "hologram"},
            ],
        },
        "assignment": {
            "__typename": "AssignmentContent",
            "instructions": "Measure *g*.",
            "submissionTypes": ["file", "text"],
            "maxPoints": 20.0,
        },
        "resource": {
            "__typename": "ResourceContent",
            "resources": [{"label": "Handout", "url": "https://files.example/h.pdf", "kind": "pdf"}],
        },
    }


BROKEN = {
    "video": [{"duration_seconds": "long"}, {"duration_seconds": 2**40}, {"url": 5}],
    "quiz": [{"mastery": {"points": "many"}}, {"num_questions_per_attempt": 1.5}],
    "engineering_lab": [{"files": [{"path": "a"}]}, {"timeout_seconds": []}, {"grading": {"max_points": 1e300}}],
    "text": [{"blocks": {"type": "paragraph"}}, {"layout": 3}],
    "assignment": [{"submission_types": "file"}, {"max_points": -1}],
    "resource": [{"resources": [{"label": 1}]}],
}
MALFORMED = [(kind, payload) for kind, payloads_ in BROKEN.items() for payload in payloads_]


@pytest.mark.parametrize(("kind", "payload"), MALFORMED, ids=lambda value: json.dumps(value)[:40])
async def test_a_malformed_payload_costs_its_own_fields_only(api, world, lesson, kind, payload, caplog):
    row = await lesson(kind, json.dumps(payload))
    with caplog.at_level(logging.WARNING):
        data = await api.data(EVERYTHING, {"id": gid(kind, row)}, user=world.people["student"])
    item = data["contentItem"]
    assert {**item, "title": None, "sequenceIndex": None} == {
        "__typename": TYPENAMES[kind],
        "title": None,
        "sequenceIndex": None,
        **EMPTY[kind],
    }
    assert item["title"] == f"A {kind}"
    assert f"content item {row['id']}: unreadable {kind} payload" in caplog.text


async def test_a_broken_neighbour_costs_nothing(api, world, lesson):
    document = """query ($id: ID!) { module(id: $id) { contentItems { ... on VideoContent { provider url } } } }"""
    good = await lesson("video", KINDS["video"])
    for payload in ({"url": 5}, {"url": [1]}, {"duration_seconds": {}}):
        await lesson("video", json.dumps(payload))
    module = str(GlobalId("Module", good["module_id"], good["university_id"]))
    items = (await api.data(document, {"id": module}, user=world.people["student"]))["module"]["contentItems"]
    assert {"provider": "youtube", "url": "https://video.example/abc123"} in items
    assert {"provider": None, "url": None} in items


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ("", ["Welcome to the course.", "First, forces.", "Then, motion."]),
        ("(fromSeconds: 4.5)", ["First, forces.", "Then, motion."]),
        ("(toSeconds: 4.5)", ["Welcome to the course."]),
        ("(fromSeconds: 5, toSeconds: 6)", ["First, forces."]),
        ('(search: "FORCES")', ["First, forces."]),
        (
            "(search: null, fromSeconds: null, toSeconds: null)",
            ["Welcome to the course.", "First, forces.", "Then, motion."],
        ),
        ('(search: "nothing of the kind")', []),
    ],
)
async def test_transcript_by_time_and_text(api, world, arguments, texts):
    document = f"""query ($id: ID!) {{ contentItem(id: $id) {{ ... on VideoContent {{
      transcript {{ segments{arguments} {{ text }} }} }} }} }}"""
    data = await api.data(document, {"id": gid("video", world.alpha["video"])})
    assert [segment["text"] for segment in data["contentItem"]["transcript"]["segments"]] == texts


async def test_transcripts_are_fetched_only_when_asked_for(api, world):
    await api.data(EVERYTHING, {"id": gid("video", world.alpha["video"])})
    assert len([statement for statement in api.statements if "transcript_json" in statement]) == 1
    await api.data("query ($id: ID!) { contentItem(id: $id) { ... on VideoContent { url } } }",
                   {"id": gid("video", world.alpha["video"])})  # fmt: skip
    assert len(api.statements) == 1


def test_an_unknown_block_keeps_its_neighbours():
    data = b'{"blocks": [{"type": "paragraph", "text": "a"}, {"type": "math"}, 3, {"text": "no type"}, {"type": "x"}]}'
    decoded = payloads.decode("text", data, item_id=1)
    assert decoded.blocks == [
        payloads.ParagraphBlock("a"),
        payloads.UnknownBlock("math"),
        payloads.UnknownBlock(),
        payloads.UnknownBlock(),
        payloads.UnknownBlock("x"),
    ]
