"""A course that is authored from nothing, through the API alone: its documents, what it is made of, and its making."""

from tests.interop.bundles import ERRORS

ANY_ITEM = "... on ContentItem { id }"
MADE = {
    "createTerm": "term { id }",
    "createCourse": "course { id version }",
    "setCourseSubjects": "course { id }",
    "addPrerequisite": "course { id }",
    "registerAsset": "asset { id }",
    "createQuestionPool": "pool { id }",
    "addQuestion": "question { id }",
    "createModule": "module { id }",
    "publishModule": "module { id }",
    "createContentItem": f"contentItem {{ {ANY_ITEM} }} warnings {{ message }}",
    "setTranscript": f"contentItem {{ {ANY_ITEM} }}",
    "setRubric": f"item {{ {ANY_ITEM} }}",
    "updateGradingPolicy": "policy { id categories { id name } }",
    "createOffering": "offering { id }",
    "createSection": "section { id }",
    "setItemSettings": "setting { dueAt }",
    "publishCourse": "course { id isPublished }",
}
"""What each mutation is asked to give."""
INPUTS = {"publishCourse": "CourseInput"}

SYLLABUS = """query($id: ID!) { course(id: $id) { title code level isPublished
gradingPolicy { passMark categories { name weight } } primarySubject { code } prerequisites { type course { code } }
modules { title moduleType isPublished children { title moduleType isPublished contentItems { __typename
... on ContentItem { title estimatedDurationSeconds isActive }
... on VideoContent { provider videoId durationSeconds transcript { language segments {
startSeconds endSeconds text } } }
... on QuizContent { quizMode numQuestionsPerAttempt timeLimitSeconds questionPool { title questions(first: 10) {
edges { node { type points stem answerKey { correct value tolerance order explanation } } } } } }
... on EngineeringLabContent { runtime timeoutSeconds files { path role } grading { type maxPoints }
staffDetails { containerImage hiddenFiles { path } } }
... on TextContent { heading blocks { __typename ... on HeadingBlock { level text } ... on ParagraphBlock { text }
... on MathBlock { latex } ... on ImageBlock { caption asset { altText } }
... on LinkListBlock { links { label url } } } }
... on AssignmentContent { submissionTypes maxPoints rubric { title points ratings { title points } } }
... on ResourceContent { resources { label url kind } } } } } } }"""
"""The benchmark's query and more: everything that this course is made of."""

QUESTIONS = (
    {"singleChoice": {
        "stem": "What falls faster in a vacuum?", "points": "2", "correct": "c",
        "options": [{"key": key, "text": text} for key, text in {"a": "A stone", "b": "A coin", "c": "None"}.items()],
        "explanation": "Both are accelerated alike.",
    }},
    {"numerical": {"stem": "How far does a stone fall in 1 s, in m?", "value": "4.9", "tolerance": "0.1"}},
    {"matching": {
        "stem": "Match.", "left": [{"key": "m", "text": "mass"}, {"key": "f", "text": "force"}],
        "right": [{"key": "k", "text": "kilogram"}, {"key": "n", "text": "newton"}],
        "pairs": [{"left": "m", "right": "k"}, {"left": "f", "right": "n"}],
    }},
    {"ordering": {
        "stem": "From slow to fast.", "order": ["x", "y"],
        "options": [{"key": "y", "text": "sound"}, {"key": "x", "text": "snail"}],
    }},
)  # fmt: skip
SRT = "1\n00:00:00,000 --> 00:00:02,500\nThings fall.\n\n2\n00:00:02,500 --> 00:00:04,000\nAll alike.\n"


