"""Markdown as the blocks of an article: what has a block becomes one, what would be lost is told by its line."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_graphql.content.articles import LONGEST, read_article
from lms_graphql.content.checking import checked_payload
from lms_graphql.engine.usererrors import Refused


def blocks(text):
    article = read_article(text)
    assert article.wrong == []
    return [block for _, block in article.blocks]


def paragraph(text):
    return {"type": "paragraph", "text": text}


KEPT = [
    ("Some *words*\nand `code`.", [paragraph("Some *words*\nand `code`.")]),
    ("# One &amp; two\n\nThree\n---\n", [
        {"type": "heading", "level": 1, "text": "One & two"}, {"type": "heading", "level": 2, "text": "Three"},
    ]),
    ("###### Six", [{"type": "heading", "level": 6, "text": "Six"}]),
    ("$$\nx_1 \\\\\n\ny*2*\n$$", [{"type": "math", "latex": "x_1 \\\\\n\ny*2*"}]),
    ("$$ x $$", [{"type": "math", "latex": "x"}]),
    ("Words\n$$ x $$\nmore", [paragraph("Words"), {"type": "math", "latex": "x"}, paragraph("more")]),
    ("Costs $5 and $6, $$x$$ too.", [paragraph("Costs $5 and $6, $$x$$ too.")]),
    ("![A chart](https://a.example/c.png 'Growth')", [
        {"type": "image", "url": "https://a.example/c.png", "alt_text": "A chart", "caption": "Growth"},
    ]),
    ("![](asset:QQ)", [{"type": "image", "asset": "QQ"}]),
    ("- [A](https://a.example)\n- [B *c*](https://b.example)", [
        paragraph("- [A](https://a.example)\n- [B *c*](https://b.example)"),
    ]),
    ("* [A](https://a.example)\n\n* [B c](https://b.example)\n", [{"type": "link_list", "items": [
        {"label": "A", "url": "https://a.example"}, {"label": "B c", "url": "https://b.example"},
    ]}]),
    ("- [A](https://a.example)\n- words", [paragraph("- [A](https://a.example)\n- words")]),
    ("- [A](https://a.example \"title\")", [paragraph("- [A](https://a.example \"title\")")]),
    ("1. [A](https://a.example)", [paragraph("1. [A](https://a.example)")]),
    ("- a\n  - b\n", [paragraph("- a\n  - b")]),
    ("> quoted\n> words", [paragraph("> quoted\n> words")]),
    ("```py\n$$\n<b>\n```", [paragraph("```py\n$$\n<b>\n```")]),
    ("    x = 1\n    y = 2", [paragraph("    x = 1\n    y = 2")]),
    ("A\r\n\r\nB\rC", [paragraph("A"), paragraph("B\nC")]),
    ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), KEPT)
def test_what_has_a_block(text, wanted):
    assert blocks(text) == wanted


WRONG = [
    ("a\n\n---", (3, "there is no block for a line across")),
    ("<div>\nx\n</div>", (1, "HTML is not taken: write Markdown")),
    ("# *One*", (1, "a heading is plain text, without emphasis, code, links or images")),
    ("a ![x](https://a.example) b", (1, "an image stands in a paragraph of its own")),
    ("- a\n- ![x](https://a.example)", (2, "an image stands in a paragraph of its own")),
    ("> $$\n> x\n> $$", (1, "a formula between lines of $$ stands by itself, not within a list or a quotation")),
    ("a\n\n$$\nx", (3, "the formula is not closed: a line must end with $$")),
    ("[a][b]\n\n[b]: https://a.example", (3, "write the address where the link is, not apart from it")),
    ("x" * (LONGEST + 1), (1, f"this has {LONGEST + 1} characters, at most {LONGEST} can be taken")),
]


@pytest.mark.parametrize(("text", "wanted"), WRONG, ids=[said for _, (_, said) in WRONG])
def test_what_would_be_lost_is_told_by_its_line(text, wanted):
    assert read_article(text).wrong == [wanted]


PIECES = st.sampled_from([
    "# ", "*", "`", "[", "](", ")", "![", "$$", "\n", "\n\n", "> ", "- ", "1. ", "    ", "<b>", "&lt;", "---", "```",
    "\\", "asset:", "https://a.example", "word", " ", "[x]: y",
]) | st.text(max_size=5)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_anything_makes_blocks_that_are_kept_or_is_told(text):
    article = read_article(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    assert all(1 <= line <= lines for line, _ in (*article.blocks, *article.wrong))
    made = [{**block, "asset_id": 1} if block.pop("asset", None) else block for _, block in article.blocks]
    try:
        kept = checked_payload("text", {"blocks": made})
    except Refused:
        return
    assert [block["type"] for block in kept["blocks"]] == [block["type"] for block in made]


def test_words_are_not_lost():
    text = "# Title\n\nOne *two*\nthree.\n\n- four\n- five\n\n> six\n\n```\nseven\n```\n\n$$\neight\n$$\n"
    said = " ".join(str(block.get("text") or block.get("latex")) for block in blocks(text))
    assert all(word in said for word in ["Title", "One", "two", "three", "four", "five", "six", "seven", "eight"])


def test_hostile_texts_of_the_largest_size_take_little_time():
    for unit in ("[", "[a](", "![[", "*_", "> ", "$$\n", "- ", "- [a](b)\n", "`", "<", "\\", "&", "[a]: b\n", "# "):
        begun = time.process_time()
        read_article(unit * (LONGEST // len(unit)))
        assert time.process_time() - begun < 4, unit
