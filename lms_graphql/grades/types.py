"""Grades, as clients see them. All numbers are exact decimals."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from lms_graphql.catalog.loaders import CourseById, OfferingById
from lms_graphql.catalog.types import Course, CourseOffering
from lms_graphql.content.loaders import ItemById
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import Node, computed, database_id, edge, entity, optional, page, plain_list
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.relay import Connection, GlobalId, OrderDirection
from lms_graphql.enrollment.loaders import EnrollmentById
from lms_graphql.grades import scheme
from lms_graphql.grades.calculation import BreakdownItem
from lms_graphql.grades.gradebook import GRADE_ITEM, GRADED_KINDS
from lms_graphql.grades.gradebook import GradebookColumn as Column
from lms_graphql.grades.loaders import (
    CategoriesByPolicy,
    CategoryById,
    CellsByEnrollment,
    ColumnsByOffering,
    GradeById,
    GradeItemById,
    PeopleByGradebook,
    PolicyById,
)
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

if TYPE_CHECKING:  # the types below these; Strawberry finds them by name
    from lms_graphql.content.types import Content
    from lms_graphql.enrollment.types import Enrollment

_Content = Annotated["Content", strawberry.lazy("lms_graphql.content.types")]
_Enrollment = Annotated["Enrollment", strawberry.lazy("lms_graphql.enrollment.types")]


@strawberry.input(description=f"Which grades are wanted: those that meet every field given. {FILTER_RULE}")
class GradeFilter:
    """See choices.GRADE_FILTERS."""

    score_from: Decimal | None = optional("Has at least this score.")
    score_to: Decimal | None = optional("Has at most this score.")
    passed: bool | None = optional("Whether the course was passed; a grade that is open meets neither.")


@strawberry.input(one_of=True, description="An order of grades: exactly one. Those that are equal in it stand by id.")
class GradeOrder:
    """See choices.GRADE_ORDERS."""

    final_score: OrderDirection | None = optional("By score.")


@entity(GradeById, "The grade of a person in an offering; students see their own once it is posted.")
class CourseGrade(Node):
    """See models.CourseGrade."""

    database_id: strawberry.ID = database_id()
    final_score: Decimal | None = strawberry.field(description="The final score in points; null until there is one.")
    letter_grade: str | None = strawberry.field(description="The grade in the university's letters, for example A-.")
    passed: bool | None = strawberry.field(description="Whether the course was passed; null while it is open.")
    graded_at: datetime | None = strawberry.field(description="When the grade was given.")
    user: User | None = edge(UserById, "The person.", key="user_id")
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")
    posted_at: datetime | None = strawberry.field(description="From when the person sees it; null: not yet.")
    policy_version: int | None = strawberry.field(
        description="The version of the grading policy that it was worked out by; null where it was not."
    )


@strawberry.type(description="A letter, and what earns it.")
class LetterGrade:
    """See scheme.LetterGrade."""

    letter: str = strawberry.field(description="The letter, for example A-.")
    lowest_score: Decimal = strawberry.field(description="The lowest score in percent that earns it.")


@entity(CategoryById, "A part of a grading policy, for example homework.")
class GradeCategory(Node):
    """See models.GradeCategory."""

    database_id: strawberry.ID = database_id()
    name: str = strawberry.field(description="Its name.")
    position: int = strawberry.field(description="Its place in the policy, from 1.")
    weight: Decimal = strawberry.field(description="Its part of the final score in percent.")
    drop_lowest: int = strawberry.field(description="So many of the lowest scores are left out.")
    drop_highest: int = strawberry.field(description="So many of the highest scores are left out.")
    min_count: int = strawberry.field(description="So many scores are wanted at least; what is missing counts as 0.")
    extra_credit: bool = strawberry.field(description="Whether its weight comes on top of the others.")


@entity(PolicyById, "How the final grade of a course, or of one offering, is worked out.")
class GradingPolicy(Node):
    """See models.GradingPolicy."""

    database_id: strawberry.ID = database_id()
    pass_mark: Decimal = strawberry.field(description="The lowest final score in percent with which one passes.")
    version: int = strawberry.field(description="Counts its changes, from 1.")
    letter_scheme: list[LetterGrade] = computed(
        lambda row, _: scheme.letters(row["letter_scheme"], policy_id=row["id"]),
        "Its letters, the best first; empty where grades have none.",
        size=6,
    )
    categories: list[GradeCategory] = edge(CategoriesByPolicy, "What the final score is made of, in order.", size=5)
    course: Course | None = edge(CourseById, "The course.", key="course_id")
    offering: CourseOffering | None = edge(
        OfferingById, "The offering that it is for alone; null: for all of the course.", key="course_offering_id"
    )


@entity(GradeItemById, "Something graded that is no content item, for example an exam on paper.")
class GradeItem(Node):
    """See models.GradeItem."""

    database_id: strawberry.ID = database_id()
    title: str = strawberry.field(description="Its title, unique in the offering.")
    points: Decimal = strawberry.field(description="What perfect work is worth.")
    held_at: datetime | None = strawberry.field(description="When it takes place.")
    category: GradeCategory | None = edge(
        CategoryById, "The part of the grading policy that it counts in.", key="grade_category_id"
    )
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")


@strawberry.type(description="What a person got for a grade item; students see their own once it is posted.")
class GradeItemScore:
    """See models.GradeItemScore."""

    score: Decimal = strawberry.field(description="The score in points.")
    graded_at: datetime = strawberry.field(description="When it was graded.")
    posted_at: datetime | None = strawberry.field(description="From when the person sees it; null: not yet.")
    graded_by: User | None = edge(UserById, "Who graded it; null for all but staff.", key="graded_by")
    grade_item: GradeItem | None = edge(GradeItemById, "What was graded.", key="grade_item_id")


# the gradebook


@strawberry.enum(description="What a column of a gradebook is for.")
class GradebookColumnKind(Enum):
    """The graded labels of content_type_enum, and one more."""

    QUIZ = strawberry.enum_value("quiz", description="A quiz; its best attempt counts.")
    ENGINEERING_LAB = strawberry.enum_value(
        "engineering_lab", description="A lab; its latest graded submission counts."
    )
    ASSIGNMENT = strawberry.enum_value("assignment", description="An assignment; as with a lab.")
    GRADE_ITEM = strawberry.enum_value(GRADE_ITEM, description="Something that is no content item.")


@strawberry.enum(description="How a person stands with a column of a gradebook.")
class GradebookCellStatus(Enum):
    """See gradebook.GradebookCell."""

    NOT_SUBMITTED = strawberry.enum_value("not_submitted", description="Nothing is there.")
    IN_PROGRESS = strawberry.enum_value("in_progress", description="A quiz that was begun.")
    SUBMITTED = strawberry.enum_value("submitted", description="Waits for a grade.")
    GRADED = strawberry.enum_value("graded", description="Has a grade.")


def _item(column: Column, _context: Context) -> int | None:
    return None if column.kind == GRADE_ITEM else column.number


def _grade_item(column: Column, _context: Context) -> int | None:
    return column.number if column.kind == GRADE_ITEM else None


@strawberry.type(description="Something that is graded in an offering.")
class GradebookColumn:
    """See gradebook.GradebookColumn."""

    item_id: strawberry.ID = computed(
        lambda column, _: column.id, "The global id of the content item or the grade item: unique in its gradebook."
    )
    kind: GradebookColumnKind = strawberry.field(description="What it is.")
    title: str = strawberry.field(description="Its title.")
    points: Decimal | None = strawberry.field(description="What perfect work is worth; null where nobody has said.")
    due_at: datetime | None = strawberry.field(description="Until when it should be done, or when it is held.")
    category: GradeCategory | None = edge(
        CategoryById,
        "The part of the grading policy that it counts in.",
        key=lambda column, _context: column.grade_category_id,
    )
    content_item: _Content | None = edge(ItemById, "The content item, if it is one.", key=_item)
    grade_item: GradeItem | None = edge(GradeItemById, "The grade item, if it is one.", key=_grade_item)


@strawberry.type(description="How a person stands with one column.")
class GradebookCell:
    """See gradebook.GradebookCell."""

    score: Decimal | None = strawberry.field(description="The score in points; null until there is one.")
    max_score: Decimal | None = strawberry.field(description="What it could have been at most.")
    status: GradebookCellStatus = strawberry.field(description="How it stands.")
    column: GradebookColumn = strawberry.field(description="The column.")


@strawberry.type(description="A person in a gradebook.")
class GradebookRow:
    """See loaders.PeopleByGradebook."""

    display_name: str = strawberry.field(description="The person's name.")
    final_score: Decimal | None = strawberry.field(
        description="The final score, also before it is posted; one that was set by hand wins."
    )
    letter_grade: str | None = strawberry.field(description="The final grade in letters.")
    is_overridden: bool = strawberry.field(description="Whether the final grade was set by hand.")
    user: User | None = edge(UserById, "The person.", key="user_id")
    enrollment: _Enrollment | None = edge(EnrollmentById, "The person's enrollment.")
    cells: list[GradebookCell] = edge(
        CellsByEnrollment,
        "One for each column, in the columns' order.",
        key=lambda row, _context: (row["id"], row["course_offering_id"]),
        size=20,
    )


@strawberry.type(description="What everybody in an offering has got for everything: rows of people, columns of work.")
class Gradebook:
    """The source is the offering."""

    columns: list[GradebookColumn] = edge(
        ColumnsByOffering, "What is graded: items in reading order, then what is no item by its day.", size=20
    )
    rows: Connection[GradebookRow] = page(
        PeopleByGradebook, "The people who take part or have completed the course, by name."
    )


# what a grade is made of


def _item_id(part: BreakdownItem, context: Context) -> str:
    item = part.item
    return str(GlobalId(GRADED_KINDS.get(item.kind, "GradeItem"), item.number, context.university_id()))


@strawberry.type(description="What became of one item in the final score.")
class GradeBreakdownItem:
    """See calculation.BreakdownItem."""

    item_id: strawberry.ID = computed(_item_id, "The global id of the content item or the grade item.")
    title: str = computed(lambda part, _: part.item.title, "Its title.")
    earned: Decimal | None = strawberry.field(
        description="What was earned, in the item's own points; null until there is a score that the viewer may see."
    )
    possible: Decimal | None = strawberry.field(
        description="What perfect work is worth; null where nobody has said and nothing is graded."
    )
    is_dropped: bool = strawberry.field(
        description="Whether the category leaves it out, as one of the lowest or highest."
    )
    is_excused: bool = strawberry.field(description="Whether the person is excused from it.")
    is_counted: bool = strawberry.field(description="Whether it counts in the final score, if only as 0.")


@strawberry.type(description="What one category gives to the final score.")
class GradeBreakdownCategory:
    """See calculation.BreakdownCategory."""

    name: str = computed(lambda part, _: part.category.name, "Its name.")
    weight: Decimal = computed(lambda part, _: part.category.weight, "Its weight in the policy in percent.")
    extra_credit: bool = computed(
        lambda part, _: part.category.extra_credit, "Whether what it gives is added on top of the others."
    )
    earned: Decimal = strawberry.field(description="The points earned for the items that count.")
    possible: Decimal = strawberry.field(description="The points that these items are worth.")
    contribution: Decimal = strawberry.field(
        description="What it gives to the final score, in percent; those of all categories sum to it exactly."
    )
    items: list[GradeBreakdownItem] = plain_list("Its items, in the order in which they are due.", size=10)


@strawberry.type(
    description="How a grade comes about, by the policy and the scores that the viewer may see: of students only those"
    " that are posted. A grade that was set by hand is none of it: see `Enrollment.grade`."
)
class GradeBreakdown:
    """See calculation.Breakdown."""

    current: Decimal | None = strawberry.field(
        description="The score in percent so far: what is not graded is left out. Null where nothing is."
    )
    final: Decimal | None = strawberry.field(
        description="The score in percent if nothing more came: what is not graded is worth 0. Null without weights."
    )
    letter: str | None = strawberry.field(description="The letter that `final` earns; null where there is none.")
    passed: bool | None = strawberry.field(description="Whether `final` reaches the pass mark; null without `final`.")
    categories: list[GradeBreakdownCategory] = plain_list("The policy's categories, in order.", size=5)


@strawberry.type(description="That a final grade has changed. Students see their own once the grade is posted.")
class GradeChange:
    """See models.GradeHistory."""

    old_score: Decimal | None = strawberry.field(description="The score before; null where there was none.")
    new_score: Decimal | None = strawberry.field(description="The score from then on; null where there was none.")
    policy_version: int | None = strawberry.field(
        description="The version of the policy that it was worked out by; null where it was not."
    )
    reason: str | None = strawberry.field(description="Why, where somebody has said.")
    changed_at: datetime = strawberry.field(description="When it happened.")
    changed_by: User | None = edge(
        UserById, "Who did it; null where it was worked out, and for all but staff.", key="changed_by"
    )
