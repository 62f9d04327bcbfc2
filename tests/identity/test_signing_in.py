"""Signing in and out, and tokens of services, as clients do it: documents in, whole answers out."""

import re

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.conftest import running_api

PASSWORD = "correct horse battery"
LOGIN = """mutation Login($input: LoginInput!) { login(input: $input) {
  accessToken accessExpiresAt refreshToken refreshExpiresAt errors { code message path } } }"""
REFRESH = """mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) {
  accessToken refreshToken errors { code message path } } }"""
LOGOUT = "mutation ($input: LogoutInput!) { logout(input: $input) { endedSessions errors { code message path } } }"
CHANGE = """mutation ($input: ChangePasswordInput!) { changePassword(input: $input) {
  endedSessions errors { code message path } } }"""
ISSUE = """mutation ($input: IssueServiceTokenInput!) { issueServiceToken(input: $input) { token
  serviceToken { id scopes submissionIds issuedBy { displayName } revokedAt } errors { code message path } } }"""
REVOKE = """mutation ($input: RevokeServiceTokenInput!) { revokeServiceToken(input: $input) {
  serviceToken { id revokedAt } errors { code message path } } }"""
WHO = "{ viewer { user { email } } }"
TOKEN = re.compile(r"lms_(?:at|rt|st)_[A-Za-z0-9_-]{43}")


@pytest.fixture(scope="module")
async def api(own, people):
    """In production: nothing but what signs people in there is good."""
    async with running_api(own.app, environment="production") as running:
        yield running


@pytest.fixture
async def student(api, admin, people):
    """The address and the password of the student of ALPHA and BETA."""
    await clear(api, admin, people["student"])
    return {"email": "student@test.example", "password": PASSWORD}


@pytest.fixture
async def administrator(api, admin, people):
    """A session of the administrator of ALPHA."""
    await clear(api, admin, people["admin"])
    return (await login(api, {"email": "admin@test.example", "password": PASSWORD}))["accessToken"]


async def clear(api, admin, user):
    await admin.execute("TRUNCATE login_attempts, audit_log, idempotency_keys")
    await admin.execute("DELETE FROM sessions")
    await api.service.identity.accounts.set_password(user, PASSWORD)


async def send(api, document, given=None, token=None, university="ALPHA", **headers):
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    path = f"/u/{university}/graphql" if university else "/graphql"
    body = {"query": document, "variables": None if given is None else {"input": given}}
    return await api.client.post(path, json=body, headers={"X-Request-Id": "test-request", **headers})


async def done(api, document, given, token=None, **options):
    """The payload of the only field."""
    answer = (await send(api, document, given, token, **options)).json()
    assert "errors" not in answer, answer
    (payload,) = answer["data"].values()
    return payload


async def login(api, given):
    payload = await done(api, LOGIN, given)
    assert payload["errors"] == []
    return payload


async def email(api, token):
    """The address of whom a token speaks of; the code of the refusal."""
    response = await send(api, WHO, token=token)
    if response.status_code == 401:
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        return response.json()["errors"][0]["extensions"]["code"]
    return response.json()["data"]["viewer"]["user"]["email"]


def refusal(code, message, *path):
    return [{"code": code, "message": message, "path": list(path)}]


# ---- sessions ----


async def test_from_login_to_logout(api, student, admin):
    response = await send(api, LOGIN, student)
    first = response.json()["data"]["login"]
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers
    assert await email(api, first["accessToken"]) == "student@ALPHA.example"
    second = await done(api, REFRESH, {"refreshToken": first["refreshToken"]})
    assert second["errors"] == []
    assert await email(api, second["accessToken"]) == "student@ALPHA.example"
    assert await done(api, LOGOUT, {}, second["accessToken"]) == {"endedSessions": 1, "errors": []}
    for token in (first["accessToken"], second["accessToken"]):
        assert await email(api, token) == "UNAUTHENTICATED"
    assert await done(api, REFRESH, {"refreshToken": second["refreshToken"]}) == {
        "accessToken": None,
        "refreshToken": None,
        "errors": refusal("WRONG_CREDENTIALS", "this session is over; sign in again", "input", "refreshToken"),
    }


async def test_login_works_where_no_university_is_named(api, student):
    response = await send(api, LOGIN, student, university=None)
    assert response.json()["data"]["login"]["errors"] == []


