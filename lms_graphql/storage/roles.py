"""The database roles, made once by a superuser; no revision makes them, since roles belong to the whole server.

`lms_owner` owns everything and can't log in; `lms_app` is what the application is; `lms_auth` reads credentials;
`lms_platform` reads across universities for the few declared fan-outs.
"""

import asyncpg
from sqlalchemy import URL

from lms_graphql.storage.database import on_driver
from lms_graphql.storage.errors import RolesMissingError

_APP_SETTINGS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    # Of two who wait for one another one is told so after this time, and tries again. Fifty who lock two rows in two
    # orders wait for each such look in turn: the slowest of 100 took 3 s with 100 ms, 0.4 s with this (measured).
    "deadlock_timeout": "10ms",
    "idle_in_transaction_session_timeout": "10s",
    # Left alone, PostgreSQL plans every statement anew each time, since an array of keys looks cheaper known than
    # unknown; that cost as much as running it (measured: 200 items 0.88 ms of CPU, 0.57 so).
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
_AUTH_SETTINGS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}
_ROLES = {
    "lms_owner": "NOLOGIN",
    "lms_app": "LOGIN",
    "lms_auth": "LOGIN",
    "lms_platform": "LOGIN BYPASSRLS",
}


def _quoted(text: str) -> str:
    """A literal for a statement that takes no parameters."""
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def bootstrap(superuser_url: URL, database: str, *, app_password: str | None = None) -> None:
    """Make the roles that are missing and the database, owned by lms_owner. Safe to repeat.

    `superuser_url` leads to a maintenance database, usually `postgres`. A password is set where one is given (the login
    roles share it; change it with ALTER ROLE); without one the server's pg_hba must let them in, as the embedded does.
    """

    async def work(driver: asyncpg.Connection) -> None:
        # Roles belong to the whole server, and two who change one at the same moment would get in each other's way.
        await driver.execute("SELECT pg_advisory_lock(hashtext('lms_graphql roles'))")
        for role, rights in _ROLES.items():
            if not await driver.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
                await _create_role(driver, role, rights)
            if app_password is not None and "NOLOGIN" not in rights:
                await driver.execute(f"ALTER ROLE {role} PASSWORD {_quoted(app_password)}")
        for role, settings in (("lms_app", _APP_SETTINGS), ("lms_auth", _AUTH_SETTINGS)):
            for setting, value in settings.items():
                await driver.execute(f"ALTER ROLE {role} SET {setting} = {_quoted(value)}")
        if not await driver.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database):
            await driver.execute(
                f"CREATE DATABASE {_identifier(database)} OWNER lms_owner TEMPLATE template0 ENCODING 'UTF8'"
            )

    await on_driver(superuser_url, work)


async def require_bound(url: URL) -> str:
    """The name of the role that this URL connects as; RolesMissingError when row-level security does not bind it."""

    async def work(driver: asyncpg.Connection) -> asyncpg.Record:
        return await driver.fetchrow(
            "SELECT rolname, rolsuper OR rolbypassrls AS unbound, EXISTS (SELECT FROM pg_class"
            " WHERE relowner = pg_roles.oid AND relnamespace = 'public'::regnamespace) AS owns"
            " FROM pg_roles WHERE rolname = current_user"
        )

    role = await on_driver(url, work)
    name: str = role["rolname"]
    if role["unbound"] or role["owns"]:
        raise RolesMissingError(f"{name} is not bound by row-level security: connect as lms_app")
    return name


async def _create_role(driver: asyncpg.Connection, role: str, rights: str) -> None:
    try:
        await driver.execute(f"CREATE ROLE {role} {rights}")
    except asyncpg.DuplicateObjectError:
        return  # another process was faster
