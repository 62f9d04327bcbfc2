"""A problem as a quiz with a pool of its own.

In OLX a problem is what has attempts, a weight and one page of text, and it is one thing in the syllabus; so it is one
item here, and what it asks are the questions of its pool. Its attempts ask all of them, in their order.
"""

import re
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, tostring

from lms_graphql.interop.imported import ImportedItem, ImportedPool, ImportedQuestion
from lms_graphql.interop.olx.article import read_article, report_article
from lms_graphql.interop.olx.feedback import explanations, hints
from lms_graphql.interop.olx.responses import UnmappedError, read_response
from lms_graphql.interop.olx.sanitize import UnreadableHtmlError
from lms_graphql.interop.olx.source import Block, Source
from lms_graphql.interop.olx.stems import Stems, Unit, is_program, is_too_deep, units
from lms_graphql.interop.olx.text import clean, title, whole_number

MAX_QUESTIONS = 100
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]")
_WEIGHT = re.compile(r"\d{1,6}(?:\.\d{0,6})?|\.\d{1,6}")
_MAX_POINTS = Decimal("9999.99")
_SETTINGS = {
    "showanswer": "when answers are shown is not taken over",
    "show_reset_button": "a button that resets the answers has no place here",
    "submission_wait_seconds": "a pause between attempts has no place here",
    "graceperiod": "a grace period has no place here",
}
_RANDOMIZED = ("always", "onreset", "on_reset", "per_student")


def problem_item(source: Source, block: Block) -> ImportedItem:
    """The quiz of a problem; without a pool when none of its questions has a place here (reported)."""
    reader = _Reader(source, block)
    name = title(block.attributes.get("display_name", ""), "Untitled quiz")
    questions = reader.questions(name)
    payload: dict[str, Any] = {"quiz_mode": "practice"}
    if questions:
        payload["num_questions_per_attempt"] = len(questions)
    payload["randomize_order"] = block.attributes.get("rerandomize", "").lower() in _RANDOMIZED
    if attempts := whole_number(block.attributes.get("max_attempts", "")):
        payload["mastery"] = {"max_attempts": attempts}
    return ImportedItem(
        external_id=block.external_id,
        content_type="quiz",
        title=name,
        payload=payload,
        is_active=not block.is_hidden,
        pool=ImportedPool(block.external_id, name, questions) if questions else None,
    )


class _Reader:
    """Reads the questions of one problem and reports what has no place here."""

    def __init__(self, source: Source, block: Block) -> None:
        self._source = source
        self._block = block
        self._problem = block.element

    def questions(self, name: str) -> list[ImportedQuestion]:
        """Every question that has a place here; `name` is the text of one that has no words."""
        self._report_settings()
        try:
            all_units = self._units()
            whole = read_article(tostring(self._problem, "unicode", method="html"))
            found = self._questions(all_units, name)
        except (UnmappedError, UnreadableHtmlError) as error:
            self._leave_out("problem questions", str(error))
            return []
        if found:
            report_article(self._source, self._block, whole)
        return found

    def _questions(self, all_units: list[Unit], name: str) -> list[ImportedQuestion]:
        stems, told = Stems(self._problem, all_units), hints(self._problem)
        explained, points = explanations(self._problem, all_units), self._points(len(all_units))
        found = []
        for index, unit in enumerate(all_units):
            what = f"question {index + 1}, {clean(unit.response.tag)}"
            try:
                asked = read_response(unit)
            except UnmappedError as error:
                self._leave_out("problem question", f"{what}: {error}")
                continue
            for note in asked.notes:
                self._leave_out("problem question", f"{what}: {note}")
            self._source.report.count(f"problem {unit.response.tag}", f"{asked.type} question")
            found.append(
                ImportedQuestion(
                    external_id=f"{self._block.external_id}#{index + 1}",
                    type=asked.type,
                    stem=stems.of(index) or name,
                    answer=asked.answer,
                    points=points[index],
                    options=asked.options,
                    hints=told,
                    explanation=explained[index],
                )
            )
        return found

    def _units(self) -> list[Unit]:
        """What the problem asks; raises UnmappedError when nothing of it can be taken over."""
        if is_too_deep(self._problem):
            raise UnmappedError("its elements are nested too deeply")
        found = units(self._problem)
        if not found:
            raise UnmappedError("it asks nothing")
        if len(found) > MAX_QUESTIONS:
            raise UnmappedError(f"it asks more than {MAX_QUESTIONS} questions")
        if _has_variables(self._problem):
            raise UnmappedError("a program fills in its variables")
        self._leave_out_hint_groups()
        return found

    def _leave_out_hint_groups(self) -> None:
        groups = list(self._problem.iter("hintgroup"))
        for group in groups:
            after = group.tail
            group.clear()
            group.tail = after
        if groups:
            self._leave_out("problem hints", "hints that depend on the answer (hintgroup) are not taken over")

    def _points(self, count: int) -> list[Decimal]:
        """The points of each question: the weight of the problem in equal parts, else one for each."""
        written = self._block.attributes.get("weight", "").strip(' "')
        if written in ("", "null"):
            return [Decimal(1)] * count
        if not _WEIGHT.fullmatch(written) or Decimal(written) > _MAX_POINTS:
            self._leave_out("problem setting", f"weight {written[:80]!r} cannot be read: each question has one point")
            return [Decimal(1)] * count
        share, rest = divmod(int(Decimal(written) * 100), count)
        return [Decimal(share + (index < rest)) / 100 for index in range(count)]

    def _report_settings(self) -> None:
        for setting, reason in _SETTINGS.items():
            value = self._block.attributes.get(setting, "").strip(' "')
            if value.lower() not in ("", "null", "false", "0"):
                self._leave_out("problem setting", f"{setting} {value[:80]!r}: {reason}")

    def _leave_out(self, kind: str, reason: str) -> None:
        self._source.report.leave_out(kind, self._block.external_id, reason)


def _has_variables(problem: Element) -> bool:
    """Whether there is a program, and a variable in anything else."""
    programs = {element for element in problem.iter() if is_program(element)}
    texts = [element.text for element in problem.iter() if element not in programs]
    texts += [element.tail for element in problem.iter()]
    texts += [value for element in problem.iter() for value in element.attrib.values()]
    return bool(programs) and any(_VARIABLE.search(text) for text in texts if text)
