"""A roster as OneRoster 1.2 knows it: plain records, whatever they become here.

Records hold what this product reads and writes of a row and nothing more: telephone numbers, pronouns or passwords of a
source never get any further. What OneRoster has no column for stands in extension columns, `metadata.lms.…`, which
other systems may ignore; where a file lacks them their value is None, and what is here stays as it is.
"""

from datetime import date, datetime
from hashlib import blake2b
from typing import Any

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A row. `sourced_id` names it among the rows of its file."""

    sourced_id: str
    line: int = 0

    def content_hash(self) -> bytes:
        """Tells whether the row is another one than before, wherever in the file it stands."""
        content = msgspec.msgpack.encode(msgspec.structs.replace(self, line=0))
        return blake2b(content, digest_size=32).digest()


class Org(Record, frozen=True, kw_only=True):
    """A department, or (of any other type) the university itself."""

    name: str
    type: str
    identifier: str | None = None
    parent: str | None = None


class AcademicSession(Record, frozen=True, kw_only=True):
    """A term; one of the type schoolYear is only the frame of terms. `end` is the first day after it."""

    title: str
    type: str
    start: date
    end: date
    parent: str | None = None
    school_year: int
    code: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Course(Record, frozen=True, kw_only=True):
    """A course of the catalog."""

    title: str
    code: str | None = None
    """None: the sourced id is its code."""
    org: str
    level: str | None = None
    is_published: bool | None = None


class Class(Record, frozen=True, kw_only=True):
    """A scheduled class is an offering of its course, a homeroom a section of such an offering."""

    title: str
    course: str
    code: str | None = None
    type: str
    school: str
    terms: tuple[str, ...]
    offering: str | None = None
    """Of a homeroom: the scheduled class that it is a section of."""
    term_name: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    visibility: str | None = None
    enrollment_mode: str | None = None
    capacity: int | None = None
    waitlist_capacity: int | None = None


class User(Record, frozen=True, kw_only=True):
    """A person."""

    is_enabled: bool
    username: str
    given_name: str
    family_name: str
    preferred_given_name: str | None = None
    preferred_family_name: str | None = None
    identifier: str | None = None
    email: str | None = None
    primary_org: str | None = None
    display_name: str | None = None


class Role(Record, frozen=True, kw_only=True):
    """What a person is in an org."""

    user: str
    type: str
    role: str
    org: str


class Enrollment(Record, frozen=True, kw_only=True):
    """That a person takes part in a class, or teaches it."""

    class_: str
    school: str
    user: str
    role: str


class RowError(msgspec.Struct, frozen=True):
    """Why a row was left out: its file and line (1 is that of the headers), the column if it is one, and what is wrong.

    The message never repeats what stands in the row: it may be about a person.
    """

    file: str
    line: int
    field: str | None
    message: str


class Roster(msgspec.Struct):
    """All that a package says; rows in the order of their files.

    `modes` has the files that are there: bulk for the whole of what there is, delta for changes. By file: `leaving` are
    the sourced ids of rows that say that what they name is to be deactivated, `unread` those of rows that were left
    out, so that what they name has not left the roster. A file that is `unsure` has rows of which not even that is
    known, so nothing can be said to have left it.
    """

    modes: dict[str, str] = {}
    orgs: list[Org] = []
    academic_sessions: list[AcademicSession] = []
    courses: list[Course] = []
    classes: list[Class] = []
    users: list[User] = []
    roles: list[Role] = []
    enrollments: list[Enrollment] = []
    leaving: dict[str, list[str]] = {}
    unread: dict[str, list[str]] = {}
    unsure: list[str] = []

    def records(self, file: str) -> list[Any]:
        """The records of a file, by its name in the binding."""
        found: list[Any] = getattr(self, ATTRIBUTES[file])
        return found

    def named(self, file: str) -> set[str]:
        """The sourced ids of a file that are to stay, those of rows that were left out among them."""
        return {record.sourced_id for record in self.records(file)} | set(self.unread.get(file, ()))

    @property
    def size(self) -> int:
        """How many records there are."""
        return sum(len(self.records(file)) for file in ATTRIBUTES)


ATTRIBUTES = {
    "orgs": "orgs",
    "academicSessions": "academic_sessions",
    "courses": "courses",
    "classes": "classes",
    "users": "users",
    "roles": "roles",
    "enrollments": "enrollments",
}
"""The files that are read, in the order in which what they have is stored, and where a roster has their records."""
