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


async def test_a_password_from_standard_input(open_api, people, admin, settings):
    def set_password(text):
        return subprocess.run(
            [PROGRAM, "user", "password", OTHER],
            env={**CLEAN, **settings},
            input=text + "\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    refused(set_password("short"), "12 to 128")
    done = set_password("correct horse battery")
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


def test_doctor_tells_of_issuers_and_of_lms_auth(own, settings):
    said = call("doctor", **{**settings, "LMS_WORKBENCH": "0"}).stdout
    assert f"ok    issuers: {NAME}" in said
    assert "ok    sign-in: lms_auth reads credentials" in said
    assert "LMS_AUTH_DATABASE_URL = not set" in said
    other = {**settings, "LMS_AUTH_DATABASE_URL": settings["LMS_DATABASE_URL"]}
    assert "bad   sign-in: lms_app can't read sessions: set LMS_AUTH_DATABASE_URL" in call("doctor", **other).stdout
