"""Domains, subjects, courses, what they ask for, terms and offerings."""

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    all_,
    and_,
    any_,
    cast,
    column,
    func,
    literal,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased
from typing_extensions import override

from lms_graphql.catalog import policy, soundness
from lms_graphql.catalog.choices import (
    COURSE_FILTERS,
    COURSE_ORDERS,
    OFFERING_FILTERS,
    OFFERING_ORDERS,
    OFFERING_ORDERS_IN_COURSE,
    SUBJECT_FILTERS,
    SUBJECT_ORDERS,
    TERM_ORDERS,
)
from lms_graphql.catalog.models import (
    Course,
    CourseOffering,
    CourseOfferingInstructor,
    CoursePrerequisite,
    CourseSubject,
    Domain,
    OfferingSection,
    Subject,
    Term,
)
from lms_graphql.content.policy import visible_assets
from lms_graphql.engine.dataloaders import KEYS, TEXT_KEYS, Loader, Many, One, Page
from lms_graphql.engine.rows import Row, record
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import UniversityMember

DomainRow = record("Domain", tenant=False)
SubjectRow = record("Subject", tenant=False)
CourseRow = record(
    "Course",
    seldom=(
        *("language_code", "credit_hours", "difficulty", "is_published", "created_at", "updated_at"),
        *("archived_at", "version"),
    ),
)
OfferingRow = record(
    "CourseOffering",
    seldom=(
        *("waitlist_capacity", "created_at", "updated_at", "overrides", "gradebook", "viewer_can"),
        *("certificate_valid_days", "version"),
    ),
)
TermRow = record("Term", seldom=("created_at", "updated_at"))
SectionRow = record("OfferingSection", seldom=("created_at", "updated_at", "version"))
InstructorRow = record("OfferingInstructor")
PrerequisiteRow = record("CoursePrerequisite")
TransitivePrerequisiteRow = record("TransitivePrerequisite")
PublishProblemRow = record("PublishProblem")
PoolSizeRow = record("PoolSize")
AssetNumberRow = record("AssetNumber")

_DEEPEST = 32
"""Where a chain of prerequisites ends, should there ever be a cycle."""


class Domains(Many[int]):
    """All domains, by code; there are few. The key is 0."""

    row = DomainRow

    @override
    def query(self) -> Select[Any]:
        return select(literal(0), *columns(Domain)).order_by(Domain.code)


class DomainById(One[int]):
    """A domain."""

    row = DomainRow

    @override
    def query(self) -> Select[Any]:
        return select(Domain.id, *columns(Domain)).where(Domain.id == any_(KEYS))


class SubjectById(One[int]):
    """A subject."""

    row = SubjectRow

    @override
    def query(self) -> Select[Any]:
        return select(Subject.id, *columns(Subject)).where(Subject.id == any_(KEYS))


class SubjectByCode(One[str]):
    """A subject by its code."""

    row = SubjectRow

    @override
    def query(self) -> Select[Any]:
        return select(Subject.code, *columns(Subject)).where(Subject.code == any_(TEXT_KEYS))


class Subjects(Page[int]):
    """All subjects, by id; the key says nothing."""

    row = SubjectRow
    order = (Subject.id,)
    orders = SUBJECT_ORDERS
    filters = SUBJECT_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(Subject))


class SubjectsByDomain(Page[int]):
    """The subjects of each domain, by id."""

    row = SubjectRow
    order = (Subject.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(Subject)).where(Subject.domain_id == parent)


class SubjectsByCourse(Many[int]):
    """The subjects that each course is tagged with, the primary one first."""

    row = SubjectRow
    reads_tenant = True

    @override
    def query(self) -> Select[Any]:
        return (
            select(CourseSubject.course_id, *columns(Subject))
            .join(Course, (Course.university_id == UNIVERSITY) & (Course.id == CourseSubject.course_id))
            .join(Subject, Subject.id == CourseSubject.subject_id)
            .where(
                CourseSubject.course_id == any_(KEYS),
                CourseSubject.university_id == UNIVERSITY,
                policy.visible_courses(self.viewer),
            )
            .order_by(CourseSubject.is_primary.desc(), Subject.code)
        )


class CourseById(One[int]):
    """A course that the viewer may see."""

    row = CourseRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(Course.id, Course)).where(
            Course.id == any_(KEYS), policy.visible_courses(self.viewer)
        )


class CourseByCode(One[str]):
    """A course of the request's university by its code."""

    row = CourseRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(Course.code, Course)).where(
            Course.code == any_(TEXT_KEYS), policy.visible_courses(self.viewer)
        )


