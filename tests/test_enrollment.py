"""Enrollments: places on the waitlist, progress on the whole course, and how an enrollment came to its status."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.conftest import running_api
from tests.databases import temporary_database
from tests.world import Rows, build_world

SINCE = datetime(2026, 9, 1, tzinfo=UTC)
EVERYBODY = [None, "outsider", "beta_student", "student", "other", "ta", "admin"]
STAFF = {"ta", "admin"}

# Who waits in which offering: (person, status, hours until they began to wait; None: they enrolled then, long ago).
WAITING = {
    "first": [("other", "waitlisted", 2), ("student", "waitlisted", 1), ("instructor", "waitlisted", 3)],
    "second": [("other", "waitlisted", 1), ("instructor", "active", 0), ("student", "waitlisted", 1)],
    "third": [("instructor", "waitlisted", None), ("student", "dropped", 1), ("other", "waitlisted", 1)],
}
PLACES = {
    "first": {"student": 1, "other": 2, "instructor": 3},
    "second": {"other": 1, "student": 2, "instructor": None},
    "third": {"instructor": 1, "other": 2, "student": None},
}


@pytest.fixture(scope="module")
async def campus(superuser):
    """The application, the world, and the offerings with a waitlist by name."""
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        world = await build_world(driver)
        offerings = await fill(Rows(driver), world)
        await driver.close()
        async with running_api(database.app) as running:
            yield running, world, offerings


async def fill(rows, world):
    tenant = {"university_id": world.alpha.university["id"]}
    course = await rows.add("courses", **tenant, code="QUEUE", title="Queues", is_published=True)
    offerings = {}
    for name, people in WAITING.items():
        offering = offerings[name] = await rows.add(
            "course_offerings", **tenant, course_id=course["id"], visibility="members", term_name=name
        )
        for person, status, hours in people:
            since = None if hours is None else SINCE + timedelta(hours=hours)
            await rows.add(
                "course_enrollments",
                **tenant,
                course_offering_id=offering["id"],
                user_id=world.people[person],
                status=status,
                enrolled_at=SINCE,
                waitlisted_at=since,
            )
    await complete(rows, world, "other", ["video", "quiz", "text", "inactive", "buried"])
    return offerings


async def complete(rows, world, name, items):
    """One's progress in ALPHA's private offering, besides the video that was begun."""
    alpha = world.alpha
    place = {
        "university_id": alpha.university["id"],
        "user_id": world.people[name],
        "course_id": alpha["course"]["id"],
        "course_offering_id": alpha["private"]["id"],
    }
    driver = rows.driver
    await driver.execute("DELETE FROM user_content_progress WHERE user_id = $1", world.people[name])
    for hours, item in enumerate(items):
        await rows.add(
            "user_content_progress",
            **place,
            content_item_id=alpha[item]["id"],
            progress_percent=100,
            completed_at=SINCE + timedelta(hours=hours),
            last_interacted_at=SINCE + timedelta(hours=hours),
        )


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


def person(world, name):
    return world.people[name] if name else None


def nodes(connection):
    return [edge["node"] for edge in connection["edges"]]


# ---- the waitlist


@pytest.mark.parametrize("name", ["student", "other", "admin"])
async def test_places_on_the_waitlist(campus, name):
    """By the time since when one waits, then by number; who does not wait has none. One's own, or all for staff."""
    api, world, offerings = campus
    document = """query ($id: ID!) { offering(id: $id) { viewerWaitlistPosition
      enrollments(first: 9) { edges { node { waitlistPosition user { displayName } } } } } }"""
    for offering, places in PLACES.items():
        data = (await api.data(document, {"id": gid("CourseOffering", offerings[offering])}, user=world.people[name]))[
            "offering"
        ]
        found = {
            node["user"]["displayName"].removeprefix("ALPHA "): node["waitlistPosition"]
            for node in nodes(data["enrollments"])
        }
        assert found == (places if name == "admin" else {name: places[name]})
        assert data["viewerWaitlistPosition"] == places.get(name)


async def test_nobody_has_no_place(campus):
    api = campus[0]
    document = "{ offerings(first: 9) { edges { node { termName viewerWaitlistPosition } } } }"
    assert nodes((await api.data(document))["offerings"]) == [{"termName": "public", "viewerWaitlistPosition": None}]


