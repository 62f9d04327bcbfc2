"""Every field that leads to rows, and every mutation, has a policy: one that has none is named here."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from lms_graphql.engine.context import EVERYTHING, Context, Standing, Viewer
from lms_graphql.engine.relay import Cursors
from lms_graphql.schema import build
from tests.isolation.canaries import undeclared
from tests.isolation.disclosure import NOT_PLANTED, RULES
from tests.isolation.twin import TABLES
from tests.isolation.walls import replaced
from tests.test_walls import ACROSS, FAN_OUTS, LOADERS, make
from tests.walking import Walk

SCHEMA = build()
_OF_THE_ROW = "a part of the row's own value, which came with the row"
_OF_VIEWER = "own loaders of the viewer's rows, whose statements test_walls.py reads"
WITHOUT_A_LOADER = {
    "AnswerKey.pairs": _OF_THE_ROW,
    "AttemptQuestion.options": _OF_THE_ROW,
    "AttemptQuestion.response": _OF_THE_ROW,
    "Eligibility.reasons": _OF_THE_ROW,
    "EngineeringLabContent.files": _OF_THE_ROW,
    "EngineeringLabContent.grading": _OF_THE_ROW,
    "EngineeringLabContent.staffDetails": "null but for staff; the columns do not leave the database for others",
    "GradebookCell.column": _OF_THE_ROW,
    "GradingPolicy.letterScheme": _OF_THE_ROW,
    "LabStaffDetails.env": _OF_THE_ROW,
    "LabStaffDetails.hiddenFiles": _OF_THE_ROW,
    "LinkListBlock.links": _OF_THE_ROW,
    "Question.options": _OF_THE_ROW,
    "QuestionResponse.pairs": _OF_THE_ROW,
    "QuizContent.mastery": _OF_THE_ROW,
    "ResourceContent.resources": _OF_THE_ROW,
    "ReviewSummary.histogram": _OF_THE_ROW,
    "Submission.publicResults": _OF_THE_ROW,
    "Submission.staffDetails": "null but for staff; the columns do not leave the database for others",
    "SubmissionStaffDetails.autoGradeResults": _OF_THE_ROW,
    "SubmissionStaffDetails.hiddenResults": _OF_THE_ROW,
    "Syllabus.modules": _OF_THE_ROW,
    "SyllabusNode.module": _OF_THE_ROW,
    "SyllabusTotals.itemsByKind": _OF_THE_ROW,
    "TextContent.blocks": _OF_THE_ROW,
    "Transcript.segments": _OF_THE_ROW,
    "DiscussionThread.postTree": "the thread itself, whose posts are found by PostsOfThread",
    "CourseOffering.gradebook": "the offering itself, for those who may see the gradebook",
    "Analytics.offeringProgress": "the offering, found under its policy, for those who may see aggregates",
    "Course.prerequisites": "found by PrerequisitesByCourse, and then picked by type",
    "VideoContent.transcript": "found by TranscriptByItem, of an item that came under its policy",
    "ContentItem.setting": _OF_VIEWER,
    "ContentItem.viewerProgress": _OF_VIEWER,
    "Module.viewerProgress": _OF_VIEWER,
    "AssignmentContent.viewerSubmissions": _OF_VIEWER,
    "EngineeringLabContent.viewerSubmissions": _OF_VIEWER,
    "QuizContent.viewerAttempts": _OF_VIEWER,
    "GradeBreakdown.categories": _OF_THE_ROW,
    "GradeBreakdownCategory.items": _OF_THE_ROW,
    "Query.job": "found by the loader of its type, as by `node`",
    "Query.contentItemRevision": "found by RevisionByNumber, of an item that came under its policy",
    "ContentItemRevision.diff": "both revisions are found by RevisionByNumber",
    "ContentDifference.changes": "of two revisions that came under their policy",
    "Query.rosterImport": "found by the loader of its type, as by `node`",
    "RosterImport.counts": _OF_THE_ROW,
    "Query.whatIf": "found by OwnBasisByOffering, of the viewer's own enrollment",
    "Query.viewer": "the viewer",
    "Submission.rubricResult": "a part of the row, null until the grade is posted",
    "Upload.target": "made for the row's own person alone",
    "UploadTarget.headers": "of the target",
    "Query.platform": "nothing of its own, for administrators of the platform",
    "Query.analytics": "nothing of its own, for those who may see aggregates",
    "Query.verifyCredential": "a verdict, and the certificate below",
    "CredentialVerification.certificate": "one certificate, for who holds what was signed: catalogue.READS_AS_OWNER",
    "Query.verifyCertificate": "one certificate, for who knows its code: catalogue.READS_AS_OWNER",
    **{
        f"Query.{name}": "found by the loader of its type, as by `node`"
        for name in (
            *("node", "nodes", "university", "user", "subject", "course", "offering", "term", "module"),
            "contentItem",
        )
    },
}
"""Fields of objects that no loader stands on, each with the reason why that lets nobody through."""


def object_fields() -> Iterator[tuple[str, Any]]:
    """The fields that give objects, but for those of pages; one of an interface under the interface's name."""
    for type_ in Walk(SCHEMA.graphql, set(), {}).types():
        if type_.name.endswith(("Connection", "Edge")):
            continue
        for name, field in type_.fields.items():
            if not is_leaf_type(get_named_type(field.type)):
                owner = next((i.name for i in type_.interfaces if name in i.fields), type_.name)
                yield f"{owner}.{name}", field.extensions.get("strawberry-definition")


