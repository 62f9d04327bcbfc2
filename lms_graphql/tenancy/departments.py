"""The departments of a university: added, changed, and removed while nothing belongs to them."""

from typing import Any

from sqlalchemy import BigInteger, String, bindparam, delete, insert, select, update

from lms_graphql.engine.changing import Field, changes_of, made_of
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import Department

DEPARTMENT = ("input", "departmentId")
_FIELDS = (
    Field("name", "name", lambda value, path: line(value, path, most=255)),
    Field("code", "code", lambda value, path: line(value, path, most=64)),
)
TAKEN = {
    "ux_departments_university_code": UserFailure(
        UserErrorCode.TAKEN, "another department of this university has this code", ("input", "code")
    )
}
_IN_USE = UserFailure(
    UserErrorCode.CLOSED,
    "courses or roles belong to this department: give them to another one, or revoke them, first",
    DEPARTMENT,
)
IN_USE = dict.fromkeys(("courses_department_id_fkey", "user_university_roles_department_id_fkey"), _IN_USE)
"""What keeps a department: so deleting one never makes the scope of a role wider."""

_DepartmentRow = record("Department")
_ID = bindparam("department_id", type_=BigInteger, required=True)
_HERE = (Department.university_id == UNIVERSITY, Department.id == _ID)
_VALUES: Any = {"name": bindparam("name", type_=String), "code": bindparam("code", type_=String)}
_LOCK = Statement(
    select(Department.id, Department.name, Department.code, Department.version).where(*_HERE).with_for_update()
)
_ADD = Statement(insert(Department).values(university_id=UNIVERSITY, **_VALUES).returning(Department.id))
_CHANGE = Statement(update(Department).where(*_HERE).values(**_VALUES))
_DELETE = Statement(delete(Department).where(*_HERE))


async def create_department(work: Work, given: Given) -> dict[str, Any]:
    """Add a department; gives `department_id`."""
    values = made_of(given, _FIELDS)
    (row,) = await work.rows(_ADD, _DepartmentRow, **values)
    await work.audit("department.create", "Department", row["id"], after=values)
    await work.tell("department.created", "Department", row["id"])
    return {"department_id": row["id"]}


async def update_department(work: Work, given: Given) -> dict[str, Any]:
    """Change a department's name or code; gives `department_id`."""
    row = await _locked(work, given)
    changes = changes_of(given, row, _FIELDS)
    if not changes.after:
        work.nothing_changed()
    else:
        await work.rows(_CHANGE, _DepartmentRow, department_id=row["id"], **changes.values)
        await work.audit("department.update", "Department", row["id"], before=changes.before, after=changes.after)
        await work.tell("department.updated", "Department", row["id"])
    return {"department_id": row["id"]}


async def delete_department(work: Work, given: Given) -> dict[str, Any]:
    """Remove a department that nothing belongs to; gives `deleted_id`, its global id."""
    row = await _locked(work, given)
    await work.rows(_DELETE, _DepartmentRow, department_id=row["id"])
    before = {"name": row["name"], "code": row["code"]}
    await work.audit("department.delete", "Department", row["id"], before=before)
    await work.tell("department.deleted", "Department", row["id"])
    return {"deleted_id": given["departmentId"]}


async def require_department(work: Work, text: str, path: tuple[str, ...]) -> int:
    """The number of the department that a global id names; NOT_FOUND if there is none."""
    department_id = number_of(text, "Department", work.viewer.university_id)
    if department_id is None or await work.one(_FIND, _DepartmentRow, department_id=department_id) is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such department", path)
    return department_id


# It can't be deleted before what is to refer to it is kept.
_FIND = Statement(select(Department.id).where(*_HERE).with_for_update(read=True, key_share=True))


async def _locked(work: Work, given: Given) -> Row:
    """The department, locked, as its user expects it."""
    department_id = number_of(given["departmentId"], "Department", work.viewer.university_id)
    row = None if department_id is None else await work.one(_LOCK, _DepartmentRow, department_id=department_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such department", DEPARTMENT)
    require_version(row["version"], given.get("expectedVersion"))
    return row
