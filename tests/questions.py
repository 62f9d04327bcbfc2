"""Questions by chance, of every type; and the answer that is fully right."""

import re
import unicodedata
from decimal import Decimal

from hypothesis import strategies as st

from lms_graphql.assessment.payloads import Answer, Response
from lms_graphql.assessment.pooling import QuestionSeed

SIGNS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
TEXTS = st.text(
    st.one_of(st.sampled_from("abc xyz\n*_`$<>&#-1.[](){}!|~^\\\"'/"), SIGNS), min_size=1, max_size=30
).filter(lambda text: bool(text.strip()))
LINES = TEXTS.map(lambda text: " ".join(text.split()))
IDS = st.from_regex(r"[A-Za-z0-9_.-]{1,6}", fullmatch=True)
POINTS = st.decimals(min_value=0, max_value=Decimal("9999.99"), places=2)
NUMBERS = st.one_of(
    st.decimals(min_value=-(10**9), max_value=10**9, places=4).map(lambda value: f"{value:f}"),
    st.from_regex(r"[+-]?[0-9]{1,9}(\.[0-9]{0,9})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)
TOLERANCES = st.one_of(
    st.none(),
    st.decimals(min_value=0, max_value=1000, places=3).map(lambda value: f"{value:f}"),
    st.decimals(min_value=0, max_value=100, places=2).map(lambda value: f"{value:f}%"),
)


@st.composite
def seeds(draw, types=("single_choice", "multiple_choice", "numerical", "text", "dropdown", "ordering", "matching"),
          texts=TEXTS, lines=LINES):  # fmt: skip
    """A question that is one."""
    type_ = draw(st.sampled_from(types))
    options, answer = draw(_ANSWERS[type_](texts, lines))
    return QuestionSeed(
        type_,
        draw(texts),
        draw(POINTS),
        options,
        draw(st.lists(texts, max_size=3)),
        answer,
        draw(st.none() | texts),
    )


def _ids(least):
    return st.lists(IDS, min_size=least, max_size=6, unique=True)


@st.composite
def _one(draw, texts, _lines):
    ids = draw(_ids(1))
    return [{"id": key, "text": draw(texts)} for key in ids], {"correct": [draw(st.sampled_from(ids))]}


@st.composite
def _some(draw, texts, _lines):
    ids = draw(_ids(1))
    right = draw(st.lists(st.sampled_from(ids), unique=True))
    return [{"id": key, "text": draw(texts)} for key in ids], {"correct": right} if right else {}


@st.composite
def _number(draw, _texts, _lines):
    tolerance = draw(TOLERANCES)
    return [], {"value": draw(NUMBERS), **({} if tolerance is None else {"tolerance": tolerance})}


@st.composite
def _text(draw, _texts, lines):
    accepted = draw(st.lists(lines, min_size=1, max_size=4, unique=True))
    return [], {"accepted": accepted, **({"case_sensitive": True} if draw(st.booleans()) else {})}


@st.composite
def _order(draw, texts, _lines):
    ids = draw(_ids(2))
    return [{"id": key, "text": draw(texts)} for key in ids], {"order": draw(st.permutations(ids))}


@st.composite
def _pairs(draw, texts, _lines):
    ids = draw(_ids(2))
    cut = draw(st.integers(1, len(ids) - 1))
    left, right = ids[:cut], ids[cut:]
    options = [{"id": key, "text": draw(texts), "side": "left" if key in left else "right"} for key in ids]
    return options, {"pairs": [(key, draw(st.sampled_from(right))) for key in left]}


_ANSWERS = {
    "single_choice": _one,
    "multiple_choice": _some,
    "dropdown": _one,
    "numerical": _number,
    "text": _text,
    "ordering": _order,
    "matching": _pairs,
}


@st.composite
def patterns(draw):
    """A pattern, a text that it fits, and whether the case matters."""
    text = unicodedata.normalize("NFC", draw(LINES))[:60]
    text = " ".join(text.split()) or "x"
    more = draw(st.sampled_from(["", "[0-9]{0,3}", "s?", "(?:a|b)?"]))
    return re.escape(text) + more, text, draw(st.booleans())


def right_response(type_, answer: Answer) -> Response:
    """What earns all points."""
    if type_ == "numerical":
        return Response(value=answer.value)
    if type_ == "text":
        return Response(text=answer.accepted[-1])
    if type_ == "ordering":
        return Response(order=answer.order)
    if type_ == "matching":
        return Response(pairs=list(answer.pairs))
    return Response(chosen=list(answer.correct))
