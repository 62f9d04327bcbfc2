"""What may be stored as a payload: each field has values that are refused, at their place and with their message."""

from collections import defaultdict

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_graphql.content import payloads, values
from lms_graphql.content.checking import checked_payload
from lms_graphql.content.kinds import BLOCKS, KINDS
from lms_graphql.content.references import asset_ids_of, pool_id_of
from lms_graphql.content.values import Each, Object
from lms_graphql.demo.courses import calculus, circuits, mechanics, programming, statistics, tree_of_life, writing
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.interop.olx.archive import read_archive
from lms_graphql.interop.olx.course import read_course
from tests.interop.olx_packages import demo_course

SEGMENTS = [{"start": 0.0, "end": 8.5, "text": "Good morning."}, {"start": 8.5, "end": 9, "text": "Sit down."}]
GOOD = {
    "video": {
        "provider": "internal",
        "video_id": "abc123",
        "url": "https://media.example.edu/a.mp4",
        "duration_seconds": 2700,
        "thumbnail_url": "https://media.example.edu/a.jpg",
        "asset_id": 42,
        "transcript": {"language": "en", "segments": SEGMENTS},
    },
    "quiz": {
        "question_pool_id": 12345,
        "quiz_mode": "practice",
        "num_questions_per_attempt": 10,
        "randomize_order": True,
        "time_limit_seconds": 600,
        "mastery": {"points": 50, "threshold_correct_in_row": 3, "max_attempts": 5},
    },
    "engineering_lab": {
        "lab_type": "code",
        "runtime": "python-datascience",
        "container_image": "registry.example.edu:5000/labs/image:tag",
        "cpu_limit": "1",
        "memory_limit": "2Gi",
        "timeout_seconds": 3600,
        "entrypoint": "jupyter-lab",
        "env": {"VAR1": "value"},
        "files": [
            {"path": "notebooks/lab.ipynb", "role": "student_visible"},
            {"path": "tests/test_basic.py", "role": "hidden_test", "asset_id": 7},
        ],
        "grading": {"type": "unit_tests", "max_points": 100},
    },
    "text": {
        "layout": "rich_text_v1",
        "title": "What are linear equations and inequalities?",
        "blocks": [
            {"type": "heading", "text": "First", "level": 2},
            {"type": "paragraph", "text": "Some *words*, `<b>`, a < b, [there](https://example.edu)."},
            {"type": "math", "latex": r"\begin{aligned}2x + \left\{1\right. &= 5\end{aligned} % }"},
            {"type": "image", "asset_id": 42, "alt_text": "A line.", "caption": "Slope"},
            {"type": "image", "url": "/static/line.png"},
            {"type": "link_list", "items": [{"label": "More", "url": "https://example.edu"}]},
        ],
    },
    "assignment": {"instructions": "Write.", "submission_types": ["text", "file"], "max_points": 20.5},
    "resource": {"resources": [{"label": "A", "url": "https://example.edu", "kind": "pdf"}]},
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_payload_is_kept_as_it_is_and_read_again(kind):
    kept = checked_payload(kind, GOOD[kind])
    assert kept == {"schema_version": 1, **GOOD[kind]}
    read = payloads.decode(kind, msgspec.json.encode(kept), item_id=1)
    assert read is not None
    assert "UnknownBlock" not in repr(read)
    assert checked_payload(kind, kept) == kept


def test_a_null_is_as_if_it_were_not_there():
    assert checked_payload("quiz", {"quiz_mode": "exam", "time_limit_seconds": None}) == {
        "schema_version": 1,
        "quiz_mode": "exam",
    }


LINE = "this must not be empty"
ADDRESS = "this must be an address that begins with https:// or http://"
IMAGE = "an image has an asset or an address, one of the two"
PATH = "this must lead to a file below the lab's folder: no /, . or .. at its ends or doubled"
NAME = "a variable's name has letters, digits and _, begins with no digit, 128 at most"
HTML = "could be read as HTML: write &lt; for the sign, or put code between backticks"
RESOURCE = "this must be one of pdf, article, video, audio, book, dataset, code, tool, link, other"
LEADS = "is not taken: http, https, mailto or tel"
COMMAND = "is not taken: a formula reads no files, leads nowhere and defines nothing"
DELIMITERS = r"the formula is written without delimiters: no $, \[ or \( around it"
BAD = [
    ("video", "schema_version", 2, "this must be from 1 to 1"),
    ("video", "provider", "dailymotion", "this must be one of youtube, vimeo, internal"),
    ("video", "provider", None, "this must be given"),
    ("video", "video_id", " ", LINE),
    ("video", "url", "ftp://example.edu/a", ADDRESS),
    ("video", "url", "javascript:alert(1)", ADDRESS),
    ("video", "url", "//example.edu/a", ADDRESS),
    ("video", "url", "https:///a", ADDRESS),
    ("video", "url", "https://example.edu:99999/", "this is no address"),
    ("video", "url", "https://me:secret@example.edu/", "this must be an address without a name and a password in it"),
    ("video", "url", "https://example.edu/a b", "this has a sign that no address has; write it percent-encoded"),
    ("video", "url", "https://example.edu/\x00", "this has signs that can't be shown, for example a line's end"),
    ("video", "url", "https://example.edu/" + "a" * 1005, "this has 1025 characters, at most 1024 can be taken"),
    ("video", "duration_seconds", -1, "this must be from 0 to 1000000"),
    ("video", "thumbnail_url", "data:image/png;base64,AA", ADDRESS),
    ("video", "asset_id", 0, "this is the number of no asset"),
    ("video", "asset_id", True, "this is the number of no asset"),
    ("video", "transcript", [], "an object is wanted here"),
    ("video", "transcript.language", "e", "this is no code of a language, such as en"),
    ("video", "transcript.segments", [], "this has 0 entries, 1 to 20000 can be taken"),
    ("video", "transcript.segments", [SEGMENTS[0]] * 20_001, "this has 20001 entries, 1 to 20000 can be taken"),
    ("video", "transcript.segments.0.start", -1, "this must be from 0 to 1000000"),
    ("video", "transcript.segments.1.start", 5e9, "this must be from 0 to 1000000"),
    ("video", "transcript.segments.0.end", float("nan"), "a number is wanted here"),
    ("video", "transcript.segments.1.end", 8, "this ends before it begins"),
    ("video", "transcript.segments.0.text", "\n", LINE),
    ("quiz", "question_pool_id", "12", "this is the number of no question pool"),
    ("quiz", "quiz_mode", "race", "this must be one of practice, exam"),
    ("quiz", "num_questions_per_attempt", 0, "this must be from 1 to 500"),
    ("quiz", "num_questions_per_attempt", 1.0, "a whole number is wanted here"),
    ("quiz", "randomize_order", "yes", "true or false is wanted here"),
    ("quiz", "time_limit_seconds", 604_801, "this must be from 1 to 604800"),
    ("quiz", "mastery", 3, "an object is wanted here"),
    ("quiz", "mastery.points", -1, "this must be from 0 to 10000"),
    ("quiz", "mastery.threshold_correct_in_row", 0, "this must be from 1 to 100"),
    ("quiz", "mastery.max_attempts", 0, "this must be from 1 to 1000000"),
    ("engineering_lab", "lab_type", "x" * 65, "this has 65 characters, at most 64 can be taken"),
    ("engineering_lab", "runtime", "a\nb", "this has signs that can't be shown, for example a line's end"),
    ("engineering_lab", "container_image", "a b", "this is no name of an image, such as registry/image:tag"),
    ("engineering_lab", "cpu_limit", "1 core", "this is no number of processors, such as 1, 0.5 or 500m"),
    ("engineering_lab", "cpu_limit", "0m", "this must be more than 0 and at most 64 processors"),
    ("engineering_lab", "memory_limit", "2GB", "this is no size of memory, such as 512Mi or 2Gi"),
    ("engineering_lab", "memory_limit", "257Gi", "this must be from 1Mi to 256Gi"),
    ("engineering_lab", "timeout_seconds", 86_401, "this must be from 1 to 86400"),
    ("engineering_lab", "entrypoint", "", LINE),
    ("engineering_lab", "env", ["A=1"], "an object is wanted here"),
    ("engineering_lab", "env", {f"A{n}": "" for n in range(101)}, "this has 101 entries, 0 to 100 can be taken"),
    ("engineering_lab", "env.1A", "x", NAME),
    ("engineering_lab", "env.VAR1", 1, "a text of at most 4096 characters is wanted here, without the sign 0"),
    ("engineering_lab", "files", {}, "a list is wanted here"),
    ("engineering_lab", "files.0", "a.py", "an object is wanted here"),
    ("engineering_lab", "files.0.path", "/etc/passwd", PATH),
    ("engineering_lab", "files.0.path", "a/../../b", PATH),
    ("engineering_lab", "files.0.path", "a\\b", 'this must be a path with slashes, without any of \\ : * ? " < > |'),
    ("engineering_lab", "files.1.path", "notebooks/lab.ipynb", "another file has this path"),
    ("engineering_lab", "files.0.path", "tests/test_basic.py/x", "another file has the path of its folder"),
    ("engineering_lab", "files.0.role", "hidden", "this must be one of student_visible, hidden_test"),
    ("engineering_lab", "files.1.asset_id", 2**63, "this is the number of no asset"),
    ("engineering_lab", "grading", "unit_tests", "an object is wanted here"),
    ("engineering_lab", "grading.type", " ", LINE),
    ("engineering_lab", "grading.max_points", 10_000, "this must be from 0 to 9999.99"),
    ("text", "layout", "", LINE),
    ("text", "title", "x" * 256, "this has 256 characters, at most 255 can be taken"),
    ("text", "blocks", [GOOD["text"]["blocks"][0]] * 501, "this has 501 entries, 0 to 500 can be taken"),
    ("text", "blocks.0", "words", "a block's type is one of heading, paragraph, math, image, link_list"),
    ("text", "blocks.0.type", "video", "a block's type is one of heading, paragraph, math, image, link_list"),
    ("text", "blocks.0.text", None, "this must be given"),
    ("text", "blocks.0.level", 7, "this must be from 1 to 6"),
    ("text", "blocks.1.text", "a <b onclick=x>", f"'<b onclick=x>' {HTML}"),
    ("text", "blocks.1.text", "<script>", f"'<script>' {HTML}"),
    ("text", "blocks.1.text", "a <img src=x", f"'<img src=x' {HTML}"),
    ("text", "blocks.1.text", "[a](JavaScript:x)", f"the link to 'JavaScript:x' {LEADS}"),
    ("text", "blocks.1.text", "[a]\n\n[a]: data:x", f"the link to 'data:x' {LEADS}"),
    ("text", "blocks.1.text", "![a](vbscript&#58;x)", f"the link to 'vbscript:x' {LEADS}"),
    ("text", "blocks.2.latex", "{x", "{ is not closed"),
    ("text", "blocks.2.latex", "x}", "sign 2 (}) closes what is not open"),
    ("text", "blocks.2.latex", r"\begin{a}{\end{a}}", r"sign 11 (\end{a}) closes what is not open"),
    ("text", "blocks.2.latex", r"\begin{a}", r"\begin{a} is not closed"),
    ("text", "blocks.2.latex", r"\begin x", r"\begin needs the name of an environment in braces"),
    ("text", "blocks.2.latex", "$x$", DELIMITERS),
    ("text", "blocks.2.latex", r"\input{/etc/passwd}", rf"\input {COMMAND}"),
    ("text", "blocks.3.asset_id", -1, "this is the number of no asset"),
    ("text", "blocks.3.alt_text", "", LINE),
    ("text", "blocks.3.caption", "a\x07", "this has signs that can't be shown, for example a line's end"),
    ("text", "blocks.3.asset_id", None, IMAGE),
    ("text", "blocks.3.url", "https://example.edu/a.png", IMAGE),
    ("text", "blocks.4.url", "javascript:x", ADDRESS),
    ("text", "blocks.5.items", [], "this has 0 entries, 1 to 100 can be taken"),
    ("text", "blocks.5.items.0.label", "", LINE),
    ("text", "blocks.5.items.0.url", "/static/a", ADDRESS),
    ("assignment", "instructions", "<p>", f"'<p>' {HTML}"),
    ("assignment", "submission_types", "file", "a list is wanted here"),
    ("assignment", "submission_types.0", "fax", "this must be one of text, url, file"),
    ("assignment", "submission_types.1", "text", "this is named twice"),
    ("assignment", "max_points", -0.5, "this must be from 0 to 9999.99"),
    ("resource", "resources", None, "this must be given"),
    ("resource", "resources.0.label", None, "this must be given"),
    ("resource", "resources.0.url", "mailto:a@b.c", ADDRESS),
    ("resource", "resources.0.kind", "exe", RESOURCE),
]  # fmt: skip


def changed(value, place, new):
    """A copy with another value at a place."""
    if not place:
        return new
    head, *rest = place
    if isinstance(value, list):
        return [changed(one, rest, new) if str(index) == head else one for index, one in enumerate(value)]
    return {**value, head: changed(value.get(head), rest, new)}


def spelled(place):
    first, *rest = place
    return first + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in rest)


