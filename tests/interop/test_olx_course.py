"""A small course of every kind, exactly; then everything that can be wrong with one."""

from datetime import UTC, datetime

import msgspec
import pytest

from lms_graphql.assessment.payloads import Answer, Option
from lms_graphql.interop.imported import (
    ImportedCourse,
    ImportedItem,
    ImportedModule,
    ImportedPool,
    ImportedQuestion,
    ImportedRun,
    LeftOut,
)
from lms_graphql.interop.olx.course import read_course
from tests.interop.olx_packages import block_id, course_files, item_of

SRT = (
    "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\nOver &amp; <i>under</i>\r\n\r\n"
    "2\r\n00:00:03.000 --> 00:01:05.250\r\nAgain\r\n"
)


def test_a_course_of_every_kind():
    vertical = """
      <html url_name="h1"/>
      <video url_name="w1"/>
      <problem url_name="p1"/>
      <openassessment url_name="o1" text_response="required" file_upload_response="optional">
        <title>An essay</title>
        <prompts><prompt>
          <description>&lt;p&gt;Compare &lt;b&gt;two&lt;/b&gt; looms.&lt;/p&gt;</description>
        </prompt></prompts>
        <rubric>
          <criterion><option points="0"/><option points="3"/></criterion>
          <criterion><option points="2"/></criterion>
        </rubric>
      </openassessment>
      <lti_consumer url_name="l1" display_name="Simulator" launch_url="https://tool.example/launch"/>
      <google-document url_name="g1" embed_code="&lt;iframe src='https://docs.example/d'&gt;&lt;/iframe&gt;"/>
      <discussion url_name="d1" display_name="Talk"/>
      <poll url_name="q1" question="Which?"/>
    """
    files = course_files(
        vertical,
        html__h1_xml='<html filename="body" display_name="  About   warps "/>',
        html__body_html="<h2>Warp</h2><p>Keep it <em>tight</em>.</p><img src='/static/w.png' alt='A warp'>",
        video__w1_xml='<video display_name="Weft" youtube="0.75:aaaaaaa,1.00:abcdefg_-12" end_time="00:10:00">'
        '<transcript language="de" src="w-de.srt"/><transcript language="en" src="w-en.srt"/></video>',
        problem__p1_xml='<problem display_name="Quiz" max_attempts="3" rerandomize="always">'
        "<choiceresponse><label>Which are looms?</label><checkboxgroup>"
        '<choice correct="true">Table</choice><choice correct="false">Chair</choice></checkboxgroup></choiceresponse>'
        '<div><numericalresponse answer="2"><label>How many threads?</label></numericalresponse></div></problem>',
    )
    files["static/w-en.srt"] = files["static/w-de.srt"] = SRT.encode()
    files["about/short_description.html"] = b"<p>All about   <b>weaving</b></p>"
    course, report = read_course(files)
    assert course == ImportedCourse(
        system="olx",
        external_id="course-v1:Org+C101+R1",
        code="C101",
        title="Weaving",
        description="All about weaving",
        language_code="en",
        modules=[
            ImportedModule(
                block_id("chapter", "c1"),
                "unit",
                "Looms",
                children=[
                    ImportedModule(
                        block_id("sequential", "s1"),
                        "lesson",
                        "Warp",
                        children=[
                            ImportedModule(block_id("vertical", "v1"), "topic", "Threads", items=EVERY_ITEM),
                        ],
                    )
                ],
            )
        ],
        run=ImportedRun(external_id="course-v1:Org+C101+R1", term_name="R1"),
    )
    assert report.mapped == {
        "html → text": 1,
        "video → video": 1,
        "problem choiceresponse → multiple_choice question": 1,
        "problem numericalresponse → numerical question": 1,
        "problem → quiz": 1,
        "openassessment → assignment": 1,
        "lti_consumer → resource": 1,
        "google-document → resource": 1,
        "vertical → topic": 1,
        "sequential → lesson": 1,
        "chapter → unit": 1,
    }
    no_address = "blocks of this kind have no place here and it names no address to open"
    assert report.left_out == [
        LeftOut("course asset", "/static/w.png", "files of the course are not imported yet"),
        LeftOut("video transcript", block_id("video", "w1"), "the transcript in de: one language is kept, en"),
        LeftOut("discussion", block_id("discussion", "d1"), "a discussion has no place in the syllabus yet"),
        LeftOut("poll", block_id("poll", "q1"), no_address),
    ]


EVERY_ITEM = [
    ImportedItem(
        block_id("html", "h1"),
        "text",
        "About warps",
        {
            "layout": "rich_text_v1",
            "blocks": [
                {"type": "heading", "level": 2, "text": "Warp"},
                {"type": "paragraph", "text": "Keep it *tight*."},
                {"type": "image", "url": "/static/w.png", "alt_text": "A warp"},
            ],
        },
        estimated_duration_seconds=60,
    ),
    ImportedItem(
        block_id("video", "w1"),
        "video",
        "Weft",
        {
            "provider": "youtube",
            "video_id": "abcdefg_-12",
            "url": "https://www.youtube.com/watch?v=abcdefg_-12",
            "duration_seconds": 66,
            "transcript": {
                "language": "en",
                "segments": [
                    {"start": 1.0, "end": 2.5, "text": "Over & under"},
                    {"start": 3.0, "end": 65.25, "text": "Again"},
                ],
            },
        },
        estimated_duration_seconds=66,
    ),
    ImportedItem(
        block_id("problem", "p1"),
        "quiz",
        "Quiz",
        {
            "quiz_mode": "practice",
            "num_questions_per_attempt": 2,
            "randomize_order": True,
            "mastery": {"max_attempts": 3},
        },
        pool=ImportedPool(
            block_id("problem", "p1"),
            "Quiz",
            [
                ImportedQuestion(
                    block_id("problem", "p1") + "#1",
                    "multiple_choice",
                    "Which are looms?",
                    Answer(correct=["a"]),
                    options=[Option("a", "Table"), Option("b", "Chair")],
                ),
                ImportedQuestion(block_id("problem", "p1") + "#2", "numerical", "How many threads?", Answer(value="2")),
            ],
        ),
    ),
    ImportedItem(
        block_id("openassessment", "o1"),
        "assignment",
        "An essay",
        {"instructions": "Compare **two** looms.", "submission_types": ["text", "file"], "max_points": 5.0},
    ),
    ImportedItem(
        block_id("lti_consumer", "l1"),
        "resource",
        "Simulator",
        {"resources": [{"label": "Simulator", "url": "https://tool.example/launch", "kind": "tool"}]},
    ),
    ImportedItem(
        block_id("google-document", "g1"),
        "resource",
        "Untitled resource",
        {"resources": [{"label": "Untitled resource", "url": "https://docs.example/d", "kind": "link"}]},
    ),
]


