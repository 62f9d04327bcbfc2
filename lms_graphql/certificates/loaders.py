"""Certificates: of the university's people, and by their code for anybody."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Numeric,
    Select,
    Text,
    any_,
    case,
    column,
    func,
    select,
    true,
)
from typing_extensions import override

from lms_graphql.certificates import policy
from lms_graphql.certificates.models import Certificate
from lms_graphql.engine.dataloaders import KEYS, TEXT_KEYS, Loader, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import visible_enrollments
from lms_graphql.storage.tenancy import UNIVERSITY

CertificateRow = record("Certificate", discloses="certificates", seldom=("credential_jwt",))
VerificationRow = record("CertificateVerification", tenant=False)


def _status(certificate: Any) -> ColumnElement[Any]:
    """How it stands at the moment of the snapshot; `certificate` has the columns of both dates."""
    return case(
        (certificate.revoked_at.is_not(None), "revoked"),
        (certificate.expires_at <= func.now(), "expired"),
        else_="valid",
    ).label("status")


class _Certificates(Loader[Any, Any]):
    """What all loaders of certificates have in common: the status is told by the database's clock."""

    row = CertificateRow

    def _columns(self) -> list[ColumnElement[Any]]:
        return [*self.columns(Certificate), _status(Certificate)]


class CertificateById(_Certificates, One[int]):
    """A certificate that the viewer may see."""

    @override
    def query(self) -> Select[Any]:
        return select(Certificate.id, *self._columns()).where(
            Certificate.id == any_(KEYS), policy.visible_certificates(self.viewer)
        )


class CertificateByEnrollment(_Certificates, One[int]):
    """The certificate of each enrollment that was not revoked; there is at most one."""

    @override
    def query(self) -> Select[Any]:
        return (
            select(CourseEnrollment.id.label("key"), *self._columns())
            .join(
                Certificate,
                (Certificate.university_id == UNIVERSITY)
                & (Certificate.course_offering_id == CourseEnrollment.course_offering_id)
                & (Certificate.user_id == CourseEnrollment.user_id)
                & Certificate.revoked_at.is_(None),
            )
            .where(
                CourseEnrollment.id == any_(KEYS),
                visible_enrollments(self.viewer),
                policy.visible_certificates(self.viewer),
            )
        )


class CertificatesByUser(_Certificates, Page[int]):
    """The certificates of each person that the viewer may see, by id."""

    order = (Certificate.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self._columns()).where(Certificate.user_id == parent, policy.visible_certificates(self.viewer))


class CertificatesByOffering(_Certificates, Page[int]):
    """The certificates of each offering that the viewer may see, by id."""

    order = (Certificate.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self._columns()).where(
            Certificate.course_offering_id == parent, policy.visible_certificates(self.viewer)
        )


class VerificationByCode(One[str]):
    """What anybody may know of the certificate with each code, of whatever university.

    Row-level security would show none of them without a tenant, and all columns with one. The function of the database
    looks for the one university whose short code the code begins with, and gives these columns and no more. Those from
    `user_id` on are what the signature is held against; the type shows none of them.
    """

    row = VerificationRow

    @override
    def query(self) -> Select[Any]:
        codes = func.unnest(TEXT_KEYS).table_valued(column("code", Text)).render_derived(name="codes")
        moment = DateTime(timezone=True)
        found = (
            func.verify_certificate(codes.c.code)
            .table_valued(
                column("recipient_name", Text),
                column("course_title", Text),
                column("university_name", Text),
                column("issued_at", moment),
                column("expires_at", moment),
                column("revoked_at", moment),
                column("user_id", BigInteger),
                column("course_offering_id", BigInteger),
                column("course_code", Text),
                column("final_score", Numeric),
                column("letter_grade", Text),
                column("key_id", Text),
                column("credential_jwt", Text),
            )
            .lateral("found")
        )
        return select(codes.c.code, *found.c, _status(found.c)).select_from(codes.join(found, true()))
