"""The sample catalogue: enough to browse, page through and order from."""

from decimal import Decimal
from typing import Any

from products import inventory
from products.services import build_product

# name, price, stock, category, description
_ROWS: tuple[tuple[str, str, int, str, str], ...] = (
    ('MacBook Pro 16"', "2499.99", 50, "Electronics", "Laptop, 16-inch display, 36 GB memory, 1 TB storage."),
    ("iPhone 15 Pro", "1299.99", 100, "Electronics", "Phone with a titanium frame, 256 GB."),
    ("AirPods Pro", "249.00", 200, "Electronics", "Earphones that keep noise out."),
    ('iPad Air 11"', "699.00", 80, "Electronics", "Tablet, 128 GB."),
    ("Mechanical keyboard", "129.50", 120, "Electronics", "87 keys, tactile switches, USB-C."),
    ('4K monitor 27"', "379.00", 60, "Electronics", "IPS panel, height-adjustable stand."),
    ("Noise-cancelling headphones", "329.00", 75, "Electronics", "Over-ear, 30 hours of playing time."),
    ("USB-C dock", "189.90", 90, "Electronics", "Two displays, Ethernet, 100 W."),
    ("Desk lamp", "39.90", 150, "Home", "Warm light, three steps."),
    ("Wool blanket", "89.00", 70, "Home", "130 × 180 cm, washable."),
    ("Cast-iron pan", "54.50", 85, "Home", "28 cm, ready to use."),
    ("Chef's knife", "79.00", 65, "Home", "20 cm blade of forged steel."),
    ("French press", "34.90", 110, "Home", "One litre, double-walled."),
    ("Linen curtains", "64.00", 40, "Home", "A pair, 140 × 250 cm."),
    ("Stoneware mug", "12.50", 300, "Home", "350 ml, dishwasher-safe."),
    ("Bath towel set", "45.00", 95, "Home", "Four towels of organic cotton."),
    ("The Pragmatic Programmer", "42.00", 130, "Books", "Twentieth anniversary edition."),
    ("Designing Data-Intensive Applications", "52.90", 140, "Books", "How reliable systems are built."),
    ("A Philosophy of Software Design", "29.95", 115, "Books", "Second edition."),
    ("The Mythical Man-Month", "38.50", 60, "Books", "Essays on software engineering."),
    ("Gödel, Escher, Bach", "27.00", 45, "Books", "An eternal golden braid."),
    ("Structure and Interpretation", "49.00", 35, "Books", "Of computer programs."),
    ("Refactoring", "47.99", 70, "Books", "Improving the design of existing code."),
    ("Trail running shoes", "139.00", 90, "Sports", "Grip for wet ground."),
    ("Yoga mat", "32.00", 160, "Sports", "6 mm natural rubber."),
    ("Adjustable dumbbells", "249.90", 30, "Sports", "A pair, 2 to 24 kg."),
    ("Water bottle", "18.90", 250, "Sports", "750 ml stainless steel."),
    ("Road bike helmet", "99.00", 55, "Sports", "Light, well aired."),
    ("Climbing rope", "159.00", 25, "Sports", "70 m, 9.5 mm."),
    ("Tennis racket", "179.00", 40, "Sports", "300 g, strung."),
    ("Down jacket", "219.00", 50, "Clothing", "Packs into its own pocket."),
    ("Merino T-shirt", "59.00", 180, "Clothing", "For every season."),
    ("Raw denim jeans", "119.00", 75, "Clothing", "14 oz, straight cut."),
    ("Leather belt", "49.00", 100, "Clothing", "Vegetable-tanned."),
    ("Rain coat", "149.00", 45, "Clothing", "Seams taped, hood."),
    ("Canvas sneakers", "69.00", 120, "Clothing", "Low, white."),
    ("Wooden train set", "74.00", 60, "Toys", "52 parts of beech."),
    ("Building bricks", "44.90", 140, "Toys", "790 bricks in 33 colours."),
    ("Chess set", "57.00", 50, "Toys", "Weighted pieces, folding board."),
    ("Jigsaw puzzle", "19.90", 170, "Toys", "1,000 pieces, old map."),
)


def sample_products() -> list[tuple[str, dict[str, Any]]]:
    """Return the sample catalogue: (productId, fields) of each product, ``prod_001`` first."""
    return [
        (
            f"prod_{number:03}",
            {
                "name": name,
                "price": Decimal(price),
                "stock": stock,
                "category": category,
                "description": description,
            },
        )
        for number, (name, price, stock, category, description) in enumerate(_ROWS, start=1)
    ]


def load_sample_catalogue() -> int:
    """Add the sample products that are missing; return how many that were. Existing ones are left as they are."""
    return sum(
        inventory.shelve(build_product(product_id, fields=fields)) for product_id, fields in sample_products()
    )
