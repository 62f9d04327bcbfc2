"""Payloads of all kinds over HTTP: what is given comes back; every field of every input has a value that is refused."""

import json

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, get_named_type, get_nullable_type

from lms_graphql.schema import build
from tests.changing.contents import CREATE, UPDATE, Author, error, number

SCHEMA = build().graphql
SEGMENT = {"startSeconds": 0.5, "endSeconds": 2.0, "text": "Good morning."}
BLOCKS = [
    {"heading": {"level": 2, "text": "First"}},
    {"paragraph": {"text": "Some *words*."}},
    {"math": {"latex": "x^{2}"}},
    {"image": {"assetId": "ASSET", "altText": "A chart", "caption": "Growth"}},
    {"image": {"url": "https://img.example/a.png"}},
    {"linkList": {"links": [{"label": "More", "url": "https://more.example/"}]}},
]
GOOD = {
    "video": {
        "provider": "VIMEO",
        "videoId": "76979871",
        "url": "https://vimeo.com/76979871",
        "durationSeconds": 60,
        "thumbnailUrl": "https://img.example/76979871.jpg",
        "assetId": "ASSET",
        "transcript": {"language": "en", "segments": [SEGMENT]},
    },
    "quiz": {
        "questionPoolId": "POOL",
        "quizMode": "EXAM",
        "numQuestionsPerAttempt": 1,
        "randomizeOrder": True,
        "timeLimitSeconds": 60,
        "mastery": {"points": 1, "thresholdCorrectInRow": 2, "maxAttempts": 3},
    },
    "engineeringLab": {
        "labType": "code",
        "runtime": "python",
        "containerImage": "registry/image:1",
        "cpuLimit": "500m",
        "memoryLimit": "1.5Gi",
        "timeoutSeconds": 60,
        "entrypoint": "jupyter-lab",
        "env": [{"name": "SEED", "value": "1"}, {"name": "NAME", "value": ""}],
        "files": [
            {"path": "lab.ipynb", "role": "STUDENT_VISIBLE", "assetId": "ASSET"},
            {"path": "tests/test_lab.py", "role": "HIDDEN_TEST"},
        ],
        "grading": {"type": "unit_tests", "maxPoints": 12.5},
    },
    "text": {"layout": "rich_text_v1", "heading": "Above", "blocks": BLOCKS},
    "assignment": {"instructions": "Measure *g*.", "submissionTypes": ["FILE", "URL"], "maxPoints": 20},
    "resource": {"resources": [{"label": "Handout", "url": "https://files.example/h.pdf", "kind": "PDF"}]},
}
READ = """query($id: ID!) { contentItem(id: $id) {
  ... on VideoContent { provider videoId url durationSeconds thumbnailUrl asset { id }
    transcript { language segments { startSeconds endSeconds text } } }
  ... on QuizContent { quizMode numQuestionsPerAttempt randomizeOrder timeLimitSeconds questionPool { id }
    mastery { points thresholdCorrectInRow maxAttempts } }
  ... on EngineeringLabContent { labType runtime cpuLimit memoryLimit timeoutSeconds entrypoint
    files { path role asset { id } } grading { type maxPoints }
    staffDetails { containerImage env { name value } hiddenFiles { path role asset { id } } } }
  ... on TextContent { layout heading blocks { ... on HeadingBlock { level text } ... on ParagraphBlock { words: text }
    ... on MathBlock { latex } ... on ImageBlock { url altText caption asset { id } }
    ... on LinkListBlock { links { label url } } } }
  ... on AssignmentContent { instructions submissionTypes maxPoints }
  ... on ResourceContent { resources { label url kind } } } }"""
