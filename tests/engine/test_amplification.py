"""What failures cost: a document with one bad id or malformed row in a hundred costs about what the clean one does.

CPU of this process from the document to the encoded bytes, logging included; medians of runs that take turns.
AMPLIFICATION_RUNS asks for more of them (`make amplification`).
"""

import contextlib
import json
import logging
import os
import statistics
import time
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from graphql import parse, validate

from lms_graphql.content import loaders, payloads
from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.execution import formatted_all, run
from lms_graphql.engine.relay import Cursors, GlobalId
from lms_graphql.schema import build
from lms_graphql.storage.database import connect
from lms_graphql.storage.snapshot import Snapshot
from tests.world import KINDS, Rows

RUNS = int(os.environ.get("AMPLIFICATION_RUNS", "15"))
MOST = 1.3
SCHEMA = build()
ITEM = """id title sequenceIndex estimatedDurationSeconds module { title } course { code }
    ... on VideoContent { provider url durationSeconds } ... on QuizContent { quizMode }"""
BY_IDS = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on ContentItem {{ {ITEM} }} }} }}"
SYLLABUS = f"""query ($id: ID!) {{ domains {{ code }}
    module(id: $id) {{ title course {{ code }} contentItems {{ ... on ContentItem {{ {ITEM} }} }} }} }}"""


class Lessons:
    """Two lessons of 200 items, the second with two that have a malformed payload; the last item of both is a quiz."""

    def __init__(self, clean, malformed, items):
        self.clean, self.malformed = clean, malformed
        self.videos = [gid("VideoContent", row) for row in items[:99]]
        self.last, self.quiz = gid("VideoContent", items[99]), gid("QuizContent", items[-1])


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


@pytest.fixture(scope="module")
async def lessons(database, world):
    driver = await connect(database.owner)
    rows = Rows(driver)
    course = await rows.add("courses", university_id=world.alpha.university["id"], code="LARGE", title="A draft")
    made = {}
    for position, name in enumerate(("clean", "malformed"), start=1):
        made[name] = module = await rows.module(course, title=name, sequence_index=position)
        items = []
        for number in range(200):
            kind = "quiz" if number == 199 else "video"
            broken = name == "malformed" and number in {50, 150}
            payload = json.dumps({"url": 5}) if broken else KINDS[kind]
            items.append(await rows.item(module, kind, payload, sequence_index=number + 1))
        if name == "clean":
            first = items
    yield Lessons(gid("Module", made["clean"]), gid("Module", made["malformed"]), first)
    await rows.remove_course(course)
    await driver.close()


@pytest.fixture
def log():
    """Log as a server does, to a file that nobody reads; pytest's own capture would cost more than the request."""
    logger = logging.getLogger("lms_graphql")
    with Path(os.devnull).open("w") as sink:
        handler = logging.StreamHandler(sink)
        logger.addHandler(handler)
        logger.propagate = False
        yield
        logger.propagate = True
        logger.removeHandler(handler)


def unreadable(kind, data, *, item_id):
    """In place of `payloads.decode`: a quiz raises, which the real one never does."""
    if kind == "quiz":
        raise ValueError(data)
    return payloads.decode(kind, data, item_id=item_id)


BREAK = {
    "nothing": ({}, payloads.decode),
    "typename": ({"quiz": "NoSuchContent"}, payloads.decode),
    "payload": ({}, unreadable),
}


@contextlib.contextmanager
def broken(what):
    """For a while, a quiz has no type, or no payload that could be read."""
    typenames, decode = BREAK[what]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaders.ContentRow, "typenames", {**loaders.TYPENAMES, **typenames})
        patch.setattr(loaders, "payloads", SimpleNamespace(decode=decode))
        yield


async def cost(engine, document, variables, what):
    """Seconds of CPU, and the answer."""
    viewer, text, operations = document
    with broken(what):
        async with Snapshot(engine) as snapshot:
            await snapshot.act_for(viewer.university_id, viewer.user_id)
            context = Context(viewer, snapshot, Cursors(b"x"), nodes=SCHEMA.nodes)
            start = time.process_time()
            result = await run(SCHEMA.graphql, text, context, variables=variables, operations=operations)
            payload = {"data": result.data, "errors": formatted_all(result.errors or (), "id")}
            encoded = orjson.dumps(payload)
            return time.process_time() - start, orjson.loads(encoded)


CASES = {
    "a bad id in a hundred": (
        BY_IDS, lambda made: [*made.videos, made.last], lambda made: [*made.videos, "nothing"], "nothing", 0
    ),
    "a field of a row in a hundred that fails": (
        BY_IDS, lambda made: [*made.videos, made.quiz], lambda made: [*made.videos, made.quiz], "payload", 1
    ),
    "two malformed payloads in 200": (SYLLABUS, lambda made: made.clean, lambda made: made.malformed, "nothing", 0),
    "a field of a row in 200 that fails": (SYLLABUS, lambda made: made.clean, lambda made: made.clean, "payload", 1),
    "a row in 200 that takes its parent along": (
        SYLLABUS, lambda made: made.clean, lambda made: made.clean, "typename", 1
    ),
}  # fmt: skip


@pytest.mark.alone
@pytest.mark.parametrize("name", CASES)
async def test_failures_are_not_amplified(app_engine, world, lessons, log, name):
    text, clean, failing, what, errors = CASES[name]
    variable = "ids" if text is BY_IDS else "id"
    viewer = Viewer(
        world.people["admin"], world.alpha.university["id"], frozenset({"university_admin"}), Standing.ADMIN
    )
    parsed = parse(text)
    assert validate(SCHEMA.graphql, parsed) == []
    documents = {kind: (viewer, parsed, {}) for kind in ("clean", "broken")}  # a plan remembers the types of rows
    seconds = {"clean": [], "broken": []}
    for _ in range(RUNS + 3):  # the first make plans and connections
        for kind, given, breaking in (("clean", clean(lessons), "nothing"), ("broken", failing(lessons), what)):
            spent, answer = await cost(app_engine, documents[kind], {variable: given}, breaking)
            seconds[kind].append(spent)
            assert len(answer["errors"]) == (errors if kind == "broken" else 0)
    before, after = (statistics.median(seconds[kind][3:]) for kind in ("clean", "broken"))
    print(f"{name}: {before * 1e3:.2f} ms clean, {after * 1e3:.2f} ms broken, {after / before:.2f} times")  # noqa: T201
    assert after <= MOST * before
