"""Connections as clients use them: counted, ordered, filtered, and refused."""

import pytest

from lms_graphql.engine.relay import GlobalId


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


async def test_the_lists_of_all_parents_are_counted_in_one_grouped_statement(api, world):
    """Six statements: a page and a count of courses, a university, its departments, and their pages and counts."""
    document = """{ courses(first: 1) { totalCount edges { node { code } } pageInfo { hasNextPage } }
      university(by: {shortCode: "ALPHA"}) { departments {
        code courses(last: 1) { totalCount edges { node { code } } } } } }"""
    data = await api.data(document, user=world.people["admin"])
    assert data == {
        "courses": {"totalCount": 3, "edges": [{"node": {"code": "P101"}}], "pageInfo": {"hasNextPage": True}},
        "university": {
            "departments": [
                {"code": "CH", "courses": {"totalCount": 1, "edges": [{"node": {"code": "C101"}}]}},
                {"code": "PH", "courses": {"totalCount": 1, "edges": [{"node": {"code": "P101"}}]}},
            ]
        },
    }
    counting = [statement for statement in api.statements if "count(" in statement]
    assert (len(counting), len(api.statements)) == (2, 6)
    assert all("GROUP BY" in statement for statement in counting)


@pytest.mark.parametrize(("name", "count"), [(None, 1), ("student", 1), ("ta", 1), ("admin", 3)])
async def test_a_count_honours_the_policy(api, world, name, count):
    user = world.people[name] if name else None
    assert await api.data("{ courses(first: 1) { totalCount } }", user=user) == {"courses": {"totalCount": count}}


async def test_a_count_honours_the_filter(api, world):
    document = (
        "query ($filter: CourseFilter) { courses(first: 1, filter: $filter) { totalCount edges { node { code } } } }"
    )
    department = {"department": gid("Department", world.alpha["department"])}
    for given, codes, count in (
        (department, ["P101"], 1),
        ({"department": gid("Department", world.beta["department"])}, [], 0),
        ({"department": gid("Course", world.alpha["course"])}, [], 0),
        ({"department": "nothing"}, [], 0),
        ({"department": None}, ["P101"], 3),
        ({}, ["P101"], 3),
        (None, ["P101"], 3),
    ):
        data = await api.data(document, {"filter": given}, user=world.people["admin"])
        found = [edge["node"]["code"] for edge in data["courses"]["edges"]]
        assert (found, data["courses"]["totalCount"]) == (codes, count), given
        assert len(api.statements) == 2


async def test_nothing_is_counted_that_is_not_asked_for(api, world):
    await api.data("{ courses(first: 1) { edges { node { code } } } }")
    assert len(api.statements) == 1
    assert "count(" not in api.statements[0]


async def test_a_count_is_priced(api):
    await api("{ courses(first: 5) { edges { node { code } } } }")
    without = api.cost["requested"]
    await api("{ courses(first: 5) { totalCount edges { node { code } } } }")
    assert (without, api.cost["requested"]) == (6, 16)


@pytest.mark.parametrize(("order", "codes"), [
    ("{code: ASC}", ["C101", "D101", "P101"]), ("{code: DESC}", ["P101", "D101", "C101"]),
    ("{title: ASC}", ["D101", "P101", "C101"]), ("{createdAt: DESC}", ["C101", "D101", "P101"]),
])  # fmt: skip
async def test_orders(api, world, order, codes):
    data = await api.data(f"{{ courses(first: 5, orderBy: {order}) {{ edges {{ node {{ code }} }} }} }}",
                          user=world.people["admin"])  # fmt: skip
    assert [edge["node"]["code"] for edge in data["courses"]["edges"]] == codes
    assert len(api.statements) == 1


@pytest.mark.parametrize("order", ["{}", "{code: ASC, title: ASC}", "{code: null}", "{nothing: ASC}", "{code: UP}"])
async def test_an_order_is_exactly_one(api, order):
    answer = await api(f"{{ courses(first: 5, orderBy: {order}) {{ totalCount }} }}")
    assert {error["extensions"]["code"] for error in answer["errors"]} <= {
        "BAD_USER_INPUT",
        "GRAPHQL_VALIDATION_FAILED",
    }
    variables = {"order": {"code": None} if "null" in order else {"code": "ASC", "title": "ASC"}}
    answer = await api("query ($order: CourseOrder) { courses(first: 5, orderBy: $order) { totalCount } }", variables)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert api.statements == []
