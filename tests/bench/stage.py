"""The stage of the benchmark: real stores with 1,000 products in them, the shop as in production, and the references."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from jwt.algorithms import RSAAlgorithm

from products.models import Product, StockMovement, StockReservation, create_missing_tables, now
from shop.local import environment, processes
from tests.bench.cgroup import CpuGroup
from tests.bench.processes import Helper, Service, children, command_of
from tests.chaos import stores
from tests.chaos.servers import Servers

STOCK = 1_000_000
CATEGORIES = 10
CUSTOMERS = 50
TOKEN_SECONDS = 3600
SHELF, HOLDS = "ThinShelf", "ThinHolds"
NO_OTHERS: Mapping[str, str] = {}
LIMITS_OFF = environment.limits(0)
COPIES = {
    "thin_orders": "orders",
    "thin_items": "order_items",
    "thin_payments": "payments",
    "thin_ledger": "mock_provider_ledger",
}


@dataclass
class Stage:
    """Everything that runs, and where.

    Attributes:
        products: the ids on the shelf.
        settings: of the shop.
        tokens: of the customers; the first is the one with many orders.
    """

    servers: Servers
    directory: Path
    products: list[str]
    stack: ExitStack
    workers: int = 2
    settings: dict[str, str] = field(init=False)
    tokens: list[str] = field(default_factory=list)
    services: dict[str, Service] = field(default_factory=dict)
    client: Helper = field(init=False)
    raw: Helper = field(init=False)

    def start(self, *, before: Path | None = None) -> None:
        """Start the services and the programs that ask them."""
        settings = self.settings = self._as_in_production()
        thin = {
            **settings,
            "PRODUCTS_TABLE": "Products",
            "THIN_SHELF": SHELF,
            "THIN_HOLDS": HOLDS,
            "THIN_KEY": RSAAlgorithm.to_jwk(self.servers.key_server._key.public_key()),
            "BENCH_PRODUCTS": json.dumps(self.products),
        }
        self._serve("shop", "shop.wsgi", settings)
        if before:
            self._serve("before", "shop.wsgi", settings, root=before)
        self._serve("thin", "tests.bench.thin", thin)
        self._serve("bare", "tests.bench.bare", thin)
        self.client = self._helper("tests.bench.client", {**os.environ})
        self.raw = self._helper("tests.bench.raw", thin)
        for service in self.services.values():
            service.wait()
        self.renew_tokens()

    def _as_in_production(self) -> dict[str, str]:
        """Return the shop's settings."""
        return {
            **self.servers.straight(),
            **LIMITS_OFF,
            "LOG_LEVEL": "INFO",
            "ORDER_QUEUE_URL": "",
            "REQUIRE_AUTH": "true",
            "MOCK_PAYMENT_SUCCESS_RATE": "1",
            "WEB_CONCURRENCY": str(self.workers),
        }

    def renew_tokens(self) -> None:
        """Give every customer a token that is good for an hour from now."""
        self.tokens = [
            self.servers.key_server.token(f"customer-{number}", seconds=TOKEN_SECONDS)
            for number in range(CUSTOMERS)
        ]

    def _serve(self, name: str, application: str, settings: dict[str, str], *, root: Path = Path()) -> None:
        service = Service(name, application, settings=settings, directory=self.directory, root=root)
        self.services[name] = service
        self.stack.callback(processes.stop, service.child)

    @contextmanager
    def beside(
        self,
        name: str,
        *,
        workers: int = 1,
        group: CpuGroup | None = None,
        settings: Mapping[str, str] = NO_OTHERS,
    ) -> Iterator[Service]:
        """Start one more shop, for as long as the block; it may not be ready yet."""
        service = Service(
            name,
            "shop.wsgi",
            settings={**self.settings, "WEB_CONCURRENCY": str(workers), **settings},
            directory=self.directory,
            group=group,
        )
        self.services[name] = service
        try:
            yield service
        finally:
            del self.services[name]
            processes.stop(service.child)

    @contextmanager
    def background(self, name: str, *, settings: Mapping[str, str] = NO_OTHERS) -> Iterator[processes.Child]:
        """Run the background process as production does, but for its looks at the books, for as long as the block."""
        command = [sys.executable, "manage.py", "run_background", "--poll-seconds", "1"]
        env = {**self.settings, "VERIFY_EVERY_MINUTES": "0", **settings}
        child = processes.start(name, command, env=env, log=self.directory / f"{name}.log")
        try:
            yield child
        finally:
            processes.stop(child)

    def _helper(self, module: str, env: dict[str, str]) -> Helper:
        helper = Helper(module, env=env)
        self.stack.callback(helper.close)
        return helper

    @property
    def mariadb(self) -> list[int]:
        """The processes of MariaDB."""
        assert self.servers.mariadb.process
        return [self.servers.mariadb.process.pid]

    @property
    def dynamodb(self) -> list[int]:
        """The processes of DynamoDB Local."""
        ours = f"-port {urlsplit(self.servers.dynamo_url).port} "
        return [pid for pid in children() if ours in command_of(pid)]


