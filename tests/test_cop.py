"""What graphql-cop 1.15 looks for, each check as it makes it, on the application in production settings.

A check sends what graphql-cop sends and tells what graphql-cop would report. That the checks can find something is
shown on the application in development settings, which lets people explore.
"""

import pytest

from tests.conftest import running_api

AGENT = {"User-Agent": "graphql-cop/1.15"}
PATHS = ("/graphql", "/u/ALPHA/graphql")  # and what graphql-cop tries where no path is given, see below


@pytest.fixture(scope="module")
async def production(database, world):
    async with running_api(database.app, environment="production", workbench=False) as api:
        yield api.client


@pytest.fixture(scope="module")
async def development(database, world):
    async with running_api(database.app) as api:
        yield api.client


async def post(client, path, query, name="cop"):
    """The answer to a document; None stands for what is no JSON."""
    return (await client.post(path, json={"query": query, "operationName": name}, headers=AGENT)).json()


def data(answer):
    """The data of an answer, {} where it has none."""
    return (answer.get("data") or {}) if isinstance(answer, dict) else {}


def first_error(answer):
    return answer["errors"][0] if isinstance(answer, dict) and answer.get("errors") else {}


async def field_suggestions(client, path):
    answer = await post(client, path, "query cop { __schema { directive } }")
    return "Did you mean" in first_error(answer).get("message", "")


async def introspection(client, path):
    answer = await post(client, path, "query cop { __schema { types { name fields { name } } } }")
    return bool(data(answer).get("__schema", {}).get("types"))


async def detect_graphiql(client, path):
    page = await client.get(path, headers={**AGENT, "Accept": "text/html"}, follow_redirects=True)
    names = ("graphiql.min.css", "GraphQL Playground", "GraphiQL", "graphql-playground")
    return any(name in page.text for name in names)


async def get_method_support(client, path):
    answer = (await client.get(path, params={"query": "query cop {__typename}"}, headers=AGENT)).json()
    return "__typename" in data(answer)


async def alias_overloading(client, path):
    aliases = "".join(f"alias{number}:__typename \n" for number in range(101))
    return "alias100" in data(await post(client, path, f"query cop {{ {aliases} }}"))


async def batch_query(client, path):
    answer = (await client.post(path, json=[{"query": "query cop { __typename }"}] * 10, headers=AGENT)).json()
    return len(answer) >= 10


async def field_duplication(client, path):
    return "__typename" in data(await post(client, path, "query cop { " + "__typename \n" * 500 + "} "))


async def trace_mode(client, path):
    answer = await post(client, path, "query cop { __typename }")
    return "tracing" in first_error(answer).get("extensions", {}) or "'extensions': {'tracing':" in str(answer).lower()


async def directive_overloading(client, path):
    """What it counts as a finding: one error for each of the ten directives."""
    return len((await post(client, path, "query cop { __typename " + "@aa" * 10 + " }")).get("errors", [])) == 10


async def circular_query_introspection(client, path):
    inner = "name"
    for _ in range(4):
        inner = f"fields {{ type {{ {inner} }} }}"
    answer = await post(client, path, f"query cop {{ __schema {{ types {{ {inner} }} }} }}")
    return len(data(answer).get("__schema", {}).get("types", [])) > 25


async def circular_fragment(client, path):
    query = "query { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }"
    # graphql-cop names an operation here that the document has not; asked without, so that only the circle counts
    return "errors" not in await post(client, path, query, None)


async def get_based_mutation(client, path):
    answer = (await client.get(path, params={"query": "mutation cop {__typename}"}, headers=AGENT)).json()
    return "__typename" in data(answer)


async def post_based_csrf(client, path):
    answer = (await client.post(path, data={"query": "query cop { __typename }"}, headers=AGENT)).json()
    return "__typename" in data(answer)


async def unhandled_error_detection(client, path):
    answer = await post(client, path, "qwerty cop { abc }")
    return "exception" in first_error(answer)["extensions"] or "'extensions': {'exception':" in str(answer).lower()


