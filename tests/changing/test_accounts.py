"""Accounts by their addresses: found or made, once for whoever asks at the same moment, and nothing told of them."""

import asyncio

import asyncpg
import pytest

from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.usererrors import Refused
from lms_graphql.engine.work import Work
from lms_graphql.storage.database import connect
from lms_graphql.tenancy.accounts import Person, accounts_of
from lms_graphql.tenancy.addresses import address


async def asked(api, world, *people, keep=True):
    """What `accounts_of` gives, and how many statements it was."""
    here = world.alpha.university["id"]
    viewer = Viewer(world.people["admin"], here, standing=Standing.ADMIN)
    async with api.service.snapshot() as snapshot:
        await snapshot.act_for(here, viewer.user_id)
        async with snapshot.transaction() as transaction:
            work = Work(Context(viewer, snapshot, Cursors(b"x" * 32)), transaction)
            found = await accounts_of(work, [Person(*person) for person in people])
            if keep:
                await transaction.commit()
            return found, transaction.statements


async def accounts(owner):
    rows = await owner.fetch("SELECT id, email, full_name, password_hash, is_active FROM users ORDER BY id")
    return [tuple(row) for row in rows]


async def test_found_or_made_in_their_order_in_one_statement(api, world, owner):
    before = await accounts(owner)
    people = [("Ada@new.example", "Ada"), ("STUDENT@test.example", "Somebody else"), ("bo@new.example", "Bo"),
              ("ada@NEW.example", "Not Ada")]  # fmt: skip
    found, statements = await asked(api, world, *people)
    ada, bo = found[0], found[2]
    assert (found, statements) == ([ada, world.people["student"], bo, ada], 1)
    made = [(ada, "Ada@new.example", "Ada", "!", True), (bo, "bo@new.example", "Bo", "!", True)]
    assert await accounts(owner) == sorted([*before, *made])
    assert await asked(api, world, *people) == (found, 1)
    assert await accounts(owner) == sorted([*before, *made])
    assert await asked(api, world) == ([], 1)


async def test_fifty_at_once_make_one_account(api, world, owner):
    before = await accounts(owner)
    people = [(("One@many.example", "one@many.example")[number % 2], f"Number {number}") for number in range(50)]
    found = await asyncio.gather(*(asked(api, world, person) for person in people))
    ids = {id_ for ids, _ in found for id_ in ids}
    (row,) = set(await accounts(owner)) - set(before)
    assert ids == {row[0]}
    assert row[1].lower() == "one@many.example"


async def test_those_who_make_the_same_accounts_in_other_orders_do_not_meet(api, world):
    people = [(f"p{number}@order.example", "P") for number in range(20)]
    found = await asyncio.gather(*(asked(api, world, *people[::step]) for step in (1, -1) * 10))
    assert all(ids == found[0][0] for ids, _ in found[::2])
    assert all(ids == found[0][0][::-1] for ids, _ in found[1::2])


async def test_what_is_not_kept_is_not_there(api, world, owner):
    before = await accounts(owner)
    await asked(api, world, ("never@kept.example", "Never"), keep=False)
    assert await accounts(owner) == before


async def test_an_address_that_is_none_refuses_all(api, world, owner):
    before = await accounts(owner)
    with pytest.raises(Refused, match="'no address' is no e-mail address"):
        await asked(api, world, ("fine@new.example", "Fine"), ("no address", "Not"))
    assert await accounts(owner) == before


async def test_lms_app_still_reads_no_address(written):
    driver = await connect(written.app)
    for statement in (
        "SELECT email FROM users",
        "INSERT INTO users (email, full_name, password_hash) VALUES ('', '', '')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await driver.execute(statement)
    await driver.close()


GOOD = ["a@b.example", " ada.b+lms@uni-x.example.edu ", "ü@bücher.example", "o'neil@x.example", "a" * 64 + "@b.co"]
BAD = [
    *("", " ", "ada", "ada@", "@b.example", "ada@localhost", "a b@c.example", "a@b@c.example", "a..b@c.example"),
    *("a@b..example", "a@-b.example", "a@b.example.", "Ada <ada@b.example>", "a@b.example,c@d.example"),
    *("a\x00@b.example", "a\n@b.example", "a@b.exam\u2028ple", "\ud800@b.example"),
    *("a" * 65 + "@b.example", "a@" + "b" * 63 + ".c" * 130),
]


@pytest.mark.parametrize("given", GOOD)
def test_addresses(given):
    assert address(given, ("input", "email")) == given.strip()


@pytest.mark.parametrize("given", BAD)
def test_what_is_no_address(given):
    with pytest.raises(Refused) as caught:
        address(given, ("input", "email"))
    ((code, _, path, _),) = caught.value.failures
    assert (code.name, path) == ("INVALID", ("input", "email"))
