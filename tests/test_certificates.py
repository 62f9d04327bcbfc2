"""Certificates: for staff and their person, and by their code for anybody."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.world import Rows

ISSUED = datetime(2025, 6, 1, tzinfo=UTC)


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


@pytest.fixture(scope="module")
async def issued(database, world):
    """In a university of its own: a person with a live certificate behind a revoked one, and one that has expired."""
    driver = await connect(database.owner)
    rows = Rows(driver)
    university = await rows.add(
        "universities", name="Gamma College", short_code="GAMMA", country_id=world.alpha.university["country_id"]
    )
    tenant = {"university_id": university["id"]}
    people = {name: world.people[name] for name in ("student", "other", "admin")}
    for name, user_id in people.items():
        member = {**tenant, "user_id": user_id}
        await rows.add("university_members", **member, display_name=f"Now {name}", email=f"{name}@gamma.example")
        role = "university_admin" if name == "admin" else "student"
        await rows.add("user_university_roles", **member, role=role)
    course = await rows.add("courses", **tenant, code="C1", title="Renamed since", is_published=True)
    made = {"course": course, "university": university}
    for name in ("one", "two"):
        made[name] = await rows.add("course_offerings", **tenant, course_id=course["id"], visibility="public")
    said = {"course_code": "C1", "course_title": "Named then", "final_score": 91.5, "letter_grade": "A"}
    for person, offering in (("student", "one"), ("other", "one"), ("student", "two")):
        here = {**tenant, "user_id": people[person], "course_offering_id": made[offering]["id"]}
        made[f"{person}_{offering}"] = await rows.add(
            "course_enrollments", **here, status="completed", completed_at=ISSUED
        )
    given = {**tenant, **said, "recipient_name": "Once student", "user_id": people["student"], "issued_at": ISSUED}
    made["revoked"] = await rows.add(
        "certificates",
        **given,
        course_offering_id=made["one"]["id"],
        certificate_code="GAMMA-C1-0001",
        expires_at=ISSUED + timedelta(days=1),
        revoked_at=ISSUED + timedelta(days=2),
        revocation_reason="The name was wrong.",
    )
    made["live"] = await rows.add(
        "certificates", **given, course_offering_id=made["one"]["id"], certificate_code="GAMMA-C1-0002"
    )
    made["expired"] = await rows.add(
        "certificates",
        **given,
        course_offering_id=made["two"]["id"],
        certificate_code="GAMMA-C1-0003",
        expires_at=ISSUED + timedelta(days=365),
    )
    yield made
    for table in ("disclosures", "certificates", "course_enrollments", "course_offerings", "courses",
                  "user_university_roles", "university_members"):  # fmt: skip
        await driver.execute(f"DELETE FROM {table} WHERE university_id = $1", university["id"])
    await driver.execute("DELETE FROM universities WHERE id = $1", university["id"])
    await driver.close()


def person(world, name):
    return world.people[name] if name else None


CERTIFICATE = """{ id code status issuedAt expiresAt revokedAt revocationReason recipientName courseCode courseTitle
  finalScore letterGrade user { displayName } offering { id } }"""


def whole(issued, name, number, status, expires=None, revoked=None, reason=None):
    return {
        "id": gid("Certificate", issued[name]),
        "code": f"GAMMA-C1-000{number}",
        "status": status,
        "issuedAt": "2025-06-01T00:00:00+00:00",
        "expiresAt": expires,
        "revokedAt": revoked,
        "revocationReason": reason,
        "recipientName": "Once student",
        "courseCode": "C1",
        "courseTitle": "Named then",
        "finalScore": "91.50",
        "letterGrade": "A",
        "user": {"displayName": "Now student"},
        "offering": {"id": gid("CourseOffering", issued["two" if name == "expired" else "one"])},
    }


def certificates(issued):
    return [
        whole(issued, "revoked", 1, "REVOKED", "2025-06-02T00:00:00+00:00", "2025-06-03T00:00:00+00:00",
              "The name was wrong."),
        whole(issued, "live", 2, "VALID"),
        whole(issued, "expired", 3, "EXPIRED", "2026-06-01T00:00:00+00:00"),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "seen"), [(None, 0), ("outsider", 0), ("other", 0), ("student", 3), ("admin", 3)])
async def test_whole_answer_for_each_role(api, world, issued, name, seen):
    """Of a page of an offering, of a person, and of each certificate by its id."""
    document = f"""query ($one: ID!, $ids: [ID!]!, $user: ID!) {{
      offering(id: $one) {{ certificates(first: 10) {{ totalCount edges {{ node {CERTIFICATE} }} }} }}
      user(id: $user) {{ certificates(first: 10) {{ totalCount edges {{ node {{ status }} }} }} }}
      nodes(ids: $ids) {{ ... on Certificate {CERTIFICATE} }} }}"""
    ids = [gid("Certificate", issued[name]) for name in ("revoked", "live", "expired")]
    user_id = str(GlobalId("User", world.people["student"], issued["university"]["id"]))
    variables = {"one": gid("CourseOffering", issued["one"]), "ids": ids, "user": user_id}
    data = await api.data(document, variables, user=person(world, name), university="GAMMA")
    expected = certificates(issued)
    of_offering = [{"node": node} for node in expected[:2]] if seen else []
    assert data["offering"]["certificates"] == {"totalCount": len(of_offering), "edges": of_offering}
    assert data["nodes"] == (expected if seen else [None] * 3)
    if not seen:
        assert data["user"] is None
    else:
        statuses = [{"node": {"status": status}} for status in ("REVOKED", "VALID", "EXPIRED")]
        assert data["user"] == {"certificates": {"totalCount": 3, "edges": statuses}}


async def test_another_university_has_none_of_them(api, world, issued):
    document = "query ($id: ID!) { node(id: $id) { id } }"
    data = await api.data(document, {"id": gid("Certificate", issued["live"])}, user=world.people["student"])
    assert data == {"node": None}


async def test_an_enrollment_has_its_live_certificate_in_one_statement_for_all(api, world, issued):
    document = """{ viewer { enrollments(first: 10) { edges { node { certificate { code status } } } } } }"""
    data = await api.data(document, user=world.people["student"], university="GAMMA")
    assert data["viewer"]["enrollments"]["edges"] == [
        {"node": {"certificate": {"code": "GAMMA-C1-0002", "status": "VALID"}}},
        {"node": {"certificate": {"code": "GAMMA-C1-0003", "status": "EXPIRED"}}},
    ]
    assert len(api.statements) == 2
    other = await api.data(document, user=world.people["other"], university="GAMMA")
    assert other["viewer"]["enrollments"]["edges"] == [{"node": {"certificate": None}}]
    assert len(api.statements) == 2


VERIFY = """query ($code: String!) { verifyCertificate(code: $code) {
  code status recipientName courseTitle universityName issuedAt expiresAt revokedAt } }"""


@pytest.mark.parametrize(("university", "name"), [
    (None, None), ("ALPHA", None), ("GAMMA", None), ("BETA", "beta_admin"), (None, "student"), ("GAMMA", "other"),
])  # fmt: skip
async def test_anybody_verifies_a_code_from_anywhere(api, world, issued, university, name):
    """Without a university and without a login, and no more with them; one statement whatever comes of it."""
    for certificate in certificates(issued):
        data = await api.data(VERIFY, {"code": certificate["code"]}, user=person(world, name), university=university)
        shown = {key: certificate[key] for key in ("code", "status", "recipientName", "courseTitle", "issuedAt",
                                                   "expiresAt", "revokedAt")}  # fmt: skip
        assert data == {"verifyCertificate": {**shown, "universityName": "Gamma College"}}
        (statement,) = [sql for sql in api.statements if "users.is_active" not in sql]  # who is signed in, nowhere
        assert "verify_certificate(" in statement


@pytest.mark.parametrize("code", [
    "", "GAMMA", "GAMMA-", "GAMMA-C1-0009", "gamma-C1-0002", "GAMMA-C1-0002 ", "GAMMA-C1-000%", "ALPHA-C1-0002",
    "-C1-0002", "' OR '1'='1", "GAMMA-C1-0002\u0000", "\U0001f600", "GAMMA-" + "1" * 1000,
])  # fmt: skip
async def test_an_unknown_code_is_null(api, issued, code):
    assert await api.data(VERIFY, {"code": code}, university=None) == {"verifyCertificate": None}


async def test_certificates_of_a_closed_university_stay_true(api, database, issued):
    driver = await connect(database.owner)
    closed = "UPDATE universities SET is_active = $2 WHERE id = $1"
    try:
        await driver.execute(closed, issued["university"]["id"], False)
        data = await api.data(VERIFY, {"code": "GAMMA-C1-0002"}, university=None)
        assert data["verifyCertificate"]["universityName"] == "Gamma College"
    finally:
        await driver.execute(closed, issued["university"]["id"], True)
        await driver.close()


async def test_a_guess_has_its_price(api, issued):
    """A document may have 20 fields at its root: 20 guesses."""
    guesses = " ".join(f'g{number}: verifyCertificate(code: "GAMMA-{number}") {{ code }}' for number in range(20))
    await api.data(f"{{ {guesses} }}", university=None)
    assert api.cost["requested"] == 20 * 50
