"""Sessions: tokens that replace one another, and what ends them. All through the services, on PostgreSQL."""

import asyncio

import pytest

from lms_graphql.identity.credentials import Credentials
from lms_graphql.identity.opaque import Prefix, digest, mint
from lms_graphql.identity.sessions import Recognised, Sessions
from lms_graphql.storage.database import create_engine


@pytest.fixture
async def sessions(own, people, admin):
    await admin.execute("DELETE FROM sessions")
    await admin.execute("UPDATE users SET password_hash = 'known'")
    engine = create_engine(own.app.set(username="lms_auth"), pool_size=3)
    yield Sessions(Credentials(engine))
    await engine.dispose()


@pytest.fixture
def student(people):
    return people["student"]


async def later(admin, interval):
    """Let time pass for all sessions."""
    await admin.execute(
        f"UPDATE sessions SET expires_at = expires_at - interval '{interval}',"
        f" revoked_at = revoked_at - interval '{interval}'"
    )
    columns = ("access_expires_at", "refresh_expires_at", "used_at", "replaced_at")
    changes = ", ".join(f"{column} = {column} - interval '{interval}'" for column in columns)
    await admin.execute(f"UPDATE session_tokens SET {changes}")


async def test_only_hashes_are_stored(sessions, student, admin):
    tokens = await sessions.begin(student, "known")
    assert tokens.access_token.startswith("lms_at_")
    assert tokens.refresh_token.startswith("lms_rt_")
    assert len(tokens.access_token) == len(tokens.refresh_token) == 7 + 43
    stored = await admin.fetchrow("SELECT access_digest, refresh_digest FROM session_tokens")
    assert tuple(stored) == (
        digest(tokens.access_token, Prefix.ACCESS),
        digest(tokens.refresh_token, Prefix.REFRESH),
    )
    dump = str(await admin.fetch("SELECT * FROM session_tokens")) + str(await admin.fetch("SELECT * FROM sessions"))
    for token in (tokens.access_token, tokens.refresh_token):
        assert token not in dump
        assert token not in repr(tokens)
    assert mint(Prefix.ACCESS).token not in repr(mint(Prefix.ACCESS))


async def test_how_long_tokens_are_good(sessions, student, admin):
    tokens = await sessions.begin(student, "known")
    now = await admin.fetchval("SELECT now()")
    ends = await admin.fetchval("SELECT expires_at FROM sessions")
    lasts = [round((moment - now).total_seconds() / 60) for moment in (tokens[2], tokens[4], ends)]
    assert lasts == [15, 12 * 60, 7 * 24 * 60]
    await later(admin, "14 minutes 50 seconds")
    assert (await sessions.recognise(tokens.access_token)).user_id == student
    await later(admin, "11 seconds")
    assert await sessions.recognise(tokens.access_token) is None
    await later(admin, "11 hours 44 minutes")
    renewed = await sessions.refresh(tokens.refresh_token)
    await later(admin, "12 hours 1 second")
    assert await sessions.refresh(renewed.refresh_token) is None


async def test_no_session_outlives_seven_days(sessions, student, admin):
    tokens = await sessions.begin(student, "known")
    for _ in range(15):
        await later(admin, "11 hours")
        tokens = await sessions.refresh(tokens.refresh_token)
    left = (tokens.refresh_expires_at - await admin.fetchval("SELECT now()")).total_seconds()
    assert 2.9 * 3600 < left < 3 * 3600
    await later(admin, "2 hours 50 minutes")
    tokens = await sessions.refresh(tokens.refresh_token)
    assert (tokens.access_expires_at - await admin.fetchval("SELECT now()")).total_seconds() < 10 * 60 + 1
    await later(admin, "11 minutes")
    assert await sessions.refresh(tokens.refresh_token) is None
    assert await sessions.recognise(tokens.access_token) is None


