"""What a browser would send of a form of the catalogue, and what stands written down afterwards."""

from django.contrib.admin.models import LogEntry

from products.models import StockMovement


def fields_of(client, path):
    """What the form holds when it is opened, as a browser would send it."""
    form = client.get(path).context["form"]
    return {name: "" if form[name].value() is None else str(form[name].value()) for name in form.fields}


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def logged():
    return [(entry.user.username, entry.object_id, entry.change_message) for entry in LogEntry.objects.all()]


def movements_of(shelf):
    found = StockMovement.query(shelf.product_id, consistent_read=True)
    return sorted((one.kind, one.delta, one.reason, one.actor) for one in found)
