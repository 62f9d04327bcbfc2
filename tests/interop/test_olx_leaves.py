"""Videos, transcripts and problems: what they say, and what they say wrongly."""

import pytest

from lms_graphql.interop.imported import LeftOut
from tests.interop.olx_packages import block_id, course_files, item_of, items_of


@pytest.mark.parametrize(
    ("attributes", "place"),
    [
        ('youtube_id_1_0="abcdefg"', ("youtube", "https://www.youtube.com/watch?v=abcdefg")),
        ('youtube="1.0:abcdefg"', ("youtube", "https://www.youtube.com/watch?v=abcdefg")),
        ('youtube="1.00:" html5_sources=\'["/static/a.mp4"]\'', ("internal", "/static/a.mp4")),
        (
            'html5_sources=\'["javascript:x", "https://v.example/b c.mp4"]\'',
            ("internal", "https://v.example/b%20c.mp4"),
        ),
    ],
)
def test_where_a_video_plays(attributes, place):
    item, _ = item_of(course_files(f'<video url_name="w" {attributes}/>'))
    assert (item.payload["provider"], item.payload["url"]) == place


def test_a_video_that_cannot_play_is_left_out():
    long = "https://v.example/" + "x" * 1024
    items, report = items_of(course_files(f'<video url_name="w" html5_sources="[]"><source src="{long}"/></video>'))
    assert items == []
    assert report.left_out == [
        LeftOut("video source", block_id("video", "w"), "address longer than 1024 characters"),
        LeftOut("video", block_id("video", "w"), "it names no video that can be played"),
    ]


@pytest.mark.parametrize(
    ("inner", "seconds"),
    [
        ('start_time="00:01:00" end_time="00:02:30">', 90),
        ('end_time="61.2">', 62),
        ('end_time="later">', None),
        ('end_time="00:00:09"><video_asset duration="20.5"/>', 21),
        ('sub="s"><video_asset duration="0.0"/>', 2),
    ],
)
def test_how_long_a_video_is(inner, seconds):
    files = course_files(f'<video url_name="w" youtube_id_1_0="abcdefg" {inner}</video>')
    files["static/subs_s.srt.sjson"] = b'{"start": [0, "x"], "end": [1500, 2], "text": ["Hi\\u0000\\ud800", "no"]}'
    item, _ = item_of(files)
    assert item.payload.get("duration_seconds") == item.estimated_duration_seconds == seconds


def test_transcripts_that_are_missing_or_broken_are_reported():
    transcripts = '{"en": "gone.srt", "fr": "f.srt", "es": "e.srt"}'.replace('"', "&quot;")
    files = course_files(f'<video url_name="w" youtube_id_1_0="abcdefg" transcripts="{transcripts}"/>')
    files["static/f.srt"] = (
        b"00:00:05,000 --> 00:00:06,000\nb\n\n00:00:01,000 --> nonsense\nx\n\n00:00:01 --> 00:00:02\na"
    )
    item, report = item_of(files)
    assert item.payload["transcript"] == {
        "language": "fr",
        "segments": [
            {"start": 1.0, "end": 2.0, "text": "a"},
            {"start": 5.0, "end": 6.0, "text": "b 00:00:01,000 --> nonsense x"},
        ],
    }
    assert [entry.reason for entry in report.left_out] == [
        "the transcript in en: the file static/gone.srt is missing",
        "1 broken cues of static/f.srt",
        "the transcript in es: one language is kept, fr",
    ]


@pytest.mark.parametrize("attempts", ["", "null", "0", "-1", "many", "9" * 5_000, "²"])
def test_attempts_that_make_no_sense_are_unlimited(attempts):
    item, _ = item_of(course_files(f'<problem url_name="p" max_attempts="{attempts}"/>'))
    assert item.payload == {"quiz_mode": "practice", "randomize_order": False}


@pytest.mark.parametrize(
    "vertical",
    ["<a b='c'/>", "<x:y xmlns:x='urn:z'/>", "<html/>", "<video/>", "<openassessment/>", "<lti launch_url='ftp://x'/>"],
)
def test_odd_blocks_never_crash(vertical):
    _, report = items_of(course_files(vertical))
    blocks = sum(report.mapped.values()) + sum(" " not in entry.kind for entry in report.left_out)
    assert blocks == 4


def test_nothing_unstorable_is_left():
    body = "<p>a\0b</p>"
    files = course_files('<html url_name="h"/>', html__h_html=body)
    files["policies/R1/policy.json"] = b'{"html/h": {"display_name": "x\\ud800\\u0000y"}}'
    item, _ = item_of(files)
    assert item.title == "xy"
    assert item.payload["blocks"] == [{"type": "paragraph", "text": "ab"}]
