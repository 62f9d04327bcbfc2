"""What is a question: everything that is accepted can be answered fully right, and every wrong value is told."""

import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_graphql.assessment.marking import share
from lms_graphql.assessment.payloads import Answer, Option, Response, stored
from lms_graphql.assessment.pooling import QuestionSeed, checked_question
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from tests.questions import patterns, right_response, seeds

CHOICE = QuestionSeed(
    "single_choice", "Which?", Decimal(1), [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}], [], {"correct": ["b"]}
)


@given(seeds())
def test_the_key_of_what_is_accepted_earns_everything(seed):
    kept = checked_question(seed)
    answer = msgspec.convert(kept.answer, Answer)
    assert share(kept.type, answer, right_response(kept.type, answer)) == 1
    assert checked_question(kept) == kept  # what is kept is good as it is


@given(patterns())
def test_a_pattern_that_is_accepted_marks_what_it_says(case):
    pattern, text, case_sensitive = case
    seed = QuestionSeed(
        "text", "?", Decimal(1), [], [],
        {"accepted": [pattern], "is_pattern": True, "case_sensitive": case_sensitive},
    )  # fmt: skip
    answer = msgspec.convert(checked_question(seed).answer, Answer)
    assert share("text", answer, Response(text=text)) == 1


@given(seeds(), st.data())
def test_one_wrong_value_is_refused_with_its_place(seed, data):
    spoil = data.draw(st.sampled_from([
        (seed._replace(stem=" "), ("stem",)),
        (seed._replace(stem="a\0"), ("stem",)),
        (seed._replace(points=Decimal(10000)), ("points",)),
        (seed._replace(points=Decimal("0.001")), ("points",)),
        (seed._replace(points=Decimal("NaN")), ("points",)),
        (seed._replace(points=True), ("points",)),
        (seed._replace(hints=[*seed.hints[:19], ""]), ("hints", str(len(seed.hints[:19])))),
        (seed._replace(hints="no"), ("hints",)),
        (seed._replace(explanation="x" * 20_001), ("explanation",)),
        (seed._replace(type="essay"), ("type",)),
        (seed._replace(answer=[]), ("answer",)),
        (seed._replace(answer={**stored(seed.answer), "else": 1}), ("answer",)),
    ]))  # fmt: skip
    with pytest.raises(Refused) as refused:
        checked_question(spoil[0], ("questions", "3"))
    assert [(failure.code, failure.path) for failure in refused.value.failures] == [
        (UserErrorCode.INVALID, ("questions", "3", *spoil[1]))
    ]


def problems(**changed):
    try:
        checked_question(CHOICE._replace(**changed))
    except Refused as refused:
        return [(failure.path, failure.message) for failure in refused.failures]
    return []


def option(key, text="x", **more):
    return {"id": key, "text": text, **more}


A, B = option("a"), option("b")
LEFT, RIGHT = option("l", side="left"), option("r", side="right")

