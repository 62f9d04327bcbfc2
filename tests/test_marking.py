"""Marks and draws, held against oracles that were written apart from them."""

import time
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_graphql.assessment import drawing, patterns
from lms_graphql.assessment.marking import awarded, longest_run, number, share
from lms_graphql.assessment.payloads import Answer, Option, Response

KEYS = list("abcdefgh")
POINTS = st.decimals(min_value=0, max_value=Decimal("9999.99"), places=2)
SOME = st.lists(st.sampled_from(KEYS), unique=True)
RIGHT = st.lists(st.sampled_from(KEYS), unique=True, min_size=1)


# ---- multiple choice


@given(RIGHT, SOME)
def test_choices_are_right_ones_less_wrong_ones(correct, chosen):
    hits = sum(1 for key in chosen if key in correct)
    oracle = max(Fraction(2 * hits - len(chosen), len(correct)), Fraction(0))
    assert share("multiple_choice", Answer(correct=correct), Response(chosen=chosen)) == oracle
    assert 0 <= oracle <= 1


@given(RIGHT, SOME, st.randoms())
def test_the_order_of_choices_does_not_matter(correct, chosen, chance):
    mixed = chosen[:]
    chance.shuffle(mixed)
    key, turned = Answer(correct=correct), Answer(correct=correct[::-1])
    found = share("multiple_choice", key, Response(chosen=chosen))
    assert share("multiple_choice", turned, Response(chosen=mixed)) == found


@given(RIGHT, SOME)
def test_to_choose_one_more_right_option_never_costs(correct, chosen):
    key, before = Answer(correct=correct), share("multiple_choice", Answer(correct=correct), Response(chosen=chosen))
    for other in set(KEYS) - set(chosen):
        after = share("multiple_choice", key, Response(chosen=[*chosen, other]))
        assert after >= before if other in correct else after <= before


def test_where_nothing_is_right_nothing_is_to_be_chosen():
    assert share("multiple_choice", Answer(), Response()) == 1
    assert share("multiple_choice", Answer(), Response(chosen=["a"])) == 0
    assert share("multiple_choice", Answer(), None) == 0  # not to answer is no answer


@pytest.mark.parametrize("type_", ["single_choice", "dropdown"])
def test_one_choice(type_):
    key = Answer(correct=["b"])
    cases = {("b",): 1, ("a",): 0, (): 0, ("a", "b"): 0, ("b", "b"): 0}
    found = {chosen: share(type_, key, Response(chosen=list(chosen))) for chosen in cases}
    assert found == cases


# ---- points


@given(POINTS, st.fractions(min_value=0, max_value=1))
def test_points_are_rounded_once_and_halves_upward(points, earned):
    with localcontext() as context:
        context.prec = 400
        exact = Decimal((Fraction(points) * earned * 1000).__floor__()).scaleb(-3)  # floor keeps which side of a half
    found = awarded(points, earned)
    assert found == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert 0 <= found <= points
    assert found.as_tuple().exponent == -2


@given(POINTS, st.lists(st.fractions(min_value=0, max_value=1), min_size=2))
def test_who_earns_more_never_gets_less(points, earned):
    for less, more in pairwise(sorted(earned)):
        assert awarded(points, less) <= awarded(points, more)


# ---- numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9.81", "9.81"), (" 1e3 ", "1000"), ("-.5", "-0.5"), ("+5.", "5"), ("1E-2", "0.01"), ("\u22125", "-5"),
        ("007", "7"), ("6.02e23", "6.02e23"),
    ],
)  # fmt: skip
def test_numbers_that_are_taken(text, value):
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", " ", "nan", "NaN", "inf", "-Infinity", "1,5", "1,500", "1 000", "1_000", "0x1", "1e", "e5", ".", "1e9999",
     "--1", "\u0663", "1\u00bd", "5%", "9" * 65, "1\n2", "1\x00"],
)  # fmt: skip
def test_what_is_no_number(text):
    assert number(text) is None
    assert share("numerical", Answer(value="5", tolerance="100%"), Response(value=text)) == 0


NUMBERS = st.decimals(min_value=-(10**12), max_value=10**12, places=6)


