"""Offerings, their sections, and who teaches them."""

from datetime import UTC, datetime

import pytest

from tests.changing.cataloging import Catalog

NOBODY = {"student": "FORBIDDEN", "bystander": "FORBIDDEN", "outsider": "FORBIDDEN", "beta_admin": "FORBIDDEN"}
SPRING = {"startsAt": "2027-02-01T08:00:00Z", "endsAt": "2027-06-30T20:00:00Z"}


@pytest.fixture(scope="module")
async def campus(api, owner, world):
    return Catalog(api, owner, world)


@pytest.fixture
async def offering(campus):
    """A private offering of ALPHA's first department that instructor and ta teach, and its global id."""
    count = await campus.owner.fetchval("SELECT count(*) FROM courses")
    department = campus.world.alpha["department"]["id"]
    course = await campus.rows.add("courses", **campus.tenant, code=f"OFF{count}", title="x", department_id=department)
    made = await campus.rows.add("course_offerings", **campus.tenant, course_id=course["id"])
    for name, role in (("instructor", "instructor"), ("ta", "ta")):
        taught = {"course_offering_id": made["id"], "user_id": campus.world.people[name], "role": role}
        await campus.rows.add("course_offering_instructors", **campus.tenant, **taught)
    return made, campus.id("CourseOffering", made["id"])


async def term(campus, code):
    times = {"starts_at": datetime(2027, 2, 1, tzinfo=UTC), "ends_at": datetime(2027, 7, 1, tzinfo=UTC)}
    return campus.id(
        "Term", (await campus.rows.add("terms", **campus.tenant, code=code, name=f"Term {code}", **times))["id"]
    )


async def test_an_offering_is_added_with_what_is_given_and_what_is_usual(campus):
    where = {"courseId": campus.made("Course", "course")}
    teachers = {"instructor": "FORBIDDEN", "ta": "FORBIDDEN", "far_admin": "FORBIDDEN"}
    await campus.who_may("createOffering", NOBODY | teachers, **where)
    last = await campus.last_audit()
    payload = await campus.done("createOffering", "department_admin", **where)
    usual = {
        "id": payload["offering"]["id"], "termName": None, "startsAt": None, "endsAt": None, "enrollmentStartsAt": None,
        "enrollmentEndsAt": None, "visibility": "PRIVATE", "capacity": None, "waitlistCapacity": None,
        "enrollmentMode": "OPEN", "dropUntil": None, "certificateValidDays": None, "version": 1, "term": None,
        "course": {"code": "P101"}, "sections": [], "instructors": [],
    }  # fmt: skip
    assert payload["offering"] == usual
    fall = await term(campus, "NEW")
    given = {
        **SPRING, "termId": fall, "enrollmentStartsAt": "2027-01-01T01:00:00+01:00", "visibility": "MEMBERS",
        "enrollmentEndsAt": "2027-02-15T00:00:00Z", "capacity": 30, "waitlistCapacity": 0, "enrollmentMode": "APPROVAL",
        "dropUntil": "2027-03-01T00:00:00Z", "certificateValidDays": 730,
    }  # fmt: skip
    payload = await campus.done("createOffering", **where, **given)
    wanted = {**given, "term": {"code": "NEW"}, "termName": "Term NEW", "enrollmentStartsAt": "2027-01-01T00:00:00Z"}
    del wanted["termId"]
    shown = {name: value.replace("+00:00", "Z") if isinstance(value, str) else value
             for name, value in payload["offering"].items()}  # fmt: skip
    assert shown == {**usual, **wanted, "id": payload["offering"]["id"]}
    first, second = await campus.audited(last)
    assert (first[0], second[0], first[2], len(first[3])) == ("offering.create", "offering.create", None, 19)
    assert (second[3]["capacity"], second[3]["startsAt"]) == (30, "2027-02-01T08:00:00+00:00")


BAD = [
    ({"endsAt": SPRING["startsAt"], "startsAt": SPRING["startsAt"]}, "INVALID", "endsAt"),
    ({"enrollmentStartsAt": SPRING["endsAt"], "enrollmentEndsAt": SPRING["startsAt"]}, "INVALID", "enrollmentEndsAt"),
    ({"certificateValidDays": 0}, "INVALID", "certificateValidDays"),
    ({"certificateValidDays": 36_501}, "INVALID", "certificateValidDays"),
    ({"termName": "a\nb"}, "INVALID", "termName"),
    ({"termId": "Term:1:999999"}, "NOT_FOUND", "termId"),
]


