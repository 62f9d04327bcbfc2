"""Ids in the inputs of mutations: what is another university's is refused as what is not there, and nothing is done.

Made from the schema: every input with an id in it is sent, by the administrator, with an id of each kind.
"""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    get_nullable_type,
)
from graphql.pyutils import Undefined

from lms_graphql.engine.relay import GlobalId
from lms_graphql.platform.policy import may_administer_platform
from lms_graphql.schema import build

SCHEMA = build().graphql
VALUES = {
    "String": "A reason",
    "Int": 1,
    "Boolean": True,
    "Decimal": "1",
    "DateTime": "2026-11-01T12:00:00Z",
    "JSON": {},
}
"""What the other fields of an input are given; a KeyError names the type of one that this file does not know."""


def _of_alpha(typename: str, row: str) -> Callable[[Any], str]:
    """The id of a row of ALPHA, by its name in the world."""
    return lambda world: str(GlobalId(typename, world.alpha[row]["id"], world.alpha.university["id"]))


GOOD_IDS = {
    "offeringId": _of_alpha("CourseOffering", "private"),
    "userId": lambda world: str(GlobalId("User", world.people["student"], world.alpha.university["id"])),
    "contentItemId": _of_alpha("QuizContent", "quiz"),
    "contentItemIds": _of_alpha("QuizContent", "quiz"),
    "moduleId": _of_alpha("Module", "lesson"),
    "enrollmentId": _of_alpha("Enrollment", "enrollment_0"),
    "threadId": _of_alpha("DiscussionThread", "thread"),
    "postId": _of_alpha("DiscussionPost", "post"),
    "reviewId": _of_alpha("CourseReview", "review"),
    "gradeItemId": _of_alpha("GradeItem", "exam"),
    "moduleIds": _of_alpha("Module", "lesson"),
    "courseId": _of_alpha("Course", "course"),
    "prerequisiteId": _of_alpha("Course", "draft"),
    "subjectIds": lambda world: str(GlobalId("Subject", world.alpha["course"]["primary_subject_id"])),
    "primarySubjectId": lambda world: str(GlobalId("Subject", world.alpha["course"]["primary_subject_id"])),
    "assetId": _of_alpha("Asset", "used_asset"),
    "templateId": lambda world: str(GlobalId("ModuleTemplate", world.alpha["template"]["id"])),
    "uploadId": lambda world: str(GlobalId("Upload", 10**9, world.alpha.university["id"])),
    "departmentId": _of_alpha("Department", "department"),
    "termId": _of_alpha("Term", "term"),
    "poolId": _of_alpha("QuestionPool", "pool"),
    "toPoolId": _of_alpha("QuestionPool", "pool"),
    "questionId": _of_alpha("Question", "question_2"),
    "questionIds": _of_alpha("Question", "question_2"),
}
"""Ids that the other fields of an input are given, by the field's name; a KeyError names one that is missing."""
GOOD: dict[tuple[str, str], Callable[[Any], str]] = {
    (mutation, "contentItemId"): _of_alpha("AssignmentContent", "assignment")
    for mutation in ("submitWork", "requestUpload", "setRubric", "releaseGrades", "hideGrades")
}
"""Ids for a field of one mutation alone, where the general one does not do."""


def is_for_services(mutation: Any) -> bool:
    """Whether a service uses it, and no administrator may: test_grading_runs tries the ids of others in these."""
    return getattr(mutation.extensions["strawberry-definition"].mutation, "for_services", False)


def is_for_the_platform(mutation: Any) -> bool:
    """Whether it is about what is no university's: test_platform_changes tries the ids of others in these."""
    return getattr(mutation.extensions["strawberry-definition"].mutation, "may", None) is may_administer_platform


def inputs() -> list[tuple[str, str]]:
    """Each mutation, with each field of its input that takes an id."""
    return [
        (name, field)
        for name, mutation in SCHEMA.mutation_type.fields.items()
        for field, given in get_named_type(mutation.args["input"].type).fields.items()
        if get_named_type(given.type).name == "ID"
        and not is_for_services(mutation)
        and not is_for_the_platform(mutation)
    ]


def filled(world, mutation: str, field: str, text: str) -> dict[str, Any]:
    """An input with this text in the field, and what it needs besides."""
    type_ = get_named_type(SCHEMA.mutation_type.fields[mutation].args["input"].type)
    given = {}
    for name, wanted in type_.fields.items():
        if name == field:
            given[name] = [text] if isinstance(get_nullable_type(wanted.type), GraphQLList) else text
        elif isinstance(wanted.type, GraphQLNonNull) and wanted.default_value is Undefined:
            given[name] = value_of(world, mutation, name, wanted.type)
    return given