@given(NUMBERS, st.decimals(min_value=0, max_value=1000, places=4), NUMBERS, st.booleans())
def test_numbers_within_the_tolerance_are_right(value, tolerance, said, relative):
    allowed = abs(Fraction(value)) * Fraction(tolerance) / 100 if relative else Fraction(tolerance)
    key = Answer(value=str(value), tolerance=f"{tolerance}%" if relative else str(tolerance))
    assert share("numerical", key, Response(value=f"{said:f}")) == (abs(Fraction(said) - Fraction(value)) <= allowed)


@pytest.mark.parametrize(
    ("value", "tolerance", "said", "right"),
    [
        ("0.3", None, "0.30", 1), ("0.3", None, "0.3000000000000000000001", 0), ("9.81", "0.01", "9.82", 1),
        ("9.81", "0.01", "9.8200000001", 0), ("-200", "5%", "-210", 1), ("-200", "5%", "-210.01", 0),
        ("0.1", "0.2", "0.3", 1), ("1e3", None, "1000", 1), ("0", "5%", "0.0001", 0),
    ],
)  # fmt: skip
def test_the_ends_of_a_tolerance_are_in_it(value, tolerance, said, right):
    assert share("numerical", Answer(value=value, tolerance=tolerance), Response(value=said)) == right


@pytest.mark.parametrize("value", [None, "", "NaN", "Infinity", "about 5"])
def test_a_key_that_is_no_number_marks_nothing(value):
    assert share("numerical", Answer(value=value), Response(value="5")) is None
    assert share("numerical", Answer(value="5", tolerance="sNaN"), Response(value="5")) is None


# ---- texts


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("stra\u00dfe 5", 1), ("  STRASSE\t5\n", 1), ("strasse 6", 0), ("strasse5", 0), ("", 0), ("caf\u00e9", 1),
        ("cafe\u0301", 1), ("CAFE\u0301", 1), ("cafe", 0),
    ],
)  # fmt: skip
def test_texts_are_compared_folded(said, right):
    assert share("text", Answer(accepted=["Stra\u00dfe 5", "Caf\u00e9"]), Response(text=said)) == right


def test_the_case_may_matter():
    key = Answer(accepted=["NaCl"], case_sensitive=True)
    found = [share("text", key, Response(text=text)) for text in ("NaCl", " NaCl ", "nacl")]
    assert found == [1, 1, 0]


def test_a_pattern_fits_the_whole_text():
    key = Answer(accepted=["colou?rs?", r"\d+ reds"], is_pattern=True)
    said = {"colour": 1, "COLORS": 1, "a colour": 0, "12  reds": 1, "reds": 0, "colour" * 100: 0, "": 0}
    assert {text: share("text", key, Response(text=text)) for text in said} == said
    strict = Answer(accepted=["a+b"], is_pattern=True, case_sensitive=True)
    assert [share("text", strict, Response(text=text)) for text in ("aab", "AAB")] == [1, 0]


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a|a)*b", "(a?a?)*b", r"(\w+\s?)*x", r"(a)\1", "a*a*a*a*a*b", "(a|ab)(c|bcd)*x", "[", "a" * 1001,
     "(a|a)" * 40 + "b", "a?" * 40 + "a" * 40, "(?:(?:a{0,9}){0,9}){0,9}b"],
)  # fmt: skip
def test_a_pattern_that_could_take_long_marks_nothing(pattern):
    assert not patterns.is_cheap(pattern)
    assert share("text", Answer(accepted=["a", pattern], is_pattern=True), Response(text="a" * 199)) is None


@pytest.mark.parametrize(
    "pattern", ["re+ds?", r"\s*\d+(\.\d+)?", "(red|green|blue) ?(light)?", "^x{2,5}$", ".*force.*", "(ab)*c", "[a-z]+",
     "a*a*a*b", "(a|a)" * 18 + "b"],
)  # fmt: skip
def test_patterns_of_courses_are_tried_and_take_no_time(pattern):
    assert patterns.is_cheap(pattern)
    started = time.process_time()
    for text in ("a" * 100, "ab" * 50, "1" * 100, " " * 50 + "." * 50, "x", "force" * 20):
        share("text", Answer(accepted=[pattern], is_pattern=True), Response(text=text))
    assert time.process_time() - started < 1


