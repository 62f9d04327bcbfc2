"""Verifying: by the code, by the credential, on one's own with the public keys; what was changed is not believed."""

import asyncio
import base64
import json
import os
from datetime import datetime

import jwt as pyjwt
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_graphql.certificates.badges import credential_id
from lms_graphql.certificates.credentials import Signature, Signer
from lms_graphql.certificates.guesses import BURST
from lms_graphql.certificates.keys import made_key, read_keyring, rotated
from lms_graphql.engine.relay import GlobalId
from tests.changing.certified import (
    BASE,
    KEY,
    REVOKE,
    SETTINGS,
    VERIFY,
    VERIFY_CREDENTIAL,
    act,
    earned,
    issue,
    key_set,
    rows,
    signing_api,
)

THOROUGH = os.environ.get("LMS_THOROUGH") == "1"
TOKENS = 20 if THOROUGH else 1
GUESSES = 100_000 if THOROUGH else 2_000
OTHER = made_key()
ERASE = """mutation ($input: ErasePersonInput!) { erasePerson(input: $input) { errors { code } } }"""


@pytest.fixture(scope="module")
async def api(written, world, tmp_path_factory):
    ledger = tmp_path_factory.mktemp("ledger") / "erasures.ndjson"
    async with signing_api(written.app, erasure_ledger=ledger) as running:
        yield running


