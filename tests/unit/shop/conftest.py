"""Fixtures of the ground floor's unit tests."""

import logging
import logging.config

import pytest
import structlog
from django.test import Client

from shop.logging import logging_config

SITE = "https://app.example.com"
ANSWERS = [
    # what, method, path, request headers, status
    ("front page", "GET", "/", {}, 200),
    ("docs", "GET", "/docs", {"Accept": "text/html"}, 200),
    ("errors", "GET", "/docs/errors", {"Accept": "text/html"}, 200),
    ("alive", "GET", "/health/live", {"Host": "10.0.0.7"}, 200),
    ("login page", "GET", "/admin/login/", {}, 200),
    ("static file", "GET", "/static/shop/docs.js", {}, 200),
    ("to the admin", "GET", "/admin", {}, 302),
    ("one slash too many", "POST", "/orders/", {}, 308),
    ("unknown host", "GET", "/products", {"Host": "evil.example"}, 400),
    ("no token", "GET", "/orders", {}, 401),
    ("form from elsewhere", "POST", "/admin/login/", {}, 403),
    ("unknown address", "GET", "/nope", {}, 404),
    ("wrong method", "DELETE", "/docs/errors", {}, 405),
    ("in chunks", "POST", "/orders", {"Transfer-Encoding": "chunked"}, 411),
    ("too large", "POST", "/orders", {"Content-Length": "1048577"}, 413),
]


@pytest.fixture(autouse=True)
def _nothing_of_a_request_is_left_for_the_next_test():
    yield
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def browser(settings):
    """A closed shop that one other site may call; it answers what nobody foresaw with 500, as ever."""
    settings.REQUIRE_AUTH = True
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    settings.CORS_ALLOWED_ORIGIN_REGEXES = []
    return Client(raise_request_exception=False)


@pytest.fixture
def log_lines(capsys):
    """Log as production does; read the lines."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level

    def lines(log_format):
        logging.config.dictConfig(logging_config(log_format=log_format, level="INFO"))
        return lambda: capsys.readouterr().out.splitlines()

    yield lines
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
