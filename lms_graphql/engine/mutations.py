"""Mutations: declared with their service and who may use it; done in one transaction each, then read like a query.

    tries of (begin · the key's claim · the service with its audit entry · the key · commit) · the payload, read anew

What the user can correct is data in the payload (`Refused`), and leaves nothing behind but, under a key, that it was
refused. A try is repeated where PostgreSQL asks for it, or where the connection broke before COMMIT was sent. An
`Idempotency-Key` makes the whole of it happen once, however often a client that heard nothing sends it again.
"""

from collections.abc import Awaitable, Callable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

import asyncpg
import msgspec
import orjson
from graphql import GraphQLSchema
from sqlalchemy import text

from lms_graphql.engine.context import Context, LoaderClass, Viewer
from lms_graphql.engine.edges import argument, computed, edge, with_arguments
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.rows import Row
from lms_graphql.engine.tries import repeated
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work
from lms_graphql.storage import idempotency
from lms_graphql.storage.errors import OutcomeUnknownError
from lms_graphql.storage.statements import Statement

Given: TypeAlias = Mapping[str, Any]
Keys: TypeAlias = Mapping[str, Any]
Service: TypeAlias = Callable[[Work, Given], Awaitable[Keys]]
Act: TypeAlias = Callable[[Context, Given], Awaitable[Keys]]
Before: TypeAlias = Callable[[Context, Given], Awaitable[Any]]
May: TypeAlias = Callable[[Viewer], bool]


class Payload(msgspec.Struct, frozen=True):
    """The source of a payload: the keys that its edges read, by name, or what the user can correct."""

    keys: Keys = {}
    failures: tuple[UserFailure, ...] = ()
    once: Keys = {}
    """Secrets that are told this one time and kept nowhere."""


_FORBIDDEN = Payload(failures=(UserFailure(UserErrorCode.FORBIDDEN, "your roles here do not allow this"),))

_READ_ONLY = Payload(
    failures=(
        UserFailure(UserErrorCode.FORBIDDEN, "you look as somebody else does (X-View-As): nothing can be changed"),
    )
)


def _nobody() -> RequestError:
    return RequestError(Code.UNAUTHENTICATED, "sign in: nobody may change anything without a name")


class Mutation(NamedTuple):
    """A declared mutation: its service, who may use it, and what a broken constraint means to its user.

    With `for_services` one that is signed in by a service token may use it, if `may` says so, and else only people.
    `before` fetches what its service needs from elsewhere than the database.
    """

    service: Service
    may: May
    refusals: Mapping[str, UserFailure]
    for_services: bool = False
    before: Before | None = None


class OwnMutation(NamedTuple):
    """A declared mutation that has its own transactions: what does it, and who may use it.

    With `guesses` its input could be a guess at a secret: a request may have one such field, whatever it is called.
    """

    act: Act
    may: May
    guesses: bool = False


def mutation(
    service: Service,
    input_type: Any,
    description: str,
    *,
    may: May,
    refusals: Mapping[str, UserFailure] | None = None,
    weight: int | None = None,
    for_services: bool = False,
    before: Before | None = None,
) -> Any:
    """A field of Mutation. It is nullable, so that a fault leaves what stands beside it in the answer.

    `may` decides from the viewer alone; what depends on rows is the service's to decide. `refusals` tells of named
    constraints that the service lets the database check. `weight` is the price; 10 where none is given.
    `for_services`: see Mutation; to a service an Idempotency-Key says nothing. What `before` gives the service finds in
    `work.brought`: it is done once, before any transaction is begun, and may take its time.
    """
    declared = Mutation(service, may, refusals or {}, for_services, before)

    async def call(_root: None, context: Context, **given: Any) -> Payload:
        return await perform(declared, context, given["input"])

    field = with_arguments(call, description, argument("input", input_type, "What is to be done."), weight=weight)
    field.mutation = declared
    return field


def own_mutation(
    act: Act,
    input_type: Any,
    description: str,
    *,
    may: May,
    weight: int | None = None,
    signed_in: bool = True,
    guesses: bool = False,
) -> Any:
    """A mutation of what is no university's, such as signing in: `act(context, given)` has transactions of its own.

    It writes its own audit entries where it must. An Idempotency-Key is not looked at: nothing of what such a mutation
    gives may be kept. `signed_in` False lets anybody use it; `guesses`: see OwnMutation.
    """

    async def call(_root: None, context: Context, **given: Any) -> Payload:
        if signed_in and context.viewer.user_id is None:
            raise _nobody()
        if context.viewer.seen_by is not None:
            return _READ_ONLY
        if not may(context.viewer):
            return _FORBIDDEN
        await context.renew()
        try:
            return Payload(await act(context, given["input"]))
        except Refused as refused:
            return Payload(failures=refused.failures)

    field = with_arguments(call, description, argument("input", input_type, "What is to be done."), weight=weight)
    field.mutation = OwnMutation(act, may, guesses)
    return field


def guessing_fields(schema: GraphQLSchema) -> frozenset[str]:
    """The names of the fields of Mutation that could be used to guess."""
    fields = {} if schema.mutation_type is None else schema.mutation_type.fields
    declared = {name: field.extensions.get("strawberry-definition") for name, field in fields.items()}
    return frozenset(
        name for name, field in declared.items() if getattr(getattr(field, "mutation", None), "guesses", False)
    )


