"""Courses with something missing, broken or hostile in them: reported or refused by name, never endless."""

import pytest

from lms_graphql.interop.imported import LeftOut
from lms_graphql.interop.olx.course import read_course
from lms_graphql.interop.olx.source import CourseError
from tests.interop.olx_packages import SKELETON, block_id, course_files, items_of


def test_a_block_of_a_name_met_before_is_reported():
    (first,), report = items_of(course_files('<html url_name="h">one</html><html url_name="h">two</html>'))
    assert first.payload["blocks"] == [{"type": "paragraph", "text": "one"}]
    reason = "it was already read: a second block of this name, or a cycle"
    assert report.left_out == [LeftOut("html", block_id("html", "h"), reason)]


def test_a_cycle_ends():
    course, report = read_course(course_files('<sequential url_name="s1"/><vertical url_name="v1"/>'))
    assert [(entry.kind, entry.external_id) for entry in report.left_out] == [
        ("sequential", block_id("sequential", "s1")),
        ("vertical", block_id("vertical", "v1")),
    ]
    assert course.modules[0].children[0].children[0].children == []


@pytest.mark.parametrize("depth", [30, 20_000])
def test_depth_ends(depth):
    nested = "".join(f'<vertical url_name="n{n}">' for n in range(depth)) + "</vertical>" * depth
    _, report = read_course(course_files(nested))
    assert report.mapped["vertical → topic"] == 18
    assert report.left_out == [
        LeftOut("vertical", block_id("vertical", "n17"), "it lies more than 20 levels deep"),
    ]


def test_pointers_to_nothing_are_reported():
    files = course_files('<html url_name="gone"/><problem url_name="gone"/><html url_name="h" filename="gone"/>')
    files["chapter/c1.xml"] = b'<chapter><sequential url_name="s1"/><sequential url_name="gone"/></chapter>'
    items, report = items_of(files)
    assert items == []
    assert report.left_out == [
        LeftOut("html", block_id("html", "gone"), "the file html/gone.xml is missing"),
        LeftOut("problem", block_id("problem", "gone"), "the file problem/gone.xml is missing"),
        LeftOut("html", block_id("html", "h"), "the file html/gone.html is missing"),
        LeftOut("sequential", block_id("sequential", "gone"), "the file sequential/gone.xml is missing"),
    ]


@pytest.mark.parametrize(
    "path", ["course.xml", "course/R1.xml", "chapter/c1.xml", "sequential/s1.xml", "vertical/v1.xml"]
)
def test_a_broken_skeleton_stops_the_import(path):
    files = course_files() | {path: b"<course\n url_name='R1'>\n<broken"}
    with pytest.raises(CourseError, match=rf"^{path} line 3: broken XML"):
        read_course(files)


ENTITY = b'<!DOCTYPE problem [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><problem>&b;</problem>'
EXTERNAL = b'<!DOCTYPE problem SYSTEM "file:///etc/passwd"><problem/>'


@pytest.mark.parametrize("hostile", [ENTITY, EXTERNAL])
def test_declarations_are_refused_by_name(hostile):
    _, report = items_of(course_files('<problem url_name="p"/>') | {"problem/p.xml": hostile})
    reason = "problem/p.xml has a document type declaration (DTD), which is refused"
    assert report.left_out == [LeftOut("problem", block_id("problem", "p"), reason)]
    with pytest.raises(CourseError, match=r"^chapter/c1.xml has a document type declaration"):
        read_course(course_files() | {"chapter/c1.xml": hostile})


@pytest.mark.parametrize(
    "data", [b"", b"<problem>", b"\xff\xfe<", b'<?xml version="1.0" encoding="x-no"?><problem/>', b"<html/>"]
)
def test_a_broken_leaf_is_left_out_and_the_rest_goes_on(data):
    files = course_files('<problem url_name="p"/><html url_name="h">on</html>') | {"problem/p.xml": data}
    (item,), report = items_of(files)
    assert item.content_type == "text"
    ((kind, external_id, reason),) = [(entry.kind, entry.external_id, entry.reason) for entry in report.left_out]
    assert (kind, external_id) == ("problem", block_id("problem", "p"))
    assert "problem/p.xml" in reason


@pytest.mark.parametrize(
    "course_xml",
    [
        "<course/>",
        '<course url_name="R1" course="C"/>',
        '<course org="O" course="C"/>',
        '<course org="O" url_name="../R"/>',
    ],
)
def test_a_course_without_a_key_is_refused(course_xml):
    with pytest.raises(CourseError, match=r"course\.xml"):
        read_course(course_files() | {"course.xml": course_xml.encode()})


def test_a_run_that_is_missing_is_named():
    with pytest.raises(CourseError, match=r"the file course/R1\.xml is missing"):
        read_course({"course.xml": SKELETON["course.xml"].encode()})


def test_choices_and_loose_blocks_are_left_out_one_by_one():
    files = course_files(
        '<library_content url_name="l"><problem url_name="a"/><split_test url_name="t"><html url_name="b">x</html>'
        "</split_test></library_content><unheard-of url_name='u'><inner/></unheard-of>",
        problem__a_xml="<problem/>",
        course__R1_xml='<course><chapter url_name="c1"/><html url_name="top">x</html><wiki slug="W"/></course>',
    )
    items, report = items_of(files)
    assert items == []
    assert [(entry.kind, entry.reason.split()[:3]) for entry in report.left_out] == [
        ("library_content", ["it", "shows", "each"]),
        ("problem", ["it", "is", "within"]),
        ("split_test", ["it", "is", "within"]),
        ("html", ["it", "is", "within"]),
        ("unheard-of", ["blocks", "of", "this"]),
        ("html", ["it", "stands", "outside"]),
        ("wiki", ["it", "stands", "outside"]),
    ]


def test_a_block_without_a_name_gets_one_that_stays():
    files = course_files("<html>one</html><html>one</html>")
    (first, second), _ = items_of(files)
    (again, _), _ = items_of(files)
    assert first.external_id == again.external_id != second.external_id
