"""A payment that a worker sees declined counts for the user who placed the order."""

from uuid import uuid4

import pytest

from shop.errors import TooManyRequestsError

pytestmark = [pytest.mark.dynamodb, pytest.mark.django_db(transaction=True)]


@pytest.mark.usefixtures("closed_shop", "queues")
def test_after_a_worker_saw_a_payment_declined_the_user_begins_no_more_orders(buy, mug, deliver, settings):
    settings.LIMIT_DECLINES_PER_USER = 1
    user_id = str(uuid4())
    order = buy(mug, email="ann+decline@example.com", user_id=user_id)
    deliver()
    order.refresh_from_db()
    assert order.cancel_reason == "payment_declined"

    with pytest.raises(TooManyRequestsError):
        buy(mug, user_id=user_id)
    assert type(order).objects.count() == 1
