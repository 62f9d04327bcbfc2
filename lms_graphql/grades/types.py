"""Grades, as clients see them. All numbers are exact decimals."""

from datetime import datetime
from decimal import Decimal

import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.engine.edges import Node, database_id, edge, entity
from lms_graphql.grades.loaders import GradeById
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User


@entity(GradeById, "The grade of a person in an offering.")
class CourseGrade(Node):
    """See models.CourseGrade."""

    database_id: strawberry.ID = database_id()
    final_score: Decimal | None = strawberry.field(description="The final score in points; null until there is one.")
    letter_grade: str | None = strawberry.field(description="The grade in the university's letters, for example A-.")
    passed: bool | None = strawberry.field(description="Whether the course was passed; null while it is open.")
    graded_at: datetime | None = strawberry.field(description="When the grade was given.")
    user: User | None = edge(UserById, "The person.", key="user_id")
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")
