"""More named cases of execution, each against graphql-core; those of rows and edges are in test_executor."""

import itertools

import pytest
from graphql import parse, validate

from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.schema import build
from tests.engine.foreign import LEAVES, THOROUGH, Thing, assert_possible, both, leaf_schema, tree_schema, values
from tests.engine.test_executor import COURSE, filled
from tests.engine.test_same_answers import assert_same

SCHEMA = build()
CASES = {
    "introspection beside data": f"""query ($type: String = "Course", $deprecated: Boolean = false) {{
      a: __type(name: "Level") {{ name }} {COURSE} {{ title __typename }} ...Meta
      __schema {{ queryType {{ name }} }} z: __typename ... on Query {{ __schema {{ types {{ kind }} }} }} }}
      fragment Meta on Query {{ t: __type(name: "Course") {{ name kind
        fields(includeDeprecated: $deprecated) {{ name }} }} __schema {{ directives {{ name }} }} }}""",
    "errors in introspection beside data": f"""query ($deprecated: Boolean = false) {{ a: {COURSE} {{ title }}
      t: __type(name: "Course") {{ name fields(includeDeprecated: $deprecated) {{ name }} }}
      b: {COURSE} {{ code }} }}""",
    "an error in introspection that takes everything along": f"""query ($deprecated: Boolean = false) {{
      {COURSE} {{ title }} bad: courses(first: 0) {{ edges {{ cursor }} }} __schema {{
      directives {{ args(includeDeprecated: $deprecated) {{ name }} }} }} }}""",
    "introspection with conditions": """query ($yes: Boolean = true) { __schema @skip(if: $yes) { types { name } }
      t: __type(name: "Query") @include(if: $yes) { name @skip(if: $yes) kind ...Part } }
      fragment Part on __Type { fields @include(if: $yes) { name } }""",
    "a condition at the root that is null": f"query ($yes: Boolean = true) {{ {COURSE} @skip(if: $yes) {{ title }} }}",
    "a condition below that is null": f"""query ($yes: Boolean = true) {{ {COURSE} {{ title
      modules {{ title children {{ title @include(if: $yes) }} }} offerings(first: 1) {{ edges {{ cursor
      ... @skip(if: $yes) {{ cursor }} }} }} }} }}""",
    "a condition in an interface that is null": """query ($yes: Boolean = true) { nodes(ids: ["$LESSON", "$VIDEO"]) {
      id ... on Module { title @skip(if: $yes) } ... on VideoContent { url } } }""",
    "overlapping fragments of two interfaces": """{ nodes(ids: ["$LESSON", "$VIDEO"]) { ...N ... on ContentItem { ...N
      course { code } title } ... on VideoContent { course { title } ...C } ... on Module { ...N title } } }
      fragment N on Node { id ... on ContentItem { id module { title } } }
      fragment C on ContentItem { module { moduleType } course { code title } }""",
    "a union in an interface": """{ nodes(ids: ["$LESSON", "$VIDEO", "$TEXT"]) { ... on TextContent { blocks {
      __typename ... on HeadingBlock { text level } ... on ParagraphBlock { text } ... on ImageBlock { asset { url } }
      ... on LinkListBlock { links { url } } } } ... on Node { __typename id } } }""",
    "default, omitted and null arguments of a transcript": """query ($from: Float, $text: String = "forces") {
      contentItem(id: "$VIDEO") { ... on VideoContent { transcript {
        a: segments { text } b: segments(fromSeconds: $from) { text } c: segments(search: $text) { text }
        d: segments(search: null, fromSeconds: null) { text }
        e: segments(toSeconds: 4.5, search: "") { text } } } } }""",
    "a variable in a nested input object": """query ($code: String = "P101") { a: course(by: {code: $code}) { title }
      b: university(by: {shortCode: $code}) { name } c: course(by: {code: "P101"}, id: null) { title } }""",
    "__typename under every sort of type": """{ __typename nodes(ids: ["$LESSON", "x"]) { __typename
      ... on Module { __typename contentItems { __typename ... on Node { again: __typename }
      ... on TextContent { blocks { __typename } } } } }
      courses(first: 1) { __typename edges { __typename node { __typename } } pageInfo { __typename } } }""",
    "a failing field before, between and behind others": """{ nodes(ids: ["$LESSON", "$VIDEO"]) { id
      ... on Module { course { title a: offerings(first: 0) { edges { cursor } } code } title }
      ... on VideoContent { title course { offerings(first: 1, last: 1) { edges { cursor } } } url } }
      bad: courses(first: 0) { edges { cursor } } good: domains { code } }""",
}  # fmt: skip
VARIABLES = [
    {},
    {"deprecated": None, "yes": None, "type": None, "from": None, "text": None, "code": None},
    {"deprecated": True, "yes": False, "from": 5, "text": "motion", "code": "nothing"},
]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("number", range(len(VARIABLES)))
async def test_named_cases(app_engine, world, name, number, caplog):
    caplog.set_level("CRITICAL")
    document = parse(filled(CASES[name], world))
    variables = {key: value for key, value in VARIABLES[number].items() if f"${key}" in CASES[name]}
    errors = [e for e in validate(SCHEMA.graphql, document) if "never used" not in e.message]
    assert errors == []
    for viewer in (
        Viewer(None, world.alpha.university["id"]),
        Viewer(world.people["student"], world.alpha.university["id"], frozenset({"student"}), Standing.MEMBER),
    ):
        await assert_same(app_engine, viewer, document, variables)