class _Catalog(Page[int]):
    """What all lists of courses have in common: archived ones are in none, unless they are asked for."""

    row = CourseRow
    order = (Course.id,)
    orders = COURSE_ORDERS
    filters = COURSE_FILTERS

    def courses(self) -> Select[Any]:
        """The courses that the viewer may see, of any list."""
        seen = select(*self.columns(Course)).where(policy.visible_courses(self.viewer))
        asked = any(name == "archived" for name, _ in self.page.filters)
        return seen if asked else seen.where(Course.archived_at.is_(None))


class CoursesByUniversity(_Catalog):
    """The courses of the request's university that the viewer may see, by id."""

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return self.courses().where(Course.university_id == parent)


class CoursesByDepartment(_Catalog):
    """The courses of each department that the viewer may see, by id."""

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return self.courses().where(Course.department_id == parent)


class _Offerings(Loader[Any, Any]):
    """What all loaders of offerings have in common: what their row needs to tell what the viewer may do there."""

    row = OfferingRow

    @override
    def columns(self, model: Any) -> tuple[ColumnElement[Any], ...]:
        decided = policy.offering_department(self.viewer) if self.wide else ()
        return (*super().columns(model), *decided)


class OfferingById(_Offerings, One[int]):
    """An offering that the viewer may see."""

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(CourseOffering.id, CourseOffering)).where(
            CourseOffering.id == any_(KEYS), policy.visible_offerings(self.viewer)
        )


class OfferingsByCourse(_Offerings, Page[int]):
    """The offerings of each course that the viewer may see, by id."""

    order = (CourseOffering.id,)
    orders = OFFERING_ORDERS_IN_COURSE
    filters = OFFERING_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(CourseOffering)).where(
            CourseOffering.course_id == parent, policy.visible_offerings(self.viewer)
        )


class OfferingsByUniversity(_Offerings, Page[int]):
    """The offerings of the request's university that the viewer may see, by id."""

    order = (CourseOffering.id,)
    orders = OFFERING_ORDERS
    filters = OFFERING_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(CourseOffering)).where(
            CourseOffering.university_id == parent, policy.visible_offerings(self.viewer)
        )


# ---- the tree of subjects, and the courses in it


class SubjectsByParent(Many[int]):
    """The subjects directly below each, by code."""

    row = SubjectRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(Subject.parent_subject_id, *columns(Subject))
            .where(Subject.parent_subject_id == any_(KEYS))
            .order_by(Subject.code)
        )


class SubjectAncestors(Many[int]):
    """The subjects above each, the root first."""

    row = SubjectRow

    @override
    def query(self) -> Select[Any]:
        way = array([Subject.id]).label("way")  # a cycle, should there ever be one, ends where it closes
        above = (
            select(Subject.id.label("key"), Subject.parent_subject_id.label("above_id"), way)
            .where(Subject.id == any_(KEYS))
            .cte("subjects_above", recursive=True)
        )
        is_new = Subject.id != all_(above.c.way)
        further = select(above.c.key, Subject.parent_subject_id, func.array_append(above.c.way, Subject.id)).where(
            Subject.id == above.c.above_id, is_new
        )
        above = above.union_all(further)
        return (
            select(above.c.key, *columns(Subject))
            .join(Subject, Subject.id == above.c.above_id)
            .where(Subject.id != all_(above.c.way))
            .order_by(func.cardinality(above.c.way).desc())
        )


def _subtrees() -> CTE:
    """The subjects below each key: `key`, `id`, and `path`, the codes that lead there."""
    below = (
        select(
            Subject.parent_subject_id.label("key"),
            Subject.id.label("id"),
            array([cast(Subject.code, Text)]).label("path"),
        )
        .where(Subject.parent_subject_id == any_(KEYS))
        .cte("subjects_below", recursive=True)
    )
    code = cast(Subject.code, Text)
    return below.union_all(
        select(below.c.key, Subject.id, func.array_append(below.c.path, code)).where(
            Subject.parent_subject_id == below.c.id, Subject.id != below.c.key, code != all_(below.c.path)
        )
    )


class SubjectDescendants(Many[int]):
    """All subjects below each, whatever their depth, each followed by those below it; siblings by code."""

    row = SubjectRow

    @override
    def query(self) -> Select[Any]:
        below = _subtrees()
        return select(below.c.key, *columns(Subject)).join(Subject, Subject.id == below.c.id).order_by(below.c.path)


