"""Items of QTI: what is written is read as it was, and what is others' is read or refused with the reason."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lms_graphql.assessment.pooling import checked_question
from lms_graphql.interop.qti.elements import parse
from lms_graphql.interop.qti.reading import read_item
from lms_graphql.interop.qti.texts import blocks, read_text, text_in
from lms_graphql.interop.qti.writing import write_item
from tests.questions import TEXTS, seeds


def plain(seed):
    return msgspec.json.decode(msgspec.json.encode(seed))


@given(seeds())
def test_what_is_written_is_read_as_it_was(seed):
    kept = checked_question(seed)
    read = read_item(parse(write_item(kept, "q1")))
    assert read.notes == []
    assert plain(checked_question(read.seed)) == plain(kept)


@given(TEXTS)
def test_a_text_that_somebody_changed_is_read_as_it_is(text):
    element = text_in("div", text)
    assert read_text(element) == text
    element[-1].text = f"{element[-1].text or ''} changed"
    assert "changed" in read_text(element)


@given(st.text(max_size=200))
def test_markdown_of_any_kind_becomes_xhtml(text):
    for block in blocks(text):
        assert block.tag in {"p", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"}
