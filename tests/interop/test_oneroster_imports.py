"""Rosters imported: who may, what becomes of each row, what has left, what is told."""

from datetime import UTC, date, datetime

import pytest

from lms_graphql.interop.oneroster.records import (
    AcademicSession,
    Class,
    Course,
    Enrollment,
    Org,
    Role,
    Roster,
    User,
)
from tests.changing.conftest import owner, world, written  # noqa: F401 - a database of its own
from tests.conftest import running_api
from tests.interop.rosters import IMPORT, Rosters

SCHOOL = Org(sourced_id="school", name="A school", type="school")


@pytest.fixture(scope="module")
async def api(written, world, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("files")
    async with running_api(written.app, max_in_flight=200, files=folder, upload_mib=100) as running:
        yield running


@pytest.fixture
def alpha(api, world, owner):  # noqa: F811
    return Rosters(api, world, owner)


@pytest.fixture
async def names(owner, alpha):  # noqa: F811
    """A prefix of this test's own; what earlier tests have brought is forgotten."""
    await owner.execute("DELETE FROM external_keys WHERE university_id = $1", alpha.university_id)
    number = await owner.fetchval("SELECT nextval('courses_id_seq')")
    return f"t{number}"


def user(name, number, **values):
    given = {
        "is_enabled": True, "username": f"{name}-{number}", "given_name": "Person", "family_name": str(number),
        "email": f"{name}-{number}@school.example",
    }  # fmt: skip
    return User(sourced_id=f"{name}-u{number}", **{**given, **values})


def term_of(name):
    return AcademicSession(
        sourced_id=f"{name}-t",
        title="Autumn",
        type="term",
        start=date(2026, 9, 1),
        end=date(2027, 1, 16),
        school_year=2027,
    )


def class_of(name, number=1, **values):
    given = {
        "title": f"Class {number}",
        "course": f"{name}-c",
        "type": "scheduled",
        "school": "school",
        "terms": (f"{name}-t",),
    }
    return Class(sourced_id=f"{name}-k{number}", **{**given, **values})


def enrollment(name, number, role="student", class_number=1):
    return Enrollment(
        sourced_id=f"{name}-e{number}",
        class_=f"{name}-k{class_number}",
        school="school",
        user=f"{name}-u{number}",
        role=role,
    )


def whole(name, people=3, **values):
    """A roster with one course, one class, a teacher, an aide and the rest students."""
    roles = ["teacher", "aide", *["student"] * (people - 2)]
    given = {
        "orgs": [SCHOOL, Org(sourced_id=f"{name}-d", name="Physics", type="department", identifier=f"{name}-D")],
        "academic_sessions": [term_of(name)],
        "courses": [Course(sourced_id=f"{name}-c", title="Forces", code=f"{name}-C", org=f"{name}-d")],
        "classes": [class_of(name)],
        "users": [user(name, number, identifier=f"{name}-{number}") for number in range(people)],
        "roles": [
            Role(sourced_id=f"{name}-r{number}", user=f"{name}-u{number}", type="primary", role=role, org="school")
            for number, role in enumerate(roles)
        ],
        "enrollments": [enrollment(name, number, role) for number, role in enumerate(roles)],
    }
    given |= values
    modes = values.get("modes") or dict.fromkeys(
        ("orgs", "academicSessions", "courses", "classes", "users", "roles", "enrollments"), "bulk"
    )
    return Roster(**{**given, "modes": modes})


def delta(name, file, attribute, records, leaving=()):
    return Roster(modes={file: "delta"}, leaving={file: list(leaving)} if leaving else {}, **{attribute: records})


# ---- what rows become


CREATED = {
    "DEPARTMENT": {"created": 1}, "TERM": {"created": 1}, "COURSE": {"created": 1}, "OFFERING": {"created": 1},
    "MEMBER": {"created": 3}, "ROLE": {"created": 3}, "INSTRUCTOR": {"created": 2}, "ENROLLMENT": {"created": 1},
}  # fmt: skip


async def test_a_roster_is_stored_as_what_it_is(alpha, names):
    await alpha.owner.execute("UPDATE universities SET time_zone = 'Europe/Berlin' WHERE id = $1", alpha.university_id)
    payload = await alpha.asked(whole(names))
    assert payload["errors"] == []
    assert payload["rosterImport"] | {"id": 0} == {
        "id": 0, "mode": "AS_SAID", "isDryRun": False, "fileName": "r.zip", "counts": []
    }  # fmt: skip
    assert payload["job"] | {"id": 0} == {"id": 0, "kind": "roster.import", "state": "QUEUED", "total": 18, "done": 0}
    await alpha.api.service.jobs.drain()
    found = await alpha.read(payload["rosterImport"]["id"])
    assert found == {
        "mode": "AS_SAID", "isDryRun": False, "job": {"state": "DONE", "total": 18, "done": 18, "error": None},
        "counts": CREATED, "errors": [],
    }  # fmt: skip
    assert await alpha.rows(
        "SELECT code, name FROM departments WHERE university_id = $1 AND code = $2", f"{names}-D"
    ) == [(f"{names}-D", "Physics")]
    zone = datetime(2026, 8, 31, 22, tzinfo=UTC), datetime(2027, 1, 15, 23, tzinfo=UTC)
    assert await alpha.rows(
        "SELECT t.code, t.name, t.starts_at, t.ends_at, c.code, c.title, d.code, c.is_published, o.starts_at,"
        " o.ends_at,"
        " o.term_name, o.visibility, o.enrollment_mode, o.capacity, o.seats_taken FROM course_offerings o"
        " JOIN terms t ON t.id = o.term_id JOIN courses c ON c.id = o.course_id JOIN departments d ON d.id ="
        " c.department_id"
        " WHERE o.university_id = $1 AND c.code = $2",
        f"{names}-C",
    ) == [(f"{names}-t", "Autumn", *zone, f"{names}-C", "Forces", f"{names}-D", True, *zone, "Autumn", "private",
           "closed", None, 1)]  # fmt: skip
    assert await alpha.rows(
        "SELECT m.display_name, m.email, m.student_number, m.status, r.role::text, u.email, u.password_hash,"
        " i.role, e.status::text"
        " FROM university_members m JOIN users u ON u.id = m.user_id"
        " JOIN user_university_roles r ON (r.university_id, r.user_id) = (m.university_id, m.user_id)"
        " LEFT JOIN course_offering_instructors i ON (i.university_id, i.user_id) = (m.university_id, m.user_id)"
        " LEFT JOIN course_enrollments e ON (e.university_id, e.user_id) = (m.university_id, m.user_id)"
        " WHERE m.university_id = $1 AND m.email LIKE $2 ORDER BY m.email",
        f"{names}-%",
    ) == [
        (f"Person {number}", f"{names}-{number}@school.example", f"{names}-{number}", "active", role,
         f"{names}-{number}@school.example", "!", teaches, learns)
        for number, (role, teaches, learns) in enumerate(
            [("instructor", "instructor", None), ("ta", "ta", None), ("student", None, "active")]
        )
    ]  # fmt: skip
    document = (
        "SELECT document, job_id IS NOT NULL FROM roster_imports WHERE university_id = $1 ORDER BY id DESC LIMIT 1"
    )
    assert await alpha.rows(document) == [(None, True)]


async def test_everything_is_written_down(alpha, names):
    await alpha.owner.execute("TRUNCATE audit_log, outbox")
    await alpha.taken(whole(names))
    acts = await alpha.rows(
        "SELECT act, entity, count(*), min(user_id), min(reason) FROM audit_log WHERE university_id = $1 AND"
        " act <> 'upload.store'"
        " GROUP BY act, entity ORDER BY min(id)"
    )
    assert acts == [
        (act, entity, number, alpha.admin, reason)
        for act, entity, number, reason in [
            ("upload.request", "Upload", 1, None),
            ("roster.import", "RosterImport", 1, None),
            ("department.import", "Department", 1, None),
            ("term.import", "Term", 1, None),
            ("course.import", "Course", 1, None),
            ("offering.import", "CourseOffering", 1, None),
            ("member.import", "User", 3, None),
            ("role.import", "RoleAssignment", 3, None),
            ("instructor.import", "OfferingInstructor", 2, None),
            ("enrollment.import", "Enrollment", 1, "By the roster."),
        ]
    ]
    told = await alpha.rows(
        "SELECT topic, count(*) FROM outbox WHERE university_id = $1 GROUP BY topic ORDER BY min(id)"
    )
    assert told == [
        ("department.changed", 1), ("term.changed", 1), ("course.changed", 1), ("offering.changed", 1),
        ("member.changed", 3),
        ("role.changed", 3), ("instructor.changed", 2), ("enrollment.changed", 1), ("job.done", 1),
    ]  # fmt: skip
    ((before, after),) = await alpha.rows(
        "SELECT old_values, new_values FROM audit_log WHERE university_id = $1 AND act = 'course.import'"
    )
    assert before is None
    (department,) = (
        await alpha.rows("SELECT id FROM departments WHERE university_id = $1 AND code = $2", f"{names}-D")
    )[0]
    assert alpha.json(after) == {
        "code": f"{names}-C", "title": "Forces", "departmentId": department, "level": "undergraduate",
        "isPublished": True
    }  # fmt: skip


async def test_again_changes_nothing_and_a_change_is_all_that_is_written(alpha, names):
    await alpha.taken(whole(names))
    before = await alpha.everything()
    again = await alpha.taken(whole(names))
    assert again["counts"] == {entity: {"unchanged": counts["created"]} for entity, counts in CREATED.items()}
    assert await alpha.everything() == before
    changed = whole(
        names, courses=[Course(sourced_id=f"{names}-c", title="Motion", code=f"{names}-C", org=f"{names}-d")]
    )
    found = await alpha.taken(changed)
    assert found["counts"]["COURSE"] == {"updated": 1}
    ((old, new),) = await alpha.rows(
        "SELECT old_values, new_values FROM audit_log WHERE university_id = $1 AND act = 'course.import' ORDER"
        " BY id DESC LIMIT 1"
    )
    assert (alpha.json(old), alpha.json(new)) == ({"title": "Forces"}, {"title": "Motion"})
    after = await alpha.everything()
    different = {name for name in after if after[name] != before[name]}
    assert different == {"courses", "external_keys"}


async def test_what_people_change_here_stays_until_the_roster_changes(alpha, names):
    await alpha.taken(whole(names))
    sql = "UPDATE courses SET title = 'By hand' WHERE university_id = $1 AND code = $2"
    await alpha.owner.execute(sql, alpha.university_id, f"{names}-C")
    found = await alpha.taken(whole(names))
    assert found["counts"]["COURSE"] == {"unchanged": 1}


async def test_who_is_here_already_is_taken_over_by_the_address(alpha, names):
    student = alpha.world.people["bystander"]
    row = (
        "SELECT display_name, email, student_number, status FROM university_members"
        " WHERE university_id = $1 AND user_id = $2"
    )
    people = [user(names, 1, email="BYSTANDER@alpha.example", identifier=f"{names}-7", display_name="By Stander")]
    accounts = await alpha.owner.fetchval("SELECT count(*) FROM users")
    found = await alpha.taken(Roster(modes={"users": "delta"}, users=people))
    assert found["counts"] == {"MEMBER": {"updated": 1}}
    assert await alpha.rows(row, student) == [("By Stander", "BYSTANDER@alpha.example", f"{names}-7", "active")]
    assert await alpha.owner.fetchval("SELECT count(*) FROM users") == accounts


async def test_what_a_row_lacks_is_left_as_it_is(alpha, names):
    await alpha.taken(whole(names))
    bare = User(
        sourced_id=f"{names}-u1",
        is_enabled=True,
        username=f"{names}-1@school.example",
        given_name="New",
        family_name=".",
    )
    found = await alpha.taken(delta(names, "users", "users", [bare]))
    assert found["counts"] == {"MEMBER": {"updated": 1}}
    assert await alpha.rows(
        "SELECT display_name, email, student_number FROM university_members WHERE university_id = $1 AND email LIKE $2",
        f"{names}-1@%",
    ) == [("New", f"{names}-1@school.example", f"{names}-1")]


async def test_homerooms_are_sections(alpha, names):
    rooms = [class_of(names), class_of(names, 2, type="homeroom", code="B", title="Room B")]
    people = [enrollment(names, 0, "teacher", 2), enrollment(names, 1), enrollment(names, 2, "student", 2)]
    found = await alpha.taken(whole(names, classes=rooms, enrollments=people))
    assert found["errors"] == []
    assert found["counts"]["SECTION"] == {"created": 1}
    assert await alpha.rows(
        "SELECT m.email, s.code, s.name FROM course_enrollments e JOIN university_members m USING"
        " (university_id, user_id)"
        " LEFT JOIN offering_sections s ON s.id = e.section_id WHERE e.university_id = $1 AND m.email LIKE $2"
        " UNION ALL SELECT m.email, s.code, s.name FROM course_offering_instructors e"
        " JOIN university_members m USING (university_id, user_id)"
        " LEFT JOIN offering_sections s ON s.id = e.section_id WHERE e.university_id = $1 AND m.email LIKE $2"
        " ORDER BY 1",
        f"{names}-%",
    ) == [
        (f"{names}-0@school.example", "B", "Room B"),
        (f"{names}-1@school.example", None, None),
        (f"{names}-2@school.example", "B", "Room B"),
    ]
    moved = [enrollment(names, 0, "teacher", 2), enrollment(names, 1, "student", 2), enrollment(names, 2, "student", 2)]
    found = await alpha.taken(whole(names, classes=rooms, enrollments=moved))
    assert found["counts"]["ENROLLMENT"] == {"updated": 1, "unchanged": 1}


async def test_seats_are_never_given_twice(alpha, names):
    seats = [class_of(names, capacity=2, waitlist_capacity=1, visibility="private")]
    people = [user(names, number) for number in range(5)]
    all_of_them = [enrollment(names, number) for number in range(5)]
    found = await alpha.taken(whole(names, classes=seats, users=people, roles=[], enrollments=all_of_them))
    assert found["counts"]["ENROLLMENT"] == {"created": 3, "refused": 2}
    full = "all seats are taken, and so is the waitlist"
    assert found["errors"] == [("enrollments", 5, None, full), ("enrollments", 6, None, full)]
    standing = (
        "SELECT m.email, e.status::text, o.seats_taken FROM course_enrollments e JOIN university_members m"
        " USING (university_id, user_id)"
        " JOIN course_offerings o ON o.id = e.course_offering_id WHERE e.university_id = $1 AND m.email LIKE $2"
        " ORDER BY e.id"
    )
    assert await alpha.rows(standing, f"{names}-%") == [
        (f"{names}-0@school.example", "active", 2),
        (f"{names}-1@school.example", "active", 2),
        (f"{names}-2@school.example", "waitlisted", 2),
    ]
    # The first one leaves: who waits moves up, and one more may wait.
    later = whole(names, classes=seats, users=people, roles=[], enrollments=all_of_them[1:])
    found = await alpha.taken(later, confirmDrops=True)
    assert found["counts"]["ENROLLMENT"] == {"created": 1, "unchanged": 2, "deactivated": 1, "refused": 1}
    assert await alpha.rows(standing, f"{names}-%") == [
        (f"{names}-0@school.example", "dropped", 2),
        (f"{names}-1@school.example", "active", 2),
        (f"{names}-2@school.example", "active", 2),
        (f"{names}-3@school.example", "waitlisted", 2),
    ]


# ---- what has left


async def test_what_has_left_is_deactivated_and_comes_back(alpha, names):
    shown = [class_of(names, visibility="members", enrollment_mode="open")]
    await alpha.taken(whole(names, 4, classes=shown))
    left = Roster(modes=whole(names).modes, orgs=[SCHOOL])
    found = await alpha.taken(left, mode="FULL", confirmDrops=True)
    assert found["counts"] == {
        "COURSE": {"deactivated": 1}, "OFFERING": {"deactivated": 1}, "MEMBER": {"deactivated": 4},
        "ROLE": {"deactivated": 4}, "INSTRUCTOR": {"deactivated": 2}, "ENROLLMENT": {"deactivated": 2},
    }  # fmt: skip
    state = (
        "SELECT (SELECT count(*) FROM university_members WHERE university_id = $1 AND email LIKE $2 AND status"
        " = 'inactive'),"
        " (SELECT count(*) FROM course_enrollments e JOIN university_members m USING (university_id, user_id)"
        " WHERE university_id = $1 AND email LIKE $2 AND e.status = 'dropped'),"
        " (SELECT is_published FROM courses WHERE university_id = $1 AND code = $3),"
        " (SELECT o.seats_taken FROM course_offerings o JOIN courses c ON c.id = o.course_id WHERE c.code = $3)"
    )
    assert await alpha.rows(state, f"{names}-%", f"{names}-C") == [(4, 2, False, 0)]
    assert (await alpha.taken(left, mode="FULL"))["counts"] == {}
    found = await alpha.taken(whole(names, 4, classes=shown))
    assert found["counts"] == {
        "DEPARTMENT": {"unchanged": 1}, "TERM": {"unchanged": 1}, "COURSE": {"updated": 1}, "OFFERING": {"updated": 1},
        "MEMBER": {"updated": 4}, "ROLE": {"created": 4}, "INSTRUCTOR": {"created": 2}, "ENROLLMENT": {"updated": 2},
    }  # fmt: skip
    assert await alpha.rows(state, f"{names}-%", f"{names}-C") == [(0, 0, True, 2)]


async def test_in_changes_only_what_says_so_leaves(alpha, names):
    await alpha.taken(whole(names))
    found = await alpha.taken(delta(names, "enrollments", "enrollments", [], [f"{names}-e2"]))
    assert found["counts"] == {"ENROLLMENT": {"deactivated": 1}}
    found = await alpha.taken(whole(names, enrollments=[], users=[]), mode="DIFF")
    assert "deactivated" not in {name for counts in found["counts"].values() for name in counts}


async def test_who_has_completed_has_completed(alpha, names):
    await alpha.taken(whole(names))
    await alpha.owner.execute(
        "UPDATE course_enrollments e SET status = 'completed', completed_at = now() FROM university_members m"
        " WHERE e.university_id = $1 AND (m.university_id, m.user_id) = (e.university_id, e.user_id) AND"
        " m.email LIKE $2",
        alpha.university_id, f"{names}-%",
    )  # fmt: skip
    found = await alpha.taken(whole(names, enrollments=[]), confirmDrops=True)
    assert found["counts"]["INSTRUCTOR"] == {"deactivated": 2}
    assert "ENROLLMENT" not in found["counts"] or found["counts"]["ENROLLMENT"] == {}
    assert await alpha.rows(
        "SELECT e.status::text FROM course_enrollments e JOIN university_members m USING (university_id, user_id)"
        " WHERE e.university_id = $1 AND m.email LIKE $2",
        f"{names}-%",
    ) == [("completed",)]


async def test_nobody_shuts_themselves_out(alpha, names):
    me = User(
        sourced_id=f"{names}-me",
        is_enabled=True,
        username="admin",
        given_name="A",
        family_name="B",
        email="admin@ALPHA.example",
    )
    role = Role(sourced_id=f"{names}-r", user=f"{names}-me", type="primary", role="systemAdministrator", org="school")
    modes = {"orgs": "bulk", "users": "bulk", "roles": "bulk"}
    await alpha.taken(Roster(modes=modes, orgs=[SCHOOL], users=[me], roles=[role]))
    found = await alpha.taken(Roster(modes=modes, orgs=[SCHOOL]), confirmDrops=True)
    assert not [counts for counts in found["counts"].values() if counts]
    off = User(**{name: getattr(me, name) for name in me.__struct_fields__ if name != "is_enabled"}, is_enabled=False)
    found = await alpha.taken(delta(names, "users", "users", [off]))
    assert found["errors"] == [("users", 2, "enabledUser", "this is who imports: another administrator must do that")]


async def test_a_roster_in_which_too_many_are_missing_is_refused(alpha, names):
    await alpha.taken(whole(names, 12))
    fewer = whole(names, 12)
    fewer.enrollments = fewer.enrollments[:-3]
    error = await alpha.refused(fewer)
    assert error == {
        "code": "LIMIT_REACHED", "path": ["input", "confirmDrops"],
        "message": "this would drop 3 of 10 enrollments that came by earlier rosters, more than 20 %: see what"
        " a dry run"
        " tells, then send a whole roster, or confirm it with confirmDrops",
    }  # fmt: skip
    assert (await alpha.refused(fewer, mostDroppedPercent=29))["code"] == "LIMIT_REACHED"
    found = await alpha.taken(fewer, dryRun=True)
    assert found["counts"]["ENROLLMENT"] == {"unchanged": 7, "deactivated": 3}
    found = await alpha.taken(fewer, mostDroppedPercent=30)
    assert found["counts"]["ENROLLMENT"] == {"unchanged": 7, "deactivated": 3}


async def test_rows_that_could_not_be_read_have_not_left(alpha, names):
    await alpha.taken(whole(names, 4))
    broken = whole(names, 4)
    broken.users[3] = user(names, 3, email="no address", username="nobody")
    broken.enrollments[3] = Enrollment(
        sourced_id=f"{names}-e3", class_="nowhere", school="school", user=f"{names}-u3", role="student"
    )
    found = await alpha.taken(broken)
    assert found["errors"] == [
        ("enrollments", 5, "classSourcedId", "classes.csv has no such sourcedId"),
        ("users", 5, "email", "a person needs an e-mail address"),
    ]
    assert found["counts"]["MEMBER"] == {"unchanged": 3, "refused": 1}
    assert found["counts"]["ENROLLMENT"] == {"unchanged": 1, "refused": 1}


# ---- what stands in the way


async def test_what_is_here_and_in_the_way_is_told_row_by_row(alpha, names):
    await alpha.taken(whole(names))
    others = [
        user(names, 7, identifier=f"{names}-0"),  # another one's number
        user(names, 8, email=f"{names}-0@school.example"),  # another one's address, known by another name
        user(names, 1, email=f"{names}-0@school.example"),  # would get another one's address
    ]
    found = await alpha.taken(delta(names, "users", "users", others))
    assert found["counts"] == {"MEMBER": {"refused": 3}}
    taken = "something else here has the same already"
    assert sorted(found["errors"]) == [
        ("users", 2, "identifier", taken),
        ("users", 3, "sourcedId", "this is the same here as what another sourcedId names"),
        ("users", 4, "email", "line 3 has the same"),
    ]
    await alpha.taken(whole(f"{names}x", courses=[
        Course(sourced_id=f"{names}x-c", title="Other", code=f"{names}x-C", org=f"{names}x-d")
    ]), mode="DIFF")  # fmt: skip
    moved = [class_of(names, course=f"{names}x-c")]
    found = await alpha.taken(delta(names, "classes", "classes", moved))
    assert found["errors"] == [("classes", 2, "courseSourcedId", "this is another one here, and can't be changed")]


async def test_a_new_name_for_somebody_replaces_the_old_one_in_a_whole_roster(alpha, names):
    await alpha.taken(whole(names))
    renamed = whole(names, users=[user(names, 0), user(names, 1), User(
        sourced_id=f"{names}-new", is_enabled=True, username="x", given_name="P", family_name="2",
        email=f"{names}-2@school.example",
    )], roles=[], enrollments=[])  # fmt: skip
    found = await alpha.taken(renamed, confirmDrops=True)
    assert found["counts"]["MEMBER"] == {"updated": 1, "unchanged": 2}
    assert (await alpha.rows(
        "SELECT count(*) FROM external_keys WHERE university_id = $1 AND external_id = $2", f"{names}-u2"
    )) == [(0,)]  # fmt: skip


async def test_who_was_erased_stays_so(alpha, names):
    await alpha.taken(whole(names))
    await alpha.owner.execute(
        "UPDATE university_members SET status = 'erased' WHERE university_id = $1 AND email LIKE $2",
        alpha.university_id, f"{names}-2@%",
    )  # fmt: skip
    found = await alpha.taken(delta(names, "users", "users", [user(names, 2, given_name="Back")]))
    assert found["errors"] == [("users", 2, None, "this person was erased here")]


async def test_roles_that_there_are_not_here(alpha, names):
    people = [user(names, number) for number in range(4)]
    orgs = [SCHOOL, Org(sourced_id=f"{names}-d", name="D", type="department")]
    roles = [
        ("parent", "school"),
        ("teacher", f"{names}-d"),
        ("principal", f"{names}-d"),
        ("siteAdministrator", "school"),
    ]
    given = [
        Role(sourced_id=f"{names}-r{number}", user=f"{names}-u{number}", type="primary", role=role, org=org)
        for number, (role, org) in enumerate(roles)
    ]
    modes = {"orgs": "bulk", "users": "bulk", "roles": "bulk"}
    found = await alpha.taken(Roster(modes=modes, orgs=orgs, users=people, roles=given))
    assert found["errors"] == [("roles", 2, "role", "there is no such role here; the person stays without it")]
    assert await alpha.rows(
        "SELECT r.role::text, d.code FROM user_university_roles r JOIN university_members m USING"
        " (university_id, user_id)"
        " LEFT JOIN departments d ON d.id = r.department_id WHERE r.university_id = $1 AND m.email LIKE $2"
        " ORDER BY m.email",
        f"{names}-%",
    ) == [("instructor", f"{names}-d"), ("department_admin", f"{names}-d"), ("university_admin", None)]
    unknown = Role(sourced_id=f"{names}-r9", user=f"{names}-u0", type="primary", role="principal", org="unknown")
    found = await alpha.taken(delta(names, "roles", "roles", [unknown]))
    assert found["errors"] == [("roles", 2, "orgSourcedId", "orgs.csv must say what this org is")]


# ---- a dry run


async def test_a_dry_run_tells_everything_and_writes_nothing(alpha, names):
    before = await alpha.everything()
    audit = "SELECT count(*) FROM audit_log WHERE university_id = $1 AND act LIKE '%.import' AND act <> 'roster.import'"
    (entries,) = await alpha.rows(audit)
    accounts = await alpha.owner.fetchval("SELECT count(*) FROM users")
    found = await alpha.taken(whole(names), dryRun=True)
    assert (found["isDryRun"], found["counts"], found["errors"]) == (True, CREATED, [])
    assert await alpha.everything() == before
    assert await alpha.rows(audit) == [entries]
    assert await alpha.owner.fetchval("SELECT count(*) FROM users") == accounts


# ---- who may, and what is refused


@pytest.mark.parametrize("name", ["student", "instructor", "ta", "department_admin", "beta_admin", "outsider"])
async def test_nobody_else_imports(alpha, api, world, names, name):  # noqa: F811
    upload = await alpha.sent(b"PK\x05\x06" + bytes(18))
    before = await alpha.left()
    answer = await api(IMPORT, {"input": {"uploadId": upload}}, user=world.people[name])
    assert answer["data"]["importRoster"]["errors"] == [
        {"code": "FORBIDDEN", "message": "your roles here do not allow this", "path": []}
    ]
    assert await alpha.left() == before
    assert (await alpha.exported(world.people[name])).status_code in {403, 404}


async def test_nobody_unnamed_imports_or_exports(alpha, api):
    answer = await api(IMPORT, {"input": {"uploadId": "x"}})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await api.client.get("/u/ALPHA/export/roster.zip")).status_code == 401


