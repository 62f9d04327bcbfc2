"""Under which conditions a person takes a quiz: what its payload says, and what the offering sets for the person."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Text, bindparam, cast, select

from lms_graphql.content import payloads
from lms_graphql.content.models import ContentItem, ContentItemSetting
from lms_graphql.content.policy import setting_applies, visible_items
from lms_graphql.content.settings import ItemSetting, applying
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

QuizRow = record("Quiz")
_SettingRow = record("ItemSetting")

_STUDENT = Viewer(standing=Standing.MEMBER)
"""Whoever takes a quiz sees what a student sees."""

_QUIZ = Statement(
    select(
        ContentItem.id,
        ContentItem.university_id,
        ContentItem.course_id,
        ContentItem.revision,
        ContentItem.data_json.label("payload_json"),
    ).where(
        ContentItem.id == bindparam("quiz_id", type_=BigInteger, required=True),
        cast(ContentItem.content_type, Text) == "quiz",
        visible_items(_STUDENT),
    )
)
_PERSON = bindparam("person_id", type_=BigInteger, required=True)
_SECTION = bindparam("section_id", type_=BigInteger, required=True)
_SETTINGS = Statement(
    select(*ContentItemSetting.__table__.columns)
    .where(
        ContentItemSetting.university_id == UNIVERSITY,
        ContentItemSetting.course_offering_id == bindparam("offering_id", type_=BigInteger, required=True),
        ContentItemSetting.content_item_id == bindparam("quiz_id", type_=BigInteger, required=True),
        setting_applies(ContentItemSetting, _PERSON, _SECTION),
    )
    .order_by(ContentItemSetting.user_id.is_(None), ContentItemSetting.section_id.is_(None))
)
"""Those for a person, the narrowest first; of many people none is for the person 0, and of no section 0."""

_NOTHING_SET = ItemSetting()


class Conditions(msgspec.Struct, frozen=True):
    """What holds for one person at one quiz in one offering."""

    quiz: payloads.QuizPayload
    setting: ItemSetting

    @property
    def most_attempts(self) -> int | None:
        """So many attempts there are; None: no limit."""
        limit = None if self.quiz.mastery is None else self.quiz.mastery.max_attempts
        return None if limit is None else limit + (self.setting.extra_attempts or 0)

    @property
    def random_order(self) -> bool:
        """Whether questions and options come in random order; they do unless the quiz says that they don't."""
        return self.quiz.randomize_order is not False

    def deadline(self, started_at: datetime) -> datetime | None:
        """Until when an attempt begun then must be handed in: its time with the person's extra, not beyond the lock."""
        limit, lock_at = self.quiz.time_limit_seconds, self.setting.lock_at
        if limit is None:
            return lock_at
        end = started_at + timedelta(seconds=max(limit, 0) + (self.setting.extra_time_seconds or 0))
        return end if lock_at is None else min(end, lock_at)


async def find_quiz(work: Work, quiz_id: int | None) -> Row | None:
    """A quiz that students see, with its course, revision and payload; None where there is none such."""
    return None if quiz_id is None else await work.one(_QUIZ, QuizRow, quiz_id=quiz_id)


async def conditions_of(
    work: Work, quiz: Row, offering_id: int, person_id: int, section_id: int | None
) -> Conditions | None:
    """The conditions for a person; None where the payload of the quiz is malformed."""
    payload = read_quiz(quiz["payload_json"], quiz["id"])
    if payload is None:
        return None
    given: dict[str, Any] = {"offering_id": offering_id, "quiz_id": quiz["id"], "person_id": person_id}
    rows = await work.rows(_SETTINGS, _SettingRow, **given, section_id=section_id or 0)
    return Conditions(payload, applying(rows) if rows else _NOTHING_SET)


def read_quiz(data: Any, item_id: int) -> payloads.QuizPayload | None:
    """A quiz's payload; None when it is malformed."""
    payload = payloads.decode("quiz", data, item_id=item_id)
    return payload if isinstance(payload, payloads.QuizPayload) else None


def pass_share(min_score: Decimal | None, points: Decimal | None, pass_mark: Decimal | None) -> tuple[Decimal, Decimal]:
    """What of how many points passes: the setting's score of the item's points, else the pass mark of 100, else 60."""
    if min_score is not None and points:
        return min(min_score, points), points
    return (Decimal(60) if pass_mark is None else pass_mark), Decimal(100)
