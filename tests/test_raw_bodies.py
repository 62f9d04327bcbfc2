"""No bytes that a client can send get a 5xx: kinds of bodies with their answers, and thousands of seeded mutations."""

import asyncio
import codecs
import gzip
import json
import logging
import random
import time
from typing import NamedTuple
from urllib.parse import quote_from_bytes, urlencode

import pytest

from lms_graphql.engine.errors import Code
from lms_graphql.engine.relay import GlobalId
from tests.test_http_transport import running

GRAPHQL_JSON = "application/graphql-response+json"
DOMAINS = "{ domains { code } }"
OK = {"query": DOMAINS}
BODIES, URLS = 5000, 2000
SLOWEST_SECONDS = 2.0  # 0.25 is what we promise; the machine of a test may do other things besides


class Answered(NamedTuple):
    """One answer, and what it took."""

    status: int
    payload: dict
    seconds: float


async def ask(app, method="POST", *, body=b"", query_string=b"", content_type="application/json", **headers):
    """The application's answer to these very bytes; httpx and URL libraries would mend some of them."""
    given = {"accept": GRAPHQL_JSON, "content-type": content_type, **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/u/ALPHA/graphql",
        "raw_path": b"/u/ALPHA/graphql",
        "root_path": "",
        "query_string": query_string,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items() if value],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    sent = []

    async def receive():
        if incoming:
            return incoming.pop()
        return await asyncio.get_running_loop().create_future()

    async def send(message):
        sent.append(message)

    started = time.perf_counter()
    await app(scope, receive, send)
    seconds = time.perf_counter() - started
    assert dict(sent[0]["headers"])[b"content-type"] == f"{GRAPHQL_JSON}; charset=utf-8".encode()
    return Answered(sent[0]["status"], json.loads(sent[1]["body"]), seconds)


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def with_variable(text):
    """A body whose one variable, of a type that takes anything, is spelt so."""
    return b'{"query":"query ($a: ID) { domains { code } course(id: $a) { id } }","variables":{"a":' + text + b"}}"


def with_query(text):
    """A body whose document is spelt so, as JSON text."""
    return b'{"query":"' + text + b'"}'


