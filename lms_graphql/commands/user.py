"""`lms-graphql user …`: how people of this installation sign in."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from getpass import getpass
from typing import TypeVar

from sqlalchemy import URL

from lms_graphql.app import auth_database, oidc_issuers
from lms_graphql.commands.console import fail, say
from lms_graphql.commands.database import databases
from lms_graphql.identity import external
from lms_graphql.identity.credentials import Credentials
from lms_graphql.identity.passwords import PasswordLengthError, Passwords
from lms_graphql.identity.service import LocalAccounts, by_address
from lms_graphql.identity.sessions import Sessions
from lms_graphql.settings import Settings
from lms_graphql.storage.database import create_engine

R = TypeVar("R")


def password(settings: Settings, *, email: str) -> None:
    """Give somebody a password, read from the terminal or from standard input, and end all their sessions."""
    given = getpass("New password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def work(credentials: Credentials, user_id: int) -> None:
        passwords = Passwords()
        try:
            await LocalAccounts(credentials, Sessions(credentials), passwords).set_password(user_id, given)
        except PasswordLengthError as error:
            fail(str(error))
        finally:
            passwords.close()

    _with_person(settings, email, work)
    say(f"{email} has a new password and is signed out everywhere")


def link(settings: Settings, *, email: str, issuer: str, subject: str) -> None:
    """Let the tokens that an issuer gives to a subject sign somebody in. Safe to repeat."""
    known = [configured.issuer for configured in oidc_issuers(settings)]
    if issuer not in known:
        fail(f"{issuer} is no issuer of LMS_OIDC_ISSUERS: {', '.join(known) or 'it is not set'}")

    async def work(credentials: Credentials, user_id: int) -> bool:
        return await external.link(credentials, issuer, subject, user_id) == user_id

    if not _with_person(settings, email, work):
        fail("this subject is linked to somebody else; unlink it first")
    say(f"{subject} of {issuer} signs {email} in")


def unlink(settings: Settings, *, issuer: str, subject: str) -> None:
    """Let a subject's tokens sign nobody in any more, from the next request on."""

    async def work(credentials: Credentials) -> bool:
        return await external.unlink(credentials, issuer, subject)

    if not _with_credentials(settings, work):
        fail("nobody is linked to this subject")
    say(f"{subject} of {issuer} signs nobody in any more")


def _with_person(settings: Settings, email: str, work: Callable[[Credentials, int], Awaitable[R]]) -> R:
    async def found(credentials: Credentials) -> R:
        user_id = await by_address(credentials, email)
        if user_id is None:
            fail(f"nobody has the address {email}")
        return await work(credentials, user_id)

    return _with_credentials(settings, found)


def _with_credentials(settings: Settings, work: Callable[[Credentials], Awaitable[R]]) -> R:
    """What some work gives that needs lms_auth's connections."""

    async def run(url: URL) -> R:
        engine = create_engine(url, pool_size=1)
        try:
            return await work(Credentials(engine))
        finally:
            await engine.dispose()

    with databases(settings) as found:
        return asyncio.run(run(auth_database(settings, found.app)))
