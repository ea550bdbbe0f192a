"""A shop with something on every page of the back office, for the tests that look at all of them and for the pictures."""

from dataclasses import dataclass
from datetime import timedelta

from orders import demo, figures
from orders.models import Order, database_now
from orders.payments.choice import payment_gateway
from orders.states import OrderStatus
from products.models import StockReservation, now
from products.sample import load_sample_catalogue
from tests import catalogue
from tests.journeys.conftest import make_account
from users import directory

SEED = 7
CUSTOMER = "grace@example.com"
ORPHAN = "5d3c9a52-6f0e-4b7e-9a39-0d6a7c1e2f48"


@dataclass(frozen=True)
class Seeded:
    """What pages can be opened about.

    Attributes:
        stuck, paid: orders.
        customer: the id of somebody with an account and orders.
        product_id: a product of the sample catalogue.
    """

    stuck: Order
    paid: Order
    customer: str
    product_id: str = "prod_015"


def seed_shop(*, days: int, per_day: int) -> Seeded:
    """Fill an empty shop: the sample catalogue, orders over some days, one stuck, units held for no order, one drift.

    The same wishes every time; the days are those before now.
    """
    catalogue.empty_it()
    load_sample_catalogue()
    orders = list(demo.place_demo_orders(days=days, per_day=per_day, gateway=payment_gateway(), seed=SEED))
    stuck = orders[-1]
    demo._date_back(stuck, database_now() - timedelta(minutes=10))
    long_ago = now() - timedelta(hours=3)
    StockReservation(ORPHAN, state="HELD", quantities={"prod_004": 2}, created_at=long_ago).save()
    figures.report_state(payment_gateway())
    paid = next(order for order in orders[::-1] if order.status == OrderStatus.PROCESSING)
    return Seeded(stuck=stuck, paid=paid, customer=_customer())


def _customer() -> str:
    """Give one customer of the orders an account, unless an earlier test has; return its id."""
    if directory.find_account(CUSTOMER) is None:
        make_account(CUSTOMER)
    account = directory.find_account(CUSTOMER)
    assert account is not None
    Order.objects.filter(user_email=CUSTOMER).update(user_id=account.sub)
    return account.sub