async def test_what_can_not_be_imported(alpha, names):
    error = await alpha.refused(b"PK\x05\x06" + bytes(18))
    assert error == {
        "code": "INVALID", "path": ["input", "uploadId"],
        "message": "there is no manifest.csv at the top of the zip; send a OneRoster 1.2 package",
    }  # fmt: skip
    changes = delta(names, "users", "users", [user(names, 1)])
    assert (await alpha.refused(changes, mode="FULL"))["path"] == ["input", "mode"]
    assert (await alpha.refused(whole(names), mostDroppedPercent=101))["path"] == ["input", "mostDroppedPercent"]
    answer = await alpha.api.data(IMPORT, {"input": {"uploadId": alpha.id("Upload", 10**9)}}, user=alpha.admin)
    assert answer["importRoster"]["errors"][0]["code"] == "NOT_FOUND"


async def test_one_after_another(alpha, names):
    first = await alpha.asked(whole(names))
    assert first["errors"] == []
    error = await alpha.refused(whole(names))
    assert error == {
        "code": "CLOSED", "message": "another roster is being imported here: wait until its job has ended",
        "path": ["input"]
    }  # fmt: skip
    assert (await alpha.asked(whole(names), dryRun=True))["errors"] == []
    await alpha.api.service.jobs.drain()
    assert (await alpha.taken(whole(names)))["errors"] == []
