"""Formulas in LaTeX: whole, and nothing but mathematics.

Those who show a formula (KaTeX, MathJax) and those who print it (a TeX of their own) give it to a language with
commands that read files, lead elsewhere or give signs another meaning. A formula has none of them.
"""

import re
from typing import Any

from lms_graphql.content.values import Place, Problems, prose

LONGEST = 10_000
_REFUSED = frozenset(
    " ".join(
        (
            "input include includeonly InputIfFileExists openin openout read readline write write18 immediate special",
            "usepackage documentclass RequirePackage require catcode csname endcsname makeatletter afterassignment",
            "aftergroup everymath loop jobname scantokens directlua ShellEscape verbatiminput lstinputlisting",
            "includegraphics url href htmlClass htmlId htmlStyle htmlData class cssId style def gdef edef xdef let",
            "futurelet global newcommand renewcommand providecommand newenvironment renewenvironment",
            "DeclareMathOperator",
        )
    ).split()
)
_PARTS = re.compile(r"\\(begin|end)\s*\{([^{}]*)\}|\\([A-Za-z]+)|\\(.)|([{}])|%[^\n]*", re.DOTALL)
_DELIMITED = re.compile(r"\$.*|\\\[.*|\\\(.*", re.DOTALL)
_text = prose(LONGEST)


def latex(problems: Problems, place: Place, value: Any) -> Any:
    """A check of LaTeX without delimiters, of at most 10,000 characters."""
    kept = _text(problems, place, value)
    wrong = None if kept is None else fault(kept)
    if wrong is not None:
        problems.tell(place, wrong)
    return kept


def fault(formula: str) -> str | None:
    """Why a formula can't be taken; None if it can."""
    if _DELIMITED.fullmatch(formula.strip()):
        return r"the formula is written without delimiters: no $, \[ or \( around it"
    open_parts: list[str] = []
    for part in _PARTS.finditer(formula):
        which, environment, command, _, brace = part.groups()
        if command in _REFUSED:
            return f"\\{command} is not taken: a formula reads no files, leads nowhere and defines nothing"
        if command in ("begin", "end"):
            return f"\\{command} needs the name of an environment in braces"
        opened = f"\\begin{{{environment}}}" if which == "begin" else "{" if brace == "{" else None
        if opened is not None:
            open_parts.append(opened)
            continue
        closed = f"\\begin{{{environment}}}" if which == "end" else "{" if brace == "}" else None
        if closed is not None and (not open_parts or open_parts.pop() != closed):
            return f"sign {part.start() + 1} ({part[0]}) closes what is not open"
    return f"{open_parts[-1]} is not closed" if open_parts else None