def value_of(world, mutation: str, name: str, type_: Any) -> Any:
    """Something that a field of an input takes."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        value = next(iter(named.values))
    elif isinstance(named, GraphQLInputObjectType):
        fields = named.fields.items()
        is_one_of = named.extensions["strawberry-definition"].is_one_of  # graphql-core's type is not told
        wanted = [(n, f.type) for n, f in fields if is_one_of or isinstance(f.type, GraphQLNonNull)]
        value = {n: value_of(world, mutation, n, t) for n, t in (wanted[:1] if is_one_of else wanted)}
    elif named.name == "ID":
        value = GOOD[mutation, name](world) if (mutation, name) in GOOD else GOOD_IDS[name](world)
    else:
        value = VALUES[named.name]
    return [value] if isinstance(get_nullable_type(type_), GraphQLList) else value


@pytest.fixture
async def token_of_beta(owner, world):
    """A service token of BETA, which the twin of nothing in ALPHA has."""
    return await owner.fetchval(
        "INSERT INTO service_tokens (university_id, digest, scopes, expires_at)"
        " VALUES ($1, sha256('beta'), ARRAY['lab:grade'], now() + interval '1 hour') RETURNING id",
        world.beta.university["id"],
    )


async def answers(api, world, mutation, field, texts):
    """The whole answer to each text, as the administrator of ALPHA gets it."""
    type_ = SCHEMA.mutation_type.fields[mutation].args["input"].type
    document = f"mutation($input: {type_}) {{ {mutation}(input: $input) {{ errors {{ code message path }} }} }}"
    found = []
    for text in texts:
        given = {"input": filled(world, mutation, field, text)}
        response = await api.post(document, given, user=world.people["admin"])
        answer = response.json()
        answer.pop("extensions", None)
        found.append((response.status_code, answer))
    return found


async def everything(owner):
    """All rows of all tables, as text, but for the points that asking costs."""
    tables = await owner.fetch(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace AND relname <> 'rate_points' ORDER BY 1"
    )
    return {table: sorted(str(row) for row in await owner.fetch(f"SELECT * FROM {table}")) for (table,) in tables}


def test_there_are_ids():
    known = {("erasePerson", "userId"), ("revokeServiceToken", "id"), ("issueServiceToken", "submissionIds")}
    assert set(inputs()) >= known


@pytest.mark.parametrize(("mutation", "field"), inputs())
async def test_what_is_anothers_is_not_there(api, world, owner, token_of_beta, mutation, field):
    alpha, beta = world.alpha.university["id"], world.beta.university["id"]
    submission = await owner.fetchval("SELECT min(id) FROM lab_submissions WHERE university_id = $1", beta)
    theirs = {"User": world.people["beta_student"], "ServiceToken": token_of_beta, "Submission": submission}
    texts = [
        *(str(GlobalId(name, number, beta)) for name, number in theirs.items()),
        *(str(GlobalId(name, 999_999, alpha)) for name in theirs),
        str(GlobalId("User", world.people["beta_student"], alpha)),
        str(
            GlobalId(
                "Department" if field in {"courseId", "prerequisiteId"} else "Course",
                world.alpha["course"]["id"],
                alpha,
            )
        ),
        str(GlobalId("User", 2**63, alpha)),
        "no id",
        "",
    ]
    before = await everything(owner)
    found = await answers(api, world, mutation, field, texts)
    assert found == [found[0]] * len(texts)
    (error,) = found[0][1]["data"][mutation]["errors"]
    assert (found[0][0], error["code"], error["path"]) == (200, "NOT_FOUND", ["input", field])
    assert await everything(owner) == before


async def test_what_is_there_is_found(api, world, owner):
    """The test above could pass with every id refused."""
    alpha = world.alpha.university["id"]
    submission = await owner.fetchval("SELECT min(id) FROM lab_submissions WHERE university_id = $1", alpha)
    data = await api.data(
        "mutation($ids: [ID!]) { issueServiceToken(input: {scopes: [LAB_GRADE], submissionIds: $ids})"
        " { serviceToken { id submissionIds } errors { code } } }",
        {"ids": [str(GlobalId("Submission", submission, alpha))]},
        user=world.people["admin"],
    )
    issued = data["issueServiceToken"]
    assert issued["errors"] == []
    assert issued["serviceToken"]["submissionIds"] == [str(GlobalId("Submission", submission, alpha))]
    node = await api.data(
        "query($id: ID!) { node(id: $id) { __typename } }", {"id": issued["serviceToken"]["submissionIds"][0]},
        user=world.people["admin"],
    )  # fmt: skip
    assert node == {"node": {"__typename": "Submission"}}
    ((_, revoked),) = await answers(api, world, "revokeServiceToken", "id", [issued["serviceToken"]["id"]])
    assert revoked == {"data": {"revokeServiceToken": {"errors": []}}}
