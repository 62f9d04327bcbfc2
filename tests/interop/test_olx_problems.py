"""Problems as questions: every type that there is, exactly; then problems made by chance."""

import string
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_graphql.assessment.payloads import Answer, Option, read_answer, read_hints, read_options
from lms_graphql.content import payloads
from lms_graphql.interop.imported import ImportedQuestion, LeftOut
from lms_graphql.interop.olx.archive import read_archive
from lms_graphql.interop.olx.course import read_course
from lms_graphql.interop.olx.responses import letter
from lms_graphql.interop.writer import Counts
from tests.interop.every_problem import ASKED, NAMED, every_problem, package
from tests.interop.olx_packages import block_id, course_files, items_of


def options(*texts):
    return [Option(letter(number), text) for number, text in enumerate(texts)]


def question(problem, number=1, **values):
    return ImportedQuestion(f"{block_id('problem', problem)}#{number}", **values)


CLOTHS = "| Cloth | From |\n| --- | --- |\n| Linen | (1) |\n| Tweed | (2) |"

QUESTIONS = {
    "single": [
        question(
            "single",
            type="single_choice",
            stem="Look at\n\n![a cloth](/static/edge.png)\n\nand at $a < b$.\n\nWhat is the woven edge called?\n\n"
            "One answer is right.",
            answer=Answer(correct=["a"]),
            points=Decimal(3),
            options=options("A **selvage**", "A hem", "![a fringe](/static/fringe.png)"),
            hints=["It holds *itself*.", "It begins with s."],
            explanation="See\n\n$$\nw = n d\n$$\n\n- A **selvage**: Woven, so it does not fray.\n"
            "- A hem: Almost: It is sewn.",
        )
    ],
    "legacy_single": [
        question(
            "legacy_single",
            type="single_choice",
            stem="Which thread is held by the loom?",
            answer=Answer(correct=["b"]),
            options=options("Weft", "Warp"),
            explanation="The warp is held.\n\n- Weft: That one travels.",
        )
    ],
    "checkbox": [
        question(
            "checkbox",
            type="multiple_choice",
            stem="Which are from plants?",
            answer=Answer(correct=["a", "c"]),
            options=options("Linen", "Wool", "Cotton"),
            explanation="- ☑ Linen: Flax.\n- ☐ Linen: Flax is a plant.\n- Linen + Wool: Wool is from sheep.",
        )
    ],
    "dropdown": [
        question(
            "dropdown",
            type="dropdown",
            stem="How many shafts has a plain weave?",
            answer=Answer(correct=["b"]),
            options=options("one", "it's two", "three, or more"),
        )
    ],
    "dropdown_options": [
        question(
            "dropdown_options",
            type="dropdown",
            stem="Twill runs",
            answer=Answer(correct=["b"]),
            options=options("straight", "slanting"),
            explanation="- straight: Wrong: Look again.",
        )
    ],
    "table": [
        question(
            "table",
            number,
            type="dropdown",
            stem=f"{CLOTHS}\n\n**({number})**",
            answer=Answer(correct=[right]),
            options=options("flax", "sheep"),
        )
        for number, right in ((1, "a"), (2, "b"))
    ],
    "number": [
        question(
            "number",
            type="numerical",
            stem="How many knots?",
            answer=Answer(value="9300", tolerance="5%"),
            explanation="- ✓: Well counted: Nine thousand and some.",
        )
    ],
    "absolute": [
        question("absolute", type="numerical", stem="How wide, in metres?", answer=Answer(value="1.5", tolerance=".01"))
    ],
    "range": [
        question(
            "range",
            type="numerical",
            stem="About how warm should the dye be?",
            answer=Answer(value="70.25", tolerance="10.25"),
        )
    ],
    "text": [
        question(
            "text",
            type="text",
            stem="The tool that carries the weft is a  (…) of wood",
            answer=Answer(accepted=["shuttle", "boat shuttle", "stick shuttle"]),
            explanation="- ✓: Yes.\n- bobbin: The bobbin sits in it.",
        )
    ],
    "pattern": [
        question(
            "pattern",
            type="text",
            stem="What beats the weft?",
            answer=Answer(accepted=["re+ds?"], case_sensitive=True, is_pattern=True),
            explanation="- comb.\\*: Not quite.",
        )
    ],
    "legacy_text": [
        question(
            "legacy_text",
            type="text",
            stem="Who?",
            answer=Answer(accepted=["Jacquard", "Falcon"], case_sensitive=True),
        )
    ],
    "several": [
        question(
            "several",
            type="numerical",
            stem="A cloth has 20 threads in a centimetre.\n\nHow many in a metre?",
            answer=Answer(value="2000"),
            points=Decimal("0.34"),
            hints=["Take your time."],
            explanation="Times 100.",
        ),
        question(
            "several",
            2,
            type="single_choice",
            stem="A cloth has 20 threads in a centimetre.\n\nIt is dyed red.\n\nWith what?",
            answer=Answer(correct=["a"]),
            points=Decimal("0.33"),
            options=options("Madder", "Woad"),
            hints=["Take your time."],
        ),
    ],
    "beside_a_program": [
        question(
            "beside_a_program",
            type="text",
            stem="Which weave is simplest?",
            answer=Answer(accepted=["plain"], case_sensitive=True),
        )
    ],
}