BAD, PARSE, INVALID, INPUT = "BAD_REQUEST", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"
# Each body with the status and the code; without a code the data is what `domains` gives.
SHAPES = {
    "empty": (b"", 400, BAD),
    "spaces": (b" \n\t ", 400, BAD),
    "string": (b'"abc"', 400, BAD),
    "number": (b"1", 400, BAD),
    "negative float": (b"-1.5e3", 400, BAD),
    "null": (b"null", 400, BAD),
    "true": (b"true", 400, BAD),
    "empty list": (b"[]", 400, BAD),
    "batch": (dump([OK]), 400, BAD),
    "empty object": (b"{}", 400, BAD),
    "nested in data": (dump({"data": OK}), 400, BAD),
    "nested in query": (dump({"query": OK}), 400, BAD),
    "query is null": (dump({"query": None}), 400, BAD),
    "query is a number": (dump({"query": 1}), 400, BAD),
    "query is a list": (dump({"query": [DOMAINS]}), 400, BAD),
    "query in capitals": (dump({"QUERY": DOMAINS}), 400, BAD),
    "query is empty": (dump({"query": ""}), 400, PARSE),
    "query is a comment": (dump({"query": "# nothing"}), 400, PARSE),
    "variables is a list": (dump({**OK, "variables": []}), 400, BAD),
    "variables is a string": (dump({**OK, "variables": "{}"}), 400, BAD),
    "variables is a number": (dump({**OK, "variables": 0}), 400, BAD),
    "variables is false": (dump({**OK, "variables": False}), 400, BAD),
    "variables is null": (dump({**OK, "variables": None}), 200, None),
    "operationName is a number": (dump({**OK, "operationName": 1}), 400, BAD),
    "operationName is an object": (dump({**OK, "operationName": {}}), 400, BAD),
    "operationName is not there": (dump({**OK, "operationName": "Other"}), 400, INPUT),
    "operationName is empty": (dump({**OK, "operationName": ""}), 400, INPUT),
    "extensions is a list": (dump({**OK, "extensions": []}), 400, BAD),
    "extensions is a string": (dump({**OK, "extensions": "x"}), 400, BAD),
    "extensions is anything": (dump({**OK, "extensions": {"a": [1, None, {}]}}), 200, None),
    "unknown members": (dump({**OK, "id": [1], "": {"__proto__": 1}}), 200, None),
    "duplicate keys, the last counts": (b'{"query":"{",' + dump(OK)[1:], 200, None),
    "a byte-order mark": (codecs.BOM_UTF8 + dump(OK), 400, BAD),
    "UTF-16": (json.dumps(OK).encode("utf-16"), 400, BAD),
    "UTF-16 without a mark": (json.dumps(OK).encode("utf-16-le"), 400, BAD),
    "UTF-32": (json.dumps(OK).encode("utf-32"), 400, BAD),
    "Latin-1": (dump({**OK, "operationName": "é"}).decode().encode("latin-1"), 400, BAD),
    "invalid UTF-8": (with_query(b"{ domains { code } } # \xff"), 400, BAD),
    "overlong UTF-8": (with_query(b"{ domains { code } } # \xc0\xaf"), 400, BAD),
    "cut UTF-8": (with_query(b"{ domains { code } } # \xe2\x82"), 400, BAD),
    "gzip": (gzip.compress(dump(OK), mtime=0), 400, BAD),
    "100k brackets": (b"[" * 100_000, 400, BAD),
    "100k braces": (b'{"a":' * 40_000, 400, BAD),
    "5k-deep variables, closed": (with_variable(b"[" * 5000 + b"]" * 5000), 400, BAD),
    "900-deep variables, closed": (with_variable(b"[" * 900 + b"]" * 900), 400, INPUT),
    "5k-deep extensions, closed": (b'{"query":"{a}","extensions":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}", 400, BAD),
    "5k-deep unknown member, closed": (b'{"query":"{a}","x":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, BAD),
    "3k-deep document": (with_query(b"{a" * 3000), 400, PARSE),
    "5000-digit number": (with_variable(b"9" * 5000), 400, BAD),
    "20-digit number": (with_variable(b"18446744073709551616"), 200, None),
    "1e999": (with_variable(b"1e999"), 400, BAD),
    "a float where an ID belongs": (with_variable(b"1.5"), 400, INPUT),
    "NaN": (with_variable(b"NaN"), 400, BAD),
    "Infinity": (with_variable(b"-Infinity"), 400, BAD),
    "leading zero": (with_variable(b"01"), 400, BAD),
    "single quotes": (b"{'query':'{ domains { code } }'}", 400, BAD),
    "trailing comma": (dump(OK)[:-1] + b",}", 400, BAD),
    "two objects": (dump(OK) * 2, 400, BAD),
    "truncated": (dump(OK)[:-3], 400, BAD),
    "lone surrogate, escaped": (with_variable(b'"\\ud800"'), 400, BAD),
    "lone surrogate, raw": (with_variable(b'"\xed\xa0\x80"'), 400, BAD),
    "surrogates the wrong way round": (with_variable(b'"\\udc00\\ud800"'), 400, BAD),
    "lone surrogate in the document": (with_query(b"{ domains { code } } # \\udfff"), 400, BAD),
    "NUL, raw": (with_variable(b'"a\x00b"'), 400, BAD),
    "NUL, escaped, in the document": (with_query(b"{ domains \\u0000 { code } }"), 400, PARSE),
    "a control character in the document": (with_query(b"{ domains \\u0007 { code } }"), 400, PARSE),
    "unicode escapes": (with_query(b"\\u007b domains { code } }"), 200, None),
    "too large": (with_query(b" " * 300_000), 413, BAD),
    "as large as may be": (dump({**OK, "x": "a" * 262_000}), 200, None),
}


@pytest.mark.parametrize("name", SHAPES)
async def test_shapes(api, name, caplog):
    body, status, code = SHAPES[name]
    answer = await ask(api.client._transport.app, body=body)
    if code is None:
        assert (answer.status, answer.payload["data"]["domains"]) == (status, [{"code": "SCI"}])
    else:
        codes = [error["extensions"]["code"] for error in answer.payload["errors"]]
        assert (answer.status, codes[0]) == (status, code)
        assert "data" not in answer.payload
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud83d\\ude00", "x" * 100_000, "-1", " "])
async def test_an_id_that_is_none_is_nobody(api, text):
    answer = await ask(api.client._transport.app, body=with_variable(b'"' + text.encode() + b'"'))
    assert answer.status == 200
    assert answer.payload["data"]["domains"] == [{"code": "SCI"}]


MEDIA_TYPES = [
    "", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/json",
    "text/plain;application/json", "text/plain, application/json", "application/json, text/plain",
    "application/graphql", "application/jsonp", "application /json", "json", "*/*",
]  # fmt: skip


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
async def test_media_types_that_are_refused(api, media_type):
    answer = await ask(api.client._transport.app, body=dump(OK), content_type=media_type)
    assert (answer.status, answer.payload["errors"][0]["extensions"]["code"]) == (415, BAD)


@pytest.mark.parametrize("media_type", ["application/json", "APPLICATION/JSON", "application/json ; charset=latin-1"])
async def test_media_types_that_are_read_as_utf_8(api, media_type):
    answer = await ask(api.client._transport.app, body=dump(OK), content_type=media_type)
    assert answer.status == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "identity"])
