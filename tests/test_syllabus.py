"""The nested syllabus: whole answers, and how many statements they take."""

from lms_graphql.engine.relay import GlobalId

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
