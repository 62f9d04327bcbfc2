"""The domains of knowledge that subjects belong to."""

from typing import Any

from sqlalchemy import BigInteger, String, Text, bindparam, delete, insert, select, update

from lms_graphql.catalog.models import Domain
from lms_graphql.engine.changing import Field, changes_of, made_of
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.prose import prose
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import require_version
from lms_graphql.platform.working import PlatformWork
from lms_graphql.storage.statements import Statement

LONGEST_DESCRIPTION = 10_000
_DOMAIN = ("input", "domainId")
_FIELDS = (
    Field("code", "code", lambda value, path: line(value, path, most=64)),
    Field("name", "name", lambda value, path: line(value, path, most=255)),
    Field(
        "description",
        "description",
        lambda value, path: prose(value, path, most=LONGEST_DESCRIPTION),
        may_clear=True,
    ),
)
TAKEN = {"domains_code_key": UserFailure(UserErrorCode.TAKEN, "another domain has this code", ("input", "code"))}
IN_USE = {
    "subjects_domain_id_fkey": UserFailure(
        UserErrorCode.CLOSED, "subjects belong to this domain: give them another one, or none, first", _DOMAIN
    )
}

_DomainRow = record("Domain", tenant=False)
_HERE = Domain.id == bindparam("domain_id", type_=BigInteger, required=True)
_VALUES: Any = {
    "code": bindparam("code", type_=String, required=True),
    "name": bindparam("name", type_=String, required=True),
    "description": bindparam("description", type_=Text, required=True),
}
_LOCK = Statement(
    select(Domain.id, Domain.code, Domain.name, Domain.description, Domain.version).where(_HERE).with_for_update()
)
_ADD = Statement(insert(Domain).values(**_VALUES).returning(Domain.id))
_CHANGE = Statement(update(Domain).where(_HERE).values(**_VALUES))
_DELETE = Statement(delete(Domain).where(_HERE))


async def create_domain(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Add a domain; gives `domain_id`."""
    values = made_of(given, _FIELDS)
    (row,) = await work.rows(_ADD, _DomainRow, **values)
    await work.audit("domain.create", "Domain", row["id"], after=values)
    return {"domain_id": row["id"]}


async def update_domain(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Change a domain; gives `domain_id`."""
    row = await _locked(work, given)
    changes = changes_of(given, row, _FIELDS)
    if not changes.after:
        work.nothing_changed()
    else:
        await work.rows(_CHANGE, _DomainRow, domain_id=row["id"], **changes.values)
        await work.audit("domain.update", "Domain", row["id"], before=changes.before, after=changes.after)
    return {"domain_id": row["id"]}


async def delete_domain(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Remove a domain that no subject belongs to; gives `deleted_id`, its global id."""
    row = await _locked(work, given)
    await work.rows(_DELETE, _DomainRow, domain_id=row["id"])
    before = {field.name: row[field.column] for field in _FIELDS}
    await work.audit("domain.delete", "Domain", row["id"], before=before)
    return {"deleted_id": given["domainId"]}


async def _locked(work: PlatformWork, given: Given) -> Row:
    """The domain, locked, as its user expects it."""
    domain_id = number_of(given["domainId"], "Domain", None)
    row = None if domain_id is None else await work.one(_LOCK, _DomainRow, domain_id=domain_id)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such domain", _DOMAIN)
    require_version(row["version"], given.get("expectedVersion"))
    return row
