"""Tokens of services and invitations, as clients see them."""

from datetime import datetime
from typing import Any

import strawberry

from lms_graphql.engine.edges import computed, edge, plain_list
from lms_graphql.engine.relay import GlobalId
from lms_graphql.identity.choices import ServiceScope
from lms_graphql.identity.service_tokens import MOST_SUBMISSIONS
from lms_graphql.tenancy.loaders import RolesByUser, UserById
from lms_graphql.tenancy.types import RoleAssignment, User


def _submissions(row: Any, _context: Any) -> list[str] | None:
    found = row["submission_ids"]
    return None if found is None else [str(GlobalId("Submission", id_, row["university_id"])) for id_ in found]


@strawberry.type(description="What lets a service into one university. The token itself is told once, when issued.")
class ServiceToken:
    """See models.ServiceToken."""

    id: strawberry.ID = computed(lambda row, _: row.global_id(), "What `revokeServiceToken` knows it by.")
    scopes: list[ServiceScope] = plain_list("All that the service may do.", size=2)
    submission_ids: list[strawberry.ID] | None = computed(
        _submissions, "The only submissions that it may do it to; null: it is not bound to any.", size=MOST_SUBMISSIONS
    )
    issued_by: User | None = edge(UserById, "Who issued it; null: whoever runs the server.", key="issued_by")
    created_at: datetime = strawberry.field(description="When it was issued.")
    expires_at: datetime = strawberry.field(description="Until when it is good, a day at most.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked; null if it was not.")


@strawberry.type(description="That somebody is asked to join a university, and has not answered. Administrators only.")
class Invitation:
    """See models.Invitation. The token that it is accepted with is told once, to who invites."""

    user: User | None = edge(
        UserById, "Who is invited; what `resendInvitation` and `revokeInvitation` know it by.", key="user_id"
    )
    roles: list[RoleAssignment] = edge(RolesByUser, "What they are asked to be, from then on.", key="user_id", size=3)
    invited_by: User | None = edge(
        UserById, "Who invited them last; null: who administers the platform.", key="invited_by"
    )
    created_at: datetime = strawberry.field(description="When they were last invited.")
    expires_at: datetime = strawberry.field(
        description="Until when it can be accepted; past that, `resendInvitation` gives another token."
    )
