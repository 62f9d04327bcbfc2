"""Three people author two courses at once, thousands of times: the tree stays one, and the audit log tells it all.

Each step is one act of each of the three, drawn by hypothesis and sent at the same moment over HTTP. After each step
the tables must be a tree, and equal to what the audit log makes of the state before: see `authoring_replay`.
"""

import asyncio
import operator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.changing.authoring_replay import Replay, State, require_tree, stored
from tests.conftest import running_api
from tests.databases import temporary_database
from tests.world import Rows, build_world

PEOPLE = ("admin", "instructor", "department_admin")
MOST_MODULES = 80
ERRORS = "errors { code message path currentVersion }"
REFUSED = {"NOT_FOUND", "FORBIDDEN", "CONFLICT", "INVALID", "CLOSED", "LIMIT_REACHED"}
KINDS = {
    "text": {"blocks": [{"paragraph": {"text": "Things fall."}}, {"math": {"latex": "F = ma"}}]},
    "video": {"provider": "YOUTUBE", "videoId": "dQw4w9WgXcQ", "durationSeconds": 212},
    "resource": {"resources": [{"label": "More", "url": "https://example.org/more"}]},
    "assignment": {"instructions": "Measure g.", "submissionTypes": ["TEXT"], "maxPoints": 20},
}
TYPENAMES = {
    "video": "VideoContent", "quiz": "QuizContent", "engineering_lab": "EngineeringLabContent", "text": "TextContent",
    "assignment": "AssignmentContent", "resource": "ResourceContent",
}  # fmt: skip
INPUTS = {
    **dict.fromkeys(("archiveModule", "restoreModule", "deleteModule"), "ModuleInput"),
    "unpublishModule": "PublishModuleInput",
}
MODULE_TYPES = ("UNIT", "CHAPTER", "LESSON", "TOPIC", "SECTION", "LAB", "OTHER")
ACTS = st.sampled_from((
    *("createModule", "moveModule", "moveModule", "reorderModules", "updateModule", "copyModule", "deleteModule"),
    *("publishModule", "unpublishModule", "archiveModule", "restoreModule"),
    *("createContentItem", "moveContentItem", "moveContentItem", "reorderContentItems", "updateContentItem"),
    *("setContentItemActive", "deleteContentItem", "restoreContentItemRevision", "ofBeta"),
))  # fmt: skip
ACT = st.tuples(ACTS, st.integers(0, 999), st.integers(0, 999), st.integers(0, 20))
VERSIONS = """
CREATE TABLE seen_versions (transaction bigint, course_id bigint, version uuid);
CREATE FUNCTION see_version() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO seen_versions VALUES (pg_current_xact_id()::text::bigint, NEW.id, NEW.content_version); RETURN NEW;
END $$;
CREATE TRIGGER see_version AFTER UPDATE OF content_version ON courses FOR EACH ROW EXECUTE FUNCTION see_version();
"""
"""The test's own witness of every content version that there ever was, and of the transaction that made it."""
ENTRIES = (
    "SELECT id, act, entity, entity_id, old_values, new_values FROM audit_log WHERE university_id = $1 AND id > $2"
    " AND (act LIKE 'module%' OR act LIKE 'item.%') ORDER BY id"
)
UNVERSIONED = """
SELECT o.topic FROM outbox o WHERE o.university_id = $1 AND (o.topic LIKE 'module%' OR o.topic LIKE 'item%')
AND NOT EXISTS (SELECT FROM seen_versions v WHERE v.transaction = o.transaction
                AND v.course_id = (o.facts ->> 'courseId')::bigint)
"""


