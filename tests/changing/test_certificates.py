"""Certificates: issued once to who has passed, taken back, issued anew, and by whom."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from lms_graphql.certificates.issuing import issue_to_passed
from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.relay import Cursors, GlobalId
from lms_graphql.engine.work import Work
from lms_graphql.storage.database import connect
from tests.changing.certified import (
    BASE,
    ISSUE,
    KEY,
    REISSUE,
    REVOKE,
    SETTINGS,
    act,
    earned,
    issue,
    nothing_happens,
    rows,
    signing_api,
)
from tests.conftest import running_api

CODE = re.compile(r"ALPHA-[0-9A-HJKMNP-TV-Z]{26}")


@pytest.fixture(scope="module")
async def api(written, world):
    async with signing_api(written.app) as running:
        yield running


def error(code, message, *path):
    return {"code": code, "message": message, "path": list(path)}


def refused(answer):
    """What a mutation was refused for; nothing else must be in the answer."""
    ((_, payload),) = answer["data"].items()
    assert {value for name, value in payload.items() if name != "errors"} == {None}
    return payload["errors"]


async def test_issued_whole_audited_and_told(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    student, admin = world.people["student"], world.people["admin"]
    answer = await act(api, ISSUE, admin, enrollmentId=enrollment)
    certificate = answer["data"]["issueCertificate"]["certificate"]
    issued_at = datetime.fromisoformat(certificate["issuedAt"])
    assert issued_at.microsecond == 0
    assert abs(datetime.now(UTC) - issued_at) < timedelta(minutes=1)
    code, jwt = certificate["code"], certificate["credentialJwt"]
    assert CODE.fullmatch(code)
    assert jwt.count(".") == 2
    number = await owner.fetchval("SELECT id FROM certificates WHERE certificate_code = $1", code)
    here = world.alpha.university["id"]
    assert answer == {"data": {"issueCertificate": {"errors": [], "certificate": {
        "id": str(GlobalId("Certificate", number, here)), "code": code, "status": "VALID",
        "issuedAt": certificate["issuedAt"], "expiresAt": None, "revokedAt": None, "revocationReason": None,
        "recipientName": "ALPHA student", "courseCode": "P101", "courseTitle": "Forces and motion",
        "finalScore": "91.00", "letterGrade": "A", "verificationUrl": f"{BASE}/badges/verify/{code}",
        "credentialJwt": jwt,
    }}}}  # fmt: skip
    audited = [dict(row) for row in await owner.fetch("SELECT * FROM audit_log")]
    assert [(row["user_id"], row["act"], row["entity"], row["entity_id"]) for row in audited] == [
        (admin, "certificate.issue", "Certificate", number)
    ]
    said = json.loads(audited[0]["new_values"])
    (row,) = [dict(row) for row in await owner.fetch("SELECT * FROM certificates WHERE id = $1", number)]
    spelled = {name: value if isinstance(value, int | str | None) else str(value) for name, value in row.items()}
    assert datetime.fromisoformat(said.pop("issued_at")) == issued_at
    assert said == {name: spelled[name] for name in said}
    assert set(row) - set(said) == {
        *("university_id", "id", "recipient_name", "credential_jwt", "metadata_json", "created_at", "updated_at"),
        *("revoked_at", "revocation_reason", "enrollment_status", "issued_at"),
    }
    told = await owner.fetch("SELECT topic, entity, entity_id, facts FROM outbox")
    facts = {"userId": student, "courseOfferingId": world.alpha["private"]["id"]}
    assert [(*row[:3], json.loads(row[3])) for row in told] == [("certificate.issued", "Certificate", number, facts)]


ROLES = [
    ("admin", None), ("department_admin", None), ("instructor", None),
    ("ta", "FORBIDDEN"), ("section_ta", "FORBIDDEN"), ("far_instructor", "NOT_FOUND"), ("far_admin", "NOT_FOUND"),
    ("student", "NOBODY"), ("other", "NOBODY"), ("outsider", "NOBODY"), ("beta_admin", "NOBODY"),
]  # fmt: skip
_MESSAGES = {
    "FORBIDDEN": "certificates are for the offering's instructors and those who administer it",
    "NOBODY": "your roles here do not allow this",
}


def denial(outcome, path, missing):
    if outcome == "NOBODY":
        return error("FORBIDDEN", _MESSAGES[outcome])
    return error(outcome, _MESSAGES.get(outcome, missing), *path)


@pytest.mark.parametrize(("name", "outcome"), ROLES)
async def test_who_may_do_what(api, owner, world, name, outcome):
    """Issue, take back, issue anew, and settle for how long: the same people may do all of it."""
    (enrollment,) = await earned(owner, world, "student")
    user, offering = (
        world.people[name],
        str(GlobalId("CourseOffering", world.alpha["private"]["id"], world.alpha.university["id"])),
    )
    if outcome is None:
        certificate = await issue(api, world, enrollment, name)
        again = await act(api, REISSUE, user, certificateId=certificate["id"], reason="Another name.")
        anew = again["data"]["reissueCertificate"]["certificate"]
        revoked = await act(api, REVOKE, user, certificateId=anew["id"], reason="A mistake.")
        assert revoked["data"]["revokeCertificate"]["certificate"]["status"] == "REVOKED"
        settled = await act(api, SETTINGS, user, offeringId=offering, validDays=30)
        assert settled["data"]["updateCertificateSettings"] == {"offering": {"certificateValidDays": 30}, "errors": []}
        return
    certificate = await issue(api, world, enrollment)
    async with nothing_happens(owner):
        acts = (
            (ISSUE, {"enrollmentId": enrollment}, "there is no such enrollment"),
            (REVOKE, {"certificateId": certificate["id"], "reason": "x"}, "there is no such certificate"),
            (REISSUE, {"certificateId": certificate["id"], "reason": "x"}, "there is no such certificate"),
            (SETTINGS, {"offeringId": offering, "validDays": 30}, "there is no such offering"),
        )
        for document, given, missing in acts:
            path = ("input", next(iter(given)))
            assert refused(await act(api, document, user, **given)) == [denial(outcome, path, missing)]


async def test_nobody_without_a_name(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    async with nothing_happens(owner):
        answer = await act(api, ISSUE, None, enrollmentId=enrollment)
    assert answer["data"] == {"issueCertificate": None}
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


_NO_GRADE = "there is no grade of this person that is posted and passed, or their data was erased"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"status": "active"}, "the enrollment is active: only who has completed the offering gets a certificate"),
        ({"status": "dropped"}, "the enrollment is dropped: only who has completed the offering gets a certificate"),
        ({"passed": False}, _NO_GRADE),
        ({"passed": None}, _NO_GRADE),
        ({"posted": False}, _NO_GRADE),
    ],
)
async def test_nobody_gets_one_without_having_passed(api, owner, world, given, message):
    (enrollment,) = await earned(owner, world, "student", **given)
    async with nothing_happens(owner):
        answer = await act(api, ISSUE, world.people["admin"], enrollmentId=enrollment)
    assert refused(answer) == [error("NOT_ELIGIBLE", message, "input", "enrollmentId")]


async def override(owner, world, score, letter):
    await owner.execute(
        "INSERT INTO grade_overrides (university_id, course_offering_id, user_id, final_score, letter_grade, reason,"
        " overridden_by) VALUES ($1, $2, $3, $4, $5, 'ill', $6)",
        world.alpha.university["id"], world.alpha["private"]["id"], world.people["student"], score, letter,
        world.people["admin"],
    )  # fmt: skip


async def test_a_grade_set_by_hand_wins(api, owner, world):
    """The policy of the course asks for 55."""
    (enrollment,) = await earned(owner, world, "student", passed=False, score=20)
    await override(owner, world, 55, None)
    certificate = await issue(api, world, enrollment)
    assert (certificate["finalScore"], certificate["letterGrade"]) == ("55.00", None)
    (enrollment,) = await earned(owner, world, "student", score=90)
    await override(owner, world, 54.99, "F")
    async with nothing_happens(owner):
        answer = await act(api, ISSUE, world.people["admin"], enrollmentId=enrollment)
    assert refused(answer) == [error("NOT_ELIGIBLE", _NO_GRADE, "input", "enrollmentId")]


async def test_issued_once_however_many_ask_at_the_same_time(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    answers = await asyncio.gather(*(
        act(api, ISSUE, world.people["admin"], enrollmentId=enrollment) for _ in range(12)
    ))  # fmt: skip
    payloads = [answer["data"]["issueCertificate"] for answer in answers]
    assert sum(payload["certificate"] is not None for payload in payloads) == 1
    codes = [e["code"] for payload in payloads for e in payload["errors"]]
    assert codes == ["TAKEN"] * 11
    where = world.alpha.university["id"], world.alpha["private"]["id"]
    count = "SELECT count(*) FROM certificates WHERE university_id = $1 AND course_offering_id = $2"
    assert await owner.fetchval(count, *where) == 1
    assert await owner.fetchval("SELECT count(*) FROM audit_log") == 1
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 1


async def test_an_expired_one_is_still_the_one(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    offering = str(GlobalId("CourseOffering", world.alpha["private"]["id"], world.alpha.university["id"]))
    await act(api, SETTINGS, world.people["admin"], offeringId=offering, validDays=365)
    certificate = await issue(api, world, enrollment)
    lasts = datetime.fromisoformat(certificate["expiresAt"]) - datetime.fromisoformat(certificate["issuedAt"])
    assert lasts == timedelta(days=365)
    answer = await act(api, ISSUE, world.people["admin"], enrollmentId=enrollment)
    message = "this person has a certificate of the offering; reissue it instead"
    assert refused(answer) == [error("TAKEN", message, "input", "enrollmentId")]


@pytest.mark.parametrize("given", [{}, {"validDays": 0}, {"validDays": 36_501}, {"validDays": -1}])
async def test_days_that_can_not_be(api, owner, world, given):
    await earned(owner, world, "student")
    offering = str(GlobalId("CourseOffering", world.alpha["private"]["id"], world.alpha.university["id"]))
    answer = await act(api, SETTINGS, world.people["admin"], offeringId=offering, **given)
    message = "name 1 to 36500 days, or null for certificates that hold for ever"
    assert refused(answer) == [error("INVALID", message, "input", "validDays")]


async def test_settings_are_audited_and_what_is_so_leaves_nothing(api, owner, world):
    await earned(owner, world, "student")
    offering = str(GlobalId("CourseOffering", world.alpha["private"]["id"], world.alpha.university["id"]))
    for days in (30, 30, None):
        answer = await act(api, SETTINGS, world.people["instructor"], offeringId=offering, validDays=days)
        assert answer["data"]["updateCertificateSettings"]["offering"] == {"certificateValidDays": days}
    found = await owner.fetch("SELECT act, old_values, new_values FROM audit_log ORDER BY id")
    assert [(row[0], json.loads(row[1]), json.loads(row[2])) for row in found] == [
        ("certificate.settings", {"certificate_valid_days": old}, {"certificate_valid_days": new})
        for old, new in ((None, 30), (30, None))
    ]


async def test_taken_back_for_good(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    certificate = await issue(api, world, enrollment)
    await owner.execute("TRUNCATE audit_log, outbox")
    answer = await act(api, REVOKE, world.people["instructor"], certificateId=certificate["id"], reason=" A mistake. ")
    shown = answer["data"]["revokeCertificate"]["certificate"]
    revoked_at = shown["revokedAt"]
    assert shown == {
        **certificate, "status": "REVOKED", "revokedAt": revoked_at, "revocationReason": "A mistake."
    }  # fmt: skip
    (audited,) = await owner.fetch("SELECT act, new_values, reason FROM audit_log")
    after = json.loads(audited["new_values"])
    assert datetime.fromisoformat(after.pop("revoked_at")) == datetime.fromisoformat(revoked_at)
    assert (audited["act"], after, audited["reason"]) == (
        "certificate.revoke", {"revocation_reason": "A mistake."}, "A mistake."
    )  # fmt: skip
    assert [row[0] for row in await owner.fetch("SELECT topic FROM outbox")] == ["certificate.revoked"]
    async with nothing_happens(owner):
        for document in (REVOKE, REISSUE):
            answer = await act(api, document, world.people["admin"], certificateId=certificate["id"], reason="Again.")
            message = "this certificate is revoked already"
            assert refused(answer) == [error("CLOSED", message, "input", "certificateId")]
    new = await issue(api, world, enrollment)
    assert new["code"] != certificate["code"]


async def test_issued_anew_with_what_is_true_today(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    certificate = await issue(api, world, enrollment)
    where = world.alpha.university["id"], world.people["student"]
    rename = "UPDATE university_members SET display_name = $3 WHERE university_id = $1 AND user_id = $2"
    await owner.execute(rename, *where, "A new name")
    try:
        answer = await act(api, REISSUE, world.people["admin"], certificateId=certificate["id"], reason="New name.")
    finally:
        await owner.execute(rename, *where, "ALPHA student")
    payload = answer["data"]["reissueCertificate"]
    assert payload["errors"] == []
    assert (payload["certificate"]["recipientName"], payload["certificate"]["status"]) == ("A new name", "VALID")
    assert payload["revoked"] == {
        **certificate, "status": "REVOKED", "revokedAt": payload["revoked"]["revokedAt"],
        "revocationReason": "New name.",
    }  # fmt: skip
    acts = [row[0] for row in await owner.fetch("SELECT act FROM audit_log ORDER BY id")]
    assert acts == ["certificate.issue", "certificate.revoke", "certificate.issue"]


async def test_who_has_passed_no_longer_keeps_the_one_they_have(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    certificate = await issue(api, world, enrollment)
    await owner.execute(
        "UPDATE course_grades SET passed = false WHERE university_id = $1 AND user_id = $2",
        world.alpha.university["id"], world.people["student"],
    )  # fmt: skip
    async with nothing_happens(owner):
        answer = await act(api, REISSUE, world.people["admin"], certificateId=certificate["id"], reason="New name.")
    assert refused(answer) == [error("NOT_ELIGIBLE", _NO_GRADE, "input", "certificateId")]


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"certificate_keys": None}, "no signing keys: set LMS_CERTIFICATE_KEYS, see lms-graphql certificate-key"),
        ({"public_url": None}, "no address of its own: set LMS_PUBLIC_URL"),
    ],
)
async def test_without_keys_nobody_gets_one(written, owner, world, settings, missing):
    (enrollment,) = await earned(owner, world, "student")
    async with signing_api(written.app, **settings) as api, nothing_happens(owner):
        answer = await act(api, ISSUE, world.people["admin"], enrollmentId=enrollment)
    message = f"certificates can't be issued here, there is {missing}"
    assert refused(answer) == [error("CLOSED", message)]


# ---- what other services call


async def in_one_transaction(api, world, *names, offering="private"):
    """What `issue_to_passed` gives for these people, kept; and how many statements it was."""
    admin, here = world.people["admin"], world.alpha.university["id"]
    viewer = Viewer(user_id=admin, university_id=here, roles=frozenset({"university_admin"}), standing=Standing.ADMIN)
    async with api.service.snapshot() as snapshot:
        await snapshot.act_for(here, admin)
        context = Context(viewer, snapshot, Cursors(b"x" * 32), request_id="a", services=api.service._services)
        async with snapshot.transaction() as transaction:
            work = Work(context, transaction)
            people = [world.people[name] for name in names]
            issued = await issue_to_passed(work, world.alpha[offering]["id"], people)
            await transaction.commit()
            return issued, transaction.statements, work.audited


async def test_all_who_passed_get_one_in_four_statements(api, owner, world):
    await earned(owner, world, "student", "other", "bystander", "section_ta")
    await owner.execute(
        "UPDATE course_grades SET passed = false WHERE university_id = $1 AND user_id = $2",
        world.alpha.university["id"], world.people["bystander"],
    )  # fmt: skip
    names = ("student", "other", "bystander", "section_ta", "outsider")
    issued, statements, audited = await in_one_transaction(api, world, *names)
    assert (len(issued), statements, audited) == (3, 4, 3)
    found = await owner.fetch("SELECT user_id FROM certificates WHERE id = ANY($1)", issued)
    assert {row[0] for row in found} == {world.people[name] for name in ("student", "other", "section_ta")}
    assert await in_one_transaction(api, world, *names) == ([], 1, 0)
    assert await in_one_transaction(api, world) == ([], 0, 0)


async def test_where_nothing_can_be_signed_a_grade_is_posted_all_the_same(written, owner, world):
    await earned(owner, world, "student")
    async with running_api(written.app) as api:
        assert await in_one_transaction(api, world, "student") == ([], 0, 0)


# ---- what the database says by itself

INSERT = """INSERT INTO certificates (university_id, course_offering_id, user_id, certificate_code, issued_at,
  recipient_name, course_code, course_title, key_id) VALUES ($1, $2, $3, 'ALPHA-' || repeat('0', 26), now(), 'x', 'x',
  'x', $4)"""


@pytest.mark.parametrize("key_id", [None, "a key"])
@pytest.mark.parametrize("given", [{"passed": False}, {"posted": False}, {"passed": None}])
async def test_the_application_can_not_even_by_sql(written, owner, world, given, key_id):
    await earned(owner, world, "student", **given)
    here, person = world.alpha.university["id"], world.people["student"]
    values = here, world.alpha["private"]["id"], person, key_id
    driver = await connect(written.app)
    try:
        await driver.execute(f"SET lms.university_id = '{here}'; SET lms.user_id = '{person}'")
        async with nothing_happens(owner):
            with pytest.raises(asyncpg.CheckViolationError) as caught:
                await driver.execute(INSERT, *values)
            assert caught.value.constraint_name == "certificates_passed"
            if key_id is not None:  # what is signed not even its owner adds
                with pytest.raises(asyncpg.CheckViolationError) as caught:
                    await owner.execute(INSERT, *values)
                assert caught.value.constraint_name == "certificates_passed"
    finally:
        await driver.close()


@pytest.mark.parametrize("change", [
    "user_id = user_id + 1", "certificate_code = 'ALPHA-' || repeat('0', 26)", "final_score = 100",
    "letter_grade = 'A+'", "course_title = 'Another'", "recipient_name = 'Somebody else'", "credential_jwt = 'x.y.z'",
    "expires_at = now() + interval '1 day'", "issued_at = issued_at - interval '1 day'", "key_id = NULL",
])  # fmt: skip
async def test_what_was_signed_stays(api, owner, world, change):
    (enrollment,) = await earned(owner, world, "student")
    certificate = await issue(api, world, enrollment)
    async with nothing_happens(owner):
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await owner.execute(f"UPDATE certificates SET {change} WHERE certificate_code = $1", certificate["code"])
        assert caught.value.constraint_name in {"certificates_signed", "certificates_key_id_check"}


async def test_what_was_revoked_stays_so(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    certificate = await issue(api, world, enrollment)
    await act(api, REVOKE, world.people["admin"], certificateId=certificate["id"], reason="A mistake.")
    undo = "UPDATE certificates SET revoked_at = NULL, revocation_reason = NULL WHERE certificate_code = $1"
    async with nothing_happens(owner):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(undo, certificate["code"])


async def test_who_sees_the_credential(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    certificate = await issue(api, world, enrollment)
    document = "query ($id: ID!) { node(id: $id) { ... on Certificate { code credentialJwt } } }"
    whole = {"node": {"code": certificate["code"], "credentialJwt": certificate["credentialJwt"]}}
    seen = {
        name: await api.data(document, {"id": certificate["id"]}, user=world.people.get(name))
        for name in ("student", "instructor", "ta", "section_ta", "admin", "other", "far_instructor", "outsider", None)
    }
    assert {name for name, data in seen.items() if data == whole} == {
        "student", "instructor", "ta", "section_ta", "admin"
    }  # fmt: skip
    assert all(data in (whole, {"node": None}) for data in seen.values())


async def test_the_key_is_not_in_what_it_signed(api, owner, world):
    (enrollment,) = await earned(owner, world, "student")
    certificate = await issue(api, world, enrollment)
    (row,) = [row for row in await rows(owner) if row["certificate_code"] == certificate["code"]]
    assert row["key_id"] == KEY["kid"]
    assert KEY["d"] not in str(row)
