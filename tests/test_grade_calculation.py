"""How grades are worked out: by hand, against an independent oracle of fractions, and without a single float."""

import ast
import os
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_graphql.grades.calculation import (
    MOST_SCORE,
    Category,
    Item,
    Policy,
    Score,
    apportioned,
    breakdown,
    has_passed,
    letter_of,
    rounded,
)

EXAMPLES = 10_000 if os.environ.get("LMS_THOROUGH") else 500
GRADES = Path(__file__).parent.parent / "lms_graphql" / "grades"
D = Decimal
LETTERS = ((D(90), "A"), (D(80), "B"), (D(60), "D"))


def category(number, weight, **rules):
    return Category(number, f"Category {number}", D(weight), **rules)


def policy(*categories, pass_mark=60, letters=LETTERS):
    return Policy(D(pass_mark), 3, letters, categories)


def work(number, category_id, points=100):
    return Item("quiz", number, f"Quiz {number}", None if points is None else D(points), category_id)


def got(**scores):
    """Scores by item: q1="80" of its own points, q1=("8", "10") of others, q1=None for excused."""
    made = {}
    for name, value in scores.items():
        key = ("quiz", int(name[1:]))
        if value is None:
            made[key] = Score(None, None, is_excused=True)
        else:
            earned, possible = value if isinstance(value, tuple) else (value, None)
            made[key] = Score(D(earned), None if possible is None else D(possible))
    return made


# ---- by hand


def test_a_gradebook_by_hand():
    """Homework 40 %: 8/10, 5/10 dropped, nothing yet; exams 60 %: 75/100. Extra 5 %: 1/2."""
    parts = (category(1, 40, drop_lowest=1), category(2, 60), category(3, 5, extra_credit=True))
    items = [work(1, 1, 10), work(2, 1, 10), work(3, 1, 10), work(4, 2), work(5, 3, 2)]
    made = breakdown(policy(*parts), items, got(q1="8", q2="5", q4="75", q5="1"))
    # current: 8/10 of 40 (the 5 is dropped) + 75/100 of 60 + 1/2 of 5 = 32 + 45 + 2.5
    assert made.current == D("79.50")
    # final: of homework the missing third is the one that is dropped: 13/20 of 40 = 26
    assert made.final == D("73.50")
    assert [part.contribution for part in made.categories] == [D("26.00"), D("45.00"), D("2.50")]
    assert [(part.earned, part.possible) for part in made.categories] == [
        (D("13.00"), D("20.00")), (D("75.00"), D("100.00")), (D("1.00"), D("2.00")),
    ]  # fmt: skip
    assert [(item.earned, item.is_dropped, item.is_counted) for item in made.categories[0].items] == [
        (D("8.00"), False, True), (D("5.00"), False, True), (None, True, False),
    ]  # fmt: skip
    assert (made.letter, made.passed) == ("D", True)


def test_contributions_sum_where_each_rounded_alone_would_not():
    parts = [category(number, 1) for number in range(1, 4)]
    items = [work(number, number, 3) for number in range(1, 4)]
    made = breakdown(policy(*parts), items, got(q1="2", q2="2", q3="2"))
    assert made.final == D("66.67")
    assert [part.contribution for part in made.categories] == [D("22.23"), D("22.22"), D("22.22")]


def test_weights_without_anything_graded_are_the_others_now_and_zero_in_the_end():
    made = breakdown(policy(category(1, 25), category(2, 75)), [work(1, 1), work(2, 2)], got(q1="90"))
    assert (made.current, made.final) == (D("90.00"), D("22.50"))


def test_a_category_that_has_no_item_is_zero_in_the_end():
    made = breakdown(policy(category(1, 25), category(2, 75)), [work(1, 1)], got(q1="100"))
    assert (made.current, made.final) == (D("100.00"), D("25.00"))


