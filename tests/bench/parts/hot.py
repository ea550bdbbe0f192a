"""One product that everybody wants: a thousand buyers at once, and a sale that goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from orders.models import OrderItem
from orders.states import OrderStatus
from products.selectors import get_products
from tests import emf
from tests.bench.conflicts import ConflictGate
from tests.bench.measure import Sample
from tests.bench.parts.base import Bench
from tests.bench.parts.cold import seconds_to
from tests.bench.report import Findings, Goal, make_table
from tests.bench.stage import STOCK, shelve
from tests.bench.targets import Target, order_request
from tests.chaos import stores

BUYERS, UNITS = 1000, 500
SALE_CONNECTIONS, SALE_SECONDS = 64, 10.0
HEAD = (
    "one product", "sold", "of them later", "too late", "answers/s", "p50 ms", "p99 ms", "p99 ÷ p50",
    "conflicts repeated, per order sold",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sale:
    """What came of one rush.

    Attributes:
        name: what it was.
        sample: its figures.
        sold, left: units: in orders that hold, and on the shelf.
        stock: units before.
        late: orders that the shop had answered as PENDING, for the reconciler to settle; those that it did not.
        retries: of reservations, for a conflict.
    """

    name: str
    sample: Sample
    sold: int
    left: int
    stock: int
    late: int
    open_still: list[str]
    retries: int

    @property
    def refused(self) -> int:
        """Buyers who came too late: turned away at once, or with an order that was cancelled for want of stock."""
        return self.sample.requests - self.sold

    def row(self) -> list[object]:
        """Return it as a row."""
        p50, p99 = (self.sample.percentile(percent) for percent in (50, 99))
        return [
            self.name, self.sold, self.late, self.refused, f"{self.sample.rate:.0f}",
            f"{p50:.0f}", f"{p99:.0f}", f"{p99 / p50:.1f}", f"{self.retries / max(self.sold, 1):.2f}",
        ]  # fmt: skip

    def faults(self) -> list[str]:
        """Return what is not right with it."""
        found = [*self.open_still]
        if self.sold + self.left != self.stock:
            found.append(
                f"{self.name}: {self.sold} of {self.stock} units were sold, and {self.left} are left"
            )
        if self.refused and self.left:
            found.append(f"{self.name}: {self.refused} buyers were refused, and {self.left} units are left")
        if others := {*self.sample.wrong} - {"409"}:
            found.append(f"{self.name}: answers {others}")
        return found


def retries_in(log: Path) -> int:
    """Return how many calls of DynamoDB were repeated for a conflict, by a shop's log."""
    return emf.sums(emf.documents(log), "DynamoDbRetries")["conflict"]


def _rush(
    bench: Bench, *, name: str, service: str, product: str, stock: int, connections: int, most: int = 10**9
) -> Sale:
    shelve([product], stock=stock)
    bench.results.stocks[product] = stock
    orders = [order_request([product], token=token, key="hot-{n}") for token in bench.stage.tokens]
    logs = [bench.stage.services[service].log, bench.stage.directory / f"{service}-background.log"]
    before = sum(map(retries_in, logs))
    sample = bench.measure(
        Target(name=name, requests=orders, status=201, keyed=True),
        service=service,
        connections=connections,
        seconds=SALE_SECONDS,
        most=most,
    )
    bench.results.samples.pop((name, service, connections))  # its refusals are no errors: judged here
    late = stores.open_orders()
    open_still = bench.settle()
    sold = OrderItem.objects.filter(product_id=product, order__status=OrderStatus.PROCESSING).count()
    left = get_products([product])[product].stock
    return Sale(
        name=name, sample=sample, sold=sold, left=left, stock=stock, late=late, open_still=open_still,
        retries=sum(map(retries_in, logs)) - before,
    )  # fmt: skip


def _sell(bench: Bench, *, service: str, words: str, crowd: bool, settings: Mapping[str, str]) -> list[Sale]:
    """Sell to a crowd and in a sale that goes on; return what came of each."""
    sales = []
    with (
        bench.stage.beside(service, workers=bench.stage.workers, settings=settings) as running,
        bench.stage.background(f"{service}-background", settings=settings),
    ):
        seconds_to("/health/ready", service=running)
        buyers, units = bench.times(BUYERS), bench.times(UNITS)
        if crowd:
            name = f"{buyers:,} buyers at once of {units} units{words}"
            sales.append(
                _rush(
                    bench, name=name, service=service, product=f"prod_{service}_once", stock=units,
                    connections=buyers, most=buyers,
                )
            )  # fmt: skip
        name = f"a sale of {SALE_SECONDS * bench.share:g} s to {SALE_CONNECTIONS} connections{words}"
        sales.append(
            _rush(
                bench, name=name, service=service, product=f"prod_{service}_sale", stock=STOCK,
                connections=SALE_CONNECTIONS,
            )
        )  # fmt: skip
    return sales


def measure(bench: Bench) -> Findings:
    """Sell one product to a crowd, as fast as DynamoDB Local goes, and with conflicts as DynamoDB has them."""
    port = urlsplit(bench.stage.servers.dynamo_url).port
    assert port
    sales = _sell(bench, service="hot", words="", crowd=True, settings={})
    gate = ConflictGate(port)
    try:
        door = {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{gate.port}"}
        sales += _sell(bench, service="conflicts", words=", conflicts as on AWS", crowd=False, settings=door)
    finally:
        gate.close()
    oversold = sum(max(sale.sold - sale.stock, 0) for sale in sales)
    return Findings(
        goals=[
            Goal(figure="one product, a thousand buyers: units oversold", at_most="0", measured=oversold, limit=0, shown=str(oversold))
        ],
        sections={"hot product": make_table(HEAD, (sale.row() for sale in sales))},
        faults=[fault for sale in sales for fault in sale.faults()],
    )  # fmt: skip
