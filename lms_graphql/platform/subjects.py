"""The tree of subjects, which all universities share.

Those who change its shape do so one after another: each finds it as the one before left it, so none ever hangs below
itself, and every depth is right.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    String,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.orm import aliased

from lms_graphql.catalog.models import Subject
from lms_graphql.engine.changing import Field, changes_of, made_of
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.prose import prose
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import require_version
from lms_graphql.platform.domains import LONGEST_DESCRIPTION
from lms_graphql.platform.working import PlatformWork
from lms_graphql.storage.statements import Statement

DEEPEST = 32
_SUBJECT, _PARENT = ("input", "subjectId"), ("input", "parentId")
_FIELDS = (
    Field("code", "code", lambda value, path: line(value, path, most=128)),
    Field("name", "name", lambda value, path: line(value, path, most=255)),
    Field(
        "description",
        "description",
        lambda value, path: prose(value, path, most=LONGEST_DESCRIPTION),
        may_clear=True,
    ),
    Field("domainId", "domain_id", lambda value, _path: value, may_clear=True),
)
_TAKEN = UserFailure(UserErrorCode.TAKEN, "another subject has this code", ("input", "code"))
_NO_DOMAIN = UserFailure(UserErrorCode.NOT_FOUND, "there is no such domain", ("input", "domainId"))
REFUSALS = {"ux_subjects_code": _TAKEN, "subjects_domain_id_fkey": _NO_DOMAIN}
_IN_USE = UserFailure(
    UserErrorCode.CLOSED, "courses or other subjects belong to this subject: give them another one first", _SUBJECT
)
IN_USE = dict.fromkeys(
    ("subjects_parent_subject_id_fkey", "courses_primary_subject_id_fkey", "course_subjects_subject_id_fkey"), _IN_USE
)
"""What keeps a subject, in whichever university."""

_SubjectRow = record("Subject", tenant=False)
_ID = bindparam("subject_id", type_=BigInteger, required=True)
_HERE = Subject.id == _ID
_VALUES: Any = {
    "code": bindparam("code", type_=String, required=True),
    "name": bindparam("name", type_=String, required=True),
    "description": bindparam("description", type_=Text, required=True),
    "domain_id": bindparam("domain_id", type_=BigInteger, required=True),
}
_PLACE: Any = {
    "parent_subject_id": bindparam("parent_id", type_=BigInteger, required=True),
    "depth": bindparam("depth", type_=Integer, required=True),
}
_IN_TURN = Statement(text("SELECT pg_advisory_xact_lock(hashtextextended('subjects', 1)) IS NULL AS locked"))
_LOCK = Statement(
    select(
        Subject.id,
        Subject.code,
        Subject.name,
        Subject.description,
        Subject.domain_id,
        Subject.parent_subject_id,
        Subject.depth,
        Subject.version,
    )
    .where(_HERE)
    .with_for_update()
)
_ADD = Statement(insert(Subject).values(**_VALUES, **_PLACE).returning(Subject.id))
_CHANGE = Statement(update(Subject).where(_HERE).values(**_VALUES))
_DELETE = Statement(delete(Subject).where(_HERE))
_DEPTH = Statement(select(Subject.depth).where(_HERE))


def _below() -> Any:
    """The subject and all below it; a tree is at most DEEPEST deep, also one that somebody has broken by hand."""
    top = select(Subject.id, literal(0, Integer).label("level")).where(_HERE).cte("below", recursive=True)
    child = aliased(Subject)
    further = select(child.id, top.c.level + 1).where(child.parent_subject_id == top.c.id, top.c.level < DEEPEST)
    return top.union_all(further)


_BELOW = _below()
_SUBTREE = Statement(
    select(
        func.max(_BELOW.c.level).label("height"),
        func.coalesce(
            func.bool_or(_BELOW.c.id == bindparam("parent_id", type_=BigInteger, required=True)), literal(False)
        ).label("has_parent"),
    )
)
_MOVE = Statement(
    update(Subject)
    .where(Subject.id == _BELOW.c.id)
    .values(
        depth=bindparam("depth", type_=Integer, required=True) + _BELOW.c.level,
        parent_subject_id=case(
            (_BELOW.c.level == 0, bindparam("parent_id", type_=BigInteger, required=True)),
            else_=Subject.parent_subject_id,
        ),
    )
)


async def create_subject(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Add a subject, at the top or below another; gives `subject_id`."""
    await work.rows(_IN_TURN, Row)
    parent_id, depth = await _place(work, given)
    values = made_of(_numbered(given), _FIELDS)
    if depth > DEEPEST:
        raise _too_deep()
    (row,) = await work.rows(_ADD, _SubjectRow, **values, parent_id=parent_id, depth=depth)
    told = {field.name: values[field.column] for field in _FIELDS} | {"parentId": parent_id, "depth": depth}
    await work.audit("subject.create", "Subject", row["id"], after=told)
    return {"subject_id": row["id"]}


