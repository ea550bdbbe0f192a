"""Staff who act on orders: the form they send, and what is told and written down afterwards."""

from django.urls import reverse

RETRY, CANCEL, SHIP = "admin:order_retry", "admin:order_cancel", "admin:order_ship"
WHY = "the customer called"


def do(client, page, *orders, why=WHY, **fields):
    return client.post(reverse(page), {"order": [order.pk for order in orders], "why": why, **fields})


def told(client, answer):
    """What the page that follows says."""
    return client.get(answer["Location"]).content.decode()


def history(order):
    return list(order.events.values_list("kind", flat=True))
