"""A payment provider to test against: its own process, durable books, and the part of Stripe's API that we use.

``python -m shop.local.payment_provider --port N --db FILE``. It approves 95 % of the orders, by a hash of the order's
UUID, so that an order always gets the same answer; Stripe's test cards (``pm_card_chargeDeclined``, ...) decide
otherwise. What goes wrong is switched by ``POST /_control``: see :mod:`shop.local.payment_provider.faults`.
"""