@pytest.mark.parametrize(("kind", "place", "value", "message"), BAD)
def test_a_bad_value_is_refused_at_its_place(kind, place, value, message):
    place = place.split(".")
    with pytest.raises(Refused) as refused:
        checked_payload(kind, changed(GOOD[kind], place, value), ("input", kind))
    told_at = [*place[:-1]] if message == IMAGE else place
    assert refused.value.failures == (
        (UserErrorCode.INVALID, f"{spelled(told_at)}: {message}", ("input", kind, *told_at), None),
    )


def fields(check, place=()):
    """The places of all fields of a check, without the numbers in lists."""
    if isinstance(check, Each):
        yield from fields(check.check, place)
    if isinstance(check, Object):
        for name, field in check.fields.items():
            yield (*place, name)
            yield from fields(field.check, (*place, name))


def test_no_field_is_without_a_bad_value():
    wanted = {(kind, *place) for kind, check in KINDS.items() for place in fields(check)}
    wanted |= {("text", "blocks", *place) for block in BLOCKS.values() for place in fields(block)}
    refused = {(kind, *(part for part in place.split(".") if not part.isdigit())) for kind, place, *_ in BAD}
    assert len(wanted) == 57
    assert wanted - refused == set()


def test_all_that_is_wrong_is_told_at_once():
    wrong = {"provider": "x", "colour": "red", "duration_seconds": -1, "transcript": {"segments": [], "by": 1}}
    with pytest.raises(Refused) as refused:
        checked_payload("video", wrong)
    known = "schema_version, provider, video_id, url, duration_seconds, thumbnail_url, asset_id, transcript"
    assert [failure.message for failure in refused.value.failures] == [
        "provider: this must be one of youtube, vimeo, internal",
        "duration_seconds: this must be from 0 to 1000000",
        "transcript.language: this must be given",
        "transcript.segments: this has 0 entries, 1 to 20000 can be taken",
        "transcript.by: there is no such key here; there are language, segments",
        f"colour: there is no such key here; there are {known}",
    ]
    blocks = [{"type": "math", "latex": "{"}] * 150
    with pytest.raises(Refused) as refused:
        checked_payload("text", {"blocks": blocks})
    assert len(refused.value.failures) == 100


