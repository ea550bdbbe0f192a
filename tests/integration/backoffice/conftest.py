"""Staff at the back office, without a browser."""

from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from django.contrib.auth.models import Group, User
from django.test import Client

from orders.models import Order, database_now
from shop.aws import cognito_client
from tests.integration.backoffice.importing import Import
from tests.integration.backoffice.pool import new_colleague
from users.models import StaffEvent


@pytest.fixture
def staff(db):
    """Sign a member of staff in: a client, by the name of a role, or of none ("nobody")."""

    def sign_in(role):
        user = User.objects.create_user(f"{role}-1", f"{role}@example.com", is_staff=True)
        user.groups.set(Group.objects.filter(name=role))
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def admin(staff):
    """A member of the role admin."""
    return staff("admin")


@pytest.fixture
def support(staff):
    """A member of the role support."""
    return staff("support")


@pytest.fixture
def browser(admin):
    """A member of the role admin, about to import."""
    return Import(admin)


@pytest.fixture
def stuck(buy, mug):
    """An order that is paid for, whose worker died under a lease without an end; two mugs are held."""
    order = buy(mug, 2, email="ann+timeout@example.com")
    assert order.status == "PENDING"
    Order.objects.filter(pk=order.pk).update(lease_until=database_now() + timedelta(days=30))
    order.refresh_from_db()
    return order


@pytest.fixture
def events(db):
    """The audit log since the test began: what, who, details; the oldest first."""
    newest = StaffEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def read():
        lines = StaffEvent.objects.filter(pk__gt=newest).order_by("pk")
        return list(lines.values_list("kind", "who", "details"))

    return read


@pytest.fixture
def customer():
    """A customer of the user pool, without a role."""
    return new_colleague()


@pytest.fixture
def silence():
    """No call reaches Cognito."""

    def cut(**_):
        raise EndpointConnectionError(endpoint_url="https://cognito")

    events = cognito_client().meta.events
    events.register_first("before-send.cognito-identity-provider", cut)
    yield
    events.unregister("before-send.cognito-identity-provider", cut)
