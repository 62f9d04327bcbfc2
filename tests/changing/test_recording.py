"""recordProgress: events in any order, again and in parts, from several devices; what completes, and what follows."""

import asyncio
import os
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import permutations

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms_graphql.content.loaders import TYPENAMES
from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.transaction import Transaction
from tests.world import Rows

ASK = """mutation Record($input: RecordProgressInput!) { recordProgress(input: $input) {
  results { clientId status message contentItemId } errors { code message path }
  contentProgress { progressPercent attemptsCount firstStartedAt lastInteractedAt completedAt
    contentItem { ... on ContentItem { title } } }
  enrollment { courseProgress { progressPercent completedItemCount } moduleProgress { progressPercent } } } }"""
NAMES = ["a", "b", "c", "d", "e", "f"]
SAID = [("VIEWED", None), ("PROGRESS", "33.335"), ("COMPLETED", None)]
START = datetime(2026, 9, 1, 12, tzinfo=UTC)
ENROLLED = START - timedelta(days=1)
UNSEEN = "there is no such item in this offering"
SERVERS = "the server completes this, by what is handed in or by its score: send less than 100 percent, or VIEWED"


class School:
    """An offering of a course of its own in ALPHA, with the two students in it; items by short names.

    root > unit > {lesson: a, b, c} {other: d, e} · root > lone: f; a and d are texts, b a video, c a quiz, e is done
    by hand, f is a text that must be handed in. Hidden: a module, an item that is not active.
    """

    def __init__(self, api, owner, world, rows, offering, items, modules):
        self.api, self.owner, self.world, self.rows = api, owner, world, rows
        self.offering, self.items, self.modules = offering, items, modules
        self.student, self.other = world.people["student"], world.people["other"]

    def id_of(self, item):
        row = self.items.get(item, item)
        return str(GlobalId(TYPENAMES[row["content_type"]], row["id"], row["university_id"]))

    def event(self, item, at=0, kind="VIEWED", percent=None, client_id="c"):
        given = {"clientId": client_id, "contentItemId": self.id_of(item), "kind": kind}
        given |= {"occurredAt": (START + timedelta(minutes=at)).isoformat() if isinstance(at, int) else at}
        return given if percent is None else {**given, "percent": str(percent)}

    async def send(self, *events, user="student", offering=None, **options):
        offering = offering or self.offering
        given = {
            "offeringId": str(GlobalId("CourseOffering", offering["id"], offering["university_id"])),
            "events": list(events),
        }
        answer = await self.api(ASK, {"input": given}, user=self.world.people.get(user), **options)
        assert "errors" not in answer, answer
        return answer["data"]["recordProgress"]

    async def statuses(self, *events, **options):
        done = await self.send(*events, **options)
        assert done["errors"] == []
        return [(result["status"], result["message"]) for result in done["results"]]

    async def known(self, user="student"):
        """What is kept of a person's items, by their names: percent, first, last, completed (minutes), attempts."""
        names = {row["id"]: name for name, row in self.items.items()}
        rows = await self.owner.fetch(
            "SELECT * FROM user_content_progress WHERE course_offering_id = $1 AND user_id = $2",
            self.offering["id"],
            self.world.people[user],
        )
        return {
            names[row["content_item_id"]]: (
                row["progress_percent"],
                *(minutes(row[name]) for name in ("first_started_at", "last_interacted_at", "completed_at")),
                row["attempts_count"],
            )
            for row in rows
        }

    async def rolled(self, user="student"):
        """What is kept of a person's modules, by their names: percent, begun, completed (minutes)."""
        names = {row["id"]: name for name, row in self.modules.items()}
        rows = await self.owner.fetch(
            "SELECT * FROM user_module_progress WHERE course_offering_id = $1 AND user_id = $2",
            self.offering["id"],
            self.world.people[user],
        )
        return {
            names[row["module_id"]]: (row["progress_percent"], minutes(row["started_at"]), minutes(row["completed_at"]))
            for row in rows
        }

    async def forget(self):
        for table in ("user_module_progress", "user_content_progress"):
            await self.owner.execute(f"DELETE FROM {table} WHERE course_offering_id = $1", self.offering["id"])
        await self.owner.execute("TRUNCATE audit_log, outbox")

    async def everything(self):
        tables = ("user_content_progress", "user_module_progress", "audit_log", "outbox")
        return [await self.owner.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5") for table in tables]


def minutes(moment):
    return None if moment is None else (moment - START) / timedelta(minutes=1)


async def build(api, owner, world):
    rows, tenant = Rows(owner), {"university_id": world.alpha.university["id"]}
    course = await rows.add("courses", **tenant, code="R101", title="Recorded", is_published=True)
    modules = {"root": await rows.module(course)}
    modules["unit"] = await rows.module(course, modules["root"])
    modules["lone"] = await rows.module(course, modules["root"], sequence_index=2)
    modules["hidden"] = await rows.module(course, modules["root"], sequence_index=3, is_published=False)
    modules["lesson"] = await rows.module(course, modules["unit"])
    modules["other"] = await rows.module(course, modules["unit"], sequence_index=2)
    items = {}
    for number, (name, (module, kind)) in enumerate(
        {
            "a": ("lesson", "text"), "b": ("lesson", "video"), "c": ("lesson", "quiz"), "d": ("other", "text"),
            "e": ("other", "resource"), "f": ("lone", "text"), "hidden": ("hidden", "text"),
            "inactive": ("lone", "text"),
        }.items()
    ):  # fmt: skip
        items[name] = await rows.item(
            modules[module], kind, title=name, sequence_index=number, is_active=name != "inactive"
        )
    offering = await rows.add("course_offerings", **tenant, course_id=course["id"], term_name="recorded")
    asked = {**tenant, "course_offering_id": offering["id"], "course_id": course["id"]}
    await rows.add("content_item_settings", **asked, content_item_id=items["e"]["id"], completion_rule="manual")
    await rows.add("content_item_settings", **asked, content_item_id=items["f"]["id"], completion_rule="submit")
    for name in ("student", "other"):
        enrollment = {**tenant, "course_offering_id": offering["id"], "user_id": world.people[name]}
        await rows.add("course_enrollments", **enrollment, enrolled_at=ENROLLED)
    return School(api, owner, world, rows, offering, items, modules)


@pytest.fixture(scope="module")
async def built(api, owner, world):
    return await build(api, owner, world)


@pytest.fixture
async def school(built):
    """The school, in which nobody has done anything yet."""
    await built.forget()
    return built


# ---- what is kept, and what follows


async def test_a_batch_is_kept_rolled_up_audited_told_and_shown(school):
    done = await school.send(
        school.event("a", 1, client_id="1"),
        school.event("b", 3, "PROGRESS", "50.005", client_id="2"),
        school.event("c", 4, client_id="3"),
        school.event("d", 2, "COMPLETED", client_id="4"),
        school.event("e", 5, "COMPLETED", client_id="5"),
    )
    assert done["results"] == [
        {"clientId": str(number), "status": "APPLIED", "message": None, "contentItemId": school.id_of(name)}
        for number, name in enumerate("abcde", start=1)
    ]
    at = {number: (START + timedelta(minutes=number)).isoformat() for number in range(6)}

    def shown(title, percent, number, is_done):
        moments = {"firstStartedAt": at[number], "lastInteractedAt": at[number]}
        moments |= {"completedAt": at[number] if is_done else None}
        return {"progressPercent": percent, "attemptsCount": 0, **moments, "contentItem": {"title": title}}

    assert done["contentProgress"] == [
        shown("a", "100.00", 1, True),
        shown("b", "50.01", 3, False),
        shown("c", "0.00", 4, False),
        shown("d", "100.00", 2, True),
        shown("e", "100.00", 5, True),
    ]
    assert done["errors"] == []
    assert done["enrollment"]["courseProgress"] == {"progressPercent": "50.00", "completedItemCount": 3}
    assert sorted(row["progressPercent"] for row in done["enrollment"]["moduleProgress"]) == [
        "100.00", "33.33", "50.00", "60.00"
    ]  # fmt: skip
    assert await school.rolled() == {
        "lesson": (Decimal("33.33"), 1, None),
        "other": (Decimal("100.00"), 2, 5),
        "unit": (Decimal("60.00"), 1, None),
        "root": (Decimal("50.00"), 1, None),
    }
    assert await school.known("other") == await school.rolled("other") == {}
    (audited,) = await school.owner.fetch("SELECT * FROM audit_log")
    enrollment = await enrollment_of(school, "student")
    assert (audited["act"], audited["entity"], audited["entity_id"]) == ("progress.record", "Enrollment", enrollment)
    after = orjson.loads(audited["new_values"])["items"]
    assert after[1] == {
        "userId": school.student,
        "contentItemId": school.items["b"]["id"],
        "progressPercent": "50.01",
        "firstStartedAt": at[3],
        "lastInteractedAt": at[3],
        "completedAt": None,
        "attemptsCount": 0,
    }
    assert [row["contentItemId"] for row in after] == [school.items[name]["id"] for name in "abcde"]
    assert [row["progressPercent"] for row in orjson.loads(audited["old_values"])["items"]] == ["0.00"] * 5
    (told,) = await school.owner.fetch("SELECT topic, entity, entity_id, facts FROM outbox")
    assert tuple(told)[:3] == ("progress.recorded", "Enrollment", enrollment)
    assert orjson.loads(told["facts"]) == {
        "courseOfferingId": school.offering["id"],
        "contentItemIds": [school.items[name]["id"] for name in "abcde"],
        "completedItemIds": [school.items[name]["id"] for name in "ade"],
    }


async def enrollment_of(school, user):
    return await school.owner.fetchval(
        "SELECT id FROM course_enrollments WHERE course_offering_id = $1 AND user_id = $2",
        school.offering["id"],
        school.world.people[user],
    )


async def test_what_was_sent_before_changes_nothing(school):
    events = [school.event("a", 1), school.event("b", 3, "PROGRESS", 40)]
    assert await school.statuses(*events) == [("APPLIED", None)] * 2
    before = await school.everything()
    assert await school.statuses(*events, *events) == [("ALREADY_KNOWN", None)] * 4
    older = school.event("b", 3, "PROGRESS", "39.99")
    assert await school.statuses(older) == [("ALREADY_KNOWN", None)]
    assert await school.everything() == before


async def test_nothing_is_ever_taken_back(school):
    await school.send(school.event("b", 10, "PROGRESS", 100))
    assert await school.known() == {"b": (Decimal(100), 10, 10, 10, 0)}
    assert await school.statuses(school.event("b", 20, "PROGRESS", 5)) == [("APPLIED", None)]  # seen again, later
    assert await school.known() == {"b": (Decimal(100), 10, 20, 10, 0)}
    await school.send(school.event("b", 4, "PROGRESS", 5))  # and begun earlier than was known
    assert await school.known() == {"b": (Decimal(100), 4, 20, 10, 0)}
    await school.send(school.event("b", 6, "COMPLETED"))  # and completed earlier
    assert await school.known() == {"b": (Decimal(100), 4, 20, 6, 0)}
    assert (await school.rolled())["lesson"] == (Decimal("33.33"), 4, None)


async def test_answers_do_not_depend_on_the_order_of_the_events(school):
    events = [school.event("b", at, "PROGRESS", percent) for at, percent in ((1, 10), (2, 100), (1, 10))]
    for order in permutations(events):
        await school.forget()
        assert await school.statuses(*order) == [("APPLIED", None)] * 3
        assert await school.known() == {"b": (Decimal(100), 1, 2, 2, 0)}


# ---- what is not the client's to say


async def test_clients_complete_nothing_that_the_server_judges(school):
    for item in ("c", "f"):
        events = [school.event(item, 1, "COMPLETED"), school.event(item, 2, "PROGRESS", 100)]
        rounded = school.event(item, 2, "PROGRESS", "99.995")
        assert await school.statuses(*events, rounded) == [("IGNORED", SERVERS)] * 3
        assert await school.known() == {}
    events = [school.event("c", 3), school.event("c", 4, "PROGRESS", "99.99"), school.event("f", 5)]
    assert await school.statuses(*events) == [("APPLIED", None)] * 3
    assert await school.known() == {"c": (Decimal("99.99"), 3, 4, None, 0), "f": (Decimal(0), 5, 5, None, 0)}
    assert {percent for percent, _, _ in (await school.rolled()).values()} == {Decimal(0)}


async def test_whatever_the_rule_no_client_completes_a_quiz(school):
    for rule in ("view", "manual", "submit", "min_score"):
        await asked(school, "c", completion_rule=rule, min_score=50)
        assert await school.statuses(school.event("c", 1, "COMPLETED")) == [("IGNORED", SERVERS)]
    await school.owner.execute("DELETE FROM content_item_settings WHERE content_item_id = $1", school.items["c"]["id"])
    assert await school.known() == {}


async def asked(school, item, **setting):
    """Have the offering ask this of an item of everybody, or of a person or a section."""
    of = {"section_id": setting.pop("section_id", None), "user_id": setting.pop("user_id", None)}
    await school.owner.execute(
        "DELETE FROM content_item_settings WHERE content_item_id = $1 AND course_offering_id = $2"
        " AND (section_id, user_id) IS NOT DISTINCT FROM ($3::bigint, $4::bigint)",
        school.items[item]["id"], school.offering["id"], of["section_id"], of["user_id"],
    )  # fmt: skip
    here = {"university_id": school.offering["university_id"], "course_id": school.offering["course_id"]}
    here |= {"course_offering_id": school.offering["id"], "content_item_id": school.items[item]["id"]}
    await school.rows.add("content_item_settings", **here, **of, **setting)


async def test_what_is_done_by_hand_is_completed_by_hand_alone(school):
    message = "this is completed by COMPLETED alone: no percentage says so"
    assert await school.statuses(
        school.event("e", 1), school.event("e", 2, "PROGRESS", 60), school.event("e", 3, "PROGRESS", 100)
    ) == [("APPLIED", None), ("APPLIED", None), ("IGNORED", message)]
    assert await school.known() == {"e": (Decimal(60), 1, 2, None, 0)}
    await school.send(school.event("e", 0, "COMPLETED"))
    assert await school.known() == {"e": (Decimal(100), 0, 2, 0, 0)}


async def test_the_narrowest_rule_applies(school):
    section = await school.rows.add(
        "offering_sections",
        university_id=school.offering["university_id"],
        course_offering_id=school.offering["id"],
        code="N",
        name="Narrow",
    )
    await school.owner.execute(
        "UPDATE course_enrollments SET section_id = $1 WHERE course_offering_id = $2 AND user_id = $3",
        section["id"], school.offering["id"], school.student,
    )  # fmt: skip
    await asked(school, "a", completion_rule="view")
    await asked(school, "a", completion_rule="submit", section_id=section["id"])
    await asked(school, "a", points=5, user_id=school.student)  # says nothing of rules
    done = [school.event("a", 1)]
    await school.send(*done)
    await school.send(*done, user="other")
    assert (await school.known())["a"][3] is None
    assert (await school.known("other"))["a"][3] == 1
    await asked(school, "a", completion_rule="view", user_id=school.student)
    await school.send(*done)
    assert (await school.known())["a"][3] == 1
    await school.owner.execute("DELETE FROM content_item_settings WHERE content_item_id = $1", school.items["a"]["id"])
    await school.owner.execute("UPDATE course_enrollments SET section_id = NULL WHERE section_id = $1", section["id"])


# ---- what is no event


async def test_what_is_hidden_is_as_what_is_not_there(school, world):
    alpha, beta = world.alpha, world.beta
    good = school.event("a", 1, client_id="good")
    wrong = [
        school.id_of("hidden"),
        school.id_of("inactive"),
        school.id_of(alpha["video"]),
        school.id_of(beta["video"]),
        str(GlobalId("TextContent", school.items["a"]["id"], beta.university["id"])),
        str(GlobalId("TextContent", 999_999, alpha.university["id"])),
        str(GlobalId("VideoContent", school.items["a"]["id"], alpha.university["id"])),
        str(GlobalId("Course", alpha["course"]["id"], alpha.university["id"])),
    ]
    done = await school.send(good, *({**good, "contentItemId": text, "clientId": "bad"} for text in wrong))
    assert done["errors"] == []
    assert done["results"][0]["status"] == "APPLIED"
    assert done["results"][1:] == [
        {"clientId": "bad", "status": "REFUSED", "message": UNSEEN, "contentItemId": text} for text in wrong
    ]
    for text in ("", "no id", "nul\0", "x" * 5000):
        done = await school.send({**good, "contentItemId": text})
        assert done["results"] == [{"clientId": "good", "status": "REFUSED", "message": UNSEEN, "contentItemId": None}]
    assert set(await school.known()) == {"a"}


async def test_of_a_course_that_is_not_published_nothing_can_be_noted(school):
    publish = "UPDATE courses SET is_published = $1 WHERE id = $2"
    await school.owner.execute(publish, False, school.offering["course_id"])
    assert await school.statuses(school.event("a", 1)) == [("REFUSED", UNSEEN)]
    await school.owner.execute(publish, True, school.offering["course_id"])
    assert await school.known() == {}


async def test_events_that_can_not_be_so_are_refused_alone(school):
    now = datetime.now(UTC)
    future = "occurredAt is in the future: set the clock, and send it again with the right time"
    calendar = "occurredAt is too early or too late for any calendar"
    goes_with = "percent goes with PROGRESS, and with nothing else"
    wrong = {
        (now + timedelta(minutes=6)).isoformat(): future,
        "9999-12-31T23:59:59+00:00": future,
        "9999-12-31T23:59:59-05:00": calendar,
        "0001-01-01T00:00:00+05:00": calendar,
        (ENROLLED - timedelta(minutes=6)).isoformat(): "occurredAt is before the enrollment",
    }
    for at, message in wrong.items():
        assert await school.statuses(school.event("a", at)) == [("REFUSED", message)], at
    for percent in ("-0.01", "100.01", "NaN", "Infinity", "1e9"):
        event = school.event("b", 1, "PROGRESS", percent)
        assert await school.statuses(event) == [("REFUSED", "percent must be from 0 to 100")], percent
    assert (
        await school.statuses(
            school.event("b", 1, "PROGRESS"), school.event("b", 1, "VIEWED", 50), school.event("b", 1, "COMPLETED", 100)
        )
        == [("REFUSED", goes_with)] * 3
    )
    assert await school.known() == {}
    right = [(now + timedelta(minutes=4)).isoformat(), (ENROLLED - timedelta(minutes=4)).isoformat()]
    naive = (START + timedelta(minutes=7)).replace(tzinfo=None).isoformat()
    assert (
        await school.statuses(
            *(school.event("a", at) for at in right), school.event("b", naive, "PROGRESS", "1e-999999")
        )
        == [("APPLIED", None)] * 3
    )
    assert (await school.known())["b"] == (Decimal(0), 7, 7, None, 0)


async def test_no_more_than_100_events(school):
    before = await school.everything()
    done = await school.send(*[school.event("a", 1)] * 101)
    message = "these are 101 events, at most 100 can be taken at once: send them in parts"
    assert done == {
        "results": None, "contentProgress": None, "enrollment": None,
        "errors": [{"code": "LIMIT_REACHED", "message": message, "path": ["input", "events"]}],
    }  # fmt: skip
    assert await school.everything() == before
    assert len((await school.send(*[school.event("a", 1)] * 100))["results"]) == 100
    done = await school.send()
    assert (done["results"], done["contentProgress"], done["errors"]) == ([], [], [])


@pytest.mark.parametrize("name", ["", " ", "n" * 65, "two\nlines", "nul\0"])
async def test_a_client_id_that_can_not_be_told_back_refuses_all(school, name):
    before = await school.everything()
    done = await school.send(school.event("a", 1), school.event("b", 1, client_id=name))
    (error,) = done["errors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "events", "1", "clientId"])
    assert done["results"] is None
    assert await school.everything() == before


# ---- who may


async def test_who_may_not_changes_nothing(school, world):
    before = await school.everything()
    event = school.event("a", 1)

    def refusal(code, message, path):
        error = {"code": code, "message": message, "path": path}
        return {"results": None, "contentProgress": None, "enrollment": None, "errors": [error]}

    offering = ["input", "offeringId"]
    unseen = refusal("NOT_FOUND", "there is no such offering among those that are taken part in", offering)
    for user in ("instructor", "admin", "bystander"):
        assert await school.send(event, user=user) == unseen, user
    for elsewhere in (world.beta["private"], {**school.offering, "id": 999_999}, world.alpha["public"]):
        assert await school.send(event, offering=elsewhere) == unseen
    forbidden = refusal("FORBIDDEN", "your roles here do not allow this", [])
    assert await school.send(event, user="outsider") == forbidden
    assert await school.send(event, user="student", university="BETA") == unseen
    nobody = await school.api(ASK, {"input": {"offeringId": "x", "events": []}})
    assert nobody["data"] == {"recordProgress": None}
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await school.everything() == before


@pytest.mark.parametrize("status", ["dropped", "completed", "pending", "waitlisted"])
async def test_only_who_is_active_can_note_anything(school, status):
    change = (
        "UPDATE course_enrollments SET status = $1::text::enrollment_status_enum,"
        " completed_at = CASE WHEN $1 = 'completed' THEN now() END WHERE course_offering_id = $2 AND user_id = $3"
    )
    await school.owner.execute(change, status, school.offering["id"], school.student)
    before = await school.everything()
    done = await school.send(school.event("a", 1))
    await school.owner.execute(change, "active", school.offering["id"], school.student)
    message = f"the enrollment is {status}, not active"
    assert done["errors"] == [{"code": "NOT_ENROLLED", "message": message, "path": ["input", "offeringId"]}]
    assert await school.everything() == before


async def test_who_looks_as_another_notes_nothing(school):
    before = await school.everything()
    named = str(GlobalId("User", school.student, school.offering["university_id"]))
    headers = {**school.api.headers(school.world.people["admin"]), "X-View-As": named}
    offering = str(GlobalId("CourseOffering", school.offering["id"], school.offering["university_id"]))
    body = {"query": ASK, "variables": {"input": {"offeringId": offering, "events": [school.event("a", 1)]}}}
    answer = (await school.api.client.post("/u/ALPHA/graphql", json=body, headers=headers)).json()
    assert [error["code"] for error in answer["data"]["recordProgress"]["errors"]] == ["FORBIDDEN"]
    assert (await school.everything())[:2] == before[:2]


async def test_who_is_dropped_meanwhile_notes_nothing(school):
    """The enrollment is looked at again under its lock."""
    here = (school.offering["id"], school.student)
    where = " WHERE course_offering_id = $1 AND user_id = $2"
    transaction = school.owner.transaction()
    await transaction.start()
    await school.owner.execute("UPDATE course_enrollments SET status = 'dropped'" + where, *here)
    sending = asyncio.create_task(school.send(school.event("a", 1)))
    await asyncio.sleep(0.3)
    assert not sending.done()
    await transaction.commit()
    (error,) = (await sending)["errors"]
    assert (error["code"], error["message"]) == ("NOT_ENROLLED", "the enrollment is dropped, not active")
    await school.owner.execute("UPDATE course_enrollments SET status = 'active'" + where, *here)
    assert await school.known() == {}


async def test_under_a_key_it_is_answered_again(school):
    offering = str(GlobalId("CourseOffering", school.offering["id"], school.offering["university_id"]))
    given = {"offeringId": offering, "events": [school.event("a", 1), school.event("c", 1, "COMPLETED")]}
    headers = {**school.api.headers(school.student), "Idempotency-Key": "a-key-of-a-batch"}
    body = {"query": ASK, "variables": {"input": given}}
    answers = [
        (await school.api.client.post("/u/ALPHA/graphql", json=body, headers=headers)).json()["data"] for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert [result["status"] for result in answers[0]["recordProgress"]["results"]] == ["APPLIED", "IGNORED"]
    assert await school.owner.fetchval("SELECT count(*) FROM audit_log") == 1


# ---- several devices at once


async def test_20_devices_of_one_person_leave_what_one_after_the_other_would(school):
    events = [(NAMES[n % 6], 7 * n % 20, *SAID[n // 6 % 3]) for n in range(100)]
    batches = [events[n::20] for n in range(20)]
    done = await asyncio.gather(*(school.send(*(school.event(*event) for event in batch)) for batch in batches))
    assert [answer["errors"] for answer in done] == [[]] * 20
    found = await school.known(), await school.rolled()
    assert found == expected((name, at, said) for name, at, *said in events)
    assert len(found[0]) == 6
    assert len(found[1]) == 5
    assert (await school.rolled())["other"][0] == 100
    audited = await school.owner.fetchval("SELECT count(*) FROM audit_log")
    assert 1 <= audited == await school.owner.fetchval("SELECT count(*) FROM outbox") <= 20


async def test_two_people_do_not_wait_for_each_other(school):
    transaction = school.owner.transaction()
    await transaction.start()
    await school.owner.execute(
        "SELECT FROM course_enrollments WHERE course_offering_id = $1 AND user_id = $2 FOR UPDATE",
        school.offering["id"],
        school.student,
    )
    waiting = asyncio.create_task(school.send(school.event("a", 1)))
    done = await asyncio.wait_for(school.send(school.event("a", 1), user="other"), 5)
    assert done["results"][0]["status"] == "APPLIED"
    assert not waiting.done()
    await transaction.rollback()
    assert (await waiting)["results"][0]["status"] == "APPLIED"


# ---- how much it costs


@pytest.fixture
def counted(monkeypatch):
    """The SQL of each statement that a mutation's transaction executes."""
    seen = []
    fetch = Transaction.fetch

    async def counting(self, statement, parameters, row):
        seen.append(statement.sql)
        return await fetch(self, statement, parameters, row)

    monkeypatch.setattr(Transaction, "fetch", counting)
    return seen


async def test_a_batch_costs_as_many_statements_as_one_event(school, counted):
    await school.send(school.event("a", 1))
    one = list(counted)
    await school.forget()
    counted.clear()
    names = ["a", "b", "c", "d", "e", "f", "hidden"]
    await school.send(*(school.event(names[n % 7], n, "PROGRESS", n % 100) for n in range(100)))
    assert counted == one
    assert len(one) == 7  # who, lock, what is known, what is new, roll-up, audit, outbox
    counted.clear()
    await school.send(school.event("b", 500, "PROGRESS", 99))  # nothing was begun or completed: no roll-up
    assert len(counted) == 6
    counted.clear()
    await school.send(school.event("b", 500, "PROGRESS", 99))
    assert len(counted) == 3


# ---- whatever the order, the parts and the repetitions


EVENTS = st.tuples(
    st.sampled_from(NAMES),
    st.integers(0, 12),
    st.one_of(
        st.sampled_from([("VIEWED", None), ("COMPLETED", None)]),
        st.sampled_from(["0", "12.345", "12.3449", "50", "99.994", "99.995", "100"]).map(lambda p: ("PROGRESS", p)),
    ),
)
ALONE = {"a": {"VIEWED", "COMPLETED", "100"}, "b": {"VIEWED", "COMPLETED", "100"}, "d": {"VIEWED", "COMPLETED", "100"}}
ALONE |= {"e": {"COMPLETED"}, "c": set(), "f": set()}
"""What completes each item."""
TREE = {"lesson": "abc", "other": "de", "lone": "f", "unit": "abcde", "root": "abcdef"}


def expected(events):
    """What the events add up to, by the rules as they are told to clients: items, and modules."""
    told = defaultdict(list)
    for name, at, (kind, percent) in events:
        hundredths = None if percent is None else Decimal(percent).quantize(Decimal("0.01"), ROUND_HALF_UP)
        says = "100" if hundredths == 100 else kind
        done = says in ALONE[name]
        if done or says not in {"100", "COMPLETED"}:
            told[name].append((at, Decimal(100) if done else hundredths or Decimal(0), done))
    items = {
        name: (
            max(percent for _, percent, _ in facts),
            min(at for at, _, _ in facts),
            max(at for at, _, _ in facts),
            min((at for at, _, done in facts if done), default=None),
            0,
        )
        for name, facts in told.items()
    }
    return items, modules_of(items)


def modules_of(items):
    modules = {}
    for module, below in TREE.items():
        begun = [items[name] for name in below if name in items]
        done = [item[3] for item in begun if item[3] is not None]
        if begun:
            percent = (Decimal(100 * len(done)) / len(below)).quantize(Decimal("0.01"), ROUND_HALF_UP)
            modules[module] = (percent, min(i[1] for i in begun), max(done) if len(done) == len(below) else None)
    return modules


@settings(max_examples=300 if os.environ.get("LMS_THOROUGH") else 20, suppress_health_check=list(HealthCheck))
@given(data=st.data(), events=st.lists(EVENTS, min_size=1, max_size=25))
async def test_whatever_the_order_the_parts_and_the_repetitions(built, data, events):
    sent = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=10))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=3)))
    await built.forget()
    for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        await built.send(*(built.event(name, at, *said) for name, at, said in sent[begin:end]))
    assert (await built.known(), await built.rolled()) == expected(events)
