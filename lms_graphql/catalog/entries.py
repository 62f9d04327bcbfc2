"""What the inputs about courses and offerings say: values as they are stored, by column, or the user's error."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work

Path: TypeAlias = tuple[str, ...]
Read: TypeAlias = Callable[[Work, Any, Path], Any]

LONGEST_TITLE = 255
LONGEST_CODE = 128
LONGEST_DESCRIPTION = 10_000
MOST_CREDITS = Decimal("99.99")
MOST_PEOPLE = 1_000_000
MOST_VALID_DAYS = 36_500
_LONGEST_LANGUAGE = 8


class Field(NamedTuple):
    """A field of an input: its column, how its value is read, and whether null clears it."""

    column: str
    read: Read
    clears: bool = False


def values_of(work: Work, given: Given, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The values of those fields that the input has, by column; the first that can't be taken is refused."""
    found = {}
    for name, field in fields.items():
        if name not in given:
            continue
        value, path = given[name], ("input", name)
        if value is None and not field.clears:
            raise Refused(UserErrorCode.INVALID, "this can't be empty: leave it out to leave it as it is", path)
        found[field.column] = None if value is None else field.read(work, value, path)
    return found


def path_of(fields: Mapping[str, Field], column: str) -> Path:
    """Where in the input the value of a column stands."""
    return ("input", next(name for name, field in fields.items() if field.column == column))


def told_as(values: Mapping[str, Any], names: Iterable[str] | None = None) -> dict[str, Any]:
    """Columns as the audit log tells of them: all, or those named, in camel case."""
    return {camel(name): values[name] for name in (values if names is None else names)}


def camel(name: str) -> str:
    """A column's name as clients would spell it."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


# ---- how values are read


def text(most: int) -> Read:
    """One line of text."""
    return lambda _work, value, path: line(value, path, most=most)


def description(_work: Work, value: Any, path: Path) -> str | None:
    """A text of some lines; one without any sign that shows is none."""
    words: str = value.strip()
    if len(words) > LONGEST_DESCRIPTION or "\0" in words:
        message = f"this has at most {LONGEST_DESCRIPTION:,} characters, and no sign 0"
        raise Refused(UserErrorCode.INVALID, message, path)
    return words or None


def label(_work: Work, value: Enum, _path: Path) -> Any:
    """What the database calls a value of an enum."""
    return value.value


def language(_work: Work, value: str, path: Path) -> str:
    """A language's code: letters, and after hyphens letters and digits."""
    first, *others = value.strip().split("-")
    is_good = (
        2 <= len(first) <= 3 and first.isalpha() and all(2 <= len(part) <= 5 and part.isalnum() for part in others)
    )
    code = "-".join([first.lower(), *others])
    if not (is_good and code.isascii() and len(code) <= _LONGEST_LANGUAGE):
        raise Refused(UserErrorCode.INVALID, "this is no code of a language, such as en or pt-BR", path)
    return code


def credits_of(_work: Work, value: Decimal, path: Path) -> Decimal:
    """Credits: from 0 to 99.99, in hundredths."""
    if not (value.is_finite() and 0 <= value <= MOST_CREDITS and value == round(value, 2)):
        message = f"this must be from 0 to {MOST_CREDITS}, with at most two decimal places"
        raise Refused(UserErrorCode.INVALID, message, path)
    return round(value, 2)


def between(least: int, most: int) -> Read:
    """A whole number."""

    def read(_work: Work, value: int, path: Path) -> int:
        if not least <= value <= most:
            raise Refused(UserErrorCode.INVALID, f"this must be from {least:,} to {most:,}", path)
        return value

    return read


def moment(_work: Work, value: datetime, path: Path) -> datetime:
    """A time in UTC, which is also what one without a zone is in."""
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise Refused(UserErrorCode.INVALID, "this time is too early or too late", path) from None


def id_of(typename: str, word: str, *, tenant: bool = True) -> Read:
    """The number that a global id names; NOT_FOUND where it names nothing of this university."""

    def read(work: Work, value: str, path: Path) -> int:
        number = number_of(value, typename, work.viewer.university_id if tenant else None)
        if number is None:
            raise not_there(word, path)
        return number

    return read


def not_there(word: str, path: Path) -> Refused:
    """That what an id names is not there, or not for the viewer."""
    return Refused(UserErrorCode.NOT_FOUND, f"there is no such {word} for you", path)


# ---- the inputs

COURSE_FIELDS: Mapping[str, Field] = {
    "title": Field("title", text(LONGEST_TITLE)),
    "description": Field("description", description, clears=True),
    "difficulty": Field("difficulty", label, clears=True),
    "languageCode": Field("language_code", language),
    "code": Field("code", text(LONGEST_CODE)),
    "departmentId": Field("department_id", id_of("Department", "department"), clears=True),
    "level": Field("level", label),
    "creditHours": Field("credit_hours", credits_of, clears=True),
}
CATALOG_COLUMNS = frozenset({"code", "department_id", "level", "credit_hours"})
"""What of a course only those change who administer its entry."""

OFFERING_FIELDS: Mapping[str, Field] = {
    "termId": Field("term_id", id_of("Term", "term"), clears=True),
    "termName": Field("term_name", text(LONGEST_TITLE), clears=True),
    "startsAt": Field("starts_at", moment, clears=True),
    "endsAt": Field("ends_at", moment, clears=True),
    "enrollmentStartsAt": Field("enrollment_start", moment, clears=True),
    "enrollmentEndsAt": Field("enrollment_end", moment, clears=True),
    "visibility": Field("visibility", label),
    "dropUntil": Field("drop_until", moment, clears=True),
    "certificateValidDays": Field("certificate_valid_days", between(1, MOST_VALID_DAYS), clears=True),
}
SEAT_FIELDS: Mapping[str, Field] = {
    "capacity": Field("capacity", between(0, MOST_PEOPLE), clears=True),
    "waitlistCapacity": Field("waitlist_capacity", between(0, MOST_PEOPLE), clears=True),
    "enrollmentMode": Field("enrollment_mode", label),
}
"""What an offering is added with, and `setOfferingCapacity` and `setEnrollmentRules` change."""
SECTION_FIELDS: Mapping[str, Field] = {
    "code": Field("code", text(32)),
    "name": Field("name", text(LONGEST_TITLE)),
}
