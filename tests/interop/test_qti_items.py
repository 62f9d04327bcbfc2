"""Items of QTI: what is written is read as it was, and what is others' is read, or refused with the reason."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_graphql.assessment.payloads import stored
from lms_graphql.assessment.pooling import QuestionSeed, checked_question
from lms_graphql.demo.questions import POOLS
from lms_graphql.interop.qti.elements import UnmappedError, UnreadableError, parse
from lms_graphql.interop.qti.reading import read_item
from lms_graphql.interop.qti.texts import blocks, read_blocks, read_text, text_in
from lms_graphql.interop.qti.writing import write_item
from tests.questions import TEXTS, seeds


def plain(seed):
    return msgspec.json.decode(msgspec.json.encode(seed))


# ---- our own


@given(seeds())
def test_what_is_written_is_read_as_it_was(seed):
    kept = checked_question(seed)
    read = read_item(parse(write_item(kept, "q1")))
    assert read.notes == []
    assert plain(checked_question(read.seed)) == plain(kept)


def test_the_questions_of_the_demo_come_back():
    for pools in POOLS.values():
        for pool in pools.values():
            for asked in pool.questions:
                seed = checked_question(
                    QuestionSeed(
                        asked.type, asked.stem, Decimal(asked.points), stored(asked.options), asked.hints,
                        stored(asked.answer), asked.explanation,
                    )
                )  # fmt: skip
                assert plain(checked_question(read_item(parse(write_item(seed, "q"))).seed)) == plain(seed)


def test_regular_expressions_are_not_written():
    seed = QuestionSeed("text", "?", Decimal(1), [], [], {"accepted": ["a+"], "is_pattern": True})
    with pytest.raises(UnmappedError, match="regular expressions"):
        write_item(seed, "q")


def test_what_others_see_of_an_item():
    seed = checked_question(
        QuestionSeed(
            "multiple_choice", "Which are **true**?", Decimal("2.5"),
            [{"id": "a", "text": "`x < y`"}, {"id": "2", "text": "$x^2$"}, {"id": "c", "text": "No"}], [],
            {"correct": ["a", "2"]}, "See [there](https://a.example/?b=1&c).",
        )
    )  # fmt: skip
    assert write_item(seed, "q1").decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="q1" title="Which are true?"'
        ' adaptive="false" timeDependent="false"><responseDeclaration identifier="RESPONSE" cardinality="multiple"'
        ' baseType="identifier"><correctResponse><value>a</value><value>k.2</value></correctResponse><mapping'
        ' lowerBound="0" defaultValue="0"><mapEntry mapKey="a" mappedValue="1" /><mapEntry mapKey="k.2"'
        ' mappedValue="1" /><mapEntry mapKey="c" mappedValue="-1" /></mapping></responseDeclaration>'
        '<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float" normalMaximum="2.50">'
        '<defaultValue><value>0</value></defaultValue></outcomeDeclaration><outcomeDeclaration identifier="MAXSCORE"'
        ' cardinality="single" baseType="float"><defaultValue><value>2.50</value></defaultValue></outcomeDeclaration>'
        '<outcomeDeclaration identifier="FEEDBACK" cardinality="single" baseType="identifier" /><itemBody>'
        '<div class="stem"><p>Which are <strong>true</strong>?</p></div><choiceInteraction'
        ' responseIdentifier="RESPONSE" shuffle="false" maxChoices="0"><simpleChoice identifier="a"><p>'
        "<code>x &lt; y</code></p></simpleChoice>"
        '<simpleChoice identifier="k.2"><p>\\(x^2\\)</p></simpleChoice><simpleChoice identifier="c"><p>No</p>'
        "</simpleChoice></choiceInteraction></itemBody><responseProcessing><setOutcomeValue identifier=\"SCORE\">"
        '<divide><product><mapResponse identifier="RESPONSE" /><baseValue baseType="float">2.50</baseValue></product>'
        '<baseValue baseType="float">2</baseValue></divide></setOutcomeValue><setOutcomeValue identifier="FEEDBACK">'
        '<baseValue baseType="identifier">EXPLANATION</baseValue></setOutcomeValue></responseProcessing>'
        '<modalFeedback outcomeIdentifier="FEEDBACK" identifier="EXPLANATION" showHide="show"><p>See'
        ' <a href="https://a.example/?b=1&amp;c">there</a>.</p></modalFeedback></assessmentItem>'
    )  # fmt: skip


# ---- texts


@given(TEXTS)
def test_a_text_that_somebody_changed_is_read_as_it_is(text):
    element = text_in("div", text)
    assert read_text(element) == text
    element[-1].text = f"{element[-1].text or ''} changed"
    assert "changed" in read_text(element)


@given(st.text(max_size=200))
def test_markdown_of_any_kind_becomes_xhtml(text):
    assert {block.tag for block in blocks(text)} <= {"p", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"}


MARKDOWN = [
    ("<p>a <b>b</b> <i>c</i></p>", "a **b** *c*"),
    ("<p>2 * 3 * 4 and _x_</p>", r"2 \* 3 \* 4 and \_x\_"),
    ("<p>\\(x^2\\)</p>", "$x^2$"),
    ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
    ("<p>one</p>\n  <p>two</p>", "one\n\ntwo"),
    ("words <code>x</code>", "words `x`"),
    ('<p><a href="https://a.example">b</a></p>', "[b](https://a.example)"),
]


@pytest.mark.parametrize(("xhtml", "text"), MARKDOWN)
def test_xhtml_as_markdown(xhtml, text):
    assert read_blocks(parse(f"<div>{xhtml}</div>".encode())) == text


LOST = [
    ('<img src="a.png"/>', "images or other files (img)"),
    ("<p><sub>2</sub></p>", "the element sub has no place in a text here"),
    ('<a href="javascript:alert(1)">x</a>', "a part of it would be lost: address of another kind"),
    ("<p>x</p>" * 500, "one of its texts has more than 500 elements"),
    ("words " * 11_000, "one of its texts has more than 60,000 characters"),
    ("<script>alert(1)</script>", "the element script has no place"),
]


@pytest.mark.parametrize(("xhtml", "reason"), LOST)
def test_what_would_be_lost_is_refused(xhtml, reason):
    with pytest.raises(UnmappedError) as refused:
        read_blocks(parse(f"<div>{xhtml}</div>".encode()))
    assert reason in str(refused.value)


# ---- others'

TEMPLATES = "http://www.imsglobal.org/question/qti_v2p1/rptemplates"
MATCH, MAP = (f'<responseProcessing template="{TEMPLATES}/{name}"/>' for name in ("match_correct", "map_response"))
RULE = (
    '<responseProcessing><responseCondition><responseIf>{condition}<setOutcomeValue identifier="SCORE">{value}'
    "</setOutcomeValue></responseIf></responseCondition></responseProcessing>"
)
COMPARED = '<variable identifier="{name}"/><correct identifier="{name}"/>'
FIVE = '<baseValue baseType="float">5</baseValue>'


def item(
    body, correct="", *, marked=MATCH, cardinality="single", base="identifier", mapping="", more="", name="RESPONSE"
):
    right = "".join(f"<value>{value}</value>" for value in correct.split("|")) if correct else ""
    return (
        '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="x" title="X" adaptive="false"'
        f' timeDependent="false"><responseDeclaration identifier="{name}" cardinality="{cardinality}"'
        f' baseType="{base}">'
        f"<correctResponse>{right}</correctResponse>{mapping}</responseDeclaration>"
        '<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>'
        f"<itemBody>{body}</itemBody>{marked}{more}</assessmentItem>"
    ).encode()  # fmt: skip


def choices(kind="choiceInteraction", name="RESPONSE", more="", **options):
    shown = "".join(f'<simpleChoice identifier="{id_}">{text}</simpleChoice>' for id_, text in options.items())
    return f'<{kind} responseIdentifier="{name}" {more}><prompt>Which?</prompt>{shown}</{kind}>'


ENTRY = '<p>How much is it? <textEntryInteraction responseIdentifier="RESPONSE"/> metres</p>'
ALONE = '<p>How much?</p><div><textEntryInteraction responseIdentifier="RESPONSE"/></div>'
SETS = "".join(
    [
        '<matchInteraction responseIdentifier="RESPONSE"><prompt>Match</prompt>',
        *("<simpleMatchSet>" + "".join(f'<simpleAssociableChoice identifier="{id_}" matchMax="1">{id_}'
          "</simpleAssociableChoice>" for id_ in ids) + "</simpleMatchSet>" for ids in ("AB", "XY")),
        "</matchInteraction>",
    ]
)  # fmt: skip


def entries(**counts):
    return "".join(f'<mapEntry mapKey="{key}" mappedValue="{value}"/>' for key, value in counts.items())


def mapping(inside, more='lowerBound="0" defaultValue="0"'):
    return f"<mapping {more}>{inside}</mapping>"


PART = "who is right in part gets a part of the points here"
READ = [
    (item(choices(A="One", B="Two"), "B"), ("single_choice", "Which?", "1.00", {"correct": ["B"]}), []),
    (item("<p>Look.</p>" + choices(A="One", B="Two"), "B"),
     ("single_choice", "Look.\n\nWhich?", "1.00", {"correct": ["B"]}), []),
    (item(choices(A="1", B="2"), "B", marked=RULE.format(condition=f"<match>{COMPARED.format(name='RESPONSE')}</match>",
                                                         value=FIVE)),
     ("single_choice", "Which?", "5.00", {"correct": ["B"]}), []),
    (item(choices(A="1", B="2", name="R2"), "B", name="R2",
          marked=RULE.format(condition=f"<match>{COMPARED.format(name='R2')}</match>", value=FIVE)),
     ("single_choice", "Which?", "5.00", {"correct": ["B"]}), []),
    (item(choices(A="1", B="2"), "A", marked=MAP, mapping=mapping(entries(A=3, B=0))),
     ("single_choice", "Which?", "3.00", {"correct": ["A"]}), []),
    (item(choices(A="1", B="2", C="3"), "A|C", cardinality="multiple"),
     ("multiple_choice", "Which?", "1.00", {"correct": ["A", "C"]}),
     ["that at most 1 options may be chosen is not taken over", PART]),
    (item(choices(A="1", B="2", C="3", more='maxChoices="0"'), "A|C", cardinality="multiple", marked=MAP,
          mapping=mapping(entries(A=1, C=1, B=-2))),
     ("multiple_choice", "Which?", "2.00", {"correct": ["A", "C"]}),
     ["an option that is wrong costs as much as one that is right brings here"]),
    (item(ENTRY, "York", base="string"),
     ("text", "How much is it? (…) metres", "1.00", {"accepted": ["York"], "case_sensitive": True}), []),
    (item(ALONE, "York", base="string", marked=MAP,
          mapping=mapping('<mapEntry mapKey="York" mappedValue="2" caseSensitive="false"/>')),
     ("text", "How much?", "2.00", {"accepted": ["York"]}), []),
    (item(ENTRY, "4", base="integer"), ("numerical", "How much is it? (…) metres", "1.00", {"value": "4"}), []),
    (item(ALONE, "9.8", base="float", marked=RULE.format(value=FIVE, condition=(
        f'<equal toleranceMode="absolute" tolerance="0.1">{COMPARED.format(name="RESPONSE")}</equal>'))),
     ("numerical", "How much?", "5.00", {"value": "9.8", "tolerance": "0.1"}), []),
    (item(ALONE, "9.8", base="float", marked=RULE.format(value=FIVE, condition=(
        f'<equal toleranceMode="relative" tolerance="5 5">{COMPARED.format(name="RESPONSE")}</equal>'))),
     ("numerical", "How much?", "5.00", {"value": "9.8", "tolerance": "5%"}), []),
    (item(choices("orderInteraction", A="1", B="2"), "B|A", cardinality="ordered"),
     ("ordering", "Which?", "1.00", {"order": ["B", "A"]}), [PART]),
    (item(SETS, "A X|B X", cardinality="multiple", base="directedPair"),
     ("matching", "Match", "1.00", {"pairs": [["A", "X"], ["B", "X"]]}), [PART]),
    (item(SETS, "A X|B X", cardinality="multiple", base="directedPair", marked=MAP,
          mapping=mapping('<mapEntry mapKey="A X" mappedValue="1"/><mapEntry mapKey="B Y" mappedValue="1"/>')),
     ("matching", "Match", "2.00", {"pairs": [["A", "X"], ["B", "Y"]]}), []),
    (item('<p>It is <inlineChoiceInteraction responseIdentifier="RESPONSE"><inlineChoice identifier="A">a_b'
          '</inlineChoice><inlineChoice identifier="B">2</inlineChoice></inlineChoiceInteraction>.</p>', "B"),
     ("dropdown", "It is (…).", "1.00", {"correct": ["B"]}), []),
    (item(choices(A="1", B="2"), "B", more='<modalFeedback outcomeIdentifier="F" identifier="x" showHide="show">So.'
          '</modalFeedback><stylesheet href="a.css"/>'),
     ("single_choice", "Which?", "1.00", {"correct": ["B"]}), ["its stylesheet is not taken over"]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "wanted", "notes"), READ)
def test_items_of_others(data, wanted, notes):
    read = read_item(parse(data))
    seed = checked_question(read.seed)
    assert (seed.type, seed.stem, str(seed.points), plain(seed.answer)) == wanted
    assert read.notes == notes
    assert seed.explanation == ("So." if b"modalFeedback" in data else None)


MATHML = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></math>'
REFUSED = [
    (b"<assessmentTest/>", "it is no assessmentItem but 'assessmentTest'"),
    (item("<p>x</p>"), "it asks nothing: there is no interaction"),
    (item('<extendedTextInteraction responseIdentifier="RESPONSE"/>'),
     "the interaction extendedTextInteraction has no place here"),
    (item(ENTRY + ENTRY, "1", base="float"), "it asks 2 things at once, where a question asks one"),
    (item(f"<p>{MATHML}</p>" + choices(A="1"), "A"), "it has MathML, and formulas are LaTeX here"),
    (item('<p><img src="https://x.example/a.png"/></p>' + choices(A="1"), "A"),
     "it has images or other files (img), which are not taken over"),
    (item(choices(A='<object data="a.png"/>'), "A"), "it has images or other files (object), which are not taken over"),
    (item('<x:y xmlns:x="http://other.example"/>' + choices(A="1"), "A"),
     "it has elements of another kind: 'http://other.example'"),
    (item(choices(A="1", B='2<feedbackInline identifier="A" outcomeIdentifier="F">no</feedbackInline>'), "A"),
     "the element feedbackInline has no place here"),
    (item('<rubricBlock view="candidate">Read.</rubricBlock>' + choices(A="1"), "A"),
     "the element rubricBlock has no place here"),
    (item(choices(A="1"), "A", more="<templateDeclaration/>"), "a program fills in its variables (templates)"),
    (item(choices(A="1"), "A", more="<itemBody/>"), "it has several elements itemBody"),
    (item(choices(A="1", B="2")), "it does not say what is right (correctResponse)"),
    (item(choices(A="1", B="2"), "A", marked=MAP, mapping=mapping(entries(A=1, B="0.5"))),
     "options of different worth have no place here"),
    (item(choices(A="1", B="2"), "A", marked=MAP), "it is marked by a mapping that it does not have"),
    (item(choices(A="1", B="2"), "A", marked=MAP, mapping=mapping(entries(A="x"))),
     "its mapping has a value that is no number"),
    (item(choices(A="1", B="2"), "A", marked='<responseProcessing template="http://x.example/t"/>'),
     "its response processing is a template that is not known here: 'http://x.example/t'"),
    (item(choices(A="1", B="2"), "A", marked=RULE.format(condition="<lt/>", value=FIVE)),
     "its response processing is of its own kind (lt)"),
    (item(ALONE, "York", base="string", marked=MAP, mapping=mapping(entries(York=1, york="0.5"))),
     "its accepted texts differ in worth, or in whether their case matters"),
    (item(ALONE, "9", base="float", marked=RULE.format(value=FIVE, condition=(
        f'<equal toleranceMode="absolute" tolerance="1 2">{COMPARED.format(name="RESPONSE")}</equal>'))),
     "its tolerance is not the same on both sides"),
    (item(ALONE, "9", base="float", marked=RULE.format(value=FIVE, condition=(
        '<equal toleranceMode="absolute" tolerance="1" includeUpperBound="false">'
        f'{COMPARED.format(name="RESPONSE")}</equal>'))),
     "the bounds of its tolerance do not count as right, as they do here"),
    (item(ALONE, "P", base="point"), "its answer is neither one text nor one number"),
    (item(choices(A="1", name="OTHER"), "A"), "it must declare the response of its interaction, and no other"),
    (item(choices("orderInteraction", A="1", B="2", more='maxChoices="1"'), "B", cardinality="ordered"),
     "only some of its options are to be put in order"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), REFUSED)
def test_items_that_are_no_questions(data, reason):
    with pytest.raises(UnmappedError) as refused:
        read_item(parse(data))
    assert str(refused.value) == reason


HOSTILE = [
    (b"<!DOCTYPE x SYSTEM 'http://x.example/x.dtd'><x/>", "it has a document type or entities, which are refused"),
    (b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>", "it has a document type or entities, which are refused"),
    (b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
     "it has a document type or entities, which are refused"),
    (b"<x>", "its XML is broken in line 1"),
    (b"\x00\x01", "its XML is broken in line 1"),
    (b"<?xml version='1.0' encoding='none'?><x/>", "it is in an encoding that can't be read"),
    (b"<x>" * 61 + b"</x>" * 61, "its elements are nested deeper than 60 levels"),
    (b"<x>" + b" " * 256 * 1024 + b"</x>", "it is larger than 262,144 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), HOSTILE)
def test_hostile_xml_is_refused(data, reason):
    with pytest.raises(UnreadableError) as refused:
        parse(data)
    assert str(refused.value) == reason
