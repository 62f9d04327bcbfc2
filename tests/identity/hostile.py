"""Hostile tokens, each made from the issuer's keys by a function that says what is wrong with it."""

import json
import time

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.identity.issuer import GOOD, NAME, encoded, jwk, signed, token

HOSTILE = {}


def hostile(make):
    HOSTILE[make.__name__] = make
    return make


@hostile
def alg_none(keys):
    return f"{encoded({'alg': 'none', 'typ': 'JWT', 'kid': 'rsa'})}.{encoded(now())}."


@hostile
def alg_none_with_a_signature(keys):
    return token(keys.rsa, headers={"alg": "none"})


@hostile
def alg_none_in_odd_capitals(keys):
    return token(keys.rsa, headers={"alg": "nOnE"})


@hostile
def alg_none_in_capitals(keys):
    return token(keys.rsa, headers={"alg": "NONE"})


@hostile
def alg_missing(keys):
    return token(keys.rsa, headers={"alg": None})


@hostile
def alg_no_text(keys):
    return token(keys.rsa, headers={"alg": ["RS256"]})


@hostile
def hs256_with_the_public_key_as_secret(keys):
    pem = keys.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return signed(pem, "HS256", {"alg": "HS256", "typ": "JWT", "kid": "rsa"}, now())


@hostile
def hs256_with_the_jwk_as_secret(keys):
    return signed(json.dumps(jwk(keys.rsa, "rsa")).encode(), "HS256", {"alg": "HS256", "kid": "rsa"}, now())


@hostile
def hs256_with_an_empty_secret(keys):
    return signed(b"", "HS256", {"alg": "HS256", "kid": "rsa"}, now())


@hostile
def another_algorithm_of_the_same_key(keys):
    return token(keys.rsa, alg="RS512")


@hostile
def pss_where_pkcs1_is_meant(keys):
    return token(keys.rsa, alg="PS256")


@hostile
def another_key(keys):
    return token(keys.foreign)


@hostile
def the_key_of_another_id(keys):
    return token(keys.rsa, kid="ec")


@hostile
def kid_unknown(keys):
    return token(keys.rsa, kid="nobody")


@hostile
def kid_missing(keys):
    return token(keys.rsa, kid=None)


@hostile
def kid_a_path(keys):
    return token(keys.rsa, kid="../../../../../../dev/null")


@hostile
def kid_sql(keys):
    return token(keys.rsa, kid="x' UNION SELECT 'secret' --")


@hostile
def kid_no_text(keys):
    return token(keys.rsa, headers={"kid": ["rsa"]})


@hostile
def kid_a_number(keys):
    return token(keys.rsa, headers={"kid": 0})


@hostile
def kid_long(keys):
    return token(keys.rsa, kid="r" * 1000)


@hostile
def jwk_embedded(keys):
    return token(keys.foreign, headers={"jwk": jwk(keys.foreign, "mine")}, kid="mine")


@hostile
def jwk_embedded_under_a_good_signature(keys):
    return token(keys.rsa, headers={"jwk": jwk(keys.rsa, "rsa")})


@hostile
def jku(keys):
    return token(keys.foreign, headers={"jku": "http://127.0.0.1:9/jwks"}, kid="mine")


@hostile
def jku_under_a_good_signature(keys):
    return token(keys.rsa, headers={"jku": "http://127.0.0.1:9/jwks"})


@hostile
def x5u(keys):
    return token(keys.rsa, headers={"x5u": "http://127.0.0.1:9/cert"})


@hostile
def x5c(keys):
    return token(keys.rsa, headers={"x5c": ["MIIB"]})


@hostile
def crit(keys):
    return token(keys.rsa, headers={"crit": ["exp"], "exp": 1})


@hostile
def crit_b64(keys):
    return token(keys.rsa, headers={"crit": ["b64"], "b64": True})


@hostile
def typ_of_something_else(keys):
    return token(keys.rsa, headers={"typ": "logout+jwt"})


@hostile
def aud_wrong(keys):
    return token(keys.rsa, aud="another")


@hostile
def aud_missing(keys):
    return token(keys.rsa, drop=["aud"])


@hostile
def aud_a_part(keys):
    return token(keys.rsa, aud="lms-admin")


@hostile
def aud_an_object(keys):
    return token(keys.rsa, aud={"lms": True})


@hostile
def aud_without_end(keys):
    return token(keys.rsa, aud=["x"] * 100 + ["lms"])


@hostile
def iss_wrong(keys):
    return token(keys.rsa, iss="https://sso.beta.example")


@hostile
def iss_with_a_slash(keys):
    return token(keys.rsa, iss=NAME + "/")


@hostile
def iss_missing(keys):
    return token(keys.rsa, drop=["iss"])