def test_a_course_written_in_one_file():
    inline = """<course url_name="R1" org="Org" course="C101">
      <chapter url_name="c"><sequential url_name="s">
        <vertical url_name="v"><html url_name="h">Hello <b>you</b></html></vertical>
        <html url_name="h2"><p>Beside</p></html>
      </sequential><video url_name="x" html5_sources='["https://v.example/a.mp4"]'/></chapter>
    </course>"""
    course, report = read_course({"course.xml": inline.encode()})
    assert (course.title, course.description) == ("C101", None)
    (unit,) = course.modules
    (lesson,) = unit.children
    (topic,) = lesson.children
    assert [unit.title, lesson.title, topic.title] == ["Untitled unit", "Untitled lesson", "Untitled topic"]
    assert topic.items[0].payload["blocks"] == [{"type": "paragraph", "text": "Hello **you**"}]
    assert topic.items[0].title == "Untitled text"
    assert lesson.items[0].payload["blocks"] == [{"type": "paragraph", "text": "Beside"}]
    assert unit.items[0].payload == {"provider": "internal", "url": "https://v.example/a.mp4"}
    assert report.left_out == []


def test_the_policy_fills_in_what_the_files_do_not_say():
    policy = {
        "course/R1": {"start": "2026-03-01T08:00:00+02:00", "display_name": "Not this one", "language": None},
        "problem/p": {"display_name": "From the policy", "max_attempts": 2, "visible_to_staff_only": True},
    }
    files = course_files('<problem url_name="p"/>', problem__p_xml="<problem/>")
    files["policies/R1/policy.json"] = msgspec.json.encode(policy)
    item, _ = item_of(files)
    course, _ = read_course(files)
    assert (item.title, item.is_active, item.payload["mastery"]) == ("From the policy", False, {"max_attempts": 2})
    assert course.title == "Weaving"
    assert course.run.starts_at == datetime(2026, 3, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize("broken", [b"{", b"[]", b"[" * 100_000, b"\xff"])
def test_a_broken_policy_is_reported(broken):
    files = course_files() | {"policies/R1/policy.json": broken}
    course, report = read_course(files)
    reason = "policies/R1/policy.json is not a JSON object"
    assert report.left_out == [LeftOut("course policy", course.external_id, reason)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-05T09:30:00Z", datetime(2026, 1, 5, 9, 30, tzinfo=UTC)),
        ("&quot;2026-01-05T09:30:00.250000+01:00&quot;", datetime(2026, 1, 5, 8, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-01-05T09:30", datetime(2026, 1, 5, 9, 30, tzinfo=UTC)),
        ("2026-01-05", datetime(2026, 1, 5, tzinfo=UTC)),
        ("null", None),
        ("", None),
    ],
)
def test_dates(written, read):
    names = ("start", "end", "enrollment_start", "enrollment_end")
    attributes = " ".join(f'{name}="{written}"' for name in names)
    course, report = read_course(course_files(course__R1_xml=f"<course {attributes}/>"))
    assert course.run == ImportedRun("course-v1:Org+C101+R1", "R1", read, read, read, read)
    assert report.left_out == []


@pytest.mark.parametrize("written", ["soon", "0001-01-01T00:00:00+10:00", "September 1, 2026"])
def test_an_unreadable_date_is_reported(written):
    course, report = read_course(course_files(course__R1_xml=f'<course end="{written}"/>'))
    assert course.run.ends_at is None
    assert [entry.kind for entry in report.left_out] == ["course date"]


@pytest.mark.parametrize(
    ("written", "read", "reported"),
    [("de", "de", 0), ("zh-Hans", "zh-Hans", 0), ("", "en", 0), ("zh-Hans-CN-x", "zh", 1), ("<1>", "en", 1)],
)
def test_languages(written, read, reported):
    course, report = read_course(course_files(course__R1_xml=f'<course language="{written.replace("<", "&lt;")}"/>'))
    assert course.language_code == read
    assert [entry.kind for entry in report.left_out] == ["course language"] * reported


def test_what_only_staff_may_see_is_not_published():
    files = course_files(
        '<html url_name="h" visible_to_staff_only="true">x</html>',
        chapter__c1_xml='<chapter visible_to_staff_only="true"><sequential url_name="s1"/></chapter>',
    )
    course, _ = read_course(files)
    unit = course.modules[0]
    topic = unit.children[0].children[0]
    assert (unit.is_published, unit.children[0].is_published, topic.items[0].is_active) == (False, True, False)


def test_titles_fit_their_column():
    item, _ = item_of(course_files(f'<html url_name="h" display_name="{"x" * 300}">y</html>'))
    assert item.title == "x" * 254 + "…"
