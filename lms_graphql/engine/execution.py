"""Running an operation, and what is said of its errors."""

import inspect
import logging
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute
from strawberry.exceptions import StrawberryInputCoercionError

from lms_graphql.engine.context import Context
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.storage.errors import DatabaseUnreachableError

logger = logging.getLogger(__name__)


async def run(
    schema: GraphQLSchema,
    document: DocumentNode,
    context: Context,
    *,
    variables: dict[str, Any] | None = None,
    operation_name: str | None = None,
) -> ExecutionResult:
    """The result of the selected operation; field errors are in it, none is raised."""
    result: Any = execute(
        schema, document, context_value=context, variable_values=variables, operation_name=operation_name
    )
    return await result if inspect.isawaitable(result) else result  # type: ignore[no-any-return]


def formatted(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """An error as a client sees it: in full if it is the client's business, else masked, and logged by the id."""
    original = error.original_error
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [location.formatted for location in error.locations]
    if error.path:
        shown["path"] = error.path
    code, message = _code(error, original)
    if message is not None:
        shown["message"] = message
        logger.error("request %s: %s", request_id, error.message, exc_info=original)
    extensions = original.extensions if isinstance(original, RequestError) else error.extensions
    shown["extensions"] = {**(extensions or {}), "code": code.value, "requestId": request_id}
    return shown


def _code(error: GraphQLError, original: BaseException | None) -> tuple[Code, str | None]:
    """The code, and what to say instead of the error's own message, if that is not for clients."""
    if isinstance(original, RequestError):
        return original.code, None
    if isinstance(original, DatabaseUnreachableError):
        return Code.UNAVAILABLE, "the database can't be reached at the moment; try again"
    if original is not None and not isinstance(original, GraphQLError | StrawberryInputCoercionError):
        return Code.INTERNAL_ERROR, "something went wrong on our side"
    given = (error.extensions or {}).get("code")
    return (Code(given) if given else Code.BAD_USER_INPUT), None
