"""``make demo-crash``: a minute in which the web process is killed mid-order, and nothing is lost.

Everything on the screen is done by real processes: gunicorn, the reconciler, MariaDB, DynamoDB Local. With
``--record FILE`` the same run is kept as an asciicast (``FILE.cast``) and as an animated SVG (``FILE.svg``).
"""

import argparse
import http.client
import io
import os
import secrets
import sys
import time
from pathlib import Path

import django

from shop.local import environment, processes, system
from tests.chaos.recording import Screen
from tests.chaos.servers import Servers

BOLD, DIM, RED, GREEN, OFF = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"


def play(servers: Servers, directory: Path, screen: Screen) -> int:
    """Show it; return the exit code."""
    # Models exist only once Django is set up.
    from django.core.management import call_command
    from django.db import connection

    from orders.models import MockLedgerEntry, Order
    from products.models import Product
    from tests.chaos import stores
    from tests.chaos.world import World

    stores.prepare()
    world = World(servers, directory, "demo")
    screen.restart()

    def row() -> str:
        connection.close()
        order = Order.objects.get()
        stock = Product.get(product, consistent_read=True).stock
        money = sum(
            entry.amount - entry.refunded for entry in MockLedgerEntry.objects.filter(status="CAPTURED")
        )
        return f"MySQL: order {order.pk} {order.status}/{order.step}   DynamoDB: {stock} mugs left   provider: {money} taken"

    try:
        world.reset(products=0)
        product = world.shelve(price="12.50", stock=5)
        world.use({"ORDER_LEASE_SECONDS": "8"})
        screen.say(
            f"{BOLD}A shop of three systems: MySQL has orders, DynamoDB has stock, a provider has money.{OFF}"
        )
        screen.say("5 mugs at 12.50. A customer buys 2, with an Idempotency-Key:", pause=1.5)
        screen.say(f"{DIM}$ curl -X POST /orders -H 'Idempotency-Key: k-1' -d '…2 mugs…'{OFF}", pause=1)
        world.arm(world.web, "after_charge=kill*1")
        body = {"email": "ann+approve@example.com", "items": [{"productId": product, "quantity": 2}]}
        try:
            world.send("POST", "/orders", body, headers={"Idempotency-Key": "k-1"})
        except (OSError, http.client.HTTPException):
            pid = world.hits("after_charge")[0][2]
        else:
            screen.say("The process was not killed.")
            return 1
        screen.say(
            f"{RED}kill -9 {pid}: the web process died, with the money taken and the order not settled.{OFF}"
        )
        screen.say("curl: (52) Empty reply from server", pause=1.5)
        screen.say(row(), pause=2)
        screen.say(f"{BOLD}The order's lease ends after 8 s; then the reconciler takes it over.{OFF}")
        began = time.monotonic()
        while stores.open_orders() and time.monotonic() - began < 40:
            screen.say(f"{DIM}  {time.monotonic() - began:4.1f} s  {row()}{OFF}")
            time.sleep(0.9)
        screen.say(f"{GREEN}  {time.monotonic() - began:4.1f} s  {row()}{OFF}", pause=1.5)
        screen.say("It asked the provider again under the same key: 25.00 was taken, once.", pause=1.5)
        screen.say("The customer, who never got an answer, repeats the request:", pause=1)
        world.wait_ready(20)
        answer = world.send("POST", "/orders", body, headers={"Idempotency-Key": "k-1"})
        order = answer.body["order"]
        replayed = (
            "Idempotent-Replayed: true" if answer.headers.get("Idempotent-Replayed") else "a new order!"
        )
        screen.say(
            f"{answer.status}  order {order['orderId']}  {order['status']}  total {order['total']:.2f}  ({replayed})",
            pause=1.5,
        )
        screen.say(f"{DIM}$ manage.py verify_invariants --quiet{OFF}")
        output = io.StringIO()
        connection.close()
        call_command("verify_invariants", quiet=True, stdout=output)
        screen.say(f"{GREEN}{BOLD}{output.getvalue().strip()}{OFF}", pause=3)
    finally:
        world.close()
    return 0


def main() -> int:
    """Start the servers, play, and record if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.demo", description=__doc__)
    parser.add_argument("--record", type=Path, help="keep it as FILE.cast and FILE.svg")
    options = parser.parse_args()
    environment.isolate()
    screen = Screen()
    try:
        with processes.until_signalled(), processes.scratch("demo") as (scratch, stack):
            print("Starting MariaDB and DynamoDB Local …", flush=True)
            servers = Servers(scratch, stack, seed=secrets.token_hex(4))
            os.environ.clear()  # the settings of whoever started us have no say
            # Here a person watches: no lines of metrics among the words.
            os.environ.update({**servers.straight(), "LOG_FORMAT": "console"})
            django.setup()
            code = play(servers, scratch, screen)
    except (processes.StartError, system.NotHere) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.record and code == 0:
        screen.write_cast(options.record.with_suffix(".cast"))
        screen.write_svg(options.record.with_suffix(".svg"))
    return code


if __name__ == "__main__":
    sys.exit(main())