class CoursesBySubject(_Catalog):
    """The courses that belong to each subject, as their main one or another, and that the viewer may see, by id."""

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        main = aliased(Course)
        belonging = union(
            select(CourseSubject.course_id).where(
                CourseSubject.university_id == UNIVERSITY, CourseSubject.subject_id == parent
            ),
            select(main.id).where(main.university_id == UNIVERSITY, main.primary_subject_id == parent),
        )
        return self.courses().where(Course.id.in_(belonging))


class CoursesBySubtree(_Catalog):
    """The courses that belong to each subject or to any below it, and that the viewer may see, by id."""

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        belonging = _courses_of_subtrees()  # of all parents at once, beside the pages
        courses = select(belonging.c.course_id).where(belonging.c.key == parent)
        return self.courses().where(Course.id.in_(courses))


def _courses_of_subtrees() -> CTE:
    """For each key, the courses that belong to the subject or to any below it: `key`, `course_id`."""
    below, key = _subtrees(), column("key", BigInteger)
    keys = func.unnest(KEYS).table_valued(key).render_derived(name="keys")
    subjects = union_all(select(keys.c.key, keys.c.key.label("id")), select(below.c.key, below.c.id)).cte("subtrees")
    main = aliased(Course)
    tagged = select(subjects.c.key, CourseSubject.course_id).where(
        CourseSubject.university_id == UNIVERSITY, CourseSubject.subject_id == subjects.c.id
    )
    return union(
        tagged,
        select(subjects.c.key, main.id).where(
            main.university_id == UNIVERSITY, main.primary_subject_id == subjects.c.id
        ),
    ).cte("belonging")


# ---- what courses ask for


class PrerequisitesByCourse(Many[int]):
    """What each course asks for directly, by code; without courses that the viewer may not see."""

    row = PrerequisiteRow

    @override
    def query(self) -> Select[Any]:
        asked = aliased(Course)
        return (
            select(CoursePrerequisite.course_id, *columns(CoursePrerequisite, frozenset({"course_id"})))
            .join(
                asked,
                and_(asked.university_id == UNIVERSITY, asked.id == CoursePrerequisite.prerequisite_course_id),
            )
            .where(CoursePrerequisite.course_id == any_(KEYS), policy.visible_prerequisites(self.viewer))
            .order_by(asked.code)
        )


class AllPrerequisitesByCourse(Many[int]):
    """What each course asks for directly or by way of others, the nearest first.

    A way ends at a course that the viewer may not see: what lies behind it would tell of it.
    """

    row = TransitivePrerequisiteRow

    @override
    def query(self) -> Select[Any]:
        is_strict = cast(CoursePrerequisite.prerequisite_type, Text) == "strict"
        way = (
            select(
                CoursePrerequisite.course_id.label("key"),
                CoursePrerequisite.university_id,
                CoursePrerequisite.prerequisite_course_id.label("course_id"),
                literal(1).label("depth"),
                is_strict.label("is_strict"),
            )
            .where(CoursePrerequisite.course_id == any_(KEYS), policy.visible_prerequisites(self.viewer))
            .cte("way", recursive=True)
        )
        further = select(
            way.c.key,
            way.c.university_id,
            CoursePrerequisite.prerequisite_course_id,
            way.c.depth + 1,
            and_(way.c.is_strict, is_strict),
        ).where(
            CoursePrerequisite.course_id == way.c.course_id,
            CoursePrerequisite.prerequisite_course_id != way.c.key,
            way.c.depth < _DEEPEST,
            policy.visible_prerequisites(self.viewer),
        )
        way = way.union(further)
        depth = func.min(way.c.depth).label("depth")
        return (
            select(
                way.c.key, way.c.university_id, way.c.course_id, depth, func.bool_or(way.c.is_strict).label("is_strict")
            )
            .group_by(way.c.key, way.c.university_id, way.c.course_id)
            .order_by(depth, way.c.course_id)
        )


class DependentsByCourse(Page[int]):
    """The courses that ask for each course and that the viewer may see, by id."""

    row = CourseRow
    order = (Course.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return (
            select(*self.columns(Course))
            .join(CoursePrerequisite, CoursePrerequisite.course_id == Course.id)
            .where(
                CoursePrerequisite.prerequisite_course_id == parent,
                policy.visible_prerequisites(self.viewer),
                policy.visible_courses(self.viewer),
            )
        )


# ---- terms


class TermById(One[int]):
    """A term."""

    row = TermRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(Term.id, Term)).where(Term.id == any_(KEYS), policy.visible_terms(self.viewer))


class TermsByUniversity(Page[int]):
    """The terms of the request's university, the earliest first."""

    row = TermRow
    order = (Term.starts_at, Term.id)
    orders = TERM_ORDERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(Term)).where(Term.university_id == parent, policy.visible_terms(self.viewer))


