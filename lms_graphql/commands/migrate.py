"""`lms-graphql migrate`."""

import asyncio

from lms_graphql.commands.console import note, say
from lms_graphql.commands.database import DATABASE, Databases, databases
from lms_graphql.commands.person import ledger_warning
from lms_graphql.settings import Settings, SettingsError
from lms_graphql.storage import migrations, partitions, roles
from lms_graphql.storage.database import database_url


def migrate(settings: Settings, *, revision: str, downgrade: bool, superuser_url: str | None) -> None:
    """Migrate up or down; with a superuser's URL, first make the roles and the database."""
    with databases(settings) as found:
        asyncio.run(_migrate(found, revision=revision, downgrade=downgrade, superuser_url=superuser_url))
        asyncio.run(warn_of_ledger(settings, found))


async def _migrate(found: Databases, *, revision: str, downgrade: bool, superuser_url: str | None) -> None:
    if superuser_url is not None:
        if found.is_embedded:
            raise SettingsError("--superuser-url goes with LMS_DATABASE_URL; the embedded server makes its own roles")
        superuser = database_url(superuser_url, variable="--superuser-url")
        await roles.bootstrap(superuser, found.app.database or DATABASE, app_password=found.app.password)
        owner = found.owner or superuser.set(database=found.app.database)
    else:
        await prepare(found)
        owner = found.owner_or_fail()
    await (migrations.downgrade if downgrade else migrations.upgrade)(owner, revision)
    if not downgrade and revision == "head":
        await partitions.maintain(owner)
    say(f"the database is at revision {await migrations.current(owner) or 'none'}")


async def warn_of_ledger(settings: Settings, found: Databases) -> None:
    """Say on standard error when people who were erased are back, as they are after a restore."""
    if await migrations.current(found.app) == migrations.head():
        warning = await ledger_warning(settings, found.app)
        if warning is not None:
            note(f"warning: {warning}")


async def prepare(found: Databases) -> None:
    """Make the roles and the database of an embedded server; nothing for any other."""
    if found.superuser is not None:
        await roles.bootstrap(found.superuser, DATABASE)