REPORT = [
    ("setting", "single", "showanswer 'never': when answers are shown is not taken over"),
    ("question", "single", "question 1, multiplechoiceresponse: its choices are not shuffled"),
    ("asset", "/static/edge.png", "files of the course are not imported yet"),
    ("asset", "/static/fringe.png", "files of the course are not imported yet"),
    (
        "question",
        "checkbox",
        "question 1, choiceresponse: partial credit 'EDC' is not given: an answer is right or wrong",
    ),
    (
        "question",
        "range",
        "question 1, numericalresponse: the bound 80.5 counts as right, which the range [60,80.5) leaves out",
    ),
    ("question", "several_numbers", "question 1, numericalresponse: it has several right numbers"),
    ("question", "formula_as_number", "question 1, numericalresponse: its number '1/3' is a formula"),
    ("hints", "pattern", "hints that depend on the answer (hintgroup) are not taken over"),
    ("question", "several", "question 3, customresponse: a program grades it"),
    ("markup", "beside_a_program", "dropped: script ×1, style ×1"),
    ("questions", "variables", "a program fills in its variables"),
    (
        "question",
        "two_right",
        "question 1, multiplechoiceresponse: 2 of its choices are right where one is asked for",
    ),
    ("question", "broken_pattern", "question 1, stringresponse: its regular expression '(' cannot be read"),
    ("question", "no_options", "question 1, optionresponse: 0 of its choices are right where one is asked for"),
    ("questions", "nothing", "it asks nothing"),
    ("hints", "adaptive_hint", "hints that depend on the answer (hintgroup) are not taken over"),
    ("question", "adaptive_hint", "question 1, customresponse: a program grades it"),
    (
        "question",
        "annotation",
        "question 1, annotationresponse: annotations have no place here (annotationinput)",
    ),
    ("question", "chemical", "question 1, customresponse: a program grades it (chemicalequationinput)"),
    (
        "question",
        "choice_and_number",
        "question 1, choicetextresponse: fields within choices have no place here (numtolerance_input)",
    ),
    ("question", "circuit", "question 1, schematicresponse: a program grades it"),
    ("question", "custom_javascript", "question 1, customresponse: a program grades it (jsinput)"),
    ("question", "custom_python", "question 1, customresponse: a program grades it"),
    ("question", "drag_and_drop", "question 1, customresponse: a program grades it (drag_and_drop_input)"),
    ("question", "external", "question 1, coderesponse: a program outside grades it"),
    ("question", "gene", "question 1, customresponse: a program grades it (editageneinput)"),
    ("question", "image", "question 1, imageresponse: places in an image have no place here (imageinput)"),
    ("question", "latex", "question 1, symbolicresponse: formulas have no place here"),
    (
        "question",
        "math_expression",
        "question 1, formularesponse: formulas have no place here (formulaequationinput)",
    ),
    ("question", "molecule", "question 1, customresponse: a program grades it (editamoleculeinput)"),
    ("question", "old_javascript", "question 1, javascriptresponse: a program grades it"),
    ("question", "old_program", "question 1, externalresponse: a program outside grades it"),
    ("question", "protein", "question 1, customresponse: a program grades it (designprotein2dinput)"),
    ("question", "true_or_false", "question 1, truefalseresponse: responses of this kind have no place here"),
]
NO_ADDRESS = "blocks of this kind have no place here and it names no address to open"


