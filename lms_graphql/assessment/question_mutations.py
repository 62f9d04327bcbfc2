"""The fields of Mutation about question pools and questions."""

from typing import Any

import strawberry

from lms_graphql.assessment import pool_keeping, question_adding, question_revising
from lms_graphql.assessment.loaders import PoolById, QuestionById
from lms_graphql.assessment.question_editing import MET
from lms_graphql.assessment.question_types import QuestionInput
from lms_graphql.assessment.types import Question, QuestionPool
from lms_graphql.catalog.policy import may_edit_some_course
from lms_graphql.engine.edges import computed, edge, optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError


def _pool_id() -> Any:
    return strawberry.field(description="The global id of a question pool.")


def _question_id() -> Any:
    return strawberry.field(description="The global id of the version of a question that is drawn now.")


def _expected(what: str) -> Any:
    return optional(f"The version of the {what} that this is about; if it has another one, CONFLICT. Null: any.")


def _confirm() -> Any:
    return strawberry.field(
        default=False,
        description="Whether it is meant though attempts with the question are under way (`Question.usage` tells of"
        " them). They keep what they drew, and are graded by it.",
    )


@strawberry.input(description="A pool to be added.")
class CreateQuestionPoolInput:
    """The input of `createQuestionPool`."""

    title: str = strawberry.field(description="Its title, one line of 1 to 255 characters.")
    course_id: strawberry.ID | None = optional(
        "The global id of the course that alone draws from it; null: the whole university, for who may"
        " MANAGE_SHARED_POOLS."
    )


@strawberry.input(description="What is to be changed of a pool. A field that is not given stays as it is.")
class UpdateQuestionPoolInput:
    """The input of `updateQuestionPool`."""

    pool_id: strawberry.ID = _pool_id()
    title: str | None = optional("Its title, one line of 1 to 255 characters; null: as it is.")
    expected_version: int | None = _expected("pool")


@strawberry.input(description="A pool to be deleted.")
class DeleteQuestionPoolInput:
    """The input of `deleteQuestionPool`."""

    pool_id: strawberry.ID = _pool_id()
    expected_version: int | None = _expected("pool")


@strawberry.input(description="A question to be added to a pool.")
class AddQuestionInput:
    """The input of `addQuestion`."""

    pool_id: strawberry.ID = _pool_id()
    question: QuestionInput = strawberry.field(description="The question.")
    position: int | None = optional("Its place among those that are drawn, from 1; null: behind the last.")


@strawberry.input(description="What a question is to be from now on.")
class UpdateQuestionInput:
    """The input of `updateQuestion`."""

    question_id: strawberry.ID = _question_id()
    question: QuestionInput = strawberry.field(
        description="The whole question as it is to be, with its right answer; it may be of another type."
    )
    expected_version: int | None = _expected("question")
    confirm_live: bool = _confirm()


@strawberry.input(description="A question that is to be drawn no longer.")
class RemoveQuestionInput:
    """The input of `removeQuestion`."""

    question_id: strawberry.ID = _question_id()
    expected_version: int | None = _expected("question")
    confirm_live: bool = _confirm()


@strawberry.input(description="The order of a pool's questions, in which quizzes ask that do not mix them.")
class ReorderQuestionsInput:
    """The input of `reorderQuestions`."""

    pool_id: strawberry.ID = _pool_id()
    question_ids: list[strawberry.ID] = strawberry.field(
        description="The global ids of all its questions that are drawn, the first one first."
    )


@strawberry.input(description="Questions to be copied with their right answers.")
class CopyQuestionsInput:
    """The input of `copyQuestions`."""

    question_ids: list[strawberry.ID] = strawberry.field(
        description="The global ids of 1 to 200 questions that the viewer sees, of any pools, in the order in which"
        " they are wanted; of former versions and removed questions, too."
    )
    to_pool_id: strawberry.ID = strawberry.field(description="The global id of the pool that they come into.")
    position: int | None = optional("The place of the first among those that are drawn, from 1; null: behind the last.")