@pytest.mark.parametrize(
    ("video", "place"),
    [
        ({"provider": "youtube"}, "video_id"),
        ({"provider": "youtube", "video_id": "abc def"}, "video_id"),
        ({"provider": "vimeo", "video_id": "abcdefgh"}, "video_id"),
        ({"provider": "internal", "video_id": "abc"}, "asset_id"),
    ],
)
def test_what_a_provider_asks_for(video, place):
    with pytest.raises(Refused) as refused:
        checked_payload("video", video)
    assert [failure.path for failure in refused.value.failures] == [(place,)]


@pytest.mark.parametrize(
    "video",
    [
        {"provider": "youtube", "video_id": "b7xgknqkQk8"},
        {"provider": "vimeo", "video_id": "76979871"},
        {"provider": "vimeo", "video_id": "76979871/0a1b2c3d4e"},
        {"provider": "internal", "asset_id": 1},
        {"provider": "internal", "url": "/static/a.mp4"},
    ],
)
def test_what_a_provider_takes(video):
    assert checked_payload("video", video) == {"schema_version": 1, **video}


def test_no_more_than_a_mebibyte():
    blocks = [{"type": "paragraph", "text": "x" * 20_000}] * 53
    with pytest.raises(Refused, match="at most 1048576 can be taken"):
        checked_payload("text", {"blocks": blocks})
    assert len(checked_payload("text", {"blocks": blocks[:52]})["blocks"]) == 52


