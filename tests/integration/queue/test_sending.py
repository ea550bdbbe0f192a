"""Sending is one try, and an order without a message is settled all the same."""

import socket
import time

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from orders import queue
from orders.models import Order
from orders.recovery import due_orders
from orders.states import Step
from shop import aws
from shop.aws import sqs_client

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def silent_queue(queues, monkeypatch):
    """SQS takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{listener.getsockname()[1]}")
        aws._sqs_client.cache_clear()
        aws.sqs_client()
        yield
    aws._sqs_client.cache_clear()


@pytest.fixture
def vanished_queue(queues, settings):
    settings.ORDER_QUEUE_URL += "-gone"


def assert_answered_and_settled_from_the_table(api, mug, *, seconds):
    began = time.monotonic()
    answer = api.send(
        "POST",
        "/orders",
        {"email": "ann@example.com", "items": [{"productId": mug.product_id, "quantity": 1}]},
    )
    assert time.monotonic() - began < seconds
    assert (answer.status_code, answer.json()["order"]["status"]) == (201, "PENDING")
    # At once: nobody waits for a lease that is nobody's.
    assert [order.step for order in due_orders()] == [Step.CREATED]

    call_command("reconcile_orders")

    assert Order.objects.get().status == "PROCESSING"
    assert mug.stock == 4


def test_a_queue_that_does_not_answer_costs_one_time_out_and_no_order(silent_queue, mug, api):
    assert_answered_and_settled_from_the_table(api, mug, seconds=queue.SEND_SECONDS + 1)


def test_a_queue_that_refuses_costs_no_order(vanished_queue, mug, api):
    assert_answered_and_settled_from_the_table(api, mug, seconds=3)


def test_a_worker_that_got_the_message_of_an_unanswered_send_keeps_the_order(
    buy, mug, queues, deliver, monkeypatch
):
    send = queue.send

    def lose_the_answer(uid):
        send(uid)
        deliver()
        raise queue.QueueUnavailable("no answer")

    monkeypatch.setattr(queue, "send", lose_the_answer)

    order = buy(mug, 1)

    order.refresh_from_db()
    assert (order.status, order.lease_until) == ("PROCESSING", None)


def test_with_too_little_time_left_nothing_is_sent(buy, mug, queues):
    buy(mug, 1, seconds=queue.SEND_SECONDS - 0.5)

    assert queues.count() == 0
    assert len(list(due_orders())) == 1


def test_a_new_order_is_not_the_reconcilers_while_its_message_is_on_the_way(buy, mug, queues):
    buy(mug, 1)

    assert list(due_orders()) == []


def test_without_asynchronous_mode_nothing_is_sent(buy, mug, queues, settings):
    settings.ORDER_PROCESSING = "sync"

    assert buy(mug, 1).status == "PROCESSING"
    assert queues.count() == 0


def test_readiness_asks_the_queue(queues, settings):
    queue.check_answers()
    settings.ORDER_QUEUE_URL += "-gone"

    with pytest.raises(queue.QueueUnavailable):
        queue.check_answers()


def test_queues_are_made_once_and_set_right(queues, settings, capsys):
    queues.put("still there")

    call_command("create_queues")

    client = sqs_client()
    attributes = client.get_queue_attributes(QueueUrl=queues.url, AttributeNames=["All"])["Attributes"]
    assert '"maxReceiveCount":5' in attributes["RedrivePolicy"].replace(" ", "")
    assert f"{queues.url.rsplit('/', 1)[1]}-dead-letters" in attributes["RedrivePolicy"]
    assert queues.count() == 1
    assert queues.url in capsys.readouterr().out


def test_on_aws_queues_are_the_deployments_to_make(queues, monkeypatch, settings):
    with monkeypatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL")
        patch.delenv("AWS_ENDPOINT_URL_SQS", raising=False)
        with pytest.raises(CommandError, match="deployment"):
            call_command("create_queues")
    settings.ORDER_QUEUE_URL = ""
    for command in ("create_queues", "process_orders"):
        with pytest.raises(CommandError, match="ORDER_QUEUE_URL"):
            call_command(command)


def test_a_stand_ins_queue_is_not_fit_for_production(queues):
    assert "shop.E008" in {message.id for message in run_checks(include_deployment_checks=True)}
