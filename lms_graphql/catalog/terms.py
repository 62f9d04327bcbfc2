"""The terms of a university: added, changed, and removed while no offering runs in them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, DateTime, String, bindparam, delete, insert, select, update

from lms_graphql.catalog.models import Term
from lms_graphql.engine.changing import Field, changes_of, made_of
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_TERM = ("input", "termId")
_FIELDS = (
    Field("code", "code", lambda value, path: line(value, path, most=32)),
    Field("name", "name", lambda value, path: line(value, path, most=255)),
    Field("startsAt", "starts_at", lambda value, _path: value),
    Field("endsAt", "ends_at", lambda value, _path: value),
)
TAKEN = {
    "ux_terms_code": UserFailure(
        UserErrorCode.TAKEN, "another term of this university has this code", ("input", "code")
    )
}
IN_USE = {
    "course_offerings_term_id_fkey": UserFailure(
        UserErrorCode.CLOSED, "offerings run in this term: give them another one first", _TERM
    )
}

_TermRow = record("Term")
_ID = bindparam("term_id", type_=BigInteger, required=True)
_HERE = (Term.university_id == UNIVERSITY, Term.id == _ID)
_TIME = DateTime(timezone=True)
_VALUES: Any = {
    "code": bindparam("code", type_=String),
    "name": bindparam("name", type_=String),
    "starts_at": bindparam("starts_at", type_=_TIME),
    "ends_at": bindparam("ends_at", type_=_TIME),
}
_LOCK = Statement(
    select(Term.id, Term.code, Term.name, Term.starts_at, Term.ends_at, Term.version).where(*_HERE).with_for_update()
)
_ADD = Statement(insert(Term).values(university_id=UNIVERSITY, **_VALUES).returning(Term.id))
_CHANGE = Statement(update(Term).where(*_HERE).values(**_VALUES))
_DELETE = Statement(delete(Term).where(*_HERE))


async def create_term(work: Work, given: Given) -> dict[str, Any]:
    """Add a term; gives `term_id`."""
    values = made_of(given, _FIELDS)
    _require_stretch(values)
    (row,) = await work.rows(_ADD, _TermRow, **values)
    await work.audit("term.create", "Term", row["id"], after={field.name: values[field.column] for field in _FIELDS})
    await work.tell("term.created", "Term", row["id"])
    return {"term_id": row["id"]}


async def update_term(work: Work, given: Given) -> dict[str, Any]:
    """Change a term; gives `term_id`."""
    row = await _locked(work, given)
    changes = changes_of(given, row, _FIELDS)
    if not changes.after:
        work.nothing_changed()
    else:
        _require_stretch(changes.values)
        await work.rows(_CHANGE, _TermRow, term_id=row["id"], **changes.values)
        await work.audit("term.update", "Term", row["id"], before=changes.before, after=changes.after)
        await work.tell("term.updated", "Term", row["id"])
    return {"term_id": row["id"]}


async def delete_term(work: Work, given: Given) -> dict[str, Any]:
    """Remove a term that no offering runs in; gives `deleted_id`, its global id."""
    row = await _locked(work, given)
    await work.rows(_DELETE, _TermRow, term_id=row["id"])
    before = {field.name: row[field.column] for field in _FIELDS}
    await work.audit("term.delete", "Term", row["id"], before=before)
    await work.tell("term.deleted", "Term", row["id"])
    return {"deleted_id": given["termId"]}


def _require_stretch(values: Mapping[str, Any]) -> None:
    if values["ends_at"] <= values["starts_at"]:
        raise Refused(UserErrorCode.INVALID, "a term ends after it has begun", ("input", "endsAt"))


async def _locked(work: Work, given: Given) -> Row:
    """The term, locked, as its user expects it."""
    term_id = number_of(given["termId"], "Term", work.viewer.university_id)
    row = None if term_id is None else await work.one(_LOCK, _TermRow, term_id=term_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such term", _TERM)
    require_version(row["version"], given.get("expectedVersion"))
    return row
