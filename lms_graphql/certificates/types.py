"""Certificates, as clients see them. Scores are exact decimals."""

from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.certificates.loaders import CertificateById
from lms_graphql.engine.edges import Node, column, database_id, edge, entity
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

_RECIPIENT = "The name of the person when it was issued; null: the person's data was erased, and it stands as it did."


@strawberry.enum(description="How a certificate stands now.")
class CertificateStatus(Enum):
    """What loaders._status tells."""

    VALID = strawberry.enum_value("valid", description="It holds.")
    EXPIRED = strawberry.enum_value("expired", description="It held until it expired.")
    REVOKED = strawberry.enum_value("revoked", description="The university has taken it back, whether expired or not.")


@entity(CertificateById, "That a person has completed an offering, in the words of the day of its issue.")
class Certificate(Node):
    """See models.Certificate."""

    database_id: strawberry.ID = database_id()
    code: str = column(
        "certificate_code", "What strangers verify it by; begins with the university's short code and a hyphen."
    )
    status: CertificateStatus = strawberry.field(description="How it stands now.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    expires_at: datetime | None = strawberry.field(description="Until when it holds; null: for ever.")
    revoked_at: datetime | None = strawberry.field(description="When it was taken back; null if it was not.")
    revocation_reason: str | None = strawberry.field(description="Why it was taken back; null if it was not.")
    recipient_name: str | None = strawberry.field(description=_RECIPIENT)
    course_code: str = strawberry.field(description="The code of the course when it was issued.")
    course_title: str = strawberry.field(description="The title of the course when it was issued.")
    final_score: Decimal | None = strawberry.field(description="The final score in points when it was issued.")
    letter_grade: str | None = strawberry.field(description="The grade in letters when it was issued.")
    user: User | None = edge(UserById, "The person.", key="user_id")
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")


@strawberry.type(description="What anybody may know of a certificate whose code they hold.")
class CertificateVerification:
    """See loaders.VerificationByCode."""

    code: str = strawberry.field(description="The code that was asked for.")
    status: CertificateStatus = strawberry.field(description="How it stands now.")
    recipient_name: str | None = strawberry.field(description=_RECIPIENT)
    course_title: str = strawberry.field(description="The title of the course when it was issued.")
    university_name: str = strawberry.field(description="The name of the university, as it is now.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    expires_at: datetime | None = strawberry.field(description="Until when it holds; null: for ever.")
    revoked_at: datetime | None = strawberry.field(description="When it was taken back; null if it was not.")
