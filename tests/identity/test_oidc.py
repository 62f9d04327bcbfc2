"""Tokens of other issuers, through the door that clients use: good ones let in, hostile ones never, and never a 5xx."""

import json
import random
import string
import time

import pytest

from lms_graphql.identity.claims import ClaimsError, Verifier
from lms_graphql.identity.issuers import Issuer
from tests.conftest import running_api
from tests.identity.hostile import HOSTILE
from tests.identity.issuer import AUDIENCE, NAME, IssuerServer, jwk, token

WHO = "{ viewer { user { email } roles } }"
STUDENT = {"viewer": {"user": {"email": "student@ALPHA.example"}, "roles": ["STUDENT"]}}


@pytest.fixture
async def linked(admin, people):
    await admin.execute("DELETE FROM external_identities")
    await admin.execute(
        "INSERT INTO external_identities (issuer, subject, user_id) VALUES ($1, 's-1', $2), ($1, 's-gone', $3)",
        NAME,
        people["student"],
        people["gone"],
    )


async def ask(api, bearer, university="ALPHA", query=WHO):
    path = f"/u/{university}/graphql" if university else "/graphql"
    return await api.client.post(path, json={"query": query}, headers={"Authorization": f"Bearer {bearer}"})


def refused(response):
    """Whether this is the one answer that a bad token gets."""
    return (
        response.status_code == 401
        and response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        and response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        and "data" not in response.json()
    )


async def test_good_tokens_of_each_kind_of_key(open_api, issuer, keys, linked):
    async with open_api(issuer.configured()) as api:
        for key, alg, kid in ((keys.rsa, "RS256", "rsa"), (keys.ec, "ES256", "ec"), (keys.ed, "EdDSA", "ed")):
            for aud in (AUDIENCE, ["other", AUDIENCE]):
                response = await ask(api, token(key, alg=alg, kid=kid, aud=aud))
                assert (response.status_code, response.json()["data"]) == (200, STUDENT)
    assert issuer.requests == 1


async def test_the_corpus_is_refused_and_a_good_token_is_not(open_api, issuer, keys, linked, caplog):
    assert len(HOSTILE) >= 60
    async with open_api(issuer.configured()) as api:
        for name, make in HOSTILE.items():
            bad = make(keys)
            response = await ask(api, bad)
            assert refused(response), f"{name}: {response.status_code} {response.text}"
            assert bad[:40] not in caplog.text
        assert (await ask(api, token(keys.rsa))).json()["data"] == STUDENT
    assert issuer.requests == 1  # unknown key ids are no way to make us ask


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_token_is_refused_by_the_verifier_quickly(keys, name):
    verifier = verifier_of(keys)
    bad = HOSTILE[name](keys)
    began = time.perf_counter()
    with pytest.raises(ClaimsError):
        await verifier.verify(bad)
    assert time.perf_counter() - began < 0.1  # 5 ms on a machine at rest
    assert (await verifier.verify(token(keys.rsa))).subject == "s-1"


def verifier_of(keys, **options):
    async def fetch(_uri):
        return json.dumps({"keys": keys.published()}).encode()

    configured = Issuer(NAME, AUDIENCE, "https://sso.alpha.example/jwks", ("RS256", "ES256", "EdDSA"))
    return Verifier([configured], fetch, **options)


def mutated(good, chance):
    """A token with one to three places changed, left out, doubled or swapped."""
    text = list(good)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(text))
        match chance.randrange(4):
            case 0:
                text[place] = chance.choice(string.ascii_letters + string.digits + "-_.=+/ é\0")
            case 1:
                del text[place]
            case 2:
                text.insert(place, text[place])
            case _:
                other = chance.randrange(len(text))
                text[place], text[other] = text[other], text[place]
    return "".join(text)


async def test_ten_thousand_mutations_of_good_tokens(keys):
    verifier, chance = verifier_of(keys), random.Random(20261129)  # noqa: S311
    good = [token(keys.rsa), token(keys.ec, alg="ES256", kid="ec"), token(keys.ed, alg="EdDSA", kid="ed")]
    accepted, tried = [], 0
    while tried < 10_000:
        bad = mutated(chance.choice(good), chance)
        if bad in good:
            continue
        tried += 1
        try:
            await verifier.verify(bad)
            accepted.append(bad)
        except ClaimsError:
            pass
    assert accepted == []
    for text in good:
        assert (await verifier.verify(text)).subject == "s-1"


async def test_mutations_through_the_door(open_api, issuer, keys, linked):
    chance, good = random.Random(7), token(keys.rsa)  # noqa: S311
    async with open_api(issuer.configured()) as api:
        for _ in range(300):
            bad = mutated(good, chance).encode().decode("latin-1")
            if bad.strip() == good or "\0" in bad:
                continue
            headers = {"Authorization": f"Bearer {bad}".encode("latin-1", "replace")}
            response = await api.client.post("/u/ALPHA/graphql", json={"query": WHO}, headers=headers)
            assert refused(response), (bad, response.text)


