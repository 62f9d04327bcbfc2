"""Reviews, and what they come to."""

from typing import Any

from sqlalchemy import ColumnElement, Select, any_, func, select
from typing_extensions import override

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import visible_offerings
from lms_graphql.engine.dataloaders import KEYS, Loader, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.reviews import policy
from lms_graphql.reviews.choices import REVIEW_FILTERS, REVIEW_ORDERS
from lms_graphql.reviews.models import CourseReview
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.policy import shown_name

ReviewRow = record("CourseReview", seldom=("author_name",))
SummaryRow = record("ReviewSummary")
RATINGS = range(1, 6)


class _Reviews(Loader[Any, Any]):
    """What all loaders of reviews have in common: the author's name is looked up when it is selected."""

    row = ReviewRow

    def _columns(self) -> list[ColumnElement[Any]]:
        name = shown_name(self.viewer, CourseReview.user_id).label("author_name")
        return [*columns(CourseReview), *((name,) if self.wide else ())]


class ReviewById(_Reviews, One[int]):
    """A review that the viewer may see."""

    @override
    def query(self) -> Select[Any]:
        return select(CourseReview.id, *self._columns()).where(
            CourseReview.id == any_(KEYS), policy.visible_reviews(self.viewer)
        )


class ReviewsByOffering(_Reviews, Page[int]):
    """The reviews of each offering, by id."""

    order = (CourseReview.id,)
    orders = REVIEW_ORDERS
    filters = REVIEW_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self._columns()).where(
            CourseReview.course_offering_id == parent, policy.visible_reviews(self.viewer)
        )


_OF_OFFERING = (CourseOffering.university_id == UNIVERSITY) & (CourseOffering.id == CourseReview.course_offering_id)


class ReviewsByCourse(_Reviews, Page[int]):
    """The reviews of all offerings of each course that the viewer may see, by id."""

    order = (CourseReview.id,)
    orders = REVIEW_ORDERS
    filters = REVIEW_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return (
            select(*self._columns())
            .join(CourseOffering, _OF_OFFERING)
            .where(
                CourseOffering.course_id == parent,
                visible_offerings(self.viewer),
                policy.visible_reviews_of_offering(self.viewer),
            )
        )


_COUNTS = CourseReview.hidden_at.is_(None)
"""A hidden review counts for nobody, so that everybody reads the same summary."""


def _summary(key: Any) -> Select[Any]:
    """The summary of the reviews with each key: how many, their mean to two places, and how many of each rating."""
    return select(
        key,
        CourseReview.university_id,
        func.count().label("count"),
        func.round(func.avg(CourseReview.rating), 2).label("average"),
        *(func.count().filter(CourseReview.rating == rating).label(f"rating_{rating}") for rating in RATINGS),
    ).group_by(key, CourseReview.university_id)


class ReviewSummaryByOffering(One[int]):
    """What the reviews of each offering come to; none where there are none."""

    row = SummaryRow

    @override
    def query(self) -> Select[Any]:
        return _summary(CourseReview.course_offering_id).where(
            CourseReview.course_offering_id == any_(KEYS), _COUNTS, policy.visible_reviews(self.viewer)
        )


class ReviewSummaryByCourse(One[int]):
    """What the reviews of all offerings of each course that the viewer may see come to; none where there are none."""

    row = SummaryRow

    @override
    def query(self) -> Select[Any]:
        return (
            _summary(CourseOffering.course_id)
            .select_from(CourseReview)
            .join(CourseOffering, _OF_OFFERING)
            .where(
                CourseOffering.course_id == any_(KEYS),
                _COUNTS,
                visible_offerings(self.viewer),
                policy.visible_reviews_of_offering(self.viewer),
            )
        )
