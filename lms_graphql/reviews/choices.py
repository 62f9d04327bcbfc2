"""What lists of reviews can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Mapping

from sqlalchemy import ARRAY, Integer, any_

from lms_graphql.engine.filters import Filter
from lms_graphql.engine.keyset import Order
from lms_graphql.reviews.models import CourseReview

REVIEW_ORDERS: Mapping[str, Order] = {
    "createdAt": (CourseReview.created_at, CourseReview.id),
    "rating": (CourseReview.rating, CourseReview.id),
}
REVIEW_FILTERS: Mapping[str, Filter] = {
    "ratings": Filter(lambda _viewer, wanted: CourseReview.rating == any_(wanted), ARRAY(Integer)),
}
