"""Traces, an extra that is off by default (``TRACES``): one span per request, order in hand and call of AWS.

What leaves the process is an allowlist of attributes: no query, address, body, key or exception's text. The request's
id and the trace's id lead to each other, in the log lines and on the spans. The packages are the extra ``traces``; this
module imports them only where it is switched on.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer

BEFORE = "shop.middleware.HealthCheckMiddleware"
"""Requests that end here have no span: a probe is no news, and the instrumentation refuses unknown Host headers."""
REQUEST_ID, ORDER_ID = "shop.request_id", "shop.order_id"
ALLOWED = frozenset(
    {
        *(REQUEST_ID, ORDER_ID),
        *(
            "http.method",
            "http.request.method",
            "http.route",
            "http.status_code",
            "http.response.status_code",
        ),
        *("rpc.system", "rpc.service", "rpc.method", "aws.region", "cloud.region", "aws.request_id"),
        *("db.system", "db.operation", "aws.dynamodb.table_names", "retry_attempts"),
        *("messaging.system", "messaging.destination", "error.type"),
    }
)

_tracer: "Tracer | None" = None


def start(*, service: str, exporter: "SpanExporter | None" = None) -> bool:
    """Begin to trace this process if ``TRACES`` says so.

    Args:
        service: what kind of process it is: ``web``, ``worker``, ``reconciler``, ``background``.
        exporter: where spans go; by default to the collector at ``OTEL_EXPORTER_OTLP_ENDPOINT``.

    Returns:
        Whether it is traced.

    Raises:
        ImproperlyConfigured: it should be, but the packages are not installed.
    """
    global _tracer
    if settings.TRACES == "off":
        return False
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

        exporter = exporter or _collector()
    except ImportError as error:
        raise ImproperlyConfigured(
            f"TRACES={settings.TRACES} needs the extra 'traces' (requirements/traces.txt): {error}."
        ) from error
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"shop-{service}", "service.version": settings.VERSION}),
        # By the trace's id alone: what strangers send in a header must not decide what is paid for.
        sampler=TraceIdRatioBased(float(settings.TRACES_SAMPLE_RATE)),
        id_generator=_id_generator(),
    )
    provider.add_span_processor(BatchSpanProcessor(cast("SpanExporter", _Reticent(exporter))))
    _instrument(provider)
    _tracer = provider.get_tracer("shop")
    return True


@contextlib.contextmanager
def span(name: str) -> Iterator[None]:
    """Trace what is done inside the block, under the ids that its log lines carry; nothing where traces are off."""
    if _tracer is None:
        yield
        return
    context = get_contextvars()
    with _tracer.start_as_current_span(name) as current:
        if "request_id" in context:
            current.set_attribute(REQUEST_ID, context["request_id"])
        if "order_id" in context:
            current.set_attribute(ORDER_ID, context["order_id"])
        with bound_contextvars(trace_id=_id_of(current)):
            yield


def _collector() -> "SpanExporter":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _id_generator() -> Any:
    from opentelemetry.sdk.extension.aws.trace import AwsXRayIdGenerator
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    return AwsXRayIdGenerator() if settings.TRACES == "xray" else RandomIdGenerator()


def _instrument(provider: Any) -> None:
    from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.propagate import set_global_textmap
    from opentelemetry.propagators.aws import AwsXRayPropagator
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    set_global_textmap(AwsXRayPropagator() if settings.TRACES == "xray" else TraceContextTextMapPropagator())
    # Middlewares are loaded after this, by get_wsgi_application().
    DjangoInstrumentor().instrument(
        tracer_provider=provider,
        middleware_position=settings.MIDDLEWARE.index(BEFORE) + 1,
        request_hook=_tie_to_request,
    )
    BotocoreInstrumentor().instrument(tracer_provider=provider)  # type: ignore[no-untyped-call]


def _tie_to_request(current: "Span", request: HttpRequest) -> None:
    """Put the request's id on its span, and the trace's id on its log lines."""
    current.set_attribute(REQUEST_ID, request.META["shop.request_id"])
    bind_contextvars(trace_id=_id_of(current))


def _id_of(current: "Span") -> str:
    digits = f"{current.get_span_context().trace_id:032x}"
    return f"1-{digits[:8]}-{digits[8:]}" if settings.TRACES == "xray" else digits


class _Reticent:
    """An exporter that passes on spans with the allowed attributes only, and without events and messages."""

    def __init__(self, inner: "SpanExporter") -> None:
        self._inner = inner
        self.shutdown = inner.shutdown
        self.force_flush = inner.force_flush

    def export(self, spans: "Sequence[ReadableSpan]") -> Any:
        return self._inner.export([_without_secrets(span) for span in spans])


def _without_secrets(span: "ReadableSpan") -> "ReadableSpan":
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Status

    attributes: Mapping[str, Any] = span.attributes or {}
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in attributes.items() if name in ALLOWED},
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