async def test_a_wrong_password_and_then_too_many(api, student, admin):
    nothing = dict.fromkeys(("accessToken", "accessExpiresAt", "refreshToken", "refreshExpiresAt"))
    wrong = {**nothing, "errors": refusal("WRONG_CREDENTIALS", "the address or the password is wrong", "input")}
    for address in (student["email"], "nobody@test.example"):
        for _ in range(10):
            assert await done(api, LOGIN, {"email": address, "password": "a wrong password"}) == wrong
        (error,) = (await done(api, LOGIN, {**student, "email": address}))["errors"]
        assert (error["code"], error["path"]) == ("THROTTLED", ["input"])
        assert re.fullmatch(r"too many failed attempts; try again in \d+ s", error["message"])
    assert await admin.fetchval("SELECT count(*) FROM sessions") == 0


@pytest.mark.parametrize("count", [2, 101])
async def test_aliased_logins_are_refused_as_a_whole(api, student, admin, count):
    given = '{email: "student@test.example", password: "%s"}'
    passwords = [f"guess number {number}" for number in range(count - 1)] + [PASSWORD]
    fields = " ".join(f"a{n}: login(input: {given % text}) {{ accessToken }}" for n, text in enumerate(passwords))
    response = await send(api, f"mutation {{ {fields} }}")
    answer = response.json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["TOO_MANY_ATTEMPTS"]
    assert "data" not in answer
    assert await admin.fetchval("SELECT count(*) FROM login_attempts") == 0
    assert await admin.fetchval("SELECT count(*) FROM sessions") == 0


async def test_a_login_by_get_is_none(api, student, admin):
    document = f'mutation {{ login(input: {{email: "{student["email"]}", password: "{PASSWORD}"}}) {{ accessToken }} }}'
    response = await api.client.get("/graphql", params={"query": document}, headers={"Accept": "application/json"})
    assert response.status_code == 405
    assert await admin.fetchval("SELECT count(*) FROM sessions") == 0


async def test_logout_everywhere_and_without_a_session(api, student, administrator):
    tokens = [await login(api, student) for _ in range(3)]
    assert await done(api, LOGOUT, {"everywhere": True}, tokens[0]["accessToken"]) == {"endedSessions": 3, "errors": []}
    for token in tokens:
        assert await email(api, token["accessToken"]) == "UNAUTHENTICATED"
    assert await email(api, administrator) == "admin@ALPHA.example"
    nobody = (await send(api, LOGOUT, {})).json()
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_changing_the_password(api, student, admin, people):
    mine, other = await login(api, student), await login(api, student)
    change = {"currentPassword": PASSWORD, "newPassword": "another password"}
    refused = {
        "endedSessions": None,
        "errors": refusal("WRONG_CREDENTIALS", "this is not the password", "input", "currentPassword"),
    }
    assert await done(api, CHANGE, {**change, "currentPassword": "wrong"}, mine["accessToken"]) == refused
    short = await done(api, CHANGE, {**change, "newPassword": "short"}, mine["accessToken"])
    assert short["errors"] == refusal("INVALID", "a password has 12 to 128 characters", "input", "newPassword")
    nobody = (await send(api, CHANGE, change)).json()
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await email(api, other["accessToken"]) == "student@ALPHA.example"  # nothing has happened so far
    assert await done(api, CHANGE, change, mine["accessToken"]) == {"endedSessions": 1, "errors": []}
    assert await email(api, mine["accessToken"]) == "student@ALPHA.example"
    assert await email(api, other["accessToken"]) == "UNAUTHENTICATED"
    assert (await done(api, LOGIN, student))["errors"][0]["code"] == "WRONG_CREDENTIALS"
    await login(api, {**student, "password": "another password"})


async def test_a_person_who_is_deactivated_is_out_on_the_next_request(api, student, admin, people):
    tokens = await login(api, student)
    assert await email(api, tokens["accessToken"]) == "student@ALPHA.example"
    await admin.execute("UPDATE users SET is_active = false WHERE id = $1", people["student"])
    try:
        assert await email(api, tokens["accessToken"]) == "UNAUTHENTICATED"
        assert (await done(api, LOGIN, student))["errors"][0]["code"] == "WRONG_CREDENTIALS"
    finally:
        await admin.execute("UPDATE users SET is_active = true WHERE id = $1", people["student"])


async def test_a_refresh_token_is_no_token_for_requests(api, student):
    assert await email(api, (await login(api, student))["refreshToken"]) == "UNAUTHENTICATED"