def test_min_count_fills_up_with_zeros_and_drops_them_first():
    parts = policy(category(1, 100, min_count=4, drop_lowest=1))
    made = breakdown(parts, [work(1, 1), work(2, 1)], got(q1="100", q2="50"))
    # 100, 50, 0, 0: one 0 is dropped, 150 of 300
    assert (made.final, made.current) == (D("50.00"), D("100.00"))


def test_the_excused_leave_and_fulfil_the_count():
    parts = policy(category(1, 50, min_count=2), category(2, 50))
    made = breakdown(parts, [work(1, 1), work(2, 1), work(3, 2)], got(q1="80", q2=None, q3="60"))
    assert made.final == D("70.00")
    assert [item.is_excused for item in made.categories[0].items] == [False, True]
    everything = breakdown(parts, [work(1, 1), work(2, 1), work(3, 2)], got(q1=None, q2=None, q3="60"))
    assert everything.final == D("60.00")


def test_one_is_always_kept():
    parts = policy(category(1, 100, drop_lowest=5, drop_highest=5))
    made = breakdown(parts, [work(1, 1), work(2, 1)], got(q1="40", q2="90"))
    assert made.final == D("90.00")
    both = policy(category(1, 100, drop_lowest=1, drop_highest=1))
    made = breakdown(both, [work(1, 1), work(2, 1), work(3, 1)], got(q1="40", q2="90", q3="70"))
    assert made.final == D("70.00")


def test_of_equal_ones_that_worth_more_is_dropped():
    parts = policy(category(1, 100, drop_lowest=1))
    made = breakdown(parts, [work(1, 1, 10), work(2, 1, 90), work(3, 1, 10)], got(q1="5", q2="45", q3="10"))
    assert made.final == D("75.00")


def test_worth_nothing_is_extra():
    made = breakdown(policy(category(1, 100, drop_lowest=1)), [work(1, 1, 10), work(2, 1, 0)], got(q1="8", q2="1"))
    assert made.final == D("90.00")
    assert made.categories[0].items[1].is_counted


def test_other_points_are_scaled():
    made = breakdown(policy(category(1, 100)), [work(1, 1, 10), work(2, 1, 30)], got(q1=("1", "2"), q2=("1", "3")))
    assert made.final == D("37.50")
    assert [(item.earned, item.possible) for item in made.categories[0].items] == [
        (D("5.00"), D("10.00")), (D("10.00"), D("30.00")),
    ]  # fmt: skip


def test_without_weight_there_is_no_score():
    for parts in ((), (category(1, 0),), (category(1, 5, extra_credit=True),)):
        made = breakdown(policy(*parts), [work(1, 1)], got(q1="50"))
        assert (made.current, made.final, made.letter, made.passed) == (None, None, None, None)


def test_what_is_in_no_category_counts_nowhere():
    made = breakdown(policy(category(1, 100)), [work(1, 1), work(2, None), work(3, 99)], got(q1="50", q2="0", q3="0"))
    assert made.final == D("50.00")
    assert [item.item.number for part in made.categories for item in part.items] == [1]


def test_what_nobody_has_given_points_counts_once_it_is_graded():
    items = [work(1, 1), work(2, 1, None)]
    assert breakdown(policy(category(1, 100)), items, got(q1="50")).final == D("50.00")
    assert breakdown(policy(category(1, 100)), items, got(q1="50", q2=("100", "100"))).final == D("75.00")


def test_a_score_that_cannot_be_stored_is_the_most_and_its_parts_sum():
    made = breakdown(policy(category(1, 50), category(2, 50)), [work(1, 1, "0.01"), work(2, 2)], got(q1="9999", q2="7"))
    assert made.final == MOST_SCORE
    assert sum(part.contribution for part in made.categories) == MOST_SCORE


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity", "-0.01"])
def test_what_is_no_score_is_refused(value):
    for score in (Score(D(value)), Score(D(1), D(value))):
        with pytest.raises(ValueError, match="is no score"):
            breakdown(policy(category(1, 100)), [work(1, 1)], {("quiz", 1): score})


