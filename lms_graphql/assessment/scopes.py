"""What an offering asks of an item of all, of a section or of one person: each a row of its own, found and written."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Text, bindparam, cast, insert, select, update

from lms_graphql.content.loaders import TYPENAMES
from lms_graphql.content.models import ContentItem, ContentItemSetting
from lms_graphql.content.settings import ItemSetting
from lms_graphql.engine.filters import moment
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

DATES = {"unlockAt": "unlock_at", "dueAt": "due_at", "lockAt": "lock_at"}
"""The columns of the dates, by the fields of inputs."""
COLUMNS = ItemSetting.__struct_fields__
REFUSED = {
    "content_item_settings_dates_check": UserFailure(
        UserErrorCode.INVALID, "it must open before it is due, and be due before it is locked", ("input",)
    ),
    "content_item_settings_rule_needs_score_check": UserFailure(
        UserErrorCode.INVALID, "MIN_SCORE asks for a score: say which, or take another rule", ("input", "minScore")
    ),
    "uq_content_item_settings_scope": UserFailure(
        UserErrorCode.CONFLICT, "somebody else has just set something here: read it again, then decide", ("input",)
    ),
}
"""What the database refuses."""

_ItemRow = record("ContentItem")
_SettingRow = record("ItemSetting")


class Scope(NamedTuple):
    """Of what and of whom something is asked: with neither a section nor a person of all in the offering."""

    offering_id: int
    course_id: int
    item_id: int
    section_id: int | None = None
    person_id: int | None = None

    @property
    def audited(self) -> dict[str, Any]:
        """How the audit log names it."""
        of_whom = {"sectionId": self.section_id, "userId": self.person_id}
        whose = {name: number for name, number in of_whom.items() if number is not None}
        return {"offeringId": self.offering_id, "contentItemId": self.item_id, **whose}


class Current(NamedTuple):
    """What is set; without an id there is no row yet, and all values are None."""

    id: int | None
    values: dict[str, Any]


def _number(name: str) -> Any:
    return bindparam(name, type_=BigInteger, required=True)


_ITEM = Statement(
    select(
        ContentItem.id,
        cast(ContentItem.content_type, Text).label("content_type"),
        ContentItem.data_json.label("payload_json"),
    ).where(
        ContentItem.university_id == UNIVERSITY,
        ContentItem.id == _number("item_id"),
        ContentItem.course_id == _number("course_id"),
    )
)
_CURRENT = Statement(
    select(ContentItemSetting.id, *(getattr(ContentItemSetting, name) for name in COLUMNS))
    .where(
        ContentItemSetting.university_id == UNIVERSITY,
        ContentItemSetting.course_offering_id == _number("offering_id"),
        ContentItemSetting.content_item_id == _number("item_id"),
        ContentItemSetting.section_id.is_not_distinct_from(_number("section_id")),
        ContentItemSetting.user_id.is_not_distinct_from(_number("person_id")),
    )
    .with_for_update()
)
_VALUES = {
    name: bindparam(f"new_{name}", type_=ContentItemSetting.__table__.c[name].type, required=True) for name in COLUMNS
}
_ADD = Statement(
    insert(ContentItemSetting)
    .inline()
    .values(
        university_id=UNIVERSITY,
        course_id=_number("course_id"),
        course_offering_id=_number("offering_id"),
        content_item_id=_number("item_id"),
        section_id=_number("section_id"),
        user_id=_number("person_id"),
        **_VALUES,
    )
    .returning(ContentItemSetting.id)
)
_REPLACE = Statement(
    update(ContentItemSetting)
    .where(ContentItemSetting.university_id == UNIVERSITY, ContentItemSetting.id == _number("setting_id"))
    .values(**_VALUES)
    .returning(ContentItemSetting.id)
)


async def item_of(work: Work, given: Given, course_id: int) -> Row:
    """The item `contentItemId` with its content_type and payload_json; NOT_FOUND unless the course has it."""
    university = work.viewer.university_id
    names = ((kind, number_of(given["contentItemId"], name, university)) for kind, name in TYPENAMES.items())
    kind, number = next(((kind, number) for kind, number in names if number is not None), (None, None))
    row = None if number is None else await work.one(_ITEM, _ItemRow, item_id=number, course_id=course_id)
    if row is None or row["content_type"] != kind:
        raise Refused(UserErrorCode.NOT_FOUND, "its course has no such item", ("input", "contentItemId"))
    return row


def dates(work: Work, given: Given) -> dict[str, Any]:
    """The dates that an input gives, by column and in UTC; null takes one away."""
    return {
        column: None if given[name] is None else moment(given[name], work.context)
        for name, column in DATES.items()
        if name in given
    }


def require_any(wanted: Mapping[str, Any]) -> None:
    """Refuse an input that sets nothing."""
    if not wanted:
        raise Refused(UserErrorCode.INVALID, "give at least one thing that is to be set", ("input",))


async def current(work: Work, scope: Scope) -> Current:
    """What is set there now, locked."""
    row = await work.one(_CURRENT, _SettingRow, **scope._asdict())
    return Current(None if row is None else row["id"], {name: None if row is None else row[name] for name in COLUMNS})


async def write(work: Work, scope: Scope, before: Current, values: Mapping[str, Any]) -> int:
    """Set all of it; gives the row's id. `REFUSED` tells what the database may say to it."""
    new = {f"new_{name}": value for name, value in values.items()}
    statement = _ADD if before.id is None else _REPLACE
    rows = await work.rows(statement, _SettingRow, **scope._asdict(), **new, setting_id=before.id)
    written: int = rows[0]["id"]
    return written