async def test_tokens_and_passwords_stand_nowhere(api, student, administrator, admin, caplog, people):
    """Not in what is logged, not in what mutations leave behind, nor anywhere in the database."""
    caplog.set_level("DEBUG")
    key = {"Idempotency-Key": "the-key-of-a-client"}
    tokens = (await send(api, LOGIN, student, None, **key)).json()["data"]["login"]
    await send(api, REFRESH, {"refreshToken": tokens["refreshToken"]}, None, **key)
    await send(api, REFRESH, {"refreshToken": "lms_rt_" + "x" * 43}, None, **key)
    issued = (await send(api, ISSUE, {"scopes": ["LAB_GRADE"]}, administrator, **key)).json()
    assert TOKEN.search(str(issued))
    await send(api, LOGIN, {**student, "password": "a secret guess"})
    await send(api, WHO, token="lms_at_" + "y" * 43)
    assert not TOKEN.search(caplog.text)
    assert "secret guess" not in caplog.text
    assert PASSWORD not in caplog.text
    tables = await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        rows = str(await admin.fetch(f"SELECT t::text FROM {table} t"))
        assert not TOKEN.search(rows), table
        assert PASSWORD not in rows
        assert "secret guess" not in rows


# ---- services ----


async def test_a_service_comes_in_and_out(api, administrator, admin, people):
    payload = await done(api, ISSUE, {"scopes": ["LAB_GRADE"], "hours": 2}, administrator)
    token, shown = payload.pop("token"), payload["serviceToken"]
    assert payload == {
        "serviceToken": {
            "id": shown["id"],
            "scopes": ["LAB_GRADE"],
            "submissionIds": None,
            "issuedBy": {"displayName": "ALPHA admin"},
            "revokedAt": None,
        },
        "errors": [],
    }
    assert token.startswith("lms_st_")
    left = await admin.fetchval(
        "SELECT expires_at - now() FROM service_tokens WHERE revoked_at IS NULL ORDER BY 1 DESC"
    )
    assert 7190 < left.total_seconds() <= 7200
    reads = "{ viewer { user { id } roles } courses(first: 9) { edges { node { code } } } domains { code } }"
    answer = (await send(api, reads, token=token)).json()["data"]
    assert answer["viewer"] is None
    assert answer == (await send(api, reads)).json()["data"]  # what nobody sees, and not more
    assert (await send(api, reads, token=token, university="BETA")).status_code == 401
    assert (await send(api, reads, token=token, university=None)).json()["data"] == answer
    for document, given in ((LOGOUT, {}), (ISSUE, {"scopes": ["LAB_GRADE"]}), (REVOKE, {"id": shown["id"]})):
        refused = (await send(api, document, given, token)).json()
        assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    revoked = await done(api, REVOKE, {"id": shown["id"]}, administrator)
    assert revoked["errors"] == []
    assert revoked["serviceToken"]["revokedAt"]
    assert (await send(api, reads, token=token)).status_code == 401
    assert await done(api, REVOKE, {"id": shown["id"]}, administrator) == revoked
    audited = await admin.fetch("SELECT act, user_id, new_values FROM audit_log ORDER BY id")
    assert [tuple(row) for row in audited] == [
        (
            "service_token.issue",
            people["admin"],
            '{"hours": 2, "scopes": ["lab:grade"], "submissionIds": null}',
        ),
        ("service_token.revoke", people["admin"], None),
    ]


async def test_the_scopes_of_a_service_reach_its_viewer(api, administrator, admin):
    submission = await admin.fetchrow("SELECT id, university_id FROM lab_submissions ORDER BY id LIMIT 1")
    document = """{ viewer { user { id } } }"""
    seen = []
    ordinary = api.service.context

    def recording(viewer, *arguments, **options):
        seen.append(viewer)
        return ordinary(viewer, *arguments, **options)

    bound = str(GlobalId("Submission", *submission))
    given = {"scopes": ["LAB_GRADE", "IMPORT_COURSE", "LAB_GRADE"], "submissionIds": [bound]}
    payload = await done(api, ISSUE, given, administrator)
    assert payload["serviceToken"]["submissionIds"] == [bound]
    assert payload["serviceToken"]["scopes"] == ["IMPORT_COURSE", "LAB_GRADE"]
    api.service.context = recording
    try:
        await send(api, document, token=payload["token"])
    finally:
        api.service.context = ordinary
    (viewer,) = seen
    assert (viewer.user_id, viewer.standing.value, viewer.roles) == (None, "anonymous", frozenset())
    assert viewer.service_scopes == {"lab:grade", "import:course"}
    assert viewer.submission_ids == {submission["id"]}


