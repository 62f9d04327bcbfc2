"""Global ids, cursors and pages."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_graphql.engine.errors import RequestError
from lms_graphql.engine.relay import Cursors, GlobalId, PageArguments, page_arguments, parse_global_id

ids = st.integers(1, 2**63 - 1)


@given(st.from_regex(r"[A-Z][A-Za-z]{0,40}", fullmatch=True), ids, st.none() | ids)
def test_an_id_says_what_it_was_made_of(typename, number, university):
    wanted = GlobalId(typename, number, university)
    assert parse_global_id(str(wanted)) == wanted


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_any_other_text_is_no_id_or_spells_itself(text):
    parsed = parse_global_id(text)
    assert parsed is None or str(parsed) == text


@pytest.mark.parametrize(
    "inner",
    ["Course:0", "Course:-1", "Course:01", "Course:1:0", "Course:9223372036854775808", "Course:1:2:3", "Course:",
     "Course:１", "Course: 1", "Course:+1", "Course:1_0", ":", ""],
)  # fmt: skip
def test_spellings_that_are_no_ids(inner):
    assert parse_global_id(base64.urlsafe_b64encode(inner.encode()).decode().rstrip("=")) is None


def test_padding_is_not_our_spelling():
    assert parse_global_id(str(GlobalId("Course", 1, 2)) + "=") is None
    assert parse_global_id("A" * 100_000) is None


@given(st.tuples(ids), st.text(max_size=20))
def test_a_cursor_is_good_for_its_list_only(values, purpose):
    cursors = Cursors(b"secret")
    cursor = cursors.encode(purpose, values)
    assert cursors.decode(purpose, cursor, tuple[int]) == values
    for other, text in ((purpose + "x", cursor), (purpose, cursor[:-1]), (purpose, cursor[1:]), (purpose, "")):
        with pytest.raises(RequestError, match="cursor"):
            cursors.decode(other, text, tuple[int])
    with pytest.raises(RequestError):
        Cursors(b"another").decode(purpose, cursor, tuple[int])


@given(st.text(max_size=60))
def test_made_up_cursors_are_refused(text):
    with pytest.raises(RequestError):
        Cursors(b"secret").decode("list", text, tuple[int])


@pytest.mark.parametrize(
    "wrong",
    [{}, {"first": 0}, {"first": -1}, {"first": 101}, {"last": 0}, {"last": 101}, {"first": 1, "last": 1},
     {"first": 1, "before": "x"}, {"last": 1, "after": "x"}, {"after": "x"}],
)  # fmt: skip
def test_wrong_pages_are_refused(wrong):
    with pytest.raises(RequestError) as caught:
        page_arguments(**wrong)
    assert caught.value.extensions == {"code": "BAD_USER_INPUT"}


def test_right_pages():
    assert page_arguments(first=100, after="x") == PageArguments(100, False, "x")
    assert page_arguments(last=1, before="y") == PageArguments(1, True, "y")


PAGES = """query ($first: Int, $after: String, $last: Int, $before: String) {
  universities(first: $first, after: $after, last: $last, before: $before) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { shortCode } } } }"""


def codes(data):
    return [edge["node"]["shortCode"] for edge in data["universities"]["edges"]]


async def test_pages_forward_and_backward(api, world):
    first = await api.data(PAGES, {"first": 1})
    info = first["universities"]["pageInfo"]
    assert codes(first) == ["ALPHA"]
    assert info["startCursor"] == info["endCursor"] == first["universities"]["edges"][0]["cursor"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    second = await api.data(PAGES, {"first": 5, "after": info["endCursor"]})
    assert codes(second) == ["BETA"]
    after = second["universities"]["pageInfo"]
    assert (after["hasNextPage"], after["hasPreviousPage"]) == (False, True)
    back = await api.data(PAGES, {"last": 1, "before": after["startCursor"]})
    assert codes(back) == ["ALPHA"]
    assert codes(await api.data(PAGES, {"last": 2})) == ["ALPHA", "BETA"]
    end = await api.data(PAGES, {"first": 5, "after": after["endCursor"]})
    assert end["universities"] == {
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None},
        "edges": [],
    }


async def test_every_parent_has_its_own_page_in_one_statement(api, world):
    document = """{ courses(first: 10) { edges { node { code offerings(first: 2) {
      pageInfo { hasNextPage } edges { node { termName } } } } } } }"""
    data = await api.data(document, user=world.people["admin"])
    pages = {edge["node"]["code"]: edge["node"]["offerings"] for edge in data["courses"]["edges"]}
    assert pages["P101"] == {
        "pageInfo": {"hasNextPage": True},
        "edges": [{"node": {"termName": "public"}}, {"node": {"termName": "members"}}],
    }
    assert pages["D101"] == {"pageInfo": {"hasNextPage": False}, "edges": []}
    assert len(api.statements) == 2


async def test_a_cursor_of_another_list_is_refused(api, world):
    cursor = (await api.data(PAGES, {"first": 1}))["universities"]["pageInfo"]["endCursor"]
    answer = await api(
        "query ($after: String) { courses(first: 1, after: $after) { edges { cursor } } }", {"after": cursor}
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_CURSOR"
    assert answer["data"] is None