@pytest.mark.parametrize(("bad", "code", "field"), BAD)
async def test_what_no_offering_has(campus, offering, bad, code, field):
    where = {"courseId": campus.made("Course", "course")}
    assert await campus.refused("createOffering", **where, **bad) == (code, ["input", field])
    assert await campus.refused("updateOffering", offeringId=offering[1], **bad) == (code, ["input", field])


@pytest.mark.parametrize(("field", "value"), [("capacity", -1), ("waitlistCapacity", 1_000_001)])
async def test_how_many_no_offering_takes(campus, field, value):
    found = await campus.refused("createOffering", courseId=campus.made("Course", "course"), **{field: value})
    assert found == ("INVALID", ["input", field])


async def test_an_offering_is_changed_by_who_administers_it(campus, offering):
    made, text = offering
    hidden = dict.fromkeys(("far_admin", "far_instructor"), "NOT_FOUND")
    teachers = {"instructor": "FORBIDDEN", "ta": "FORBIDDEN"}
    await campus.who_may("updateOffering", NOBODY | hidden | teachers, offeringId=text, visibility="PUBLIC")
    last = await campus.last_audit()
    given = {**SPRING, "termId": await term(campus, "CHG"), "visibility": "MEMBERS", "certificateValidDays": 30}
    payload = await campus.done("updateOffering", "department_admin", offeringId=text, **given, expectedVersion=1)
    found = payload["offering"]
    names = ("termName", "visibility", "certificateValidDays", "version")
    assert [found[name] for name in names] == ["Term CHG", "MEMBERS", 30, 2]
    assert await campus.done("updateOffering", offeringId=text, visibility="MEMBERS") == payload
    assert await campus.refused("updateOffering", offeringId=text, visibility=None) == (
        "INVALID",
        ["input", "visibility"],
    )
    found = await campus.refused("updateOffering", offeringId=text, visibility="PUBLIC", expectedVersion=1)
    assert found == ("CONFLICT", ["input", "expectedVersion"])
    found = await campus.refused("updateOffering", offeringId=text, endsAt=SPRING["startsAt"])
    assert found == ("INVALID", ["input", "endsAt"])
    payload = await campus.done("updateOffering", offeringId=text, startsAt=None, termId=None, termName="Once")
    assert [payload["offering"][name] for name in ("startsAt", "term", "termName")] == [None, None, "Once"]
    first, second = await campus.audited(last)
    assert first[:2] == ("offering.update", made["id"])
    assert second[2:4] == (
        {"startsAt": "2027-02-01T08:00:00+00:00", "termId": first[3]["termId"], "termName": "Term CHG"},
        {"startsAt": None, "termId": None, "termName": "Once"},
    )


async def test_who_enrols_makes_no_other_version(campus):
    offering = await campus.offering(capacity=1)
    people = await campus.students(3)
    for person in people:
        await campus.enroll(offering, person)
    where = {"offeringId": campus.id("CourseOffering", offering)}
    payload = await campus.done("updateOffering", **where, termName="x", expectedVersion=1)
    assert payload["offering"]["version"] == 2
    await campus.send(
        "mutation ($input: SetOfferingCapacityInput!) { setOfferingCapacity(input: $input) { promoted } }",
        campus.admin, **where, capacity=2,
    )  # fmt: skip
    assert await campus.refused("updateOffering", **where, termName="y", expectedVersion=2) == (
        "CONFLICT", ["input", "expectedVersion"],
    )  # fmt: skip


async def test_who_waits_gets_a_seat_when_the_dates_are_open_again(campus):
    offering = await campus.offering(capacity=2, enrollment_end=datetime(2020, 1, 1, tzinfo=UTC))
    people = await campus.students(3)
    for person in people:
        await campus.enrollment(offering, person, "waitlisted")
    where = {"offeringId": campus.id("CourseOffering", offering)}
    assert (await campus.done("updateOffering", **where, termName="x"))["promoted"] == 0
    assert (await campus.done("updateOffering", **where, enrollmentEndsAt=None))["promoted"] == 2
    assert await campus.roster(offering) == dict(zip(people, ["active", "active", "waitlisted"], strict=True))


