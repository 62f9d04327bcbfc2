"""GraphQL over HTTP: what is accepted, what is refused, and that nothing of the inside shows."""

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.server.authentication import Authenticator
from tests.conftest import running_api

WHO = "{ viewer { roles } }"


def code(response):
    return response.json()["errors"][0]["extensions"]["code"]


async def test_get_with_variables(api, world):
    course = str(GlobalId("Course", world.alpha["course"]["id"], world.alpha.university["id"]))
    response = await api.client.get(
        "/u/ALPHA/graphql",
        params={
            "query": "query A($id: ID!) { course(id: $id) { code } } query B { __typename }",
            "variables": f'{{"id": "{course}"}}',
            "operationName": "A",
        },
    )
    assert (response.status_code, response.json()) == (200, {"data": {"course": {"code": "P101"}}})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["vary"] == "Authorization, X-University, X-View-As, Accept, Accept-Encoding"
    assert len(response.headers["x-request-id"]) == 32


REFUSED = [
    ({"content": b""}, 400, "BAD_REQUEST"),
    ({"content": b"null"}, 400, "BAD_REQUEST"),
    ({"content": b'"abc"'}, 400, "BAD_REQUEST"),
    ({"content": b"[]"}, 400, "BAD_REQUEST"),
    ({"content": b"{}"}, 400, "BAD_REQUEST"),
    ({"content": b'{"query": 1}'}, 400, "BAD_REQUEST"),
    ({"content": b'{"query": "{ viewer { roles } }", "variables": []}'}, 400, "BAD_REQUEST"),
    ({"content": b'{"query": "\xff"}'}, 400, "BAD_REQUEST"),
    ({"content": b"\x1f\x8b\x08"}, 400, "BAD_REQUEST"),
    ({"content": b"[" * 100_000}, 400, "BAD_REQUEST"),
    ({"content": b'{"query": "a", "variables": {"a": ' + b"[" * 5000 + b"]" * 5000 + b"}}"}, 400, "BAD_REQUEST"),
    ({"content": b'{"query": "' + b"a" * 300_000 + b'"}'}, 413, "BAD_REQUEST"),
    ({"content": b'{"query": "{"}'}, 400, "GRAPHQL_PARSE_FAILED"),
    ({"content": b'{"query": "' + b"{a" * 3000 + b'"}'}, 400, "GRAPHQL_PARSE_FAILED"),
    ({"content": b'{"query": "{ nothing }"}'}, 400, "GRAPHQL_VALIDATION_FAILED"),
    ({"content": b'{"query": "mutation { a }"}'}, 400, "GRAPHQL_VALIDATION_FAILED"),
    ({"content": b'{"query": "query A { __typename } query B { __typename }"}'}, 400, "BAD_USER_INPUT"),
    ({"content": b'{"query": "query ($a: Int!) { __typename universities(first: $a) { edges { cursor } } }"}'},
     400, "BAD_USER_INPUT"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status", "expected"), REFUSED, ids=range(len(REFUSED)))
async def test_bodies_that_are_refused(api, body, status, expected):
    for accept in ("application/graphql-response+json", "application/json"):
        headers = {"content-type": "application/json", "accept": accept}
        response = await api.client.post("/graphql", headers=headers, **body)
        well_formed = expected != "BAD_REQUEST"  # plain JSON knows one status for whatever a GraphQL server understood
        shown = 200 if well_formed and accept == "application/json" else status
        assert (response.status_code, code(response)) == (shown, expected)
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"
        assert "data" not in response.json()


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_other_media_types_are_refused(api, media_type):
    response = await api.client.post("/graphql", content=b'{"query": "{ __typename }"}',
                                     headers={"content-type": media_type})  # fmt: skip
    assert (response.status_code, code(response)) == (415, "BAD_REQUEST")


async def test_other_methods_are_refused(api):
    response = await api.client.put("/graphql", json={"query": WHO})
    assert (response.status_code, response.headers["allow"], code(response)) == (405, "GET, POST", "BAD_REQUEST")


async def test_a_get_without_a_document(api):
    response = await api.client.get("/graphql")
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


TOKENS = {
    "no scheme": lambda token: token,
    "another scheme": lambda token: f"Basic {token}",
    "changed": lambda token: f"Bearer {token[:-3]}abc",
    "empty": lambda token: "Bearer ",
    "unsigned": lambda token: "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
}


@pytest.mark.parametrize("name", TOKENS)
async def test_bad_tokens(api, world, name):
    header = TOKENS[name](api.authenticator.issue(world.people["student"]))
    response = await api.client.post("/graphql", json={"query": WHO}, headers={"Authorization": header})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert "data" not in response.json()


async def test_tokens_that_are_ours_but_not_good(api, world):
    expired = api.authenticator.issue(world.people["student"], seconds=-1)
    foreign = Authenticator(b"another secret of thirty-two bytes", development=True).issue(1)
    nobody = api.authenticator.issue(999_999)
    for token in (expired, foreign, nobody):
        response = await api.client.post("/graphql", json={"query": WHO}, headers={"Authorization": f"Bearer {token}"})
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")


async def test_no_development_token_in_production(database, world):
    async with running_api(database.app, environment="production") as api:
        response = await api.client.post("/graphql", json={"query": WHO}, headers=api.headers(world.people["admin"]))
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
        assert (await api.data("{ domains { code } }"))["domains"] == [{"code": "SCI"}]


async def test_faults_are_masked(api, world, monkeypatch, caplog):
    def broken(*_, **__):
        raise RuntimeError("SECRET inside")

    monkeypatch.setattr(api.service, "context", broken)
    response = await api.post(WHO, user=world.people["student"])
    assert response.status_code == 500
    assert response.json() == {
        "errors": [
            {
                "message": "something went wrong on our side",
                "extensions": {"code": "INTERNAL_ERROR", "requestId": "test-request"},
            }
        ]
    }
    assert "SECRET inside" in caplog.text


async def test_a_fault_in_a_field_is_masked(api, world, monkeypatch, caplog):
    monkeypatch.setattr("lms_graphql.catalog.loaders.Domains.query", lambda self: 1 / 0)
    monkeypatch.setattr("lms_graphql.engine.dataloaders._statements", {})
    answer = await api("{ domains { code } }")
    assert answer["errors"][0]["message"] == "something went wrong on our side"
    assert answer["errors"][0]["extensions"] == {"code": "INTERNAL_ERROR", "requestId": "test-request"}
    assert "division by zero" in caplog.text


async def test_a_request_without_a_database(database, world):
    nowhere = database.app.set(host=None, database="nowhere", query={"host": "/nonexistent"})
    async with running_api(nowhere) as api:
        response = await api.post("{ universities(first: 1) { edges { cursor } } }")
        assert (response.status_code, code(response), response.headers["retry-after"]) == (503, "UNAVAILABLE", "1")
        assert "nonexistent" not in response.text
        ready = await api.client.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            503,
            {"status": "not ready", "reason": "DatabaseUnreachableError"},
        )
        assert (await api.client.get("/healthz")).json() == {"status": "alive"}


async def test_ready(api):
    response = await api.client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


async def test_introspection_beside_data(api, world):
    data = await api.data('{ __schema { queryType { name } } course(by: {code: "P101"}) { __typename code } }')
    assert data == {"__schema": {"queryType": {"name": "Query"}}, "course": {"__typename": "Course", "code": "P101"}}


@pytest.mark.parametrize("by", ["", '(id: "x", by: {code: "y"})', "(by: {})"])
async def test_exactly_one_key(api, by):
    response = await api.post(f"{{ course{by} {{ code }} }}")
    assert code(response) in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
