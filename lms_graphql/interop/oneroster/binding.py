"""OneRoster 1.2's CSV binding: the files of a package, their columns in order, and what may stand in them.

https://www.imsglobal.org/spec/oneroster/v1p2/bind/csv (1EdTech, final). Values of enumerations may be extended by words
that begin with `ext:`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from lms_graphql.interop.oneroster.records import (
    AcademicSession,
    Class,
    Course,
    Enrollment,
    Org,
    Record,
    Role,
    User,
)

VERSION = "1.2"
BULK, DELTA, ABSENT = "bulk", "delta", "absent"
MODES = frozenset({BULK, DELTA, ABSENT})
ACTIVE, LEAVING = "active", "tobedeleted"
SCHEDULED, HOMEROOM = "scheduled", "homeroom"
OTHER_FILES = (
    *("categories", "classResources", "courseResources", "demographics", "lineItemLearningObjectiveIds", "lineItems"),
    *("lineItemScoreScales", "resources", "resultLearningObjectiveIds", "results", "resultScoreScales", "scoreScales"),
    *("userProfiles", "userResources"),
)
"""Files of the binding that this product neither reads nor writes."""

SESSION_TYPES = frozenset({"gradingPeriod", "semester", "schoolYear", "term"})
ORG_TYPES = frozenset({"department", "school", "district", "local", "state", "national"})
CLASS_TYPES = frozenset({SCHEDULED, HOMEROOM})
ROLE_TYPES = frozenset({"primary", "secondary"})
ROLES = frozenset(
    {
        *("aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor", "relative"),
        *("siteAdministrator", "student", "systemAdministrator", "teacher"),
    }
)
ENROLLMENT_ROLES = frozenset({"administrator", "aide", "proctor", "student", "teacher"})
"""`aide` is of OneRoster 1.1, and still sent."""
_LEVELS = frozenset({"undergraduate", "graduate", "postgraduate", "certificate", "other"})
_VISIBILITIES = frozenset({"private", "members", "public"})
_ENROLLMENT_MODES = frozenset({"open", "approval", "closed"})
_MOST_SEATS = 10**6


class CellError(ValueError):
    """A cell can't be taken; the message says what it must be."""


class Column(NamedTuple):
    """A column that is read and written: its header, the attribute of the record, how a cell is read and spelled."""

    header: str
    attribute: str
    read: Callable[[str], Any]
    spell: Callable[[Any], str]
    is_required: bool = False


class File(NamedTuple):
    """A file: its name without `.csv`, the record of a row, all headers of the binding in order, and what is read.

    Extension columns stand behind those of the binding.
    """

    name: str
    record: type[Record]
    headers: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def all_headers(self) -> tuple[str, ...]:
        """Those of the binding, and ours."""
        return (*self.headers, *(column.header for column in self.columns if column.header not in self.headers))


def _text(most: int = 255) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > most:
            raise CellError(f"this has more than {most} characters")
        return cell

    return read


