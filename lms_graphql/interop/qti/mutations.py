"""The fields of Mutation about questions in QTI."""

import strawberry

from lms_graphql.assessment.loaders import PoolById, QuestionById
from lms_graphql.assessment.types import Question, QuestionPool, QuestionType
from lms_graphql.catalog.policy import may_edit_some_course
from lms_graphql.engine.edges import computed, edge, optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.interop.qti.importing import import_questions, read_file

_ITEMS = 100


@strawberry.input(description="A file of questions to be imported.")
class ImportQuestionsInput:
    """The input of `importQuestions`."""

    pool_id: strawberry.ID = strawberry.field(description="The global id of the pool that they come into.")
    upload_id: strawberry.ID = strawberry.field(
        description="The global id of an upload of the viewer's that was promised for an import and has come: a package"
        " of QTI 2.1 (a zip with imsmanifest.xml), or the XML of one item."
    )
    position: int | None = optional("The place of the first among those that are drawn, from 1; null: behind the last.")
    dry_run: bool = strawberry.field(default=False, description="Whether nothing is to be kept, but all to be tried.")


@strawberry.type(description="What became of an item of a file.")
class ImportedItem:
    """The source is a result of `importing.import_questions`."""

    name: str = computed(lambda result, _: result["name"], "Its place in the file, and its title.")
    type: QuestionType | None = computed(
        lambda result, _: result["type"], "The type of question that it is; null where it is none."
    )
    question: Question | None = edge(
        QuestionById,
        "The question; null where the item is none, and in a dry run.",
        key=lambda result, _: result["question_id"],
    )
    notes: list[str] = computed(
        lambda result, _: result["notes"], "What was left out, or is otherwise here than in the file.", size=2
    )
    problems: list[str] = computed(
        lambda result, _: result["problems"], "Why it is no question here; empty where it is one.", size=2
    )


@strawberry.type(description="What `importQuestions` gives.")
class ImportQuestionsPayload:
    """The payload of `importQuestions`."""

    pool: QuestionPool | None = changed(PoolById, "pool_id", "The pool as it is now; null where all was refused.")
    is_dry_run: bool | None = told("dry_run", "Whether nothing was kept; null where all was refused.")
    items: list[ImportedItem] = computed(
        lambda payload, _context: payload.keys.get("results", []),
        "What became of each item of the file, in its order; empty where all was refused.",
        size=_ITEMS,
    )
    errors: list[UserError] = user_errors()


@strawberry.type
class QtiMutation:
    """Joined into Mutation."""

    import_questions: ImportQuestionsPayload | None = mutation(
        import_questions,
        ImportQuestionsInput,
        "Import questions from QTI 2.1: choices, dropdowns, orders, matches, texts and numbers. Items that are none of"
        " these, or have images, MathML or a marking of their own, are not imported, and each is told with the reason;"
        " the others are.",
        may=may_edit_some_course,
        weight=100,
        before=read_file,
    )
