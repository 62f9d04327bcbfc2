"""What OLX says about a course as a whole: its key, its language, its dates, its description."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

from lms_graphql.interop.imported import ImportedRun
from lms_graphql.interop.olx.article import text_of
from lms_graphql.interop.olx.sanitize import UnreadableHtmlError
from lms_graphql.interop.olx.source import BrokenFileError, CourseError, CourseKey, Source, parse
from lms_graphql.interop.olx.text import MAX_TITLE, clean

MAX_LANGUAGE = 8
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_DESCRIPTIONS = ("about/short_description.html", "about/overview.html")


def open_course(files: Mapping[str, bytes]) -> tuple[Source, Element, dict[str, str]]:
    """The course to read, the element that holds its chapters, and its attributes; raises CourseError."""
    try:
        pointer = parse(files, "course.xml")
        run = _part(pointer, "url_name")
        key = CourseKey(_part(pointer, "org"), clean(pointer.get("course", "")).strip() or run, run)
        path = f"course/{run}.xml"
        element = parse(files, path) if path in files or not len(pointer) else pointer
    except BrokenFileError as error:
        raise CourseError(str(error)) from None
    source = Source(files, key, {})
    source.policy = _policy(source)
    return source, element, source.attributes("course", run, pointer, element)


def _part(pointer: Element, name: str) -> str:
    value = clean(pointer.get(name, "")).strip()
    if not value or "/" in value:
        raise BrokenFileError(f"course.xml: the attribute {name} is missing or cannot be part of a course key")
    return value


def _policy(source: Source) -> dict[str, Any]:
    path = f"policies/{source.key.run}/policy.json"
    if path not in source.files:
        return {}
    try:
        policy = json.loads(source.files[path])
    except (ValueError, RecursionError):
        policy = None
    if isinstance(policy, dict):
        return policy
    source.report.leave_out("course policy", str(source.key), f"{path} is not a JSON object")
    return {}


def description(source: Source) -> str | None:
    """The words of the short description, else of the overview."""
    for path in _DESCRIPTIONS:
        html = source.files.get(path, b"").decode("utf-8-sig", errors="replace")
        try:
            if words := text_of(html):
                return words
        except UnreadableHtmlError as error:
            source.report.leave_out("course description", str(source.key), f"{path}: {error}")
    return None


def language_code(source: Source, attributes: Mapping[str, str]) -> str:
    """The course's language of at most 8 characters; English when it names none that can be read."""
    named = attributes.get("language", "").strip(' "')
    if not named or named == "null":
        return "en"
    code = named if len(named) <= MAX_LANGUAGE else re.split("[-_]", named)[0]
    code = code if _LANGUAGE.fullmatch(code) and len(code) <= MAX_LANGUAGE else "en"
    if code != named:
        source.report.leave_out("course language", str(source.key), f"{named[:80]!r} is read as {code}")
    return code


def imported_run(source: Source, attributes: Mapping[str, str]) -> ImportedRun:
    """The run with its four dates."""
    return ImportedRun(
        external_id=str(source.key),
        term_name=source.key.run[:MAX_TITLE],
        starts_at=_date(source, attributes, "start"),
        ends_at=_date(source, attributes, "end"),
        enrollment_start=_date(source, attributes, "enrollment_start"),
        enrollment_end=_date(source, attributes, "enrollment_end"),
    )


def _date(source: Source, attributes: Mapping[str, str], name: str) -> datetime | None:
    """A date in ISO 8601, often within quotes; one without a zone is in UTC. None when unreadable (reported)."""
    written = attributes.get(name, "").strip(' "')
    if written in ("", "null"):
        return None
    try:
        date = datetime.fromisoformat(written)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        source.report.leave_out("course date", str(source.key), f"{name} is no date: {written[:80]!r}")
        return None