async def test_an_offering_goes_with_its_set_up_while_nobody_has_a_record_in_it(campus, offering):
    made, text = offering
    nobody = NOBODY | {"instructor": "FORBIDDEN", "ta": "FORBIDDEN", "far_admin": "NOT_FOUND"}
    await campus.who_may("deleteOffering", nobody, offeringId=text)
    before = await campus.everything()
    clone = await campus.done("cloneOffering", offeringId=campus.made("CourseOffering", "private"), shiftDays=7,
                              includeInstructors=True)  # fmt: skip
    copy = {"offeringId": clone["offering"]["id"]}
    assert await campus.refused("deleteOffering", **copy, expectedVersion=2) == (
        "CONFLICT",
        ["input", "expectedVersion"],
    )
    last = await campus.last_audit()
    assert (await campus.done("deleteOffering", **copy, expectedVersion=1))["deletedOfferingId"] == copy["offeringId"]
    after = await campus.everything()
    assert {name for name in after if after[name] != before[name]} == {"audit_log", "outbox"}
    ((act, _, old, new, _),) = await campus.audited(last)
    assert (act, old["visibility"], new) == ("offering.delete", "private", None)
    for status in ("active", "dropped"):
        person, *_ = await campus.students(1)
        number = await campus.enrollment(made["id"], person, status)
        assert await campus.refused("deleteOffering", offeringId=text) == ("CLOSED", ["input", "offeringId"])
        await campus.owner.execute("DELETE FROM course_enrollments WHERE id = $1", number)
    await campus.done("deleteOffering", "department_admin", offeringId=text)
    assert await campus.refused("deleteOffering", offeringId=text) == ("NOT_FOUND", ["input", "offeringId"])


# ---- sections


async def test_sections_are_managed_by_who_runs_the_offering(campus, offering):
    made, text = offering
    nobody = NOBODY | {"ta": "FORBIDDEN", "far_admin": "NOT_FOUND", "far_instructor": "NOT_FOUND"}
    await campus.who_may("createSection", nobody, offeringId=text, code="A", name="A")
    last = await campus.last_audit()
    first = await campus.done("createSection", "instructor", offeringId=text, code=" A ", name="Tuesdays")
    assert first["section"] == {"id": first["section"]["id"], "code": "A", "name": "Tuesdays", "version": 1}
    assert await campus.refused("createSection", offeringId=text, code="A", name="x") == ("TAKEN", ["input", "code"])
    found = await campus.refused("createSection", offeringId=text, code="x" * 33, name="x")
    assert found == ("INVALID", ["input", "code"])
    second = await campus.done("createSection", "department_admin", offeringId=text, code="B", name="B")
    where, other = {"sectionId": first["section"]["id"]}, {"sectionId": second["section"]["id"]}
    await campus.who_may("updateSection", nobody, **where, name="x")
    await campus.who_may("deleteSection", nobody, **where)
    assert await campus.refused("updateSection", **other, code="A") == ("TAKEN", ["input", "code"])
    payload = await campus.done("updateSection", "instructor", **where, name="Fridays", expectedVersion=1)
    assert payload["section"] == {**first["section"], "name": "Fridays", "version": 2}
    assert await campus.done("updateSection", **where, name="Fridays", code="A") == payload
    for name, more in (("updateSection", {"name": "x"}), ("deleteSection", {})):
        found = await campus.refused(name, **where, **more, expectedVersion=1)
        assert found == ("CONFLICT", ["input", "expectedVersion"])
    number = await campus.owner.fetchval(
        "SELECT id FROM offering_sections WHERE course_offering_id = $1 AND code = 'A'", made["id"]
    )
    (person,) = await campus.students(1)
    await campus.enrollment(made["id"], person, "dropped", section_id=number)
    assert await campus.refused("deleteSection", **where) == ("CLOSED", ["input", "sectionId"])
    await campus.owner.execute("DELETE FROM course_enrollments WHERE section_id = $1", number)
    payload = await campus.done("deleteSection", "instructor", **where)
    assert payload["deletedSectionId"] == where["sectionId"]
    assert [section["code"] for section in payload["offering"]["sections"]] == ["B"]
    entries = await campus.audited(last)
    assert [act for act, *_ in entries] == ["section.create", "section.create", "section.update", "section.delete"]
    assert entries[2][2:4] == ({"name": "Tuesdays"}, {"name": "Fridays"})
    kept = {"universityId", "id", "courseOfferingId", "code", "name", "createdAt", "updatedAt", "version"}
    assert set(entries[0][3]) == set(entries[3][2]) == kept


