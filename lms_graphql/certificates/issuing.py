"""Issuing certificates to those who have passed."""

from collections.abc import Sequence

from lms_graphql.engine.work import Work


async def issue_to_passed(work: Work, course_offering_id: int, user_ids: Sequence[int]) -> list[int]:
    """Issue a certificate to each of these people who completed the offering, passed it, and has none that is live.

    In the transaction of the work; gives the ids of the new certificates. To be called by whatever completes an
    enrollment or posts a final grade.
    """
    return []
