"""Local accounts: passwords, and how often they may be guessed."""

import asyncio
import statistics
import time

import pytest
from argon2 import PasswordHasher

from lms_graphql.identity.attempts import Attempts, ThrottledError
from lms_graphql.identity.credentials import Credentials
from lms_graphql.identity.passwords import PasswordLengthError, Passwords
from lms_graphql.identity.service import LocalAccounts, WrongCredentialsError
from lms_graphql.identity.sessions import Sessions
from lms_graphql.storage.database import create_engine

EMAIL, PASSWORD = "student@test.example", "correct horse battery"


@pytest.fixture
async def credentials(own, people, admin):
    await admin.execute("DELETE FROM sessions")
    await admin.execute("TRUNCATE login_attempts")
    engine = create_engine(own.app.set(username="lms_auth"), pool_size=3)
    yield Credentials(engine)
    await engine.dispose()


@pytest.fixture
async def passwords():
    """With little memory, for all but the tests of what hashing costs."""
    made = Passwords(memory_kib=64)
    yield made
    made.close()


@pytest.fixture
async def accounts(credentials, passwords, people):
    made = LocalAccounts(credentials, Sessions(credentials), passwords)
    await made.set_password(people["student"], PASSWORD)
    return made


async def failures(admin):
    return {row[0].split()[0]: row[1] for row in await admin.fetch("SELECT bucket, failures FROM login_attempts")}


async def test_a_right_password_begins_a_session(accounts, admin, people):
    for email in (EMAIL, "  STUDENT@Test.Example "):
        tokens = await accounts.login(email, PASSWORD, "192.0.2.1")
        assert tokens.user_id == people["student"]
    assert await admin.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", people["student"]) == 2
    assert await failures(admin) == {"account": 0, "network": 0}


