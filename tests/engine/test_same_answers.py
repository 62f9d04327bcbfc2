"""The executor against graphql-core: the same data to the byte and the same errors, for generated documents.

FUZZ_DOCUMENTS and FUZZ_SEED ask for more of them, or for others (`make fuzz`).
"""

import asyncio
import os
import random
from pathlib import Path

import orjson
import pytest
import strawberry
from graphql import get_introspection_query, parse, validate

from lms_graphql.certificates.credentials import Signer
from lms_graphql.certificates.guesses import Guesses
from lms_graphql.engine.context import EVERYTHING, Context, Reach, Standing, Teaching, Viewer
from lms_graphql.engine.execution import fallbacks, formatted, run, run_by_graphql_core
from lms_graphql.engine.relay import Cursors, GlobalId
from lms_graphql.schema import build
from lms_graphql.storage import files
from lms_graphql.storage.files import Files, LocalFiles
from lms_graphql.storage.points import PointStore
from lms_graphql.storage.snapshot import Snapshot
from tests.databases import DEMO_SIGNER
from tests.engine.documents import Generator

DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "200"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
SCHEMA = build()
MOST_TIMINGS = 50
EXPECTED_CODES = {"BAD_CURSOR", "BAD_USER_INPUT", "UNIVERSITY_REQUIRED"}
TYPES = {
    "video": "VideoContent", "quiz": "QuizContent", "engineering_lab": "EngineeringLabContent", "text": "TextContent",
    "assignment": "AssignmentContent", "resource": "ResourceContent", "root": "Module", "lesson": "Module",
    "hidden": "Module", "course": "Course", "draft": "Course", "public": "CourseOffering", "private": "CourseOffering",
    "department": "Department", "enrollment_0": "Enrollment", "grade_0": "CourseGrade", "asset": "Asset",
    "buried": "TextContent", "term": "Term", "section": "OfferingSection", "teaches_section": "OfferingInstructor",
    "event": "EnrollmentEvent", "attempt_0": "QuizAttempt", "posted_0": "Submission", "pool": "QuestionPool",
    "question_1": "Question",
}  # fmt: skip


