"""What a problem says beside its questions: hints that may be asked for, solutions, what it says of each answer.

Hints that a person may ask for before answering (`demandhint`) are the question's hints. What is said after an answer
(of a choice, of a wrong word, of the right number) gives answers away: it goes to the explanation, below the solution.
"""

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from lms_graphql.interop.olx.markdown import escaped
from lms_graphql.interop.olx.responses import choices
from lms_graphql.interop.olx.stems import Unit, text_in
from lms_graphql.interop.olx.text import plain

_HEADINGS = frozenset({"Explanation", "Targeted Feedback"})
"""What the editor of Open edX writes above every solution and every targeted feedback."""


def hints(problem: Element) -> list[str]:
    """The hints of a problem, which are those of each of its questions; raises UnreadableHtmlError."""
    found = (text_in(hint) for demand in problem.iter("demandhint") for hint in demand.iter("hint"))
    return [hint for hint in found if hint]


def explanations(problem: Element, all_units: list[Unit]) -> list[str | None]:
    """The explanation of each question; raises UnreadableHtmlError.

    A solution within a response, or after it, is that question's; one alone at the end is of all of them.
    """
    parts: list[list[str]] = [[] for _ in all_units]
    placed = list(_solutions(problem, all_units))
    is_shared = len(placed) == 1 and placed[0][0] == len(all_units)
    for segment, is_inside, solution in placed:
        text = _without_heading(text_in(solution))
        if is_shared:
            for part in parts:
                part.append(text)
        else:
            parts[segment if is_inside else max(segment - 1, 0)].append(text)
    targeted = {feedback.get("explanation-id", ""): feedback for feedback in problem.iter("targetedfeedback")}
    for part, unit in zip(parts, all_units, strict=True):
        part.append("\n".join(_feedback(unit, targeted)))
    return ["\n\n".join(filter(None, part)) or None for part in parts]


def _solutions(problem: Element, all_units: list[Unit]) -> Iterator[tuple[int, bool, Element]]:
    """Every solution with how many units end before it, and whether it stands within one."""
    ends = {unit.end for unit in all_units}
    segment = 0

    def walk(element: Element, *, inside: bool) -> Iterator[tuple[int, bool, Element]]:
        nonlocal segment
        for child in element:
            if child.tag == "solution":
                yield segment, inside, child
            else:
                yield from walk(child, inside=inside or child in ends)
            if child in ends:
                segment += 1

    return walk(problem, inside=False)


def _without_heading(text: str) -> str:
    first, _, rest = text.partition("\n\n")
    return rest if first.strip("#* :") in _HEADINGS else text


def _feedback(unit: Unit, targeted: Mapping[str, Element]) -> Iterator[str]:
    """The lines of a list: what is said of each answer; choices name their targeted feedback."""
    fields = unit.response if unit.field is None else unit.field
    names = [text_in(choice) for choice in choices(fields)]
    for name, choice in zip(names, choices(fields), strict=True):
        for hint in choice.iter("choicehint"):
            sign = {"true": "☑ ", "false": "☐ "}.get(hint.get("selected", "").lower(), "")
            yield _line(sign + name, hint)
        if (feedback := targeted.get(choice.get("explanation-id", ""))) is not None:
            yield _line(name, feedback)
    for option in fields.iter("option"):
        for hint in option.iter("optionhint"):
            yield _line(text_in(option), hint)
    for hint in fields.iter("compoundhint"):
        yield _line(" + ".join(_named(letter, names) for letter in hint.get("value", "").split()), hint)
    for hint in unit.response.iter("correcthint"):
        yield _line("✓", hint)
    for tag in ("stringequalhint", "regexphint"):
        for hint in unit.response.iter(tag):
            yield _line(escaped(plain(hint.get("answer", ""))), hint)


def _named(letter: str, names: list[str]) -> str:
    """The choice that a letter stands for: A is the first."""
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    return names[place] if 0 <= place < len(names) else escaped(plain(letter))


def _line(subject: str, hint: Element) -> str:
    label = escaped(plain(hint.get("label", "")))
    said = ": ".join(filter(None, (subject, label, _without_heading(text_in(hint)))))
    return "- " + said.replace("\n", "\n  ")