async def update_subject(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Change what a subject is called, and its domain; gives `subject_id`."""
    row = await _locked(work, given)
    changes = changes_of(_numbered(given), row, _FIELDS)
    if not changes.after:
        work.nothing_changed()
    else:
        await work.rows(_CHANGE, _SubjectRow, subject_id=row["id"], **changes.values)
        await work.audit("subject.update", "Subject", row["id"], before=changes.before, after=changes.after)
    return {"subject_id": row["id"]}


async def move_subject(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Hang a subject, with all below it, below another or at the top; gives `subject_id`."""
    await work.rows(_IN_TURN, Row)
    row = await _locked(work, given)
    parent_id, depth = await _place(work, given)
    if row["parent_subject_id"] == parent_id:
        work.nothing_changed()
        return {"subject_id": row["id"]}
    (tree,) = await work.rows(_SUBTREE, _SubjectRow, subject_id=row["id"], parent_id=parent_id)
    if tree["has_parent"]:
        raise Refused(UserErrorCode.INVALID, "a subject can't hang below itself, or below one of its own", _PARENT)
    if depth + tree["height"] > DEEPEST:
        raise _too_deep()
    await work.rows(_MOVE, _SubjectRow, subject_id=row["id"], parent_id=parent_id, depth=depth)
    before = {"parentId": row["parent_subject_id"], "depth": row["depth"]}
    await work.audit("subject.move", "Subject", row["id"], before=before, after={"parentId": parent_id, "depth": depth})
    return {"subject_id": row["id"]}


async def delete_subject(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Remove a subject that nothing belongs to; gives `deleted_id`, its global id."""
    await work.rows(_IN_TURN, Row)
    row = await _locked(work, given)
    await work.rows(_DELETE, _SubjectRow, subject_id=row["id"])
    before = {field.name: row[field.column] for field in _FIELDS}
    before |= {"parentId": row["parent_subject_id"], "depth": row["depth"]}
    await work.audit("subject.delete", "Subject", row["id"], before=before)
    return {"deleted_id": given["subjectId"]}


async def _place(work: PlatformWork, given: Given) -> tuple[int | None, int]:
    """The number of the subject that `parentId` names, and how deep it is directly below; at the top without one."""
    name = given.get("parentId")
    if name is None:
        return None, 0
    number = number_of(name, "Subject", None)
    row = None if number is None else await work.one(_DEPTH, _SubjectRow, subject_id=number)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such subject", _PARENT)
    return number, row["depth"] + 1


def _numbered(given: Given) -> Given:
    """The input with the number of its domain; 0, which there is not, for what is no id of one."""
    name = given.get("domainId")
    return given if name is None else {**given, "domainId": number_of(name, "Domain", None) or 0}


async def _locked(work: PlatformWork, given: Given) -> Row:
    """The subject, locked, as its user expects it."""
    subject_id = number_of(given["subjectId"], "Subject", None)
    row = None if subject_id is None else await work.one(_LOCK, _SubjectRow, subject_id=subject_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such subject", _SUBJECT)
    require_version(row["version"], given.get("expectedVersion"))
    return row


def _too_deep() -> Refused:
    message = f"the tree of subjects is at most {DEEPEST + 1} levels deep"
    return Refused(UserErrorCode.LIMIT_REACHED, message, _PARENT)
