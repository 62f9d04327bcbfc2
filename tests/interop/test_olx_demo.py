"""The real export of the Open edX demo course, compared with a walk of its own through the files."""

from collections import Counter

import msgspec
import pytest
from defusedxml.ElementTree import fromstring

from lms_graphql.content import payloads
from lms_graphql.interop.olx.archive import read_archive
from lms_graphql.interop.olx.course import read_course
from tests.interop.olx_packages import demo_course

KEY = "OpenedX+DemoX+DemoCourse"
SKELETON = ["chapter", "sequential", "vertical"]


@pytest.fixture(scope="module")
def files():
    return read_archive(demo_course())


@pytest.fixture(scope="module")
def imported(files):
    return read_course(files)


def walk(files, element, tags):
    """Every block below an element in order, as (tag, url_name); written apart from the code under test."""
    for child in element:
        if child.tag in tags or tags is None or element.tag in ("vertical", "library_content"):
            name = child.get("url_name")
            yield child.tag, name
            path = f"{child.tag}/{name}.xml"
            if child.tag in (*SKELETON, "library_content"):
                yield from walk(files, fromstring(files[path]), tags)


@pytest.fixture(scope="module")
def blocks(files):
    return list(walk(files, fromstring(files["course/DemoCourse.xml"]), SKELETON))


def nodes(modules):
    """Modules and items in the order of the source: the source's leaves stand only in verticals."""
    for module in modules:
        yield module
        yield from module.items
        yield from nodes(module.children)


def named(external_id):
    tag, name = external_id.removeprefix(f"block-v1:{KEY}+type@").split("+block@")
    return tag, name


def test_the_whole_tree_is_there_in_order(imported, blocks):
    course, report = imported
    left_out = {named(entry.external_id) for entry in report.left_out if " " not in entry.kind}
    assert [named(node.external_id) for node in nodes(course.modules)] == [
        block for block in blocks if block not in left_out
    ]
    assert left_out - {("wiki", "OpenedX.DemoX.DemoCourse")} == set(blocks) - {
        named(node.external_id) for node in nodes(course.modules)
    }


def test_the_report_covers_every_block(imported, blocks):
    _, report = imported
    left_out = Counter(entry.kind for entry in report.left_out)
    in_tree = sum(count for kind, count in left_out.items() if " " not in kind)
    mapped = sum(count for kind, count in report.mapped.items() if " " not in kind.split(" → ")[0])
    assert mapped + in_tree == len(blocks) + 1  # and the wiki, which stands beside the chapters
    assert report.mapped == {
        "chapter → unit": 6,
        "sequential → lesson": 17,
        "vertical → topic": 58,
        "html → text": 266,
        "video → video": 11,
        "problem → quiz": 23,
        "problem multiplechoiceresponse → single_choice question": 4,
        "problem choiceresponse → multiple_choice question": 2,
        "problem optionresponse → dropdown question": 9,
        "problem numericalresponse → numerical question": 2,
        "problem stringresponse → text question": 4,
        "openassessment → assignment": 2,
        "lti → resource": 2,
    }
    assert left_out == {
        "html markup": 128,
        "course asset": 50,
        "problem markup": 1,
        "problem question": 10,
        "problem questions": 1,
        "problem setting": 11,
        "problem": 6,
        "library_content": 1,
        "annotatable": 1,
        "discussion": 1,
        "done": 1,
        "drag-and-drop-v2": 1,
        "edx_sga": 1,
        "poll": 1,
        "staffgradedxblock": 1,
        "survey": 1,
        "wiki": 1,
        "video clip": 1,
        "video transcript": 1,
    }


def test_every_payload_can_be_read(imported):
    course, _ = imported
    items = [node for node in nodes(course.modules) if hasattr(node, "payload")]
    for item in items:
        data = msgspec.json.encode(item.payload)
        payload = payloads.decode(item.content_type, data, item_id=1)
        assert payload is not None
        assert not any(isinstance(block, payloads.UnknownBlock) for block in getattr(payload, "blocks", []))
        assert 1 <= len(item.title) <= 255
    assert len(items) == 304


def test_the_videos(imported):
    course, _ = imported
    videos = [node for node in nodes(course.modules) if getattr(node, "content_type", "") == "video"]
    assert [(video.payload["provider"], video.payload.get("duration_seconds")) for video in videos] == [
        ("youtube", 159),
        ("youtube", 89),
        ("youtube", None),
        ("youtube", 82),
        ("youtube", 2991),
        ("youtube", None),
        ("internal", None),
        ("youtube", None),
        ("youtube", None),
        ("youtube", None),
        ("youtube", 270),
    ]
    transcripts = [video.payload["transcript"] for video in videos if "transcript" in video.payload]
    assert [transcript["language"] for transcript in transcripts] == ["en"] * 5


def test_the_course_itself(imported):
    course, _ = imported
    assert (course.external_id, course.code, course.language_code) == (f"course-v1:{KEY}", "DemoX", "en")
    assert (course.run.term_name, course.run.starts_at.isoformat()) == ("DemoCourse", "2020-01-01T00:00:00+00:00")
    assert course.description
