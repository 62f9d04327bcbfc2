"""Disclosures, as clients see them."""

from datetime import datetime
from enum import Enum

import strawberry

from lms_graphql.engine.edges import column, edge
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User


@strawberry.enum(description="A kind of what a university has on record of a person.")
class DisclosureKind(Enum):
    """What `discloses` of rows says, and who notes a disclosure by other ways."""

    ENROLLMENTS = strawberry.enum_value("enrollments", description="What the person takes part in, and changes of it.")
    PROGRESS = strawberry.enum_value("progress", description="How far the person has come.")
    ATTEMPTS = strawberry.enum_value("attempts", description="Attempts at quizzes, with what was answered.")
    SUBMISSIONS = strawberry.enum_value("submissions", description="What was handed in, and what was said of it.")
    GRADES = strawberry.enum_value("grades", description="Grades and scores.")
    CERTIFICATES = strawberry.enum_value("certificates", description="Certificates.")
    PERSONAL_SETTINGS = strawberry.enum_value("personal_settings", description="Dates and points set for one person.")
    PRIVATE_DATA = strawberry.enum_value("private_data", description="Address, number, status and roles.")
    DISCLOSURES = strawberry.enum_value("disclosures", description="Who has seen the record.")
    EXPORT = strawberry.enum_value("export", description="Everything, as one document.")
    VIEW_AS = strawberry.enum_value("view_as", description="Everything, as the person sees it.")


@strawberry.type(description="That somebody has seen something of a person's record.")
class Disclosure:
    """See models.Disclosure."""

    at: datetime = strawberry.field(description="When.")
    kind: DisclosureKind = strawberry.field(description="What was seen; once for each request.")
    seen_by: User | None = edge(UserById, "Who has seen it; null if the viewer may not know them.", key="viewer_id")
    request_id: str = column("request_id", "The id of the request, as its answer had it in X-Request-Id.")
