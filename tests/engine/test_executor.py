"""Named cases of execution, each against graphql-core: data to the byte, errors whole."""

import pytest
from graphql import parse, validate

from lms_graphql.content import loaders
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.execution import run, run_by_graphql_core
from lms_graphql.engine.relay import GlobalId
from lms_graphql.schema import build
from tests.engine.test_same_answers import answer, assert_same

SCHEMA = build()
COURSE = 'course(by: {code: "P101"})'
CASES = {
    "the same key with different arguments on exclusive types": """{ lesson: node(id: "$LESSON") {
        ... on Module { x: viewerProgress(offering: "$PRIVATE") { progressPercent } }
        ... on VideoContent { x: viewerProgress(offering: "$PUBLIC") { progressPercent attemptsCount } } }
      video: node(id: "$VIDEO") {
        ... on Module { x: viewerProgress(offering: "$PUBLIC") { progressPercent } }
        ... on VideoContent { x: viewerProgress(offering: "$PRIVATE") { progressPercent attemptsCount } } } }""",
    "merged selection sets": f"""{{ {COURSE} {{ modules {{ title }} modules {{ children {{ title }} }} ...More }} }}
      fragment More on Course {{ modules {{ title moduleType children {{ moduleType }} }} title }}""",
    "aliases equal to other fields": f"""{{ {COURSE} {{ title: code code: title id: description
      modules {{ id: title }} }} }}""",
    "omitted, null and given arguments": """query ($none: String, $null: String, $one: Int) {
      a: universities(first: 1) { edges { cursor } } b: universities(first: $one, after: $none) { edges { cursor } }
      c: universities(last: 2, before: $null) { edges { node { name } } } }""",
    "wrong arguments": """{ a: course { code } b: course(id: "x", by: {code: "P101"}) { code }
      c: course(by: {code: "nothing"}) { code } }""",
    "variables in nested input": "query ($code: String) { course(by: {code: $code}) { title } }",
    "fragments on an interface in an interface and in a union": """{ lesson: node(id: "$LESSON") { ... on Node { id
      ... on Module { contentItems { ... on Node { id ... on ContentItem { title ... on Node { id }
        ... on VideoContent { url ... on ContentItem { sequenceIndex module { title course { code } } } } } }
        ... on QuizContent { quizMode } } } } } }""",
    "an edge of an interface": """{ lesson: module(id: "$LESSON") { contentItems { ... on ContentItem { module { title }
      course { code university { name } } viewerProgress(offering: "$PRIVATE") { progressPercent } } } } }""",
    "__typename everywhere": f"""{{ __typename {COURSE} {{ __typename t: __typename modules {{ __typename children {{
      __typename children {{ contentItems {{ __typename
      ... on TextContent {{ blocks {{ __typename }} }} }} }} }} }}
      offerings(first: 2) {{ __typename pageInfo {{ __typename }}
        edges {{ __typename node {{ __typename }} }} }} }} }}""",
    "null items in a list": '{ nodes(ids: ["$LESSON", "nothing", "$VIDEO", ""]) { id __typename } }',
    "key order with fragments between fields": f"""{{ z: __typename ...One a: {COURSE} {{ code ...Two title }} }}
      fragment One on Query {{ m: {COURSE} {{ title }} }}  fragment Two on Course {{ level description }}""",
    "a failing key under two aliases": """{ universities(first: 2) { edges { node { name
      one: departments { code } two: departments { name courses(first: 1) { edges { cursor } } } } } } }""",
    "an error in a non-null position": '{ a: courses(first: 0) { edges { cursor } } b: domains { code } }',
    "an error in a non-null position below": f"""{{ {COURSE} {{ code offerings(first: 1) {{ edges {{ node {{
      enrollments(first: 0) {{ edges {{ cursor }} }} }} }} }} }} other: {COURSE} {{ title }} }}""",
    "a cursor that is none": '{ courses(first: 1, after: "nothing") { edges { cursor } } }',
    "too many ids": "{ nodes(ids: [$MANY]) { id } }",
}  # fmt: skip


