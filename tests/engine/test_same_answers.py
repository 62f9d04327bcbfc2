"""The executor against graphql-core: the same data to the byte and the same errors, for generated documents.

FUZZ_DOCUMENTS and FUZZ_SEED ask for more of them, or for others (`make fuzz`).
"""

import os

import orjson
import pytest
from graphql import parse, validate

from lms_graphql.engine.context import EVERYTHING, Context, Standing, Viewer
from lms_graphql.engine.execution import Operation, formatted, operation_of, run, run_by_graphql_core
from lms_graphql.engine.relay import Cursors, GlobalId
from lms_graphql.schema import build
from lms_graphql.storage.snapshot import Snapshot
from tests.engine.documents import Generator

DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "200"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
SCHEMA = build()
TYPES = {
    "video": "VideoContent", "quiz": "QuizContent", "engineering_lab": "EngineeringLabContent", "text": "TextContent",
    "assignment": "AssignmentContent", "resource": "ResourceContent", "root": "Module", "lesson": "Module",
    "hidden": "Module", "course": "Course", "draft": "Course", "public": "CourseOffering", "private": "CourseOffering",
    "department": "Department", "enrollment_0": "Enrollment", "grade_0": "CourseGrade", "asset": "Asset",
    "buried": "TextContent",
}  # fmt: skip


@pytest.fixture(scope="module")
def viewers(world):
    alpha = world.alpha.university["id"]
    return [
        Viewer(None, alpha),
        Viewer(world.people["student"], alpha, frozenset({"student"}), Standing.MEMBER),
        Viewer(world.people["ta"], alpha, frozenset({"ta"}), Standing.STAFF),
        Viewer(world.people["student"], None),
    ]


@pytest.fixture(scope="module")
def ids(world):
    found = {"nothing": ["nothing", str(GlobalId("Course", 10**6, 1))]}
    for campus in (world.alpha, world.beta):
        for name, typename in TYPES.items():
            if name in campus.rows:
                row = campus[name]
                found.setdefault(typename, []).append(str(GlobalId(typename, row["id"], row["university_id"])))
    return found


def by_place(data, errors):
    """The errors by the place in the data that they made null: their own, or an ancestor that must not be null.

    Of several errors below one nulled ancestor, which ones are reported depends on which was first, and the
    specification leaves that open: such a place only has to have some on both sides. All others are compared whole.
    """
    places: dict = {}
    for error in errors:
        value, place = data, []
        for key in error.get("path", []):
            if value is None:
                break
            value, place = value[key], [*place, key]
        own = place == error.get("path", [])
        places.setdefault(tuple(place), []).append(orjson.dumps(error) if own else "below")
    return {place: ["below"] if "below" in found else sorted(found) for place, found in places.items()}


async def answer(engine, viewer, execute, document, variables, selects=EVERYTHING, **options):
    """The data as bytes, and the errors as a client would get them, by place."""
    async with Snapshot(engine) as snapshot:
        await snapshot.act_for(viewer.university_id, viewer.user_id)
        context = Context(viewer, snapshot, Cursors(b"x"), nodes=SCHEMA.nodes, selects=selects)
        result = await execute(SCHEMA.graphql, document, context, variables=variables, **options)
        errors = [formatted(error, "id") for error in result.errors or ()]
        return orjson.dumps(result.data), by_place(result.data, errors)


async def test_generated_documents(app_engine, viewers, ids, caplog):
    caplog.set_level("CRITICAL")  # masked errors are logged, and many are meant here
    generator, planned, erroneous = Generator(SCHEMA.graphql, SEED, ids), 0, 0
    for number in range(DOCUMENTS):
        text, variable_sets = generator.document()
        document = parse(text)
        assert validate(SCHEMA.graphql, document) == [], text
        operations: dict = {}
        for variables in variable_sets:
            viewer = viewers[number % len(viewers)]
            ours = await answer(app_engine, viewer, run, document, variables, operations=operations)
            theirs = await answer(app_engine, viewer, run_by_graphql_core, document, variables)
            assert ours[0] == theirs[0], (number, text, variables)
            assert ours[1] == theirs[1], (number, text, variables)
            erroneous += bool(ours[1])
        (operation,) = operations.values()
        planned += all(plan is not None for plan in operation._plans.values())
    assert planned == DOCUMENTS  # nothing of our schema goes to graphql-core
    assert erroneous > DOCUMENTS / 20  # the errors were compared too


def test_introspection_has_no_plan():
    document = parse("{ __schema { queryType { name } } }")
    operation = operation_of(SCHEMA.graphql, document, None)
    assert isinstance(operation, Operation)
    assert operation.plan(operation.variables({})) is None