def changed(loader: LoaderClass, key: str, description: str) -> Any:
    """An edge of a payload: what a loader gives for the key that the service returned under this name."""
    return edge(loader, description, key=lambda payload, _context: payload.keys.get(key))


def told(key: str, description: str) -> Any:
    """A plain field of a payload: what the service returned under this name; null where it was refused."""
    return computed(lambda payload, _context: payload.keys.get(key), description)


def told_once(key: str, description: str) -> Any:
    """A secret of a payload, which its service put into `work.once`; null where it was refused, or done before."""
    return computed(lambda payload, _context: payload.once.get(key), description)


def user_errors() -> Any:
    """The field `errors` of a payload."""
    return computed(
        lambda payload, _context: list(payload.failures),
        "What the user can correct; if there is anything, nothing was changed.",
        size=10,
    )


async def perform(declared: Mutation, context: Context, given: Given) -> Payload:
    """Do it, at most once, and leave the context with a fresh snapshot for the payload.

    Raises UNAUTHENTICATED where nobody is signed in, OUTCOME_UNKNOWN where it can't be told whether it was done.
    """
    if context.viewer.user_id is None and not (declared.for_services and context.viewer.service_scopes):
        raise _nobody()
    context.university_id()
    if context.viewer.seen_by is not None:
        return _READ_ONLY
    if not declared.may(context.viewer):
        return _FORBIDDEN
    await context.renew()  # its connection is wanted for the transaction
    try:
        brought = None if declared.before is None else await declared.before(context, given)
        return await repeated(
            lambda again: _once(declared, context, given, brought, again=again),
            finds_out=context.idempotency_key is not None,
        )
    except OutcomeUnknownError as error:
        raise RequestError(
            Code.OUTCOME_UNKNOWN,
            "the connection broke while this was being kept: look whether it was done, or send it again under the same"
            " Idempotency-Key",
        ) from error
    finally:
        await context.renew()


async def _once(declared: Mutation, context: Context, given: Given, brought: Any, *, again: bool) -> Payload:
    """One try: all of it is kept, or nothing."""
    async with context.snapshot.transaction() as transaction:
        work = Work(context, transaction)
        work.brought = brought
        if again:
            await work.rows(_QUEUE, Row, queue=f"{context.university_id()} {_name(declared)}")
        place = _place(context)
        if place is None:
            payload = await _served(declared, work, given)
        else:
            fingerprint = _fingerprint(given)
            kept = await idempotency.claim(transaction, place)
            if kept is not None:
                return _replayed(kept, declared, fingerprint)
            payload = await _kept_whole(declared, work, given)
            failures = [(failure.code.name, *failure[1:]) for failure in payload.failures]
            result = {"keys": payload.keys, "failures": failures}
            await idempotency.keep(transaction, place, idempotency.Kept(_name(declared), fingerprint, result))
        if place is not None or not payload.failures:
            await transaction.commit()
        return payload


async def _served(declared: Mutation, work: Work, given: Given) -> Payload:
    """What the service makes of it. Whoever calls must take its effect back where there are failures."""
    try:
        keys = await declared.service(work, given)
    except Refused as refused:
        return Payload(failures=refused.failures)
    except asyncpg.IntegrityConstraintViolationError as error:
        known = declared.refusals.get(error.constraint_name or "")
        if known is None:
            raise
        return Payload(failures=(known,))
    if not work.audited:
        raise RuntimeError(f"{_name(declared)} wrote nothing into the audit log")
    return Payload(keys, once=work.once)


async def _kept_whole(declared: Mutation, work: Work, given: Given) -> Payload:
    """As `_served`, with the effect taken back where there are failures, in a transaction that goes on."""
    await work.rows(_SAVE, Row)
    payload = await _served(declared, work, given)
    if payload.failures:
        await work.rows(_TAKE_BACK, Row)
    return payload


_QUEUE = Statement(text("SELECT pg_advisory_xact_lock(hashtextextended(:queue, 1)) IS NULL AS queued"))
"""Those who try again do so one after another, in each university: or they would meet one another again and again."""
_SAVE = Statement(text("SAVEPOINT service"))
_TAKE_BACK = Statement(text("ROLLBACK TO SAVEPOINT service"))


def _place(context: Context) -> idempotency.Place | None:
    key, person = context.idempotency_key, context.viewer.user_id
    if key is None or person is None:
        return None
    return idempotency.Place(context.university_id(), person, key, context.response_key)


def _replayed(kept: idempotency.Kept, declared: Mutation, fingerprint: bytes) -> Payload:
    """What became of it the first time; the payload is read anew."""
    if (kept.mutation, kept.argument_hash) != (_name(declared), fingerprint):
        message = "this Idempotency-Key was sent before, with something else; take a new one for each thing to be done"
        return Payload(failures=(UserFailure(UserErrorCode.IDEMPOTENCY_KEY_REUSED, message),))
    failures = (
        UserFailure(UserErrorCode[name], said, tuple(path), version)
        for name, said, path, version in kept.result["failures"]
    )
    return Payload(kept.result["keys"], tuple(failures))


def _name(declared: Mutation) -> str:
    return declared.service.__name__


def _fingerprint(given: Given) -> bytes:
    return blake2b(orjson.dumps(given, default=str, option=orjson.OPT_SORT_KEYS), digest_size=32).digest()
