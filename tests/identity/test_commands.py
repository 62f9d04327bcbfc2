"""`lms-graphql user` and `lms-graphql service-token`, and that what they did is good at the door."""

import json
import subprocess

import pytest

from tests.commands import CLEAN, PROGRAM, call, called, refused, run
from tests.identity.issuer import AUDIENCE, NAME, token

WHO = {"query": "{ viewer { user { email } } }"}
OTHER = "other@test.example"


@pytest.fixture
def settings(own, tmp_path, issuer):
    return {
        "LMS_DATABASE_URL": own.app.set(drivername="postgresql").render_as_string(hide_password=False),
        "LMS_DATA_DIR": str(tmp_path),
        "LMS_OIDC_ISSUERS": json.dumps([issuer.configured()]),
    }


async def asked(api, bearer):
    response = await api.client.post("/u/ALPHA/graphql", json=WHO, headers={"Authorization": bearer})
    return response.status_code, response.json().get("data")


async def test_link_and_unlink(open_api, own, people, issuer, keys, settings):
    options = ["--issuer", NAME, "--subject", "s-other"]
    bearer = f"Bearer {token(keys.rsa, sub='s-other')}"
    async with open_api(issuer.configured()) as api:
        assert (await asked(api, bearer))[0] == 401
        for _ in range(2):
            linked = run("user", "link", OTHER, *options, **settings)
            assert (linked.returncode, linked.stdout) == (0, f"s-other of {NAME} signs {OTHER} in\n"), linked.stderr
        assert await asked(api, bearer) == (200, {"viewer": {"user": {"email": "other@ALPHA.example"}}})
        refused(await called("user", "link", "student@test.example", *options, **settings), "linked to somebody else")
        assert (await called("user", "unlink", *options, **settings)).returncode == 0
        assert (await asked(api, bearer))[0] == 401
    refused(await called("user", "unlink", *options, **settings), "nobody is linked")
    refused(await called("user", "link", "nobody@test.example", *options, **settings), "nobody has the address")
    refused(await called("user", "link", OTHER, "--issuer", AUDIENCE, "--subject", "x", **settings), "no issuer", NAME)


