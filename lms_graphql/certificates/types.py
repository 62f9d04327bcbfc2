"""Certificates, as clients see them. Scores are exact decimals."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.certificates.badges import Facts, verification_url
from lms_graphql.certificates.credentials import Signature, Signer
from lms_graphql.certificates.loaders import CertificateById
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import Node, column, computed, database_id, edge, entity
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

_RECIPIENT = "The name of the person when it was issued; null: the person's data was erased, and it stands as it did."


@strawberry.enum(description="How a certificate stands now.")
class CertificateStatus(Enum):
    """What loaders._status tells."""

    VALID = strawberry.enum_value("valid", description="It holds.")
    EXPIRED = strawberry.enum_value("expired", description="It held until it expired.")
    REVOKED = strawberry.enum_value("revoked", description="The university has taken it back, whether expired or not.")


@strawberry.enum(description="What is to be said of the signature of a certificate.")
class CertificateSignature(Enum):
    """The labels of credentials.Signature."""

    VALID = strawberry.enum_value(
        Signature.VALID.value, description="A key of this installation has signed it, and it says what was signed."
    )
    INVALID = strawberry.enum_value(
        Signature.INVALID.value, description="It does not say what was signed: somebody has changed it."
    )
    UNKNOWN_KEY = strawberry.enum_value(
        Signature.UNKNOWN_KEY.value, description="It was signed with a key that is no longer among those in force."
    )
    REMOVED = strawberry.enum_value(
        Signature.REMOVED.value, description="What was signed named a person whose data was erased, and is gone, too."
    )
    UNSIGNED = strawberry.enum_value(
        Signature.UNSIGNED.value, description="Nobody has signed it: it is older than signatures, or from elsewhere."
    )


@strawberry.enum(description="What is to be said of a credential that somebody shows.")
class CredentialVerdict(Enum):
    """What queries.verify_credential tells."""

    VALID = strawberry.enum_value("valid", description="It is genuine, and it holds.")
    EXPIRED = strawberry.enum_value("expired", description="It is genuine, and held until it expired.")
    REVOKED = strawberry.enum_value("revoked", description="It is genuine, and the university has taken it back.")
    WITHDRAWN = strawberry.enum_value(
        "withdrawn",
        description="It was genuine. The person's data was erased since, so it may name nobody any more.",
    )
    UNKNOWN_KEY = strawberry.enum_value(
        "unknown_key", description="It was signed, if at all, with a key that is none of those in force here."
    )
    INVALID = strawberry.enum_value("invalid", description="It is not what anybody here has signed.")


def _verification_url(row: Mapping[str, Any], context: Context) -> str | None:
    signer = context.service(Signer)
    return None if signer.public_url is None else verification_url(signer.public_url, row["certificate_code"])


def facts_of(row: Mapping[str, Any]) -> Facts | None:
    """What a row of VerificationByCode says; None where it names nobody any more."""
    if row["recipient_name"] is None:
        return None
    return Facts(
        code=row["code"],
        user_id=row["user_id"],
        course_offering_id=row["course_offering_id"],
        recipient_name=row["recipient_name"],
        course_code=row["course_code"],
        course_title=row["course_title"],
        final_score=row["final_score"],
        letter_grade=row["letter_grade"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        university_name=row["university_name"],
    )


def _signature(row: Mapping[str, Any], context: Context) -> str:
    return context.service(Signer).check_row(row["credential_jwt"], row["key_id"], facts_of(row)).signature.value


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
    verification_url: str | None = computed(
        _verification_url, "Where anybody learns how it stands, as JSON; null where the server has no public address."
    )
    credential_jwt: str | None = strawberry.field(
        description="It as an Open Badges 3.0 credential, signed (VC-JWT, EdDSA), for the person to show or to put into"
        " a wallet. The public keys are at /.well-known/jwks.json. Null where nobody signed it, or for who is erased."
    )
    user: User | None = edge(UserById, "The person.", key="user_id")
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")


@strawberry.type(description="What anybody may know of a certificate whose code, or whose credential, they hold.")
class CertificateVerification:
    """See loaders.VerificationByCode."""

    code: str = strawberry.field(description="Its code.")
    status: CertificateStatus = strawberry.field(description="How it stands now.")
    recipient_name: str | None = strawberry.field(description=_RECIPIENT)
    course_title: str = strawberry.field(description="The title of the course when it was issued.")
    university_name: str = strawberry.field(description="The name of the university, as it is now.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    expires_at: datetime | None = strawberry.field(description="Until when it holds; null: for ever.")
    revoked_at: datetime | None = strawberry.field(description="When it was taken back; null if it was not.")
    signature: CertificateSignature = computed(
        _signature, "Whether it was signed, and still says what was signed; looked at anew each time."
    )
    key_id: str | None = strawberry.field(description="The id of the key that signed it; null: nobody did.")


@strawberry.type(description="What is to be said of a credential that somebody shows.")
class CredentialVerification:
    """The source is a mapping; see queries."""

    verdict: CredentialVerdict = strawberry.field(description="Whether to believe it.")
    key_id: str | None = strawberry.field(description="The id of the key that signed it; null where none of ours did.")
    certificate: CertificateVerification | None = strawberry.field(
        description="The certificate that it was issued for; null where it is not genuine."
    )
