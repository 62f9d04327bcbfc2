"""The fields of Query about assessment; attempts and submissions are found by `node` and along edges."""

from typing import Any

import strawberry

from lms_graphql.assessment.loaders import ChosenPools
from lms_graphql.assessment.types import QuestionPool, QuestionPoolFilter
from lms_graphql.engine.context import Context
from lms_graphql.engine.counts import CountedConnection
from lms_graphql.engine.edges import page


def _university(_root: None, context: Context) -> Any:
    return context.university_id()


@strawberry.type
class AssessmentQuery:
    """Joined into Query."""

    question_pools: CountedConnection[QuestionPool] = page(
        ChosenPools,
        "The question pools of the request's university, by id; none for everybody but staff.",
        key=_university,
        filters=QuestionPoolFilter,
    )
