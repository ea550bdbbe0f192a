"""The two sides that are compared: each a whole shop, with stores of its own, that differ in nothing but their size."""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.bench import measure
from tests.bench.processes import Helper
from tests.bench.stage import CUSTOMERS, TOKEN_SECONDS, Stage, ids_of
from tests.bench.targets import Target, request, targets
from tests.chaos.mariadb import MariaDB
from tests.chaos.servers import Servers

WARM_UP_SECONDS = (
    3.0  # of each call: Java compiles what is called often, and pages must come from the disk once
)
PATIENCE = "3600"  # seconds that a statement of whoever fills or counts may take
WRITTEN_BACK_SECONDS = 1800
DIRTY_PAGES = 100  # so few are as good as none
ORDER, DETAIL, LIST = "order", "order detail", "order list (20)"
PAGE = "product page (20)"
BACK_OFFICE = "/admin/orders/order/"


class Side(Stage):
    """One side: the shop alone, without the references.

    Attributes:
        orders: how many there were before it was measured.
        owner: the token of a customer with a hundred orders, spread over the whole table.
        results: of this side alone.
        rows: what MariaDB handed out per request, by call; one value a round.
        filled: what :func:`tests.bench.fill.fill` said.
    """

    orders: int
    keeper: Helper
    owner: str
    filled: dict[str, Any]

    def start(self, *, before: Path | None = None) -> None:
        """Start the shop and the program that asks it."""
        assert before is None
        self.settings = self._as_in_production()
        self._serve("shop", "shop.wsgi", self.settings)
        self.client = self._helper("tests.bench.client", self.settings)
        self.services["shop"].wait()
        self.results = measure.Results()
        self.rows: dict[str, list[float]] = defaultdict(list)
        self.renew_tokens()

    def renew_tokens(self) -> None:
        """Give those a token who order, and one who only looks at orders."""
        sign = self.servers.key_server.token
        self.tokens = [sign(f"buyer-{number}", seconds=TOKEN_SECONDS) for number in range(CUSTOMERS)]
        self.owner = sign(self.filled["owner"], seconds=TOKEN_SECONDS)

    def fill(self, *, orders: int) -> None:
        """Fill the stores, and leave the database as durable and as quiet as it was."""
        self.orders = orders
        self.keeper = self._helper(
            "tests.bench.keeper",
            {**self.servers.straight(), "DATABASE_READ_TIMEOUT_SECONDS": PATIENCE},
        )
        with filling(self.servers.mariadb):
            self.filled = self.keeper.ask({"task": "fill", "orders": orders, "products": len(self.products)})

    def faults(self) -> list[str]:
        """Return what was not right."""
        wrong = [
            f"{sample.target}, beside {self.orders:,} orders: errors {dict(sample.wrong)}"
            for sample in self.results.samples.values()
            if sample.errors
        ]
        placed = self.results.placed.get("shop", 0)
        return [*wrong, *self.keeper.ask({"task": "books", "orders": self.orders, "placed": placed})]

    def rows_handed_out(self) -> int:
        """Return how many rows MariaDB's storage engine has handed out so far."""
        status = self.servers.mariadb.run("SHOW GLOBAL STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _, value in status)


def prepare(
    servers: Servers, *, size: tuple[int, int], options: argparse.Namespace, directory: Path, stack: ExitStack
) -> Side:
    """Fill the stores of one side; the shop is not there yet, so that it is not older than the other one."""
    orders, products = size
    own = directory / f"beside-{orders}-{products}"
    own.mkdir()
    side = Side(
        servers=servers, directory=own, products=ids_of(products), stack=stack, workers=options.workers
    )
    side.fill(orders=orders)
    return side


@contextmanager
def filling(database: MariaDB) -> Iterator[None]:
    """Let the database write without waiting for the disk; then let it write back all, and be durable again."""
    run = database.run
    run("SET GLOBAL innodb_flush_log_at_trx_commit = 0", "SET GLOBAL innodb_io_capacity = 20000")
    yield
    run("SET GLOBAL innodb_max_dirty_pages_pct = 0")
    until = time.monotonic() + WRITTEN_BACK_SECONDS
    while int(run("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")[0][1]) > DIRTY_PAGES:
        if time.monotonic() > until:
            raise RuntimeError("the database did not write its pages back")
        time.sleep(1)
    run("SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT", "SET GLOBAL innodb_io_capacity = DEFAULT")
    run("SET GLOBAL innodb_flush_log_at_trx_commit = 1")


def calls(side: Side) -> list[Target]:
    """Return what is asked of both sides, each of its own data."""
    filled = side.filled
    shown = {target.name: target for target in targets(side, orders={side.owner: filled["owned"]})}

    def admin(what: str, query: str = "") -> Target:
        return Target(
            name=f"admin: {what}", requests=[request("GET", BACK_OFFICE + query, cookie=filled["cookie"])]
        )

    def looks(name: str, path: str, *, token: str = "") -> Target:
        return Target(name=name, requests=[request("GET", path, token=token)])

    return [
        *(shown[name] for name in (ORDER, DETAIL, LIST)),
        looks("order list, by status", "/orders?limit=20&status=PROCESSING", token=side.owner),
        admin("orders"),
        admin("orders, one status", "?status__exact=CANCELLED"),
        admin("search: an address", f"?q={filled['address']}"),
        admin("search: a number", f"?q={filled['number']}"),
        admin("one order", f"{filled['number']}/change/"),
        shown["product by id"],
        shown[PAGE],
        looks("product page, in the middle", f"/products?limit=20&cursor={filled['cursor']}"),
        shown["category page (20)"],
    ]


def run_rounds(small: Side, large: Side, *, options: argparse.Namespace) -> None:
    """Measure every call beside both sizes, again and again; which comes first changes from round to round."""
    for side in (small, large):
        side.start()
    work = list(zip(calls(small), calls(large), strict=True))
    for pair in work:
        for side, call in zip((small, large), pair, strict=True):
            seconds = min(WARM_UP_SECONDS, options.seconds)
            measure.load(side, call, service="shop", connections=16, seconds=seconds, results=side.results)
    done, whole, began = 0, options.rounds * len(work), time.monotonic()
    for number in range(options.rounds):
        for pair in work:
            turns = list(zip((small, large), pair, strict=True))
            for side, call in turns[:: -1 if number % 2 else 1]:
                _once(side, call, options=options)
            done += 1
            measure.progress(done, whole, began, pair[0].name)


def _once(side: Side, call: Target, *, options: argparse.Namespace) -> None:
    idle = -side.rows_handed_out() + side.rows_handed_out()  # what counting itself reads
    before = side.rows_handed_out()
    said = measure.once(
        side,
        call,
        service="shop",
        connections=options.connections,
        seconds=options.seconds,
        results=side.results,
    )
    read = side.rows_handed_out() - before - idle
    side.rows[call.name].append(read / max(sum(said["statuses"].values()), 1))