def _word(words: frozenset[str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell not in words and not cell.startswith("ext:"):
            raise CellError(f"this must be one of {', '.join(sorted(words))}")
        return _text(64)(cell)

    return read


def _own_word(words: frozenset[str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell not in words:
            raise CellError(f"this must be one of {', '.join(sorted(words))}")
        return cell

    return read


def _date(cell: str) -> date:
    try:
        return datetime.strptime(cell, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, wherever
    except ValueError:
        raise CellError("this must be a date, as 2026-09-01") from None


def _time(cell: str) -> datetime:
    try:
        found = datetime.fromisoformat(cell)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise CellError("this must be a time with its zone, as 2026-09-01T08:00:00Z")
    return found.astimezone(UTC)


def _boolean(cell: str) -> bool:
    if cell.lower() not in {"true", "false"}:
        raise CellError("this must be true or false")
    return cell.lower() == "true"


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        if not (cell.isascii() and cell.isdecimal() and len(cell) <= len(str(most)) and least <= int(cell) <= most):
            raise CellError(f"this must be a whole number from {least} to {most}")
        return int(cell)

    return read


def _names(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_text()(name.strip()) for name in cell.split(",") if name.strip()))


def _spelled_boolean(value: bool) -> str:
    return "true" if value else "false"


def _spelled_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(
    header: str, attribute: str | None = None, *, read: Callable[[str], Any] | None = None, required: bool = False
) -> Column:
    return Column(header, attribute or header, read or _text(), str, required)


def _needed(header: str, attribute: str | None = None, read: Callable[[str], Any] | None = None) -> Column:
    return _plain(header, attribute, read=read, required=True)


def _time_column(header: str, attribute: str) -> Column:
    return Column(header, attribute, _time, _spelled_time)


_BASE = ("sourcedId", "status", "dateLastModified")
_SEATS = _number(0, _MOST_SEATS)

_ORGS = File(
    "orgs",
    Org,
    (*_BASE, "name", "type", "identifier", "parentSourcedId"),
    (
        _needed("name"),
        _needed("type", read=_word(ORG_TYPES)),
        _plain("identifier", read=_text(64)),
        _plain("parentSourcedId", "parent"),
    ),
)
_ACADEMIC_SESSIONS = File(
    "academicSessions",
    AcademicSession,
    (*_BASE, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    (
        _needed("title"),
        _needed("type", read=_word(SESSION_TYPES)),
        Column("startDate", "start", _date, date.isoformat, is_required=True),
        Column("endDate", "end", _date, date.isoformat, is_required=True),
        _plain("parentSourcedId", "parent"),
        _needed("schoolYear", "school_year", _number(1000, 9999)),
        _plain("metadata.lms.code", "code", read=_text(32)),
        _time_column("metadata.lms.startsAt", "starts_at"),
        _time_column("metadata.lms.endsAt", "ends_at"),
    ),
)
_COURSES = File(
    "courses",
    Course,
    (*_BASE, "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"),
    (
        _needed("title"),
        _plain("courseCode", "code", read=_text(128)),
        _needed("orgSourcedId", "org"),
        _plain("metadata.lms.level", "level", read=_own_word(_LEVELS)),
        Column("metadata.lms.isPublished", "is_published", _boolean, _spelled_boolean),
    ),
)
_CLASSES = File(
    "classes",
    Class,
    (
        *(*_BASE, "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId"),
        *("termSourcedIds", "subjects", "subjectCodes", "periods"),
    ),
    (
        _needed("title"),
        _needed("courseSourcedId", "course"),
        _plain("classCode", "code", read=_text(32)),
        _needed("classType", "type", _word(CLASS_TYPES)),
        _needed("schoolSourcedId", "school"),
        Column("termSourcedIds", "terms", _names, ",".join, is_required=True),
        _plain("metadata.lms.offeringSourcedId", "offering"),
        _plain("metadata.lms.termName", "term_name"),
        _time_column("metadata.lms.startsAt", "starts_at"),
        _time_column("metadata.lms.endsAt", "ends_at"),
        _plain("metadata.lms.visibility", "visibility", read=_own_word(_VISIBILITIES)),
        _plain("metadata.lms.enrollmentMode", "enrollment_mode", read=_own_word(_ENROLLMENT_MODES)),
        _plain("metadata.lms.capacity", "capacity", read=_SEATS),
        _plain("metadata.lms.waitlistCapacity", "waitlist_capacity", read=_SEATS),
    ),
)
_USERS = File(
    "users",
    User,
    (
        *(*_BASE, "enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email"),
        *("sms", "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "resourceSourcedIds"),
        *("preferredGivenName", "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns"),
    ),
    (
        Column("enabledUser", "is_enabled", _boolean, _spelled_boolean, is_required=True),
        _needed("username"),
        _needed("givenName", "given_name", _text(127)),
        _needed("familyName", "family_name", _text(127)),
        _plain("identifier", read=_text(64)),
        _plain("email"),
        _plain("preferredGivenName", "preferred_given_name", read=_text(127)),
        _plain("preferredFamilyName", "preferred_family_name", read=_text(127)),
        _plain("primaryOrgSourcedId", "primary_org"),
        _plain("metadata.lms.displayName", "display_name"),
    ),
)
_ROLES_FILE = File(
    "roles",
    Role,
    (
        *(*_BASE, "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId"),
        "userProfileSourcedId",
    ),
    (
        _needed("userSourcedId", "user"),
        _needed("roleType", "type", _word(ROLE_TYPES)),
        _needed("role", read=_word(ROLES)),
        _needed("orgSourcedId", "org"),
    ),
)
_ENROLLMENTS = File(
    "enrollments",
    Enrollment,
    (*_BASE, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"),
    (
        _needed("classSourcedId", "class_"),
        _needed("schoolSourcedId", "school"),
        _needed("userSourcedId", "user"),
        _needed("role", read=_word(ENROLLMENT_ROLES)),
    ),
)
FILES: Mapping[str, File] = {
    file.name: file for file in (_ORGS, _ACADEMIC_SESSIONS, _COURSES, _CLASSES, _USERS, _ROLES_FILE, _ENROLLMENTS)
}
"""The files that are read and written, in the order in which what they have is stored."""
