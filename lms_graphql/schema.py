"""The schema: Query joined from the domains, and what is needed to run it."""

from functools import cache
from typing import NamedTuple

import strawberry
from graphql import GraphQLSchema
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig

from lms_graphql.analytics.queries import AnalyticsQuery
from lms_graphql.assessment.mutations import QuizMutation
from lms_graphql.assessment.queries import AssessmentQuery
from lms_graphql.assessment.question_mutations import QuestionMutation
from lms_graphql.assessment.submission_mutations import SubmissionMutation
from lms_graphql.catalog.mutations import CatalogMutation
from lms_graphql.catalog.offering_mutations import OfferingMutation
from lms_graphql.catalog.queries import CatalogQuery
from lms_graphql.catalog.term_mutations import TermMutation
from lms_graphql.certificates.mutations import CertificatesMutation
from lms_graphql.certificates.queries import CertificatesQuery
from lms_graphql.content.asset_mutations import AssetMutation
from lms_graphql.content.mutations import ContentMutation
from lms_graphql.content.queries import ContentQuery
from lms_graphql.discussion.mutations import DiscussionMutation
from lms_graphql.engine.edges import bind, column_groups, read_column
from lms_graphql.engine.nodes import NodeQuery, Nodes
from lms_graphql.engine.scalars import specify_scalars
from lms_graphql.enrollment.mutations import EnrollmentMutation
from lms_graphql.files.mutations import FilesMutation
from lms_graphql.grades.mutations import GradesMutation
from lms_graphql.grades.queries import GradesQuery
from lms_graphql.identity.mutations import IdentityMutation
from lms_graphql.interop.bundle.mutations import BundleMutation
from lms_graphql.interop.oneroster.mutations import RosterMutation
from lms_graphql.interop.oneroster.queries import RosterQuery
from lms_graphql.interop.qti.mutations import QtiMutation
from lms_graphql.jobs.queries import JobsQuery
from lms_graphql.platform.library_mutations import LibraryMutation
from lms_graphql.platform.mutations import PlatformMutation
from lms_graphql.platform.queries import PlatformQuery
from lms_graphql.privacy.mutations import PrivacyMutation
from lms_graphql.progress.mutations import ProgressMutation
from lms_graphql.reviews.mutations import ReviewsMutation
from lms_graphql.syllabus.mutations import SyllabusMutation
from lms_graphql.syllabus.queries import SyllabusQuery
from lms_graphql.templates.mutations import TemplateMutation
from lms_graphql.tenancy.mutations import TenancyMutation
from lms_graphql.tenancy.queries import TenancyQuery


@strawberry.type(description="Everything that can be read. Tenant data is that of the request's university.")
class Query(
    TenancyQuery,
    CatalogQuery,
    SyllabusQuery,
    ContentQuery,
    AssessmentQuery,
    CertificatesQuery,
    NodeQuery,
    AnalyticsQuery,
    PlatformQuery,
    GradesQuery,
    JobsQuery,
    RosterQuery,
):
    """The root of all queries."""


@strawberry.type(
    description="Everything that can be changed. Fields are done in their order, each in a transaction of its own: what"
    " one has changed stays, whatever becomes of those behind it. What the user can correct is told in `errors` of the"
    " payload. Send the header `Idempotency-Key`, and a request that is sent again is done once."
)
class Mutation(
    TenancyMutation,
    IdentityMutation,
    PrivacyMutation,
    EnrollmentMutation,
    ProgressMutation,
    QuizMutation,
    SubmissionMutation,
    GradesMutation,
    CertificatesMutation,
    DiscussionMutation,
    ReviewsMutation,
    PlatformMutation,
    LibraryMutation,
    TermMutation,
    CatalogMutation,
    OfferingMutation,
    SyllabusMutation,
    ContentMutation,
    AssetMutation,
    TemplateMutation,
    QuestionMutation,
    FilesMutation,
    QtiMutation,
    RosterMutation,
    BundleMutation,
):
    """The root of all mutations."""


class Schema(NamedTuple):
    """A schema that reads rows."""

    graphql: GraphQLSchema
    nodes: Nodes
    groups: dict[str, str]
    sdl: str


@cache
def build() -> Schema:
    """The schema; one for each process, since Strawberry's fields belong to the schema they were converted for."""
    schema = strawberry.Schema(Query, Mutation, config=StrawberryConfig(default_resolver=read_column))
    graphql = schema._schema  # noqa: SLF001 - Strawberry has no public name for what it wraps
    specify_scalars(graphql)
    return Schema(graphql, bind(graphql), column_groups(graphql), print_schema(schema) + "\n")
