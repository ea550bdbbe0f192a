"""When all attacks are over: no secret of the run stands in any server's log, and one that stood there would be found."""

import json

import pytest

from tests.attack.secrets import Secrets

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"  # pragma: allowlist secret (signed by nobody)
PASSWORD = 'Pass"w0rd\\é!'


@pytest.mark.journey
@pytest.mark.dynamodb
@pytest.mark.django_db
def test_the_whole_log_of_the_siege_holds_no_secret(siege):
    log = b"".join(shop.log.read_bytes() for shop in siege.servers.values())

    assert siege.secrets.in_log(log) == []
    assert len(siege.secrets.never) >= 10
    assert log.count(b'"logger": "shop.request"') >= siege.sent / 2
    for secret in list(siege.secrets.never)[:50]:
        assert siege.secrets.in_log(log + b'{"event": "' + secret + b'"}\n') != []


@pytest.mark.parametrize(
    "line",
    [
        TOKEN,
        f"Authorization: Bearer {TOKEN}",
        json.dumps({"event": "request", "path": f"/orders/{TOKEN}"}),
        json.dumps({"event": "the signature alone", "detail": [{"was": TOKEN.split(".")[2]}]}),
        json.dumps({"event": f"sign-in with {PASSWORD}"}),
        json.dumps({PASSWORD: 1}, ensure_ascii=False),
        json.dumps({"event": "ordered", "email": "ann@example.com"}),
    ],
)
def test_a_planted_secret_is_found(line):
    secrets = Secrets()
    secrets.add(TOKEN, "a token")
    secrets.add(PASSWORD, "a password")
    secrets.add("ann@example.com", "an address", owner_sees=True)

    assert len(secrets.in_log(f'{{"event": "before"}}\n{line}\nno JSON\n'.encode())) == 1


def test_what_is_masked_is_no_secret():
    secrets = Secrets()
    secrets.add("ann@example.com", "an address", owner_sees=True)

    assert secrets.in_log(b'{"event": "ordered", "email": "a***@example.com"}') == []
    assert secrets.in_answer(b'{"user_email": "ann@example.com"}') == []
