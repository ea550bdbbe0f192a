"""Every setting, all from the environment; a missing or unknown value stops the start and names its variable.

``.env.example`` and docs/settings.md describe each. A file named by ``ENV_FILE`` (default: ``.env`` beside
``manage.py``) may set variables too; those already in the environment win.
"""

import os
import re
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from shop import __version__, browsers
from shop.logging import logging_config
from shop.presentation import api_description, back_office_theme
from shop.variables import choice, entries, flag, number, rate, text

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = __version__

env = environ.Env()
env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))

# ---- Django ------------------------------------------------------------------------------------------------

DEBUG = flag("DJANGO_DEBUG", default=False)
SECRET_KEY = text("DJANGO_SECRET_KEY")
SECRET_KEY_FALLBACKS = entries("DJANGO_SECRET_KEY_FALLBACKS", default="")
ALLOWED_HOSTS = entries("DJANGO_ALLOWED_HOSTS", default="")
CSRF_TRUSTED_ORIGINS = entries("DJANGO_CSRF_TRUSTED_ORIGINS", default="")

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
# Paths have no trailing slash; shop.urls redirects one too many. /admin/ keeps Django's.
APPEND_SLASH = False
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-us"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_REDIRECT_URL = "/admin/"

INSTALLED_APPS = [
    # Before Django's admin, whose templates the theme replaces; and ours before the theme's.
    "orders.backoffice",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "shop",
    "products",
    "users",
    "orders",
]

MIDDLEWARE = [
    "shop.middleware.RequestIdMiddleware",
    # What every answer carries, those of the middlewares below and of health checks included.
    "shop.middleware.SecurityHeadersMiddleware",
    "shop.middleware.CacheControlMiddleware",
    "shop.middleware.ContentSecurityPolicyMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "shop.middleware.HealthCheckMiddleware",  # before the Host check: a load balancer calls by bare IP
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "shop.middleware.BodyLimitMiddleware",
    "shop.middleware.BackOfficeSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "shop.middleware.BackOfficeUserMiddleware",
    "shop.middleware.BackOfficeMessageMiddleware",
    "users.staff_session.StaffSessionMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

STATIC_URL = "/static/"
STATIC_ROOT = text("STATIC_ROOT", default=str(BASE_DIR / "static"))
WHITENOISE_USE_FINDERS = flag("SERVE_STATIC_FROM_SOURCE", default=False)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# ---- HTTP security -----------------------------------------------------------------------------------------

# Behind the load balancer TLS ends before us; it says so in X-Forwarded-Proto.
BEHIND_TLS_PROXY = flag("BEHIND_TLS_PROXY", default=True)
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = BEHIND_TLS_PROXY
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS_PROXY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS_PROXY
SECURE_HSTS_PRELOAD = BEHIND_TLS_PROXY
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
USE_X_FORWARDED_HOST = False  # the Host header alone is believed, and only if it is in ALLOWED_HOSTS
CSRF_FAILURE_VIEW = "shop.pages.csrf_refused"

# Cookies are the back office's alone. With "__Host-" no other host of the domain can set them.
_prefix = "__Host-" if BEHIND_TLS_PROXY else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_prefix}sessionid", f"{_prefix}csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS_PROXY
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie of its own

CONTENT_SECURITY_POLICY = browsers.CONTENT_SECURITY_POLICY
CORS_ALLOWED_ORIGINS = entries("CORS_ALLOWED_ORIGINS", default="")
if _fault := browsers.fault_in_origins(CORS_ALLOWED_ORIGINS):
    raise ImproperlyConfigured(
        f"CORS_ALLOWED_ORIGINS must hold scheme://host[:port] only; it has {_fault!r}."
    )
CORS_ALLOW_LOCAL_ORIGINS = flag("CORS_ALLOW_LOCAL_ORIGINS", default=False)
CORS_ALLOWED_ORIGIN_REGEXES = [rf"{browsers.LOCAL_ORIGIN}\Z"] if CORS_ALLOW_LOCAL_ORIGINS else []
CORS_URLS_REGEX = browsers.CORS_URLS_REGEX
CORS_ALLOW_HEADERS = browsers.CORS_ALLOW_HEADERS
CORS_EXPOSE_HEADERS = browsers.CORS_EXPOSE_HEADERS
CORS_PREFLIGHT_MAX_AGE = browsers.CORS_PREFLIGHT_MAX_AGE
MAX_BODY_BYTES = 1_048_576
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES

# ---- MySQL: orders -----------------------------------------------------------------------------------------

_url = text("DATABASE_URL")
# Checked before it is parsed: the parser's own warning shows the password.
if not _url.startswith(("mysql://", "sqlite://")):
    raise ImproperlyConfigured("DATABASE_URL must begin with mysql:// or sqlite://.")
try:
    _database: dict[str, Any] = dict(env.db_url_config(_url))
except ValueError as error:
    raise ImproperlyConfigured("DATABASE_URL is not an address: user:password@host:port/name.") from error