def test_every_type_of_problem_is_mapped_or_named(tmp_path):
    course, report = read_course(read_archive(package(tmp_path)))
    items = course.modules[0].children[0].children[0].items
    assert [item.external_id for item in items] == [block_id("problem", name) for name in ASKED | NAMED]
    found = {item.external_id.split("@")[-1]: item.pool.questions for item in items if item.pool}
    assert found == QUESTIONS
    expected = [
        LeftOut("course asset", where, reason)
        if kind == "asset"
        else LeftOut(f"problem {kind}", block_id("problem", where), reason)
        for kind, where, reason in REPORT
    ]
    expected += [
        LeftOut(tag, block_id(tag, tag), NO_ADDRESS)
        for tag in ("poll_question", "survey", "word_cloud", "drag-and-drop-v2")
    ]
    assert report.left_out == expected
    assert report.mapped == {
        "chapter → unit": 1,
        "sequential → lesson": 1,
        "vertical → topic": 1,
        "problem → quiz": 39,
        "problem multiplechoiceresponse → single_choice question": 3,
        "problem choiceresponse → multiple_choice question": 1,
        "problem optionresponse → dropdown question": 4,
        "problem numericalresponse → numerical question": 4,
        "problem stringresponse → text question": 4,
    }


def test_no_problem_is_lost():
    """Each has questions, or the report names it and it is a quiz without a pool."""
    items, report = items_of(every_problem())
    named = {entry.external_id for entry in report.left_out if entry.kind.startswith("problem question")}
    without = {item.external_id for item in items if item.pool is None}
    assert without <= named
    assert len(items) - len(without) == len(QUESTIONS) == 14
    for item in items:
        payload = payloads.decode("quiz", msgspec.json.encode(item.payload), item_id=1)
        count = len(item.pool.questions) if item.pool else None
        assert payload.num_questions_per_attempt == count


async def test_the_course_is_imported_with_its_questions(university):
    course, _ = read_course(every_problem())
    first = await university.take(course)
    assert (first.counts["question_pool"], first.counts["question"]) == (Counts(created=14), Counts(created=16))
    assert await university.rows(
        "SELECT type, count(*) FROM questions WHERE university_id = :university_id AND is_active GROUP BY 1 ORDER BY 1"
    ) == [("dropdown", 4), ("multiple_choice", 1), ("numerical", 4), ("single_choice", 3), ("text", 4)]
    rows = await university.rows(
        "SELECT external_id, q.id, type, points, stem, options::text, hints::text, answer::text, explanation"
        " FROM questions q JOIN question_keys k ON (k.university_id, k.question_id) = (q.university_id, q.id)"
        " JOIN external_keys e ON (e.university_id, e.entity, e.entity_id) = (q.university_id, 'question', q.id)"
        " WHERE q.university_id = :university_id ORDER BY q.id"
    )
    stored = [
        ImportedQuestion(
            name, kind, stem, read_answer(answer, row), points, read_options(given, row), read_hints(hints, row), why
        )
        for name, row, kind, points, stem, given, hints, answer, why in rows
    ]
    assert stored == [question for questions in QUESTIONS.values() for question in questions]
    before = await university.everything()
    second = await university.take(course)
    assert (second.counts["question_pool"], second.counts["question"]) == (Counts(unchanged=14), Counts(unchanged=16))
    assert await university.everything() == before


def asked_of(problem):
    """The questions of one problem, and the reasons of the report."""
    (item,), report = items_of(course_files(problem))
    return item.pool.questions if item.pool else [], [entry.reason for entry in report.left_out]


@pytest.mark.parametrize(
    ("written", "points", "reported"),
    [
        ("", ["1", "1", "1"], 0),
        ("null", ["1", "1", "1"], 0),
        ("2.0", ["0.67", "0.67", "0.66"], 0),
        ("0", ["0", "0", "0"], 0),
        ("many", ["1", "1", "1"], 1),
        ("-1", ["1", "1", "1"], 1),
        ("99999", ["1", "1", "1"], 1),
    ],
)
def test_the_weight_is_shared_by_the_questions(written, points, reported):
    one = '<numericalresponse answer="1"><label>One?</label></numericalresponse>'
    questions, reasons = asked_of(f'<problem url_name="p" weight="{written}">{one * 3}</problem>')
    assert [question.points for question in questions] == [Decimal(each) for each in points]
    assert len(reasons) == reported


