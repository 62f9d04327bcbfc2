"""Writing, deleting and hiding reviews: one for each person who takes or took part in an offering."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, Text, bindparam, delete, func, null, select, update
from sqlalchemy.dialects.postgresql import insert

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.dataloaders import prepared
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.prose import prose
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.enrollment.enrolled import require_enrolled
from lms_graphql.reviews import policy
from lms_graphql.reviews.loaders import RATINGS
from lms_graphql.reviews.models import CourseReview
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER

LONGEST_TEXT = 5_000
LONGEST_REASON = 255
_REVIEW_ID, _OFFERING_ID = ("input", "reviewId"), ("input", "offeringId")

_Review = record("CourseReview")
_OFFERING, _ID = bindparam("offering_id", type_=BigInteger), bindparam("review_id", type_=BigInteger)
_WORDS = {"rating": bindparam("rating", type_=Integer), "review_text": bindparam("review_text", type_=Text)}
_HERE = (CourseReview.university_id == UNIVERSITY, CourseReview.id == _ID)
_OWN = Statement(
    select(*columns(CourseReview))
    .where(
        CourseReview.university_id == UNIVERSITY,
        CourseReview.user_id == USER,
        CourseReview.course_offering_id == _OFFERING,
    )
    .with_for_update()
)
_ADD = Statement(
    insert(CourseReview)
    .values(university_id=UNIVERSITY, user_id=USER, course_offering_id=_OFFERING, **_WORDS)
    .on_conflict_do_nothing(index_elements=["university_id", "user_id", "course_offering_id"])
    .returning(CourseReview.id)
)
_CHANGE = Statement(update(CourseReview).where(*_HERE).values(**_WORDS).returning(CourseReview.version))
_DELETE = Statement(delete(CourseReview).where(*_HERE).returning(CourseReview.id))
_HIDE = Statement(
    update(CourseReview)
    .where(*_HERE)
    .values(hidden_at=func.now(), hidden_reason=bindparam("reason", type_=Text))
    .returning(CourseReview.version)
)
_SHOW = Statement(
    update(CourseReview).where(*_HERE).values(hidden_at=null(), hidden_reason=null()).returning(CourseReview.version)
)
_LOCK = Statement(select(*columns(CourseReview)).where(*_HERE).with_for_update())


async def write_review(work: Work, given: Given) -> dict[str, Any]:
    """Review an offering, or change the own review of it; gives `review_id` and `offering_id`.

    A text that is not given stays as it was; null takes it away.
    """
    number = number_of(given["offeringId"], "CourseOffering", work.viewer.university_id)
    part = await require_enrolled(work, number, work.viewer.user_id, _OFFERING_ID, "active", "completed")
    if not part["has_started"]:
        raise Refused(UserErrorCode.CLOSED, "the offering has not begun: nobody can tell yet how it is", _OFFERING_ID)
    words = _words(given)
    offering = {"offering_id": part["course_offering_id"]}
    own = await work.one(_OWN, _Review, **offering)
    if own is None:
        require_version(0, given.get("expectedVersion"))
        new = {"review_text": None, **words}
        made = await work.one(_ADD, _Review, **offering, **new)
        if made is not None:
            await _told(work, "review.add", made["id"], None, {**new, "version": 1}, offering)
            return {"review_id": made["id"], **offering}
        own = await work.one(_OWN, _Review, **offering)  # another request of this person has just written it
    if own is None:
        raise Refused(UserErrorCode.CONFLICT, "this review is being deleted", _OFFERING_ID, 0)
    await _change(work, own, words, given.get("expectedVersion"))
    return {"review_id": own["id"], **offering}


async def _change(work: Work, own: Row, words: Mapping[str, Any], expected: int | None) -> None:
    require_version(own["version"], expected)
    if all(own[name] == value for name, value in words.items()):
        work.nothing_changed()
        return
    new = {"rating": own["rating"], "review_text": own["review_text"], **words}
    (now,) = await work.rows(_CHANGE, _Review, review_id=own["id"], **new)
    after = {**new, "version": now["version"]}
    await _told(work, "review.change", own["id"], own, after, {"offering_id": own["course_offering_id"]})


async def delete_review(work: Work, given: Given) -> dict[str, Any]:
    """Take the own review away; gives `deleted_id`, its global id, and `offering_id`. A hidden one stays."""
    seen = await _find(work, given["reviewId"])
    if seen["user_id"] != work.viewer.user_id:
        raise Refused(UserErrorCode.FORBIDDEN, "only who wrote a review may delete it", _REVIEW_ID)
    review = await work.one(_LOCK, _Review, review_id=seen["id"])
    if review is None:
        raise _not_found()
    if review["hidden_at"] is not None:
        message = "this review was hidden: it can be changed, and not be written anew"
        raise Refused(UserErrorCode.CLOSED, message, _REVIEW_ID)
    await work.rows(_DELETE, _Review, review_id=review["id"])
    offering = {"offering_id": review["course_offering_id"]}
    await _told(work, "review.delete", review["id"], review, None, offering)
    return {"deleted_id": review.global_id(), **offering}


async def hide_review(work: Work, given: Given) -> dict[str, Any]:
    """Keep a review from all but who wrote it and who administers the course; gives `review_id`, `offering_id`."""
    seen = await _find_to_hide(work, given["reviewId"])
    reason = line(given["reason"], ("input", "reason"), most=LONGEST_REASON)
    return await _set_hidden(work, seen, "review.hide", reason)


async def unhide_review(work: Work, given: Given) -> dict[str, Any]:
    """Let everybody read a hidden review again; gives `review_id` and `offering_id`."""
    seen = await _find_to_hide(work, given["reviewId"])
    return await _set_hidden(work, seen, "review.unhide", None)


async def _set_hidden(work: Work, seen: Row, act: str, reason: str | None) -> dict[str, Any]:
    """Hide it for a reason, or show it again for None, unless it is so already."""
    hide = reason is not None
    review = await work.one(_LOCK, _Review, review_id=seen["id"])
    if review is None:
        raise _not_found()
    keys = {"review_id": review["id"], "offering_id": review["course_offering_id"]}
    if (review["hidden_at"] is not None) == hide:
        work.nothing_changed()
        return keys
    changed = await work.rows(_HIDE if hide else _SHOW, _Review, review_id=review["id"], reason=reason)
    before = {"version": review["version"], "isHidden": not hide}
    after = {"version": changed[0]["version"], "isHidden": hide}
    await work.audit(act, "CourseReview", review["id"], before=before, after=after, reason=reason)
    await work.tell("review.changed", "CourseReview", review["id"], offeringId=review["course_offering_id"])
    return keys


def _words(given: Given) -> dict[str, Any]:
    """The columns that the input gives."""
    if given["rating"] not in RATINGS:
        raise Refused(UserErrorCode.INVALID, "a rating is a number from 1 to 5", ("input", "rating"))
    words: dict[str, Any] = {"rating": given["rating"]}
    if "text" in given:
        text = given["text"]
        words["review_text"] = None if text is None else prose(text, ("input", "text"), most=LONGEST_TEXT)
    return words


async def _find(work: Work, text: str) -> Row:
    """A review that the viewer sees, with what `policy.may_hide` needs of it."""

    def query(viewer: Viewer) -> Select[Any]:
        wanted = (*columns(CourseReview), *policy.department_of_review(viewer))
        return select(*wanted).where(CourseReview.id == _ID, policy.visible_reviews(viewer))

    number = number_of(text, "CourseReview", work.viewer.university_id)
    statement = prepared(("review of a service", work.viewer.standing), lambda: query(work.viewer))
    review = None if number is None else await work.one(statement, _Review, review_id=number)
    if review is None:
        raise _not_found()
    return review


async def _find_to_hide(work: Work, text: str) -> Row:
    review = await _find(work, text)
    if not policy.may_hide(work.viewer, review):
        message = "only who administers the course may hide a review: who teaches it does not choose its reviews"
        raise Refused(UserErrorCode.FORBIDDEN, message, _REVIEW_ID)
    return review


def _not_found() -> Refused:
    return Refused(UserErrorCode.NOT_FOUND, "there is no such review", _REVIEW_ID)


async def _told(
    work: Work,
    act: str,
    review_id: int,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    offering: Mapping[str, int],
) -> None:
    """Write down what has become of a review: its rating, and of its words, which may have to be erased, how many."""
    values = [None if row is None else _audited(row) for row in (before, after)]
    await work.audit(act, "CourseReview", review_id, before=values[0], after=values[1])
    await work.tell("review.changed", "CourseReview", review_id, offeringId=offering["offering_id"])


def _audited(review: Mapping[str, Any]) -> dict[str, Any]:
    text = review["review_text"]
    return {
        "version": review["version"],
        "rating": review["rating"],
        "characters": None if text is None else len(text),
    }
