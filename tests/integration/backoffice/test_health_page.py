"""The health page: it says what the metrics say, and goes on saying it when a part is gone."""

import html
import re
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.urls import reverse

from orders import figures, invariants
from orders.background import FIGURES_EVERY_SECONDS
from orders.backoffice import health_page
from orders.models import BackgroundReport, Order, database_now
from orders.payments.choice import payment_gateway
from products import models as catalogue
from products.errors import CatalogueUnavailable
from products.models import Product
from tests.queues import new_queues

pytestmark = [
    pytest.mark.dynamodb,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("tables"),
]

PATH = "/admin/health/"
TABLES = ("products", "reservations", "movements", "rate limits")


def text_of(page):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def look(staff):
    """Open the page as support; what it says."""
    client = staff("support")

    def open_it():
        answer = client.get(PATH)
        assert answer.status_code == 200
        return text_of(answer.content.decode())

    return open_it


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(invariants, "SECONDS_BETWEEN_LOOKS", 0)


def test_every_part_is_named_and_answers(look, settings):
    said = look()

    for name in ("MySQL", *(f"DynamoDB: {table}" for table in TABLES)):
        assert re.search(rf"{name} answers \d", said), name
    assert re.search(r"Cognito's signing keys answers published: \d+ \d", said)
    assert re.search(r"Signing keys in this process answers \d", said)
    assert "Not answering" not in said
    assert "Payment provider, seen by this process asked the breaker is closed" in said
    assert f"Version {settings.VERSION}" in said


def test_the_commit_is_the_one_it_was_built_from(look, settings):
    settings.REVISION = "abcabcabc1"

    assert "Commit abcabcabc1" in look()


def test_before_anything_was_reported_it_says_so(look):
    said = look()

    assert "Background process has never reported" in said
    assert "Last verification none yet" in said
    assert "Open orders none" in said


def test_the_reconcilers_lag_is_that_of_the_metrics(look, stuck):
    Order.objects.filter(pk=stuck.pk).update(created_at=database_now() - timedelta(minutes=7))

    said = look()

    assert figures.open_orders().count == 1
    assert "Open orders 1" in said
    assert "Oldest open order 7 min waiting to be settled" in said


def test_the_background_process_reports_to_every_task(look, settings):
    payment_gateway()._breaker.open()
    figures.report_state(payment_gateway())
    payment_gateway().reset()

    said = look()

    assert re.search(r"Background process reported \d s ago version " + re.escape(settings.VERSION), said)
    assert "seen by this process asked" in said
    assert "… by the background process not asked the breaker is open" in said


def test_reporting_again_leaves_one_row_of_each_kind():
    figures.report_state(payment_gateway())
    figures.report_state(payment_gateway())

    assert list(BackgroundReport.objects.values_list("kind", flat=True)) == ["state"]


def test_a_background_process_that_fell_silent_is_called_so(look):
    long_ago = database_now() - timedelta(seconds=10 * FIGURES_EVERY_SECONDS)
    BackgroundReport.objects.create(kind="state", reported_at=long_ago, detail={"breaker": "closed"})

    assert "Background process silent for 5 min" in look()


@pytest.mark.usefixtures("empty_catalogue", "impatient")
def test_drift_is_shown_as_the_last_verification_found_it(look, buy, make_product):
    shelf = make_product()
    buy(shelf, 1)
    figures.report_drift(payment_gateway())
    assert re.search(r"Last verification all promises hold .* 1 orders read", look())

    shelf.product.update(actions=[Product.stock.set(2)])
    figures.report_drift(payment_gateway())

    said = look()
    assert re.search(r"Last verification 1 broken promise .* 1 orders read", said)
    assert f"I1 product {shelf.product_id}" in said


def test_the_queue_and_its_dead_letters_are_counted(look, settings):
    with new_queues(settings) as queues:
        for number in range(3):
            queues.put(str(number))
        said = look()

    assert "Queue answers" in said
    assert "Messages on the queue 3" in said
    assert "Dead letters 0" in said


# ---- parts that are gone -----------------------------------------------------------------------------------


def test_a_silent_queue_is_named_and_nothing_else(look, settings):
    settings.ORDER_QUEUE_URL = "http://127.0.0.1:9/000000000000/nowhere"

    said = look()

    assert "Not answering: Queue." in said
    assert "Messages on the queue not known" in said


def test_a_silent_dynamodb_is_named_table_by_table(look, monkeypatch):
    def silent(*_, **__):
        raise CatalogueUnavailable("No answer came in time; try again.")

    monkeypatch.setattr(catalogue, "_table_answers", silent)

    said = look()

    for table in TABLES:
        assert f"DynamoDB: {table} does not answer" in said
    assert re.search(r"MySQL answers \d", said)


def test_a_silent_address_of_the_signing_keys_is_named_while_the_kept_ones_serve(look, monkeypatch):
    def silent(_url):
        raise OSError("connection refused")

    look()
    monkeypatch.setattr("users.jwks.fetch_jwks", silent)

    said = look()

    assert "Not answering: Cognito's signing keys." in said
    assert re.search(r"Signing keys in this process answers \d", said)


def test_what_hangs_is_not_waited_for(look, monkeypatch):
    monkeypatch.setattr(health_page, "SECONDS", 0.5)
    monkeypatch.setattr(health_page, "count_published_keys", lambda: time.sleep(2))

    said = look()

    assert "Cognito's signing keys does not answer not within 0 seconds" in said
    assert re.search(r"MySQL answers \d", said)


def test_figures_that_cannot_be_read_are_not_known(look, monkeypatch):
    def silent():
        raise OperationalError(2013, "Lost connection")

    monkeypatch.setattr(figures, "open_orders", silent)

    said = look()

    assert "Not answering: Figures from MySQL." in said
    assert "Oldest open order not known" in said
    assert "Background process not known" in said
    assert "Last verification not known" in said


def test_without_a_database_nobody_is_recognised_and_everybody_is_told_why(monkeypatch, staff):
    def gone(*_, **__):
        raise OperationalError(2003, "Can't connect")

    client = staff("support")
    client.raise_request_exception = False
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", gone)

    answer = client.get(PATH, headers={"Accept": "text/html"})

    said = text_of(answer.content.decode())
    assert answer.status_code == 503
    assert "The order database did not answer" in said
    assert re.search(r"Catalogue answers, in \d", said)
    assert re.search(r"Keys answers, in \d", said)
    assert "Database" not in said


def test_the_page_is_where_the_side_bar_leads():
    assert reverse("admin:health") == PATH