WRONG = [
    ("single_choice", [A, A], {"correct": ["a"]}, ["options[1].id: another option of the question has this id"]),
    ("single_choice", [], {"correct": []}, ["options: there must be at least 1 option"]),
    ("single_choice", [A, option("a b")], {"correct": ["a"]},
     ["options[1].id: an id has 1 to 64 of A-Z, a-z, 0-9, _, . and -"]),
    ("single_choice", [A, option("b", " ")], {"correct": ["a"]}, ["options[1].text: this must not be empty"]),
    ("single_choice", [A, option("b", side="left")], {"correct": ["a"]},
     ["options[1].side: only a matching question has sides"]),
    ("single_choice", [A, option("b", right=True)], {"correct": ["a"]}, ["options[1]: there is no such key: 'right'"]),
    ("single_choice", [A, "b"], {"correct": ["a"]}, ["options[1]: this must be an object"]),
    ("single_choice", [A, {"id": "b"}], {"correct": ["a"]},
     ["options[1]: this can't be read: Object missing required field text"]),
    ("single_choice", {"a": 1}, {"correct": ["a"]}, ["options: this must be a list"]),
    ("single_choice", [A] * 201, {"correct": ["a"]}, ["options: these are 201, at most 200 can be taken"]),
    ("single_choice", [A, B], {"correct": ["a", "b"]}, ["answer.correct: exactly one option is right, these are 2"]),
    ("single_choice", [A, B], {"correct": ["c"]}, ["answer.correct[0]: there is no such option: 'c'"]),
    ("single_choice", [A, B], {"correct": "a"},
     ["answer: this can't be read: Expected array, got str - at $.correct"]),
    ("dropdown", [A, B], {}, ["answer.correct: exactly one option is right, these are 0"]),
    ("dropdown", [A, B], {"correct": ["a"], "value": "5"},
     ["answer.value: a question of type dropdown has no such answer"]),
    ("multiple_choice", [A, B], {"correct": ["a", "a"]}, ["answer.correct[1]: this option is named twice"]),
    ("numerical", [A], {"value": "5"}, ["options: a question of type numerical has no options"]),
    ("numerical", [], {"value": "1,5", "tolerance": "-1"}, [
        "answer.value: write digits with a decimal point, for example 9.81 or 6.02e23",
        "answer.tolerance: write a number from 0 on, or such a number and %, for example 0.1 or 5%",
    ]),
    ("numerical", [], {"value": "5", "tolerance": "5%%"},
     ["answer.tolerance: write a number from 0 on, or such a number and %, for example 0.1 or 5%"]),
    ("numerical", [], {}, ["answer.value: write digits with a decimal point, for example 9.81 or 6.02e23"]),
    ("text", [], {"accepted": []}, ["answer.accepted: there must be 1 to 50 accepted texts, these are 0"]),
    ("text", [], {"accepted": ["x", "\t"]}, ["answer.accepted[1]: this must not be empty"]),
    ("text", [], {"accepted": ["(a+)+", "("], "is_pattern": True}, [
        "answer.accepted[0]: this is no regular expression, or one that could take too long to try: repeat less, and"
        " nothing nested",
        "answer.accepted[1]: this is no regular expression, or one that could take too long to try: repeat less, and"
        " nothing nested",
    ]),
    ("ordering", [A], {"order": ["a"]}, ["options: there must be at least 2 options"]),
    ("ordering", [A, B], {"order": ["b"]}, ["answer.order: all 2 options must be put in order"]),
    ("ordering", [A, B], {"order": ["b", "b"]}, [
        "answer.order[1]: this option is named twice", "answer.order: all 2 options must be put in order",
    ]),
    ("matching", [LEFT, A], {"pairs": [["l", "a"]]}, ["options[1].side: this must be left or right"]),
    ("matching", [LEFT, option("m", side="left")], {"pairs": []}, ["options: there must be an option on the right"]),
    ("matching", [LEFT, RIGHT], {"pairs": []}, ["answer.pairs: these options on the left are in no pair: l"]),
    ("matching", [LEFT, RIGHT], {"pairs": [["r", "l"]]}, [
        "answer.pairs[0]: there is no such option on the left: 'r'",
        "answer.pairs[0]: there is no such option on the right: 'l'",
        "answer.pairs: these options on the left are in no pair: l",
    ]),
    ("matching", [LEFT, RIGHT], {"pairs": [["l", "r"], ["l", "r"]]},
     ["answer.pairs[1]: this option on the left is in another pair"]),
    ("matching", [LEFT, RIGHT], {"pairs": [["l"]]},
     ["answer: this can't be read: Expected array of length 2, got 1 - at $.pairs[0]"]),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "options", "answer", "messages"), WRONG)
def test_what_no_question_is(type_, options, answer, messages):
    found = problems(type=type_, options=options, answer=answer)
    assert [message for _, message in found] == messages
    for path, message in found:
        assert list(path) == re.findall(r"\w+", message.split(":")[0])


def test_every_wrong_value_is_told_at_once():
    found = problems(stem="", points=-1, hints=["", "fine"], options=[A, option("!", "")], answer={"corect": []})
    assert [path for path, _ in found] == [
        ("stem",), ("points",), ("hints", "0"), ("options", "1", "id"), ("options", "1", "text"), ("answer",),
    ]  # fmt: skip


def test_how_numbers_and_lines_are_kept():
    seed = CHOICE._replace(
        type="numerical",
        options=[],
        stem="One\r\ntwo",
        points="2.5",
        answer={"value": " \u22125. ", "tolerance": "5 % "},
    )
    kept = checked_question(seed)
    assert kept.answer == {"value": "-5.", "tolerance": "5%"}
    assert (kept.stem, kept.points, kept.explanation) == ("One\ntwo", Decimal("2.50"), None)
    structs = CHOICE._replace(options=[Option("a", "A"), Option("b", "B")], answer=Answer(correct=["b"]))
    assert checked_question(structs) == CHOICE._replace(points=Decimal("1.00"))
