"""Trusted documents and automatic persisted queries: what is found by which id, for whom, in which mode."""

import json
import logging

import orjson
import pytest

from lms_graphql.engine.documents import Documents
from lms_graphql.engine.errors import Code
from lms_graphql.engine.trusted import Manifest, TrustedDocument, text_hash, write_manifest
from lms_graphql.schema import build
from tests.conftest import running_api, without_cost
from tests.engine.documents import Generator
from tests.engine.test_limits import HARD, ROWS
from tests.engine.test_same_answers import ids  # noqa: F401 - a fixture

SCHEMA = build()
MODES = ("off", "log", "only")
WHO = "query Who { viewer { roles } }"
PAGE = "query Page($first: Int = 1) { universities(first: $first) { edges { node { shortCode } } } }"
STALE = "query Stale { viewer { gone } }"
ANSWERS = {
    "anonymous": {"data": {"viewer": None}},
    "student": {"data": {"viewer": {"roles": ["STUDENT"]}}},
    "ta": {"data": {"viewer": {"roles": ["TA"]}}},
}


def manifest(*texts, **texts_by_id):
    """A manifest of texts, some of them with an id besides the hash."""
    documents = {text_hash(text): TrustedDocument(text) for text in texts}
    for identifier, text in texts_by_id.items():
        documents[text_hash(text)] = TrustedDocument(text, ids=(identifier,))
    return Manifest(1, documents)


@pytest.fixture(scope="module")
async def apis(database, world, tmp_path_factory):
    """The API in each mode, with the same manifest."""
    path = tmp_path_factory.mktemp("manifest") / "trusted.json"
    write_manifest(path, manifest(PAGE, STALE, who1=WHO))
    async with (
        running_api(database.app, documents=path) as off,
        running_api(database.app, documents=path, trusted_documents="log") as log,
        running_api(database.app, documents=path, trusted_documents="only") as only,
    ):
        yield {"off": off, "log": log, "only": only}


async def send(api, body, user=None, path="/u/ALPHA/graphql", accept="application/graphql-response+json"):
    headers = {**api.headers(user), "X-Request-Id": "test-request", "Accept": accept}
    return without_cost(await api.client.post(path, json=body, headers=headers))


async def get(api, parameters, user=None, path="/u/ALPHA/graphql", **headers):
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
    return await api.client.get(path, params=given, headers={**api.headers(user), **headers})


def refused(code, message):
    return {"errors": [{"message": message, "extensions": {"code": code, "requestId": "test-request"}}]}


def persisted(digest, version=1, **more):
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": digest, **more}}}


NOT_FOUND = (400, refused("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound"))
NOT_SUPPORTED = (400, refused("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported"))
UNKNOWN_ID = (
    400,
    refused(
        "PERSISTED_QUERY_NOT_FOUND", "no document has this documentId; send its text as query, or have it added here"
    ),
)
NOT_TRUSTED = (
    400,
    refused(
        "DOCUMENT_NOT_TRUSTED", "only documents that are known here may run; have this one added, or ask by its id"
    ),
)
MISMATCH = (400, refused("BAD_REQUEST", "sha256Hash is not the hash of query: SHA-256 of its UTF-8, in hex"))

TRUSTED = {
    "text": {"query": WHO},
    "documentId": {"documentId": f"sha256:{text_hash(WHO)}"},
    "documentId without prefix": {"documentId": text_hash(WHO)},
    "documentId of the client": {"documentId": "who1"},
    "hash": persisted(text_hash(WHO)),
    "hash with what urql adds": persisted(text_hash(WHO), miss=True),
    "hash of the client": persisted("who1"),
    "text with hash": {"query": WHO, **persisted(text_hash(WHO))},
    "text with prefixed hash": {"query": WHO, **persisted(f"sha256:{text_hash(WHO)}")},
    "text with the client's id": {"query": WHO, **persisted("who1")},
    "null is nothing": {"query": None, "documentId": "who1", "extensions": {"persistedQuery": None}},
    "documentId, and hashes don't matter": {"documentId": "who1", **persisted("nonsense")},
}


