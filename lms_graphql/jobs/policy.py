"""Who may see which jobs."""

from sqlalchemy import ColumnElement, and_

from lms_graphql.engine.context import Viewer
from lms_graphql.jobs.models import Job
from lms_graphql.storage.tenancy import NOBODY, UNIVERSITY, USER


def visible_jobs(viewer: Viewer) -> ColumnElement[bool]:
    """Those that one has asked for; the university's administrators see all."""
    here = Job.university_id == UNIVERSITY
    if viewer.is_admin:
        return here
    return and_(here, Job.created_by == USER if viewer.is_member else NOBODY)