@pytest.fixture
async def certificate(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    return await issue(api, world, enrollment)


async def get(api, address):
    return await api.client.get(address, headers={"X-Request-Id": "test-request"})


async def verdict(api, text):
    return (await api.data(VERIFY_CREDENTIAL, {"jwt": text}, university=None))["verifyCredential"]


def part(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- on one's own


async def test_who_has_nothing_but_the_credential_verifies_it(api, owner, certificate):
    """By its header to the key, by its status to the list: with PyJWT, and with nothing but the curve."""
    text = certificate["credentialJwt"]
    header = pyjwt.get_unverified_header(text)
    assert header == {"alg": "EdDSA", "typ": "JWT", "kid": f"{BASE}/badges/keys/{KEY['kid']}"}
    found = await get(api, header["kid"].removeprefix(BASE))
    assert found.headers["content-type"] == "application/jwk+json"
    key = found.json()
    assert key == {"kty": "OKP", "crv": "Ed25519", "x": KEY["x"], "alg": "EdDSA", "use": "sig", "kid": header["kid"]}
    said = pyjwt.decode(text, pyjwt.PyJWK(key).key, algorithms=["EdDSA"], issuer=f"{BASE}/u/ALPHA/badges/issuer")
    first, second, signature = text.split(".")
    Ed25519PublicKey.from_public_bytes(part(key["x"])).verify(part(signature), f"{first}.{second}".encode())
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(part(OTHER["x"])).verify(part(signature), f"{first}.{second}".encode())
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert part(second).decode() == canonical


async def test_the_credential_says_all_that_the_certificate_says(api, owner, world, certificate):
    (row,) = [row for row in await rows(owner) if row["certificate_code"] == certificate["code"]]
    said = json.loads(part(certificate["credentialJwt"].split(".")[1]))
    issuer = f"{BASE}/u/ALPHA/badges/issuer"
    achievement = f"{BASE}/u/ALPHA/badges/achievements/{row['course_offering_id']}"
    person = f"{issuer}#person-{world.people['student']}"
    identity = credential_id(certificate["code"])
    valid_from = datetime.fromisoformat(certificate["issuedAt"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    described = (await get(api, achievement.removeprefix(BASE))).json()
    assert said == {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
            "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
        ],
        "id": identity,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Forces and motion",
        "issuer": {"id": issuer, "type": ["Profile"], "name": "ALPHA University"},
        "validFrom": valid_from,
        "credentialSubject": {
            "id": person,
            "type": ["AchievementSubject"],
            "identifier": [{
                "type": "IdentityObject", "identityType": "name", "hashed": False, "identityHash": "ALPHA student",
            }],
            "achievement": described,
            "result": [
                {"type": ["Result"], "resultDescription": f"{achievement}#score", "value": "91.00"},
                {"type": ["Result"], "resultDescription": f"{achievement}#grade", "value": "A"},
            ],
        },
        "evidence": [{"id": certificate["verificationUrl"], "type": ["Evidence"], "name": "Verification"}],
        "credentialStatus": {"id": f"{BASE}/u/ALPHA/badges/revocations", "type": "1EdTechRevocationList"},
        "credentialSchema": [{
            "id": "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
            "type": "1EdTechJsonSchemaValidator2019",
        }],
        "iss": issuer,
        "jti": identity,
        "sub": person,
        "nbf": int(row["issued_at"].timestamp()),
    }  # fmt: skip
    assert described == {
        "id": achievement,
        "type": ["Achievement"],
        "achievementType": "Course",
        "name": "Forces and motion",
        "humanCode": "P101",
        "description": "Completed the course P101, Forces and motion.",
        "criteria": {"narrative": "Completed the course and passed it by the university's grading policy."},
        "resultDescription": [
            {"id": f"{achievement}#score", "type": ["ResultDescription"], "name": "Final score",
             "resultType": "RawScore"},
            {"id": f"{achievement}#grade", "type": ["ResultDescription"], "name": "Grade",
             "resultType": "LetterGrade"},
        ],
    }  # fmt: skip
    assert (await get(api, issuer.removeprefix(BASE))).json() == said["issuer"]


async def test_the_documents_may_be_kept_and_read_from_anywhere(api, certificate):
    keys = await get(api, "/.well-known/jwks.json")
    assert keys.json() == {"keys": [(await get(api, f"/badges/keys/{KEY['kid']}")).json()]}
    assert "d" not in keys.json()["keys"][0]
    assert keys.headers["content-type"] == "application/jwk-set+json"
    for address, seconds in (
        ("/.well-known/jwks.json", 3600), ("/u/ALPHA/badges/issuer", 3600), ("/u/ALPHA/badges/revocations", 60)
    ):  # fmt: skip
        found = await get(api, address)
        assert found.status_code == 200
        assert found.headers["cache-control"] == f"public, max-age={seconds}"
        assert found.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("address", [
    "/badges/keys/none", "/badges/keys/" + "x" * 500, "/u/NONE/badges/issuer", "/u/NONE/badges/revocations",
    "/u/ALPHA/badges/achievements/0", "/u/ALPHA/badges/achievements/9999999999999999999", "/u/%00/badges/issuer",
    "/u/ALPHA/badges/achievements/x", "/u/ALPHA/badges/achievements/{public}", "/u/BETA/badges/achievements/{private}",
    "/badges/verify/ALPHA-P101-9", "/badges/verify/%00", "/badges/verify/" + "x" * 500,
])  # fmt: skip
async def test_what_is_not_there(api, world, certificate, address):
    """An offering for which nobody has got a signed certificate is not there, either: a draft's title is nobody's."""
    offerings = {name: world.alpha[name]["id"] for name in ("public", "private")}
    found = await get(api, address.format(**offerings))
    assert (found.status_code, found.json()) == (404, {"errors": [{"message": "there is no such thing"}]})


# ---- what was changed


async def tokens(api, owner, world, number):
    """Credentials of several people, some with an end, some without a letter."""
    found = []
    offering = str(GlobalId("CourseOffering", world.alpha["private"]["id"], world.alpha.university["id"]))
    names = ("student", "other", "bystander", "section_ta")
    while len(found) < number:
        enrollments = await earned(owner, world, *names, score=60 + len(found))
        await act(api, SETTINGS, world.people["admin"], offeringId=offering, validDays=len(found) or None)
        found += [(await issue(api, world, enrollment))["credentialJwt"] for enrollment in enrollments]
    return found[:number]


async def test_every_single_changed_byte_is_noticed(api, owner, world):
    """All of them, each changed to a neighbour that base64url has, too."""
    signer = Signer(read_keyring(key_set()), BASE)
    looked_at = 0
    for text in await tokens(api, owner, world, TOKENS):
        assert signer.check(text).signature is Signature.VALID
        for place, sign in enumerate(text):
            changed = f"{text[:place]}{chr(ord(sign) ^ 1)}{text[place + 1 :]}"
            assert signer.check(changed).payload is None, (place, changed[place])
            looked_at += 1
        for changed in (text[:-1], text + "A", text + "=", text + ".", "." + text, text.replace(".", "", 1), text[1:]):
            assert signer.check(changed).payload is None
    assert looked_at > TOKENS * 2_500


@settings(max_examples=2_000 if THOROUGH else 60)
@given(st.one_of(
    st.text(max_size=60),
    st.lists(st.binary(max_size=40).map(lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()), max_size=5)
    .map(".".join),
    st.recursive(st.none() | st.text(max_size=9) | st.integers(), lambda s: st.lists(s) | st.dictionaries(st.text(), s))
    .map(lambda d: base64.urlsafe_b64encode(json.dumps(d).encode()).rstrip(b"=").decode() + ".e30.AA"),
))  # fmt: skip
def test_whatever_is_shown_is_only_looked_at(text):
    assert Signer(read_keyring(key_set()), BASE).check(text).payload is None


@pytest.mark.parametrize("header", [
    {"alg": "none", "kid": "{kid}", "typ": "JWT"}, {"alg": "HS256", "kid": "{kid}", "typ": "JWT"},
    {"alg": "EdDSA", "kid": "{kid}", "typ": "JWT", "jwk": {}}, {"alg": "EdDSA", "kid": None, "typ": "JWT"},
    {"alg": "EdDSA", "typ": "JWT"}, [],
])  # fmt: skip
async def test_a_header_of_somebody_elses_making(api, certificate, header):
    """The algorithm is ours, whatever a header says; a key that comes along is no key."""
    _, payload, signature = certificate["credentialJwt"].split(".")
    spelled = json.dumps(header).replace("{kid}", f"{BASE}/badges/keys/{KEY['kid']}")
    forged = base64.urlsafe_b64encode(spelled.encode()).rstrip(b"=").decode()
    assert await verdict(api, f"{forged}.{payload}.{signature}") == {
        "verdict": "INVALID", "keyId": None, "certificate": None
    }  # fmt: skip


async def test_signed_by_another_key(api, certificate):
    said = json.loads(part(certificate["credentialJwt"].split(".")[1]))
    private = pyjwt.PyJWK({**OTHER, "alg": "EdDSA"}).key
    unknown = pyjwt.encode(said, private, "EdDSA", {"kid": f"{BASE}/badges/keys/{OTHER['kid']}"})
    assert (await verdict(api, unknown))["verdict"] == "UNKNOWN_KEY"
    lying = pyjwt.encode(said, private, "EdDSA", {"kid": f"{BASE}/badges/keys/{KEY['kid']}"})
    assert (await verdict(api, lying))["verdict"] == "INVALID"


async def test_signed_by_our_key_and_never_issued(api, certificate):
    """Whoever had the key could sign; what counts is that there is the very certificate."""
    said = json.loads(part(certificate["credentialJwt"].split(".")[1]))
    said["credentialSubject"]["identifier"][0]["identityHash"] = "Somebody else"
    private = pyjwt.PyJWK({**KEY, "alg": "EdDSA"}).key
    forged = pyjwt.encode(said, private, "EdDSA", {"kid": f"{BASE}/badges/keys/{KEY['kid']}"})
    assert await verdict(api, forged) == {"verdict": "INVALID", "keyId": KEY["kid"], "certificate": None}
    said["evidence"][0]["id"] = f"{BASE}/badges/verify/ALPHA-{'0' * 26}"
    forged = pyjwt.encode(said, private, "EdDSA", {"kid": f"{BASE}/badges/keys/{KEY['kid']}"})
    assert await verdict(api, forged) == {"verdict": "INVALID", "keyId": KEY["kid"], "certificate": None}


async def test_a_row_that_somebody_changed_behind_our_back(api, owner, certificate):
    await owner.execute("ALTER TABLE certificates DISABLE TRIGGER keep_signed")
    try:
        await owner.execute(
            "UPDATE certificates SET letter_grade = 'A+' WHERE certificate_code = $1", certificate["code"]
        )
    finally:
        await owner.execute("ALTER TABLE certificates ENABLE TRIGGER keep_signed")
    data = await api.data(VERIFY, {"code": certificate["code"]}, university=None)
    assert data["verifyCertificate"]["signature"] == "INVALID"


# ---- how it stands


def standing(certificate, **values):
    """The whole of `verifyCertificate`."""
    shown = ("code", "status", "recipientName", "courseTitle", "issuedAt", "expiresAt", "revokedAt")
    return {
        **{name: certificate[name] for name in shown},
        "universityName": "ALPHA University",
        "signature": "VALID",
        "keyId": KEY["kid"],
        **values,
    }


async def stands(api, certificate, credential_verdict, **values):
    """What the code, the credential and the address tell of a certificate."""
    expected = standing(certificate, **values)
    found = await api.data(VERIFY, {"code": certificate["code"]}, university=None)
    assert found == {"verifyCertificate": expected}
    of_it = {name: expected[name] for name in ("code", "status", "recipientName", "signature")}
    whole = {"verdict": credential_verdict, "keyId": KEY["kid"], "certificate": of_it}
    assert await verdict(api, certificate["credentialJwt"]) == whole
    assert await verdict(api, f"  {certificate['credentialJwt']}\n") == whole
    answer = await get(api, certificate["verificationUrl"].removeprefix(BASE))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {name: value for name, value in expected.items() if name != "signature"}


async def withdrawn(api):
    return (await get(api, "/u/ALPHA/badges/revocations")).json()


async def test_a_valid_one(api, certificate):
    await stands(api, certificate, "VALID")
    assert await withdrawn(api) == {
        "id": f"{BASE}/u/ALPHA/badges/revocations", "issuer": f"{BASE}/u/ALPHA/badges/issuer", "revokedCredentials": []
    }  # fmt: skip


async def test_a_revoked_one(api, world, certificate):
    answer = await act(api, REVOKE, world.people["admin"], certificateId=certificate["id"], reason="A mistake.")
    revoked = answer["data"]["revokeCertificate"]["certificate"]
    await stands(api, revoked, "REVOKED")
    listed = (await withdrawn(api))["revokedCredentials"]
    assert listed == [{"id": credential_id(certificate["code"]), "revoked": True}]
    assert certificate["code"] not in json.dumps(listed)  # whoever reads the list learns no code by it


async def test_an_expired_one(api, owner, world):
    """Expired because it says so, signed: time can't be turned, so it was issued two days ago."""
    (enrollment,) = await earned(owner, world, "student")
    offering = str(GlobalId("CourseOffering", world.alpha["private"]["id"], world.alpha.university["id"]))
    await act(api, SETTINGS, world.people["admin"], offeringId=offering, validDays=1)
    fresh = await issue(api, world, enrollment)
    row = await owner.fetchrow("SELECT * FROM certificates WHERE certificate_code = $1", fresh["code"])
    shift = "interval '2 days'"
    said = json.loads(part(fresh["credentialJwt"].split(".")[1]))
    moved = await owner.fetchrow(f"SELECT $1::timestamptz - {shift}, $2::timestamptz - {shift}", row["issued_at"],
                                 row["expires_at"])  # fmt: skip
    for claim, name, moment in zip(("nbf", "exp"), ("validFrom", "validUntil"), moved, strict=True):
        said |= {claim: int(moment.timestamp()), name: moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
    text = _signed_by_us(said)
    await owner.execute("ALTER TABLE certificates DISABLE TRIGGER keep_signed")
    await owner.execute(
        "UPDATE certificates SET issued_at = $2, expires_at = $3, credential_jwt = $4 WHERE certificate_code = $1",
        fresh["code"], *moved, text,
    )  # fmt: skip
    await owner.execute("ALTER TABLE certificates ENABLE TRIGGER keep_signed")
    document = "query ($id: ID!) { node(id: $id) { ... on Certificate { status issuedAt expiresAt } } }"
    expired = (await api.data(document, {"id": fresh["id"]}, user=world.people["student"]))["node"]
    await stands(api, {**fresh, **expired, "credentialJwt": text}, "EXPIRED")
    assert expired["status"] == "EXPIRED"
    with pytest.raises(pyjwt.ExpiredSignatureError):
        pyjwt.decode(text, pyjwt.PyJWK({**KEY, "alg": "EdDSA"}).key.public_key(), algorithms=["EdDSA"])


def _signed_by_us(said):
    """Canonical, as our own: PyJWT keeps the order of keys."""
    key = read_keyring(key_set()).keys[0]
    header = {"alg": "EdDSA", "kid": f"{BASE}/badges/keys/{key.id}", "typ": "JWT"}
    parts = [
        base64.urlsafe_b64encode(json.dumps(p, sort_keys=True, separators=(",", ":")).encode()).rstrip(b"=").decode()
        for p in (header, said)
    ]
    signature = key.private.sign(".".join(parts).encode())
    return ".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


async def test_one_of_an_erased_person(api, owner, world):
    """It stands, and names nobody; what was signed is gone from here, and told to be void to who still has it."""
    (enrollment,) = await earned(owner, world, "bystander")
    certificate = await issue(api, world, enrollment)
    person = str(GlobalId("User", world.people["bystander"], world.alpha.university["id"]))
    answer = await act(api, ERASE, world.people["admin"], userId=person, reason="Asked for it.")
    assert answer["data"]["erasePerson"]["errors"] == []
    (row,) = [row for row in await rows(owner) if row["certificate_code"] == certificate["code"]]
    assert (row["recipient_name"], row["credential_jwt"], row["key_id"]) == (None, None, KEY["kid"])
    await stands(api, certificate, "WITHDRAWN", recipientName=None, signature="REMOVED")
    assert (await withdrawn(api))["revokedCredentials"] == [{"id": credential_id(certificate["code"]), "revoked": True}]
    left = [str(dict(r)) for table in ("audit_log", "outbox") for r in await owner.fetch(f"SELECT * FROM {table}")]
    assert not any("ALPHA bystander" in text for text in left)
    await owner.execute(
        "UPDATE university_members SET status = 'active', display_name = 'ALPHA bystander' WHERE user_id = $1",
        world.people["bystander"],
    )


async def test_one_that_nobody_signed(api, world):
    data = await api.data(VERIFY, {"code": "ALPHA-P101-1"}, university=None)
    assert data["verifyCertificate"] | {"issuedAt": None} == {
        "code": "ALPHA-P101-1", "status": "VALID", "recipientName": "A graduate", "courseTitle": "Forces",
        "universityName": "ALPHA University", "issuedAt": None, "expiresAt": None, "revokedAt": None,
        "signature": "UNSIGNED", "keyId": None,
    }  # fmt: skip


async def test_of_a_closed_university_all_stays_true(api, owner, world, certificate):
    close = "UPDATE universities SET is_active = $2 WHERE id = $1"
    await owner.execute(close, world.alpha.university["id"], False)
    try:
        await stands(api, certificate, "VALID")
        assert (await withdrawn(api))["revokedCredentials"] == []
        assert (await get(api, "/u/ALPHA/badges/issuer")).status_code == 200
    finally:
        await owner.execute(close, world.alpha.university["id"], True)


# ---- other keys


async def test_another_key_signs_and_the_old_one_verifies(written, owner, world, tmp_path):
    """As `certificate-key --keys` makes the set: the old key without its private half."""
    first, second = await earned(owner, world, "student", "other")
    async with signing_api(written.app) as api:
        old = await issue(api, world, first)
    (tmp_path / "keys.json").write_text(key_set())
    renewed = json.loads(rotated(str(tmp_path / "keys.json")))
    assert [("d" in key, key["kid"] == KEY["kid"]) for key in renewed["keys"]] == [(True, False), (False, True)]
    async with signing_api(written.app, *renewed["keys"]) as api:
        new = await issue(api, world, second)
        for certificate, key in ((old, KEY), (new, renewed["keys"][0])):
            assert (await verdict(api, certificate["credentialJwt"]))["verdict"] == "VALID"
            assert pyjwt.get_unverified_header(certificate["credentialJwt"])["kid"].endswith(key["kid"])
            data = await api.data(VERIFY, {"code": certificate["code"]}, university=None)
            assert (data["verifyCertificate"]["signature"], data["verifyCertificate"]["keyId"]) == ("VALID", key["kid"])
        published = (await get(api, "/.well-known/jwks.json")).json()["keys"]
        assert [key["x"] for key in published] == [key["x"] for key in renewed["keys"]]
    async with signing_api(written.app, renewed["keys"][0]) as api:  # the old one is out of force
        assert (await verdict(api, old["credentialJwt"]))["verdict"] == "UNKNOWN_KEY"
        data = await api.data(VERIFY, {"code": old["code"]}, university=None)
        assert data["verifyCertificate"]["signature"] == "UNKNOWN_KEY"
    async with signing_api(written.app, *renewed["keys"], public_url="https://elsewhere.example/lms") as api:
        for certificate in (old, new):  # another address, and another name
            assert (await verdict(api, certificate["credentialJwt"]))["verdict"] == "VALID"
            data = await api.data(VERIFY, {"code": certificate["code"]}, university=None)
            assert data["verifyCertificate"]["signature"] == "VALID"


# ---- guesses


def guessed(numbers):
    """A document with a guess for each: a code as ours are, and never one that was given out."""
    fields = (f'g{n}: verifyCertificate(code: "ALPHA-{n:026}") {{ code }}' for n in numbers)
    return f"{{ {' '.join(fields)} }}"


async def test_guesses_find_nothing_and_end_soon(written, owner, world, certificate):
    """From one address, 20 in a document, 8 documents at a time; in the end the right code is not told, either."""
    async with signing_api(written.app) as api:
        await owner.execute("TRUNCATE rate_points")
        documents = iter(range(0, GUESSES, 20))
        found, refused, told = 0, 0, set()

        async def guess():
            nonlocal found, refused
            for start in documents:
                answer = (await api.post(guessed(range(start, start + 20)), university=None)).json()
                found += sum(value is not None for value in answer["data"].values())
                errors = answer.get("errors", [])
                refused += len(errors)
                told.update(error["extensions"]["code"] for error in errors)

        await asyncio.gather(*(guess() for _ in range(8)))
        looked_at = GUESSES - refused
        assert (found, told) == (0, {"RATE_LIMITED"})
        assert BURST <= looked_at <= BURST + (GUESSES // 20 if THOROUGH else 40)
        variables = {"code": certificate["code"]}
        for document, given_ in (
            (VERIFY, variables),
            (VERIFY_CREDENTIAL, {"jwt": certificate["credentialJwt"]}),
        ):
            await owner.execute("UPDATE rate_points SET points = 0, counted_at = now() WHERE bucket LIKE 'cert%'")
            answer = await api(document, given_, university=None)
            assert list(answer["data"].values()) == [None]
            assert answer["errors"][0]["message"].startswith("too many codes and credentials from here were none")
        await owner.execute("UPDATE rate_points SET points = 0, counted_at = now() WHERE bucket LIKE 'cert%'")
        response = await get(api, f"/badges/verify/{certificate['code']}")
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    async with signing_api(written.app) as api:  # a worker that has refused nobody yet
        await owner.execute("TRUNCATE rate_points")
        assert (await api.data(VERIFY, variables, university=None))["verifyCertificate"]["status"] == "VALID"


async def test_who_shows_what_is_there_is_never_refused(api, owner, certificate):
    await owner.execute("TRUNCATE rate_points")
    fields = " ".join(f'g{n}: verifyCertificate(code: "{certificate["code"]}") {{ status }}' for n in range(20))
    for _ in range(BURST // 10):
        data = await api.data(f"{{ {fields} }}", university=None)
        assert {value["status"] for value in data.values()} == {"VALID"}
        assert (await verdict(api, certificate["credentialJwt"]))["verdict"] == "VALID"
