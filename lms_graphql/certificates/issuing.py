"""Issuing certificates to those who have passed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Numeric,
    Select,
    String,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    exists,
    func,
    insert,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.certificates.badges import Facts
from lms_graphql.certificates.credentials import Signer, new_code
from lms_graphql.certificates.models import Certificate
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.journal import AuditEntry, OutboxEntry
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import University, UniversityMember

_Candidate = record("Candidate")
_Issued = record("Certificate")

_OFFERING, _PEOPLE = bindparam("offering_id", type_=BigInteger), bindparam("people", type_=ARRAY(BigInteger))
_AT = func.date_trunc("second", func.now(), type_=DateTime(timezone=True))
"""Whole seconds, as the credential has them."""


def _candidates() -> Statement:
    """Those of the people who have completed the offering and passed it, with all that their certificates say.

    `has_one` tells who has a live one already.
    """
    has_one = exists().where(
        Certificate.university_id == UNIVERSITY,
        Certificate.course_offering_id == _OFFERING,
        Certificate.user_id == CourseEnrollment.user_id,
        Certificate.revoked_at.is_(None),
    )
    grade = (
        func.certified_grade(UNIVERSITY, _OFFERING, CourseEnrollment.user_id)
        .table_valued(column("final_score", Numeric), column("letter_grade", Text), column("passed"))
        .render_derived(name="grade")
        .lateral("grade")
    )
    wanted: Select[Any] = (
        select(
            CourseEnrollment.user_id,
            UniversityMember.display_name,
            University.short_code,
            University.name,
            Course.code,
            Course.title,
            cast(grade.c.final_score, Numeric(6, 2)).label("final_score"),
            grade.c.letter_grade,
            CourseOffering.certificate_valid_days,
            _AT.label("issued_at"),
            has_one.label("has_one"),
        )
        .join(
            UniversityMember,
            and_(UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == CourseEnrollment.user_id),
        )
        .join(University, University.id == UNIVERSITY)
        .join(
            CourseOffering,
            and_(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == CourseEnrollment.course_offering_id),
        )
        .join(Course, and_(Course.university_id == UNIVERSITY, Course.id == CourseOffering.course_id))
        .join(grade, true())
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.course_offering_id == _OFFERING,
            CourseEnrollment.user_id == any_(_PEOPLE),
            cast(CourseEnrollment.status, Text) == "completed",
            UniversityMember.status != "erased",
            grade.c.passed,
        )
        .order_by(CourseEnrollment.user_id)
    )
    return Statement(wanted)


def _arrays(**types: Any) -> Any:
    """Arrays side by side, bound by these names, as a table."""
    bound = (bindparam(f"all_{name}", type_=ARRAY(type_)) for name, type_ in types.items())
    return (
        func.unnest(*bound)
        .table_valued(*(column(name, type_) for name, type_ in types.items()))
        .render_derived(name="rows")
    )


_COLUMNS: dict[str, Any] = {
    "user_id": BigInteger(),
    "certificate_code": Text(),
    "expires_at": DateTime(timezone=True),
    "recipient_name": Text(),
    "course_code": Text(),
    "course_title": Text(),
    "final_score": Numeric(6, 2),
    "letter_grade": Text(),
    "key_id": Text(),
    "credential_jwt": Text(),
}


def _insert() -> Statement:
    """The certificates, but for those whose people have got one in the meantime."""
    rows = _arrays(**_COLUMNS)
    shared: dict[str, Any] = {"university_id": UNIVERSITY, "course_offering_id": _OFFERING, "issued_at": _AT}
    made = upsert(Certificate).from_select(
        [*shared, *_COLUMNS], select(*shared.values(), *(rows.c[name] for name in _COLUMNS)), include_defaults=False
    )
    return Statement(
        made.on_conflict_do_nothing(
            index_elements=[Certificate.university_id, Certificate.course_offering_id, Certificate.user_id],
            index_where=text("revoked_at IS NULL"),
        ).returning(Certificate.id, Certificate.user_id)
    )


def _journal(model: Any, **values: Any) -> Statement:
    """One entry for each of the new certificates, in one statement."""
    rows = _arrays(entity_id=BigInteger(), said=JSONB())
    what: dict[str, Any] = {
        "university_id": UNIVERSITY,
        "entity": text("'Certificate'"),
        "entity_id": rows.c.entity_id,
        **values,
    }
    said = "new_values" if model is AuditEntry else "facts"
    entries = select(*what.values(), rows.c.said)
    return Statement(insert(model).inline().from_select([*what, said], entries, include_defaults=False))


_CANDIDATES = _candidates()
_INSERT = _insert()
_AUDIT = _journal(
    AuditEntry,
    user_id=bindparam("actor_id", type_=BigInteger),
    roles=bindparam("roles", type_=ARRAY(Text)),
    act=text("'certificate.issue'"),
    reason=bindparam("reason", type_=Text),
    request_id=bindparam("request_id", type_=String),
)
_TELL = _journal(OutboxEntry, topic=text("'certificate.issued'"))


async def issue_to_passed(
    work: Work, course_offering_id: int, user_ids: Sequence[int], *, reason: str | None = None
) -> list[int]:
    """Issue a certificate to each of these people who completed the offering, passed it, and has none that is live.

    In the transaction of the work; gives the ids of the new certificates. To be called by whatever completes an
    enrollment or posts a final grade. Where an installation can sign nothing nobody gets one, and nothing is refused:
    a grade is posted all the same, and staff issue the certificates later. Four statements, for however many.
    """
    signer = work.context.service(Signer)
    if signer.missing or not user_ids:
        return []
    where = {"offering_id": course_offering_id, "people": list(user_ids)}
    candidates = [row for row in await work.rows(_CANDIDATES, _Candidate, **where) if not row["has_one"]]
    if not candidates:
        return []
    rows = [_signed(signer, course_offering_id, candidate) for candidate in candidates]
    arrays = {f"all_{name}": [row[name] for row in rows] for name in _COLUMNS}
    issued = {row["user_id"]: row["id"] for row in await work.rows(_INSERT, _Issued, **where, **arrays)}
    new = [(issued[row["user_id"]], row) for row in rows if row["user_id"] in issued]
    if new:
        await _write_down(work, course_offering_id, new, candidates[0]["issued_at"], reason)
    return [certificate_id for certificate_id, _ in new]


def _signed(signer: Signer, offering_id: int, candidate: Row) -> dict[str, Any]:
    """The columns of a certificate, signed."""
    days, issued_at = candidate["certificate_valid_days"], candidate["issued_at"]
    facts = Facts(
        code=new_code(candidate["short_code"]),
        user_id=candidate["user_id"],
        course_offering_id=offering_id,
        recipient_name=candidate["display_name"],
        course_code=candidate["code"],
        course_title=candidate["title"],
        final_score=candidate["final_score"],
        letter_grade=candidate["letter_grade"],
        issued_at=issued_at,
        expires_at=None if days is None else issued_at + timedelta(days=days),
        university_name=candidate["name"],
    )
    jwt, key_id = signer.sign(facts)
    return {**facts._asdict(), "certificate_code": facts.code, "key_id": key_id, "credential_jwt": jwt}


async def _write_down(
    work: Work, offering_id: int, new: Sequence[tuple[int, dict[str, Any]]], issued_at: datetime, reason: str | None
) -> None:
    """An entry for each; without the name, which is the person's and goes with them."""
    kept = ("certificate_code", "course_code", "course_title", "final_score", "letter_grade", "key_id", "expires_at")
    shared = {"course_offering_id": offering_id, "issued_at": issued_at}
    after = [{"user_id": row["user_id"], **shared, **{name: row[name] for name in kept}} for _, row in new]
    facts = [{"userId": row["user_id"], "courseOfferingId": offering_id} for _, row in new]
    who = {
        "actor_id": work.viewer.user_id,
        "roles": sorted(work.viewer.roles),
        "reason": reason,
        "request_id": work.context.request_id,
    }
    ids = [certificate_id for certificate_id, _ in new]
    await work.rows(_AUDIT, Row, all_entity_id=ids, all_said=[_json(values) for values in after], **who)
    await work.rows(_TELL, Row, all_entity_id=ids, all_said=[_json(values) for values in facts])
    work.audited += len(new)


def _json(values: dict[str, Any]) -> str:
    return orjson.dumps(values, default=str).decode()


async def issue_one(
    work: Work, offering_id: int, user_id: int, path: tuple[str, ...], *, reason: str | None = None
) -> int:
    """Issue to one person, who has completed the offering; NOT_ELIGIBLE or TAKEN where that can't be."""
    issued = await issue_to_passed(work, offering_id, [user_id], reason=reason)
    if issued:
        return issued[0]
    if await work.rows(_CANDIDATES, _Candidate, offering_id=offering_id, people=[user_id]):
        raise Refused(UserErrorCode.TAKEN, "this person has just got a certificate of the offering", path)
    message = "there is no grade of this person that is posted and passed, or their data was erased"
    raise Refused(UserErrorCode.NOT_ELIGIBLE, message, path)
