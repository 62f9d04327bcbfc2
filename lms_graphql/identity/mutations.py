"""The fields of Mutation that sign people in and out, and let services in."""

from datetime import datetime

import strawberry

from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, own_mutation, told, told_once, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.identity import policy, service_tokens, signing
from lms_graphql.identity.choices import ServiceScope
from lms_graphql.identity.loaders import ServiceTokenById
from lms_graphql.identity.types import ServiceToken
from lms_graphql.tenancy.loaders import UniversityById
from lms_graphql.tenancy.types import University

_LOGIN_WEIGHT = 500
"""As much as a list of hundreds: a password is hashed for 50 ms."""


@strawberry.input(description="Somebody's address and password.")
class LoginInput:
    """The input of `login`."""

    email: str = strawberry.field(description="The address of the account, in capitals or not.")
    password: str = strawberry.field(description="The password, of at most 128 characters.")


@strawberry.input(description="The refresh token that was told last.")
class RefreshSessionInput:
    """The input of `refreshSession`."""

    refresh_token: str = strawberry.field(description="It begins with lms_rt_ and is good once.")


@strawberry.input(description="What to sign out of.")
class LogoutInput:
    """The input of `logout`."""

    everywhere: bool = strawberry.field(default=False, description="End all sessions of the viewer, not this one only.")


@strawberry.input(description="The password that there is, and the one that is wanted.")
class ChangePasswordInput:
    """The input of `changePassword`."""

    current_password: str = strawberry.field(description="The password until now.")
    new_password: str = strawberry.field(description="The new one, of 12 to 128 characters.")


@strawberry.input(description="What a service shall be able to do, and for how long.")
class IssueServiceTokenInput:
    """The input of `issueServiceToken`."""

    scopes: list[ServiceScope] = strawberry.field(description="All that it may do.")
    hours: int | None = optional("For how many hours the token is good, 1 to 24; 1 if it is not given.")
    submission_ids: list[strawberry.ID] | None = optional(
        "The only submissions that it may do it to, at most 100; without them it is not bound to any."
    )


@strawberry.input(description="The token of a service that is to be good no longer.")
class RevokeServiceTokenInput:
    """The input of `revokeServiceToken`."""

    id: strawberry.ID = strawberry.field(description="The `id` of the ServiceToken.")


@strawberry.input(description="What an invitation came with.")
class AcceptInvitationInput:
    """The input of `acceptInvitation`."""

    token: str = strawberry.field(description="The token of the invitation; it begins with lms_in_.")
    password: str | None = optional(
        "For who is not signed in and has no account yet: its password, of 12 to 128 characters."
    )


@strawberry.type(description="What `login` gives: a session.")
class LoginPayload:
    """The payload of `login`."""

    access_token: str | None = told("access_token", "Send it as Bearer; null where it was refused.")
    access_expires_at: datetime | None = told("access_expires_at", "Until when it is good.")
    refresh_token: str | None = told("refresh_token", "For `refreshSession`, once; null where it was refused.")
    refresh_expires_at: datetime | None = told("refresh_expires_at", "Until when it is good.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `refreshSession` gives: the session's next tokens.")
class RefreshSessionPayload:
    """The payload of `refreshSession`."""

    access_token: str | None = told("access_token", "Send it as Bearer; null where it was refused.")
    access_expires_at: datetime | None = told("access_expires_at", "Until when it is good.")
    refresh_token: str | None = told("refresh_token", "For the next time, once; null where it was refused.")
    refresh_expires_at: datetime | None = told("refresh_expires_at", "Until when it is good.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `logout` gives.")
class LogoutPayload:
    """The payload of `logout`."""

    ended_sessions: int | None = told("ended_sessions", "How many sessions it has ended; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `changePassword` gives.")
class ChangePasswordPayload:
    """The payload of `changePassword`."""

    ended_sessions: int | None = told("ended_sessions", "How many other sessions have ended; null where refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `acceptInvitation` gives.")
class AcceptInvitationPayload:
    """The payload of `acceptInvitation`."""

    university: University | None = changed(
        UniversityById, "university_id", "Whose member the person is now; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `issueServiceToken` gives.")
class IssueServiceTokenPayload:
    """The payload of `issueServiceToken`."""

    token: str | None = told_once(
        "token", "Send it as Bearer. It is told this once: null where it was refused, or sent again under a key."
    )
    service_token: ServiceToken | None = changed(
        ServiceTokenById, "service_token_id", "What is known of it; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `revokeServiceToken` gives.")
class RevokeServiceTokenPayload:
    """The payload of `revokeServiceToken`."""

    service_token: ServiceToken | None = changed(
        ServiceTokenById, "service_token_id", "The token as it is now; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type
class IdentityMutation:
    """Joined into Mutation."""

    login: LoginPayload | None = own_mutation(
        signing.login,
        LoginInput,
        "Sign in to an account with a password. A request may have one attempt; who fails too often must wait.",
        may=policy.may_sign_in,
        signed_in=False,
        guesses=True,
        weight=_LOGIN_WEIGHT,
    )
    refresh_session: RefreshSessionPayload | None = own_mutation(
        signing.refresh_session,
        RefreshSessionInput,
        "The next tokens of a session. A refresh token that is shown again later than 30 s ends the session.",
        may=policy.may_sign_in,
        signed_in=False,
    )
    logout: LogoutPayload | None = own_mutation(
        signing.logout, LogoutInput, "End the session of the request's token.", may=policy.is_person
    )
    change_password: ChangePasswordPayload | None = own_mutation(
        signing.change_password,
        ChangePasswordInput,
        "Change the viewer's password, and end all other sessions of theirs.",
        may=policy.is_person,
        guesses=True,
        weight=_LOGIN_WEIGHT,
    )
    accept_invitation: AcceptInvitationPayload | None = own_mutation(
        signing.accept_invitation,
        AcceptInvitationInput,
        "Become a member of the university that has invited: who is signed in with the account that was invited, or who"
        " gives a new account its password. A request may have one attempt; who fails too often must wait.",
        may=policy.may_sign_in,
        signed_in=False,
        guesses=True,
        weight=_LOGIN_WEIGHT,
    )
    issue_service_token: IssueServiceTokenPayload | None = mutation(
        service_tokens.issue,
        IssueServiceTokenInput,
        "Let a service into the university of the request, for its administrators.",
        may=policy.may_issue_service_tokens,
    )
    revoke_service_token: RevokeServiceTokenPayload | None = mutation(
        service_tokens.revoke,
        RevokeServiceTokenInput,
        "Let a service in no longer, for the university's administrators.",
        may=policy.may_issue_service_tokens,
    )
