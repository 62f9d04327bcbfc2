"""What staff do with certificates: issue one, revoke it, issue it anew, say for how long those to come will hold."""

from typing import Any

from sqlalchemy import BigInteger, Integer, Select, Text, and_, bindparam, cast, func, select, update

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import may_run_offering, visible_offerings
from lms_graphql.catalog.reach import department_of_course, department_of_offering
from lms_graphql.certificates.credentials import Signer
from lms_graphql.certificates.issuing import issue_one
from lms_graphql.certificates.models import Certificate
from lms_graphql.certificates.policy import visible_certificates
from lms_graphql.engine.dataloaders import prepared
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import visible_enrollments
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_Certificate = record("Certificate")
_Enrollment = record("Enrollment")
_Offering = record("CourseOffering")

_ENROLLMENT = ("input", "enrollmentId")
_PATH = ("input", "certificateId")
_DAYS_PATH = ("input", "validDays")
_LONGEST_REASON = 255
_MOST_DAYS = 36_500

_REVOKE = Statement(
    update(Certificate)
    .where(
        Certificate.university_id == UNIVERSITY,
        Certificate.id == bindparam("certificate_id", type_=BigInteger),
        Certificate.revoked_at.is_(None),
    )
    .values(
        revoked_at=func.greatest(func.clock_timestamp(), Certificate.issued_at),
        revocation_reason=bindparam("reason", type_=Text),
    )
    .returning(Certificate.user_id, Certificate.course_offering_id, Certificate.revoked_at)
)
_LOCK_OFFERING = Statement(
    select(CourseOffering.certificate_valid_days)
    .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == bindparam("offering_id", type_=BigInteger))
    .with_for_update()
)
_SET_DAYS = Statement(
    update(CourseOffering)
    .where(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == bindparam("offering_id", type_=BigInteger))
    .values(certificate_valid_days=bindparam("valid_days", type_=Integer))
)


