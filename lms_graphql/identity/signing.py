"""What `login`, `acceptInvitation` and their like do, with the outcomes told as users' errors."""

from typing import Any

from lms_graphql.engine.context import Context
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.identity.accepting import (
    AccountInUseError,
    AnothersInvitationError,
    InvitationError,
    PasswordNeededError,
)
from lms_graphql.identity.attempts import ThrottledError
from lms_graphql.identity.passwords import PasswordLengthError
from lms_graphql.identity.recognition import Identity
from lms_graphql.identity.service import WrongCredentialsError
from lms_graphql.identity.sessions import Tokens


async def login(context: Context, given: Given) -> dict[str, Any]:
    """A new session; gives its tokens."""
    accounts = context.service(Identity).accounts
    try:
        tokens = await accounts.login(given["email"], given["password"], context.network)
    except WrongCredentialsError as error:
        raise Refused(UserErrorCode.WRONG_CREDENTIALS, "the address or the password is wrong", ("input",)) from error
    except ThrottledError as error:
        raise _throttled(error) from error
    return _told(tokens)


async def refresh_session(context: Context, given: Given) -> dict[str, Any]:
    """The next tokens of a session."""
    tokens = await context.service(Identity).sessions.refresh(given["refreshToken"])
    if tokens is None:
        message = "this session is over; sign in again"
        raise Refused(UserErrorCode.WRONG_CREDENTIALS, message, ("input", "refreshToken"))
    return _told(tokens)


async def logout(context: Context, given: Given) -> dict[str, Any]:
    """End a session, or all of the viewer's; gives `ended_sessions`."""
    sessions, viewer = context.service(Identity).sessions, context.viewer
    if given["everywhere"]:
        return {"ended_sessions": await sessions.revoke_all(viewer.user_id or 0)}
    if viewer.session_id is None:
        message = "the token of this request is of no session here; end it where you signed in"
        raise Refused(UserErrorCode.INVALID, message)
    return {"ended_sessions": await sessions.revoke(viewer.session_id)}


async def change_password(context: Context, given: Given) -> dict[str, Any]:
    """Change the viewer's password; gives `ended_sessions`, the others."""
    viewer = context.viewer
    try:
        ended = await context.service(Identity).accounts.change_password(
            viewer.user_id or 0,
            viewer.session_id,
            current=given["currentPassword"],
            new=given["newPassword"],
            network=context.network,
        )
    except WrongCredentialsError as error:
        message, path = "this is not the password", ("input", "currentPassword")
        raise Refused(UserErrorCode.WRONG_CREDENTIALS, message, path) from error
    except PasswordLengthError as error:
        raise Refused(UserErrorCode.INVALID, str(error), ("input", "newPassword")) from error
    except ThrottledError as error:
        raise _throttled(error) from error
    return {"ended_sessions": ended}


async def accept_invitation(context: Context, given: Given) -> dict[str, Any]:
    """Become a member of the university that has invited; gives `university_id`."""
    path = ("input", "token")
    try:
        accepted = await context.service(Identity).invitations.accept(
            given["token"],
            viewer=context.viewer.user_id,
            password=given.get("password"),
            network=context.network,
            request_id=context.request_id,
        )
    except InvitationError as error:
        message = "this invitation is not good, or not any more; ask for another one"
        raise Refused(UserErrorCode.WRONG_CREDENTIALS, message, path) from error
    except AnothersInvitationError as error:
        message = "somebody else was invited: sign in with the account of the invited address"
        raise Refused(UserErrorCode.FORBIDDEN, message, path) from error
    except PasswordNeededError as error:
        message = "sign in with the account of the invited address; or give a new account its password"
        raise Refused(UserErrorCode.INVALID, message, ("input", "password")) from error
    except AccountInUseError as error:
        message = "this account is in use already: sign in, and send this again without a password"
        raise Refused(UserErrorCode.FORBIDDEN, message, ("input", "password")) from error
    except PasswordLengthError as error:
        raise Refused(UserErrorCode.INVALID, str(error), ("input", "password")) from error
    except ThrottledError as error:
        raise _throttled(error) from error
    return {"university_id": accepted.university_id}


def _throttled(error: ThrottledError) -> Refused:
    return Refused(UserErrorCode.THROTTLED, str(error), ("input",))


def _told(tokens: Tokens) -> dict[str, Any]:
    return {
        "access_token": tokens.access_token,
        "access_expires_at": tokens.access_expires_at,
        "refresh_token": tokens.refresh_token,
        "refresh_expires_at": tokens.refresh_expires_at,
    }
