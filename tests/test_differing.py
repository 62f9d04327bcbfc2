"""What differs between two states of an item: nothing for equal ones, and enough to tell what was done."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lms_graphql.content.differing import LONGEST_TEXT, MOST_CHANGES, Change, difference


def changes(before, after):
    return difference(1, before, after).changes


def test_values_are_named_by_their_place():
    before = {"title": "A", "payload": {"a": {"b": [1, {"c": True}]}, "gone": None, "kept": [1]}}
    after = {"title": "B", "payload": {"a": {"b": [1, {"c": False, "d": "x"}]}, "new": 2.5, "kept": [1]}}
    assert changes(before, after) == [
        Change("title", "A", "B"),
        Change("payload.a.b[1].c", "true", "false"),
        Change("payload.a.b[1].d", None, "x"),
        Change("payload.new", None, "2.5"),
    ]


def test_what_is_put_in_or_taken_out_does_not_make_all_behind_it_differ():
    before, after = {"x": ["a", "b", "c"]}, {"x": ["a", "new", "b", "c"]}
    assert changes(before, after) == [Change("x[1]", None, "new")]
    assert changes(after, before) == [Change("x[1]", "new", None)]
    assert changes({"x": list("abcdef")}, {"x": list("aXcdf")}) == [
        Change("x[1]", "b", "X"),
        Change("x[4]", "e", None),
    ]


def test_one_and_true_are_not_the_same():
    assert changes({"x": 1}, {"x": True}) == [Change("x", "1", "true")]


def test_much_is_told_as_far_as_it_goes():
    found = difference(3, {"x": list(range(1000))}, {"x": list(range(5000, 6000))})
    assert (len(found.changes), found.is_whole, found.against) == (MOST_CHANGES, False, 3)
    (change,) = changes({"x": "a" * 9000}, {"x": None})
    assert (len(change.before), change.before[-1], change.after) == (LONGEST_TEXT, "…", None)


VALUE = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
STATE = st.dictionaries(st.sampled_from("abc"), VALUE, max_size=3)


@given(STATE, STATE)
def test_nothing_differs_just_where_both_say_the_same(before, after):
    assert changes(before, before) == []
    found = changes(before, after)
    assert (found == []) == (json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True))
    assert all(change.before != change.after for change in found)
    assert len({change.path for change in found if change.after is not None}) == len(
        [change for change in found if change.after is not None]
    )
