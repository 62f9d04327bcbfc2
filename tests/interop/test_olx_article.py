"""HTML as blocks, exactly; and what holds for any HTML and any subtitles at all."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_graphql.content import payloads
from lms_graphql.content.payloads import TranscriptSegment
from lms_graphql.interop.olx.article import as_markdown, read_article
from lms_graphql.interop.olx.sanitize import MAX_HTML_CHARACTERS, UnreadableHtmlError
from lms_graphql.interop.olx.transcript import read_subtitles

TAG = re.compile(r"<[A-Za-z/!?]")
RUNNABLE = re.compile(r"\]\s?\(\s*<?\s*(?!https?:|mailto:|tel:)[A-Za-z][\w+.-]*:|\]:\s*[A-Za-z]+:")


def paragraphs(html):
    return [block["text"] for block in read_article(html).blocks if block["type"] == "paragraph"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain <b>bold</b> <i>it</i>", ["plain **bold** *it*"]),
        ("<p>a</p>between<p>b</p>", ["a", "between", "b"]),
        ("<div><div>a</div><section><p>b</p></section></div>", ["a", "b"]),
        ("<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>", ["- a\n  1. b\n- c"]),
        ("<table><tr><th>a|b</th><th>c</th></tr><tr><td>1</td><td>2</td></tr></table>", [
            "| a\\|b | c |\n| --- | --- |\n| 1 | 2 |",
        ]),
        ("<blockquote><p>q</p></blockquote>", ["> q"]),
        ("<pre>a\n  b</pre>", ["```\na\n  b\n```"]),
        ("<pre>&lt;b&gt;\n  x</pre>", ["&lt;b>\\\n\xa0\xa0x"]),
        ("<code>a_b</code> and <code>&lt;b&gt;</code>", ["`a_b` and &lt;b>"]),
        ('<a href="http://a.example/(x)?a=1&amp;b=2">t</a>', ["[t](http://a.example/%28x%29?a=1&b=2)"]),
        ('see<a href="/jump_to_id/x"> there </a>.', ["see [there](/jump_to_id/x) ."]),
        ("a<br>b", ["a\\\nb"]),
        ("1. not a list", ["1\\. not a list"]),
        ("# no heading * _ [x](y) `z` $5 &amp;lt;", ["\\# no heading \\* \\_ \\[x\\](y) \\`z\\` \\$5 &amp;lt;"]),
        (r"where \(a_1 &lt;b\) and [mathjaxinline]c[/mathjaxinline]", [r"where $a_1 \lt b$ and $c$"]),
        (r"\([x](javascript:y)\)", ["$[x] (javascript:y)$"]),
        ("<p> </p><p>&nbsp;</p><!-- c --><table><tr><td></td></tr></table>", []),
        ("<soup>a</soup><list>b</list><_document_>c</_document_>", ["ab&lt;\\_document\\_>c"]),
    ],
)  # fmt: skip
def test_text(html, text):
    assert paragraphs(html) == text


def test_headings_images_and_formulas_are_blocks_of_their_own():
    html = r"""<h1>A <em>b</em> &lt;c&gt;</h1>
      <p>before <img src="/static/a.png" alt='say "x" &lt;b&gt;'> after</p>
      <a href="/x"><img src="https://i.example/b.png" alt="pic"></a>
      <ul><li>one \[x^2\] two</li></ul>
      <script type="math/tex; mode=display">y</script>[mathjax]z[/mathjax]<img alt="no address">"""
    assert read_article(html).blocks == [
        {"type": "heading", "level": 1, "text": "A b ‹c›"},
        {"type": "paragraph", "text": "before"},
        {"type": "image", "url": "/static/a.png", "alt_text": 'say "x" ‹b›'},
        {"type": "paragraph", "text": "after"},
        {"type": "paragraph", "text": "[pic](/x)"},
        {"type": "image", "url": "https://i.example/b.png", "alt_text": "pic"},
        {"type": "paragraph", "text": "- one  two"},
        {"type": "math", "latex": "x^2"},
        {"type": "math", "latex": "y"},
        {"type": "math", "latex": "z"},
    ]


def test_what_runs_is_dropped_and_counted():
    html = """<script>x</script><style>y</style><iframe src="https://v.example">no</iframe><p onclick="x" onload="y">a
      <a href="java&#10;script:x">b</a><a href=" &#1;JAVASCRIPT:x">c</a><img src="data:image/png;base64,AA">
      <a href="vbscript:x">d</a><a href="javascript&amp;colon;x">e</a><button>go</button></p>"""
    article = read_article(html)
    assert [block["text"] for block in article.blocks] == ["a bc d[e](javascript&amp;colon;x)"]
    assert article.dropped == {
        "script": 1,
        "style": 1,
        "iframe": 1,
        "button": 1,
        "event handler": 2,
        "address of another kind than http, https, mailto or tel": 4,
    }


def test_words_and_assets_are_counted():
    article = read_article('<p>one two</p><a href="/static/x.pdf">three</a><img src="/static/y.png">')
    assert (article.words, article.assets) == (3, ["/static/x.pdf", "/static/y.png"])


def test_html_that_is_too_long_is_not_read():
    with pytest.raises(UnreadableHtmlError):
        read_article("x" * (MAX_HTML_CHARACTERS + 1))


def test_html_that_some_parsers_give_up_on():
    """Whether Python's parser takes this is a matter of its patch level; nobody gets another error, or the tag."""
    try:
        article = read_article("<![foo")
    except UnreadableHtmlError:
        return
    assert "<" not in as_markdown(article.blocks)


@pytest.mark.parametrize("tag", ["p", "div", "b", "ul", "blockquote", "table", "a", "pre", "soup"])
def test_depth_is_no_danger(tag):
    assert "deep" in as_markdown(read_article(f"<{tag}>" * 3_000 + "deep").blocks)


