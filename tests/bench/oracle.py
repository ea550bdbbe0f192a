"""Was all that was measured also right? Reads the books of all systems after the rounds."""

from collections.abc import Sequence

from django.db.models import Count, Sum

from orders.models import Order, OrderItem
from orders.states import OrderStatus
from products.models import Product
from products.selectors import get_products
from tests.bench.measure import Results, load, load_so_often
from tests.bench.stage import STOCK, Stage, shelve
from tests.bench.targets import Target, order_request
from tests.chaos import stores

SCARCE, SCARCE_UNITS, BUYERS = "prod_scarce", 50, 120
REPEATS = 40


def check(stage: Stage, results: Results) -> list[str]:
    """Return what is wrong; sells the last units of a scarce product and repeats orders first."""
    errors = [
        f"{sample.target}, {sample.service}, {sample.connections} connections: errors {dict(sample.wrong)}"
        for sample in results.samples.values()
        if sample.errors and sample.service != "thin"  # the reference has no second try
    ]
    faults = [*errors, *_oversold(stage, results), *_duplicates(stage, results)]
    return [*faults, *_books(stage.products, results), *stores.verify({})]


def _oversold(stage: Stage, results: Results) -> list[str]:
    shelve([SCARCE], stock=SCARCE_UNITS)
    results.stocks[SCARCE] = SCARCE_UNITS
    orders = [order_request([SCARCE], token=token, key="scarce-{n}") for token in stage.tokens]
    target = Target(name="scarce", requests=orders, status=201, keyed=True)
    load(stage, target, service="shop", connections=100, seconds=60, results=results, most=BUYERS)
    left = get_products([SCARCE])[SCARCE].stock
    sold = OrderItem.objects.filter(product_id=SCARCE, order__status=OrderStatus.PROCESSING).count()
    if (sold, left) != (SCARCE_UNITS, 0):
        return [f"{sold} of {SCARCE_UNITS} units were sold to {BUYERS} buyers, and {left} are left"]
    return []


def _duplicates(stage: Stage, results: Results) -> list[str]:
    before = Order.objects.count()
    again = order_request([stage.products[0]], token=stage.tokens[0], key="the-same-key")
    target = Target(name="repeats", requests=[again], status=201)
    said = load_so_often(stage, target, results=results, times=REPEATS)
    results.placed["shop"] += 1
    made = Order.objects.count() - before
    # While the first is under way the others are told so (409); never is there a second order.
    return [] if made == 1 else [f"one key, sent {REPEATS} times, made {made} orders: {said['statuses']}"]


def _books(products: Sequence[str], results: Results) -> list[str]:
    found = []
    placed = sum(count for service, count in results.placed.items() if service != "thin")
    if (orders := Order.objects.count()) != placed:
        found.append(f"{placed} orders were answered with 201, and {orders} are recorded")
    if twice := Order.objects.values("request_id").annotate(n=Count("pk")).filter(n__gt=1).count():
        found.append(f"{twice} requests made more than one order")
    sold = OrderItem.objects.filter(order__status=OrderStatus.PROCESSING)
    units = sold.aggregate(units=Sum("quantity"))["units"] or 0
    taken = sum(results.stocks.get(shelf.product_id, STOCK) - shelf.stock for shelf in Product.scan())
    if units != taken:
        found.append(f"{units} units were sold, and {taken} left the shelf of {len(products)} products")
    return found