@hostile
def iss_a_list(keys):
    return token(keys.rsa, iss=[NAME])


@hostile
def exp_missing(keys):
    return token(keys.rsa, drop=["exp"])


@hostile
def exp_past(keys):
    return token(keys.rsa, iat=int(time.time()) - 600, exp=int(time.time()) - 31)


@hostile
def exp_text(keys):
    return token(keys.rsa, exp=str(int(time.time()) + 600))


@hostile
def exp_huge(keys):
    return token(keys.rsa, exp=10**30)


@hostile
def exp_a_float(keys):
    return token(keys.rsa, exp=1e30)


@hostile
def exp_infinite(keys):
    return token(keys.rsa, exp=float("inf"))


@hostile
def exp_true(keys):
    return token(keys.rsa, exp=True)


@hostile
def exp_more_than_a_day_after_iat(keys):
    return token(keys.rsa, exp=int(time.time()) + 24 * 3600 + 60)


@hostile
def exp_of_ten_thousand_digits(keys):
    claims = json.dumps(now()).encode().replace(str(now()["exp"]).encode(), b"1" * 10_000)
    return signed(keys.rsa, "RS256", {"alg": "RS256", "kid": "rsa"}, claims)


@hostile
def iat_missing(keys):
    return token(keys.rsa, drop=["iat"])


@hostile
def iat_future(keys):
    return token(keys.rsa, iat=int(time.time()) + 60)


@hostile
def iat_true(keys):
    return token(keys.rsa, iat=True, exp=3600)


@hostile
def nbf_future(keys):
    return token(keys.rsa, nbf=int(time.time()) + 60)


@hostile
def nbf_text(keys):
    return token(keys.rsa, nbf="0")


@hostile
def sub_missing(keys):
    return token(keys.rsa, drop=["sub"])


@hostile
def sub_a_number(keys):
    return token(keys.rsa, sub=1)


@hostile
def sub_empty(keys):
    return token(keys.rsa, sub="")


@hostile
def sub_with_a_zero(keys):
    return token(keys.rsa, sub="s-1\0")


@hostile
def sub_half_a_letter(keys):
    return token(keys.rsa, sub="\ud800")


@hostile
def sub_twice(keys):
    claims = json.dumps(now()).encode()[:-1] + b', "sub": "s-1"}'
    return signed(keys.rsa, "RS256", {"alg": "RS256", "kid": "rsa"}, claims)


@hostile
def alg_twice(keys):
    return signed(keys.rsa, "RS256", b'{"alg": "none", "alg": "RS256", "kid": "rsa"}', now())


@hostile
def a_name_twice_deep_inside(keys):
    claims = json.dumps(now()).encode()[:-1] + b', "realm": {"a": 1, "a": 2}}'
    return signed(keys.rsa, "RS256", {"alg": "RS256", "kid": "rsa"}, claims)


@hostile
def a_key_of_1024_bits(keys):
    return token(keys.weak, kid="weak")


@hostile
def truncated(keys):
    return token(keys.rsa)[:-20]


@hostile
def without_signature(keys):
    return token(keys.rsa).rpartition(".")[0] + "."


@hostile
def without_its_last_part(keys):
    return token(keys.rsa).rpartition(".")[0]


@hostile
def the_signature_of_another(keys):
    return token(keys.rsa).rpartition(".")[0] + "." + token(keys.rsa, sub="s-2").rpartition(".")[2]


@hostile
def padded(keys):
    return token(keys.rsa) + "=="


@hostile
def four_parts(keys):
    return token(keys.rsa) + ".e30"


@hostile
def encrypted(keys):
    return "e30.e30.e30.e30.e30"


@hostile
def of_200_kb(keys):
    return token(keys.rsa, filler="x" * 200_000)


@hostile
def of_17_kb(keys):
    return token(keys.rsa, filler="x" * 12_700)


@hostile
def deep(keys):
    return signed(keys.rsa, "RS256", {"alg": "RS256", "kid": "rsa"}, b"[" * 6000)


@hostile
def claims_a_list(keys):
    return signed(keys.rsa, "RS256", {"alg": "RS256", "kid": "rsa"}, [now()])


@hostile
def claims_no_utf8(keys):
    return signed(keys.rsa, "RS256", {"alg": "RS256", "kid": "rsa"}, b"\xff\xfe")


@hostile
def nothing_at_all(keys):
    return "."


@hostile
def our_own_prefix(keys):
    return "lms_xx_" + "a" * 43


@hostile
def a_development_token_by_another_secret(keys):
    return jwt.encode({"sub": "1", "aud": "lms-graphql-development", **times()}, "0" * 32, algorithm="HS256")


def times():
    return {"iat": int(time.time()), "exp": int(time.time()) + 600}


def now():
    return {**GOOD, **times()}