def set_password(settings, email, text):
    return subprocess.run(
        [PROGRAM, "user", "password", email],
        env={**CLEAN, **settings},
        input=text + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_password_from_standard_input(open_api, people, admin, settings):
    refused(set_password(settings, OTHER, "short"), "12 to 128")
    done = set_password(settings, OTHER, "correct horse battery")
    assert (done.returncode, done.stdout) == (0, f"{OTHER} has a new password and is signed out everywhere\n")
    document = "mutation ($input: LoginInput!) { login(input: $input) { accessToken errors { code } } }"
    body = {"query": document, "variables": {"input": {"email": OTHER, "password": "correct horse battery"}}}
    async with open_api() as api:
        answer = (await api.client.post("/graphql", json=body)).json()["data"]["login"]
        assert answer["errors"] == []
        assert (await asked(api, f"Bearer {answer['accessToken']}"))[0] == 200


async def test_service_tokens(open_api, admin, people, settings):
    issued = run("service-token", "issue", "--university", "ALPHA", "--scope", "lab:grade", **settings)
    assert issued.returncode == 0, issued.stderr
    bearer, _, number = issued.stdout.split("\n")[0], *issued.stdout.split("\n")[1].split(";")[0].rpartition(" ")[1:]
    async with open_api() as api:
        assert await asked(api, bearer) == (200, {"viewer": None})
        revoke = ["service-token", "revoke", number, "--university", "ALPHA"]
        assert (await called(*revoke, **settings)).stdout == f"token {number} of ALPHA is revoked\n"
        assert (await asked(api, bearer))[0] == 401
    refused(await called(*revoke, **settings), "no token with the number")
    acts = await admin.fetch("SELECT act, user_id, roles FROM audit_log WHERE entity_id = $1 ORDER BY id", int(number))
    assert [tuple(row) for row in acts] == [
        ("service_token.issue", None, ["operator"]),
        ("service_token.revoke", None, ["operator"]),
    ]
    refused(
        await called("service-token", "issue", "--university", "ALPHA", "--scope", "grade:everything", **settings),
        "--scope must be one of import:course, lab:grade",
    )
    refused(await called("service-token", "issue", "--university", "NONE", "--scope", "lab:grade", **settings), "NONE")


ADMINISTERS = {"query": "{ viewer { isPlatformAdmin } }"}
ADD_COUNTRY = {"query": 'mutation { createCountry(input: {isoCode: "NZ", name: "New Zealand"}) { errors { code } } }'}


def read(row):
    return tuple(json.loads(value) if name.endswith("values") else value for name, value in row.items())


async def test_the_first_administrator_of_the_platform(open_api, own, people, admin, settings):
    """From nobody to a university's founder, by commands and the API alone."""
    first, password = "first@platform.example", "correct horse battery"
    command = ["user", "platform-admin", first]
    refused(await called(*command, **settings), "set LMS_OWNER_DATABASE_URL")
    settings = {**settings, "LMS_OWNER_DATABASE_URL": own.owner.set(drivername="postgresql").render_as_string(False)}
    refused(await called(*command, **settings), f"nobody has the address {first}; --name adds an account")
    refused(await called("user", "platform-admin", "x", "--name", "X", **settings), "email: this is no e-mail address")
    refused(await called(*command, "--name", " ", **settings), "--name: this must not be empty")
    assert await admin.fetchval("SELECT count(*) FROM users WHERE email = $1", first) == 0
    since = await admin.fetchval("SELECT coalesce(max(id), 0) FROM platform_audit_log")
    done = run(*command, "--name", "The First", **settings)
    assert (done.returncode, done.stdout) == (0, f"{first} administers the platform\n"), done.stderr
    again = await called("user", "platform-admin", first.upper(), **settings)
    assert again.stdout == f"{first.upper()} administers the platform, and did before\n"
    account = await admin.fetchrow("SELECT id, full_name, password_hash FROM users WHERE email = $1", first)
    assert tuple(account)[1:] == ("The First", "!")

    set_password(settings, first, password)
    login = "mutation ($input: LoginInput!) { login(input: $input) { accessToken } }"
    async with open_api() as api:

        async def sent(body, bearer=None):
            headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
            return (await api.client.post("/graphql", json=body, headers=headers)).json()["data"]

        body = {"query": login, "variables": {"input": {"email": first, "password": password}}}
        bearer = (await sent(body))["login"]["accessToken"]
        assert await sent(ADMINISTERS, bearer) == {"viewer": {"isPlatformAdmin": True}}
        assert await sent(ADD_COUNTRY, bearer) == {"createCountry": {"errors": []}}

        done = await called(*command, "--revoke", **settings)
        assert done.stdout == f"{first} does not administer the platform any more\n"
        done = await called(*command, "--revoke", **settings)
        assert done.stdout == f"{first} does not administer the platform, and did not before\n"
        assert await sent(ADMINISTERS, bearer) == {"viewer": {"isPlatformAdmin": False}}
        assert await sent(ADD_COUNTRY, bearer) == {"createCountry": {"errors": [{"code": "FORBIDDEN"}]}}

    rows = await admin.fetch(
        "SELECT user_id, act, entity, entity_id, old_values, new_values, request_id FROM platform_audit_log"
        " WHERE id > $1 AND act LIKE 'platform_admin.%' ORDER BY id",
        since,
    )
    no, yes = {"isPlatformAdmin": False}, {"isPlatformAdmin": True}
    assert [read(row) for row in rows] == [
        (None, "platform_admin.grant", "User", account["id"], no, yes, "lms-graphql user"),
        (None, "platform_admin.revoke", "User", account["id"], yes, no, "lms-graphql user"),
    ]


async def test_an_account_that_is_closed_administers_nothing(own, people, admin, settings):
    settings = {**settings, "LMS_OWNER_DATABASE_URL": own.owner.set(drivername="postgresql").render_as_string(False)}
    await admin.execute("UPDATE users SET is_active = false WHERE email = $1", OTHER)
    try:
        refused(await called("user", "platform-admin", OTHER, **settings), f"the account of {OTHER} is closed")
        done = await called("user", "platform-admin", OTHER, "--revoke", **settings)
        assert done.stdout == f"{OTHER} does not administer the platform, and did not before\n"
    finally:
        await admin.execute("UPDATE users SET is_active = true WHERE email = $1", OTHER)
    assert (await called("user", "platform-admin", OTHER, "--name", "X", "--revoke", **settings)).returncode == 2


def test_doctor_tells_of_issuers_and_of_lms_auth(own, settings):
    said = call("doctor", **{**settings, "LMS_WORKBENCH": "0"}).stdout
    assert f"ok    issuers: {NAME}" in said
    assert "ok    sign-in: lms_auth reads credentials" in said
    assert "LMS_AUTH_DATABASE_URL = not set" in said
    other = {**settings, "LMS_AUTH_DATABASE_URL": settings["LMS_DATABASE_URL"]}
    assert "bad   sign-in: lms_app can't read sessions: set LMS_AUTH_DATABASE_URL" in call("doctor", **other).stdout