class Author:
    """Somebody who makes a course at a campus, and how."""

    def __init__(self, campus):
        self.campus = campus

    async def do(self, mutation, **given):
        """The payload of a mutation, which must not be refused."""
        input_type = INPUTS.get(mutation, f"{mutation[0].upper()}{mutation[1:]}Input")
        document = f"mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {MADE[mutation]} {ERRORS} }} }}"
        payload = await self.campus.sent(document, given)
        assert payload.pop("errors") == [], (mutation, given)
        return payload

    async def made(self, mutation, **given):
        """The id of what a mutation made."""
        payload = await self.do(mutation, **given)
        return next(value["id"] for value in payload.values() if isinstance(value, dict))

    async def catalog(self):
        """A course that asks for another, with its subject; their ids."""
        (subject,) = (await self.campus.asked("{ subjects(first: 1) { edges { node { id } } } }"))["subjects"]["edges"]
        before = await self.made("createCourse", code="PH100", title="Before physics")
        course = await self.made(
            "createCourse", code="PH101", title="Falling", description="How things fall.", level="UNDERGRADUATE",
            difficulty="BEGINNER", creditHours="4.5",
        )  # fmt: skip
        subject_id = subject["node"]["id"]
        await self.do("setCourseSubjects", courseId=course, subjectIds=[subject_id], primarySubjectId=subject_id)
        await self.do("addPrerequisite", courseId=course, prerequisiteId=before, type="RECOMMENDED")
        return course

    async def pool(self, course):
        pool = await self.made("createQuestionPool", title="Falling", courseId=course)
        for question in QUESTIONS:
            await self.do("addQuestion", poolId=pool, question=question)
        return pool

    async def items(self, lesson, lab, pool, image):
        """One of each of the six kinds; their ids by kind."""
        payloads = {
            "video": {"provider": "YOUTUBE", "videoId": "dQw4w9WgXcQ", "durationSeconds": 212},
            "text": {"heading": "Free fall", "blocks": [
                {"heading": {"level": 2, "text": "Near the ground"}},
                {"paragraph": {"text": "Everything falls *alike*."}},
                {"math": {"latex": "s = \\frac{1}{2} g t^2"}},
                {"image": {"assetId": image, "caption": "A tower"}},
                {"linkList": {"links": [{"label": "More", "url": "https://example.org/fall"}]}},
            ]},
            "quiz": {"questionPoolId": pool, "quizMode": "EXAM", "numQuestionsPerAttempt": 3, "timeLimitSeconds": 1800},
            "engineeringLab": {
                "labType": "code", "runtime": "python-datascience", "containerImage": "registry.example.org/lab:1",
                "timeoutSeconds": 600, "env": [{"name": "SEED", "value": "7"}],
                "files": [{"path": "fall.py", "role": "STUDENT_VISIBLE"}, {"path": "test.py", "role": "HIDDEN_TEST"}],
                "grading": {"type": "unit_tests", "maxPoints": 10},
            },
            "assignment": {"instructions": "Measure g.", "submissionTypes": ["TEXT", "FILE"], "maxPoints": 20},
            "resource": {"resources": [{"label": "Tables", "url": "https://example.org/t.pdf", "kind": "PDF"}]},
        }  # fmt: skip
        made = {}
        for kind, payload in payloads.items():
            module = lab if kind in {"engineeringLab", "assignment"} else lesson
            made[kind] = await self.made(
                "createContentItem", moduleId=module, title=f"The {kind}", estimatedDurationSeconds=300,
                payload={kind: payload},
            )  # fmt: skip
        return made

    async def offering(self, course, term, items, category):
        offering = await self.made(
            "createOffering", courseId=course, termId=term, visibility="MEMBERS", capacity=30,
            startsAt="2027-03-01T08:00:00Z", endsAt="2027-07-01T18:00:00Z",
        )  # fmt: skip
        await self.do("createSection", offeringId=offering, code="A", name="Tuesdays")
        await self.do(
            "setItemSettings", offeringId=offering, contentItemId=items["assignment"], dueAt="2027-04-01T12:00:00Z",
            points="20", gradeCategoryId=category, completionRule="SUBMIT",
        )  # fmt: skip
        return offering

    async def author(self):
        """The whole course, published; its id."""
        term = await self.made(
            "createTerm",
            code="2027S",
            name="Spring 2027",
            startsAt="2027-03-01T00:00:00Z",
            endsAt="2027-07-31T00:00:00Z",
        )
        course = await self.catalog()
        image = await self.made(
            "registerAsset", source={"url": "https://example.org/tower.png"}, kind="IMAGE", altText="A leaning tower"
        )
        unit = await self.made("createModule", courseId=course, moduleType="UNIT", title="Gravity")
        lesson = await self.made("createModule", parentId=unit, moduleType="LESSON", title="Free fall")
        lab = await self.made("createModule", parentId=unit, moduleType="LAB", title="Measure it", position=1)
        items = await self.items(lesson, lab, await self.pool(course), image)
        await self.do("setTranscript", contentItemId=items["video"], language="en", subtitles={"srt": SRT})
        await self.do("setRubric", contentItemId=items["assignment"], criteria=[
            {"title": "Method", "points": "12", "ratings": [{"title": "Sound", "points": "12"}]},
            {"title": "Words", "points": "8"},
        ])  # fmt: skip
        policy = await self.do(
            "updateGradingPolicy", courseId=course, passMark="50",
            letterScheme=[{"letter": "A", "lowestScore": "80"}, {"letter": "F", "lowestScore": "0"}],
            categories=[{"name": "Work", "weight": "60", "dropLowest": 1}, {"name": "Exams", "weight": "40"}],
        )  # fmt: skip
        await self.offering(course, term, items, policy["policy"]["categories"][0]["id"])
        await self.do("publishModule", moduleId=unit, subtree=True)
        assert (await self.do("publishCourse", courseId=course))["course"]["isPublished"]
        return course
