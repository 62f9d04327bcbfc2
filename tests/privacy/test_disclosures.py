"""Who has seen whose record is written down before the answer is sent; who sees only their own pays nothing."""

import inspect
import re

import pytest
from sqlalchemy import select

from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.dataloaders import Many
from lms_graphql.engine.relay import GlobalId
from lms_graphql.engine.rows import record
from lms_graphql.grades.models import CourseGrade
from lms_graphql.privacy.types import DisclosureKind
from lms_graphql.storage.database import connect
from tests.conftest import running_api
from tests.test_walls import LOADERS

RECORDED = "SELECT user_id, viewer_id, kind, request_id FROM disclosures ORDER BY kind, user_id"


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


@pytest.fixture
async def quiet(campus):
    """A copy of one's own in which nothing was disclosed yet, with its API."""
    database, world = campus
    driver = await connect(database.owner)
    await driver.execute("DELETE FROM disclosures")
    async with running_api(database.app) as api:
        yield api, world, driver
    await driver.close()


# ---- every loader of records says so

RECORDS = re.compile(
    "CourseEnrollment|EnrollmentEvent|UserModuleProgress|UserContentProgress|QuizAttempt|LabSubmission|CourseGrade|"
    "GradeItemScore|GradeOverride|Certificate|Disclosure"
)
TELL_NOTHING = {
    "QuestionsByAttempt": "keyed by an attempt, whose loader tells",
    **dict.fromkeys(("KeysByAttempt", "ReviewByAttempt"), "keyed by an attempt, whose loader tells"),
    "CellsByEnrollment": "keyed by a row of the gradebook, whose loader tells",
    "WaitlistPositionByEnrollment": "keyed by an enrollment, whose loader tells",
    **dict.fromkeys(("ViewerWaitlistPosition", "EligibilityByCourse", "EligibilityByOffering"), "the viewer's own"),
    **dict.fromkeys(("OfferingStates", "SettingForViewer", "DueByUser", "DueByOffering"), "the viewer's own"),
    "SettingById": "what is set for all or for a section",
    **dict.fromkeys(("CourseEnrollmentCounts", "LessonTemplateProgressByUniversity"), "numbers of people"),
}
"""Loaders whose statements name a table of records, and that disclose none, each with the reason."""


def is_silent(loader):
    """Whether a loader's statement, or that of what it is made from, reads records, and its rows do not say so."""
    bases = [base for base in loader.__mro__ if base is loader or base.__name__.startswith("_")]
    return not loader.row.discloses and any(RECORDS.search(inspect.getsource(base)) for base in bases)


def test_kinds_are_those_that_clients_know():
    kinds = {loader.row.discloses for loader in LOADERS} - {""}
    assert kinds <= {kind.value for kind in DisclosureKind}
    assert {kind.value for kind in DisclosureKind} - kinds == {"export", "view_as"}


def test_every_loader_of_records_declares_it_or_says_why_not():
    silent = {loader.__name__ for loader in LOADERS if is_silent(loader)}
    assert silent - set(TELL_NOTHING) == set()


def test_a_loader_that_does_not_would_be_named():
    """The proof that the test above can fail."""

    class GradesOfEverybody(Many[int]):
        row = record("CourseGrade")

        def query(self):
            return select(CourseGrade.user_id)

    assert is_silent(GradesOfEverybody)


# ---- what is written down


GRADES = """query ($id: ID!) { offering(id: $id) {
  grades(first: 9) { edges { node { finalScore user { displayName } } } }
  again: grades(first: 9) { edges { node { id } } } } }"""


async def test_staff_reading_records_is_written_down_once_for_each_person_and_kind(quiet):
    api, world, driver = quiet
    variables, ta = {"id": gid("CourseOffering", world.alpha["private"])}, world.people["ta"]
    data = await api.data(GRADES, variables, user=ta)
    people = [world.people[name] for name in ("student", "other")]
    assert len(data["offering"]["grades"]["edges"]) == 2
    assert len(api.statements) == 3  # as before: what is written down is no statement of the snapshot
    assert [tuple(row) for row in await driver.fetch(RECORDED)] == [
        (person, ta, "grades", "test-request") for person in people
    ]