LISTS = {
    "null items": [None, "a", None],
    "a null list": None,
    "an empty list": [],
    "a tuple": ("a", "b"),
    "a text for a list": "text",
    "a mapping for a list": {"a": 1},
    "a number for a list": 3,
    "a list of lists": [["a"], ["b"]],
    "a set of one": {"a"},
    "bytes": b"bytes",
}


@pytest.mark.parametrize("name", LISTS)
async def test_lists(name, caplog):
    caplog.set_level("CRITICAL")
    schema, value = leaf_schema(LEAVES["String"]), LISTS[name]
    shapes = [key for key in values(None) if key.startswith("list")]
    for wrapped in (value, [value], [[value]]):
        for kind, shape in itertools.product(("read", "call"), shapes):
            thing = Thing(**{f"{kind}_{shape}": wrapped})
            text = f"{{ root {{ thing {{ {kind}_{shape} }} either {{ ... on Thing {{ {kind}_{shape} }} }} }} }}"
            ours, theirs = await both(schema, text, Thing(thing=thing, things=[]))
            assert ours == theirs


AT_ONCE = ("child", "childRequired", "children", "childrenRequired")
AWAITED = ("later", "laterRequired", "laterChildren")
FAILURES = ("fail", "failRequired", "none", "failLater", "failLaterRequired")


async def assert_tree(schema, text):
    """Exactly graphql-core's where it waits for nothing; else what it says for one of the timings that it may meet."""
    if "ater" in text:
        await assert_possible(schema, f"{{ root {{ {text} }} }}")
    else:
        ours, theirs = await both(schema, f"{{ root {{ {text} }} }}")
        assert ours == theirs, text


# graphql-core leaves coroutines of a list behind that becomes null.
_LEFT_BEHIND = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@_LEFT_BEHIND
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("depth", [1, 2, 3])
async def test_a_failure_at_every_depth(failure, depth, caplog):
    """Below every sort of parent; with another failure before it, and one behind."""
    caplog.set_level("CRITICAL")
    schema = tree_schema()
    for parents in itertools.product((*AT_ONCE, *AWAITED) if depth < 3 else AT_ONCE, repeat=depth):
        text = f"one: name(by: 1) {failure} two: name null: name(by: null)"
        for parent in reversed(parents):
            text = f"before: fail {parent} {{ a: name {text} c: name }} behind: fail"
        await assert_tree(schema, text)


@_LEFT_BEHIND
@pytest.mark.parametrize("pair", list(itertools.product(FAILURES, FAILURES)), ids="-".join)
async def test_two_failures(pair, caplog):
    """Which of two is reported, in one object and in neighbours."""
    caplog.set_level("CRITICAL")
    schema, (one, two) = tree_schema(), pair
    parents = itertools.product((*AT_ONCE, *AWAITED), repeat=2)
    for first, second in itertools.islice(parents, None, None, 1 if THOROUGH else 4):
        for text in (
            f"{first} {{ x: {one} y: {two} name }} name",
            f"{first} {{ x: {one} }} other: {second} {{ y: {two} }}",
            f"{first} {{ {second} {{ x: {one} }} y: {two} }}",
            f"{first} {{ y: {two} {second} {{ x: {one} }} }}",
        ):
            await assert_tree(schema, text)
