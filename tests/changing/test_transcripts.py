"""setTranscript: subtitles of both forms become the transcript of a video; what can't be read is told by its line."""

import pytest

from tests.changing.contents import PARAGRAPH, TRANSCRIBE, Author, error

VIDEO = {"video": {"provider": "INTERNAL", "url": "https://media.example/a.mp4"}}
SRT = "1\n00:00:00,500 --> 00:00:02,000\nGood <i>morning</i>,\nall.\n\n2\n00:00:02,000 --> 00:01:00,250\nSit down.\n"
VTT = (
    "WEBVTT - a talk\n\nNOTE by hand\n\nSTYLE\n::cue { color: red }\n\nintro\n00:00.500 --> 00:02.000 align:left\n"
    "<v Ann>Good morning, all.</v>\n\n00:02.000 --> 00:01:00.250\nSit down.\n"
)
SEGMENTS = [
    {"start": 0.5, "end": 2.0, "text": "Good morning, all."},
    {"start": 2.0, "end": 60.25, "text": "Sit down."},
]
READ = """query($id: ID!) { contentItem(id: $id) { ... on VideoContent { transcript { language
  segments(search: "sit") { startSeconds endSeconds text } } } } }"""


@pytest.fixture
def author(api, world, owner):
    return Author(api, world, owner)


@pytest.fixture
async def video(author):
    return await author.created(await author.module(), VIDEO)


@pytest.mark.parametrize(("form", "text"), [("srt", SRT), ("vtt", VTT), ("srt", "\ufeff" + SRT.replace("\n", "\r\n"))])
async def test_both_forms_become_a_transcript(author, api, world, video, form, text):
    given = {"contentItemId": video, "expectedRevision": 1, "language": "en", "subtitles": {form: text}}
    told = await author.sent(TRANSCRIBE, given)
    assert (told["errors"], told["contentItem"]["revision"]) == ([], 2)
    stored = {"schema_version": 1, "provider": "internal", "url": "https://media.example/a.mp4"}
    spoken = {"language": "en", "segments": SEGMENTS}
    assert (await author.row(video))["data_json"] == {**stored, "transcript": spoken}
    found = await api.data(READ, {"id": video}, user=world.people["student"])
    shown = {"startSeconds": 2.0, "endSeconds": 60.25, "text": "Sit down."}
    assert found["contentItem"]["transcript"] == {"language": "en", "segments": [shown]}
    row = await author.row(video)
    ((old, new),) = await author.audited(row["id"], "item.set_transcript")
    assert (old, new) == ({"revision": 1, "data_json": stored}, {"revision": 2, "data_json": row["data_json"]})
    assert (await author.sent(TRANSCRIBE, {"contentItemId": video, "subtitles": None}))["errors"] == []
    assert (await author.row(video))["data_json"] == stored
    quiet = await author.state()
    assert (await author.sent(TRANSCRIBE, {"contentItemId": video}))["errors"] == []
    assert await author.state() == quiet


def cue(start, end, text="Words."):
    return f"{start} --> {end}\n{text}\n\n"


BAD = [
    ("srt", "", "line 1: there is no cue"),
    ("srt", "Just words.", "line 1: the times of a cue are missing, such as 00:00:01,000 --> 00:00:02,500"),
    ("srt", "1\n0:0:1 -> 0:0:2\nx", "line 1: the times of a cue are missing, such as 00:00:01,000 --> 00:00:02,500"),
    ("srt", "1\n00:00:01,000 -->\nx", "line 2: these are no times of a cue, such as 00:00:01,000 --> 00:00:02,500"),
    ("srt", cue("00:00:02", "00:00:01"), "line 1: the cue ends before it begins"),
    ("srt", cue("00:00:01", "00:00:03") + cue("00:00:02", "00:00:04"),
     "line 4: the cue begins before the one above it ends"),
    ("srt", cue("00:00:01", "00:00:03", ""), "line 1: the cue says nothing"),
    ("srt", cue("00:00:01", "00:00:03", "<b></b>"), "line 1: the cue says nothing"),
    ("srt", cue("00:00:01", "00:00:03", "x" * 2001),
     "line 2: the cue has 2001 characters, at most 2000 can be taken"),
    ("srt", cue("00:61:00", "00:62:00"), "line 1: minutes and seconds are from 0 to 59"),
    ("srt", cue("0000:00:01", "9999:00:00"), "line 1: a video ends within 1000000 seconds"),
    ("srt", "00:00:01 --> 00:00:02\nx\n00:00:02 --> 00:00:03\ny", "line 3: an empty line must stand between two cues"),
    ("vtt", SRT, "line 1: a WebVTT file begins with the line WEBVTT"),
    ("vtt", "WEBVTT", "line 1: there is no cue"),
    ("vtt", "WEBVTT\n00:01.000 --> 00:02.000\nx", "line 1: an empty line must stand between WEBVTT and the first cue"),
    ("srt", "x" * (200 * 1024 + 1), "this has 204801 bytes, at most 204800 can be taken"),
    ("srt", "€" * 70_000, "this has 210000 bytes, at most 204800 can be taken"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "text", "message"), BAD, ids=[message for *_, message in BAD])
async def test_what_can_not_be_read_is_told_by_its_line(author, video, form, text, message):
    before = await author.state()
    told = await author.sent(TRANSCRIBE, {"contentItemId": video, "language": "en", "subtitles": {form: text}})
    assert told == {"contentItem": None, "errors": [error("INVALID", message, "subtitles", form)]}
    assert await author.state() == before


async def test_every_bad_line_and_the_language_are_told_at_once(author, video):
    text = cue("00:00:02", "00:00:01") + "Words.\n\n" + cue("00:00:03", "00:00:04") + cue("x", "y")
    told = await author.sent(TRANSCRIBE, {"contentItemId": video, "language": "english!", "subtitles": {"srt": text}})
    times = "00:00:01,000 --> 00:00:02,500"
    assert told["errors"] == [
        error("INVALID", "language: this is no code of a language, such as en", "language"),
        error("INVALID", "line 1: the cue ends before it begins", "subtitles", "srt"),
        error("INVALID", f"line 4: the times of a cue are missing, such as {times}", "subtitles", "srt"),
        error("INVALID", f"line 9: these are no times of a cue, such as {times}", "subtitles", "srt"),
    ]
    told = await author.sent(TRANSCRIBE, {"contentItemId": video, "subtitles": {"srt": SRT}})
    assert told["errors"] == [error("INVALID", "language: this must be given", "language")]
    many = "".join(cue("x", "y") for _ in range(500))
    told = await author.sent(TRANSCRIBE, {"contentItemId": video, "language": "en", "subtitles": {"srt": many}})
    assert len(told["errors"]) == 100


async def test_only_a_video_has_a_transcript(author):
    item = await author.created(await author.module(), PARAGRAPH)
    told = await author.sent(TRANSCRIBE, {"contentItemId": item, "language": "en", "subtitles": {"srt": SRT}})
    assert told["errors"] == [error("INVALID", "only a video has a transcript", "contentItemId")]


async def test_who_may_not(author, video):
    before = await author.state()
    given = {"contentItemId": video, "language": "en", "subtitles": {"srt": SRT}}
    for person in ("student", "bystander", "beta_admin", "ta", "far_instructor", "far_admin"):
        (told,) = (await author.sent(TRANSCRIBE, given, person))["errors"]
        assert told["code"] == "FORBIDDEN"
    answer = await author.api(TRANSCRIBE, {"input": given})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await author.state() == before
    assert (await author.sent(TRANSCRIBE, given, "department_admin"))["errors"] == []