DATABASES: dict[str, dict[str, Any]] = {"default": _database}
# The URL can be plain, and who signs in be injected and rotated.
if text("DATABASE_USER", default=""):
    _database["USER"] = text("DATABASE_USER")
if text("DATABASE_PASSWORD", default=""):
    _database["PASSWORD"] = text("DATABASE_PASSWORD")
_database["ATOMIC_REQUESTS"] = False  # the saga commits between its steps
_database["CONN_MAX_AGE"] = number("DATABASE_CONN_MAX_AGE_SECONDS", default=60, low=0, high=3600)
_database["CONN_HEALTH_CHECKS"] = True
_read_timeout = number("DATABASE_READ_TIMEOUT_SECONDS", default=4, low=1, high=3600)
if _database["ENGINE"] == "django.db.backends.mysql":
    _database["ENGINE"] = "shop.mysql"
    _database["OPTIONS"] = {
        **_database.get("OPTIONS", {}),
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        # The second: how long a change of a table waits for transactions; all that come later wait behind it.
        "init_command": "SET sql_mode='STRICT_TRANS_TABLES', innodb_lock_wait_timeout=3, lock_wait_timeout=10, "
        "time_zone='+00:00'",
        "connect_timeout": 1,
        "read_timeout": _read_timeout,
        "write_timeout": 4,
    }
    _database["TEST"] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"}
    if text("DATABASE_SSL_CA", default=""):
        # Without VERIFY_IDENTITY the client checks neither the certificate nor the host name.
        _database["OPTIONS"] |= {"ssl_mode": "VERIFY_IDENTITY", "ssl": {"ca": text("DATABASE_SSL_CA")}}
else:
    # Deferred transactions of several threads end in "database is locked"; immediate ones wait their turn.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }

# ---- AWS: DynamoDB and Cognito -----------------------------------------------------------------------------

AWS_REGION = text("AWS_REGION")
DYNAMODB_LEAN_READS = flag("DYNAMODB_LEAN_READS", default=True)
AWS_MAX_POOL_CONNECTIONS = number("AWS_MAX_POOL_CONNECTIONS", default=32, low=1, high=1000)
PRODUCTS_TABLE = text("PRODUCTS_TABLE", default="Products")
RESERVATIONS_TABLE = text("RESERVATIONS_TABLE", default="StockReservations")
MOVEMENTS_TABLE = text("MOVEMENTS_TABLE", default="StockMovements")

COGNITO_USER_POOL_ID = text("COGNITO_USER_POOL_ID")
COGNITO_CLIENT_ID = text("COGNITO_CLIENT_ID")
COGNITO_CLIENT_SECRET = text("COGNITO_CLIENT_SECRET", default="")
COGNITO_ISSUER = text(
    "COGNITO_ISSUER", default=f"https://cognito-idp.{AWS_REGION}.amazonaws.com/{COGNITO_USER_POOL_ID}"
)
COGNITO_JWKS_URL = text("COGNITO_JWKS_URL", default=f"{COGNITO_ISSUER}/.well-known/jwks.json")
COGNITO_ADMIN_GROUP = text("COGNITO_ADMIN_GROUP", default="admin")
COGNITO_SUPPORT_GROUP = text("COGNITO_SUPPORT_GROUP", default="support")

# ---- The shop ----------------------------------------------------------------------------------------------

REQUIRE_AUTH = flag("REQUIRE_AUTH", default=True)
CURRENCY = text("CURRENCY", default="USD")
if not re.fullmatch(r"[A-Z]{3}", CURRENCY):
    raise ImproperlyConfigured(f"CURRENCY must be an ISO 4217 code such as USD; it is {CURRENCY!r}.")
# With less than 4 s no step that asks the payment provider would ever begin.
ORDER_BUDGET_SECONDS = number("ORDER_BUDGET_SECONDS", default=8, low=4, high=60)
ORDER_LEASE_SECONDS = number("ORDER_LEASE_SECONDS", default=15, low=1, high=300)
ORDER_CANCEL_WINDOW_MINUTES = number("ORDER_CANCEL_WINDOW_MINUTES", default=30, low=0, high=525_600)
ORDER_GIVE_UP_MINUTES = number("ORDER_GIVE_UP_MINUTES", default=15, low=1, high=1440)
ORDER_PROCESSING = choice("ORDER_PROCESSING", "sync", "async", default="sync")
ORDER_QUEUE_URL = text("ORDER_QUEUE_URL", default="")
if ORDER_PROCESSING == "async":
    ORDER_QUEUE_URL = text("ORDER_QUEUE_URL")
ORDER_WORKER_CONCURRENCY = number("ORDER_WORKER_CONCURRENCY", default=8, low=1, high=64)
IDEMPOTENCY_KEY_HOURS = number("IDEMPOTENCY_KEY_HOURS", default=48, low=24, high=8760)
VERIFY_EVERY_MINUTES = number("VERIFY_EVERY_MINUTES", default=60, low=0, high=10_080)
VERIFY_MAX_ORDERS = number("VERIFY_MAX_ORDERS", default=20_000, low=1, high=1_000_000)