SHOWN = {
    "video": {**GOOD["video"], "provider": "vimeo", "asset": {"id": "ASSET"}, "assetId": None},
    "quiz": {**GOOD["quiz"], "quizMode": "exam", "questionPool": {"id": "POOL"}, "questionPoolId": None},
    "engineeringLab": {
        **GOOD["engineeringLab"],
        "containerImage": None,
        "env": None,
        "files": [{"path": "lab.ipynb", "role": "student_visible", "asset": {"id": "ASSET"}}],
        "staffDetails": {
            "containerImage": "registry/image:1",
            "env": [{"name": "NAME", "value": ""}, {"name": "SEED", "value": "1"}],
            "hiddenFiles": [{"path": "tests/test_lab.py", "role": "hidden_test", "asset": None}],
        },
    },
    "text": {
        "layout": "rich_text_v1",
        "heading": "Above",
        "blocks": [
            {"level": 2, "text": "First"},
            {"words": "Some *words*."},
            {"latex": "x^{2}"},
            {"url": None, "altText": "A chart", "caption": "Growth", "asset": {"id": "ASSET"}},
            {"url": "https://img.example/a.png", "altText": None, "caption": None, "asset": None},
            {"links": [{"label": "More", "url": "https://more.example/"}]},
        ],
    },
    "assignment": {**GOOD["assignment"], "submissionTypes": ["file", "url"], "maxPoints": 20.0},
    "resource": {"resources": [{"label": "Handout", "url": "https://files.example/h.pdf", "kind": "pdf"}]},
}


@pytest.fixture
def author(api, world, owner):
    return Author(api, world, owner)


@pytest.fixture
async def module(author):
    return await author.module()