@pytest.mark.parametrize(
    ("answer", "value", "tolerance"),
    [
        ("9.81", "9.81", None),
        (" +5 ", "5", None),
        ("-0.5e2", "-50", None),
        ("6.02*10^23", "602000000000000000000000", None),
        ("[1,5]", "3", "2"),
        ("(-1, 2)", "0.5", "1.5"),
        ("[0.1,0.3]", "0.2", "0.1"),
    ],
)
def test_numbers(answer, value, tolerance):
    (question,), _ = asked_of(
        f'<problem><numericalresponse answer="{answer}"><label>n</label></numericalresponse></problem>'
    )
    assert question.answer == Answer(value=value, tolerance=tolerance)


@pytest.mark.parametrize(
    "answer", ["", "pi", "1/3", "2+3j", "[5,1]", "[1,2,3]", "[a,b]", "1e999", "9" * 60, "²", "NaN"]
)
def test_what_is_no_number_is_named(answer):
    questions, reasons = asked_of(f'<problem><numericalresponse answer="{answer}"/></problem>')
    assert questions == []
    assert len(reasons) == 1
    assert reasons[0].startswith("question 1, numericalresponse: its ")


@pytest.mark.parametrize(
    ("problem", "stems"),
    [
        (
            "<p>First?</p><stringresponse answer='a'><textline/></stringresponse>"
            "<p>Second?</p><stringresponse answer='b'><textline/></stringresponse><p>Well done.</p>",
            ["First?", "Second?\n\nWell done."],
        ),
        (
            "<p>From <stringresponse answer='a'><textline/></stringresponse> to"
            " <stringresponse answer='b'><textline/></stringresponse>.</p>",
            ["From (1) to (2).\n\n**(1)**", "From (1) to (2).\n\n**(2)**"],
        ),
        (
            "<table><tr><td>Wool</td><td><div><stringresponse answer='a'><textline/></stringresponse></div></td></tr>"
            "<tr><td>Silk</td><td><div><stringresponse answer='b'><textline/></stringresponse></div></td></tr></table>",
            [f"|  |  |\n| --- | --- |\n| Wool | (1) |\n| Silk | (2) |\n\n**({number})**" for number in (1, 2)],
        ),
        ("<stringresponse answer='a'><textline label='Said only.'/></stringresponse>", ["Said only."]),
        (
            "<p>Wool<clarification>of sheep</clarification> is</p><stringresponse answer='a'/>",
            ["Wool (of sheep) is"],
        ),
        ("<stringresponse answer='a'><textline/></stringresponse>", ["Untitled quiz"]),
    ],
)
def test_each_question_has_the_text_that_it_needs(problem, stems):
    questions, _ = asked_of(f"<problem>{problem}</problem>")
    assert [question.stem for question in questions] == stems


def test_solutions_are_of_the_question_before_them_or_of_all():
    one = "<p>Q?</p><stringresponse answer='a'><textline/></stringresponse>"
    told = "<solution><p>{}</p></solution>"
    apart, _ = asked_of(f"<problem>{one}{told.format('A')}{one}{told.format('B')}</problem>")
    assert [question.explanation for question in apart] == ["A", "B"]
    together, _ = asked_of(f"<problem>{one}{one}{told.format('C')}</problem>")
    assert [question.explanation for question in together] == ["C", "C"]


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (f"{'<div>' * 60}<stringresponse answer='a'/>{'</div>' * 60}", "its elements are nested too deeply"),
        ("<stringresponse answer='a'/>" * 101, "it asks more than 100 questions"),
        (f"<p>{'x ' * 300_000}</p><stringresponse answer='a'/>", "more than 524,288 characters of HTML"),
        (
            f"<multiplechoiceresponse><choicegroup>{'<choice>x</choice>' * 201}</choicegroup></multiplechoiceresponse>",
            "question 1, multiplechoiceresponse: it has more than 200 options",
        ),
    ],
)
def test_problems_too_large(problem, reason):
    assert asked_of(f"<problem>{problem}</problem>") == ([], [reason])


# ---- problems made by chance ----------------------------------------------------------------------------------------

WORDS = st.text(string.ascii_letters + string.digits + "äß→", min_size=1, max_size=12).map("w{}".format)
SEVERAL = st.lists(WORDS, min_size=2, max_size=8, unique=True)
NUMBERS = st.decimals(-(10**9), 10**9, places=3).map("{:f}".format)
TOLERANCES = st.none() | st.decimals(0, 100, places=2).map("{:f}".format) | st.integers(0, 100).map("{}%".format)