@strawberry.type(description="What a mutation of a question pool gives.")
class QuestionPoolPayload:
    """The payload of `createQuestionPool`, `updateQuestionPool` and `reorderQuestions`."""

    pool: QuestionPool | None = changed(PoolById, "pool_id", "The pool as it is now; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteQuestionPool` gives.")
class DeleteQuestionPoolPayload:
    """The payload of `deleteQuestionPool`."""

    deleted_id: strawberry.ID | None = told("deleted_id", "The global id that it had; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a mutation of a question gives.")
class QuestionPayload:
    """The payload of `addQuestion` and `updateQuestion`."""

    question: Question | None = changed(
        QuestionById, "question_id", "The version that is drawn now; null where it was refused."
    )
    pool: QuestionPool | None = changed(PoolById, "pool_id", "Its pool; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `removeQuestion` gives.")
class RemoveQuestionPayload:
    """The payload of `removeQuestion`."""

    is_deleted: bool | None = told(
        "is_deleted",
        "Whether nothing is left of it, since no attempt ever drew it; else its versions stay. Null where it was"
        " refused.",
    )
    question: Question | None = changed(
        QuestionById, "question_id", "The question as it is now; null where it was deleted or refused."
    )
    pool: QuestionPool | None = changed(PoolById, "pool_id", "Its pool; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="A question that came into a pool as a copy of another.")
class CopiedQuestion:
    """The source is the id of the copy."""

    question: Question | None = edge(QuestionById, "The copy.", key=lambda number, _context: number)


@strawberry.type(description="What `copyQuestions` gives.")
class CopyQuestionsPayload:
    """The payload of `copyQuestions`."""

    copies: list[CopiedQuestion] = computed(
        lambda payload, _context: payload.keys.get("question_ids", []),
        "The copies, in the order given; empty where it was refused.",
        size=10,
    )
    pool: QuestionPool | None = changed(PoolById, "pool_id", "The pool that they came into; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class QuestionMutation:
    """Joined into Mutation."""

    create_question_pool: QuestionPoolPayload | None = mutation(
        pool_keeping.create_question_pool,
        CreateQuestionPoolInput,
        "Add a pool of questions to a course, or to the whole university; for who may edit the course's questions.",
        may=may_edit_some_course,
    )
    update_question_pool: QuestionPoolPayload | None = mutation(
        pool_keeping.update_question_pool,
        UpdateQuestionPoolInput,
        "Change a pool's title; for who may edit its course's questions, or the university's shared pools.",
        may=may_edit_some_course,
    )
    delete_question_pool: DeleteQuestionPoolPayload | None = mutation(
        pool_keeping.delete_question_pool,
        DeleteQuestionPoolInput,
        "Delete a pool with its questions. CLOSED while a quiz draws from it, and once an attempt has met its"
        " questions.",
        may=may_edit_some_course,
        refusals=MET,
    )
    add_question: QuestionPayload | None = mutation(
        question_adding.add_question,
        AddQuestionInput,
        "Add a question to a pool. All wrong values are told at once, each with its path.",
        may=may_edit_some_course,
    )
    update_question: QuestionPayload | None = mutation(
        question_revising.update_question,
        UpdateQuestionInput,
        "Change a question: another version takes its place, and attempts keep the one that they drew. CLOSED while"
        " attempts with it are under way, unless `confirmLive` is true.",
        may=may_edit_some_course,
    )
    remove_question: RemoveQuestionPayload | None = mutation(
        question_revising.remove_question,
        RemoveQuestionInput,
        "Take a question out of its pool: it is drawn no longer, and deleted if it never was. CLOSED while attempts"
        " with it are under way, unless `confirmLive` is true.",
        may=may_edit_some_course,
        refusals=MET,
    )
    reorder_questions: QuestionPoolPayload | None = mutation(
        question_revising.reorder_questions,
        ReorderQuestionsInput,
        "Put the questions of a pool in order.",
        may=may_edit_some_course,
    )
    copy_questions: CopyQuestionsPayload | None = mutation(
        question_adding.copy_questions,
        CopyQuestionsInput,
        "Copy questions with their right answers into a pool, as questions of their own from version 1 on.",
        may=may_edit_some_course,
        weight=20,
    )
