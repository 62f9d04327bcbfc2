"""What of a course could not be taken over as it was, told to who brought it; and how much of it there is."""

from enum import Enum

import msgspec
import strawberry

MOST_NOTICES = 500


@strawberry.enum(description="What of a course is not as it was where it comes from.")
class NoticeCode(Enum):
    """The closed list of `CourseNotice.code`."""

    SUBJECT_MISSING = strawberry.enum_value(
        "subject_missing", description="There is no subject with this code; the course does not belong to it."
    )
    PREREQUISITE_MISSING = strawberry.enum_value(
        "prerequisite_missing", description="There is no course with this code for the viewer; it is not asked for."
    )
    TERM_MISSING = strawberry.enum_value(
        "term_missing", description="There is no term with this code; offerings that were in it are in none."
    )
    TEMPLATE_MISSING = strawberry.enum_value(
        "template_missing", description="There is no template of this title, or several; modules are of none."
    )
    POOL_NOT_SHARED = strawberry.enum_value(
        "pool_not_shared", description="A question pool was shared by courses; here it is the course's own."
    )


class Notice(msgspec.Struct, frozen=True):
    """One thing; `about` is its code or title."""

    code: NoticeCode
    message: str
    about: str


class Counts(msgspec.Struct, frozen=True):
    """How much a course has."""

    modules: int
    content_items: int
    question_pools: int
    questions: int
    assets: int
    offerings: int
