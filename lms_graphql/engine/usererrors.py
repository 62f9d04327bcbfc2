"""What users can correct: the errors of a mutation that are data, each with a code from a closed list."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import strawberry

from lms_graphql.engine.edges import plain_list


@strawberry.enum(description="What is wrong with a mutation, as far as its user can correct it.")
class UserErrorCode(Enum):
    """The closed list of `UserError.code`."""

    INVALID = strawberry.enum_value("invalid", description="A value of the input can't be taken; the path says which.")
    NOT_FOUND = strawberry.enum_value("not_found", description="There is no such thing, or not for the viewer.")
    FORBIDDEN = strawberry.enum_value("forbidden", description="The viewer's roles do not allow it.")
    CONFLICT = strawberry.enum_value(
        "conflict", description="It has changed since the version that was expected; read it again, then decide."
    )
    TAKEN = strawberry.enum_value("taken", description="Something else has this name, code or place already.")
    NOT_ENROLLED = strawberry.enum_value(
        "not_enrolled", description="Only who is actively enrolled in the offering can do this."
    )
    NOT_ELIGIBLE = strawberry.enum_value(
        "not_eligible", description="Something that it asks for first is missing; `eligibility` tells what."
    )
    CLOSED = strawberry.enum_value(
        "closed", description="It can't be done now: not open yet, over, locked, frozen, or not in this state."
    )
    LIMIT_REACHED = strawberry.enum_value(
        "limit_reached", description="There are no more: attempts, seats, places, or parts of one request."
    )
    WRONG_CREDENTIALS = strawberry.enum_value(
        "wrong_credentials", description="The address, the password or the token is not good; which, is not told."
    )
    THROTTLED = strawberry.enum_value(
        "throttled", description="There were too many failed attempts; the message says when the next is looked at."
    )
    IDEMPOTENCY_KEY_REUSED = strawberry.enum_value(
        "idempotency_key_reused", description="The key was sent before, with another mutation or another input."
    )


class UserFailure(NamedTuple):
    """A user's error. `path` leads into the arguments, for example ("input", "displayName")."""

    code: UserErrorCode
    message: str
    path: tuple[str, ...] = ()
    current_version: int | None = None


class Refused(Exception):  # noqa: N818 - it is no fault: the user's mistake, told as data
    """Ends a mutation without any effect, for what its user can correct."""

    def __init__(
        self, code: UserErrorCode, message: str, path: Sequence[str] = (), current_version: int | None = None
    ) -> None:
        super().__init__(message)
        self.failures: tuple[UserFailure, ...] = (UserFailure(code, message, tuple(path), current_version),)

    @classmethod
    def all(cls, failures: Sequence[UserFailure]) -> "Refused":
        """A refusal for several reasons at once."""
        made = cls(failures[0].code, failures[0].message)
        made.failures = tuple(failures)
        return made


@strawberry.type(description="Something that the user can correct. Then the mutation has had no effect at all.")
class UserError:
    """The source is a UserFailure."""

    code: UserErrorCode = strawberry.field(description="What is wrong, for programs.")
    message: str = strawberry.field(description="What is wrong, for people, in English.")
    path: list[str] = plain_list("Where in the arguments, from the outside in; empty where it is none of them.", size=5)
    current_version: int | None = strawberry.field(
        description="With CONFLICT: the version that there is now; null otherwise."
    )
