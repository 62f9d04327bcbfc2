"""Subtitles: whatever is written is read again, and whatever is sent is read or told by its line, and soon."""

import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from lms_graphql.content.subtitles import MOST_BYTES, read_srt, read_vtt, words

WORDS = st.from_regex(r"[A-Za-z0-9é€.,!? ]{0,30}[A-Za-z]", fullmatch=True)


@st.composite
def spoken(draw):
    """Segments as they are read: in order, to the millisecond."""
    moments = sorted(draw(st.lists(st.integers(0, 999_999_000), min_size=2, max_size=20)))
    pairs = list(zip(moments[::2], moments[1::2], strict=False))
    return [{"start": start / 1000, "end": end / 1000, "text": " ".join(draw(WORDS).split())} for start, end in pairs]


def clock(seconds, mark):
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def written(segments, mark, *, numbered):
    return "".join(
        (f"{number}\n" if numbered else "")
        + f"{clock(one['start'], mark)} --> {clock(one['end'], mark)}\n{one['text']}\n\n"
        for number, one in enumerate(segments, 1)
    )


@given(spoken(), st.booleans(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_is_written_is_read_again(segments, numbered, end):
    srt = read_srt(written(segments, ",", numbered=numbered).replace("\n", end))
    vtt = read_vtt(("WEBVTT\n\n" + written(segments, ".", numbered=numbered)).replace("\n", end))
    assert srt == vtt == (segments, [])


LINES = st.sampled_from([
    "", "1", "WEBVTT", "NOTE x", "STYLE", "00:00:01,000 --> 00:00:02,000", "00:00:02.000 --> 00:00:01.000", "-->",
    "99:99:99 --> 99:99:99", "00:01.000 --> 00:01.000 align:left", "<b>Words</b>", "&lt;b&gt;", "Words",
    "\x00", "\ud800",
]) | st.text(max_size=12)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(LINES, max_size=30), st.sampled_from([read_srt, read_vtt]))
def test_anything_is_read_or_told(lines, read):
    text = "\n".join(lines)
    segments, wrong = read(text)
    assert segments or wrong
    count = len(re.split("\r\n|\r|\n", text))
    assert all(1 <= line <= count and said for line, said in wrong)
    if wrong:
        return
    end = 0
    for one in segments:
        assert end <= one["start"] <= one["end"] <= 1_000_000
        assert one["text"]
        assert not re.search(r"<[A-Za-z/!?]|[\0\ud800-\udfff]", one["text"])
        end = one["end"]


def test_hostile_texts_of_the_largest_size_take_no_time():
    for unit in (
        "<",
        "<a",
        "{\\",
        "-->",
        "00:00:01,000 --> 00:00:02,000\n",
        "&lt;",
        "1\n",
        "\n",
        " ",
        "00:",
        "9",
        "<1:",
    ):
        text = "00:00:01,000 --> 00:00:02,000\n" + unit * (MOST_BYTES // len(unit))
        begun = time.process_time()
        read_srt(text)
        read_vtt(f"WEBVTT\n\n{text}")
        assert time.process_time() - begun < 2, unit


def test_markup_is_left_out():
    assert words("<v Ann>One</v> <c.loud>two</c>\n<00:01.000>three {\\an8}&amp; four") == "One two three & four"
    assert words("1 < 2 <b") == "1 < 2 b"
