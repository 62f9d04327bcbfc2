"""What the workbench offers: whom to act as, and examples that run against the demo."""

from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncEngine

from lms_graphql.catalog.models import Course
from lms_graphql.engine.relay import GlobalId
from lms_graphql.engine.rows import Row, record
from lms_graphql.examples import EXAMPLES
from lms_graphql.server.authentication import Authenticator
from lms_graphql.server.workbench import Identity, Tab, WorkbenchConfig
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import University, UniversityMember, UserUniversityRole

DEMO_UNIVERSITY = "DEMO"
DEMO_COURSE = "ME101"
_DAY_SECONDS = 24 * 60 * 60

_ANONYMOUS = Identity("anonymous", {})
_Plain = record("Plain", tenant=False)
_role = cast(UserUniversityRole.role, Text)
_DEMO = Statement(select(University.id).where(University.short_code == DEMO_UNIVERSITY, University.is_active))
_PEOPLE = Statement(
    select(_role.label("role"), UniversityMember.user_id, UniversityMember.display_name)
    .join(
        UniversityMember,
        (UniversityMember.university_id == UNIVERSITY) & (UniversityMember.user_id == UserUniversityRole.user_id),
    )
    .where(UserUniversityRole.university_id == UNIVERSITY)
    .ext(distinct_on(UserUniversityRole.role))
    .order_by(UserUniversityRole.role, UniversityMember.user_id)
)
_COURSES = Statement(
    select(Course.id, Course.code)
    .where(Course.university_id == UNIVERSITY, Course.is_published.is_(True))
    .order_by(Course.code != DEMO_COURSE, Course.id)
    .limit(1)
)


async def workbench_config(engine: AsyncEngine, authenticator: Authenticator, *, development: bool) -> WorkbenchConfig:
    """The workbench's start: of the demo university where it is loaded; tokens only in development."""
    async with Snapshot(engine) as snapshot:
        demo = await snapshot.fetch(_DEMO, {}, _Plain)
        if not demo:
            return WorkbenchConfig(
                "/graphql", [_ANONYMOUS], notice="No demo data here: lms-graphql demo loads a university to try."
            )
        university_id: int = demo[0]["id"]
        await snapshot.act_for(university_id, None)
        people = await snapshot.fetch(_PEOPLE, {"university_id": university_id}, _Plain)
        courses = await snapshot.fetch(_COURSES, {"university_id": university_id}, _Plain)
    identities = [_identity(person, authenticator) for person in people] if development else []
    return WorkbenchConfig(
        f"/u/{DEMO_UNIVERSITY}/graphql", [*identities, _ANONYMOUS], _tabs(university_id, courses), notice=None
    )


def _identity(person: Row, authenticator: Authenticator) -> Identity:
    token = authenticator.issue(person["user_id"], step=_DAY_SECONDS)  # a page and its reload find the same
    return Identity(f"{person['role']}: {person['display_name']}", {"Authorization": f"Bearer {token}"})


def _tabs(university_id: int, courses: list[Any]) -> list[Tab]:
    course_id = str(GlobalId("Course", courses[0]["id"], university_id)) if courses else ""
    return [Tab(example.title, example.query, example.variables.replace("$COURSE", course_id)) for example in EXAMPLES]