@pytest.fixture(scope="module")
def viewers(world):
    alpha, private = world.alpha.university["id"], world.alpha["private"]
    teaching = Teaching(private["id"], private["course_id"], "ta")
    return [
        Viewer(None, alpha),
        Viewer(world.people["student"], alpha, frozenset({"student"}), Standing.MEMBER),
        Viewer(world.people["ta"], alpha, frozenset({"ta"}), Standing.STAFF, Reach((), (teaching,))),
        Viewer(world.people["admin"], alpha, frozenset({"university_admin"}), Standing.ADMIN),
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


class Unhurried(Context):
    """Statements that wait for a while, by chance, before they are sent and after they are answered."""

    chance = random.Random(0)  # noqa: S311 - repeatable, not secret

    async def fetch(self, *arguments, **options):
        await self._dawdle()
        try:
            return await super().fetch(*arguments, **options)
        finally:
            await self._dawdle()

    async def _dawdle(self):
        for _ in range(self.chance.choice((0, 0, 1, 3, 10, 30))):
            await asyncio.sleep(0)


def services(engine):
    """What fields need besides the snapshot; nobody is refused a guess, which would depend on the answers before."""
    guesses = Guesses(PointStore(engine, capacity=10**15, per_second=10**9))
    return {Signer: DEMO_SIGNER, Guesses: guesses, Files: Files(LocalFiles(Path("unused"), b"secret", 1))}


@pytest.fixture(scope="module", autouse=True)
def stopped_clock():
    """Addresses of files tell until when they are good."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "clock", lambda: 1_800_000_000.0)
        yield


async def answer(engine, viewer, execute, document, variables, selects=EVERYTHING, context_class=Context, **options):
    """The data and the errors, as a client would get them, in bytes."""
    async with Snapshot(engine) as snapshot:
        await snapshot.act_for(viewer.university_id, viewer.user_id)
        given = {"nodes": SCHEMA.nodes, "selects": selects, "services": services(engine)}
        context = context_class(viewer, snapshot, Cursors(b"x"), **given)
        result = await execute(SCHEMA.graphql, document, context, variables=variables, **options)
        return orjson.dumps(result.data), orjson.dumps([formatted(error, "id") for error in result.errors or ()])


async def reference(*arguments, **options):
    """graphql-core's answer; None where it gave up.

    A field that fails cancels those beside it, and one of them may wait for the same future of a loader as a field
    elsewhere, which is then cancelled too: with some timings graphql-core has no answer.
    """
    try:
        return await answer(*arguments[:2], run_by_graphql_core, *arguments[2:], **options)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return None


async def assert_same(engine, viewer, document, variables, note=None, *, operation_name=None, **options):
    """Assert that our answer is graphql-core's, whole and in order; returns it.

    graphql-core goes on with whatever its loaders answer first. The order of errors in different parts of the answer
    depends on that, and so does which of several failures below a nulled ancestor is reported, for the first one
    cancels the others. So it is asked again, with statements that take different times, while its errors differ from
    ours: ours must be what it says for one of these timings. Where its errors don't depend on timing, that is always
    the same, and ours has to be just that. There are more orders than can be tried: after the last one the errors must
    be those of a timing in some other order, or as many of the same kinds in other places (graphql-core, which waits
    for what it has begun before it tells of a failure, never tells of some that ours comes upon first), or, where the
    whole answer is nulled, of the same kinds. That counts as one timing more, and is bounded; so do graphql-core having
    no answer with any timing, and its telling of more errors below what is nulled anyhow.
    """
    names = {"operation_name": operation_name}
    ours = await answer(engine, viewer, run, document, variables, **names, **options)
    theirs = await reference(engine, viewer, document, variables, **names)
    timings, said = 0, [in_no_order(theirs)]
    while (theirs is None or (ours != theirs and ours[0] == theirs[0])) and timings < MOST_TIMINGS:
        timings += 1
        Unhurried.chance.seed(timings)
        theirs = await reference(engine, viewer, document, variables, context_class=Unhurried, **names)
        said.append(in_no_order(theirs))
    if timings == MOST_TIMINGS and all(data is None for data, _ in said):  # with no timing did it have an answer
        return ours, timings + 1
    if ours != theirs and timings == MOST_TIMINGS:
        elsewhere = failures_alone(ours) in [failures_alone(one) for one in said]
        nulled = ours[0] == b"null" and kinds_of(ours) in [kinds_of(one) for one in said]
        if in_no_order(ours) in said or elsewhere or nulled or any(tells_of(one, in_no_order(ours)) for one in said):
            return ours, timings + 1
    assert ours == theirs, note
    return ours, timings


def in_no_order(answered):
    """An answer with its errors in an order that says nothing."""
    data, errors = answered or (None, b"[]")
    return data, sorted(orjson.dumps(error) for error in orjson.loads(errors))


def tells_of(theirs, ours):
    """Whether theirs has the same data and all errors of ours, and more of them.

    Below an ancestor that one error has nulled already, the specification leaves it open whether others are told.
    """
    return theirs[0] == ours[0] and set(ours[1]) < set(theirs[1])


def kinds_of(answered):
    """An answer with the kinds of its errors: where all of it is nulled, how many are told of each is left open."""
    data, errors = failures_alone(answered)
    return data, set(errors)


def failures_alone(answered):
    """An answer with what its errors say, not where."""
    data, errors = answered if isinstance(answered[1], list) else in_no_order(answered)
    told = (orjson.loads(error) for error in errors)
    return data, sorted((error["message"], orjson.dumps(error["extensions"])) for error in told)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # graphql-core's, when it gives up
async def test_generated_documents(app_engine, viewers, ids, caplog):
    """Each document three times through its cached plans, with other variables, operation names and viewers."""
    caplog.set_level("CRITICAL")  # masked errors are logged, and many are meant here
    fallbacks.clear()
    generator, erroneous, asked_again, reordered = Generator(SCHEMA.graphql, SEED, ids), 0, 0, 0
    names, codes = set(), set()
    for number in range(DOCUMENTS):
        text, runs = generator.document()
        document = parse(text)
        assert validate(SCHEMA.graphql, document) == [], text
        operations: dict = {}
        for turn, (name, variables) in enumerate(runs):
            viewer = viewers[(number + turn) % len(viewers)]
            (_, errors), timings = await assert_same(
                app_engine,
                viewer,
                document,
                variables,
                (number, text, name, variables, viewer),
                operation_name=name,
                operations=operations,
            )
            erroneous += errors != b"[]"
            asked_again += timings > 0
            reordered += timings > MOST_TIMINGS
            names.add(name)
            codes |= {error["extensions"]["code"] for error in orjson.loads(errors)}
    print(f"{DOCUMENTS} documents, {erroneous} answers with errors")  # noqa: T201
    print(f"{asked_again} whose errors depend on timing, {reordered} in an order not met")  # noqa: T201
    assert not fallbacks  # nothing of our schema goes to graphql-core
    assert codes <= EXPECTED_CODES  # what a valid document can get wrong, and nothing of ours
    assert names == {None, "Generated", "One", "Two", "Three"}
    assert erroneous > DOCUMENTS / 20  # the errors were compared too
    assert asked_again < erroneous / 5
    assert reordered <= DOCUMENTS / 2000


async def test_introspection_has_a_plan(app_engine, viewers):
    fallbacks.clear()
    for query in (
        get_introspection_query(),
        get_introspection_query(specified_by_url=True, input_value_deprecation=True),
    ):
        await assert_same(app_engine, viewers[0], parse(query), {})
    assert not fallbacks


async def test_what_has_no_plan_is_counted(app_engine, viewers):
    """A field that only its resolver can tell sends the operation to graphql-core, and leaves its name."""

    @strawberry.type
    class Query:
        @strawberry.field
        def coded(self) -> str:
            return "by a resolver"

    fallbacks.clear()
    schema, document = strawberry.Schema(Query)._schema, parse("{ coded }")
    context = Context(viewers[0], Snapshot(app_engine), Cursors(b"x"))
    assert (await run(schema, document, context)).data == {"coded": "by a resolver"}
    assert fallbacks == {"coded": 1}
