"""Traces: off by default; switched on, they tell what was called for which request, and nothing that is private."""

import json
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orders.models import Order
from orders.recovery import settle_due_orders
from shop import traces
from shop.aws import _dynamodb_connection

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]
EMAIL = "ann+approve@example.com"


@pytest.fixture
def traced(settings, monkeypatch):
    """Begin to trace; return the spans of what was done since."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr("opentelemetry.sdk.trace.export.BatchSpanProcessor", SimpleSpanProcessor)
    monkeypatch.setattr(traces, "_tracer", None)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE]
    settings.TRACES_SAMPLE_RATE = 1

    def begin(how="otlp"):
        settings.TRACES = how
        _dynamodb_connection.cache_clear()  # as at the start of a process, whose reads then go through botocore
        assert traces.start(service="web", exporter=exporter)
        return exporter

    yield begin
    if DjangoInstrumentor().is_instrumented_by_opentelemetry:
        DjangoInstrumentor().uninstrument()
        BotocoreInstrumentor().uninstrument()
    _dynamodb_connection.cache_clear()


def order_of(mug):
    return {
        "email": EMAIL,
        "items": [{"productId": mug.product_id, "quantity": 1}],
        "metadata": {"gift": "yes"},
    }


def request_line(caplog):
    (line,) = [record.msg for record in caplog.records if record.name == "shop.request"]
    return line


def test_by_default_nothing_is_traced(settings):
    middleware = list(settings.MIDDLEWARE)

    assert traces.start(service="web") is False
    with traces.span("nothing"):
        pass

    assert middleware == settings.MIDDLEWARE
    assert not DjangoInstrumentor().is_instrumented_by_opentelemetry


def test_nothing_of_it_is_loaded_unless_it_is_switched_on():
    code = (
        "import django, sys; django.setup(); import shop.wsgi; "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_without_the_packages_the_start_is_refused_in_one_line(settings, monkeypatch):
    settings.TRACES = "xray"
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)

    with pytest.raises(ImproperlyConfigured, match=r"TRACES=xray needs the extra 'traces'"):
        traces.start(service="web")


def test_an_order_is_one_trace_with_a_span_for_each_call_of_dynamodb(api, mug, traced, settings):
    exporter = traced()

    answer = api.send("POST", "/orders", order_of(mug), **{"X-Request-ID": "req-1"})

    assert answer.status_code == 201, answer.content
    *calls, request = exporter.get_finished_spans()
    assert request.name == "POST orders"
    assert request.attributes["shop.request_id"] == "req-1"
    assert request.attributes["http.route"] == "orders"
    assert {call.context.trace_id for call in calls} == {request.context.trace_id}
    tables = {table for call in calls for table in call.attributes.get("aws.dynamodb.table_names", ())}
    assert settings.PRODUCTS_TABLE in tables
    assert "DynamoDB.TransactWriteItems" in {call.name for call in calls}


def test_the_log_line_names_the_trace(api, mug, traced, caplog):
    exporter = traced()

    api.send("GET", "/products")

    trace_id = exporter.get_finished_spans()[-1].context.trace_id
    assert request_line(caplog)["trace_id"] == f"{trace_id:032x}"


def test_for_x_ray_ids_and_the_balancers_header_are_its_own(api, mug, traced, caplog):
    exporter = traced("xray")
    root = "1-67891233-abcdef012345678912345678"

    header = f"Root={root};Parent=53995c3f42cd8ad8;Sampled=1"
    api.send("GET", "/products", **{"X-Amzn-Trace-Id": header})

    assert request_line(caplog)["trace_id"] == root
    assert exporter.get_finished_spans()[-1].parent.span_id == 0x53995C3F42CD8AD8


def test_what_is_private_stays_here(api, mug, traced, caplog):
    exporter = traced()

    api.send(
        "POST", "/orders?email=eve@example.com", order_of(mug), Authorization="Bearer eyJsecret.eyJtoken.x"
    )
    api.send("POST", "/orders", order_of(mug))
    api.send("GET", "/orders?limit=1&cursor=private-cursor")
    api.send("GET", f"/products/{mug.product_id}?who=eve@example.com")

    spans = exporter.get_finished_spans()
    assert len(spans) > 6
    told = json.dumps([json.loads(span.to_json()) for span in spans])
    for private in ("example.com", "eyJ", "private-cursor", "gift", "127.0.0.1", mug.product_id):
        assert private not in told
    assert all(set(span.attributes) <= traces.ALLOWED and not span.events for span in spans)


def test_a_failure_is_marked_but_its_words_are_not_sent(traced):
    exporter = traced()

    with pytest.raises(ValueError, match="eve"), traces.span("settle order"):
        raise ValueError("eve@example.com")

    (span,) = exporter.get_finished_spans()
    assert span.status.status_code.name == "ERROR"
    assert "eve@" not in span.to_json()


def test_a_health_check_by_bare_address_is_answered_and_not_traced(api, traced, settings, tables):
    exporter = traced()
    settings.ALLOWED_HOSTS = ["shop.example.com"]

    assert api.get("/health/live", headers={"Host": "10.0.3.7"}).status_code == 200
    assert exporter.get_finished_spans() == ()


def test_strangers_do_not_decide_what_is_traced(api, mug, traced, settings):
    settings.TRACES_SAMPLE_RATE = 0
    exporter = traced()

    parent = "00-ffffffffffffffffffffffffffffffff-00f067aa0ba902b7-01"
    api.send("GET", "/products", traceparent=parent)

    assert exporter.get_finished_spans() == ()


def test_an_order_settled_later_is_found_by_the_id_of_its_request(buy, mug, traced, gateway):
    order = buy(mug, 1)
    Order.objects.filter(pk=order.pk).update(
        step="CHARGING", status="PENDING", request_id="req-9", lease_until=order.created_at
    )
    exporter = traced()

    assert [settled.step for settled in settle_due_orders(gateway=gateway)] == ["DONE"]

    span = exporter.get_finished_spans()[-1]
    assert (span.name, span.attributes["shop.request_id"], span.attributes["shop.order_id"]) == (
        "reconcile order",
        "req-9",
        order.pk,
    )