@pytest.mark.parametrize("text", [
    "a < b and b > c", r"\<b>", "&lt;b>", "`<b>`", "```html\n<b>\n```", "    <b>\n", "<https://example.edu>", "[a](#b)",
    "[a](tel:+411)", "1 <2", "x<-y", "[not a link]: no", "[a](/b)",
])  # fmt: skip
def test_what_is_no_html(text):
    blocks = [{"type": "paragraph", "text": text.rstrip()}]
    assert checked_payload("text", {"blocks": blocks})["blocks"] == blocks


def items(modules):
    for module in modules:
        yield from module.items
        yield from items(module.children)


def without_nulls(payload):
    return {name: value for name, value in payload.items() if value is not None}


def same(course):
    """Each of its payloads is kept as it is."""
    count = 0
    for item in items(course.modules):
        assert checked_payload(item.content_type, item.payload) == {"schema_version": 1, **without_nulls(item.payload)}
        count += 1
    return count


def test_the_demo_s_payloads_are_good():
    assets = pools = defaultdict(lambda: 7)
    made = (calculus, circuits, mechanics, programming, statistics, tree_of_life, writing)
    assert sum(same(module.build(assets, pools)) for module in made) == 73


def test_the_payloads_of_a_real_course_are_good():
    assert same(read_course(read_archive(demo_course()))[0]) == 304


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(list(BLOCKS)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        sorted({name for check in (*KINDS.values(), *BLOCKS.values()) for name in check.fields} | {"x"})
    ) | st.text(max_size=4), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.dictionaries(st.text(max_size=4), JSON, max_size=3), st.data())
