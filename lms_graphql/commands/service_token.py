"""`lms-graphql service-token …`: tokens of graders and importers, for whoever runs the server."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import orjson

from lms_graphql.commands.console import fail, say
from lms_graphql.commands.database import databases
from lms_graphql.identity.choices import ServiceScope
from lms_graphql.identity.opaque import Prefix, mint
from lms_graphql.identity.service_tokens import ISSUE, MOST_HOURS, REVOKE
from lms_graphql.settings import Settings
from lms_graphql.storage import tenancy
from lms_graphql.storage.database import on_driver
from lms_graphql.storage.journal import ADD_AUDIT_ENTRY

_SCOPES = {str(scope.value) for scope in ServiceScope}


def issue(settings: Settings, *, university: str, scopes: list[str], hours: int) -> None:
    """Print a token with these scopes, good for some hours in one university."""
    unknown = sorted(set(scopes) - _SCOPES)
    if unknown or not scopes:
        fail(f"--scope must be one of {', '.join(sorted(_SCOPES))}")
    if not 1 <= hours <= MOST_HOURS:
        fail(f"--hours must be from 1 to {MOST_HOURS}")
    minted = mint(Prefix.SERVICE)

    async def work(driver: asyncpg.Connection) -> int:
        university_id = await _enter(driver, university)
        parameters = {
            "university_id": university_id,
            "digest": minted.digest,
            "scopes": sorted(set(scopes)),
            "submission_ids": None,
            "issued_by": None,
            "lasts": timedelta(hours=hours),
        }
        row = await driver.fetchrow(ISSUE.sql, *ISSUE.arguments(parameters))
        said = {"scopes": sorted(set(scopes)), "hours": hours}
        await _audit(driver, university_id, "service_token.issue", row["id"], said)
        return int(row["id"])

    token_id = _do(settings, work)
    say(f"Bearer {minted.token}")
    say(f"number {token_id}; lms-graphql service-token revoke {token_id} --university {university} ends it")


def revoke(settings: Settings, *, university: str, number: int) -> None:
    """Let the service that has this token in no longer."""

    async def work(driver: asyncpg.Connection) -> bool:
        university_id = await _enter(driver, university)
        parameters = {"university_id": university_id, "token_id": number}
        row = await driver.fetchrow(REVOKE.sql, *REVOKE.arguments(parameters))
        if row is not None:
            await _audit(driver, university_id, "service_token.revoke", number, None)
        return row is not None

    if not _do(settings, work):
        fail(f"{university} has no token with the number {number} that is not revoked")
    say(f"token {number} of {university} is revoked")


def _do(settings: Settings, work: Any) -> Any:
    """What some work gives, in a transaction as lms_app."""

    async def together(driver: asyncpg.Connection) -> Any:
        async with driver.transaction():
            return await work(driver)

    with databases(settings) as found:
        return asyncio.run(on_driver(found.app, together))


async def _enter(driver: asyncpg.Connection, short_code: str) -> int:
    """The id of a university, with the transaction set to act in it."""
    university_id: int | None = await driver.fetchval("SELECT id FROM universities WHERE short_code = $1", short_code)
    if university_id is None:
        fail(f"there is no university with the short code {short_code}; see universities {{ shortCode }} in the API")
    for setting in tenancy.settings(university_id, None):
        await driver.execute(setting)
    return university_id


async def _audit(driver: asyncpg.Connection, university_id: int, act: str, token_id: int, said: Any) -> None:
    """Write down that the operator did it: nobody of the university."""
    told = {
        "university_id": university_id,
        "actor_id": None,
        "roles": ["operator"],
        "act": act,
        "entity": "ServiceToken",
        "entity_id": token_id,
        "old_values": None,
        "new_values": None if said is None else orjson.dumps(said).decode(),
        "reason": None,
        "request_id": "lms-graphql service-token",
    }
    await driver.execute(ADD_AUDIT_ENTRY.sql, *ADD_AUDIT_ENTRY.arguments(told))