@pytest.mark.parametrize("first", [1, 50])
async def test_all_places_cost_one_statement(campus, first):
    api, world, _ = campus
    document = f"""{{ offerings(first: {first}, orderBy: {{createdAt: DESC}}) {{ edges {{ node {{ viewerWaitlistPosition
      enrollments(first: 9) {{ edges {{ node {{ waitlistPosition }} }} }} }} }} }} }}"""
    data = await api.data(document, user=world.people["admin"])
    assert len(data["offerings"]["edges"]) == min(first, 7)
    assert len(api.statements) == 4  # the offerings, the viewer's places, the enrollments, their places


# ---- progress


@pytest.mark.parametrize("name", EVERYBODY)
async def test_progress_on_the_whole_course(campus, name):
    """Of the six items that students see; what is hidden counts for nobody, and staff are told the same."""
    api, world, _ = campus
    document = """query ($id: ID!) { offering(id: $id) { enrollments(first: 9) { edges { node { user { displayName }
      courseProgress { progressPercent itemCount completedItemCount lastInteractedAt } } } } } }"""
    data = await api.data(document, {"id": gid("CourseOffering", world.alpha["private"])}, user=person(world, name))
    begun = {"progressPercent": "0.00", "itemCount": 6, "completedItemCount": 0, "lastInteractedAt": None}
    half = {
        "progressPercent": "50.00",
        "itemCount": 6,
        "completedItemCount": 3,
        "lastInteractedAt": "2026-09-01T02:00:00+00:00",
    }
    known = {"student": begun, "other": half}
    seen = [name] if name in known else ["student", "other"] if name in STAFF else None
    if seen is None:
        assert data == {"offering": None}
        return
    assert nodes(data["offering"]["enrollments"]) == [
        {"user": {"displayName": f"ALPHA {who}"}, "courseProgress": known[who]} for who in seen
    ]


async def test_progress_on_a_course_without_items(campus):
    api, world, offerings = campus
    document = """query ($id: ID!) { offering(id: $id) { viewerEnrollment {
      courseProgress { progressPercent itemCount completedItemCount lastInteractedAt } } } }"""
    data = await api.data(document, {"id": gid("CourseOffering", offerings["first"])}, user=world.people["student"])
    nothing = {"progressPercent": "0.00", "itemCount": 0, "completedItemCount": 0, "lastInteractedAt": None}
    assert data == {"offering": {"viewerEnrollment": {"courseProgress": nothing}}}


@pytest.mark.parametrize("first", [1, 50])
async def test_the_progress_of_all_enrollments_costs_one_statement(campus, first):
    api, world, _ = campus
    document = f"""{{ offerings(first: {first}, orderBy: {{createdAt: DESC}}) {{ edges {{ node {{
      enrollments(first: 9) {{ edges {{ node {{ courseProgress {{ progressPercent }} }} }} }} }} }} }} }}"""
    await api.data(document, user=world.people["admin"])
    assert len(api.statements) == 3


# ---- events


@pytest.mark.parametrize("name", EVERYBODY)
async def test_events_are_for_staff_and_the_person(api, world, name):
    alpha = world.alpha
    document = """query ($enrollment: ID!, $event: ID!) {
      enrollment: node(id: $enrollment) { ... on Enrollment { status section { code } waitlistedAt waitlistPosition
        events(first: 5) { edges { node { oldStatus newStatus reason changedBy { displayName }
          enrollment { status } } } } } }
      event: node(id: $event) { ... on EnrollmentEvent { newStatus } } }"""
    variables = {
        "enrollment": gid("Enrollment", alpha["enrollment_0"]),
        "event": gid("EnrollmentEvent", alpha["event"]),
    }
    data = await api.data(document, variables, user=person(world, name))
    if name not in STAFF | {"student"}:
        assert data == {"enrollment": None, "event": None}
        return
    assert data == {
        "enrollment": {
            "status": "ACTIVE",
            "section": {"code": "A"},
            "waitlistedAt": None,
            "waitlistPosition": None,
            "events": {
                "edges": [
                    {
                        "node": {
                            "oldStatus": "PENDING",
                            "newStatus": "ACTIVE",
                            "reason": "Approved.",
                            "changedBy": {"displayName": "ALPHA instructor"},
                            "enrollment": {"status": "ACTIVE"},
                        }
                    }
                ]
            },
        },
        "event": {"newStatus": "ACTIVE"},
    }


async def test_when_it_was_last_changed_is_fetched_only_when_asked(api, world):
    document = "{ viewer { enrollments(first: 1) { edges { node { %s } } } } }"
    for field, is_fetched in (("status", False), ("updatedAt", True)):
        data = await api.data(document % field, user=world.people["student"])
        assert all(nodes(data["viewer"]["enrollments"])[0].values())
        assert ("updated_at" in api.statements[-1]) == is_fetched