async def test_private_data_counts_only_when_it_is_asked_for(quiet):
    api, world, driver = quiet
    ask = "query ($id: ID!) { user(id: $id) { %s } }"
    variables = {"id": str(GlobalId("User", world.people["other"], world.alpha.university["id"]))}
    await api.data(ask % "displayName", variables, user=world.people["ta"])
    assert await driver.fetch(RECORDED) == []
    for field in ("email", "studentNumber", "memberStatus", "roles { role }"):
        await driver.execute("DELETE FROM disclosures")
        await api.data(ask % field, variables, user=world.people["ta"])
        assert [row["kind"] for row in await driver.fetch(RECORDED)] == ["private_data"], field


async def test_ones_own_record_is_no_disclosure_and_costs_nothing(quiet, monkeypatch):
    api, world, driver = quiet
    monkeypatch.setattr(api.service, "disclose", None)  # it would fail
    document = "{ viewer { user { email roles { role } } enrollments(first: 5) { edges { node { grade { id } } } } } }"
    data = await api.data(document, user=world.people["student"])
    assert len(data["viewer"]["enrollments"]["edges"]) == 2
    await api.data("{ universities(first: 1) { edges { node { id } } } }", university=None)
    assert await driver.fetch(RECORDED) == []


async def test_what_cannot_be_written_down_is_not_shown(quiet):
    api, world, driver = quiet
    await driver.execute("REVOKE INSERT ON disclosures FROM lms_app")
    response = await api.post(GRADES, {"id": gid("CourseOffering", world.alpha["private"])}, user=world.people["ta"])
    assert response.status_code == 503
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "data" not in response.json()
    assert "finalScore" not in response.text


SEEN = """query ($id: ID!) { user(id: $id) { disclosures(first: 9) {
  edges { node { kind requestId seenBy { displayName } } } } } }"""


@pytest.mark.parametrize(("name", "sees"), [("student", True), ("admin", True), ("ta", False), ("instructor", False)])
async def test_who_sees_who_has_seen(quiet, name, sees):
    api, world, _ = quiet
    await api.data(GRADES, {"id": gid("CourseOffering", world.alpha["private"])}, user=world.people["instructor"])
    variables = {"id": str(GlobalId("User", world.people["student"], world.alpha.university["id"]))}
    data = await api.data(SEEN, variables, user=world.people[name])
    node = {"kind": "GRADES", "requestId": "test-request", "seenBy": {"displayName": "ALPHA instructor"}}
    assert data["user"]["disclosures"]["edges"] == ([{"node": node}] if sees else [])


@pytest.mark.parametrize(("name", "university"), [(None, "ALPHA"), ("other", "ALPHA"), ("beta_admin", "BETA")])
async def test_nobody_else_sees_them(quiet, name, university):
    api, world, _ = quiet
    await api.data(GRADES, {"id": gid("CourseOffering", world.alpha["private"])}, user=world.people["ta"])
    variables = {"id": str(GlobalId("User", world.people["student"], world.alpha.university["id"]))}
    user = world.people[name] if name else None
    assert await api.data(SEEN, variables, user=user, university=university) == {"user": None}


def test_the_hook_for_whatever_else_discloses():
    """`viewAs` notes what it does in the same way; the viewer's own number does not count."""
    context = Context(Viewer(7, 1, frozenset(), Standing.STAFF), None, None)
    context.disclose("view_as", [5, 7, None, 5])
    assert context.disclosed == {("view_as", 5)}
    seen = Context(Viewer(5, 1, frozenset(), Standing.MEMBER, seen_by=7), None, None)
    seen.disclose("grades", [5, 7])
    assert seen.disclosed == {("grades", 5)}