async def test_content_encodings_are_refused(api, encoding):
    answer = await ask(api.client._transport.app, body=gzip.compress(dump(OK)), content_encoding=encoding)
    assert answer.status == 415


HEAD = (
    b"POST /u/ALPHA/graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
    b"Connection: close\r\n"
)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def chunks(body, size):
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def lengthy(body, length):
    return HEAD + b"Content-Length: %d\r\n\r\n" % length + body


# What goes over the wire, and how the status line begins; b"" where nobody is there to be answered.
ON_THE_WIRE = {
    "chunked": (CHUNKED + chunks(dump(OK), 7), b"HTTP/1.1 200"),
    "chunked, byte by byte": (CHUNKED + chunks(dump(OK), 1), b"HTTP/1.1 200"),
    "chunked, nothing": (CHUNKED + b"0\r\n\r\n", b"HTTP/1.1 400"),
    "chunked, too large": (CHUNKED + chunks(with_query(b" " * 300_000), 65_536), b"HTTP/1.1 413"),
    "chunked wrongly": (CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n", b"HTTP/1.1 400"),
    "too large": (lengthy(with_query(b" " * 300_000), 300_012), b"HTTP/1.1 413"),
    "shorter than it says, then gone": (lengthy(dump(OK), 500), b""),
    "longer than it says": (lengthy(dump(OK) + b"x" * 50, len(dump(OK))), b"HTTP/1.1 200"),
    "cut by its length": (lengthy(dump(OK), len(dump(OK)) - 1), b"HTTP/1.1 400"),
    "a negative length": (lengthy(dump(OK), -1), b"HTTP/1.1 400"),
    "no length": (HEAD + b"\r\n" + dump(OK), b"HTTP/1.1 400"),
    "two lengths": (HEAD + b"Content-Length: 5\r\n" + lengthy(dump(OK), 31)[len(HEAD) :], b"HTTP/1.1 400"),
}


@pytest.fixture(scope="module")
async def server(database, world):
    async with running(database) as made:
        yield made


@pytest.mark.parametrize("name", ON_THE_WIRE)
async def test_on_the_wire(server, name, caplog):
    sent, status = ON_THE_WIRE[name]
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
        writer.write(sent)
        if status == b"":
            writer.write_eof()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer[:12] == status
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def valid_bodies(world):
    """Twenty requests that are in order and touch every kind of argument, with ids that exist."""
    university = world.alpha.university["id"]
    course = str(GlobalId("Course", world.alpha["course"]["id"], university))
    offering = str(GlobalId("CourseOffering", world.alpha["public"]["id"], university))
    by_id = "query A($id: ID!) { course(id: $id) { id code title level description } }"
    return [
        {"query": DOMAINS},
        {"query": "query A { __typename } query B { domains { name } }", "operationName": "B"},
        {"query": by_id, "variables": {"id": course}, "operationName": "A"},
        {"query": by_id.replace("code", "modules { title children { title contentItems { __typename } } }"),
         "variables": {"id": course}},
        {"query": '{ course(by: {code: "P101"}) { title departments: department { code } } }'},
        {"query": "query ($first: Int!, $after: String) { courses(first: $first, after: $after) {"
                  " pageInfo { hasNextPage endCursor } edges { cursor node { code } } } }",
         "variables": {"first": 2, "after": None}},
        {"query": "query ($id: ID!) { node(id: $id) { __typename ... on Course { code } } }",
         "variables": {"id": course}},
        {"query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": [course, offering, "x"]}},
        {"query": "query ($on: Boolean = true) { domains @include(if: $on) { code @skip(if: false) } __typename }",
         "variables": {"on": False}},
        {"query": "{ courses(first: 1) { edges { node { offerings(first: 5) { edges { node { termName } } } } } } }"},
        {"query": "{ offerings(last: 2) { edges { node { id startsAt course { title } } } } }"},
        {"query": "{ universities(first: 3) { edges { node { name shortCode country { name isoCode } } } } }"},
        {"query": "query Who { viewer { roles memberships { displayName university { name } } } }",
         "operationName": "Who", "variables": {}, "extensions": {}},
        {"query": "fragment F on Course { code ...G } fragment G on Course { title }"
                  " { courses(first: 2) { edges { node { ...F ... on Course { id } } } } }"},
        {"query": "{ a: domains { c: code } b: domains { n: name } }"},
        {"query": '# "a comment" \ufeff\n{\r\n\tdomains,{,code,}}'},
        {"query": 'query ($n: String = "é\\u00e9😀") { __type(name: $n) { name } domains { code } }',
         "variables": {"n": "日本語"}},
        {"query": '{ course(by: {code: """\n  P101\n"""}) { code } }'},
        {"query": "{ domains { code } }", "variables": {"unused": [1, 2.5, True, None, {"a": "b"}]}},
        {"query": "{ courses(first: 1) { pageInfo { startCursor } edges { node { id } } } }"},
    ]  # fmt: skip


