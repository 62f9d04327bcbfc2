"""An issuer's keys: rotation, outages, how often they are asked for. The issuer is real; the clock is ours."""

import asyncio
import time

import pytest

from lms_graphql.identity.claims import ClaimsError, Verifier
from lms_graphql.identity.fetching import fetch_jwks
from lms_graphql.identity.issuers import Issuer
from tests.identity.issuer import AUDIENCE, NAME, jwk, rsa_key, token


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def verifier(issuer, clock):
    configured = Issuer(NAME, AUDIENCE, issuer.uri, ("RS256", "ES256", "EdDSA"))
    return Verifier([configured], fetch_jwks, clock=clock)


async def is_good(verifier, bearer):
    try:
        await verifier.verify(bearer)
    except ClaimsError:
        return False
    return True


async def test_known_keys_verify_through_an_outage_of_a_day_and_no_longer(verifier, issuer, keys, clock):
    assert await is_good(verifier, token(keys.rsa))
    issuer.stop()
    try:
        began = clock.now
        for second in range(0, 24 * 3600, 60):
            clock.now = began + second
            assert await is_good(verifier, token(keys.rsa))
        assert not await is_good(verifier, token(keys.foreign, kid="new"))
        clock.now = began + 24 * 3600 + 1
        assert not await is_good(verifier, token(keys.rsa))
    finally:
        issuer.start()
    clock.now += 30
    assert await is_good(verifier, token(keys.rsa))
    assert issuer.requests == 2


async def test_keys_are_kept_for_ten_minutes(verifier, issuer, keys, clock):
    for _ in range(2):
        assert await is_good(verifier, token(keys.rsa))
        clock.now += 600
        assert await is_good(verifier, token(keys.rsa))
        clock.now += 1
    assert await is_good(verifier, token(keys.rsa))
    assert issuer.requests == 3


async def test_a_new_key_is_found_and_an_old_one_goes(verifier, issuer, keys, clock):
    assert await is_good(verifier, token(keys.rsa))
    renewed = rsa_key()
    issuer.keys = [jwk(renewed, "new")]
    assert not await is_good(verifier, token(renewed, kid="new"))  # asked a moment ago
    clock.now += 30
    assert await is_good(verifier, token(renewed, kid="new"))
    assert not await is_good(verifier, token(keys.rsa))
    assert await is_good(verifier, token(renewed, kid=None))  # the only one that there is
    assert issuer.requests == 2


async def test_unknown_keys_are_asked_for_once_in_thirty_seconds(verifier, issuer, keys, clock):
    for second in range(300):
        clock.now = 1000.0 + second
        assert not await is_good(verifier, token(keys.foreign, kid=f"unknown {second}"))
    assert issuer.requests == 10


async def test_who_comes_at_the_same_moment_shares_a_fetch(verifier, issuer, keys):
    issuer.pause = 0.2
    good = [token(keys.rsa, jti=str(number)) for number in range(50)]
    assert await asyncio.gather(*(is_good(verifier, bearer) for bearer in good)) == [True] * 50
    assert issuer.requests == 1


ANSWERS = {
    "a redirect": {"status": 302, "headers": {"Location": "http://127.0.0.1:9/jwks"}},
    "an error": {"status": 500},
    "no JSON": {"body": b"<html>"},
    "a list": {"body": b"[]"},
    "no list of keys": {"body": b'{"keys": {}}'},
    "more than 64 KiB": {"body": b'{"keys": [' + b" " * 65536 + b"]}"},
    "deep": {"body": b"[" * 60_000},
    "no UTF-8": {"body": b'{"keys": ["\xff"]}'},
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_bad_answer_for_keys_leaves_the_old_ones(verifier, issuer, keys, clock, name, caplog):
    assert await is_good(verifier, token(keys.rsa))
    for field, value in ANSWERS[name].items():
        setattr(issuer, field, value)
    clock.now += 601
    assert await is_good(verifier, token(keys.rsa))
    assert issuer.requests == 2
    assert NAME in caplog.text


async def test_an_issuer_that_does_not_answer_holds_nobody_up_for_long(verifier, issuer, keys, clock):
    assert await is_good(verifier, token(keys.rsa))
    issuer.pause = 10.0
    clock.now += 601
    began = time.perf_counter()
    assert await is_good(verifier, token(keys.rsa))
    assert time.perf_counter() - began < 4.5  # 3 s, once
    for _ in range(10):
        clock.now += 30
        began = time.perf_counter()
        assert await is_good(verifier, token(keys.rsa))
        assert time.perf_counter() - began < 1.0
    issuer.pause = 0.0
    verifier.close()


NOT_FOR_SIGNATURES = {
    "for encryption": {"use": "enc"},
    "for other operations": {"key_ops": ["encrypt"]},
    "of another algorithm": {"alg": "RS512"},
    "with a private half": {"d": "AQAB"},
    "of another kind": {"kty": "oct", "k": "c2VjcmV0"},
    "broken": {"n": 7},
    "without a modulus": {"n": ""},
}


@pytest.mark.parametrize("name", NOT_FOR_SIGNATURES)
async def test_keys_that_are_not_for_our_signatures_are_left_out(verifier, issuer, keys, name):
    issuer.keys = [jwk(keys.rsa, "rsa", **NOT_FOR_SIGNATURES[name]), jwk(keys.ec, "ec"), "no key", {"kid": 7}]
    assert not await is_good(verifier, token(keys.rsa))
    assert await is_good(verifier, token(keys.ec, alg="ES256", kid="ec"))