# ---- orders and pairs


@given(st.permutations(KEYS), st.permutations(KEYS))
def test_orders_earn_what_stands_in_its_place(right, said):
    oracle = Fraction(len([1 for index in range(8) if right[index] == said[index]]), 8)
    assert share("ordering", Answer(order=right), Response(order=said)) == oracle


@given(st.permutations(list("uvwxyz")), st.permutations(list("uvwxyz")), st.randoms())
def test_pairs_earn_their_share_in_any_order(right, said, chance):
    key = [*zip("abcdef", right, strict=True)]
    pairs = [*zip("abcdef", said, strict=True)]
    chance.shuffle(pairs)
    oracle = Fraction(len(set(key) & set(pairs)), 6)
    assert share("matching", Answer(pairs=key), Response(pairs=pairs)) == oracle


def test_what_was_put_to_several_is_put_to_none():
    key = Answer(pairs=[("a", "x"), ("b", "y")])
    everything = [(left, right) for left in "ab" for right in "xy"]
    assert share("matching", key, Response(pairs=everything)) == 0
    assert share("matching", key, Response(pairs=[("a", "x")])) == Fraction(1, 2)


# ---- what has no key, or no answer


@pytest.mark.parametrize("type_", ["single_choice", "dropdown", "numerical", "text", "ordering", "matching"])
def test_without_a_key_nothing_is_marked(type_):
    assert share(type_, Answer(), Response(chosen=["a"], value="1", text="a", order=["a"])) is None
    assert share(type_, None, None) is None


@given(st.integers(0, 50), st.lists(st.booleans()))
def test_runs_of_right_answers(before, right):
    signs = "1" * before + "".join("01"[one] for one in right)
    runs = [len(run) for run in signs.split("0")]
    longest = max(runs)
    assert longest_run(before, right) == (longest, runs[-1])


# ---- draws


@given(st.integers(0, 2**63 - 1), st.lists(st.integers(1, 2**63 - 1), unique=True), st.integers(0, 20))
def test_a_draw_is_some_of_the_pool_and_follows_from_its_seed(seed, pool, count):
    drawn = drawing.draw(seed, pool, count, random_order=True)
    assert len(set(drawn)) == len(drawn) == min(count, len(pool))
    assert set(drawn) <= set(pool)
    assert drawing.draw(seed, pool, count, random_order=True) == drawn
    in_order = drawing.draw(seed, pool, count, random_order=False)
    assert in_order == [question for question in pool if question in drawn]
    everything = drawing.draw(seed, pool, None, random_order=True)
    assert everything[: len(drawn)] == drawn


def test_draws_are_even():
    """1,000 seeds: each of 10 questions is drawn about as often (mean 500, sigma 16), each place is anybody's."""
    draws = [drawing.draw(seed, range(1, 11), 5, random_order=True) for seed in range(1000)]
    for question in range(1, 11):
        assert 420 < sum(question in drawn for drawn in draws) < 580
        assert 60 < sum(drawn[0] == question for drawn in draws) < 150


def test_this_draw_stays_what_it_is():
    """Or an attempt could not be drawn again from its seed, in another version."""
    assert drawing.draw(4711, range(1, 11), 5, random_order=True) == [8, 4, 7, 10, 1]


def test_options_whose_order_could_tell_are_always_mixed():
    options = [Option(key, key) for key in KEYS]
    orders = {
        "".join(option.id for option in drawing.shown(seed, 1, "ordering", options, random_order=False))
        for seed in range(50)
    }
    assert len(orders) == 50
    kept = drawing.shown(1, 1, "single_choice", options, random_order=False)
    mixed = drawing.shown(1, 1, "single_choice", options, random_order=True)
    assert kept == options != mixed
    assert sorted(option.id for option in mixed) == KEYS
    sides = [Option(key, key, "left" if key in "abc" else "right") for key in "axbycz"]
    shown = {
        "".join(option.id for option in drawing.shown(seed, 1, "matching", sides, random_order=False))
        for seed in range(50)
    }
    assert {text[:3] for text in shown} == {"abc"}
    assert len(shown) == 6