BAD = {
    "no scope": ({"scopes": []}, "INVALID", ["input", "scopes"]),
    "no hours": ({"scopes": ["LAB_GRADE"], "hours": 0}, "INVALID", ["input", "hours"]),
    "too many hours": ({"scopes": ["LAB_GRADE"], "hours": 25}, "INVALID", ["input", "hours"]),
    "no submission": ({"scopes": ["LAB_GRADE"], "submissionIds": []}, "INVALID", ["input", "submissionIds"]),
    "no such id": ({"scopes": ["LAB_GRADE"], "submissionIds": ["x"]}, "NOT_FOUND", ["input", "submissionIds"]),
    "another's": ({"scopes": ["LAB_GRADE"], "submissionIds": ["BETA"]}, "NOT_FOUND", ["input", "submissionIds"]),
}


@pytest.mark.parametrize("name", BAD)
async def test_tokens_that_are_not_issued(api, administrator, admin, name):
    given, code, path = BAD[name]
    if given.get("submissionIds") == ["BETA"]:
        foreign = await admin.fetchrow(
            "SELECT s.id, s.university_id FROM lab_submissions s JOIN universities u ON u.id = s.university_id"
            " WHERE u.short_code = 'BETA'"
        )
        given = {**given, "submissionIds": [str(GlobalId("Submission", *foreign))]}
    before = await admin.fetchval("SELECT count(*) FROM service_tokens")
    payload = await done(api, ISSUE, given, administrator)
    assert (payload["token"], payload["serviceToken"]) == (None, None)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, path)]
    assert await admin.fetchval("SELECT count(*) FROM service_tokens") == before
    assert await admin.fetchval("SELECT count(*) FROM audit_log") == 0


@pytest.mark.parametrize("name", ["student", "instructor", "beta_admin", None])
async def test_only_administrators_let_services_in(api, admin, people, administrator, name):
    token = None
    if name is not None:
        await api.service.identity.accounts.set_password(people[name], PASSWORD)
        token = (await login(api, {"email": f"{name}@test.example", "password": PASSWORD}))["accessToken"]
    before = await admin.fetchval("SELECT count(*) FROM service_tokens")
    answer = (await send(api, ISSUE, {"scopes": ["LAB_GRADE"]}, token)).json()
    if name is None:
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    else:
        assert answer["data"]["issueServiceToken"]["errors"][0]["code"] == "FORBIDDEN"
    assert not TOKEN.search(str(answer))
    assert await admin.fetchval("SELECT count(*) FROM service_tokens") == before


async def test_sent_again_under_a_key_the_token_is_not_told_again(api, administrator, admin):
    key = {"Idempotency-Key": "the-key-of-a-client"}
    first = await done(api, ISSUE, {"scopes": ["LAB_GRADE"]}, administrator, **key)
    again = await done(api, ISSUE, {"scopes": ["LAB_GRADE"]}, administrator, **key)
    assert TOKEN.fullmatch(first["token"])
    assert again == {**first, "token": None}


async def test_a_token_of_a_service_expires(api, administrator, admin):
    token = (await done(api, ISSUE, {"scopes": ["LAB_GRADE"]}, administrator))["token"]
    assert (await send(api, WHO, token=token)).status_code == 200
    await admin.execute(
        "UPDATE service_tokens SET created_at = created_at - interval '2 hours',"
        " expires_at = expires_at - interval '1 hour 1 second'"
    )
    assert (await send(api, WHO, token=token)).status_code == 401


async def test_lms_app_can_not_read_what_signs_people_in(own):
    driver = await connect(own.app)
    for table in ("sessions", "session_tokens", "external_identities", "login_attempts"):
        with pytest.raises(Exception, match=f"permission denied for table {table}"):
            await driver.fetch(f"SELECT 1 FROM {table}")
    for column in ("digest", "*"):
        with pytest.raises(Exception, match="permission denied for table service_tokens"):
            await driver.fetch(f"SELECT {column} FROM service_tokens")
    with pytest.raises(Exception, match="permission denied for table users"):
        await driver.fetch("SELECT password_hash FROM users")
    await driver.close()