async def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_session(sessions, student, admin):
    first = await sessions.begin(student, "known")
    second = await sessions.refresh(first.refresh_token)
    third = await sessions.refresh(second.refresh_token)
    assert await sessions.recognise(third.access_token) is not None
    assert await sessions.refresh(first.refresh_token) is None  # its successor was used
    for tokens in (first, second, third):
        assert await sessions.recognise(tokens.access_token) is None
        assert await sessions.refresh(tokens.refresh_token) is None


async def test_reuse_after_thirty_seconds_ends_the_session_though_the_successor_lies_unused(sessions, student, admin):
    first = await sessions.begin(student, "known")
    second = await sessions.refresh(first.refresh_token)
    await later(admin, "31 seconds")
    assert await sessions.refresh(first.refresh_token) is None
    assert await sessions.recognise(second.access_token) is None


async def test_an_answer_that_was_lost_is_given_again_within_thirty_seconds(sessions, student, admin):
    first = await sessions.begin(student, "known")
    lost = await sessions.refresh(first.refresh_token)
    await later(admin, "29 seconds")
    again = await sessions.refresh(first.refresh_token)
    assert await sessions.recognise(again.access_token) is not None
    assert await sessions.recognise(lost.access_token) is None
    following = await sessions.refresh(again.refresh_token)
    assert await sessions.recognise(following.access_token) is not None
    assert await sessions.refresh(lost.refresh_token) is None  # so it was not lost: somebody has it
    assert await sessions.recognise(following.access_token) is None


async def test_who_refreshes_at_the_same_moment_ends_with_one_pair(sessions, student, admin):
    first = await sessions.begin(student, "known")
    pairs = await asyncio.gather(*(sessions.refresh(first.refresh_token) for _ in range(10)))
    alive = [pair for pair in pairs if pair and await sessions.recognise(pair.access_token)]
    assert len(alive) == 1
    assert await admin.fetchval("SELECT count(*) FROM session_tokens WHERE replaced_at IS NULL") == 2


async def test_other_sessions_of_the_person_go_on(sessions, student, people):
    one, other, foreign = [await sessions.begin(user, "known") for user in (student, student, people["other"])]
    session = (await sessions.recognise(one.access_token)).session_id
    assert await sessions.revoke(session) == 1
    assert await sessions.revoke(session) == 0
    assert await sessions.recognise(one.access_token) is None
    assert await sessions.refresh(one.refresh_token) is None
    assert await sessions.recognise(other.access_token) == Recognised(student, session + 1)
    assert await sessions.revoke_all(student) == 1
    assert await sessions.recognise(other.access_token) is None
    assert await sessions.recognise(foreign.access_token) is not None


async def test_a_person_who_is_deactivated_can_not_refresh(sessions, student, admin):
    tokens = await sessions.begin(student, "known")
    await admin.execute("UPDATE users SET is_active = false WHERE id = $1", student)
    try:
        assert await sessions.refresh(tokens.refresh_token) is None
    finally:
        await admin.execute("UPDATE users SET is_active = true WHERE id = $1", student)
    assert await sessions.refresh(tokens.refresh_token) is not None


async def test_no_session_begins_with_a_password_that_was_changed_meanwhile(sessions, student, admin):
    assert await sessions.begin(student, "unknown") is None
    assert await admin.fetchval("SELECT count(*) FROM sessions") == 0


async def test_a_token_is_of_one_kind(sessions, student):
    tokens = await sessions.begin(student, "known")
    swapped = "lms_at_" + tokens.refresh_token[7:], "lms_rt_" + tokens.access_token[7:]
    for token in (tokens.refresh_token, *swapped, "lms_at_", "lms_at_" + "é" * 43, "", tokens.access_token + "a"):
        assert await sessions.recognise(token) is None
        if token != tokens.refresh_token:
            assert await sessions.refresh(token) is None
    assert await sessions.recognise(tokens.access_token) is not None


async def test_what_ended_long_ago_is_forgotten(sessions, student, admin):
    await sessions.begin(student, "known")
    await later(admin, "8 days 1 minute")
    sessions._begun = 99
    await sessions.begin(student, "known")
    assert await admin.fetchval("SELECT count(*) FROM sessions") == 1
    assert await admin.fetchval("SELECT count(*) FROM session_tokens") == 1
