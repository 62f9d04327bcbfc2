"""`lms-graphql doctor`: what is set, what is reachable, what is missing, each with what to do about it."""

import asyncio
import os
import socket
from collections.abc import Callable

from sqlalchemy import URL

from lms_graphql.app import auth_database, certificate_signer, oidc_issuers, trusted_manifest
from lms_graphql.commands.console import FAILED, say
from lms_graphql.commands.database import Databases, databases
from lms_graphql.commands.person import ledger_warning
from lms_graphql.engine.documents import Documents
from lms_graphql.engine.trusted import TrustedDocuments
from lms_graphql.schema import build
from lms_graphql.server.workbench import DIST
from lms_graphql.settings import VARIABLES, Settings, SettingsError
from lms_graphql.storage import migrations, partitions, roles
from lms_graphql.storage.database import described, on_driver
from lms_graphql.storage.embedded import EmbeddedPostgresError
from lms_graphql.storage.errors import RolesMissingError, StorageError

_DATABASES = ("", "OWNER_", "AUTH_", "PLATFORM_")
_SECRETS = {
    *("LMS_SECRET_KEY", "LMS_METRICS_TOKEN", "LMS_CERTIFICATE_KEYS"),
    *(f"LMS_{role}DATABASE_URL" for role in _DATABASES),
}

Check = Callable[[], str]


def doctor(settings: Settings) -> None:
    """Check everything, say what was found, exit with 1 if anything needs mending."""
    for name, meaning in VARIABLES.items():
        value = os.environ.get(name, "")
        shown = ("set" if value else "not set") if name in _SECRETS else (value or "not set")
        say(f"      {name} = {shown} ({meaning})")
    problems = [
        _check("port", lambda: _port(settings)),
        _check("workbench", _workbench),
        _check("trusted documents", lambda: _trusted_documents(settings)),
        _check("issuers", lambda: _issuers(settings)),
        _check("certificates", lambda: _certificates(settings)),
    ]
    try:
        with databases(settings) as found:
            problems += _database_checks(found, auth_database(settings, found.app))
            problems.append(_check("erasures", lambda: asyncio.run(_erasures(settings, found.app))))
    except (StorageError, SettingsError, EmbeddedPostgresError) as error:
        say(f"bad   database: {error}")
        problems.append(True)
    if any(problems):
        raise SystemExit(FAILED)


def _database_checks(found: Databases, auth: URL) -> list[bool]:
    return [
        _check("server", lambda: asyncio.run(_server(found.app))),
        _check("migrations", lambda: asyncio.run(_migrations(found.app))),
        _check("partitions", lambda: asyncio.run(_partitions(found.app))),
        _check("role", lambda: asyncio.run(_role(found.app))),
        _check("sign-in", lambda: asyncio.run(_sign_in(auth))),
    ]


def _check(name: str, check: Check) -> bool:
    """Run a check; True if it found a problem."""
    try:
        say(f"ok    {name}: {check()}")
    except (StorageError, SettingsError, OSError) as error:
        say(f"bad   {name}: {error}")
        return True
    return False


def _port(settings: Settings) -> str:
    with socket.create_server((settings.host, settings.port)):
        return f"{settings.host}:{settings.port} is free"


def _workbench() -> str:
    return "built" if DIST.is_dir() else "not built, a plain page stands in; npm and make workbench build it"


def _trusted_documents(settings: Settings) -> str:
    if settings.documents is None:
        return "none, LMS_DOCUMENTS is not set"
    built = build()
    trusted = TrustedDocuments(trusted_manifest(settings), Documents(built.graphql, built.groups).read)
    number = len(trusted.manifest.documents)
    invalid = [f"{digest[:12]}: {error}" for digest, error in trusted.invalid().items()]
    if invalid:
        raise SettingsError(f"LMS_DOCUMENTS: {len(invalid)} of {number} are not valid: {'; '.join(invalid)}")
    return f"{number} in {settings.documents}, all valid; LMS_TRUSTED_DOCUMENTS is {settings.trusted_documents}"


def _issuers(settings: Settings) -> str:
    return ", ".join(issuer.issuer for issuer in oidc_issuers(settings)) or "none, LMS_OIDC_ISSUERS is not set"


def _certificates(settings: Settings) -> str:
    signer = certificate_signer(settings)
    if signer.missing:
        raise SettingsError(f"none can be issued, there is {signer.missing}")
    verifying = len(signer.keyring.keys) - 1
    return f"signed with {signer.keyring.keys[0].id}, {verifying} more keys verify; known as {signer.public_url}"


async def _server(url: URL) -> str:
    version = await on_driver(url, lambda driver: driver.fetchval("SHOW server_version"))
    return f"PostgreSQL {version} at {described(url)}"


async def _migrations(url: URL) -> str:
    await migrations.require_head(url)
    return f"at head, {migrations.head()}"


async def _erasures(settings: Settings, url: URL) -> str:
    if settings.database_url is not None and settings.erasure_ledger is None:
        return "no ledger, LMS_ERASURE_LEDGER is not set: nobody can be erased"
    if await migrations.current(url) != migrations.head():
        return "not looked at, the database is not at head"
    warning = await ledger_warning(settings, url)
    if warning is not None:
        raise SettingsError(warning)
    return f"all in {settings.ledger_path()} are erased"


async def _partitions(url: URL) -> str:
    await partitions.require_ahead(url)
    return "made ahead"


async def _role(url: URL) -> str:
    return f"{await roles.require_bound(url)} owns nothing and is bound by row-level security"


async def _sign_in(url: URL) -> str:
    may = "has_table_privilege('session_tokens', 'SELECT')"
    if not await on_driver(url, lambda driver: driver.fetchval(f"SELECT {may}")):
        raise RolesMissingError(f"{url.username} can't read sessions: set LMS_AUTH_DATABASE_URL to a login as lms_auth")
    return f"{url.username} reads credentials"