def filled(text, world):
    alpha = world.alpha

    def gid(typename, row):
        return str(GlobalId(typename, row["id"], row["university_id"]))

    return (
        text.replace("$LESSON", gid("Module", alpha["lesson"]))
        .replace("$TEXT", gid("TextContent", alpha["text"]))
        .replace("$VIDEO", gid("VideoContent", alpha["video"]))
        .replace("$PRIVATE", gid("CourseOffering", alpha["private"]))
        .replace("$PUBLIC", gid("CourseOffering", alpha["public"]))
        .replace("$MANY", ", ".join(['"x"'] * 101))
    )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("variables", [{}, {"code": "P101", "one": 1, "null": None}])
async def test_named_cases(app_engine, world, name, variables, caplog):
    caplog.set_level("CRITICAL")
    document = parse(filled(CASES[name], world))
    assert validate(SCHEMA.graphql, document) == []
    alpha = world.alpha.university["id"]
    for viewer in (
        Viewer(None, alpha),
        Viewer(world.people["student"], alpha, frozenset({"student"}), Standing.MEMBER),
        Viewer(world.people["admin"], alpha, frozenset({"university_admin"}), Standing.ADMIN),
    ):
        await assert_same(app_engine, viewer, document, variables)


async def test_twelve_conditions_share_a_bounded_number_of_plans(app_engine, world):
    flags = [f"f{number}" for number in range(12)]
    declared = ", ".join(f"${flag}: Boolean!" for flag in flags)
    fields = " ".join(f"{flag}: title @include(if: ${flag})" for flag in flags)
    document = parse(f"query ({declared}) {{ {COURSE} {{ {fields} modules {{ title @skip(if: $f0) }} }} }}")
    operations, viewer = {}, Viewer(None, world.alpha.university["id"])
    for number in range(200):
        variables = {flag: bool(number >> place & 1) for place, flag in enumerate(flags)}
        ours = await answer(app_engine, viewer, run, document, variables, operations=operations)
        if number % 20 == 0:
            assert ours == await answer(app_engine, viewer, run_by_graphql_core, document, variables)
    assert len(operations[None]._plans) == 16


async def test_an_interface_edge_is_one_statement_for_all_types(api, world):
    lesson = str(GlobalId("Module", world.alpha["lesson"]["id"], world.alpha.university["id"]))
    document = "query ($id: ID!) { module(id: $id) { contentItems { ... on ContentItem { course { code } } } } }"
    data = await api.data(document, {"id": lesson})
    assert data["module"]["contentItems"] == [{"course": {"code": "P101"}}] * 6
    assert len(api.statements) == 3


BROKEN = {
    "an unknown discriminator": ({"quiz": "NoSuchContent"}, "contentItems { __typename }"),
    "no discriminator": ({"quiz": None}, "contentItems { ... on VideoContent { url } }"),
    "a discriminator of another union": ({"quiz": "Course"}, "contentItems { __typename }"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_corrupt_rows(app_engine, world, monkeypatch, name, caplog):
    """A row that can't be shown costs what graphql-core says it costs, with the same masked error."""
    caplog.set_level("CRITICAL")
    labels, selection = BROKEN[name]
    monkeypatch.setattr(loaders.ContentRow, "typenames", {**loaders.TYPENAMES, **labels})
    document = parse(filled(f'{{ domains {{ code }} module(id: "$LESSON") {{ title {selection} }} }}', world))
    viewer = Viewer(None, world.alpha.university["id"])
    ours, _ = await assert_same(app_engine, viewer, document, {})
    assert b"INTERNAL_ERROR" in ours[1]
    assert b'"SCI"' in ours[0]


async def test_made_up_operation_names_are_not_remembered(app_engine, world):
    document, operations = parse("query A { domains { code } } query B { __typename }"), {}
    viewer = Viewer(None, world.alpha.university["id"])
    for name in ("A", "nothing", "B", None, "nothing else"):
        ours = await answer(app_engine, viewer, run, document, {}, operations=operations, operation_name=name)
        assert ours == await answer(app_engine, viewer, run_by_graphql_core, document, {}, operation_name=name)
    assert set(operations) == {"A", "B"}
