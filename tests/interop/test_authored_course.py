"""A course authored from nothing through GraphQL alone: as it was asked for, bundled, and the same elsewhere."""

import pytest

from tests.interop.authoring import SYLLABUS, Author
from tests.interop.portraits import portrait

CATALOG = {
    "title": "Falling",
    "code": "PH101",
    "level": "UNDERGRADUATE",
    "gradingPolicy": {
        "passMark": "50.00",
        "categories": [{"name": "Work", "weight": "60.00"}, {"name": "Exams", "weight": "40.00"}],
    },
    "primarySubject": {"code": "physics"},
    "prerequisites": [{"type": "RECOMMENDED", "course": {"code": "PH100"}}],
}
LAB = [
    {
        "__typename": "EngineeringLabContent",
        "title": "The engineeringLab",
        "estimatedDurationSeconds": 300,
        "isActive": True,
        "runtime": "python-datascience",
        "timeoutSeconds": 600,
        "files": [{"path": "fall.py", "role": "student_visible"}],
        "grading": {"type": "unit_tests", "maxPoints": 10.0},
        "staffDetails": {"containerImage": "registry.example.org/lab:1", "hiddenFiles": [{"path": "test.py"}]},
    },
    {
        "__typename": "AssignmentContent",
        "title": "The assignment",
        "estimatedDurationSeconds": 300,
        "isActive": True,
        "submissionTypes": ["text", "file"],
        "maxPoints": 20.0,
        "rubric": [
            {"title": "Method", "points": "12.00", "ratings": [{"title": "Sound", "points": "12.00"}]},
            {"title": "Words", "points": "8.00", "ratings": []},
        ],
    },
]
LESSON = [
    {
        "__typename": "VideoContent",
        "title": "The video",
        "estimatedDurationSeconds": 300,
        "isActive": True,
        "provider": "youtube",
        "videoId": "dQw4w9WgXcQ",
        "durationSeconds": 212,
        "transcript": {
            "language": "en",
            "segments": [
                {"startSeconds": 0.0, "endSeconds": 2.5, "text": "Things fall."},
                {"startSeconds": 2.5, "endSeconds": 4.0, "text": "All alike."},
            ],
        },
    },
    {
        "__typename": "TextContent",
        "title": "The text",
        "estimatedDurationSeconds": 300,
        "isActive": True,
        "heading": "Free fall",
        "blocks": [
            {"__typename": "HeadingBlock", "level": 2, "text": "Near the ground"},
            {"__typename": "ParagraphBlock", "text": "Everything falls *alike*."},
            {"__typename": "MathBlock", "latex": "s = \\frac{1}{2} g t^2"},
            {"__typename": "ImageBlock", "caption": "A tower", "asset": {"altText": "A leaning tower"}},
            {"__typename": "LinkListBlock", "links": [{"label": "More", "url": "https://example.org/fall"}]},
        ],
    },
    {
        "__typename": "QuizContent",
        "title": "The quiz",
        "estimatedDurationSeconds": 300,
        "isActive": True,
        "quizMode": "exam",
        "numQuestionsPerAttempt": 3,
        "timeLimitSeconds": 1800,
        "questionPool": {
            "title": "Falling",
            "questions": {
                "edges": [
                    {
                        "node": {
                            "type": "SINGLE_CHOICE",
                            "points": "2.00",
                            "stem": "What falls faster in a vacuum?",
                            "answerKey": {
                                "correct": ["c"],
                                "value": None,
                                "tolerance": None,
                                "order": [],
                                "explanation": "Both are accelerated alike.",
                            },
                        }
                    },
                    {
                        "node": {
                            "type": "NUMERICAL",
                            "points": "1.00",
                            "stem": "How far does a stone fall in 1 s, in m?",
                            "answerKey": {
                                "correct": [],
                                "value": "4.9",
                                "tolerance": "0.1",
                                "order": [],
                                "explanation": None,
                            },
                        }
                    },
                    {
                        "node": {
                            "type": "MATCHING",
                            "points": "1.00",
                            "stem": "Match.",
                            "answerKey": {
                                "correct": [],
                                "value": None,
                                "tolerance": None,
                                "order": [],
                                "explanation": None,
                            },
                        }
                    },
                    {
                        "node": {
                            "type": "ORDERING",
                            "points": "1.00",
                            "stem": "From slow to fast.",
                            "answerKey": {
                                "correct": [],
                                "value": None,
                                "tolerance": None,
                                "order": ["x", "y"],
                                "explanation": None,
                            },
                        }
                    },
                ]
            },
        },
    },
    {
        "__typename": "ResourceContent",
        "title": "The resource",
        "estimatedDurationSeconds": 300,
        "isActive": True,
        "resources": [{"label": "Tables", "url": "https://example.org/t.pdf", "kind": "pdf"}],
    },
]


@pytest.fixture(scope="module")
async def course(demo):
    return await Author(demo).author()


async def test_it_is_what_was_asked_for(demo, course):
    found = (await demo.asked(SYLLABUS, {"id": course}))["course"]
    (unit,) = found.pop("modules")
    assert found == {**CATALOG, "isPublished": True}
    lab, lesson = unit.pop("children")
    assert unit == {"title": "Gravity", "moduleType": "UNIT", "isPublished": True}
    assert lab == {"title": "Measure it", "moduleType": "LAB", "isPublished": True, "contentItems": LAB}
    assert lesson == {"title": "Free fall", "moduleType": "LESSON", "isPublished": True, "contentItems": LESSON}


async def test_it_is_the_same_in_another_university(demo, elsewhere, course):
    """Where it is imported it is a draft, until somebody there publishes it; else only ids differ."""
    copies = {}
    for code in ("PH100", "PH101"):
        payload = await elsewhere.imported(await demo.exported((await demo.courses())[code]))
        assert (payload["errors"], payload["notices"]) == ([], [])
        copies[code] = payload
    copy = copies["PH101"]["course"]["id"]
    source = (await demo.asked(SYLLABUS, {"id": course}))["course"]
    there = (await elsewhere.asked(SYLLABUS, {"id": copy}))["course"]
    assert (source.pop("isPublished"), there.pop("isPublished")) == (True, False)
    assert there == source
    assert await portrait(elsewhere, copy) == await portrait(demo, course)
