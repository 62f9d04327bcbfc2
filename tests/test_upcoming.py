"""What offerings ask of items, what is due, and where to go on: for one person and many offerings."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.world import DUE, Rows


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


def at(moment):
    return moment.astimezone(UTC).isoformat()


SETTING = """query ($item: ID!, $offering: ID!) { contentItem(id: $item) { ... on ContentItem {
  setting(offering: $offering) { unlockAt dueAt lockAt points completionRule minScore } } } }"""


async def ask_setting(api, world, name, campus=None, item="quiz", offering="private", **options):
    campus = campus or world.alpha
    typename = {"quiz": "QuizContent", "video": "VideoContent"}[item]
    variables = {"item": gid(typename, campus[item]), "offering": gid("CourseOffering", campus[offering])}
    data = await api.data(SETTING, variables, user=world.people[name] if name else None, **options)
    return data["contentItem"]["setting"]


BASE = {
    "unlockAt": None, "dueAt": at(DUE), "lockAt": None, "points": "10.00", "completionRule": None, "minScore": None,
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), [
    (None, None), ("outsider", None), ("student", BASE), ("other", BASE), ("ta", BASE), ("admin", BASE),
])  # fmt: skip
async def test_a_setting_as_it_applies_to_the_viewer(api, world, name, expected):
    assert await ask_setting(api, world, name) == expected
    assert len(api.statements) == 2
    assert await ask_setting(api, world, name, item="video") is None
    assert await ask_setting(api, world, name, offering="public") is None


async def test_another_university(api, world):
    variables = {
        "item": gid("QuizContent", world.alpha["quiz"]), "offering": gid("CourseOffering", world.beta["private"]),
    }  # fmt: skip
    data = await api.data(SETTING, variables, user=world.people["student"])
    assert data == {"contentItem": {"setting": None}}
    assert await api.data(SETTING, variables, user=world.people["student"], university="BETA") == {"contentItem": None}


TERM = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def campus(database, world):
    """Twenty offerings of one course of 12 items; everything asked of them is asked in the first four of them only.

    `student` is in all of them, in a section of the first; two items are hidden. All of it is deleted at the end.
    """
    driver = await connect(database.owner)
    rows, tenant = Rows(driver), {"university_id": world.alpha.university["id"]}
    made = {}
    made["course"] = course = await rows.add("courses", **tenant, code="UP1", title="Due things", is_published=True)
    first = await rows.module(course, title="First")
    second = await rows.module(course, title="Second", sequence_index=2)
    hidden = await rows.module(course, title="Hidden", sequence_index=3, is_published=False)
    made["items"] = [
        await rows.item(module, "assignment", title=f"{module['title']} {n}", sequence_index=n)
        for module in (second, first, hidden)
        for n in range(1, 5)
    ]
    made["items"][3] = await driver.fetchrow(
        "UPDATE content_items SET is_active = false WHERE id = $1 RETURNING *", made["items"][3]["id"]
    )
    made["offerings"] = [
        await rows.add("course_offerings", **tenant, course_id=course["id"], visibility="private", term_name=str(n))
        for n in range(20)
    ]
    student = {**tenant, "user_id": world.people["student"]}
    section = await rows.add(
        "offering_sections", **tenant, course_offering_id=made["offerings"][0]["id"], code="A", name="Section A"
    )
    made["enrollments"] = [
        await rows.add("course_enrollments", **student, course_offering_id=offering["id"],
                       section_id=section["id"] if n == 0 else None, status="dropped" if n == 3 else "active")
        for n, offering in enumerate(made["offerings"])
    ]  # fmt: skip
    await rows.add("course_enrollments", **tenant, user_id=world.people["other"],
                   course_offering_id=made["offerings"][0]["id"])  # fmt: skip
    for number, offering in enumerate(made["offerings"][:4]):
        for place, item in enumerate(made["items"]):
            await _ask(rows, offering, item, due_at=TERM + timedelta(days=10 * place + number), points=place + 1)
    one, items = made["offerings"][0], made["items"]
    await _ask(rows, one, items[0], section_id=section["id"], due_at=TERM + timedelta(days=85))
    await _ask(rows, one, items[1], section_id=section["id"], due_at=TERM + timedelta(days=86))
    await _ask(rows, one, items[1], user_id=student["user_id"], due_at=TERM + timedelta(days=87), points=99)
    await _ask(rows, one, items[2], user_id=student["user_id"], points=50, completion_rule="min_score", min_score=40)
    await _ask(rows, one, items[4], user_id=student["user_id"], unlock_at=TERM)  # the dates come together: never due
    yield made
    ids = [offering["id"] for offering in made["offerings"]]
    for table in ("user_content_progress", "content_item_settings", "course_enrollments", "offering_sections"):
        await driver.execute(f"DELETE FROM {table} WHERE course_offering_id = ANY($1)", ids)
    await driver.execute("DELETE FROM course_offerings WHERE id = ANY($1)", ids)
    for table in ("content_items", "modules"):
        await driver.execute(f"DELETE FROM {table} WHERE course_id = $1", course["id"])
    await driver.execute("DELETE FROM courses WHERE id = $1", course["id"])
    await driver.close()


async def _ask(rows, offering, item, **values):
    return await rows.add(
        "content_item_settings", university_id=offering["university_id"], course_id=item["course_id"],
        course_offering_id=offering["id"], content_item_id=item["id"], **values,
    )  # fmt: skip


UPCOMING = """query ($from: DateTime, $to: DateTime) { viewer { upcoming(first: 100, from: $from, to: $to) {
  edges { node { dueAt setting { dueAt points } offering { termName } contentItem { ... on ContentItem { title } } } }
  } } }"""


def shown(connection):
    return [
        (edge["node"]["dueAt"], edge["node"]["offering"]["termName"], edge["node"]["contentItem"]["title"],
         edge["node"]["setting"]["points"])
        for edge in connection["edges"]
    ]  # fmt: skip


def due(days, offering, title, points):
    return (at(TERM + timedelta(days=days)), str(offering), title, f"{points}.00")


EXPECTED = sorted([
    # of offering 0: the section's date, the person's date and points, the offering's date with the person's points
    due(85, 0, "Second 1", 1), due(87, 0, "Second 2", 99), due(20, 0, "Second 3", 50),
    *(due(10 * place, 0, f"First {place - 3}", place + 1) for place in range(5, 8)),
    *(due(10 * place + n, n, f"Second {place + 1}", place + 1) for n in (1, 2) for place in range(3)),
    *(due(10 * place + n, n, f"First {place - 3}", place + 1) for n in (1, 2) for place in range(4, 8)),
])  # fmt: skip


async def test_what_is_due_for_the_viewer(api, world, campus):
    """Not in the offering that was dropped, nothing hidden or inactive, each item by the date that applies."""
    data = await api.data(UPCOMING, {"to": at(DUE)}, user=world.people["student"])
    assert shown(data["viewer"]["upcoming"]) == EXPECTED
    assert all(e["node"]["dueAt"] == e["node"]["setting"]["dueAt"] for e in data["viewer"]["upcoming"]["edges"])
    assert len(api.statements) == 4  # what is due, settings, items, offerings
    due_at = [row[0] for row in EXPECTED]
    data = await api.data(UPCOMING, {"from": due_at[3], "to": due_at[7]}, user=world.people["student"])
    assert shown(data["viewer"]["upcoming"]) == EXPECTED[3:7]
    data = await api.data(UPCOMING, {"from": "2026-11-24T00:00:00"}, user=world.people["student"])
    assert [row[1:] for row in shown(data["viewer"]["upcoming"])] == [
        ("0", "Second 1", "1.00"), ("0", "Second 2", "99.00"), ("private", "A quiz", "10.00"),
    ]  # fmt: skip
    data = await api.data(UPCOMING, {"to": at(DUE)}, user=world.people["other"])
    assert [row[1:3] for row in shown(data["viewer"]["upcoming"])] == [
        *(("0", f"Second {n}") for n in (1, 2, 3)), *(("0", f"First {n}") for n in (1, 2, 3, 4)),
    ]  # fmt: skip


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_a_time_that_is_none_in_utc_is_refused(api, world, moment):
    answer = await api(UPCOMING, {"from": moment}, user=world.people["student"])
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_pages_of_what_is_due(api, world, campus):
    document = """query ($after: String, $before: String, $first: Int, $last: Int, $to: DateTime) { viewer { upcoming(
      first: $first, after: $after, last: $last, before: $before, to: $to) { pageInfo { hasNextPage endCursor
      hasPreviousPage startCursor } edges { node { dueAt setting { points } offering { termName }
      contentItem { ... on ContentItem { title } } } } } } }"""
    found, after = [], None
    while True:
        variables = {"first": 3, "after": after, "to": at(DUE)}
        page = (await api.data(document, variables, user=world.people["student"]))["viewer"]["upcoming"]
        found += shown(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == EXPECTED
    variables = {"last": 4, "before": after, "to": at(DUE)}
    page = (await api.data(document, variables, user=world.people["student"]))["viewer"]["upcoming"]
    assert shown(page) == EXPECTED[-5:-1]
    answer = await api(document, {"first": 3, "after": after}, user=world.people["student"])
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_CURSOR"]  # of another span of time


OFFERING = """query ($id: ID!) { offering(id: $id) { upcoming(first: 100) { edges { node { dueAt setting { points }
  offering { termName } contentItem { ... on ContentItem { title } } } } }
  overrides(first: 100) { edges { node { sectionCode user { displayName } dueAt points completionRule minScore
    contentItem { ... on ContentItem { title } } } } } } }"""


async def test_what_is_due_in_an_offering(api, world, campus):
    variables = {"id": gid("CourseOffering", campus["offerings"][0])}
    student = (await api.data(OFFERING, variables, user=world.people["student"]))["offering"]
    assert shown(student["upcoming"]) == [row for row in EXPECTED if row[1] == "0"]
    assert student["overrides"] is None
    staff = (await api.data(OFFERING, variables, user=world.people["admin"]))["offering"]
    titles = [f"{name} {n}" for name in ("Second", "First", "Hidden") for n in range(1, 5)]
    assert shown(staff["upcoming"]) == [due(10 * n, 0, title, n + 1) for n, title in enumerate(titles)]
    override = {"sectionCode": None, "user": None, "dueAt": None, "points": None, "completionRule": None,
                "minScore": None}  # fmt: skip
    person = {"displayName": "ALPHA student"}
    assert [edge["node"] for edge in staff["overrides"]["edges"]] == [
        {**override, "sectionCode": "A", "dueAt": at(TERM + timedelta(days=85)), "contentItem": {"title": titles[0]}},
        {**override, "sectionCode": "A", "dueAt": at(TERM + timedelta(days=86)), "contentItem": {"title": titles[1]}},
        {**override, "user": person, "dueAt": at(TERM + timedelta(days=87)), "points": "99.00",
         "contentItem": {"title": titles[1]}},
        {**override, "user": person, "points": "50.00", "completionRule": "MIN_SCORE", "minScore": "40.00",
         "contentItem": {"title": titles[2]}},
        {**override, "user": person, "contentItem": {"title": titles[4]}},
    ]  # fmt: skip
    for name in ("outsider", "other"):
        other = (await api.data(OFFERING, variables, user=world.people[name]))["offering"]
        assert other is None if name == "outsider" else len(other["upcoming"]["edges"]) == 7
    assert await api.data(OFFERING, variables, user=world.people["beta_admin"], university="BETA") == {"offering": None}


async def test_a_dropped_offering_asks_nothing(api, world, campus):
    variables = {"id": gid("CourseOffering", campus["offerings"][3])}
    data = await api.data(OFFERING, variables, user=world.people["student"])
    assert data["offering"]["upcoming"] == {"edges": []}


async def test_overrides_of_one_item(api, world, campus):
    document = """query ($id: ID!, $item: ID!) { offering(id: $id) { overrides(first: 9, item: $item) {
      edges { node { points } } } } }"""
    for item, points in ((campus["items"][1], [None, "99.00"]), (campus["items"][5], []), (campus["course"], [])):
        typename = "AssignmentContent" if item is not campus["course"] else "Course"
        variables = {"id": gid("CourseOffering", campus["offerings"][0]), "item": gid(typename, item)}
        data = await api.data(document, variables, user=world.people["admin"])
        assert [edge["node"]["points"] for edge in data["offering"]["overrides"]["edges"]] == points


RESUME = """query ($first: Int) { viewer { enrollments(first: $first) { edges { node { offering { termName }
  resumePoint { __typename ... on ContentItem { title } } } } } } }"""


async def test_where_to_go_on(api, world, database, campus):
    """One enrollment and twenty: offerings, then steps, outlines and items, one statement each."""
    driver = await connect(database.owner)
    rows, (offerings, items) = Rows(driver), (campus["offerings"], campus["items"])
    in_order = [*items[4:8], *items[0:3]]  # as a student reads

    async def record(offering, item, *, done, seen):
        now = TERM + timedelta(hours=seen)
        await rows.add(
            "user_content_progress", university_id=offering["university_id"], user_id=world.people["student"],
            course_offering_id=offering["id"], course_id=item["course_id"], content_item_id=item["id"],
            last_interacted_at=now, completed_at=now if done else None, progress_percent=100 if done else 10,
        )  # fmt: skip

    await record(offerings[1], in_order[0], done=True, seen=1)  # the next one
    await record(offerings[2], in_order[0], done=True, seen=5)  # the one begun last
    await record(offerings[2], in_order[4], done=False, seen=4)
    await record(offerings[2], in_order[2], done=False, seen=3)
    await record(offerings[4], items[8], done=False, seen=3)  # hidden by now
    for item in in_order:
        await record(offerings[5], item, done=True, seen=2)  # all done
    await driver.close()
    first = {"__typename": "AssignmentContent", "title": "First 1"}
    resume = {str(n): first for n in range(20)} | {
        "1": {**first, "title": "First 2"}, "2": {**first, "title": "Second 1"}, "3": None, "5": None,
    }  # fmt: skip
    resume["private"] = {"__typename": "VideoContent", "title": "A video"}
    user = world.people["student"]
    found = {}
    for count in (100, 1):
        data = await api.data(RESUME, {"first": count}, user=user)
        nodes = [edge["node"] for edge in data["viewer"]["enrollments"]["edges"]]
        found |= {node["offering"]["termName"]: node["resumePoint"] for node in nodes}
        assert len(nodes) == min(count, 21)
        assert len(api.statements) == 5
    assert found == resume
    document = (
        "query ($id: ID!) { node(id: $id) { ... on Enrollment { resumePoint { ... on ContentItem { title } } } } }"
    )
    for number, title in ((2, "Second 1"), (4, "First 1")):  # staff is told what the student would be
        data = await api.data(document, {"id": gid("Enrollment", campus["enrollments"][number])},
                              user=world.people["admin"])  # fmt: skip
        assert data == {"node": {"resumePoint": {"title": title}}}
