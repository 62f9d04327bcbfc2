"""The fields of Mutation about who belongs to a university, and in which roles."""

from typing import Any

import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import computed, edge, optional
from lms_graphql.engine.mutations import Payload, changed, mutation, told, told_once, user_errors
from lms_graphql.engine.usererrors import UserError, UserErrorCode, UserFailure
from lms_graphql.tenancy import granting, inviting, inviting_members, members, policy
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import UniversityRole, User

_USER = "The global id of a person of the request's university."
_VERSION = "`version` of the user as it was read; then a change meanwhile is refused."
_DAYS = f"For how many days the invitation is good, 1 to {inviting.MOST_DAYS}; 14 if it is not given."
_REASON = "Why, in one line of at most 255 characters. It is kept, so it must say nothing of the person."
_TOLD_ONCE = (
    "For `acceptInvitation`, which you hand on. It is told this once: null where refused, or sent again under a key."
)
_AS_NOW = "The person as they are now; null where it was refused."
_BULK_WEIGHT = 500
_TAKEN_MEANWHILE = UserFailure(
    UserErrorCode.CONFLICT,
    "an address or a number was given to somebody else while this was done: send it again",
    ("input", "members"),
)


@strawberry.input(description="A role that somebody is to have.")
class RoleInput:
    """A role of an invitation."""

    role: UniversityRole = strawberry.field(description="The role.")
    department_id: strawberry.ID | None = optional(
        "The global id of the department that it is limited to. DEPARTMENT_ADMIN needs one, INSTRUCTOR and TA may have"
        " one, the others none."
    )


@strawberry.input(description="Somebody who is to become a member.")
class InviteMemberInput:
    """The input of `inviteMember`."""

    email: str = strawberry.field(description="The address that the university knows the person by.")
    display_name: str = strawberry.field(description="The person's name, one line of at most 255 characters.")
    student_number: str | None = optional("The matriculation number, of at most 64 characters, unique here.")
    roles: list[RoleInput] | None = optional(f"The roles that the person will have, at most {inviting.MOST_ROLES}.")
    days: int | None = optional(_DAYS)


@strawberry.input(description="A row of `bulkInviteMembers`.")
class BulkInviteMember:
    """Somebody who is to become a member."""

    email: str = strawberry.field(description="The address that the university knows the person by.")
    display_name: str = strawberry.field(description="The person's name, one line of at most 255 characters.")
    student_number: str | None = optional("The matriculation number, of at most 64 characters, unique here.")
    roles: list[RoleInput] | None = optional(f"The roles that the person will have, at most {inviting.MOST_ROLES}.")


@strawberry.input(description="Many who are to become members.")
class BulkInviteMembersInput:
    """The input of `bulkInviteMembers`."""

    members: list[BulkInviteMember] = strawberry.field(
        description=f"The people, at most {inviting.MOST_ROWS}, in order."
    )
    days: int | None = optional(_DAYS)
    dry_run: bool | None = optional("Whether only to tell what would be done.")


@strawberry.input(description="Who is to get another token.")
class ResendInvitationInput:
    """The input of `resendInvitation`."""

    user_id: strawberry.ID = strawberry.field(description=_USER)
    days: int | None = optional(_DAYS)


@strawberry.input(description="Whose invitation is to be good no longer.")
class RevokeInvitationInput:
    """The input of `revokeInvitation`."""

    user_id: strawberry.ID = strawberry.field(description=_USER)


@strawberry.input(description="What the university knows of a person. A field that is left out stays.")
class UpdateMemberInput:
    """The input of `updateMember`."""

    user_id: strawberry.ID = strawberry.field(description=_USER)
    display_name: str | None = optional("The name, one line of at most 255 characters; it can't be cleared.")
    email: str | None = optional("The address at this university, unique here; it can't be cleared.")
    student_number: str | None = optional("The matriculation number, of at most 64 characters; null clears it.")
    expected_version: int | None = optional(_VERSION)


@strawberry.input(description="Whose membership is to stand otherwise.")
class MembershipInput:
    """The input of `deactivateMember` and `reactivateMember`."""

    user_id: strawberry.ID = strawberry.field(description=_USER)
    reason: str | None = optional(_REASON)
    expected_version: int | None = optional(_VERSION)


@strawberry.input(description="Who has, or is to have, which role.")
class RoleOfMemberInput:
    """The input of `grantRole` and `revokeRole`."""

    user_id: strawberry.ID = strawberry.field(description=_USER)
    role: UniversityRole = strawberry.field(description="The role.")
    department_id: strawberry.ID | None = optional(
        "The global id of the department that the role is limited to; left out or null: the whole university."
    )