def test_anything_is_kept_so_that_it_can_be_read_or_is_refused(kind, more, data):
    changes = data.draw(st.lists(st.sampled_from(sorted(GOOD[kind])), max_size=3))
    payload = {**GOOD[kind], **{name: data.draw(JSON) for name in changes}, **more}
    try:
        kept = checked_payload(kind, payload)
    except Refused as refused:
        for failure in refused.failures:
            assert failure.message.startswith(f"{values.spelled(failure.path)}: ")
        return
    read = payloads.decode(kind, msgspec.json.encode(kept), item_id=1)
    assert read is not None
    assert "UnknownBlock" not in repr(read)


def test_what_a_payload_refers_to():
    assert asset_ids_of("video", GOOD["video"]) == {42}
    assert asset_ids_of("engineering_lab", GOOD["engineering_lab"]) == {7}
    assert asset_ids_of("text", GOOD["text"]) == {42}
    assert asset_ids_of("quiz", {"asset_id": 1}) == set()
    assert asset_ids_of("text", {"blocks": [None, {"asset_id": "7"}, {"asset_id": True}]}) == set()
    assert asset_ids_of("text", {"blocks": 5}) == set()
    assert pool_id_of("quiz", GOOD["quiz"]) == 12345
    assert pool_id_of("quiz", {}) is None
    assert pool_id_of("video", {"question_pool_id": 5}) is None
