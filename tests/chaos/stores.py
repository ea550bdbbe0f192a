"""What is in the stores of the world: emptied, filled, read and verified, past every proxy."""

import io
from collections.abc import Mapping
from decimal import Decimal

from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from pynamodb.exceptions import TableError
from pynamodb.models import Model

from orders.models import Order
from orders.payments.choice import payment_gateway
from orders.states import Step
from products import services
from products.dynamo import call
from products.models import TABLES, create_missing_tables
from shop.aws import sqs_client
from shop.deadline import Deadline
from shop.dynamo import is_passing
from tests.chaos.servers import Servers
from tests.queues import count_messages

PAYMENT_SETTINGS = ("PAYMENT_GATEWAY", "STRIPE_SECRET_KEY", "STRIPE_API_BASE")


def prepare() -> None:
    """Make MySQL's tables, and the queue if there is one."""
    call_command("migrate", verbosity=0)
    if settings.ORDER_QUEUE_URL:
        call_command("create_queues", stdout=io.StringIO())


def empty(servers: Servers) -> None:
    """Forget every order, product, reservation, payment and message."""
    tables = [model._meta.db_table for model in apps.get_app_config("orders").get_models()]
    servers.mariadb.run("SET FOREIGN_KEY_CHECKS=0", *(f"TRUNCATE TABLE {table}" for table in tables))
    for table in TABLES:
        _drop(table)
    create_missing_tables()
    if servers.queue_url:
        sqs_client().purge_queue(QueueUrl=servers.queue_url)


def _drop(table: type[Model]) -> None:
    """Delete a table if it is there; a server that has just started may be slow to answer."""
    while call(table.exists, deadline=Deadline(20)):
        try:
            table.delete_table()
        except TableError as error:
            if not is_passing(error):
                raise


def shelve(*, price: str, stock: int) -> str:
    """Put a product on the shelf; return its id."""
    fields = {"name": "Mug", "price": Decimal(price), "stock": stock, "category": "chaos"}
    return services.create_product(fields=fields).product_id


def open_orders() -> int:
    """Return how many orders are not settled."""
    connection.close()  # the server may have been killed since
    return Order.objects.exclude(step=Step.DONE).count()


def messages() -> int:
    """Return how many messages are on the queue."""
    return count_messages(sqs_client(), settings.ORDER_QUEUE_URL)


def verify(variables: Mapping[str, str]) -> list[str]:
    """Run ``verify_invariants --quiet``; return what it finds broken.

    Args:
        variables: of the shop, where its payment provider is another than the usual one.
    """
    connection.close()
    payment_gateway.cache_clear()
    output = io.StringIO()
    ours = {name: value for name, value in variables.items() if name in PAYMENT_SETTINGS}
    try:
        with override_settings(**ours):
            call_command("verify_invariants", quiet=True, stdout=output)
    except CommandError as error:
        return [*output.getvalue().splitlines(), str(error)]
    return []