class Campus:
    """ALPHA over HTTP, its tables, and what they were at the last look."""

    def __init__(self, api, owner, world, beta):
        self.api, self.owner, self.world, self.beta = api, owner, world, beta
        self.id = world.alpha.university["id"]
        self.courses, self.state, self.replay = [], State(), Replay(State())
        self.steps, self.done, self.refused = 0, {}, {}
        self.failures = []

    async def begin(self):
        """Two new courses, the first with an instructor, each with a unit, two lessons and an item."""
        rows, alpha = Rows(self.owner), self.world.alpha
        tenant, number = {"university_id": self.id}, self.steps
        self.courses = []
        for name in ("first", "second"):
            course = await rows.add(
                "courses", **tenant, code=f"{name}-{number}", title=name, department_id=alpha["department"]["id"]
            )
            self.courses.append(course["id"])
            unit = await rows.module(course, title="Unit")
            for place in (1, 2):
                lesson = await rows.module(course, unit, title="Lesson", module_type="lesson", sequence_index=place)
            await rows.item(lesson, "text", sequence_index=1)
        offering = await rows.add("course_offerings", **tenant, course_id=self.courses[0])
        await rows.add(
            "course_offering_instructors", **tenant, course_offering_id=offering["id"],
            user_id=self.world.people["instructor"],
        )  # fmt: skip
        last = self.replay.last
        self.state = await stored(self.owner, self.courses)
        self.replay = Replay(self.state)
        self.replay.last = last

    # ---- acts

    def _module(self, number):
        keys = sorted(self.state.modules) or [999_999]
        return keys[number % len(keys)]

    def _item(self, number):
        keys = sorted(self.state.items) or [999_999]
        return keys[number % len(keys)]

    def _id(self, typename, number):
        return str(GlobalId(typename, number, self.id))

    def _item_id(self, key):
        return self._id(TYPENAMES[self.state.items.get(key, {"content_type": "text"})["content_type"]], key)

    def input_of(self, act, a, b, n):
        """The mutation and its input, from three numbers."""
        module, other = self._module(a), self._module(b)
        given = {"moduleId": self._id("Module", module)}
        parent = {"parentId": self._id("Module", other)} if n % 5 else {"parentId": None}
        match act:
            case "createModule":
                where = parent if n % 5 else {"courseId": self._id("Course", self.courses[n % 2])}
                given = {**where, "moduleType": MODULE_TYPES[a % 7], "title": f"Module {a}", "isPublished": bool(b % 2)}
            case "moveModule":
                given |= parent | ({"position": n} if n % 3 == 1 else {})
            case "reorderModules":
                given = self._order(module, n)
            case "updateModule":
                given |= {"title": f"Title {b}"} | ({"description": None} if n % 2 else {"description": f"About {n}"})
            case "copyModule":
                given |= {"parentId": self._id("Module", other)} if n % 3 else {}
            case "publishModule" | "unpublishModule":
                given |= {"subtree": bool(n % 2)}
            case "archiveModule" | "restoreModule" | "deleteModule":
                pass
            case "createContentItem":
                kind = list(KINDS)[b % len(KINDS)]
                given |= {"title": f"Item {b}", "payload": {kind: KINDS[kind]}} | ({"position": 1} if n % 2 else {})
            case "ofBeta":
                return self._of_beta(module, n)
            case _:
                return act, self._of_item(act, b, other, n)
        return act, given

    def _of_item(self, act, b, module, n):
        if act == "reorderContentItems":
            found = [key for key, row in self.state.items.items() if row["module_id"] == module]
            ids = [self._item_id(key) for key in found]
            return {
                "moduleId": self._id("Module", module),
                "contentItemIds": ids[n % (len(ids) + 1) :] + ids[: n % (len(ids) + 1)],
            }
        key = self._item(b)
        given = {"contentItemId": self._item_id(key)}
        revision = self.state.items[key]["revision"] if key in self.state.items else 1
        match act:
            case "moveContentItem":
                return given | {"moduleId": self._id("Module", module)} | ({"position": n} if n % 3 == 1 else {})
            case "updateContentItem":
                given |= {"title": f"Item {n}", "estimatedDurationSeconds": 60 * n}
                return given | ({"expectedRevision": revision - n % 2} if n % 3 else {})
            case "setContentItemActive":
                return given | {"active": bool(n % 2)}
            case "restoreContentItemRevision":
                return given | {"revision": max(1, revision - 1 - n % 3)}
        return given

    def _order(self, module, n):
        if not self.state.modules:
            return {"moduleIds": [self._id("Module", module)]}
        row = self.state.modules[module]
        place = operator.itemgetter("course_id", "parent_module_id")
        siblings = [key for key, other in self.state.modules.items() if place(other) == place(row)]
        turned = siblings[n % len(siblings) :] + siblings[: n % len(siblings)]
        ids = [self._id("Module", key) for key in turned]
        above = row["parent_module_id"]
        where = (
            {"courseId": self._id("Course", row["course_id"])}
            if above is None
            else {"parentId": self._id("Module", above)}
        )
        return {**where, "moduleIds": ids}

    def _of_beta(self, module, n):
        """Something of another university in the input: always refused as what is not there."""
        beta = self.world.beta
        foreign = str(GlobalId("Module", beta["unit"]["id"], beta.university["id"]))
        mine = self._id("Module", module)
        given = {"moduleId": mine, "parentId": foreign} if n % 2 else {"moduleId": foreign, "parentId": mine}
        return "moveModule" if n % 4 < 2 else "copyModule", given

    # ---- a step

    async def step(self, acts):
        """One act of each of the three at once, and what must be true after it."""
        small = len(self.state.modules) < MOST_MODULES
        wanted = [self.input_of(act if small or act != "copyModule" else "deleteModule", *more) for act, *more in acts]
        answers = await asyncio.gather(*(self._sent(person, *one) for person, one in zip(PEOPLE, wanted, strict=True)))
        for (act, *_), (_, given), errors in zip(acts, wanted, answers, strict=True):
            told = self.refused if errors else self.done
            told[act] = told.get(act, 0) + 1
            assert {error["code"] for error in errors} <= REFUSED, (act, given, errors)
            if act == "ofBeta":
                assert [error["code"] for error in errors] == ["NOT_FOUND"], (given, errors)
        self.steps += 1
        await self.look()

    async def _sent(self, person, mutation, given):
        name = INPUTS.get(mutation, f"{mutation[0].upper()}{mutation[1:]}Input")
        document = f"mutation($input: {name}!) {{ {mutation}(input: $input) {{ {ERRORS} }} }}"
        data = await self.api.data(document, {"input": given}, user=self.world.people[person])
        return data[mutation]["errors"]

    async def look(self):
        """The tables are a tree, and what the audit log makes of the last look."""
        self.state = await stored(self.owner, self.courses)
        require_tree(self.state)
        for entry in await self.owner.fetch(ENTRIES, self.id, self.replay.last):
            self.replay.do(entry)
            self.replay.last = entry["id"]
        assert self.replay.state() == self.state

    async def end(self):
        """What need not be asked after every step."""
        assert [row["topic"] for row in await self.owner.fetch(UNVERSIONED, self.id)] == []
        versions = [row["version"] for row in await self.owner.fetch("SELECT version FROM seen_versions")]
        assert len(versions) == len(set(versions)) >= sum(self.done.values()) // 2
        assert await all_of(self.owner, self.world.beta) == self.beta
        wrong = await self.owner.fetchval(
            "SELECT count(*) FROM modules m LEFT JOIN modules p ON (p.university_id, p.id) = (m.university_id,"
            " m.parent_module_id) WHERE m.depth <> coalesce(p.depth + 1, 0) OR m.effective_published IS DISTINCT FROM"
            " (m.is_published AND coalesce(p.effective_published, true))"
        )
        assert wrong == 0