CHECKS = (
    field_suggestions, introspection, detect_graphiql, get_method_support, alias_overloading, batch_query, trace_mode,
    directive_overloading, circular_query_introspection, get_based_mutation, post_based_csrf,
    unhandled_error_detection, field_duplication, circular_fragment,
)  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_production(production, check):
    assert [path for path in PATHS if await check(production, path)] == []


async def test_there_is_something_to_check(production):
    """Else every check would pass: graphql-cop asks this first, and leaves an endpoint that does not answer."""
    for path in PATHS:
        assert (await post(production, path, "query cop { __typename }"))["data"] == {"__typename": "Query"}
    for path in ("/", "/graphiql", "/playground", "/console"):
        assert (await production.post(path, json={"query": "{ __typename }"})).status_code == 404
        assert (await production.get(path, headers={"Accept": "text/html"})).status_code == 404


async def test_the_checks_find_what_development_allows(development):
    found = {check.__name__ for check in CHECKS if await check(development, "/graphql")}
    assert found == {"field_suggestions", "introspection", "get_method_support"}
    page = await development.get("/", headers={"Accept": "text/html"})  # the workbench, which goes by another name
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_a_mistake_made_ten_times_is_one_error_with_ten_places(production):
    answer = await post(production, "/graphql", "query cop { __typename " + "@aa" * 10 + " }")
    (error,) = answer["errors"]
    assert error["message"] == "Unknown directive '@aa'."
    assert [place["column"] for place in error["locations"]] == list(range(24, 54, 3))


@pytest.mark.parametrize(
    ("text", "variables", "refused"),
    [
        ('{ __type(name: "Course") { name } }', {}, True),
        ("query ($n: String!) { __type(name: $n) { name } }", {"n": "Course"}, True),
        ('query ($n: String = "Course") { __type(name: $n) { name } }', {}, True),
        ('{ a: __type(name: "x") { name } ...F } fragment F on Query { __type(name: "Course") { name } }', {}, True),
        ('{ __type(name: "x") { name } domains { code } __schema { description } }', {}, True),
        ('{ __type(name: "x") { name } }', {}, False),
        ("query ($n: String!) { __type(name: $n) { name } }", {"n": "course"}, False),
    ],
)
async def test_production_tells_of_no_type(production, text, variables, refused):
    """A name that no type has is answered as ever, with null, which clients that try a server out expect."""
    answer = (await production.post("/graphql", json={"query": text, "variables": variables})).json()
    if refused:
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTROSPECTION_DISABLED"]
    else:
        assert answer["data"] == {"__type": None}


QUERY = {"query": "{ domains { code } }"}
BY_A_PAGE = [
    {"accept": "*/*"},
    {"accept": ""},
    {"accept": "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8"},
    {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
    {"accept": "application/json", "sec-fetch-mode": "no-cors"},
    {"accept": "application/json", "sec-fetch-mode": "navigate"},
]
ON_PURPOSE = [
    {"accept": "application/json"},
    {"accept": "application/graphql-response+json, application/json;q=0.9"},
    {"accept": "*/*", "x-university": "ALPHA"},
    {"accept": "*/*", "sec-fetch-mode": "cors"},
    {"accept": "*/*", "sec-fetch-mode": "same-origin"},
]


@pytest.mark.parametrize("headers", BY_A_PAGE)
async def test_a_get_that_any_page_can_cause_runs_nothing(production, headers):
    """Links, images, forms and scripts without CORS; graphql-cop's GET looks like them."""
    answer = await production.get("/graphql", params=QUERY, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert "data" not in answer.json()


@pytest.mark.parametrize("headers", ON_PURPOSE)
async def test_a_get_on_purpose_runs_and_can_be_kept(production, headers):
    """Queries only, no cookie takes part in them, and another site's script can't read the answer."""
    answer = await production.get("/graphql", params=QUERY, headers={**headers, "origin": "https://evil.example"})
    assert (answer.status_code, answer.json()) == (200, {"data": {"domains": [{"code": "SCI"}]}})
    assert "access-control-allow-origin" not in answer.headers
    again = await production.get("/graphql", params=QUERY, headers={**headers, "if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