TAGS = [
    "p",
    "b",
    "a",
    "ul",
    "ol",
    "li",
    "table",
    "td",
    "th",
    "tr",
    "pre",
    "code",
    "h2",
    "script",
    "iframe",
    "svg",
    "style",
    "blockquote",
    "dl",
    "dd",
    "br",
    "hr",
    "img",
    "soup",
    "div",
]
PIECES = st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]) | st.sampled_from(
    [
        '<a href="javascript:alert(1)">', "<a href='java\tscript:x'>", '<a href="data:text/html,x">',
        '<img src="javascript:x">', '<a href="https://a.example/)](javascript:x)">', '<a href="x]: javascript:y">',
        '<img src="a" alt="](javascript:x)">', "[x](javascript:y)", "[x]: javascript:y", "](javascript:x)",
        "&lt;script&gt;", "&amp;lt;b&amp;gt;", "<javascript:x>", r"\(", r"\)", r"\[", r"\]", "[mathjax]", "[/mathjax]",
        "`", "```", "\\", "<", ">", "&", "\n", "|", "$", "*", "_", "#", "0", "<!--", "-->", "<?xml version='1.0'?>",
        "<!DOCTYPE html>", "<![CDATA[<b>]]>", "&#0;", "\ud800", "\0", "&#xd800;",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=14).map("".join))
def test_no_html_and_no_script_survives(html):
    try:
        blocks = read_article(html).blocks
    except UnreadableHtmlError:
        return
    for block in blocks:
        for value in (text for text in block.values() if isinstance(text, str)):
            assert not TAG.search(value)
            assert "\0" not in value
        for value in (block.get("url", ""), block.get("alt_text", "")):
            assert not value.lower().startswith("javascript:")
        if block["type"] in ("paragraph", "math"):
            assert not RUNNABLE.search(
                re.sub(r"\\.|```.*?```|`[^`]*`", "", block.get("text") or block["latex"], flags=re.DOTALL)
            )
    data = msgspec.json.encode({"layout": "rich_text_v1", "blocks": blocks})
    decoded = payloads.decode("text", data, item_id=1)
    assert not any(isinstance(block, payloads.UnknownBlock) for block in decoded.blocks)
    assert not TAG.search(as_markdown(blocks))


@pytest.mark.parametrize(
    ("text", "segments", "broken"),
    [
        ("", [], 0),
        ("no subtitles at all", [], 1),
        ("00:00:01,5 --> 00:00:02,25\nhalf", [(1.5, 2.25, "half")], 0),
        ("01:02.5 --> 01:03 align:start\nshort", [(62.5, 63.0, "short")], 0),
        ("1\n00:00:02,0 --> 00:00:01,0\nbackwards\n", [], 1),
        ("00:00:01,0 --> 00:00:02,0\n\n2\n00:00:03,0 --> 00:00:04,0\nb", [(3.0, 4.0, "b")], 1),
        (
            "00:00:01,0 --> 00:00:02,0\nin\n1984\n\n00:00:03,0 --> 00:00:04,0\nb",
            [(1.0, 2.0, "in 1984"), (3.0, 4.0, "b")],
            0,
        ),
        (
            "00:00:01,0 --> 00:00:02,0\n&lt;i&gt;a&lt;/i&gt; &amp;amp; 1 < 2 <scr<b>ipt>",
            [(1.0, 2.0, "a &amp; 1 < 2 script>")],
            0,
        ),
    ],
)
def test_subtitles(text, segments, broken):
    read = read_subtitles("x.srt", text.encode())
    assert [(segment.start, segment.end, segment.text) for segment in read.segments] == segments
    assert read.broken == broken


WORDS = st.lists(st.text("abc&é 1", min_size=1, max_size=8).filter(str.strip), min_size=1, max_size=3).map("\n".join)
CUES = st.lists(st.tuples(st.integers(0, 359_999_000), st.integers(0, 99_000), WORDS), max_size=8)


def clock(milliseconds, point):
    seconds, rest = divmod(milliseconds, 1_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


@settings(max_examples=200, deadline=None)
@given(
    CUES, st.booleans(), st.sampled_from(["\n", "\r\n"]), st.sampled_from([",", "."]), st.sampled_from(["", "\ufeff"])
)
def test_subtitles_come_back_as_they_were_written(cues, numbered, end_of_line, point, mark):
    lines = []
    for number, (start, length, text) in enumerate(cues):
        lines += [str(number)] * numbered
        lines += [f"{clock(start, point)} --> {clock(start + length, point)}", text.replace("&", "&amp;"), ""]
    file = mark + "\n".join(lines).replace("\n", end_of_line)
    expected = [TranscriptSegment(s / 1000, (s + length) / 1000, " ".join(text.split())) for s, length, text in cues]
    read = read_subtitles("x.srt", file.encode())
    assert read.segments == sorted(expected, key=lambda segment: segment.start)
    assert read.broken == 0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["-->", "00:00:01,5", " ", "\n", "\r", "1", "<i>", "{\\an8}", "&lt;", "\0"])
        | st.text(max_size=4)
    )
)
def test_any_file_of_subtitles_is_read(pieces):
    for name in ("x.srt", "x.sjson"):
        read = read_subtitles(name, "".join(pieces).encode(errors="replace"))
        assert all(0 <= segment.start <= segment.end and not TAG.search(segment.text) for segment in read.segments)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b"[" * 99_999, b'{"start": 1, "end": 2, "text": 3}', b'{"start": [1], "end": [], "text": []}'],
)
def test_an_sjson_that_is_none_is_one_broken_cue(data):
    assert read_subtitles("x.srt.sjson", data) == ([], 1)