PAYMENT_GATEWAY = choice("PAYMENT_GATEWAY", "mock", "stripe")
PAYMENTS_ARE_MOCK = flag("PAYMENTS_ARE_MOCK", default=False)
MOCK_PAYMENT_SUCCESS_RATE = rate("MOCK_PAYMENT_SUCCESS_RATE", default="0.95")
MOCK_PAYMENT_FAILURE_RATE = rate("MOCK_PAYMENT_FAILURE_RATE", default="0")
MOCK_PAYMENT_LATENCY_MS = number("MOCK_PAYMENT_LATENCY_MS", default=0, low=0, high=60_000)
STRIPE_SECRET_KEY = text("STRIPE_SECRET_KEY", default="")
if PAYMENT_GATEWAY == "stripe" and not STRIPE_SECRET_KEY.strip():
    raise ImproperlyConfigured("STRIPE_SECRET_KEY must be set where PAYMENT_GATEWAY is stripe.")
STRIPE_WEBHOOK_SECRET = text("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = text("STRIPE_API_BASE", default="")

# ---- Limits ------------------------------------------------------------------------------------------------

# Units for each account, address or user in each window; 0 switches one off. Windows: users.limits, orders.limits.
TRUSTED_PROXY_HOPS = number("TRUSTED_PROXY_HOPS", default=1, low=0, high=10)
RATE_LIMITS_TABLE = text("RATE_LIMITS_TABLE", default="RateLimits")
LIMIT_LOGIN_PER_ACCOUNT = number("LIMIT_LOGIN_PER_ACCOUNT", default=10, low=0, high=1_000_000)
LIMIT_LOGIN_PER_ADDRESS = number("LIMIT_LOGIN_PER_ADDRESS", default=100, low=0, high=1_000_000)
LIMIT_SIGN_UP_PER_ADDRESS = number("LIMIT_SIGN_UP_PER_ADDRESS", default=20, low=0, high=1_000_000)
LIMIT_CODES_PER_ACCOUNT = number("LIMIT_CODES_PER_ACCOUNT", default=10, low=0, high=1_000_000)
LIMIT_CODES_PER_ADDRESS = number("LIMIT_CODES_PER_ADDRESS", default=50, low=0, high=1_000_000)
LIMIT_ORDERS_PER_USER = number("LIMIT_ORDERS_PER_USER", default=30, low=0, high=1_000_000)
LIMIT_DECLINES_PER_USER = number("LIMIT_DECLINES_PER_USER", default=5, low=0, high=1_000_000)
LIMIT_ORDER_MISSES_PER_USER = number("LIMIT_ORDER_MISSES_PER_USER", default=30, low=0, high=1_000_000)

# ---- Back office -------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["users.staff_backend.StaffBackend"]
STAFF_LOCAL_ACCOUNTS = flag("STAFF_LOCAL_ACCOUNTS", default=False)
STAFF_SESSION_MINUTES = number("STAFF_SESSION_MINUTES", default=60, low=5, high=1440)
STAFF_LOG_DAYS = number("STAFF_LOG_DAYS", default=400, low=30, high=3650)
DISABLED_CHECK_SECONDS = number("DISABLED_CHECK_SECONDS", default=10, low=0, high=900)
SESSION_COOKIE_AGE = 60 * STAFF_SESSION_MINUTES  # counted on the server, from the last time it was written
UNFOLD = back_office_theme(STATIC_URL)

# ---- API ---------------------------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["users.authentication.CognitoAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],  # opening is explicit
    "DEFAULT_RENDERER_CLASSES": ["shop.wire.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["shop.wire.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "shop.wire.ContentNegotiation",
    "DEFAULT_SCHEMA_CLASS": "shop.schema.ShopSchema",
    "EXCEPTION_HANDLER": "shop.exception_handler.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # ?format= is no part of this API
}

SPECTACULAR_SETTINGS = api_description(VERSION)

# ---- Logging -----------------------------------------------------------------------------------------------

LOG_FORMAT = choice("LOG_FORMAT", "json", "console", default="json")
METRICS_NAMESPACE = text("METRICS_NAMESPACE", default="shop")
METRICS_BY_ROUTE = flag("METRICS_BY_ROUTE", default=True)
TRACES = choice("TRACES", "off", "otlp", "xray", default="off")
TRACES_SAMPLE_RATE = rate("TRACES_SAMPLE_RATE", default="0.05")
HEARTBEAT_DIR = text("HEARTBEAT_DIR", default="")
REVISION = text("REVISION", default="")
LOG_LEVEL = choice("LOG_LEVEL", "DEBUG", "INFO", "WARNING", "ERROR", default="INFO")
LOGGING = logging_config(log_format=LOG_FORMAT, level=LOG_LEVEL)
