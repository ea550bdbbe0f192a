"""Reading the JWKS address: one plain document, soon, or nothing."""

import pytest

from tests.tokens import jwks
from users import jwks as jwks_module
from users.errors import IdentityUnavailable
from users.jwks import check_keys, fetch_jwks, jwks_ready, signing_keys


class Answer:
    """An HTTP answer in pieces."""

    def __init__(self, *pieces, status=200):
        self.pieces = [*pieces, b""]
        self.status = status
        self.closed = False

    def read1(self, _size):
        return self.pieces.pop(0)

    def close(self):
        self.closed = True


@pytest.fixture
def http(monkeypatch):
    class Http:
        answer = Answer()
        asked = []

        def request(self, method, url, **options):
            self.asked.append((method, url, options["redirect"], options["timeout"].connect_timeout))
            return self.answer

    http = Http()
    monkeypatch.setattr(jwks_module, "_http", lambda: http)
    return http


def test_the_document_is_read_whole_without_following_redirects(http):
    http.answer = Answer(b'{"keys"', b": []}")

    assert fetch_jwks("https://pool.example/jwks.json") == b'{"keys": []}'
    assert http.asked == [("GET", "https://pool.example/jwks.json", False, 1.0)]
    assert http.answer.closed


@pytest.mark.parametrize(
    "answer",
    [Answer(b"{}", status=302), Answer(b"{}", status=500), Answer(*[b" " * 32_768] * 3)],
    ids=["redirect", "error", "too large"],
)
def test_an_answer_that_is_no_plain_document_is_refused(http, answer):
    http.answer = answer

    with pytest.raises(ValueError, match="the JWKS"):
        fetch_jwks("https://pool.example/jwks.json")
    assert answer.closed


def test_a_document_that_trickles_in_is_given_up_after_two_seconds(http, monkeypatch):
    seconds = iter(range(100))
    monkeypatch.setattr("users.jwks.time.monotonic", lambda: float(next(seconds)))
    http.answer = Answer(*[b"{"] * 50)

    with pytest.raises(ValueError, match="too long"):
        fetch_jwks("https://pool.example/jwks.json")
    assert len(http.answer.pieces) > 40


def test_the_process_has_one_cache_for_its_pool(settings):
    settings.COGNITO_JWKS_URL = "https://pool.example/one-cache.json"

    assert signing_keys() is signing_keys()


def test_readiness_is_having_keys(http, settings, pool_key):
    settings.COGNITO_JWKS_URL = "https://pool.example/not-there.json"
    http.answer = Answer(status=404)
    assert not jwks_ready()
    with pytest.raises(IdentityUnavailable):
        check_keys()

    settings.COGNITO_JWKS_URL = "https://pool.example/there.json"
    http.answer = Answer(jwks(pool_key))
    assert jwks_ready()
    check_keys()