def test_letters_and_passing_are_of_the_score_that_is_shown():
    made = policy()
    assert [letter_of(made, D(score)) for score in ("100", "90.00", "89.99", "59.99")] == ["A", "A", "B", None]
    assert [has_passed(made, D(score)) for score in ("60.00", "59.99")] == [True, False]
    assert (letter_of(made, None), has_passed(made, None)) == (None, None)


def test_halves_go_up_where_binary_fractions_would_not():
    assert [rounded(Fraction(text)) for text in ("0.005", "0.015", "1.005", "2.675", "0.0049999")] == [
        D("0.01"), D("0.02"), D("1.01"), D("2.68"), D("0.00"),
    ]  # fmt: skip


# ---- against an oracle

points = st.one_of(st.none(), st.decimals(0, 500, places=2))
scores = st.one_of(st.none(), st.decimals(0, 500, places=2))
weights = st.one_of(st.just(D(0)), st.decimals(0, 100, places=2))
categories = st.tuples(weights, st.integers(0, 3), st.integers(0, 3), st.integers(0, 6), st.booleans())
graded = st.tuples(points, scores, points, st.sampled_from([False, False, False, True]), st.integers(0, 5))
gradebooks = st.tuples(st.lists(categories, max_size=4), st.lists(graded, max_size=12))


def made_from(gradebook):
    """The arguments of `breakdown`."""
    parts, rows = gradebook
    made = policy(
        *(
            Category(number, str(number), weight, low, high, least, extra)
            for number, (weight, low, high, least, extra) in enumerate(parts)
        )
    )
    items = [work(number, row[4], row[0]) for number, row in enumerate(rows)]
    found = {
        ("quiz", number): Score(row[1], row[2], row[3])
        for number, row in enumerate(rows)
        if row[1] is not None or row[3]
    }
    return made, items, found


def worths(mine, *, final):
    """Pairs of what was got and what could be, of those that are not excused; and how many are."""
    pairs = []
    for own_points, score, out_of, is_excused, _ in mine:
        worth = own_points if out_of is None else out_of
        if is_excused or (score is None and (own_points is None or not final)):
            continue
        if score is None:
            pairs.append((Fraction(0), Fraction(own_points)))
        elif not worth:
            pairs.append((Fraction(score), Fraction(0)))
        else:
            own = worth if own_points is None else own_points
            pairs.append((Fraction(score) * Fraction(own) / Fraction(worth), Fraction(own)))
    return pairs, sum(row[3] for row in mine)


def without_dropped(real, low, high):
    real = sorted(real, key=lambda pair: (pair[0] / pair[1], -pair[1]))
    for count, end in ((low, 0), (high, -1)):
        for _ in range(count):
            if len(real) > 1:
                real.pop(end)
    return real


def share_of(part, mine, *, final):
    """The share of a category; None where it leaves the grade."""
    _, low, high, least, _ = part
    pairs, excused = worths(mine, final=final)
    bonus = sum(got_it for got_it, of in pairs if of == 0)
    real = [pair for pair in pairs if pair[1] != 0]
    if (final and excused and excused == len(mine)) or (not final and not real):
        return None
    if not real:
        return Fraction(0)
    if final:
        real += [(Fraction(0), sum(of for _, of in real) / Fraction(len(real)))] * (least - len(pairs) - excused)
    real = without_dropped(real, low, high)
    return (sum(got_it for got_it, _ in real) + bonus) / sum(of for _, of in real)


def oracle(gradebook, *, final):
    """The exact score by the rules as they are written down, in another way; None without one."""
    parts, rows = gradebook
    weighed, whole, extra = Fraction(0), Fraction(0), Fraction(0)
    for number, part in enumerate(parts):
        share, weight = share_of(part, [row for row in rows if row[4] == number], final=final), Fraction(part[0])
        if share is None:
            continue
        if part[4]:
            extra += share * weight
        else:
            weighed, whole = weighed + share * weight, whole + weight
    return None if not whole else weighed / whole * 100 + extra


