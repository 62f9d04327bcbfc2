"""The fields of Mutation about certificates."""

import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.certificates import managing, policy
from lms_graphql.certificates.loaders import CertificateById
from lms_graphql.certificates.types import Certificate
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, user_errors
from lms_graphql.engine.usererrors import UserError

_REASON = "Why, in one line of at most 255 characters; the person sees it. Say nothing of the person in it."


@strawberry.input(description="Whose completed enrollment is to be certified.")
class IssueCertificateInput:
    """The input of `issueCertificate`."""

    enrollment_id: strawberry.ID = strawberry.field(description="The global id of an enrollment.")


@strawberry.type(description="What `issueCertificate` gives.")
class IssueCertificatePayload:
    """The payload of `issueCertificate`."""

    certificate: Certificate | None = changed(
        CertificateById, "certificate_id", "The new certificate; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="Which certificate is to be taken back, and why.")
class RevokeCertificateInput:
    """The input of `revokeCertificate`."""

    certificate_id: strawberry.ID = strawberry.field(description="The global id of a certificate.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.type(description="What `revokeCertificate` gives.")
class RevokeCertificatePayload:
    """The payload of `revokeCertificate`."""

    certificate: Certificate | None = changed(
        CertificateById, "certificate_id", "The certificate as it stands now; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="Which certificate is to be issued anew, and why.")
class ReissueCertificateInput:
    """The input of `reissueCertificate`."""

    certificate_id: strawberry.ID = strawberry.field(description="The global id of a certificate that is not revoked.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.type(description="What `reissueCertificate` gives.")
class ReissueCertificatePayload:
    """The payload of `reissueCertificate`."""

    certificate: Certificate | None = changed(
        CertificateById, "certificate_id", "The new certificate; null where it was refused."
    )
    revoked: Certificate | None = changed(
        CertificateById, "revoked_id", "The one that it stands in for, which is revoked; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="For how long the certificates of an offering hold.")
class UpdateCertificateSettingsInput:
    """The input of `updateCertificateSettings`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of an offering.")
    valid_days: int | None = optional("In days from the issue, 1 to 36500; null: for ever. It must be given.")


@strawberry.type(description="What `updateCertificateSettings` gives.")
class UpdateCertificateSettingsPayload:
    """The payload of `updateCertificateSettings`."""

    offering: CourseOffering | None = changed(
        OfferingById, "offering_id", "The offering as it is now; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type
class CertificatesMutation:
    """Joined into Mutation."""

    issue_certificate: IssueCertificatePayload | None = mutation(
        managing.issue_certificate,
        IssueCertificateInput,
        "Issue a signed certificate to somebody who has completed the offering and passed it, for who runs it. Who"
        " completes an offering and has a grade posted with which they pass gets one by itself.",
        may=policy.may_manage_certificates,
    )
    revoke_certificate: RevokeCertificatePayload | None = mutation(
        managing.revoke_certificate,
        RevokeCertificateInput,
        "Take a certificate back for good, for who runs the offering. Who verifies it is told so from then on.",
        may=policy.may_manage_certificates,
    )
    reissue_certificate: ReissueCertificatePayload | None = mutation(
        managing.reissue_certificate,
        ReissueCertificateInput,
        "Take a certificate back and issue another with what is true today, for example another name, for who runs the"
        " offering.",
        may=policy.may_manage_certificates,
    )
    update_certificate_settings: UpdateCertificateSettingsPayload | None = mutation(
        managing.update_certificate_settings,
        UpdateCertificateSettingsInput,
        "Say for how long the certificates of an offering hold, for who runs it. Those that were issued stay as they"
        " are.",
        may=policy.may_manage_certificates,
    )
