"""What `login`, `refreshSession`, `logout` and `changePassword` do, with the outcomes told as users' errors."""

from typing import Any

from lms_graphql.engine.context import Context
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
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


def _throttled(error: ThrottledError) -> Refused:
    return Refused(UserErrorCode.THROTTLED, str(error), ("input",))


def _told(tokens: Tokens) -> dict[str, Any]:
    return {
        "access_token": tokens.access_token,
        "access_expires_at": tokens.access_expires_at,
        "refresh_token": tokens.refresh_token,
        "refresh_expires_at": tokens.refresh_expires_at,
    }
