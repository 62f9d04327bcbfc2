"""What is wrong between the rows of a roster: names of rows that are not there, and rows that would be one here.

What a row names must be in the roster where it has the whole of that file; else it is looked for among what is here,
when it is stored.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from lms_graphql.interop.oneroster.binding import BULK, FILES, HOMEROOM
from lms_graphql.interop.oneroster.reading import Read
from lms_graphql.interop.oneroster.records import ATTRIBUTES, Class, Record, RowError, User
from lms_graphql.tenancy.addresses import is_address


class _Reference(NamedTuple):
    """That a column names rows of a file."""

    file: str
    header: str
    attribute: str
    to: str


REFERENCES = (
    _Reference("academicSessions", "parentSourcedId", "parent", "academicSessions"),
    _Reference("orgs", "parentSourcedId", "parent", "orgs"),
    _Reference("courses", "orgSourcedId", "org", "orgs"),
    _Reference("classes", "courseSourcedId", "course", "courses"),
    _Reference("classes", "schoolSourcedId", "school", "orgs"),
    _Reference("classes", "termSourcedIds", "terms", "academicSessions"),
    _Reference("classes", "metadata.lms.offeringSourcedId", "offering", "classes"),
    _Reference("users", "primaryOrgSourcedId", "primary_org", "orgs"),
    _Reference("roles", "userSourcedId", "user", "users"),
    _Reference("roles", "orgSourcedId", "org", "orgs"),
    _Reference("enrollments", "classSourcedId", "class_", "classes"),
    _Reference("enrollments", "schoolSourcedId", "school", "orgs"),
    _Reference("enrollments", "userSourcedId", "user", "users"),
)
_ONCE: dict[str, tuple[tuple[str, Callable[[Any], Any]], ...]] = {
    "courses": (("courseCode", lambda course: course.code or course.sourced_id),),
    "users": (
        ("email", lambda user: (address_of(user) or "").lower() or None),
        ("identifier", lambda user: user.identifier),
    ),
    "roles": (("role", lambda role: (role.user, role.role, role.org)),),
    "enrollments": (("userSourcedId", lambda enrollment: (enrollment.class_, enrollment.user)),),
}
"""What no two rows of a file may have in common."""


def address_of(user: User) -> str | None:
    """The e-mail address by which a person is known: `email`, else a `username` that is one."""
    return next((text for text in (user.email, user.username) if text and is_address(text)), None)


def check(found: Read) -> Read:
    """The roster without the rows that can't be taken, and the errors, by file and line."""
    roster = found.roster
    for file in ATTRIBUTES:
        if file not in roster.modes:
            continue
        errors = {error.line: error for error in _errors(found, file)}
        records = roster.records(file)
        roster.unread.setdefault(file, []).extend(record.sourced_id for record in records if record.line in errors)
        setattr(roster, ATTRIBUTES[file], [record for record in records if record.line not in errors])
        found.errors += errors.values()
    order = list(FILES)
    found.errors.sort(key=lambda error: (order.index(error.file), error.line))
    return found


def _errors(found: Read, file: str) -> Iterator[RowError]:
    yield from _repeated(found, file)
    yield from _dangling(found, file)
    if file == "classes":
        yield from _homeless(found)
    if file == "academicSessions":
        for session in found.roster.academic_sessions:
            if session.end <= session.start or (
                session.starts_at and session.ends_at and session.ends_at <= session.starts_at
            ):
                yield RowError(file, session.line, "endDate", "this must be after startDate")


def _repeated(found: Read, file: str) -> Iterator[RowError]:
    for header, what in _ONCE.get(file, ()):
        lines: dict[Any, int] = {}
        for record in found.roster.records(file):
            value = what(record)
            if value is None:
                continue
            first = lines.setdefault(value, record.line)
            if first != record.line:
                yield RowError(file, record.line, header, f"line {first} has the same")


def _dangling(found: Read, file: str) -> Iterator[RowError]:
    roster = found.roster
    for reference in REFERENCES:
        if reference.file != file or roster.modes.get(reference.to) != BULK:
            continue
        there = roster.named(reference.to)
        for record in roster.records(file):
            if any(name not in there for name in _names(record, reference.attribute)):
                yield RowError(file, record.line, reference.header, f"{reference.to}.csv has no such sourcedId")


def _names(record: Record, attribute: str) -> tuple[str, ...]:
    value: Any = getattr(record, attribute)
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def offering_of(classes: list[Class]) -> dict[str, str | None]:
    """The scheduled class that each homeroom is a section of; None where it can't be told.

    It is the one that the homeroom names, else the only one of the same course and terms.
    """
    scheduled: dict[tuple[str, frozenset[str]], list[str]] = {}
    for class_ in classes:
        if class_.type != HOMEROOM:
            scheduled.setdefault((class_.course, frozenset(class_.terms)), []).append(class_.sourced_id)
    found: dict[str, str | None] = {}
    for class_ in classes:
        if class_.type == HOMEROOM:
            like = scheduled.get((class_.course, frozenset(class_.terms)), [])
            found[class_.sourced_id] = class_.offering or (like[0] if len(like) == 1 else None)
    return found


def _homeless(found: Read) -> Iterator[RowError]:
    offerings = offering_of(found.roster.classes)
    for class_ in found.roster.classes:
        if class_.type == HOMEROOM and offerings[class_.sourced_id] is None:
            message = "a homeroom needs exactly one scheduled class of the same course and terms, whose section it is"
            yield RowError("classes", class_.line, "classType", message)
