"""Fill the stores of a fresh embedded stack: tables, queue, sample catalogue, the back office's superuser.

One process for all management commands, because starting Django is the slow part. It runs beside the start of
ministack, and waits for it only when it needs DynamoDB. Takes the superuser from ``DJANGO_SUPERUSER_…``.
"""

import os
import sys
import time

import django
from django.core.management import call_command

from shop.local import ministack

WAIT_SECONDS = 60.0


def _wait_for_dynamodb() -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not ministack.answers(os.environ["AWS_ENDPOINT_URL"]):
        if time.monotonic() > deadline:
            sys.exit("ministack did not answer")
        time.sleep(0.05)


def main() -> None:
    """Run the commands; an error ends the process with a traceback in its log."""
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createsuperuser", interactive=False, verbosity=0)
    _wait_for_dynamodb()
    call_command("create_tables")
    call_command("load_sample_catalogue")
    call_command("create_queues")


if __name__ == "__main__":
    main()
