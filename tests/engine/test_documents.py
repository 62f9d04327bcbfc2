"""The cache of documents: what is kept, for how long, and what a refused document leaves behind."""

import gc

import pytest
from graphql import Node

from lms_graphql.engine.documents import Document, Documents
from lms_graphql.engine.errors import Code
from lms_graphql.schema import build

SCHEMA = build()


def documents(**options):
    return Documents(SCHEMA.graphql, SCHEMA.groups, **options)


def code(document):
    (error,) = document.errors
    return error.extensions["code"]


def test_a_document_is_read_once():
    kept = documents()
    assert kept.get("{ __typename }") is kept.get("{ __typename }")
    assert kept.get("{ nothing }") is kept.get("{ nothing }")
    assert kept.get("{ __typename }") is not kept.get("{ __typename  }")


def test_the_least_used_go_first():
    kept = documents(size=2)
    first = kept.get("{ a: __typename }")
    second = kept.get("{ b: __typename }")
    assert kept.get("{ a: __typename }") is first
    kept.get("{ c: __typename }")
    assert kept.get("{ a: __typename }") is first
    assert kept.get("{ b: __typename }") is not second
    assert len(kept._documents) == 2


def test_texts_are_bounded_together():
    kept = documents(text_bytes=1000)
    for number in range(100):
        kept.get(f"{{ __typename }} # {'é' * number}")
        assert kept._bytes == sum(len(text.encode()) for text in kept._documents) <= 1000
    assert 2 < len(kept._documents) < 10


def test_a_text_larger_than_all_texts_together_is_served_and_not_kept():
    kept = documents(text_bytes=10)
    assert kept.get("{ __typename }").node is not None
    assert (len(kept._documents), kept._bytes) == (0, 0)


def test_what_is_too_large_is_not_kept():
    kept = documents()
    assert code(kept.get("x" * 16_385)) == Code.DOCUMENT_TOO_LARGE
    assert code(kept.get("é" * 8_193)) == Code.DOCUMENT_TOO_LARGE
    assert not kept._documents


REFUSED = {
    "{": Code.GRAPHQL_PARSE_FAILED,
    "{ nothing }": Code.GRAPHQL_VALIDATION_FAILED,
    "\ud800": Code.GRAPHQL_PARSE_FAILED,
    "": Code.GRAPHQL_PARSE_FAILED,
    "type A { a: Int }": Code.GRAPHQL_VALIDATION_FAILED,
    "{ " + "a " * 301 + "}": Code.TOO_MANY_FIELDS,
    "#\n" * 2001: Code.TOO_MANY_TOKENS,
    "{ viewer { " + "roles " * 290 + "} }": Code.TOO_MANY_EQUAL_FIELDS,
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_a_refused_document_is_kept_without_its_tree(text):
    kept = documents()
    document = kept.get(text)
    assert code(document) == REFUSED[text]
    assert kept.get(text) is document
    assert (document.node, document.price(None, {})) == (None, 0)
    reached, todo = set(), list(document.errors)
    while todo:
        thing = todo.pop()
        if id(thing) not in reached and not isinstance(thing, type):
            reached.add(id(thing))
            assert not isinstance(thing, Node)
            todo += gc.get_referents(thing)
    assert len(reached) < 100


def test_errors_keep_their_locations():
    (error,) = documents().get("{\n  nothing\n}").errors
    assert [location.formatted for location in error.locations] == [{"line": 2, "column": 3}]
    (error,) = documents().get("{\n  viewer {").errors
    assert error.locations[0].line == 2


def test_the_price_of_the_selected_operation():
    document = documents().get("query A { viewer { roles } } query B { viewer { user { id } } }")
    assert [document.price(name, None) for name in ("A", "B", "C", None)] == [1 + 1 + 3, 1 + 1, 0, 0]
    assert documents().get("query A { viewer { roles } }").price(None, {}) == 5
    assert documents().get("{ viewer { roles } }").price(None, None) == 5
    assert Document().price("A", {}) == 0


def test_the_heavy_column_is_found_behind_fragments():
    kept = documents()
    text = '{ contentItem(id: "a") { ...A } } fragment A on Content { ... on TextContent { title ...B } }'
    assert kept.get(text + " fragment B on TextContent { layout }").selects == {"payload"}
    assert kept.get(text + " fragment B on TextContent { title }").selects == set()
    assert kept.get(text + " fragment B on TextContent { createdAt }").selects == {"ContentRow"}
    assert kept.get(text + " fragment B on ContentItem { isActive layout: id }").selects == {"ContentRow"}