def test_every_field_has_a_loader_or_a_reason():
    without = {name for name, declared in object_fields() if getattr(declared, "loader", None) is None}
    assert sorted(without - set(WITHOUT_A_LOADER)) == []
    assert sorted(set(WITHOUT_A_LOADER) - without) == []


def asks_a_policy(loader: Any) -> bool:
    """Whether writing the loader's statement calls a predicate of a policy module, in every standing."""
    for standing in Standing:
        called: list[str] = []

        def counted(name: str, value: Any, called: list[str] = called) -> Any:
            def calls(*given: Any, **named: Any) -> Any:
                called.append(name)
                return value(*given, **named)

            return calls if callable(value) else value

        with replaced(counted):
            context = Context(Viewer(1, 1, frozenset(), standing), None, Cursors(b"x"), selects=EVERYTHING)
            make(loader, context).query()
        if not called:
            return False
    return True


@pytest.fixture(scope="module")
async def guarded() -> dict[Any, bool]:
    """Of every loader, whether it asks a policy, or reads nothing of a tenant."""
    own_rows = {*FAN_OUTS, *ACROSS}  # the latter have tests of their own, in test_platform.py
    return {
        loader: loader in own_rows
        or not (loader.row.tenant if loader.reads_tenant is None else loader.reads_tenant)
        or asks_a_policy(loader)
        for loader in (*LOADERS, *ACROSS)
    }


async def test_every_loader_of_a_field_asks_a_policy(guarded):
    loaders = [(name, declared.loader) for name, declared in object_fields() if getattr(declared, "loader", None)]
    assert len(loaders) > 80
    assert sorted({name for name, loader in loaders if not guarded.get(loader, False)}) == []


async def test_every_type_that_node_finds_asks_a_policy(guarded):
    assert sorted(name for name, loader in SCHEMA.nodes.items() if not guarded.get(loader, False)) == []


async def test_a_loader_without_a_policy_is_named():
    """The proof that the above can fail."""
    loader = SCHEMA.nodes["Course"]

    class Careless(loader):
        def query(self) -> Any:
            return CARELESS

    assert asks_a_policy(loader)
    assert not asks_a_policy(Careless)


CARELESS = object()
MAY_BE_ELSEWHERE: dict[str, str] = {}
"""Mutations whose `may` stands in no policy module, each with its reason."""


def test_every_mutation_names_its_policy():
    type_ = SCHEMA.graphql.mutation_type
    assert isinstance(type_, GraphQLObjectType)
    without = set()
    for name, field in type_.fields.items():
        declared = getattr(field.extensions.get("strawberry-definition"), "mutation", None)
        may = getattr(declared, "may", None)
        if may is None or not may.__module__.endswith(".policy"):
            without.add(name)
    assert sorted(without) == sorted(MAY_BE_ELSEWHERE)


def test_every_column_is_declared():
    """A new text, JSON or exact number: say in disclosure.py who may read it."""
    assert undeclared() == []
    named = [f"{table}.{column}" for table, rules in RULES.items() for column in rules]
    assert [name for name in named if name.partition(".")[2] not in TABLES[name.partition(".")[0]].columns] == []
    assert [name for name in NOT_PLANTED if name.partition(".")[0] not in TABLES] == []
