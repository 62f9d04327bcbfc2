"""What an offering asks of one person for a lab or an assignment: dates, limits and points, at the present moment."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Numeric, Text, bindparam, case, cast, func, or_, select
from sqlalchemy.orm import aliased

from lms_graphql.content.models import ContentItem, ContentItemSetting
from lms_graphql.content.policy import setting_applies, visible_items
from lms_graphql.content.settings import ItemSetting, applying
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

KINDS = {"EngineeringLabContent": "engineering_lab", "AssignmentContent": "assignment"}
"""What can be handed in: types of the API with what `content_items.content_type` says."""

_FULL_MARKS = Decimal(100)
"""What a lab or an assignment is worth that neither its settings nor its payload say anything of."""
_MOST_POINTS = Decimal("9999.99")
_DAY_SECONDS = 24 * 60 * 60
_HUNDRED = Decimal(100)

_AskedRow = record("Asked")
_OFFERING = bindparam("offering_id", type_=BigInteger)
_ITEM_ID = bindparam("item_id", type_=BigInteger)
_PERSON = bindparam("person_id", type_=BigInteger)
_SECTION = bindparam("section_id", type_=BigInteger)

_ITEM = Statement(
    select(
        ContentItem.id,
        ContentItem.course_id,
        cast(ContentItem.content_type, Text).label("content_type"),
        ContentItem.revision,
        func.coalesce(cast(ContentItem.data_json["submission_types"], Text), "[]").label("submission_types"),
        func.clock_timestamp().label("now"),
    ).where(
        ContentItem.id == _ITEM_ID,
        ContentItem.course_id == bindparam("course_id", type_=BigInteger),
        or_(*(cast(ContentItem.content_type, Text) == kind for kind in KINDS.values())),
        visible_items(Viewer(standing=Standing.MEMBER)),
    )
)
"""As its students see it: what is hidden from them can't be handed in, whoever is enrolled."""


def _narrowness(setting: Any) -> ColumnElement[int]:
    return case((setting.user_id.is_not(None), 2), (setting.section_id.is_not(None), 1), else_=0)


_SETTINGS = Statement(
    select(*(getattr(ContentItemSetting, name) for name in ItemSetting.__struct_fields__))
    .where(
        ContentItemSetting.university_id == UNIVERSITY,
        ContentItemSetting.course_offering_id == _OFFERING,
        ContentItemSetting.content_item_id == _ITEM_ID,
        setting_applies(ContentItemSetting, _PERSON, _SECTION),
    )
    .order_by(_narrowness(ContentItemSetting).desc())
)


class Asked(NamedTuple):
    """An item as it stands for one person; `now` is the database's clock."""

    item: Row
    setting: ItemSetting | None
    now: datetime

    @property
    def submission_types(self) -> frozenset[str]:
        """How it may be handed in; empty: in any way."""
        found = msgspec.json.decode(self.item["submission_types"])
        return frozenset(found if isinstance(found, list) else ())

    @property
    def late_seconds(self) -> int:
        """How late it is now: begun seconds after the due date, 0 before it."""
        due = None if self.setting is None else self.setting.due_at
        return 0 if due is None or self.now <= due else -((due - self.now) // timedelta(seconds=1))

    @property
    def late_penalty_percent(self) -> Decimal:
        """What that takes from the score: so much for each begun day, at most all of it."""
        per_day = None if self.setting is None else self.setting.late_penalty_percent_per_day
        return Decimal(0) if per_day is None else min(_HUNDRED, per_day * -(-self.late_seconds // _DAY_SECONDS))


async def asked_of(work: Work, enrolled: Row, item_id: int, path: tuple[str, ...]) -> Asked:
    """What is asked of who is enrolled; NOT_FOUND for what is no lab or assignment that the course's students see."""
    item = await work.one(_ITEM, _AskedRow, item_id=item_id, course_id=enrolled["course_id"])
    if item is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such lab or assignment in this offering", path)
    rows = await work.rows(
        _SETTINGS,
        _AskedRow,
        offering_id=enrolled["course_offering_id"],
        item_id=item_id,
        person_id=enrolled["user_id"],
        section_id=enrolled["section_id"],
    )
    return Asked(item, applying(rows) if rows else None, item["now"])


def require_open(enrolled: Row, asked: Asked) -> None:
    """CLOSED unless work is accepted at this moment."""
    setting, now = asked.setting, asked.now
    if not enrolled["has_started"] or enrolled["has_ended"]:
        said = "is over" if enrolled["has_ended"] else f"begins {enrolled['starts_at']:%Y-%m-%d %H:%M} UTC"
        raise Refused(UserErrorCode.CLOSED, f"the offering {said}", ("input", "offeringId"))
    if setting is None:
        return
    if setting.unlock_at is not None and now < setting.unlock_at:
        raise Refused(
            UserErrorCode.CLOSED, f"this opens at {setting.unlock_at.isoformat()}", ("input", "contentItemId")
        )
    if setting.lock_at is not None and now >= setting.lock_at:
        message = f"nothing is accepted any more since {setting.lock_at.isoformat()}"
        raise Refused(UserErrorCode.CLOSED, message, ("input", "contentItemId"))


def item_number(work: Work, text: str) -> int:
    """The number of the lab or the assignment that a global id names; NOT_FOUND for what names none."""
    kinds = (number_of(text, kind, work.viewer.university_id) for kind in KINDS)
    found = next((number for number in kinds if number is not None), None)
    if found is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such lab or assignment", ("input", "contentItemId"))
    return found


def offering_number(work: Work, text: str) -> int:
    """The number of the offering that a global id names; NOT_FOUND for what names none."""
    found = number_of(text, "CourseOffering", work.viewer.university_id)
    if found is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such offering", ("input", "offeringId"))
    return found


def points_asked(offering_id: Any, item: Any, person: Any, section: Any) -> ColumnElement[Decimal]:
    """What a person can reach for an item, in a statement that has the item: as set for them, as its payload says."""
    setting = aliased(ContentItemSetting)
    as_set = (
        select(setting.points)
        .where(
            setting.university_id == UNIVERSITY,
            setting.course_offering_id == offering_id,
            setting.content_item_id == item.id,
            setting.points.is_not(None),
            setting_applies(setting, person, section),
        )
        .order_by(_narrowness(setting).desc())
        .limit(1)
        .correlate_except(setting)
        .scalar_subquery()
    )
    said = func.coalesce(item.data_json["max_points"], item.data_json["grading"]["max_points"])
    # A payload is anybody's: what is no number that fits a score says nothing.
    number = case((func.jsonb_typeof(said) == "number", cast(said, Numeric)), else_=None)
    in_payload = case((number.between(0, _MOST_POINTS), func.round(number, 2)), else_=None)
    return func.coalesce(as_set, in_payload, _FULL_MARKS)
