"""Every table, by importing every domain's models: what Alembic and the tests of the model read as one metadata."""

import lms_graphql.assessment.models
import lms_graphql.catalog.models
import lms_graphql.certificates.models
import lms_graphql.content.models
import lms_graphql.discussion.models
import lms_graphql.enrollment.models
import lms_graphql.grades.models
import lms_graphql.identity.models
import lms_graphql.interop.models
import lms_graphql.interop.oneroster.models
import lms_graphql.jobs.models
import lms_graphql.platform.models
import lms_graphql.privacy.models
import lms_graphql.progress.models
import lms_graphql.reviews.models
import lms_graphql.storage.idempotency
import lms_graphql.storage.journal
import lms_graphql.storage.points
import lms_graphql.syllabus.models
import lms_graphql.tenancy.models  # noqa: F401 - all are imported for what they register
from lms_graphql.storage.metadata import Model

metadata = Model.metadata