WRONG = {
    "another password": (EMAIL, PASSWORD + "x"),
    "no password": (EMAIL, ""),
    "nobody": ("nobody@test.example", PASSWORD),
    "an account without a password": ("other@test.example", "!"),
    "a person who is not active": ("gone@test.example", PASSWORD),
    "no address": ("", PASSWORD),
    "an address with a zero": ("student@test.example\0", PASSWORD),
    "half a letter": ("\ud800", "\ud800" * 12),
    "an address without end": ("a" * 10_000, PASSWORD),
    "a password without end": (EMAIL, "a" * 100_000),
    "SQL": ("' OR 1=1 --", "' OR 1=1 --"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_all_that_is_wrong_is_told_alike_and_counted(accounts, admin, people, name):
    await accounts.set_password(people["gone"], PASSWORD)
    with pytest.raises(WrongCredentialsError) as caught:
        await accounts.login(*WRONG[name], "192.0.2.1")
    assert str(caught.value) == ""
    assert await failures(admin) == {"pair": 1, "account": 1, "network": 1}
    assert await admin.fetchval("SELECT count(*) FROM sessions") == 0
    assert "@" not in str(await admin.fetch("SELECT * FROM login_attempts"))


async def test_letters_are_the_same_however_they_are_composed(accounts, people):
    await accounts.set_password(people["student"], "Cafe\u0301 au lait 12")
    assert await accounts.login(EMAIL, "Caf\u00e9 au lait 12", "192.0.2.1")


async def test_a_hash_with_other_parameters_is_renewed_on_login(accounts, passwords, admin, people):
    old = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(PASSWORD)
    await admin.execute("UPDATE users SET password_hash = $1 WHERE id = $2", old, people["student"])
    await accounts.login(EMAIL, PASSWORD, "192.0.2.1")
    stored = await admin.fetchval("SELECT password_hash FROM users WHERE id = $1", people["student"])
    assert stored != old
    assert stored.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    await accounts.login(EMAIL, PASSWORD, "192.0.2.1")
    assert await admin.fetchval("SELECT password_hash FROM users WHERE id = $1", people["student"]) == stored


async def test_what_is_hashed_in_production_is_argon2id_with_46_mib():
    made = Passwords()
    assert (await made.hash(PASSWORD)).startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    made.close()


@pytest.mark.parametrize(("length", "is_good"), [(11, False), (12, True), (128, True), (129, False)])
async def test_how_long_a_new_password_is(accounts, people, length, is_good):
    if is_good:
        assert await accounts.set_password(people["student"], "a" * length)
        assert await accounts.login(EMAIL, "a" * length, "192.0.2.1")
    else:
        with pytest.raises(PasswordLengthError, match="12 to 128"):
            await accounts.set_password(people["student"], "a" * length)


async def test_changing_a_password_ends_all_other_sessions(accounts, credentials, people, admin):
    sessions = Sessions(credentials)
    mine, others = [await accounts.login(EMAIL, PASSWORD, "192.0.2.1") for _ in range(2)]
    this = (await sessions.recognise(mine.access_token)).session_id
    given = {"current": PASSWORD, "new": "another password", "network": "192.0.2.1"}
    for bad, error in (({"current": "wrong"}, WrongCredentialsError), ({"new": "short"}, PasswordLengthError)):
        with pytest.raises(error):
            await accounts.change_password(people["student"], this, **{**given, **bad})
    assert await sessions.recognise(others.access_token) is not None
    assert await accounts.change_password(people["student"], this, **given) == 1
    assert await sessions.recognise(mine.access_token) is not None
    assert await sessions.recognise(others.access_token) is None
    assert await sessions.refresh(others.refresh_token) is None
    with pytest.raises(WrongCredentialsError):
        await accounts.login(EMAIL, PASSWORD, "192.0.2.1")
    assert await accounts.login(EMAIL, "another password", "192.0.2.1")


async def test_who_signs_in_while_the_password_changes_is_out_when_it_has_changed(accounts, people, admin):
    for number in range(30):
        old, new = PASSWORD + str(number or ""), PASSWORD + str(number + 1)
        given = {"current": old, "new": new, "network": "192.0.2.1"}
        outcomes = await asyncio.gather(
            *(accounts.login(EMAIL, old, "192.0.2.1") for _ in range(3)),
            accounts.change_password(people["student"], None, **given),
            return_exceptions=True,
        )
        assert isinstance(outcomes[-1], int)
        assert await admin.fetchval("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 0


async def test_the_loop_goes_on_while_passwords_are_hashed():
    made = Passwords()
    turns = 0

    async def count():
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    counter = asyncio.create_task(count())
    await asyncio.gather(*(made.verify(PASSWORD, None) for _ in range(6)))
    counter.cancel()
    made.close()
    assert turns > 10


@pytest.mark.alone
async def test_an_account_that_is_not_there_takes_as_long_as_a_wrong_password(credentials, people):
    """200 of each, in turns that change, so that all meet the same load; compared is the quarter that met least."""
    passwords = Passwords(memory_kib=8 * 1024)
    accounts = LocalAccounts(credentials, Sessions(credentials), passwords)
    await accounts.set_password(people["student"], PASSWORD)
    accounts._attempts = Unlimited()
    taken = {EMAIL: [], "nobody@test.example": [], "other@test.example": []}
    for number in range(200):
        for email in [*taken][number % 3 :] + [*taken][: number % 3]:
            times = taken[email]
            began = time.perf_counter()
            with pytest.raises(WrongCredentialsError):
                await accounts.login(email, "a wrong password", "192.0.2.1")
            times.append(time.perf_counter() - began)
    passwords.close()
    quartiles = [statistics.quantiles(times, n=4)[0] for times in taken.values()]
    assert max(quartiles) / min(quartiles) < 1.1, quartiles


class Unlimited:
    async def take(self, account, network):
        pass


# ---- throttling ----


async def fail(accounts, email, network, times):
    for _ in range(times):
        with pytest.raises(WrongCredentialsError):
            await accounts.login(email, "a wrong password", network)


@pytest.mark.parametrize("email", [EMAIL, "nobody@test.example"])
async def test_ten_failures_of_an_account_from_one_network(accounts, admin, email):
    await fail(accounts, email, "192.0.2.1", 10)
    for password in ("a wrong password", PASSWORD):  # it is not even looked at
        with pytest.raises(ThrottledError) as caught:
            await accounts.login(email, password, "192.0.2.1")
        assert 880 <= caught.value.seconds <= 900
    assert await failures(admin) == {"pair": 10, "account": 10, "network": 10}
    if email == EMAIL:
        assert await accounts.login(email, PASSWORD, "192.0.2.2")
    await admin.execute("UPDATE login_attempts SET ends_at = ends_at - interval '15 minutes 1 second'")
    await fail(accounts, email, "192.0.2.1", 1)


async def test_the_ninth_failure_is_forgiven_by_a_success(accounts, admin):
    await fail(accounts, EMAIL, "192.0.2.1", 9)
    assert await accounts.login(EMAIL, PASSWORD, "192.0.2.1")
    await fail(accounts, EMAIL, "192.0.2.1", 10)
    with pytest.raises(ThrottledError):
        await accounts.login(EMAIL, PASSWORD, "192.0.2.1")


LIMITS = [
    (lambda number: (EMAIL, f"192.0.2.{number}"), 100),
    (lambda number: (f"guest{number}@test.example", "192.0.2.1"), 1000),
]


@pytest.mark.parametrize(("attempt", "most"), LIMITS, ids=["of an account", "from a network"])
async def test_failures_in_an_hour(credentials, admin, attempt, most):
    attempts = Attempts(credentials)
    for number in range(most):
        await attempts.take(*attempt(number))
    with pytest.raises(ThrottledError) as caught:
        await attempts.take(*attempt(most))
    assert 3500 <= caught.value.seconds <= 3600
    await attempts.take("somebody else", "198.51.100.1")
    await admin.execute("UPDATE login_attempts SET ends_at = ends_at - interval '1 hour 1 second'")
    await attempts.take(*attempt(most))


async def test_attempts_at_the_same_moment_count_as_many_across_workers(own, credentials, people):
    engines = [create_engine(own.app.set(username="lms_auth"), pool_size=5, pool_wait_seconds=30) for _ in range(2)]
    workers = [Attempts(Credentials(engine)) for engine in engines]
    outcomes = await asyncio.gather(
        *(workers[number % 2].take(EMAIL, "192.0.2.1") for number in range(50)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes].count(ThrottledError) == 40
    assert outcomes.count(None) == 10
    for engine in engines:
        await engine.dispose()