def half_up(exact):
    """To hundredths, by another way than the code's: Decimal's own rounding of an exact quotient of integers."""
    if exact is None:
        return None
    tenths_of_thousandths, rest = divmod(exact.numerator * 1000, exact.denominator)
    # One digit more than is wanted, and one that only says whether anything follows.
    return min(
        D(f"{tenths_of_thousandths}{'1' if rest else '0'}").scaleb(-4).quantize(D("0.01"), ROUND_HALF_UP), MOST_SCORE
    )


@settings(max_examples=EXAMPLES)
@given(gradebooks)
def test_the_oracle_says_the_same(gradebook):
    made = breakdown(*made_from(gradebook))
    assert made.final == half_up(oracle(gradebook, final=True))
    assert made.current == half_up(oracle(gradebook, final=False))
    contributions = [part.contribution for part in made.categories]
    assert sum(contributions) == (made.final or 0)
    assert all(value >= 0 and value.as_tuple().exponent == -2 for value in contributions)


@settings(max_examples=EXAMPLES // 5)
@given(gradebooks, st.randoms(use_true_random=False))
def test_no_order_matters(gradebook, random):
    made, items, found = made_from(gradebook)
    expected = breakdown(made, items, found)
    parts, shuffled, entries = list(made.categories), list(items), list(found.items())
    for listed in (parts, shuffled, entries):
        random.shuffle(listed)
    other = breakdown(made._replace(categories=parts), shuffled, dict(entries))
    assert (other.current, other.final, other.letter) == (expected.current, expected.final, expected.letter)

    def dropped(found):
        return {item.item.number for part in found.categories for item in part.items if item.is_dropped}

    assert dropped(other) == dropped(expected)


@settings(max_examples=EXAMPLES // 5)
@given(
    st.lists(st.tuples(st.integers(1, 500), st.decimals(0, 100, places=2), st.integers(0, 3)), min_size=1, max_size=12)
)
def test_to_regroup_by_worth_changes_nothing(rows):
    """Categories that weigh what their items are worth give what one category of all gives."""
    found = got(**{f"q{number}": (score, 100) for number, (_, score, _) in enumerate(rows)})
    worths_of = defaultdict(int)
    for worth, _, group in rows:
        worths_of[group] += worth
    one = breakdown(policy(category(1, 100)), [work(n, 1, row[0]) for n, row in enumerate(rows)], found)
    parts = [Category(group, str(group), D(worth)) for group, worth in worths_of.items()]
    many = breakdown(policy(*parts), [work(n, row[2], row[0]) for n, row in enumerate(rows)], found)
    assert many.final == one.final


@settings(max_examples=EXAMPLES // 5)
@given(st.lists(st.fractions(0, 100), max_size=8))
def test_parts_sum_to_the_whole_and_none_is_more_than_a_hundredth_off(exact):
    whole, parts = apportioned(exact)
    assert whole == half_up(sum(exact, Fraction(0)))
    assert sum(parts) == whole
    assert all(abs(Fraction(part) - value) < Fraction(1, 100) for part, value in zip(parts, exact, strict=True))


# ---- no floats


@pytest.mark.parametrize("path", sorted(GRADES.glob("*.py")), ids=lambda path: path.name)
def test_there_is_no_float(path):
    """Neither the type, nor a literal, nor what makes one: true division of integers, round, math, statistics."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"line {node.lineno}"
        assert not (isinstance(node, ast.Name) and node.id in {"float", "round"}), f"line {node.lineno}"
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        module = [node.module] if isinstance(node, ast.ImportFrom) else []
        forbidden = {"math", "statistics", "Float", "Double", "REAL", "DOUBLE_PRECISION"}
        assert not forbidden & {*names, *module}, f"line {getattr(node, 'lineno', 0)}"
