"""Django's handle on the orders."""

from django.apps import AppConfig
from django.conf import settings

from orders import queue
from shop import health


class OrdersConfig(AppConfig):
    """The orders, their admin and their commands; tells how the payment provider's circuit breaker stands."""

    name = "orders"

    def ready(self) -> None:
        """Name the breaker's state in the readiness answer, where it makes nobody unready; ask the queue, if there is one."""
        from orders.payments.choice import payment_gateway

        health.register_info("paymentBreaker", lambda: payment_gateway().state)
        if settings.ORDER_PROCESSING == "async":
            health.register("queue", queue.check_answers)