@strawberry.type(description="What inviting somebody gives.")
class InvitationPayload:
    """The payload of `inviteMember` and `resendInvitation`."""

    user: User | None = changed(UserById, "user_id", "The person, INVITED; null where it was refused.")
    token: str | None = told_once("token", _TOLD_ONCE)
    errors: list[UserError] = user_errors()


@strawberry.type(description="What became of one row of `bulkInviteMembers`.")
class BulkInviteResult:
    """The source is a result of `inviting_members.bulk_invite_members`, with its token."""

    index: int = computed(lambda result, _context: result["index"], "Where the row stands in the input, from 0.")
    user: User | None = edge(
        UserById,
        "The person, INVITED; null where it can't be done, and in a dry run.",
        key=lambda result, _context: result["user_id"],
    )
    token: str | None = computed(lambda result, _context: result["token"], f"{_TOLD_ONCE[:-1]}, and in a dry run.")
    error: UserError | None = computed(
        lambda result, _context: inviting_members.failure_of(result["error"], result["index"]),
        "Why it can't be done; null where it was done.",
    )


def _results(payload: Payload, _context: Context) -> list[dict[str, Any]]:
    tokens = payload.once.get("tokens", {})
    return [{**result, "token": tokens.get(str(result["index"]))} for result in payload.keys.get("results", [])]


@strawberry.type(description="What `bulkInviteMembers` gives.")
class BulkInviteMembersPayload:
    """The payload of `bulkInviteMembers`."""

    results: list[BulkInviteResult] = computed(
        _results,
        "What became of each row, in order; rows without an error were done. Empty where all of it was refused.",
        size=inviting.MOST_ROWS,
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a change of a member gives.")
class MemberPayload:
    """The payload of a mutation that changes a member."""

    user: User | None = changed(UserById, "user_id", _AS_NOW)
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deactivateMember` gives.")
class DeactivateMemberPayload:
    """The payload of `deactivateMember`."""

    user: User | None = changed(UserById, "user_id", _AS_NOW)
    revoked_service_tokens: int | None = told(
        "revoked_service_tokens", "How many tokens of services, which the person had issued, are good no longer."
    )
    errors: list[UserError] = user_errors()


@strawberry.type
class MemberMutation:
    """A part of TenancyMutation."""

    invite_member: InvitationPayload | None = mutation(
        inviting_members.invite_member,
        InviteMemberInput,
        "Invite somebody to the university, for its administrators. Whether they have an account already is not told.",
        may=policy.may_administer_university,
        refusals=members.TAKEN,
    )
    bulk_invite_members: BulkInviteMembersPayload | None = mutation(
        inviting_members.bulk_invite_members,
        BulkInviteMembersInput,
        "Invite many at once, for the university's administrators. Each row is done or told why not.",
        may=policy.may_administer_university,
        refusals=dict.fromkeys(members.TAKEN, _TAKEN_MEANWHILE),
        weight=_BULK_WEIGHT,
    )
    resend_invitation: InvitationPayload | None = mutation(
        inviting.resend_invitation,
        ResendInvitationInput,
        "Make another token for who has not accepted yet, for the university's administrators; the one before is good"
        " no longer.",
        may=policy.may_administer_university,
    )
    revoke_invitation: MemberPayload | None = mutation(
        inviting.revoke_invitation,
        RevokeInvitationInput,
        "Take an invitation back, for the university's administrators: the person is INACTIVE. `resendInvitation`"
        " invites them again.",
        may=policy.may_administer_university,
    )
    update_member: MemberPayload | None = mutation(
        members.update_member,
        UpdateMemberInput,
        "Change what the university knows of a person, for its administrators. How they sign in stays as it is.",
        may=policy.may_administer_university,
        refusals=members.TAKEN,
    )
    deactivate_member: DeactivateMemberPayload | None = mutation(
        members.deactivate_member,
        MembershipInput,
        "Put a member out, for the university's administrators: from their next request on they can do nothing here."
        " What they have stays: enrollments with their seats, roles, grades. Nobody puts out themselves, or who alone"
        " administers the university.",
        may=policy.may_administer_university,
    )
    reactivate_member: MemberPayload | None = mutation(
        members.reactivate_member,
        MembershipInput,
        "Let in again who was put out, for the university's administrators, with all that they have.",
        may=policy.may_administer_university,
    )
    grant_role: MemberPayload | None = mutation(
        granting.grant_role,
        RoleOfMemberInput,
        "Give a person a role: the university's administrators any, those of a department INSTRUCTOR and TA in it.",
        may=policy.may_grant_roles,
    )
    revoke_role: MemberPayload | None = mutation(
        granting.revoke_role,
        RoleOfMemberInput,
        "Take a role from a person, from their next request on: whoever may give it. The last UNIVERSITY_ADMIN stays.",
        may=policy.may_grant_roles,
    )