async def test_a_leeway_of_thirty_seconds(keys):
    at = 1_800_000_000
    verifier = verifier_of(keys, now=lambda: at)
    for good in ({"iat": at + 30}, {"iat": at - 600, "exp": at - 29}, {"nbf": at + 30}, {"exp": at + 24 * 3600}):
        await verifier.verify(token(keys.rsa, now=at, **good))
    for bad in ({"iat": at + 31}, {"iat": at - 600, "exp": at - 30}, {"nbf": at + 31}, {"exp": at + 24 * 3600 + 1}):
        with pytest.raises(ClaimsError):
            await verifier.verify(token(keys.rsa, now=at, **bad))


# ---- who it is ----


async def test_nobody_is_let_in_without_a_link_and_a_link_can_be_undone(open_api, issuer, keys, linked, admin):
    async with open_api(issuer.configured()) as api:
        unknown = await ask(api, token(keys.rsa, sub="s-2"))
        assert refused(unknown)
        assert unknown.json()["errors"][0]["message"] == (
            "nobody here is linked to this identity; ask your university to link it"
        )
        good = token(keys.rsa)
        assert (await ask(api, good)).json()["data"] == STUDENT
        await admin.execute("DELETE FROM external_identities WHERE subject = 's-1'")
        assert refused(await ask(api, good))


async def test_a_person_who_may_not_sign_in_any_more(open_api, issuer, keys, linked):
    async with open_api(issuer.configured()) as api:
        assert refused(await ask(api, token(keys.rsa, sub="s-gone")))


async def test_another_claim_may_name_the_person(open_api, issuer, keys, linked):
    async with open_api(issuer.configured(subject_claim="eppn")) as api:
        assert (await ask(api, token(keys.rsa, sub="changes", eppn="s-1"))).json()["data"] == STUDENT
        assert refused(await ask(api, token(keys.rsa)))


async def test_an_issuer_of_one_university_is_good_there_only(open_api, issuer, keys, linked):
    async with open_api(issuer.configured(university="ALPHA")) as api:
        good = token(keys.rsa)
        assert (await ask(api, good)).json()["data"] == STUDENT
        assert (await ask(api, good, university=None)).json()["data"] == STUDENT
        assert refused(await ask(api, good, university="BETA"))
    async with open_api(issuer.configured()) as api:
        assert (await ask(api, token(keys.rsa), university="BETA")).json()["data"]["viewer"]["roles"] == ["STUDENT"]


async def test_a_role_that_is_revoked_is_dead_on_the_next_request(open_api, issuer, keys, linked, admin, people):
    await admin.execute("UPDATE external_identities SET user_id = $1 WHERE subject = 's-1'", people["admin"])
    drafts = '{ course(by: {code: "D101"}) { code } viewer { roles } }'
    async with open_api(issuer.configured()) as api:
        bearer = token(keys.rsa)
        seen = (await ask(api, bearer, query=drafts)).json()["data"]
        assert seen == {"course": {"code": "D101"}, "viewer": {"roles": ["UNIVERSITY_ADMIN"]}}
        await admin.execute("DELETE FROM user_university_roles WHERE user_id = $1", people["admin"])
        seen = (await ask(api, bearer, query=drafts)).json()["data"]
        assert seen == {"course": None, "viewer": {"roles": []}}
        await admin.execute(
            "INSERT INTO user_university_roles (university_id, user_id, role)"
            " SELECT id, $1, 'university_admin' FROM universities WHERE short_code = 'ALPHA'",
            people["admin"],
        )


async def test_in_production_development_tokens_are_none(own, people):
    async with running_api(own.app, environment="production") as api:
        assert refused(await ask(api, api.authenticator.issue(people["student"])))


async def test_an_issuer_speaks_for_itself_only(open_api, issuer, keys, linked, admin, people):
    """Two issuers with keys of one id: the key of one is no key for the name of the other."""
    other = IssuerServer([jwk(keys.foreign, "rsa")])
    name = "https://sso.beta.example"
    await admin.execute(
        "INSERT INTO external_identities (issuer, subject, user_id) VALUES ($1, 's-1', $2)", name, people["admin"]
    )
    document = "{ viewer { roles } }"
    async with open_api(issuer.configured(), {**issuer.configured(), "issuer": name, "jwks_uri": other.uri}) as api:
        for key, iss, roles in ((keys.rsa, NAME, ["STUDENT"]), (keys.foreign, name, ["UNIVERSITY_ADMIN"])):
            response = await ask(api, token(key, iss=iss), query=document)
            assert response.json()["data"] == {"viewer": {"roles": roles}}
        for key, iss in ((keys.rsa, name), (keys.foreign, NAME)):
            assert refused(await ask(api, token(key, iss=iss)))
    other.stop()


async def test_without_lms_auth_tokens_can_not_be_judged_and_the_rest_is_served(own, people, keys, issuer, linked):
    nowhere = "postgresql://lms_auth:SECRET@127.0.0.1:1/lms"
    listed = json.dumps([issuer.configured()])
    async with running_api(own.app, oidc_issuers=listed, auth_database_url=nowhere) as api:
        for bearer in (token(keys.rsa), "lms_at_" + "a" * 43, "lms_st_" + "a" * 43):
            response = await ask(api, bearer)
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            assert response.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert "127.0.0.1" not in response.text
        assert refused(await ask(api, token(keys.foreign)))
        assert (await api.data("{ domains { code } }")) == {"domains": [{"code": "SCI"}]}