async def all_of(driver, campus):
    """All rows of another university that authors write, as text."""
    tables = ("courses", "modules", "content_items", "content_item_revisions", "audit_log", "outbox")
    query = "SELECT t::text FROM {} t WHERE university_id = $1 ORDER BY 1"
    return {table: await driver.fetch(query.format(table), campus.university["id"]) for table in tables}


class Authors(RuleBasedStateMachine):
    """Hypothesis's, which draws the acts; each example has courses of its own."""

    campus: Campus
    runner: asyncio.Runner

    def __init__(self):
        super().__init__()
        self.runner.run(self.campus.begin())

    @rule(acts=st.tuples(ACT, ACT, ACT))
    def at_once(self, acts):
        try:
            self.runner.run(self.campus.step(acts))
        except Exception as error:
            # Who is first is different each time: what hypothesis makes of a second run may not be this any more.
            self.campus.failures.append(error)
            raise


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def campus(superuser, runner):
    """On the loop of `runner`, since hypothesis calls functions that are not coroutines."""

    async def made():
        async with temporary_database(superuser) as database:
            driver = await connect(database.owner)
            world = await build_world(driver)
            async with running_api(database.app) as api:
                await driver.execute(VERSIONS)
                yield Campus(api, driver, world, await all_of(driver, world.beta))
            await driver.close()

    making = made()
    yield runner.run(anext(making))
    runner.run(anext(making, None))


def run(runner, campus, examples, steps):
    """So many examples of so many steps each."""

    class Here(Authors):
        pass

    Here.campus, Here.runner = campus, runner
    wanted = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None, derandomize=True,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    try:
        run_state_machine_as_test(Here, settings=wanted)
    finally:
        if campus.failures:
            raise campus.failures[0]
    runner.run(campus.end())


def test_three_people_author_at_once(runner, campus):
    run(runner, campus, 3, 20)
    assert campus.steps >= 40


@pytest.mark.proof
def test_two_thousand_steps_of_three_people(runner, campus):
    run(runner, campus, 45, 50)
    assert campus.steps >= 2000
    assert len(campus.done) >= 17, "every kind of act was done"
    assert sum(campus.refused.values()) > 200
    assert sum(campus.done.values()) > 2000
