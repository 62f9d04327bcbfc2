"""The fields of Mutation about reviews of offerings."""

import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.reviews import policy, reviewing
from lms_graphql.reviews.loaders import ReviewById
from lms_graphql.reviews.types import CourseReview

_OF_REVIEW = "The global id of a review."


@strawberry.input(description="What the viewer thinks of an offering.")
class WriteReviewInput:
    """The input of `writeReview`."""

    offering_id: strawberry.ID = strawberry.field(
        description="The global id of an offering that has begun, which the viewer takes part in or has completed."
    )
    rating: int = strawberry.field(description="From 1, the worst, to 5.")
    text: str | None = optional(
        "The opinion in words, in Markdown, at most 5,000 characters. Not given, it stays as it was; null: none."
    )
    expected_version: int | None = optional(
        "`version` of the review as it was read, 0 where there was none; then a change meanwhile is refused."
    )


@strawberry.type(description="What `writeReview` gives.")
class WriteReviewPayload:
    """The payload of `writeReview`."""

    review: CourseReview | None = changed(ReviewById, "review_id", "The review as it is now; null: refused.")
    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.input(description="Which of the viewer's reviews is to go.")
class DeleteReviewInput:
    """The input of `deleteReview`."""

    review_id: strawberry.ID = strawberry.field(description=_OF_REVIEW)


@strawberry.type(description="What `deleteReview` gives.")
class DeleteReviewPayload:
    """The payload of `deleteReview`."""

    deleted_id: strawberry.ID | None = told("deleted_id", "The global id that it had; null: refused.")
    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.input(description="Which review is to be hidden, and why.")
class HideReviewInput:
    """The input of `hideReview`."""

    review_id: strawberry.ID = strawberry.field(description=_OF_REVIEW)
    reason: str = strawberry.field(
        description="Why, in one line of at most 255 characters: who wrote the review reads it, and it is kept."
    )


@strawberry.input(description="Which review is to be shown again.")
class UnhideReviewInput:
    """The input of `unhideReview`."""

    review_id: strawberry.ID = strawberry.field(description=_OF_REVIEW)


@strawberry.type(description="What `hideReview` and `unhideReview` give.")
class HideReviewPayload:
    """The payload of both."""

    review: CourseReview | None = changed(ReviewById, "review_id", "The review as it is now; null: refused.")
    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering; null: refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class ReviewsMutation:
    """Joined into Mutation."""

    write_review: WriteReviewPayload | None = mutation(
        reviewing.write_review,
        WriteReviewInput,
        "Review an offering that one takes part in or has completed, or change the own review of it: there is one for"
        " each person and offering.",
        may=policy.may_review,
    )
    delete_review: DeleteReviewPayload | None = mutation(
        reviewing.delete_review,
        DeleteReviewInput,
        "Delete one's own review. One that was hidden can't be deleted, or it could be written anew.",
        may=policy.may_review,
    )
    hide_review: HideReviewPayload | None = mutation(
        reviewing.hide_review,
        HideReviewInput,
        "Hide a review from all but who wrote it; for who administers the course. It counts in no summary any more.",
        may=policy.may_hide_any,
    )
    unhide_review: HideReviewPayload | None = mutation(
        reviewing.unhide_review,
        UnhideReviewInput,
        "Show a hidden review again; for who administers the course.",
        may=policy.may_hide_any,
    )
