"""`lms-graphql token`."""

import asyncio

import asyncpg

from lms_graphql.commands.console import fail, say
from lms_graphql.commands.database import databases
from lms_graphql.server.authentication import Authenticator
from lms_graphql.settings import Settings
from lms_graphql.storage.database import on_driver

_SECONDS_PER_HOUR = 3600


def token(settings: Settings, *, user: int, hours: int) -> None:
    """Print a development token for a person, by the id of the user."""
    if settings.is_production:
        fail("development tokens are not for production")

    async def is_active(driver: asyncpg.Connection) -> bool:
        return bool(await driver.fetchval("SELECT is_active FROM users WHERE id = $1", user))

    with databases(settings) as found:
        if not asyncio.run(on_driver(found.app, is_active)):
            fail(f"there is no active user with the id {user}")
    issued = Authenticator(settings.secret_key, development=True).issue(user, seconds=hours * _SECONDS_PER_HOUR)
    say(f"Bearer {issued}")