def fill(servers: Servers, *, products: int) -> list[str]:
    """Empty the stores, shelve so many products and make the reference's own tables; return the products' ids."""
    stores.empty(servers)
    ids = ids_of(products)
    shelve(ids)
    servers.mariadb.run(*(f"DROP TABLE IF EXISTS {copy}" for copy in COPIES), "SELECT 1")
    servers.mariadb.run(*(f"CREATE TABLE {copy} LIKE {table}" for copy, table in COPIES.items()), "SELECT 1")
    _copy_the_shelf()
    create_missing_tables()
    return ids


def ids_of(products: int) -> list[str]:
    """Return the ids of so many products."""
    return [f"prod_{number:07d}" for number in range(products)]


def shelve(ids: Sequence[str], *, stock: int = STOCK) -> None:
    """Put products on the shelf as the shop would, with the movement that explains each stock."""
    moment = now()
    products = [
        make_product(product_id, number, moment=moment, stock=stock) for number, product_id in enumerate(ids)
    ]
    movements = [
        StockMovement(product_id, "created", kind="created", delta=stock, created_at=moment)
        for product_id in ids
    ]
    _put(Product.Meta.table_name, [product.serialize() for product in products])
    _put(StockMovement.Meta.table_name, [movement.serialize() for movement in movements])


def _put(table: str, items: Sequence[dict[str, Any]]) -> None:
    """Write items, 25 a call, with a client that has patience: a server that has just started is slow."""
    client: Any = boto3.client("dynamodb")
    puts = [{"PutRequest": {"Item": item}} for item in items]
    for start in range(0, len(puts), 25):
        client.batch_write_item(RequestItems={table: puts[start : start + 25]})


def make_product(product_id: str, number: int, *, moment: datetime, stock: int) -> Product:
    """Return a product as it would be stored."""
    return Product(
        product_id,
        name=f"Product {number}",
        price=Decimal(100 + number % 900) / 8 // Decimal("0.01") / 100,
        stock=stock,
        category=f"category-{number % CATEGORIES}",
        description="Made for the benchmark. " * 8,
        metadata={"colour": "blue", "size": "M"},
        list_key=product_id,
        created_at=moment,
        updated_at=moment,
    )


def _copy_the_shelf() -> None:
    """Give the reference a shelf of its own, so that its sales do not unbalance the shop's books."""
    client: Any = boto3.client("dynamodb")
    for original, copy in ((Product, SHELF), (StockReservation, HOLDS)):
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_table(TableName=copy)
        form = client.describe_table(TableName=original.Meta.table_name)["Table"]
        indexes = [
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in form.get("GlobalSecondaryIndexes", [])
        ]
        client.create_table(
            TableName=copy,
            BillingMode="PAY_PER_REQUEST",
            **{name: form[name] for name in ("KeySchema", "AttributeDefinitions")},
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )
    pages = client.get_paginator("scan").paginate(TableName=Product.Meta.table_name)
    _put(SHELF, [item for page in pages for item in page["Items"]])
