"""One span for each GraphQL request, where OpenTelemetry's API is installed: `pip install lms_graphql[tracing]`.

Where spans go is the business of an SDK that the environment sets up. Statements become children of the span if the
driver is instrumented, too.
"""

from collections.abc import Mapping

from lms_graphql.engine.trusted import SHA256_PREFIX, text_hash
from lms_graphql.server.observing import Observation

try:
    from opentelemetry import context, trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:
    is_installed = False
else:
    is_installed = True

_LONGEST_NAME = 128
_OUR_FAULT = {"deadline", "overloaded", "failed"}


class RequestSpan:
    """The span of a request, current until it ends."""

    def __init__(self, span: "trace.Span", parent: "context.Context") -> None:
        self._span = span
        self._token = context.attach(trace.set_span_in_context(span, parent))

    def end(self, observation: Observation) -> None:
        """Say what came of the request, and end the span."""
        context.detach(self._token)
        if self._span.is_recording():
            self._span.update_name(observation.kind)
            self._span.set_attributes(_attributes(observation))
            if observation.outcome in _OUR_FAULT:
                self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()


class Tracing:
    """Begins spans, of the process's provider unless another is given."""

    def __init__(self, provider: "trace.TracerProvider | None" = None) -> None:
        self._tracer = trace.get_tracer("lms_graphql", tracer_provider=provider)
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, headers: Mapping[str, str]) -> RequestSpan:
        """A span under the one that `traceparent` names, and under no other.

        What is current may be another request's: uvicorn starts the next of a connection from within the one before.
        """
        named = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        parent = self._propagator.extract(named, context.Context())
        return RequestSpan(self._tracer.start_span("unknown", parent, trace.SpanKind.SERVER), parent)


def tracing() -> Tracing | None:
    """What begins spans; None where OpenTelemetry's API is not installed."""
    return Tracing() if is_installed else None


def _attributes(observation: Observation) -> dict[str, str | int]:
    found: dict[str, str | int] = {"lms.outcome": observation.outcome, "lms.statements": observation.statements}
    if observation.code:
        found["lms.code"] = observation.code
    if observation.name is not None:
        found["graphql.operation.name"] = observation.name[:_LONGEST_NAME]
    node = None if observation.document is None else observation.document.node
    if node is not None and node.loc is not None:
        found["graphql.document.hash"] = SHA256_PREFIX + text_hash(node.loc.source.body)
    return found
