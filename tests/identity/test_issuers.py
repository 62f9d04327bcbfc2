"""LMS_OIDC_ISSUERS: what is taken, and one line for everything that is not."""

import json

import pytest

from lms_graphql.app import oidc_issuers
from lms_graphql.identity.issuers import Issuer, IssuersError, read_issuers
from lms_graphql.settings import SettingsError, read
from tests.identity.issuer import AUDIENCE, NAME
from tests.test_cli import refused, run

GOOD = {"issuer": NAME, "audience": AUDIENCE, "jwks_uri": "https://sso.alpha.example/jwks"}


def test_what_is_not_said_is_the_usual(tmp_path):
    (issuer,) = read_issuers(json.dumps([GOOD]), development=False)
    assert issuer == Issuer(NAME, AUDIENCE, GOOD["jwks_uri"], ("RS256",), None, "sub")
    whole = {**GOOD, "algorithms": ["ES256", "EdDSA"], "university": "ALPHA", "subject_claim": "eppn"}
    path = tmp_path / "issuers.json"
    path.write_text(json.dumps([whole]))
    assert read_issuers(str(path), development=False) == (
        Issuer(NAME, AUDIENCE, GOOD["jwks_uri"], ("ES256", "EdDSA"), "ALPHA", "eppn"),
    )
    assert read_issuers("[]", development=False) == ()


BAD = {
    "no list": '{"issuer": "x"}',
    "no file": "/nonexistent/issuers.json",
    "no JSON": "[{",
    "an unknown field": json.dumps([{**GOOD, "algorithm": "RS256"}]),
    "no audience": json.dumps([{"issuer": NAME, "jwks_uri": GOOD["jwks_uri"]}]),
    "an empty audience": json.dumps([{**GOOD, "audience": ""}]),
    "no name": json.dumps([{**GOOD, "issuer": ""}]),
    "none": json.dumps([{**GOOD, "algorithms": ["none"]}]),
    "HS256": json.dumps([{**GOOD, "algorithms": ["RS256", "HS256"]}]),
    "no algorithm": json.dumps([{**GOOD, "algorithms": []}]),
    "http": json.dumps([{**GOOD, "jwks_uri": "http://sso.alpha.example/jwks"}]),
    "a file as URI": json.dumps([{**GOOD, "jwks_uri": "file:///etc/passwd"}]),
    "a URI with a password": json.dumps([{**GOOD, "jwks_uri": "https://me:SECRET@sso.alpha.example/jwks"}]),
    "a wrong port": json.dumps([{**GOOD, "jwks_uri": "https://sso.alpha.example:port/jwks"}]),
    "no short code": json.dumps([{**GOOD, "university": "alpha"}]),
    "twice": json.dumps([GOOD, GOOD]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(name):
    with pytest.raises(IssuersError) as caught:
        read_issuers(BAD[name], development=True)
    assert "\n" not in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_http_is_for_loopback_in_development_only():
    local = json.dumps([{**GOOD, "jwks_uri": "http://127.0.0.1:8080/jwks"}])
    assert read_issuers(local, development=True)
    with pytest.raises(IssuersError, match="https"):
        read_issuers(local, development=False)


def test_a_server_does_not_start_with_a_bad_list(tmp_path):
    settings = read({"LMS_DATA_DIR": str(tmp_path), "LMS_OIDC_ISSUERS": BAD["HS256"]})
    with pytest.raises(SettingsError, match="algorithms must be some of RS256"):
        oidc_issuers(settings)
    refused(
        run("serve", LMS_PORT="38127", LMS_DATA_DIR=str(tmp_path), LMS_OIDC_ISSUERS=BAD["HS256"]), "LMS_OIDC_ISSUERS"
    )
