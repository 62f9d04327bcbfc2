"""`lms-graphql demo`."""

import asyncio

from lms_graphql.app import certificate_signer
from lms_graphql.certificates.credentials import Signer
from lms_graphql.commands.console import fail, say
from lms_graphql.commands.database import Databases, databases, owner_connection
from lms_graphql.commands.migrate import prepare
from lms_graphql.commands.progress import progress_bar
from lms_graphql.demo.service import DemoExistsError, DemoSummary, load_demo
from lms_graphql.server.authentication import Authenticator
from lms_graphql.settings import Settings
from lms_graphql.storage import migrations


def demo(settings: Settings) -> None:
    """Load the demo university and print a token for each role."""
    with databases(settings) as found:
        summary = asyncio.run(_load(found, certificate_signer(settings)))
    authenticator = Authenticator(settings.secret_key, development=True)
    for person in summary.people:
        token = "" if settings.is_production else f"\n    Bearer {authenticator.issue(person.user_id)}"
        say(f"{person.role}: {person.label} ({person.university or 'platform'}){token}")


async def _load(found: Databases, signer: Signer) -> DemoSummary:
    owner = found.owner_or_fail()
    if found.is_embedded:
        await prepare(found)
        await migrations.upgrade(owner)
    await migrations.require_head(owner)
    try:
        with progress_bar("demo") as on_progress:
            async with owner_connection(owner) as connection:
                return await load_demo(connection, on_progress, signer)
    except DemoExistsError as error:
        fail(str(error))
