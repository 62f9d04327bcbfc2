"""What is known of a request, gathered while it runs and told exactly once, when it ends: to metrics and to a span.

Nothing of a tenant or of a person is in it: no university, no viewer, no variables.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from graphql import get_operation_ast

from lms_graphql.engine.documents import Document
from lms_graphql.engine.errors import Code
from lms_graphql.storage.snapshot import Snapshot

UNKNOWN = "unknown"
INTROSPECTION = "introspection"


Outcome = Literal[
    "ok", "not_modified", "field_errors", "refused", "deadline", "overloaded", "failed", "disconnected", "stopped"
]
"""How a request ended; a code says more where there is one. `stopped`: cut off because the process ends.

Strings and no enum: to look one up in a dict takes a tenth of the time.
"""


_OUTCOME_OF: Mapping[str, Outcome] = {
    Code.DEADLINE_EXCEEDED.value: "deadline",
    Code.OVERLOADED.value: "overloaded",
    Code.UNAVAILABLE.value: "failed",
    Code.INTERNAL_ERROR.value: "failed",
}
_GRAVEST_FIRST = (Code.INTERNAL_ERROR.value, Code.UNAVAILABLE.value)


class Observation:
    """One request. Its outcome is `stopped` unless somebody says otherwise; whoever began it calls `end`, once."""

    __slots__ = (
        "_observer", "_span", "began", "code", "document", "identifier", "kind", "name", "outcome", "ran", "snapshots",
    )  # fmt: skip

    def __init__(self, observer: "Observer", identifier: str, span: "Span | None") -> None:
        self._observer, self._span = observer, span
        self.identifier = identifier
        self.kind = UNKNOWN
        """The kind of operation: query, introspection, …; unknown until there is a valid document."""
        self.name: str | None = None
        """The operation's own name, as its document spells it."""
        self.document: Document | None = None
        self.outcome: Outcome = "stopped"
        self.code = ""
        self.snapshots: list[Snapshot] = []
        self.ran = False
        """Whether the operation was let run."""
        self.began = time.perf_counter()

    @property
    def statements(self) -> int:
        """How many statements ran for it, those that recognised its sender included."""
        number = 0
        for snapshot in self.snapshots:
            number += snapshot.statements
        return number

    def found(self, document: Document, operation_name: str | None) -> None:
        """Say which operation it is."""
        self.document = document
        node = None if document.node is None else get_operation_ast(document.node, operation_name)
        if node is not None:
            self.kind = INTROSPECTION if document.introspects else node.operation.value
            self.name = node.name.value if node.name is not None else None

    def refused(self, code: str) -> None:
        """Say that it got no execution, or none that was told."""
        self.code = code
        self.outcome = _OUTCOME_OF.get(code, "refused")

    def answered(self, errors: Sequence[Mapping[str, Any]], *, executed: bool) -> None:
        """Say what the answer holds; `errors` as the client gets them, at least one unless it was executed."""
        if not errors:
            self.outcome = "ok"
            return
        codes = [error["extensions"]["code"] for error in errors]
        code = next((grave for grave in _GRAVEST_FIRST if grave in codes), codes[0])
        self.refused(code)
        if executed:
            self.outcome = "field_errors"

    def end(self) -> None:
        """Tell what came of it."""
        self._observer.ended(self, self._span)


class Span(Protocol):
    """A span that has begun."""

    def end(self, observation: Observation) -> None:
        """Say what came of it, and end it."""


class Spans(Protocol):
    """Begins spans."""

    def begin(self, headers: Mapping[str, str]) -> Span:
        """A span that is a child of the one that these headers name, if they do."""


class Counts(Protocol):
    """Counts requests."""

    def count(self, observation: Observation, seconds: float) -> None:
        """Count a request that has ended."""


class Observer:
    """Where observations go; without metrics and spans nowhere."""

    def __init__(self, counts: Counts | None = None, spans: Spans | None = None) -> None:
        self._counts, self._spans = counts, spans
        self.in_progress = 0

    def observe(self, identifier: str, headers: Mapping[str, str]) -> Observation:
        """The observation of a request, which begins now."""
        self.in_progress += 1
        return Observation(self, identifier, None if self._spans is None else self._spans.begin(headers))

    def ended(self, observation: Observation, span: Span | None) -> None:
        """Tell of a request that has ended."""
        self.in_progress -= 1
        if self._counts is not None:
            self._counts.count(observation, time.perf_counter() - observation.began)
        if span is not None:
            span.end(observation)

    def shed(self, traceparent: str | None) -> None:
        """Tell of a request that was refused before there was anything to observe."""
        if self._counts is None and self._spans is None:
            return
        observation = self.observe("", {} if traceparent is None else {"traceparent": traceparent})
        observation.refused(Code.OVERLOADED.value)
        observation.end()
