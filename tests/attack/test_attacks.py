"""No attack gets through: each is answered as the table says, changes nothing, tells nothing, and leaves one line."""

import pytest

from tests.attack.bodies import GOOD
from tests.attack.catalogue import ATTACKS
from tests.attack.evidence import faults_of_answer, faults_of_log, faults_of_state
from tests.attack.http import BODY, smuggled
from tests.attack.report import outcomes
from tests.attack.state import snapshot

# The tests' own hold on the database only looks: what is compared is committed, by the shop.
pytestmark = [pytest.mark.journey, pytest.mark.dynamodb, pytest.mark.django_db]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.kind}: {attack.title}")
def test_the_attack_is_refused(siege, attack):
    outcomes.tried.append(attack)
    siege.log.new()
    before, sent, visits = siege.state, siege.sent, len(siege.listener.visits)

    reply = attack.send(siege)

    log = siege.log.new()
    siege.state = snapshot()
    faults = [
        *faults_of_answer(attack, reply, siege.secrets),
        *faults_of_log(attack, reply, log, secrets=siege.secrets, sent=siege.sent - sent),
        *faults_of_state(attack, before, siege.state),
        *(f"the attacker's server was asked for {path}" for path in siege.listener.visits[visits:]),
    ]
    assert not faults, "\n".join(faults)
    if attack.then:
        attack.then(siege, reply)
    outcomes.refused.append(attack)


def test_the_same_requests_without_the_attack_succeed(siege):
    """Else an attack might be refused for something that has nothing to do with it."""
    plain = smuggled("", f"Content-Length: {len(BODY)}", "Connection: close")
    try:
        assert siege.place(token=siege.mint()).status == 201
        assert siege.order_with(GOOD % ', "metadata": {"note": "a"}').status == 201
        assert plain.send(siege).status == 201
        shelved = siege.shelve(siege.mint(sub=siege.admin.sub, groups=["admin"]))
        assert shelved.status == 201
        deleted = siege.call("DELETE", shelved.header("Location"), token=siege.admin.token)
        assert deleted.status == 200
        for path in ("/orders", "/orders?limit=1", f"/orders/{siege.bob.orders[0]}", "/users/me"):
            assert siege.call("GET", path, token=siege.bob.issued["accessToken"]).status == 200
    finally:
        siege.state = snapshot()
