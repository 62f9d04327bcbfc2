"""The errors that reach a client, each with a code from a closed list. Whatever else goes wrong is masked."""

from enum import StrEnum
from typing import Any

from graphql import GraphQLError


class Code(StrEnum):
    """The closed list of `extensions.code`."""

    BAD_REQUEST = "BAD_REQUEST"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE"
    TOO_MANY_TOKENS = "TOO_MANY_TOKENS"
    TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS"
    TOO_MANY_VARIABLES = "TOO_MANY_VARIABLES"
    TOO_MANY_FIELDS = "TOO_MANY_FIELDS"
    TOO_MANY_EQUAL_FIELDS = "TOO_MANY_EQUAL_FIELDS"
    TOO_MANY_ROOT_FIELDS = "TOO_MANY_ROOT_FIELDS"
    TOO_MANY_ALIASES = "TOO_MANY_ALIASES"
    TOO_MANY_DIRECTIVES = "TOO_MANY_DIRECTIVES"
    TOO_DEEP = "TOO_DEEP"
    TOO_EXPENSIVE = "TOO_EXPENSIVE"
    RATE_LIMITED = "RATE_LIMITED"
    INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    BAD_CURSOR = "BAD_CURSOR"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    UNIVERSITY_REQUIRED = "UNIVERSITY_REQUIRED"
    UNIVERSITY_UNKNOWN = "UNIVERSITY_UNKNOWN"
    UNAVAILABLE = "UNAVAILABLE"
    OVERLOADED = "OVERLOADED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class RequestError(GraphQLError):
    """An error that a client may read in full: it can mend its request, sign in, or come back later."""

    def __init__(self, code: Code, message: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": code.value, **extensions})
        self.code = code


def bad_input(message: str) -> RequestError:
    """An argument that the schema's types let through and we don't."""
    return RequestError(Code.BAD_USER_INPUT, message)