NASTY = [
    b"null", b"true", b"[]", b"{}", b'""', b"0", b"-1", b"2147483648", b"1e400", b"9" * 400, b"NaN", b'"\\u0000"',
    b"\\", b"\\ud800", b"\xff", b"\x00", b"\xef\xbb\xbf", b"[[[[", b"}}}}", b'"', b"\\u", b"$", b"@skip(if:$x)",
    b"...F", b"#", b"!", b'"""', b"&", b"|", b"query", b"mutation{a}", b"subscription{a}", b"__schema{types{name}}",
    b"(", b":", b"\xf0\x9f\x98\x80",
]  # fmt: skip
ENCODINGS = ["utf-16", "utf-16-be", "utf-32", "utf-7", "cp037", "utf-8-sig"]


def flipped(chance, body):
    made = bytearray(body)
    for _ in range(chance.choice((1, 1, 2, 8))):
        made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)
    return bytes(made)


def truncated(chance, body):
    return body[: chance.randrange(len(body))]


def inserted(chance, body):
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.choice(NASTY) * chance.choice((1, 1, 1, 3)) + body[at:]


def removed(chance, body):
    at = chance.randrange(len(body))
    return body[:at] + body[at + chance.choice((1, 1, 2, 5, 20)) :]


def repeated(chance, body):
    start, end = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    return body[:end] + body[start:end] * chance.choice((1, 2, 10)) + body[end:]


def overwritten(chance, body):
    at = chance.randrange(len(body))
    return body[:at] + bytes(chance.randrange(32, 127) for _ in range(chance.choice((1, 1, 2)))) + body[at + 1 :]


def encoded(chance, body):
    return body.decode(errors="replace").encode(chance.choice(ENCODINGS), errors="replace")


BYTES = (flipped, truncated, inserted, removed, repeated, overwritten, encoded)
TEXTS = (inserted, removed, repeated, overwritten)


def duplicated_keys(chance, body, other):
    """Two requests in one object."""
    return body[:-1] + b"," + other[1:]


def document_changed(chance, request):
    """The request with its document changed, and still JSON: this goes on to the parser and to validation."""
    text = chance.choice(TEXTS)(chance, request["query"].encode()).decode(errors="replace")
    return dump({**request, "query": text})


