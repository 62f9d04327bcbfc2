"""Whether the viewer could enrol, and why not: every reason, for everybody, at two statements."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.conftest import running_api
from tests.databases import temporary_database
from tests.world import Rows, build_world

NOW = datetime.now(UTC)
PAST, FUTURE = NOW - timedelta(days=1), NOW + timedelta(days=1)
COURSE = """query ($code: String!) { course(by: {code: $code}) { eligibility { isEligible
  reasons { kind isBlocking standing course { code } } } } }"""
OFFERING = """query ($id: ID!) { offering(id: $id) { isOpenForEnrollment seatsLeft
  eligibility { isEligible reasons { kind isBlocking standing course { code } } } } }"""

# What the course TARGET asks for, how, and what the student has done there: (status, passed, whether it is posted).
ASKED = {
    "PASSED": ("strict", [("completed", True, True)]),
    "UNGRADED": ("strict", [("completed", None, False)]),
    "OPEN_GRADE": ("strict", [("completed", None, True)]),
    "UNPOSTED": ("strict", [("completed", False, False)]),
    "TWICE": ("strict", [("completed", False, True), ("completed", True, True)]),
    "FAILED": ("strict", [("completed", False, True), ("dropped", None, False)]),
    "AGAIN": ("strict", [("completed", False, True), ("active", None, False)]),
    "TAKES": ("strict", [("active", None, False)]),
    "WAITS": ("strict", [("waitlisted", None, False)]),
    "PENDING": ("strict", [("pending", None, False)]),
    "NEVER": ("strict", []),
    "HIDDEN": ("strict", []),
    "ADVISED": ("recommended", []),
    "ADVISED_DONE": ("recommended", [("completed", True, True)]),
    "BESIDE": ("co_requisite", [("active", None, False)]),
    "BEFORE": ("co_requisite", [("completed", True, True)]),
    "NEITHER": ("co_requisite", [("dropped", None, False)]),
}
UNMET = [
    ("STRICT_PREREQUISITE", True, "FAILED", "FAILED"),
    ("STRICT_PREREQUISITE", True, "IN_PROGRESS", "AGAIN"),
    ("STRICT_PREREQUISITE", True, "IN_PROGRESS", "TAKES"),
    ("STRICT_PREREQUISITE", True, "NOT_TAKEN", "WAITS"),
    ("STRICT_PREREQUISITE", True, "NOT_TAKEN", "PENDING"),
    ("STRICT_PREREQUISITE", True, "NOT_TAKEN", "NEVER"),
    ("RECOMMENDED_PREREQUISITE", False, "NOT_TAKEN", "ADVISED"),
    ("CO_REQUISITE", True, "NOT_TAKEN", "NEITHER"),
]

WARNINGS = {"WAITLIST", "NEEDS_APPROVAL"}
# Offerings of a course that asks for nothing: their columns, the viewer's status there, and what is told.
OFFERED = {
    "always": ({}, None, (True, None, [])),
    "open": ({"enrollment_start": PAST, "enrollment_end": FUTURE, "capacity": 3}, None, (True, 3, [])),
    "early": ({"enrollment_start": FUTURE}, None, (False, None, ["NOT_YET_OPEN"])),
    "late": ({"enrollment_end": PAST}, None, (False, None, ["CLOSED"])),
    "ended": ({"ends_at": PAST, "enrollment_end": FUTURE}, None, (False, None, ["CLOSED"])),
    "one_left": ({"capacity": 2, "seats_taken": 1}, None, (True, 1, [])),
    "full": ({"capacity": 1, "seats_taken": 1, "waitlist_capacity": 0}, None, (True, 0, ["FULL"])),
    "may_wait": ({"capacity": 1, "seats_taken": 1, "waitlist_capacity": 2}, None, (True, 0, ["WAITLIST"])),
    "no_limit": ({"capacity": 0}, None, (True, 0, ["WAITLIST"])),
    "queue_full": ({"capacity": 1, "seats_taken": 1, "waitlist_capacity": 1}, None, (True, 0, ["FULL"])),
    "in": ({}, "active", (True, None, ["ALREADY_ENROLLED"])),
    "done": ({"ends_at": PAST}, "completed", (False, None, ["ALREADY_ENROLLED", "CLOSED"])),
    "asked": ({}, "pending", (True, None, ["ALREADY_ENROLLED"])),
    "waits": ({}, "waitlisted", (True, None, ["ALREADY_ENROLLED"])),
    "dropped": ({}, "dropped", (True, None, [])),
    "by_staff": ({"enrollment_mode": "closed"}, None, (True, None, ["BY_STAFF_ONLY"])),
    "by_approval": ({"enrollment_mode": "approval"}, None, (True, None, ["NEEDS_APPROVAL"])),
}


@pytest.fixture(scope="module")
async def campus(superuser):
    """The application, the world, and the offerings of ALPHA that are looked at, by name."""
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        world = await build_world(driver)
        offerings = await fill(Rows(driver), world)
        await driver.close()
        async with running_api(database.app) as api:
            yield api, world, offerings


async def fill(rows, world):
    tenant = {"university_id": world.alpha.university["id"]}
    student, other = world.people["student"], world.people["other"]
    target = await rows.add("courses", **tenant, code="TARGET", title="Target", is_published=True)
    for name, (how, taken) in ASKED.items():
        course = await rows.add("courses", **tenant, code=name, title=f"SECRET {name}", is_published=name != "HIDDEN")
        await rows.add(
            "course_prerequisites",
            **tenant,
            course_id=target["id"],
            prerequisite_course_id=course["id"],
            prerequisite_type=how,
        )
        for status, passed, is_posted in taken:
            offering = await rows.add("course_offerings", **tenant, course_id=course["id"], visibility="private")
            await take(rows, {**tenant, "course_offering_id": offering["id"]}, student, status, passed, is_posted)
            if status != "dropped":
                await take(rows, {**tenant, "course_offering_id": offering["id"]}, other, "completed", None, False)
        if not taken and how == "strict":
            offering = await rows.add("course_offerings", **tenant, course_id=course["id"], visibility="private")
            await take(rows, {**tenant, "course_offering_id": offering["id"]}, other, "completed", True, True)
        if name == "NEITHER":
            await take(rows, {**tenant, "course_offering_id": offering["id"]}, other, "completed", True, True)
    offerings = {}
    plain = await rows.add("courses", **tenant, code="PLAIN", title="Plain", is_published=True)
    for name, (columns, status, _) in OFFERED.items():
        offering = await rows.add("course_offerings", **tenant, course_id=plain["id"], visibility="public", **columns)
        offerings[name] = offering
        if status is not None:
            await take(rows, {**tenant, "course_offering_id": offering["id"]}, student, status, None, False)
    await take(rows, {**tenant, "course_offering_id": offerings["queue_full"]["id"]}, other, "waitlisted", None, False)
    offerings["target"] = await rows.add(
        "course_offerings",
        **tenant,
        course_id=target["id"],
        visibility="public",
        enrollment_start=FUTURE,
        capacity=1,
        seats_taken=1,
    )
    withdrawn = await rows.add("courses", **tenant, code="WITHDRAWN", title="Withdrawn")
    asked = {"course_id": withdrawn["id"], "prerequisite_course_id": plain["id"]}
    await rows.add("course_prerequisites", **tenant, **asked)
    offerings["of_closed"] = await rows.add("course_offerings", **tenant, course_id=withdrawn["id"])
    await take(rows, {**tenant, "course_offering_id": offerings["of_closed"]["id"]}, student, "dropped", None, False)
    return offerings


async def take(rows, place, user_id, status, passed, is_posted):
    completed_at = PAST if status == "completed" else None
    await rows.add("course_enrollments", **place, user_id=user_id, status=status, completed_at=completed_at)
    if passed is not None or is_posted:
        grade = {"passed": passed, "posted_at": PAST if is_posted else None, "final_score": 50}
        await rows.add("course_grades", **place, user_id=user_id, **grade)


def gid(row):
    return str(GlobalId("CourseOffering", row["id"], row["university_id"]))


def told(eligibility):
    return [
        (reason["kind"], reason["isBlocking"], reason["standing"], (reason["course"] or {}).get("code"))
        for reason in eligibility["reasons"]
    ]


async def test_what_a_course_asks_for_that_the_student_does_not_have(campus):
    api, world, _ = campus
    data = await api.data(COURSE, {"code": "TARGET"}, user=world.people["student"])
    eligibility = data["course"]["eligibility"]
    assert (eligibility["isEligible"], told(eligibility)) == (False, UNMET)
    assert len(api.statements) == 3  # the course, what is asked for, the courses of the reasons


async def test_a_warning_does_not_block(campus):
    """The other student has completed all but what is advised; one's grades are not another's."""
    api, world, _ = campus
    data = await api.data(COURSE, {"code": "TARGET"}, user=world.people["other"])
    eligibility = data["course"]["eligibility"]
    assert told(eligibility) == [("RECOMMENDED_PREREQUISITE", False, "NOT_TAKEN", "ADVISED")]
    assert eligibility["isEligible"] is True


async def test_a_course_that_asks_for_nothing(campus):
    api, world, _ = campus
    for name in ("student", "admin"):
        data = await api.data(COURSE, {"code": "PLAIN"}, user=world.people[name])
        assert data == {"course": {"eligibility": {"isEligible": True, "reasons": []}}}


async def test_what_is_not_published_is_asked_of_nobody_who_does_not_see_it(campus):
    api, world, _ = campus
    answer = await api.post(COURSE.replace("code }", "code title }"), {"code": "TARGET"}, user=world.people["student"])
    assert "HIDDEN" not in answer.text
    data = await api.data(COURSE, {"code": "TARGET"}, user=world.people["admin"])
    assert ("STRICT_PREREQUISITE", True, "NOT_TAKEN", "HIDDEN") in told(data["course"]["eligibility"])
    assert len(told(data["course"]["eligibility"])) == len(ASKED)  # an assistant who has taken none of them


@pytest.mark.parametrize("name", [None, "outsider", "beta_student"])
async def test_who_is_no_member_is_told_nothing(campus, name):
    api, world, offerings = campus
    user = world.people[name] if name else None
    assert await api.data(COURSE, {"code": "TARGET"}, user=user) == {"course": {"eligibility": None}}
    data = await api.data(OFFERING, {"id": gid(offerings["full"])}, user=user)
    assert data == {"offering": {"isOpenForEnrollment": True, "seatsLeft": 0, "eligibility": None}}


@pytest.mark.parametrize("name", OFFERED)
async def test_what_the_offering_itself_says(campus, name):
    api, world, offerings = campus
    is_open, seats, kinds = OFFERED[name][2]
    data = await api.data(OFFERING, {"id": gid(offerings[name])}, user=world.people["student"])
    assert data["offering"] == {
        "isOpenForEnrollment": is_open,
        "seatsLeft": seats,
        "eligibility": {
            "isEligible": set(kinds) <= WARNINGS,
            "reasons": [
                {"kind": kind, "isBlocking": kind not in WARNINGS, "standing": None, "course": None} for kind in kinds
            ],
        },
    }


async def test_an_offering_asks_for_what_its_course_does(campus):
    api, world, offerings = campus
    data = await api.data(OFFERING, {"id": gid(offerings["target"])}, user=world.people["student"])
    eligibility = data["offering"]["eligibility"]
    own = [("NOT_YET_OPEN", True, None, None), ("WAITLIST", False, None, None)]
    assert (eligibility["isEligible"], told(eligibility)) == (False, [*own, *UNMET])


@pytest.mark.parametrize("first", [1, 50])
async def test_any_number_of_courses_costs_one_statement_and_of_offerings_two(campus, first):
    api, world, _ = campus
    student = world.people["student"]
    eligibility = "eligibility { isEligible reasons { kind } }"
    data = await api.data(f"{{ courses(first: {first}) {{ edges {{ node {{ {eligibility} }} }} }} }}", user=student)
    assert len(data["courses"]["edges"]) == min(first, 19)
    assert len(api.statements) == 1 + 1
    data = await api.data(f"{{ offerings(first: {first}) {{ edges {{ node {{ {eligibility} }} }} }} }}", user=student)
    assert len(data["offerings"]["edges"]) == min(first, 39)  # with that of a course which is withdrawn
    assert len(api.statements) == 1 + 2


async def test_a_course_that_was_closed_tells_nothing_of_what_it_asks_for(campus):
    """Who has an enrollment still sees the offering of a course that is not published any more."""
    api, world, offerings = campus
    document = "query ($id: ID!) { offering(id: $id) { course { code } eligibility { reasons { kind } } } }"
    closed = {"id": gid(offerings["of_closed"])}
    for name, course, kinds in (("student", None, []), ("admin", {"code": "WITHDRAWN"}, ["STRICT_PREREQUISITE"])):
        data = await api.data(document, closed, user=world.people[name])
        reasons = [{"kind": kind} for kind in ("BY_STAFF_ONLY", *kinds)]  # the offering is private
        assert data == {"offering": {"course": course, "eligibility": {"reasons": reasons}}}
