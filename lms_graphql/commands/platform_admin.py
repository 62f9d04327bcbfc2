"""`lms-graphql user platform-admin`: who administers the platform. The first who does can only be named here."""

import asyncio

import orjson
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.commands.console import fail, say
from lms_graphql.commands.database import databases, owner_connection
from lms_graphql.engine.inputs import line
from lms_graphql.engine.usererrors import Refused
from lms_graphql.settings import Settings
from lms_graphql.storage import migrations
from lms_graphql.tenancy.addresses import address

_LONGEST_NAME = 255
_FIND = text("SELECT id, is_active FROM users WHERE lower(email) = lower(:email) FOR KEY SHARE")
_ADD_ACCOUNT = text("SELECT user_id FROM accounts_of(ARRAY[CAST(:email AS text)], ARRAY[CAST(:name AS text)])")
_GRANT = text(
    "INSERT INTO platform_administrators (user_id) VALUES (:user_id) ON CONFLICT DO NOTHING RETURNING user_id"
)
_REVOKE = text("DELETE FROM platform_administrators WHERE user_id = :user_id RETURNING user_id")
_WRITE_DOWN = text(
    "INSERT INTO platform_audit_log (act, entity, entity_id, old_values, new_values, request_id)"
    " VALUES (:act, 'User', :user_id, CAST(:before AS jsonb), CAST(:after AS jsonb), 'lms-graphql user')"
)


def platform_admin(settings: Settings, *, email: str, name: str | None, revoke: bool) -> None:
    """Let somebody administer the platform, or no longer; with a name, an account is added for who has none.

    Safe to repeat. The platform's log tells of it, by nobody.
    """
    if name is not None:
        email, name = _checked(email, name)
    with databases(settings) as found:
        say(asyncio.run(_settled(found.app, found.owner_or_fail(), email, name, revoke=revoke)))


def _checked(email: str, name: str) -> tuple[str, str]:
    """The address and the name, as an account has them."""
    try:
        return address(email, ("email",)), line(name, ("--name",), most=_LONGEST_NAME)
    except Refused as refused:
        (failure,) = refused.failures
        fail(f"{failure.path[0]}: {failure.message}")


async def _settled(app: URL, owner: URL, email: str, name: str | None, *, revoke: bool) -> str:
    """Make it so, in one transaction as lms_owner; gives what is so now."""
    await migrations.require_head(app)
    async with owner_connection(owner) as connection:
        user_id = await _account(connection, email, name, may_be_closed=revoke)
        changed = (await connection.execute(_REVOKE if revoke else _GRANT, {"user_id": user_id})).all()
        if changed:
            told = {
                "act": "platform_admin.revoke" if revoke else "platform_admin.grant",
                "user_id": user_id,
                "before": _json(revoke),
                "after": _json(not revoke),
            }
            await connection.execute(_WRITE_DOWN, told)
    if revoke:
        return f"{email} does not administer the platform{' any more' if changed else ', and did not before'}"
    return f"{email} administers the platform{'' if changed else ', and did before'}"


async def _account(connection: AsyncConnection, email: str, name: str | None, *, may_be_closed: bool) -> int:
    """The number of the account with this address; of a new one where there is none and a name is given."""
    row = (await connection.execute(_FIND, {"email": email})).one_or_none()
    if row is None:
        if name is None:
            fail(f"nobody has the address {email}; --name adds an account")
        return int((await connection.execute(_ADD_ACCOUNT, {"email": email, "name": name})).scalar_one())
    if not (row.is_active or may_be_closed):
        fail(f"the account of {email} is closed")
    return int(row.id)


def _json(is_admin: bool) -> str:
    return orjson.dumps({"isPlatformAdmin": is_admin}).decode()
