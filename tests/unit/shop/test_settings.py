"""Settings fail closed: a missing or unknown value stops the start and names its variable, never a secret."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).parents[3]
SETTINGS = str(ROOT / "shop" / "settings.py")
REQUIRED = {
    "DJANGO_SECRET_KEY": "$tarts-with-a-dollar-and-is-long-enough-for-a-secret-key",
    "DATABASE_URL": "sqlite://:memory:",
    "AWS_REGION": "eu-central-1",
    "COGNITO_USER_POOL_ID": "eu-central-1_Pool",
    "COGNITO_CLIENT_ID": "client",
    "PAYMENT_GATEWAY": "mock",
}


@pytest.fixture
def start(monkeypatch):
    """Read the settings from these variables alone."""
    before, variables_before = structlog.get_config(), dict(os.environ)

    def read(**variables):
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in ({**REQUIRED, "ENV_FILE": os.devnull} | variables).items():
            if value is not None:
                monkeypatch.setenv(name, value)
        return runpy.run_path(SETTINGS)

    yield read
    structlog.configure(**before)
    os.environ.clear()  # a file of settings that was read has left its own
    os.environ.update(variables_before)


def test_the_least_that_must_be_set_is_enough_and_everything_is_closed(start):
    settings = start()

    assert settings["SECRET_KEY"] == REQUIRED["DJANGO_SECRET_KEY"]
    assert settings["DEBUG"] is False
    assert settings["REQUIRE_AUTH"] is True
    assert settings["PAYMENTS_ARE_MOCK"] is False
    assert settings["ALLOWED_HOSTS"] == []
    assert settings["SECURE_SSL_REDIRECT"] is True
    assert settings["SESSION_COOKIE_SECURE"] is True
    assert settings["CSRF_COOKIE_SECURE"] is True
    assert settings["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert settings["CSRF_COOKIE_NAME"] == "__Host-csrftoken"
    assert settings["CORS_ALLOWED_ORIGINS"] == settings["CORS_ALLOWED_ORIGIN_REGEXES"] == []
    assert settings["COGNITO_ISSUER"] == "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pool"
    assert settings["COGNITO_JWKS_URL"] == f"{settings['COGNITO_ISSUER']}/.well-known/jwks.json"
    assert settings["DATABASES"]["default"]["ATOMIC_REQUESTS"] is False


def test_without_tls_cookies_have_names_that_browsers_take_without_it(start):
    settings = start(BEHIND_TLS_PROXY="false")

    assert (settings["SESSION_COOKIE_NAME"], settings["CSRF_COOKIE_NAME"]) == ("sessionid", "csrftoken")
    assert "SECURE_PROXY_SSL_HEADER" not in settings


def test_lists_are_split_at_commas_and_taken_as_they_are(start):
    settings = start(
        DJANGO_ALLOWED_HOSTS="a.example,b.example,",
        DJANGO_SECRET_KEY_FALLBACKS="$one-that-begins-so,$another",
        CORS_ALLOWED_ORIGINS="https://a.example,http://localhost:5173",
    )

    assert settings["ALLOWED_HOSTS"] == ["a.example", "b.example"]
    assert settings["SECRET_KEY_FALLBACKS"] == ["$one-that-begins-so", "$another"]
    assert settings["CORS_ALLOWED_ORIGINS"] == ["https://a.example", "http://localhost:5173"]


@pytest.mark.parametrize("key", [None, "", "  "])
def test_stripe_without_its_key_does_not_start(start, key):
    with pytest.raises(ImproperlyConfigured, match="STRIPE_SECRET_KEY"):
        start(PAYMENT_GATEWAY="stripe", STRIPE_SECRET_KEY=key)

    assert start(PAYMENT_GATEWAY="stripe", STRIPE_SECRET_KEY="sk_live_1")["STRIPE_API_BASE"] == ""


@pytest.mark.parametrize("value", [None, "", "  "], ids=["missing", "empty", "blank"])
@pytest.mark.parametrize("name", REQUIRED)
def test_without_a_required_variable_nothing_starts(start, name, value):
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} must be set\.$"):
        start(**{name: value})


def test_orders_are_settled_in_the_request_unless_there_is_a_queue(start):
    queue_url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"

    assert start()["ORDER_PROCESSING"] == "sync"
    assert start(ORDER_PROCESSING="async", ORDER_QUEUE_URL=queue_url)["ORDER_QUEUE_URL"] == queue_url
    with pytest.raises(ImproperlyConfigured, match=r"^ORDER_QUEUE_URL must be set\.$"):
        start(ORDER_PROCESSING="async", ORDER_QUEUE_URL=None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORDER_PROCESSING", "later"),
        ("ORDER_WORKER_CONCURRENCY", "0"),
        ("PAYMENT_GATEWAY", "stripes"),
        ("PAYMENT_GATEWAY", "Mock"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "info"),
        ("REQUIRE_AUTH", "nein"),
        ("REQUIRE_AUTH", ""),
        ("DJANGO_DEBUG", "2"),
        ("BEHIND_TLS_PROXY", "maybe"),
        ("CORS_ALLOW_LOCAL_ORIGINS", "localhost"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.com/"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.com, https://other.example.com"),
        ("PAYMENTS_ARE_MOCK", "y"),
        ("ORDER_BUDGET_SECONDS", "eight"),
        ("ORDER_BUDGET_SECONDS", "0"),
        ("ORDER_BUDGET_SECONDS", "61"),
        ("ORDER_CANCEL_WINDOW_MINUTES", "-1"),
        ("ORDER_LEASE_SECONDS", "1.5"),
        ("DATABASE_CONN_MAX_AGE_SECONDS", "None"),
        ("DATABASE_READ_TIMEOUT_SECONDS", "0"),
        ("MOCK_PAYMENT_SUCCESS_RATE", "1.01"),
        ("MOCK_PAYMENT_SUCCESS_RATE", "-0.1"),
        ("MOCK_PAYMENT_SUCCESS_RATE", "NaN"),
        ("MOCK_PAYMENT_FAILURE_RATE", "often"),
        ("CURRENCY", "dollars"),
        ("CURRENCY", ""),
        ("DATABASE_URL", "postgres://shop:geheim@db/shop"),
        ("DATABASE_URL", "mysql://shop:geheim@db:port/shop"),
        ("DATABASE_URL", "db/shop"),
    ],
)
def test_a_value_that_is_not_understood_stops_the_start(start, name, value):
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} ") as refusal:
        start(**{name: value})
    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    ("word", "meaning"), [("true", True), ("1", True), ("YES", True), ("off", False), ("0", False)]
)
def test_a_truth_value_has_more_than_one_spelling(start, word, meaning):
    assert start(REQUIRE_AUTH=word)["REQUIRE_AUTH"] is meaning


def test_mysql_is_asked_with_short_limits_in_utc_and_strictly(start):
    database = start(DATABASE_URL="mysql://shop@db:3306/shop", DATABASE_PASSWORD="$ecret")["DATABASES"][
        "default"
    ]

    assert (database["ENGINE"], database["HOST"], database["NAME"]) == (
        "shop.mysql",
        "db",
        "shop",
    )
    assert database["PASSWORD"] == "$ecret"
    assert database["OPTIONS"] == {
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        "init_command": "SET sql_mode='STRICT_TRANS_TABLES', innodb_lock_wait_timeout=3, lock_wait_timeout=10, time_zone='+00:00'",
        "connect_timeout": 1,
        "read_timeout": 4,
        "write_timeout": 4,
    }


def test_a_migration_may_give_mysql_more_time_for_a_statement(start):
    url = "mysql://shop@db:3306/shop"
    options = start(DATABASE_URL=url, DATABASE_READ_TIMEOUT_SECONDS="900")["DATABASES"]["default"]["OPTIONS"]

    assert (options["read_timeout"], options["write_timeout"]) == (900, 4)


def test_with_a_certificate_authority_mysql_must_prove_its_name(start):
    options = start(DATABASE_URL="mysql://shop@db/shop", DATABASE_SSL_CA="/etc/ssl/rds.pem")["DATABASES"][
        "default"
    ]["OPTIONS"]

    assert (options["ssl_mode"], options["ssl"]) == ("VERIFY_IDENTITY", {"ca": "/etc/ssl/rds.pem"})


def test_a_file_sets_what_the_environment_leaves_open(start, tmp_path):
    file = tmp_path / "shop.env"
    file.write_text("CURRENCY=EUR\nAWS_REGION=from-the-file\n")  # pragma: allowlist secret (two settings)

    settings = start(ENV_FILE=str(file))

    assert (settings["CURRENCY"], settings["AWS_REGION"]) == ("EUR", "eu-central-1")


def test_the_process_itself_ends_with_the_name_of_the_variable():
    variables = {
        "ENV_FILE": os.devnull,
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        **REQUIRED,
        "COGNITO_USER_POOL_ID": "",
    }
    run = subprocess.run(
        [sys.executable, "-c", "import shop.settings"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].endswith("ImproperlyConfigured: COGNITO_USER_POOL_ID must be set.")
    assert REQUIRED["DJANGO_SECRET_KEY"] not in run.stderr