@pytest.mark.parametrize("viewer", ANSWERS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", TRUSTED)
async def test_a_trusted_document(apis, world, mode, viewer, form):
    response = await send(apis[mode], TRUSTED[form], world.people.get(viewer))
    assert (response.status_code, response.json()) == (200, ANSWERS[viewer])


def strange(mode, viewer, what):
    """A text that stands in no manifest, and that no other test sends."""
    return f"{{ viewer {{ roles }} }} # {mode} {viewer} {what}"


@pytest.mark.parametrize("viewer", ANSWERS)
@pytest.mark.parametrize("mode", MODES)
async def test_what_is_not_trusted(apis, world, mode, viewer):
    api, user = apis[mode], world.people.get(viewer)
    lets = mode != "only" or viewer == "ta"
    data = (200, ANSWERS[viewer])

    async def answer(body):
        response = await send(api, body, user)
        return response.status_code, response.json()

    text, hashed = strange(mode, viewer, "text"), strange(mode, viewer, "hashed")
    assert await answer({"query": text}) == (data if lets else NOT_TRUSTED)
    assert await answer({"documentId": "who2"}) == UNKNOWN_ID
    assert await answer({"documentId": ""}) == UNKNOWN_ID
    assert await answer({"documentId": f"sha256:{text_hash(text)}"}) == UNKNOWN_ID  # it was not registered
    assert await answer(persisted(text_hash(hashed))) == NOT_FOUND
    registration = persisted(f"sha256:{text_hash(hashed)}" if viewer == "ta" else text_hash(hashed))
    assert await answer({"query": hashed, **registration}) == (data if lets else NOT_TRUSTED)
    assert await answer(persisted(text_hash(hashed))) == (data if mode != "only" else NOT_FOUND)
    by_id = await answer({"documentId": f"sha256:{text_hash(hashed)}"})
    assert by_id == (data if mode != "only" else UNKNOWN_ID)
    wrong = {"query": strange(mode, viewer, "wrong"), **persisted(text_hash(hashed))}
    assert await answer(wrong) == (MISMATCH if lets else NOT_TRUSTED)
    assert await answer({"query": WHO, **persisted(text_hash(hashed))}) == MISMATCH
    assert await answer(persisted(text_hash(hashed).upper())) == NOT_FOUND
    assert await answer(persisted(text_hash(WHO), version=2)) == NOT_SUPPORTED
    if not lets:  # it was not even parsed
        assert not {text, hashed, wrong["query"]} & set(api.service.documents._documents)


@pytest.mark.parametrize("body", [{"documentId": "who2"}, persisted("0" * 64)])
async def test_plain_json_gets_200(apis, body):
    response = await send(apis["off"], body, accept="application/json")
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert response.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


BAD = {
    "both": ({"query": WHO, "documentId": "who1"}, "give the document as query or by its documentId, not both"),
    "none": ({"variables": {}}, "give the document as query, or by its documentId"),
    "null": ({"query": None, "extensions": {}}, "give the document as query, or by its documentId"),
    "no object": (
        {"extensions": {"persistedQuery": "who1"}},
        "extensions.persistedQuery: Expected `object`, got `str`",
    ),
    "no hash": (
        {"query": WHO, "extensions": {"persistedQuery": {"version": 1}}},
        "extensions.persistedQuery: Object missing required field `sha256Hash`",
    ),
}


@pytest.mark.parametrize("path", ["/graphql", "/u/ALPHA/graphql"])
@pytest.mark.parametrize("form", BAD)
async def test_requests_that_are_none(apis, form, path):
    body, message = BAD[form]
    response = await send(apis["off"], body, path=path)
    assert (response.status_code, response.json()) == (400, refused("BAD_REQUEST", message))
    response = await get(apis["off"], {name: value for name, value in body.items() if value is not None}, path=path)
    assert (response.status_code, response.json()["errors"][0]["message"]) == (400, message)


async def test_a_document_id_that_is_no_string(apis):
    response = await send(apis["off"], {"documentId": 1})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("path", ["/graphql", "/u/ALPHA/graphql"])
@pytest.mark.parametrize("by", ["documentId", "hash"])
async def test_get_by_id(apis, world, path, by):
    asked = {"documentId": f"sha256:{text_hash(PAGE)}"} if by == "documentId" else persisted(text_hash(PAGE))
    two = {**asked, "variables": {"first": 2}, "operationName": "Page"}
    response = await get(apis["only"], two, path=path)
    codes = [edge["node"]["shortCode"] for edge in response.json()["data"]["universities"]["edges"]]
    assert (response.status_code, sorted(codes)) == (200, ["ALPHA", "BETA"])
    assert response.headers["cache-control"] == "private, no-cache"
    again = await get(apis["only"], two, path=path, **{"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await get(apis["only"], asked, path=path, **{"If-None-Match": response.headers["etag"]})
    assert (other.status_code, len(other.json()["data"]["universities"]["edges"])) == (200, 1)
    unknown = await get(apis["only"], {"documentId": "who2"}, path=path, Accept="application/graphql-response+json")
    assert (unknown.status_code, unknown.headers["cache-control"]) == (400, "no-store")


async def test_an_operation_that_the_document_does_not_have(apis):
    response = await send(apis["only"], {"documentId": "who1", "operationName": "Other"})
    assert (response.status_code, response.json()) == (
        400,
        refused("BAD_USER_INPUT", "Unknown operation named 'Other'."),
    )


async def test_a_trusted_document_that_is_not_valid_answers_with_its_errors(apis):
    for mode in MODES:
        response = await send(apis[mode], {"documentId": text_hash(STALE)})
        (error,) = response.json()["errors"]
        assert (response.status_code, error["message"]) == (400, "Cannot query field 'gone' on type 'Viewer'.")
        assert error["locations"] == [{"line": 1, "column": 24}]


async def test_strangers_do_not_reach_the_database(database, tmp_path):
    path = tmp_path / "trusted.json"
    write_manifest(path, manifest(WHO))
    nowhere = database.app.set(host=None, database="nowhere", query={"host": "/nonexistent"})
    async with running_api(nowhere, documents=path, trusted_documents="only") as api:
        response = await send(api, {"query": "{"}, path="/u/NOWHERE/graphql")
        assert (response.status_code, response.json()) == NOT_TRUSTED
        known_first = await send(api, {"query": "{"}, 1)  # who signed in may be one of those who may explore
        assert known_first.status_code == 503
        expired = await send(api, {"query": "{"}, None, path="/u/not a code/graphql")
        assert (expired.status_code, expired.json()["errors"][0]["extensions"]["code"]) == (404, "UNIVERSITY_UNKNOWN")


async def test_explorers_get_what_is_wrong_with_their_text(apis, world):
    response = await send(apis["only"], {"query": "{ nothing }"}, world.people["ta"])
    assert response.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    gone = await send(apis["only"], {"query": "{ nothing }"}, 999_999)
    assert (gone.status_code, gone.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


async def test_log_names_each_document_once(apis, world, caplog, monkeypatch):
    caplog.set_level(logging.WARNING, "lms_graphql.server.lookup")
    api = apis["log"]
    api.service.lookup._logged.clear()
    monkeypatch.setattr("lms_graphql.server.lookup._MOST_LOGGED", 2)
    named = "query One { viewer { roles } } query Two { __typename }"
    for user in (None, world.people["student"], world.people["ta"]):
        await send(api, {"query": named, "operationName": "One"}, user)
        await send(api, {"query": WHO}, user)
        await send(api, {"query": "{ nothing }"}, user)  # refused in any mode
    await send(api, {"query": "{ __typename }"}, world.people["ta"])  # who may explore is not refused
    assert caplog.messages == [f"not trusted: One, Two, sha256:{text_hash(named)}, 55 characters"]
    for number in range(3):
        await send(api, {"query": f"{{ a{number}: __typename }}"})
    assert caplog.messages[1:] == [
        f"not trusted: without a name, sha256:{text_hash('{ a0: __typename }')}, 18 characters",
        "2 documents that are not trusted were logged; no more will be",
    ]
    assert len(api.service.lookup._logged) == 2


async def test_other_modes_log_nothing(apis, world, caplog):
    for mode in ("off", "only"):
        await send(apis[mode], {"query": strange(mode, "ta", "logged")}, world.people["ta"])
    assert caplog.messages == []


async def test_invalid_documents_are_told_in_one_line_at_start(database, tmp_path, caplog):
    path = tmp_path / "trusted.json"
    write_manifest(path, manifest(WHO, STALE, "{"))
    async with running_api(database.app, documents=path):
        pass
    (line,) = caplog.messages
    assert line.startswith("LMS_DOCUMENTS: 2 of 3 trusted documents are not valid; first: ")
    assert "\n" not in line


# the same limits on every path

CORPUS = {
    **{f"{row}, the most": make(most) for row, (make, most, _) in ROWS.items()},
    **{f"{row}, one more": make(most + 1) for row, (make, most, _) in ROWS.items()},
    **HARD,
}


@pytest.fixture(scope="module")
async def trusting(database, world, tmp_path_factory):
    """The API with a manifest of all that is hard."""
    path = tmp_path_factory.mktemp("manifest") / "trusted.json"
    write_manifest(path, manifest(*CORPUS.values()))
    async with running_api(database.app, documents=path) as running:
        yield running


@pytest.mark.parametrize("row", CORPUS)
async def test_the_same_limits_on_every_path(api, trusting, row):
    text = CORPUS[row]
    digest = text_hash(text)
    by_text = await send(api, {"query": text})
    answer = (by_text.status_code, by_text.content)
    code = (by_text.json().get("errors") or [{"extensions": {"code": None}}])[0]["extensions"]["code"]
    if row.endswith(", one more"):
        assert code == ROWS[row.removesuffix(", one more")][2]
    for body in ({"documentId": f"sha256:{digest}"}, persisted(digest), {"query": text}):
        response = await send(trusting, body)
        assert (response.status_code, response.content) == answer
    registered = await send(api, {"query": text, **persisted(digest)})
    assert (registered.status_code, registered.content) == answer
    by_hash = await send(api, persisted(digest))
    kept = code != Code.DOCUMENT_TOO_LARGE
    assert (by_hash.status_code, by_hash.json() if not kept else by_hash.content) == (answer if kept else NOT_FOUND)


# the cache


def test_a_registered_text_goes_with_its_place_in_the_cache():
    kept = Documents(SCHEMA.graphql, SCHEMA.groups, size=2)
    first, second, third = (f"{{ {name}: __typename }}" for name in "abc")
    for text in (first, second):
        kept.get(text)
        kept.register(text, text_hash(text))
    assert kept.registered(text_hash(first)) is kept.get(first)  # asked for by its hash, it counts as used
    kept.get(third)
    assert kept.registered(text_hash(second)) is None
    kept.register(second, text_hash(second))  # not kept, so not registered
    assert kept.registered(text_hash(second)) is None
    assert (list(kept._hashes), list(kept._registered)) == ([first], [text_hash(first)])
    for number in range(100):
        text = f"{{ a{number}: __typename }}"
        kept.get(text)
        kept.register(text, text_hash(text))
        assert len(kept._documents) == len(kept._hashes) + (number == 0) == len(kept._registered) + (number == 0) == 2


async def test_strangers_do_not_push_trusted_documents_out(apis):
    api = apis["off"]
    trusted = api.service.trusted.identified("who1")
    for number in range(600):
        api.service.documents.get(f"{{ a{number}: __typename }}")
    assert len(api.service.documents._documents) == 512
    assert api.service.trusted.identified("who1") is api.service.trusted.spelled(WHO) is trusted
    assert WHO not in api.service.documents._documents


DOCUMENTS = 150


async def test_by_id_as_by_text(database, api, world, ids, tmp_path, caplog, monkeypatch):  # noqa: F811
    caplog.set_level("CRITICAL")  # masked errors are logged, and many are meant here
    monkeypatch.setattr("tests.engine.documents._MOST_FIELDS", 20)  # so that the limit on aliases refuses few
    generator = Generator(SCHEMA.graphql, 7, ids)
    documents = [generator.document() for _ in range(DOCUMENTS)]
    path = tmp_path / "trusted.json"
    write_manifest(path, manifest(*(text for text, _ in documents)))
    people = (None, world.people["student"], world.people["ta"])
    with_data = 0
    async with running_api(database.app, documents=path, trusted_documents="only") as trusting:
        for number, (text, sets) in enumerate(documents):
            name, variables = sets[number % len(sets)]
            given = {"variables": variables, "operationName": name}
            user = people[number % len(people)]
            by_text = await send(api, {"query": text, **given}, user)
            by_id = await send(trusting, {"documentId": f"sha256:{text_hash(text)}", **given}, user)
            assert (by_id.status_code, by_id.content) == (by_text.status_code, by_text.content), text
            with_data += orjson.loads(by_id.content).get("data") is not None
    assert with_data > DOCUMENTS / 2