def variables_changed(chance, request):
    """The request with one value anywhere replaced by another one."""
    values = [None, True, 0, -1, 2**31, 2**53, 1.5, "", "x", "\x00", "é", [], [[]], {}, {"a": {"b": []}}, "9" * 400]
    given = dict(request.get("variables") or {"id": None})
    given[chance.choice(list(given) or ["id"])] = chance.choice(values)
    member = chance.choice(("variables", "variables", "variables", "operationName", "extensions", "query"))
    return dump({**request, member: given if member == "variables" else chance.choice(values)})


def mutations(seed, requests, number):
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for _ in range(number):
        request = chance.choice(requests)
        kind = chance.randrange(10)
        if kind < 4:
            yield document_changed(chance, request)
        elif kind < 6:
            yield variables_changed(chance, request)
        elif kind == 6:
            yield duplicated_keys(chance, dump(request), dump(chance.choice(requests)))
        else:
            yield chance.choice(BYTES)(chance, dump(request))


def query_strings(seed, requests, number):
    """The requests as query strings, changed before or after they are percent-encoded."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for _ in range(number):
        request = chance.choice(requests)
        parameters = {
            name: (value if isinstance(value, str) else json.dumps(value)).encode() for name, value in request.items()
        }
        if chance.random() < 0.8:
            name = chance.choice(list(parameters))
            parameters[name] = chance.choice(TEXTS if chance.random() < 0.7 else BYTES)(
                chance, parameters[name] or b" "
            )
            yield urlencode(parameters, quote_via=quote).encode()
        else:
            whole = urlencode(parameters, quote_via=quote).encode()
            yield chance.choice(BYTES)(chance, whole)


def quote(value, *_):
    """Percent-encoding for bytes that need not be UTF-8."""
    return quote_from_bytes(value if isinstance(value, bytes) else value.encode())


async def survives(app, requests, caplog, capsys, what):
    """Send all; every answer must be in order. The number of those that were executed."""
    codes, slowest, executed, sent = {code.value for code in Code} - {"INTERNAL_ERROR"}, 0.0, 0, 0
    for request in requests:
        answer = await ask(app, **request)
        assert answer.status < 500, (request, answer)
        assert answer.payload.keys() & {"data", "errors"}, request
        assert {error["extensions"]["code"] for error in answer.payload.get("errors", ())} <= codes, (request, answer)
        slowest, executed, sent = max(slowest, answer.seconds), executed + ("data" in answer.payload), sent + 1
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []
    with capsys.disabled():
        print(f"\n{sent} {what}: {executed} executed, the slowest took {slowest * 1000:.0f} ms")  # noqa: T201
    assert slowest < SLOWEST_SECONDS
    return executed


async def test_valid_bodies(api, world):
    bodies = valid_bodies(world)
    assert len(bodies) == 20
    for body in bodies:
        answer = await ask(api.client._transport.app, body=dump(body))
        assert (answer.status, "errors" in answer.payload) == (200, False), (body, answer.payload)


@pytest.mark.parametrize(
    ("text", "status", "data"),
    [
        ("{ domains @include(if: $on) { code } }", 400, None),
        ("{ domains { code @skip(if: $on) } }", 200, None),
        ('{ course(by: {code: "P101"}) { code @skip(if: $on) } }', 200, {"course": None}),
    ],
)
async def test_a_condition_that_is_null(api, text, status, data):
    """The types let it through: the variable has a default, and null is given all the same."""
    body = dump({"query": "query ($on: Boolean = true) " + text, "variables": {"on": None}})
    answer = await ask(api.client._transport.app, body=body)
    (error,) = answer.payload["errors"]
    assert (answer.status, error["extensions"]["code"]) == (status, INPUT)
    assert answer.payload.get("data") == data


async def test_mutated_bodies(api, world, caplog, capsys):
    bodies = [{"body": body} for body in mutations(1, valid_bodies(world), BODIES)]
    assert await survives(api.client._transport.app, bodies, caplog, capsys, "bodies") > BODIES / 10


async def test_mutated_query_strings(api, world, caplog, capsys):
    texts = query_strings(2, valid_bodies(world), URLS)
    urls = [{"method": "GET", "query_string": text, "content_type": ""} for text in texts]
    assert await survives(api.client._transport.app, urls, caplog, capsys, "query strings") > URLS / 10
