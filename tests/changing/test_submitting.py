"""Handing in: who may, what, when, how often, and how late it is."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.changing.labs import SUBMIT, Labs, number

AGO, AHEAD = datetime(2026, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture
def labs(api, world, owner):
    return Labs(api, world, owner)


async def test_what_is_handed_in_is_there_whole(labs, owner):
    item = await labs.item()
    payload = await labs.submit(item, text="  *My* work.\n", url="https://work.example/1")
    submission_id = payload["submission"].pop("id")
    assert payload == {
        "submission": {
            "attemptNumber": 1,
            "status": "SUBMITTED",
            "text": "  *My* work.\n",
            "artifactsUrl": "https://work.example/1",
            "lateSeconds": 0,
            "latePenaltyPercent": "0.00",
            "rawScore": None,
            "score": None,
            "maxScore": None,
            "user": {"id": labs.person("student")},
        },
        "errors": [],
    }
    audit = await owner.fetchrow("SELECT * FROM audit_log WHERE entity = 'Submission' ORDER BY id DESC LIMIT 1")
    assert (audit["act"], audit["entity"], audit["entity_id"]) == (
        "submission.submit", "Submission", number(submission_id),
    )  # fmt: skip
    assert json.loads(audit["new_values"]) == {
        "userId": labs.world.people["student"],
        "offeringId": labs.world.alpha["private"]["id"],
        "contentItemId": number(item),
        "attemptNumber": 1,
        "status": "submitted",
        "lateSeconds": 0,
        "latePenaltyPercent": "0",
        "uploadIds": [],
    }
    told = await owner.fetchrow(
        "SELECT topic, entity_id FROM outbox WHERE entity = 'Submission' ORDER BY id DESC LIMIT 1"
    )
    assert tuple(told) == ("submission.submitted", number(submission_id))
    assert (await labs.submit(item))["submission"]["attemptNumber"] == 2


async def test_nobody_hands_in_without_a_name(labs, api):
    item = await labs.item()
    before = await labs.state()
    given = {"input": {"offeringId": labs.offering, "contentItemId": item, "text": "x"}}
    answer = await api(SUBMIT, given)
    assert answer["data"] == {"submitWork": None}
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await labs.state() == before


@pytest.mark.parametrize("person", ["bystander", "admin", "instructor", "far_admin", "section_ta"])
async def test_who_is_not_enrolled_is_told_that_there_is_nothing(labs, person):
    """As of an offering that there is not."""
    item = await labs.item()
    before = await labs.state()
    payload = await labs.submit(item, person)
    (error,) = payload["errors"]
    assert (payload["submission"], error["code"], error["path"]) == (None, "NOT_FOUND", ["input", "offeringId"])
    other = await labs.submit(await labs.item(), person)
    assert other == payload
    assert await labs.state() == before


async def test_an_outsider_may_not(labs):
    payload = await labs.submit(await labs.item(), "beta_admin")
    assert [error["code"] for error in payload["errors"]] == ["FORBIDDEN"]


async def test_who_has_dropped_hands_nothing_in(labs, owner):
    item = await labs.item()
    change = "UPDATE course_enrollments SET status = $1::enrollment_status_enum WHERE user_id = $2"
    person = labs.world.people["other"]
    await owner.execute(change, "dropped", person)
    try:
        payload = await labs.submit(item, "other")
    finally:
        await owner.execute(change, "active", person)
    assert [error["code"] for error in payload["errors"]] == ["NOT_ENROLLED"]


async def test_what_students_do_not_see_is_not_there(labs, owner):
    hidden = await labs.item(name="below")
    inactive = await labs.item()
    await owner.execute("UPDATE content_items SET is_active = false WHERE id = $1", number(inactive))
    text = await labs.item("text")
    nothing = labs.id("AssignmentContent", 999_999)
    found = [await labs.submit(item) for item in (hidden, inactive, nothing)]
    assert found == [found[0]] * 3
    assert [(e["code"], e["path"]) for e in found[0]["errors"]] == [("NOT_FOUND", ["input", "contentItemId"])]
    assert [e["code"] for e in (await labs.submit(text))["errors"]] == ["NOT_FOUND"]
    assert [e["code"] for e in (await labs.submit(labs.id("AssignmentContent", number(text))))["errors"]] == [
        "NOT_FOUND"
    ]


REFUSED = [
    ({}, "INVALID", ["input"]),
    ({"text": " \n"}, "INVALID", ["input", "text"]),
    ({"text": "x" * 100_001}, "INVALID", ["input", "text"]),
    ({"text": "a\0b"}, "INVALID", ["input", "text"]),
    ({"text": "x", "url": "javascript:alert(1)"}, "INVALID", ["input", "url"]),
    ({"text": "x", "url": "https://"}, "INVALID", ["input", "url"]),
    ({"text": "x", "url": "https://[::1"}, "INVALID", ["input", "url"]),
    ({"text": "x", "url": "https://x.example/" + "x" * 1024}, "INVALID", ["input", "url"]),
    ({"url": "https://x.example/"}, "INVALID", ["input", "url"]),
    ({"text": "x", "uploadIds": ["x"] * 11}, "LIMIT_REACHED", ["input", "uploadIds"]),
    ({"text": "x", "uploadIds": ["x"]}, "NOT_FOUND", ["input", "uploadIds"]),
]


@pytest.mark.parametrize(("given", "code", "path"), REFUSED)
async def test_what_cannot_be_taken(labs, given, code, path):
    item = await labs.item(payload={"submission_types": ["text", "file"]})
    before = await labs.state()
    wanted = {"offeringId": labs.offering, "contentItemId": item, **given}
    payload = await labs.sent(SUBMIT, wanted, "student")
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, path)]
    assert await labs.state() == before


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"unlock_at": AHEAD}, "this opens at 2999-01-01T00:00:00+00:00"),
        (
            {"due_at": AGO, "lock_at": AGO + timedelta(days=1)},
            "nothing is accepted any more since 2026-01-02T00:00:00+00:00",
        ),
    ],
)
async def test_what_is_not_open_is_closed(labs, setting, said):
    item = await labs.item(**setting)
    before = await labs.state()
    payload = await labs.submit(item)
    assert payload["errors"] == [{"code": "CLOSED", "message": said, "path": ["input", "contentItemId"]}]
    assert await labs.state() == before


async def test_dates_of_ones_own_count_before_those_for_all(labs):
    item = await labs.item(due_at=AGO, lock_at=AGO)
    await labs.asks(number(item), user_id=labs.world.people["student"], due_at=AHEAD)
    assert (await labs.submit(item))["errors"] == []
    assert [error["code"] for error in (await labs.submit(item, "other"))["errors"]] == ["CLOSED"]


@pytest.mark.parametrize("when", ["starts_at", "ends_at"])
async def test_an_offering_that_does_not_run_takes_nothing(labs, owner, when):
    item = await labs.item()
    offering = labs.world.alpha["private"]
    moment = AHEAD if when == "starts_at" else AGO
    await owner.execute(
        "UPDATE course_offerings SET starts_at = $1, ends_at = $2 WHERE id = $3",
        moment if when == "starts_at" else None, moment if when == "ends_at" else None, offering["id"],
    )  # fmt: skip
    try:
        payload = await labs.submit(item)
    finally:
        await owner.execute(
            "UPDATE course_offerings SET starts_at = $1, ends_at = $2 WHERE id = $3",
            offering["starts_at"], offering["ends_at"], offering["id"],
        )  # fmt: skip
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("CLOSED", ["input", "offeringId"])]


async def test_attempts_at_once_are_numbered_without_a_gap_up_to_the_limit(labs, owner):
    item = await labs.item(max_submissions=7)
    both = [(name, labs.submit(item, name)) for name in ("student", "other") for _ in range(12)]
    payloads = await asyncio.gather(*(sent for _, sent in both))
    refused = [error["code"] for payload in payloads for error in payload["errors"]]
    assert refused == ["LIMIT_REACHED"] * 10
    for name in ("student", "other"):
        rows = await owner.fetch(
            "SELECT attempt_number FROM lab_submissions WHERE content_item_id = $1 AND user_id = $2 ORDER BY id",
            number(item), labs.world.people[name],
        )  # fmt: skip
        assert [row[0] for row in rows] == [1, 2, 3, 4, 5, 6, 7]


async def test_how_late_it_is_follows_the_databases_clock(labs, owner):
    """Begun days count: a second more than two days are three."""
    for ago, late, penalty in ((timedelta(seconds=-30), 0, "0"), (timedelta(seconds=5), 1, "12.50"),
                               (timedelta(hours=23), 1, "12.50"), (timedelta(days=2, seconds=1), 3, "37.50"),
                               (timedelta(days=30), 31, "100")):  # fmt: skip
        item = await labs.item(late_penalty_percent_per_day=Decimal("12.5"))
        await owner.execute(
            "UPDATE content_item_settings SET due_at = now() - $1::interval WHERE content_item_id = $2",
            ago, number(item),
        )  # fmt: skip
        submission = (await labs.submit(item))["submission"]
        lower = max(0, int(ago.total_seconds()))
        assert lower <= submission["lateSeconds"] <= lower + 20
        assert -(-submission["lateSeconds"] // 86400) == late
        assert Decimal(submission["latePenaltyPercent"]) == Decimal(penalty)


async def test_without_a_penalty_it_is_late_all_the_same(labs):
    item = await labs.item(due_at=AGO)
    submission = (await labs.submit(item))["submission"]
    assert submission["lateSeconds"] > 86400
    assert submission["latePenaltyPercent"] == "0.00"


async def test_the_same_key_hands_in_once(labs, api, owner):
    item = await labs.item()
    body = {
        "query": SUBMIT,
        "variables": {"input": {"offeringId": labs.offering, "contentItemId": item, "text": "once"}},
    }
    headers = {**api.headers(labs.world.people["student"]), "Idempotency-Key": "hand-in-once"}
    answers = [await api.client.post("/u/ALPHA/graphql", json=body, headers=headers) for _ in range(3)]
    ids = {answer.json()["data"]["submitWork"]["submission"]["id"] for answer in answers}
    assert len(ids) == 1
    assert await owner.fetchval("SELECT count(*) FROM lab_submissions WHERE content_item_id = $1", number(item)) == 1
