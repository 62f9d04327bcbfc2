"""What a course refers to beyond itself, found in the university that it comes to; what is not there is told."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, cast, select

from lms_graphql.catalog.models import Course, Subject, Term
from lms_graphql.catalog.policy import visible_courses, visible_terms
from lms_graphql.catalog.reach import administers
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.interop.bundle import form
from lms_graphql.interop.bundle.checking import modules_of
from lms_graphql.interop.bundle.noticing import Notice, NoticeCode
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import ModuleTemplate
from lms_graphql.syllabus.policy import visible_templates
from lms_graphql.tenancy.models import Department

CODE = ("input", "code")
CODE_TAKEN = UserFailure(
    UserErrorCode.TAKEN, "the university has a course with this code already; give another code", CODE
)
_WRITERS = (Standing.STAFF, Standing.ADMIN)
_Row = record("Found")
_CODES: Any = bindparam("codes", type_=ARRAY(Text), required=True)
_TITLES: Any = bindparam("titles", type_=ARRAY(Text), required=True)
_DEPARTMENT = Statement(
    select(Department.id).where(
        Department.university_id == UNIVERSITY,
        Department.id == bindparam("department_id", type_=BigInteger, required=True),
    )
)
_TAKEN = Statement(
    select(Course.id).where(Course.university_id == UNIVERSITY, Course.code == bindparam("code", type_=Text))
)
_SUBJECTS = Statement(select(Subject.id, Subject.code).where(Subject.code == any_(_CODES)))
_TERMS = Statement(select(Term.id, Term.code).where(Term.code == any_(_CODES), visible_terms(Viewer())))
_COURSES = {
    standing: Statement(
        select(Course.id, Course.code).where(Course.code == any_(_CODES), visible_courses(Viewer(standing=standing)))
    )
    for standing in _WRITERS
}
_TEMPLATES = {
    standing: Statement(
        select(
            ModuleTemplate.id,
            ModuleTemplate.title,
            cast(ModuleTemplate.template_type, Text).label("template_type"),
            ModuleTemplate.university_id.is_(None).label("is_of_platform"),
        )
        .where(ModuleTemplate.title == any_(_TITLES), visible_templates(Viewer(standing=standing)))
        .order_by(ModuleTemplate.id)
    )
    for standing in _WRITERS
}


class Found(NamedTuple):
    """Ids by codes; of templates by the keys of the modules that were made from them."""

    subjects: dict[str, int]
    prerequisites: dict[str, int]
    terms: dict[str, int]
    templates: dict[str, int]
    notices: list[Notice]


async def department_for(work: Work, text: str | None, otherwise: int | None = None) -> int | None:
    """The department of a course that is to be added: the one that is named, else `otherwise`.

    NOT_FOUND for one that is not there; FORBIDDEN for one, or for none, that the viewer does not look after.
    """
    path = ("input", "departmentId")
    department_id = otherwise
    if text is not None:
        number = number_of(text, "Department", work.viewer.university_id)
        row = None if number is None else await work.one(_DEPARTMENT, _Row, department_id=number)
        if row is None:
            raise Refused(UserErrorCode.NOT_FOUND, "there is no such department", path)
        department_id = row["id"]
    if not administers(work.viewer, department_id):
        raise Refused(UserErrorCode.FORBIDDEN, "name a department that you look after", path)
    return department_id


async def require_free(work: Work, code: str) -> None:
    """TAKEN where the university has a course with this code, seen or not: two can't have the same."""
    if await work.rows(_TAKEN, _Row, code=code):
        raise Refused.all([CODE_TAKEN])


async def find(work: Work, course: form.Course, templates: Mapping[str, int]) -> Found:
    """Everything that the course refers to by a code or a title; `templates` are those that are known already."""
    standing = work.viewer.standing
    subjects = {one.code for one in course.subjects}
    if course.primary_subject is not None:
        subjects.add(course.primary_subject)
    asked = {one.course for one in course.prerequisites}
    terms = {one.term for one in course.offerings if one.term is not None}
    found = Found(
        await _by_code(work, _SUBJECTS, subjects),
        await _by_code(work, _COURSES[standing], asked),
        await _by_code(work, _TERMS, terms),
        await _templates(work, course, templates),
        [],
    )
    say = found.notices.append
    for code in sorted(subjects - found.subjects.keys()):
        say(Notice(NoticeCode.SUBJECT_MISSING, f"there is no subject {code}: the course does not belong to it", code))
    for code in sorted(asked - found.prerequisites.keys()):
        say(Notice(NoticeCode.PREREQUISITE_MISSING, f"there is no course {code}: it is not asked for", code))
    for code in sorted(terms - found.terms.keys()):
        say(Notice(NoticeCode.TERM_MISSING, f"there is no term {code}: its offerings are in none", code))
    for template in _missing_templates(course, found.templates):
        message = f"there is no one template «{template.title}»: its modules are of none"
        say(Notice(NoticeCode.TEMPLATE_MISSING, message, template.title))
    return found


async def _by_code(work: Work, statement: Statement, codes: Iterable[str]) -> dict[str, int]:
    wanted = sorted(codes)
    rows: list[Row] = await work.rows(statement, _Row, codes=wanted) if wanted else []
    return {row["code"]: row["id"] for row in rows}


async def _templates(work: Work, course: form.Course, known: Mapping[str, int]) -> dict[str, int]:
    """Of each module that has a template; those that several fit are left out, since it can't be told which it was."""
    wanted = {module.key: module.template for module, *_ in modules_of(course) if module.template is not None}
    unknown = {key: template for key, template in wanted.items() if key not in known}
    if not unknown:
        return dict(known)
    titles = sorted({template.title for template in unknown.values()})
    ids: dict[tuple[str, str, bool], list[int]] = {}
    for row in await work.rows(_TEMPLATES[work.viewer.standing], _Row, titles=titles):
        ids.setdefault((row["title"], row["template_type"], row["is_of_platform"]), []).append(row["id"])
    found = dict(known)
    for key, template in unknown.items():
        fitting = ids.get((template.title, template.template_type, template.is_of_platform), [])
        if len(fitting) == 1:
            found[key] = fitting[0]
    return found


def _missing_templates(course: form.Course, found: Mapping[str, int]) -> list[form.Template]:
    missing = {}
    for module, *_ in modules_of(course):
        if module.template is not None and module.key not in found:
            missing[module.template.title, module.template.template_type] = module.template
    return list(missing.values())
