"""What follows when a score that counts towards a grade has changed."""

from collections.abc import Sequence

from lms_graphql.engine.work import Work


async def scores_changed(work: Work, course_offering_id: int, user_ids: Sequence[int]) -> None:
    """Work the grades of these people in this offering out anew, in the transaction of the work.

    To be called by whatever writes, posts or takes back a score: quizzes, submissions, grade items, overrides.
    """