class OfferingsByTerm(_Offerings, Page[int]):
    """The offerings in each term that the viewer may see, by id."""

    order = (CourseOffering.id,)
    orders = OFFERING_ORDERS
    filters = OFFERING_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(CourseOffering)).where(
            CourseOffering.term_id == parent, policy.visible_offerings(self.viewer)
        )


# ---- sections and who teaches


class SectionById(One[int]):
    """A section of an offering that the viewer may see."""

    row = SectionRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(OfferingSection.id, OfferingSection)).where(
            OfferingSection.id == any_(KEYS), policy.visible_sections(self.viewer)
        )


class SectionsByOffering(Many[int]):
    """The sections of each offering that the viewer may see, by code."""

    row = SectionRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(*self.keyed(OfferingSection.course_offering_id, OfferingSection))
            .where(OfferingSection.course_offering_id == any_(KEYS), policy.visible_sections(self.viewer))
            .order_by(OfferingSection.code)
        )


class _Instructors(Loader[int, Any]):
    """Who teaches, with the name that the university knows them by: instructors first, by name."""

    row = InstructorRow

    def _select(self, key: Any) -> Select[Any]:
        return (
            select(key.label("key"), *columns(CourseOfferingInstructor), UniversityMember.display_name)
            .join(
                UniversityMember,
                and_(
                    UniversityMember.university_id == UNIVERSITY,
                    UniversityMember.user_id == CourseOfferingInstructor.user_id,
                ),
            )
            .where(key == any_(KEYS), policy.visible_instructors(self.viewer))
            .order_by(CourseOfferingInstructor.role, UniversityMember.display_name, CourseOfferingInstructor.id)
        )


class InstructorById(_Instructors, One[int]):
    """Somebody who teaches an offering that the viewer may see."""

    @override
    def query(self) -> Select[Any]:
        return self._select(CourseOfferingInstructor.id)


class InstructorsByOffering(_Instructors, Many[int]):
    """Who teaches each offering, or a section of it."""

    @override
    def query(self) -> Select[Any]:
        return self._select(CourseOfferingInstructor.course_offering_id)


class InstructorsBySection(_Instructors, Many[int]):
    """Who teaches each section, and not the whole offering."""

    @override
    def query(self) -> Select[Any]:
        return self._select(CourseOfferingInstructor.section_id)


class OfferingsByInstructor(_Offerings, Page[int]):
    """The offerings that each person teaches and that the viewer may see, by id."""

    order = (CourseOffering.id,)
    orders = OFFERING_ORDERS
    filters = OFFERING_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return (
            select(*self.columns(CourseOffering))
            .join(CourseOfferingInstructor, CourseOfferingInstructor.course_offering_id == CourseOffering.id)
            .where(
                CourseOfferingInstructor.university_id == UNIVERSITY,
                CourseOfferingInstructor.user_id == parent,
                policy.visible_offerings(self.viewer),
            )
        )


# ---- whether courses are fit to be published


class PoolSizes(One[int]):
    """How many active questions a pool has that courses in reach can draw from; for staff alone."""

    row = PoolSizeRow

    @override
    def query(self) -> Select[Any]:
        statement: Select[Any] = soundness.pool_sizes().where(policy.visible_pool_sizes(self.viewer))
        return statement


class AssetNumbers(One[int]):
    """Whether an asset is there."""

    row = AssetNumberRow

    @override
    def query(self) -> Select[Any]:
        statement: Select[Any] = soundness.asset_numbers().where(visible_assets(self.viewer))
        return statement


class PublishProblemsByCourse(Loader[int, list[soundness.Problem]]):
    """What keeps each course from being published; for staff alone."""

    row = PublishProblemRow

    @override
    def query(self) -> Select[Any]:
        statement: Select[Any] = soundness.shown_items().where(policy.visible_drafts(self.viewer))
        return statement

    @override
    async def load_batch(self, keys: list[int]) -> list[list[soundness.Problem]]:
        rows: dict[int, list[Row]] = {key: [] for key in keys}
        for row in await self.rows(keys):
            rows[row[0]].append(row)
        items = {key: soundness.looked_at(found) for key, found in rows.items()}
        every = [item for found in items.values() for item in found]
        pools = await self.context.loader(PoolSizes).values(soundness.pools_of(every))
        assets = await self.context.loader(AssetNumbers).values(soundness.assets_of(every))
        return [soundness.problems(key, rows[key], items[key], pools, assets) for key in keys]