async def issue_certificate(work: Work, given: Given) -> dict[str, Any]:
    """Issue a certificate for an enrollment; gives `certificate_id`.

    NOT_FOUND, FORBIDDEN, NOT_ELIGIBLE (not completed, not passed), TAKEN (there is a live one), CLOSED (nothing can be
    signed here).
    """
    enrollment_id = number_of(given["enrollmentId"], "Enrollment", work.viewer.university_id)
    row = None if enrollment_id is None else await _enrollment(work, enrollment_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such enrollment", _ENROLLMENT)
    _require_manager(work, row, _ENROLLMENT)
    _require_signer(work)
    if row["status"] != "completed":
        message = f"the enrollment is {row['status']}: only who has completed the offering gets a certificate"
        raise Refused(UserErrorCode.NOT_ELIGIBLE, message, _ENROLLMENT)
    if row["certificate_id"] is not None:
        raise Refused(
            UserErrorCode.TAKEN, "this person has a certificate of the offering; reissue it instead", _ENROLLMENT
        )
    return {"certificate_id": await issue_one(work, row["course_offering_id"], row["user_id"], _ENROLLMENT)}


async def _enrollment(work: Work, enrollment_id: int) -> Row | None:
    """The enrollment, if the viewer sees it, with the offering's department and the person's live certificate."""

    def query() -> Select[Any]:
        wanted: list[Any] = [
            CourseEnrollment.user_id,
            CourseEnrollment.course_offering_id,
            cast(CourseEnrollment.status, Text).label("status"),
            department_of_offering(CourseEnrollment.course_offering_id).label("department_id"),
            Certificate.id.label("certificate_id"),
        ]
        return (
            select(*wanted)
            .outerjoin(
                Certificate,
                and_(
                    Certificate.university_id == UNIVERSITY,
                    Certificate.course_offering_id == CourseEnrollment.course_offering_id,
                    Certificate.user_id == CourseEnrollment.user_id,
                    Certificate.revoked_at.is_(None),
                ),
            )
            .where(
                CourseEnrollment.id == bindparam("enrollment_id", type_=BigInteger), visible_enrollments(work.viewer)
            )
        )

    statement = prepared(("certificates.enrollment", work.viewer.standing), query)
    return await work.one(statement, _Enrollment, enrollment_id=enrollment_id)


def _require_manager(work: Work, row: Row, path: tuple[str, ...]) -> None:
    """FORBIDDEN unless the viewer runs the offering of a row with course_offering_id and department_id."""
    offering = {"id": row["course_offering_id"], "department_id": row["department_id"]}
    if not may_run_offering(work.viewer, offering):
        message = "certificates are for the offering's instructors and those who administer it"
        raise Refused(UserErrorCode.FORBIDDEN, message, path)


def _require_signer(work: Work) -> None:
    """CLOSED where this installation can sign nothing."""
    missing = work.context.service(Signer).missing
    if missing:
        raise Refused(UserErrorCode.CLOSED, f"certificates can't be issued here, there is {missing}")


async def revoke_certificate(work: Work, given: Given) -> dict[str, Any]:
    """Take a certificate back, for good; gives `certificate_id`. NOT_FOUND, FORBIDDEN, CLOSED (it is revoked)."""
    certificate_id = await _managed(work, given)
    reason = line(given["reason"], ("input", "reason"), most=_LONGEST_REASON)
    await _revoke(work, certificate_id, reason)
    return {"certificate_id": certificate_id}


async def reissue_certificate(work: Work, given: Given) -> dict[str, Any]:
    """Take a certificate back and issue another in its place, with what is true today; gives both ids.

    The one that was: `revoked_id`; the new one: `certificate_id`. As `revoke_certificate`, and NOT_ELIGIBLE where the
    person has passed no longer: then nothing is revoked.
    """
    certificate_id = await _managed(work, given)
    reason = line(given["reason"], ("input", "reason"), most=_LONGEST_REASON)
    _require_signer(work)
    revoked = await _revoke(work, certificate_id, reason)
    new = await issue_one(work, revoked["course_offering_id"], revoked["user_id"], _PATH, reason=reason)
    return {"certificate_id": new, "revoked_id": certificate_id}


async def _managed(work: Work, given: Given) -> int:
    """The id of a certificate whose offering the viewer runs."""
    certificate_id = number_of(given["certificateId"], "Certificate", work.viewer.university_id)
    row = None if certificate_id is None else await _certificate(work, certificate_id)
    if certificate_id is None or row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such certificate", _PATH)
    _require_manager(work, row, _PATH)
    return certificate_id


async def _certificate(work: Work, certificate_id: int) -> Row | None:
    def query() -> Select[Any]:
        wanted: list[Any] = [
            Certificate.course_offering_id,
            department_of_offering(Certificate.course_offering_id).label("department_id"),
        ]
        return select(*wanted).where(
            Certificate.id == bindparam("certificate_id", type_=BigInteger), visible_certificates(work.viewer)
        )

    statement = prepared(("certificates.managing", work.viewer.standing), query)
    return await work.one(statement, _Certificate, certificate_id=certificate_id)


async def _revoke(work: Work, certificate_id: int, reason: str) -> Row:
    """Revoke it, audited; CLOSED where somebody has."""
    row = await work.one(_REVOKE, _Certificate, certificate_id=certificate_id, reason=reason)
    if row is None:
        raise Refused(UserErrorCode.CLOSED, "this certificate is revoked already", _PATH)
    after = {"revoked_at": row["revoked_at"], "revocation_reason": reason}
    await work.audit("certificate.revoke", "Certificate", certificate_id, before={}, after=after, reason=reason)
    facts = {"userId": row["user_id"], "courseOfferingId": row["course_offering_id"]}
    await work.tell("certificate.revoked", "Certificate", certificate_id, **facts)
    return row


async def update_certificate_settings(work: Work, given: Given) -> dict[str, Any]:
    """Say for how many days the certificates of an offering hold that are issued from now on; gives `offering_id`."""
    path = ("input", "offeringId")
    offering_id = number_of(given["offeringId"], "CourseOffering", work.viewer.university_id)
    row = None if offering_id is None else await _offering(work, offering_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such offering", path)
    _require_manager(work, row, path)
    days = given.get("validDays")
    if "validDays" not in given or not (days is None or 1 <= days <= _MOST_DAYS):
        message = f"name 1 to {_MOST_DAYS} days, or null for certificates that hold for ever"
        raise Refused(UserErrorCode.INVALID, message, _DAYS_PATH)
    locked = await work.one(_LOCK_OFFERING, _Offering, offering_id=offering_id)
    before = None if locked is None else locked["certificate_valid_days"]
    if before == days:
        work.nothing_changed()
        return {"offering_id": offering_id}
    await work.rows(_SET_DAYS, _Offering, offering_id=offering_id, valid_days=days)
    change = [{"certificate_valid_days": value} for value in (before, days)]
    await work.audit("certificate.settings", "CourseOffering", offering_id, before=change[0], after=change[1])
    await work.tell("offering.updated", "CourseOffering", offering_id)
    return {"offering_id": offering_id}


async def _offering(work: Work, offering_id: int) -> Row | None:
    def query() -> Select[Any]:
        wanted: list[Any] = [
            CourseOffering.id.label("course_offering_id"),
            department_of_course(CourseOffering.course_id).label("department_id"),
        ]
        return select(*wanted).where(
            CourseOffering.id == bindparam("offering_id", type_=BigInteger), visible_offerings(work.viewer)
        )

    statement = prepared(("certificates.settings", work.viewer.standing), query)
    return await work.one(statement, _Offering, offering_id=offering_id)