@st.composite
def choice_problems(draw):
    texts = draw(SEVERAL)
    kind, single = draw(st.sampled_from([("multiplechoiceresponse", True), ("choiceresponse", False)]))
    right = draw(st.sets(st.integers(0, len(texts) - 1), min_size=1, max_size=1 if single else None))
    group = "choicegroup" if single else "checkboxgroup"
    choices = "".join(
        f'<choice correct="{str(number in right).lower()}">{escape(text)}</choice>' for number, text in enumerate(texts)
    )
    answer = Answer(correct=[letter(number) for number in sorted(right)])
    return f"<{kind}><label>Q</label><{group}>{choices}</{group}></{kind}>", options(*texts), answer


@st.composite
def dropdown_problems(draw):
    texts = draw(SEVERAL)
    right = draw(st.integers(0, len(texts) - 1))
    if draw(st.booleans()):
        listed = "(" + ",".join(f"'{text}'" for text in texts) + ")"
        field = f"<optioninput options={quoteattr(listed)} correct={quoteattr(texts[right])}/>"
    else:
        inner = "".join(f'<option correct="{number == right}">{text}</option>' for number, text in enumerate(texts))
        field = f"<optioninput>{inner}</optioninput>"
    answer = Answer(correct=[letter(right)])
    return f"<optionresponse><label>Q</label>{field}</optionresponse>", options(*texts), answer


@st.composite
def number_problems(draw):
    value, tolerance = draw(NUMBERS), draw(TOLERANCES)
    parameter = "" if tolerance is None else f'<responseparam type="tolerance" default="{tolerance}"/>'
    answer = Answer(value=value, tolerance=tolerance)
    return f'<numericalresponse answer="{value}"><label>Q</label>{parameter}</numericalresponse>', [], answer


@st.composite
def text_problems(draw):
    first, *more = draw(SEVERAL)
    is_sensitive = draw(st.booleans())
    others = "".join(f"<additional_answer answer={quoteattr(text)}/>" for text in more)
    kind = "cs" if is_sensitive else "ci"
    answer = Answer(accepted=[first, *more], case_sensitive=is_sensitive)
    return (
        f"<stringresponse answer={quoteattr(first)} type='{kind}'><label>Q</label>{others}</stringresponse>",
        [],
        answer,
    )


PROBLEMS = choice_problems() | dropdown_problems() | number_problems() | text_problems()


@given(st.lists(PROBLEMS, min_size=1, max_size=4))
def test_a_problem_is_read_as_it_was_written(parts):
    questions, reasons = asked_of(f"<problem>{''.join(xml for xml, _, _ in parts)}</problem>")
    assert [(question.options, question.answer) for question in questions] == [part[1:] for part in parts]
    assert [question.stem for question in questions] == ["Q"] * len(parts)
    assert reasons == []


TAGS = st.sampled_from(
    [
        *("multiplechoiceresponse", "choiceresponse", "optionresponse", "numericalresponse", "stringresponse"),
        *("customresponse", "choicegroup", "checkboxgroup", "optioninput", "choice", "option", "textline", "solution"),
        *(
            "demandhint",
            "hint",
            "hintgroup",
            "choicehint",
            "compoundhint",
            "p",
            "table",
            "td",
            "label",
            "script",
            "img",
        ),
        *("correcthint", "additional_answer", "responseparam", "targetedfeedback"),
    ]
)
NAMES = st.sampled_from(
    [
        *("answer", "type", "correct", "options", "default", "label", "value", "explanation-id", "selected", "inline"),
        *("src", "trailing_text"),
    ]
)
VALUES = st.sampled_from(
    ["", "true", "1", "[1,2)", "('a','b')", "a", "$x", "tolerance", "5%", "ci regexp", "((", "A B"]
)


@st.composite
def elements(draw, depth=4):
    tag = draw(TAGS)
    attributes = draw(st.dictionaries(NAMES, VALUES, max_size=3))
    inner = draw(st.lists(elements(depth - 1), max_size=3)) if depth else []
    written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    words = draw(st.sampled_from(["", "x", "$x and \\(y\\)", " "]))
    return f"<{tag}{written}>{words}{''.join(inner)}</{tag}>{words}"


@given(st.lists(elements(), max_size=4))
def test_any_problem_is_asked_or_named(parts):
    """Nothing crashes, and a problem without questions is named."""
    questions, reasons = asked_of(f'<problem url_name="p"><p>.</p>{"".join(parts)}</problem>')
    assert questions or reasons
    for question in questions:
        ids = {option.id for option in question.options}
        assert set(question.answer.correct) <= ids
        assert question.stem