@pytest.mark.parametrize("hanging", ["course_offering_instructors", "content_item_settings"])
async def test_a_section_that_is_named_stays(campus, hanging):
    clone = await campus.done("cloneOffering", offeringId=campus.made("CourseOffering", "private"), shiftDays=0,
                              includeInstructors=True)  # fmt: skip
    (section,) = [section for section in clone["offering"]["sections"]
                  if section["code"] == ("A" if hanging.startswith("course") else "B")]  # fmt: skip
    assert await campus.refused("deleteSection", sectionId=section["id"]) == ("CLOSED", ["input", "sectionId"])
    await campus.done("deleteOffering", offeringId=clone["offering"]["id"])


# ---- who teaches


async def test_who_teaches_is_said_by_who_administers_the_offering(campus, offering):
    made, text = offering
    other = campus.id("User", campus.world.people["far_instructor"])
    nobody = NOBODY | {"instructor": "FORBIDDEN", "ta": "FORBIDDEN", "far_admin": "NOT_FOUND"}
    await campus.who_may("assignInstructor", nobody, offeringId=text, userId=other)
    section = (await campus.done("createSection", offeringId=text, code="A", name="A"))["section"]["id"]
    last = await campus.last_audit()
    payload = await campus.done("assignInstructor", "department_admin", offeringId=text, userId=other)
    name = {"displayName": "ALPHA far_instructor", "offering": {"id": text}}
    first = {"id": payload["instructor"]["id"], "role": "INSTRUCTOR", "section": None, **name}
    assert payload["instructor"] == first
    assert await campus.done("assignInstructor", offeringId=text, userId=other) == payload
    given = {"offeringId": text, "email": " Far_Instructor@alpha.example", "role": "TA", "sectionId": section}
    payload = await campus.done("assignInstructor", "department_admin", **given)
    assert payload["instructor"] == {**first, "role": "TA", "section": {"code": "A"}}
    seen = await campus.api.data(
        "query ($id: ID!) { offering(id: $id) { viewerCan(act: GRADE) } }",
        {"id": text}, user=campus.world.people["far_instructor"],
    )  # fmt: skip
    assert seen == {"offering": {"viewerCan": True}}
    where = {"instructorId": first["id"]}
    await campus.who_may("removeInstructor", nobody, **where)
    payload = await campus.done("removeInstructor", "department_admin", **where)
    assert payload["deletedInstructorId"] == first["id"]
    assert [one["role"] for one in payload["offering"]["instructors"]] == ["INSTRUCTOR", "TA"]
    assert await campus.refused("removeInstructor", **where) == ("NOT_FOUND", ["input", "instructorId"])
    entries = await campus.audited(last)
    assert [act for act, *_ in entries] == ["instructor.assign", "instructor.update", "instructor.remove"]
    number = await campus.owner.fetchval(
        "SELECT max(id) FROM offering_sections WHERE course_offering_id = $1", made["id"]
    )
    assert entries[1][2:4] == ({"role": "instructor", "sectionId": None}, {"role": "ta", "sectionId": number})
    assert entries[2][2]["userId"] == campus.world.people["far_instructor"]


async def test_whom_nobody_assigns(campus, offering):
    _, text = offering
    people = campus.world.people
    section = campus.made("OfferingSection", "section")
    teacher = campus.id("User", people["far_instructor"])
    (inactive,) = await campus.students(1)
    await campus.owner.execute("UPDATE university_members SET status = 'inactive' WHERE user_id = $1", inactive)
    wrong = [
        ({}, "INVALID", "userId"), ({"userId": teacher, "email": "x@y.z"}, "INVALID", "userId"),
        ({"userId": campus.id("User", people["beta_admin"])}, "NOT_FOUND", "userId"),
        ({"userId": campus.id("User", inactive)}, "NOT_FOUND", "userId"),
        ({"email": "nobody@alpha.example"}, "NOT_FOUND", "email"),
        ({"userId": teacher, "sectionId": section}, "NOT_FOUND", "sectionId"),
    ]  # fmt: skip
    for given, code, field in wrong:
        found = await campus.refused("assignInstructor", offeringId=text, **given)
        assert (given, found) == (given, (code, ["input", field]))
    unseen = campus.id("User", people["bystander"])  # an administrator of a department sees its people only
    found = await campus.refused("assignInstructor", "department_admin", offeringId=text, userId=unseen)
    assert found == ("NOT_FOUND", ["input", "userId"])
