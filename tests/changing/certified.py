"""An installation that signs certificates, and people of ALPHA who have earned one."""

import contextlib

import orjson

from lms_graphql.certificates.keys import made_key
from lms_graphql.engine.relay import GlobalId
from tests.conftest import running_api

KEY = made_key()
BASE = "https://learn.example.edu"

SHOWN = """{ id code status issuedAt expiresAt revokedAt revocationReason recipientName courseCode courseTitle
  finalScore letterGrade verificationUrl credentialJwt }"""
ERRORS = "errors { code message path }"
ISSUE = f"""mutation ($input: IssueCertificateInput!) {{ issueCertificate(input: $input) {{
  certificate {SHOWN} {ERRORS} }} }}"""
REVOKE = f"""mutation ($input: RevokeCertificateInput!) {{ revokeCertificate(input: $input) {{
  certificate {SHOWN} {ERRORS} }} }}"""
REISSUE = f"""mutation ($input: ReissueCertificateInput!) {{ reissueCertificate(input: $input) {{
  certificate {SHOWN} revoked {SHOWN} {ERRORS} }} }}"""
SETTINGS = f"""mutation ($input: UpdateCertificateSettingsInput!) {{ updateCertificateSettings(input: $input) {{
  offering {{ certificateValidDays }} {ERRORS} }} }}"""
VERIFY = """query ($code: String!) { verifyCertificate(code: $code) {
  code status recipientName courseTitle universityName issuedAt expiresAt revokedAt signature keyId } }"""
VERIFY_CREDENTIAL = """query ($jwt: String!) { verifyCredential(jwt: $jwt) {
  verdict keyId certificate { code status recipientName signature } } }"""


def key_set(*keys):
    """The keys as LMS_CERTIFICATE_KEYS has them."""
    return orjson.dumps({"keys": list(keys or (KEY,))}).decode()


def signing_api(url, *keys, **settings):
    """The application with keys and an address of its own."""
    given = {"certificate_keys": key_set(*keys), "public_url": BASE, "max_in_flight": 200}
    return running_api(url, **given | settings)


async def earned(owner, world, *names, offering="private", score=91, passed=True, status="completed", posted=True):
    """These people of ALPHA have completed an offering and got a grade, and have no certificate; gives enrollments."""
    here = world.alpha.university["id"], world.alpha[offering]["id"]
    people = [world.people[name] for name in names]
    await owner.execute("DELETE FROM certificates WHERE university_id = $1 AND course_offering_id = $2", *here)
    await owner.execute("DELETE FROM grade_overrides WHERE university_id = $1 AND course_offering_id = $2", *here)
    await owner.execute("UPDATE course_offerings SET certificate_valid_days = NULL WHERE university_id = $1", here[0])
    found = []
    for person in people:
        found.append(
            await owner.fetchval(
                "INSERT INTO course_enrollments (university_id, course_offering_id, user_id, status, completed_at)"
                " VALUES ($1, $2, $3, $4, now()) ON CONFLICT (university_id, user_id, course_offering_id)"
                " DO UPDATE SET status = EXCLUDED.status, completed_at = now() RETURNING id",
                *here, person, status,
            )
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO course_grades (university_id, course_offering_id, user_id, final_score, letter_grade, passed,"
            " posted_at) VALUES ($1, $2, $3, $4, 'A', $5, CASE WHEN $6 THEN now() - interval '1 day' END)"
            " ON CONFLICT (university_id, user_id, course_offering_id) DO UPDATE SET final_score = $4,"
            " letter_grade = 'A', passed = $5, posted_at = CASE WHEN $6 THEN now() - interval '1 day' END",
            *here, person, score, passed, posted,
        )  # fmt: skip
    await owner.execute("TRUNCATE audit_log, outbox, idempotency_keys, rate_points")
    return [str(GlobalId("Enrollment", number, here[0])) for number in found]


async def act(api, document, user, **given):
    """The whole answer to a mutation with this input."""
    return await api(document, {"input": given}, user=user)


async def issue(api, world, enrollment, user="admin"):
    """A certificate that is issued now; it must be."""
    answer = await act(api, ISSUE, world.people[user], enrollmentId=enrollment)
    payload = answer["data"]["issueCertificate"]
    assert payload["errors"] == [], payload
    return payload["certificate"]


async def rows(owner):
    """The certificates as they are, whole."""
    return [dict(row) for row in await owner.fetch("SELECT * FROM certificates ORDER BY university_id, id")]


@contextlib.asynccontextmanager
async def nothing_happens(owner):
    """Neither to certificates nor to what is left behind."""

    async def all_of_it():
        left = [await owner.fetchval(f"SELECT count(*) FROM {table}") for table in ("audit_log", "outbox")]
        return await rows(owner), left

    before = await all_of_it()
    yield
    assert await all_of_it() == before
