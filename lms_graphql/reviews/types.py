"""Reviews, as clients see them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import Node, column, computed, database_id, edge, entity, optional
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import OrderDirection
from lms_graphql.reviews.loaders import RATINGS, ReviewById
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User


@strawberry.input(one_of=True, description="An order of reviews: exactly one. Those that are equal in it stand by id.")
class ReviewOrder:
    """See choices.REVIEW_ORDERS."""

    created_at: OrderDirection | None = optional("By the time they were written: DESC gives the newest first.")
    rating: OrderDirection | None = optional("By their rating.")


@strawberry.input(description=f"Which reviews are wanted: those that meet every field given. {FILTER_RULE}")
class ReviewFilter:
    """See choices.REVIEW_FILTERS."""

    ratings: list[int] | None = optional("With one of these ratings.")


class _RatingCount(msgspec.Struct, frozen=True):
    rating: int
    count: int


@strawberry.type(description="How many reviews gave a rating.")
class RatingCount:
    """The source is _RatingCount."""

    rating: int = strawberry.field(description="The rating, from 1 to 5.")
    count: int = strawberry.field(description="How many reviews gave it; 0 if none did.")


def _histogram(summary: Any, _context: Context) -> list[_RatingCount]:
    return [_RatingCount(rating, summary[f"rating_{rating}"]) for rating in RATINGS]


@strawberry.type(
    description="What reviews come to; hidden ones don't count. However few they are: a review is a public opinion."
)
class ReviewSummary:
    """See loaders._summary."""

    count: int = strawberry.field(description="How many reviews there are; at least 1.")
    average: Decimal = strawberry.field(description="The mean of their ratings, from 1 to 5, to two places.")
    histogram: list[RatingCount] = computed(
        _histogram, "How many reviews gave each rating, from 1 to 5: always five.", size=len(RATINGS)
    )


@entity(ReviewById, "What somebody who took part thinks of an offering; whoever sees the offering sees it.")
class CourseReview(Node):
    """See models.CourseReview."""

    database_id: strawberry.ID = database_id()
    version: int = strawberry.field(description="How often it was changed, from 1: what `expectedVersion` compares.")
    is_hidden: bool = computed(
        lambda review, _context: review["hidden_at"] is not None,
        "Whether the course's administrators have hidden it: then only they and who wrote it find it.",
    )
    hidden_reason: str | None = strawberry.field(description="Why it was hidden; null where it was not.")
    rating: int = strawberry.field(description="From 1, the worst, to 5.")
    text: str | None = column("review_text", "The opinion in words; null where only a rating was given.")
    created_at: datetime = strawberry.field(description="When it was written.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    author_name: str | None = strawberry.field(
        description="The name of who wrote it; null for all but members of the university."
    )
    author: User | None = edge(
        UserById, "Who wrote it; null where the viewer may not see the person: a student sees herself.", key="user_id"
    )
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")
