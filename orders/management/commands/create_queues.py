"""Create the queues of a local stack; on AWS they are the deployment's to make."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders.queue import create_queues


class Command(BaseCommand):
    """Create the queue of orders and its dead-letter queue."""

    help = "Create the queue that ORDER_QUEUE_URL names and its dead-letter queue, on a stand-in for AWS."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Create them; what exists stays, with its messages."""
        if not settings.ORDER_QUEUE_URL:
            raise CommandError("ORDER_QUEUE_URL must be set: its last part is the queue's name.")
        if not (os.environ.get("AWS_ENDPOINT_URL_SQS") or os.environ.get("AWS_ENDPOINT_URL")):
            raise CommandError("On AWS the deployment makes the queues; AWS_ENDPOINT_URL names no stand-in.")
        self.stdout.write(f"the queue is at {create_queues()}")