def filled(author, value):
    """A value with ids of the world in it."""
    ids = {
        "ASSET": lambda: author.id("Asset", author.world.alpha["asset"]["id"]),
        "POOL": lambda: author.id("QuestionPool", author.world.alpha["pool"]["id"]),
        "BETA_ASSET": lambda: author.id("Asset", author.world.beta["asset"]["id"]),
        "BETA_POOL": lambda: author.id("QuestionPool", author.world.beta["pool"]["id"]),
        "NO_ASSET": lambda: author.id("Asset", 999_999),
    }
    if isinstance(value, dict):
        return {name: filled(author, one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [filled(author, one) for one in value]
    return ids[value]() if isinstance(value, str) and value in ids else value


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", GOOD)
async def test_what_is_given_comes_back(author, api, module, world, kind):
    item = await author.created(module, {kind: filled(author, GOOD[kind])})
    found = await api.data(READ, {"id": item}, user=world.people["instructor"])
    assert without_nulls(found["contentItem"]) == without_nulls(filled(author, SHOWN[kind]))
    before = await author.state()
    same = {"contentItemId": item, "payload": {kind: filled(author, GOOD[kind])}}
    assert (await author.sent(UPDATE, same))["errors"] == []
    assert await author.state() == before


EMPTY = "this must not be empty"
ADDRESS = "this must be an address that begins with https:// or http://"
ASSET = "there is no such asset"
HTML = "could be read as HTML: write &lt; for the sign, or put code between backticks"
FOLDER = "this must lead to a file below the lab's folder: no /, . or .. at its ends or doubled"
VARIABLE = "a variable's name has letters, digits and _, begins with no digit, 128 at most"
EITHER = "give either `blocks` or `markdown`"
IMAGE = "an image has an asset or an address, one of the two"
BAD = [
    # where in the payload, the value there, what its place is called in the message, the message, and of which code
    ("video.videoId", "abc", "videoId", "vimeo needs the id that it gave the video"),
    ("video.videoId", None, "videoId", "vimeo needs the id that it gave the video"),
    ("video.url", "ftp://a.example", "url", ADDRESS),
    ("video.durationSeconds", -1, "durationSeconds", "this must be from 0 to 1000000"),
    ("video.thumbnailUrl", "javascript:x", "thumbnailUrl", ADDRESS),
    ("video.assetId", "NO_ASSET", "assetId", ASSET, "NOT_FOUND"),
    ("video.assetId", "BETA_ASSET", "assetId", ASSET, "NOT_FOUND"),
    ("video.assetId", "POOL", "assetId", ASSET, "NOT_FOUND"),
    ("video.transcript.language", "", "transcript.language", EMPTY),
    ("video.transcript.segments", [], "transcript.segments", "this has 0 entries, 1 to 20000 can be taken"),
    ("video.transcript.segments.0.startSeconds", -1, "transcript.segments[0].startSeconds",
     "this must be from 0 to 1000000"),
    ("video.transcript.segments.0.endSeconds", 0.25, "transcript.segments[0].endSeconds",
     "this ends before it begins"),
    ("video.transcript.segments.0.text", " ", "transcript.segments[0].text", EMPTY),
    ("quiz.questionPoolId", "BETA_POOL", "questionPoolId", "there is no such question pool for this course",
     "NOT_FOUND"),
    ("quiz.questionPoolId", "ASSET", "questionPoolId", "there is no such question pool for this course", "NOT_FOUND"),
    ("quiz.numQuestionsPerAttempt", 501, "numQuestionsPerAttempt", "this must be from 1 to 500"),
    ("quiz.timeLimitSeconds", 0, "timeLimitSeconds", "this must be from 1 to 604800"),
    ("quiz.mastery.points", -1, "mastery.points", "this must be from 0 to 10000"),
    ("quiz.mastery.thresholdCorrectInRow", 101, "mastery.thresholdCorrectInRow", "this must be from 1 to 100"),
    ("quiz.mastery.maxAttempts", 0, "mastery.maxAttempts", "this must be from 1 to 1000000"),
    ("engineeringLab.labType", "", "labType", EMPTY),
    ("engineeringLab.runtime", "x" * 65, "runtime", "this has 65 characters, at most 64 can be taken"),
    ("engineeringLab.containerImage", "-x", "containerImage",
     "this is no name of an image, such as registry/image:tag"),
    ("engineeringLab.cpuLimit", "65", "cpuLimit", "this must be more than 0 and at most 64 processors"),
    ("engineeringLab.memoryLimit", "1 GB", "memoryLimit", "this is no size of memory, such as 512Mi or 2Gi"),
    ("engineeringLab.timeoutSeconds", 0, "timeoutSeconds", "this must be from 1 to 86400"),
    ("engineeringLab.entrypoint", "a\nb", "entrypoint",
     "this has signs that can't be shown, for example a line's end"),
    ("engineeringLab.env", [{"name": f"A{n}", "value": ""} for n in range(101)], "env",
     "this has 101 entries, 0 to 100 can be taken"),
    ("engineeringLab.env.1.name", "1X", "env[1].name", VARIABLE),
    ("engineeringLab.env.1.name", "x" * 200, "env[1].name", VARIABLE),
    ("engineeringLab.env.1.name", "SEED", "env[1].name", "another variable has this name"),
    ("engineeringLab.env.0.value", "x" * 4097, "env[0].value",
     "a text of at most 4096 characters is wanted here, without the sign 0"),
    ("engineeringLab.files", [{"path": str(n), "role": "STUDENT_VISIBLE"} for n in range(201)], "files",
     "this has 201 entries, 0 to 200 can be taken"),
    ("engineeringLab.files.1.path", "../a", "files[1].path", FOLDER),
    ("engineeringLab.files.1.path", "lab.ipynb", "files[1].path", "another file has this path"),
    ("engineeringLab.files.0.assetId", "NO_ASSET", "files[0].assetId", ASSET, "NOT_FOUND"),
    ("engineeringLab.grading.type", "", "grading.type", EMPTY),
    ("engineeringLab.grading.maxPoints", 10_000, "grading.maxPoints", "this must be from 0 to 9999.99"),
    ("text.layout", "", "layout", EMPTY),
    ("text.heading", "x" * 256, "heading", "this has 256 characters, at most 255 can be taken"),
    ("text.blocks", [BLOCKS[0]] * 501, "blocks", "this has 501 entries, 0 to 500 can be taken"),
    ("text.blocks", None, "", EITHER),
    ("text.markdown", "Both.", "", EITHER),
    ("text.blocks.0.heading.level", 7, "blocks[0].level", "this must be from 1 to 6"),
    ("text.blocks.0.heading.text", "", "blocks[0].text", EMPTY),
    ("text.blocks.1.paragraph.text", "<script>", "blocks[1].text", f"'<script>' {HTML}"),
    ("text.blocks.2.math.latex", "{x", "blocks[2].latex", "{ is not closed"),
    ("text.blocks.3.image.assetId", "BETA_ASSET", "blocks[3].assetId", ASSET, "NOT_FOUND"),
    ("text.blocks.4.image.url", "data:,", "blocks[4].url", ADDRESS),
    ("text.blocks.4.image", {}, "blocks[4]", IMAGE),
    ("text.blocks.3.image.altText", "", "blocks[3].altText", EMPTY),
    ("text.blocks.3.image.caption", "x" * 2001, "blocks[3].caption",
     "this has 2001 characters, at most 2000 can be taken"),
    ("text.blocks.5.linkList.links", [], "blocks[5].links", "this has 0 entries, 1 to 100 can be taken"),
    ("text.blocks.5.linkList.links.0.label", "", "blocks[5].links[0].label", EMPTY),
    ("text.blocks.5.linkList.links.0.url", "mailto:a@b.c", "blocks[5].links[0].url", ADDRESS),
    ("assignment.instructions", "x" * 60_001, "instructions", "this has 60001 characters, at most 60000 can be taken"),
    ("assignment.submissionTypes", ["TEXT", "TEXT"], "submissionTypes[1]", "this is named twice"),
    ("assignment.maxPoints", -1, "maxPoints", "this must be from 0 to 9999.99"),
    ("resource.resources", [{"label": "a", "url": "https://a.example"}] * 201, "resources",
     "this has 201 entries, 0 to 200 can be taken"),
    ("resource.resources.0.label", "", "resources[0].label", EMPTY),
    ("resource.resources.0.url", "//a.example", "resources[0].url", ADDRESS),
]  # fmt: skip
AT = "Variable '$input' has invalid value at .payload"
NO_TEXT = "Expected value of type 'TranscriptSegmentInput' to include required field 'text', found:"
OF_ANOTHER_TYPE = [
    ("video.provider", "VHS", f"{AT}.video.provider: Value 'VHS' does not exist in 'VideoProvider' enum."),
    ("quiz.quizMode", "RACE", f"{AT}.quiz.quizMode: Value 'RACE' does not exist in 'QuizMode' enum."),
    ("quiz.randomizeOrder", "yes", f"{AT}.quiz.randomizeOrder: Boolean cannot represent a non boolean value: 'yes'"),
    ("engineeringLab.files.0.role", "X",
     f"{AT}.engineeringLab.files[0].role: Value 'X' does not exist in 'LabFileRole' enum."),
    ("resource.resources.0.kind", "X",
     f"{AT}.resource.resources[0].kind: Value 'X' does not exist in 'ResourceKind' enum."),
    ("assignment.submissionTypes.0", "FAX",
     f"{AT}.assignment.submissionTypes[0]: Value 'FAX' does not exist in 'SubmissionType' enum."),
    ("text.blocks.0", {}, "OneOf Input Object 'TextBlockInput' must specify exactly one key."),
    ("video.transcript.segments.0.text", None, f"{AT}.video.transcript.segments[0]: {NO_TEXT}"),
]  # fmt: skip


def changed(value, place, new):
    """A copy with another value at a place; None takes it away."""
    if not place:
        return new
    head, *rest = place
    if isinstance(value, list):
        return [changed(one, rest, new) if str(index) == head else one for index, one in enumerate(value)]
    return {**value, head: changed(value.get(head), rest, new)}


def with_bad(author, place, value):
    kind, *inside = place.split(".")
    return {kind: filled(author, changed(GOOD[kind], inside, value))}


@pytest.mark.parametrize("bad", BAD, ids=[f"{bad[0]}={str(bad[1])[:20]}" for bad in BAD])
async def test_a_bad_value_is_refused_at_its_place_and_nothing_is_done(author, module, bad):
    place, value, spoken, message, *code = bad
    payload = with_bad(author, place, value)
    path = place.split(".")
    if message == EITHER:
        path = ["text"]
    if "submissionTypes[" in spoken:
        path.append("1")
    wanted = {
        "code": code[0] if code else "INVALID",
        "message": f"{spoken}: {message}" if spoken else message,
        "path": ["input", "payload", *path],
        "currentVersion": None,
    }
    before = await author.state()
    made = await author.sent(CREATE, {"moduleId": module, "title": "New", "payload": payload})
    assert made == {"contentItem": None, "warnings": [], "errors": [wanted]}
    assert await author.state() == before


@pytest.mark.parametrize(("place", "value", "message"), OF_ANOTHER_TYPE)
async def test_what_the_types_refuse_names_its_place(author, module, api, place, value, message):
    given = {"moduleId": module, "title": "New", "payload": with_bad(author, place, value)}
    answer = await api(CREATE, {"input": given}, user=author.world.people["instructor"])
    (told,) = answer["errors"]
    assert answer.get("data") is None
    assert told["message"] == message or (value is None and told["message"].startswith(message))


def fields(type_, place=()):
    """The places of all fields of an input type, without the numbers in lists."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType):
        for name, field in named.fields.items():
            yield (*place, name)
            yield from fields(field.type, (*place, name))


def test_no_field_of_a_payload_is_without_a_bad_value():
    wanted = set(fields(SCHEMA.type_map["ContentPayloadInput"]))
    tried = {tuple(part for part in bad[0].split(".") if not part.isdigit()) for bad in (*BAD, *OF_ANOTHER_TYPE)}
    holders = {place[:size] for place in tried for size in range(1, len(place))}
    assert wanted - tried - holders == set()
    assert tried <= wanted
    lists = {place for place in wanted if isinstance(get_nullable_type(field_at(place).type), GraphQLList)}
    assert lists - tried == set()


def field_at(place):
    type_ = SCHEMA.type_map["ContentPayloadInput"]
    for name in place[:-1]:
        type_ = get_named_type(type_.fields[name].type)
    return type_.fields[place[-1]]


async def test_all_that_is_wrong_is_told_at_once(author, module):
    blocks = [{"math": {"latex": "{"}}, {"image": {"assetId": "no id"}}, {"paragraph": {"text": "<b>"}}]
    given = {"moduleId": module, "title": "New", "payload": {"text": {"layout": " ", "blocks": blocks}}}
    errors = (await author.sent(CREATE, given))["errors"]
    at = ["input", "payload", "text"]
    assert [(one["message"].split(":")[0], one["path"]) for one in errors] == [
        ("blocks[1].assetId", [*at, "blocks", "1", "image", "assetId"]),
        ("layout", [*at, "layout"]),
        ("blocks[0].latex", [*at, "blocks", "0", "math", "latex"]),
        ("blocks[1]", [*at, "blocks", "1", "image"]),
        ("blocks[2].text", [*at, "blocks", "2", "paragraph", "text"]),
    ]


async def test_a_payload_replaces_the_whole_but_for_a_transcript_left_out(author, module):
    item = await author.created(module, {"video": filled(author, GOOD["video"])})
    short = {"video": {"provider": "YOUTUBE", "videoId": "b7xgknqkQk8"}}
    stored = {"schema_version": 1, "provider": "youtube", "video_id": "b7xgknqkQk8"}
    spoken = {"language": "en", "segments": [{"start": 0.5, "end": 2.0, "text": "Good morning."}]}
    assert (await author.sent(UPDATE, {"contentItemId": item, "payload": short}))["errors"] == []
    assert (await author.row(item))["data_json"] == {**stored, "transcript": spoken}
    silent = {"video": {**short["video"], "transcript": None}}
    assert (await author.sent(UPDATE, {"contentItemId": item, "payload": silent}))["errors"] == []
    assert (await author.row(item))["data_json"] == stored


async def test_an_article_is_made_of_markdown(author, module, world):
    asset = author.id("Asset", world.alpha["asset"]["id"])
    text = (
        f"# Forces\n\nA *push*.\n\n$$\nF = m a\n$$\n\n![a chart](asset:{asset} 'Growth')\n\n"
        "- [More](https://a.example)\n\n1. one\n2. two\n"
    )
    item = await author.created(module, {"text": {"markdown": text}})
    assert (await author.row(item))["data_json"] == {
        "schema_version": 1,
        "layout": "rich_text_v1",
        "blocks": [
            {"type": "heading", "level": 1, "text": "Forces"},
            {"type": "paragraph", "text": "A *push*."},
            {"type": "math", "latex": "F = m a"},
            {"type": "image", "asset_id": world.alpha["asset"]["id"], "alt_text": "a chart", "caption": "Growth"},
            {"type": "link_list", "items": [{"label": "More", "url": "https://a.example"}]},
            {"type": "paragraph", "text": "1. one\n2. two"},
        ],
    }
    bad = f"A\n\n<div>\n\n$$ {{ $$\n\n***\n\n![x](asset:{asset}x)\n\n[a](javascript:x)\n"
    made = await author.sent(CREATE, {"moduleId": module, "title": "New", "payload": {"text": {"markdown": bad}}})
    assert [(one["message"], one["code"]) for one in made["errors"]] == [
        ("markdown line 3: HTML is not taken: write Markdown", "INVALID"),
        ("markdown line 7: there is no block for a line across", "INVALID"),
        ("markdown line 9: there is no such asset", "NOT_FOUND"),
        ("markdown line 5: { is not closed", "INVALID"),
        ("markdown line 9: an image has an asset or an address, one of the two", "INVALID"),
        ("markdown line 11: the link to 'javascript:x' is not taken: http, https, mailto or tel", "INVALID"),
    ]
    assert {tuple(one["path"]) for one in made["errors"]} == {("input", "payload", "text", "markdown")}


async def test_a_pool_that_all_courses_share_may_be_drawn_from_and_one_of_another_course_may_not(author, module, owner):
    add = "INSERT INTO question_pools (university_id, course_id, title) VALUES ($1, $2, 'P') RETURNING id"
    shared = await owner.fetchval(add, author.university_id, None)
    other = await owner.fetchval(add, author.university_id, author.world.alpha["draft"]["id"])
    for pool, code in ((shared, None), (other, "NOT_FOUND")):
        payload = {"quiz": {"quizMode": "EXAM", "questionPoolId": author.id("QuestionPool", pool)}}
        made = await author.sent(CREATE, {"moduleId": module, "title": "New", "payload": payload})
        assert [one["code"] for one in made["errors"]] == [code] * (code is not None)


async def test_an_asset_of_another_course_may_not_be_named_but_where_it_is_already(author, module, owner):
    add = (
        "INSERT INTO assets (university_id, course_id, url, asset_type) VALUES ($1, $2, 'https://a.example', 'image')"
        " RETURNING id"
    )
    own = await owner.fetchval(add, author.university_id, author.course["id"])
    other = await owner.fetchval(add, author.university_id, author.world.alpha["draft"]["id"])

    def image(number):
        return {"text": {"blocks": [{"image": {"assetId": author.id("Asset", number)}}]}}

    item = await author.created(module, image(own))
    told = await author.sent(UPDATE, {"contentItemId": item, "payload": image(other)})
    assert [one["code"] for one in told["errors"]] == ["NOT_FOUND"]
    data = {"blocks": [{"type": "image", "asset_id": other}]}
    await owner.execute("UPDATE content_items SET data_json = $1 WHERE id = $2", json.dumps(data), number(item))
    assert (await author.sent(UPDATE, {"contentItemId": item, "payload": image(other)}))["errors"] == []


async def test_a_hidden_file_is_an_asset_for_staff_alone(author, module, owner, world):
    add = (
        "INSERT INTO assets (university_id, url, asset_type, is_staff_only) VALUES ($1, 'https://a.example', 'other',"
        " true) RETURNING id"
    )
    secret = author.id("Asset", await owner.fetchval(add, author.university_id))
    shown = author.id("Asset", world.alpha["asset"]["id"])

    def lab(asset):
        files = [{"path": "tests/a.py", "role": "HIDDEN_TEST", "assetId": asset}]
        return {"moduleId": module, "title": "A lab", "payload": {"engineeringLab": {"files": files}}}

    before = await author.state()
    message = "students can get at this asset: name one that is for staff alone (`isStaffOnly`)"
    assert (await author.sent(CREATE, lab(shown)))["errors"] == [
        error("INVALID", f"files[0].assetId: {message}", "payload", "engineeringLab", "files", "0", "assetId")
    ]
    assert await author.state() == before
    assert (await author.sent(CREATE, lab(secret)))["errors"] == []


async def test_students_never_see_what_is_for_staff(author, module, api, world):
    item = await author.created(module, {"engineeringLab": filled(author, GOOD["engineeringLab"])})
    found = await api.data(READ, {"id": item}, user=world.people["student"])
    assert found["contentItem"]["staffDetails"] is None
    assert [file["path"] for file in found["contentItem"]["files"]] == ["lab.ipynb"]
    for secret in ("registry", "SEED", "test_lab"):
        assert secret not in json.dumps(found)
    assert number(item) > 0
