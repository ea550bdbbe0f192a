"""How gunicorn serves the shop, in production and in ``make run`` alike: ``gunicorn -c shop/gunicorn.conf.py shop.wsgi``.

Each name is one of gunicorn's settings. Threads, because mysqlclient blocks in C, which starves gevent.
"""

# ruff: noqa: N999 (the name is what people look for; gunicorn reads it by path)
import gc
import logging
import os
import sys
from pathlib import Path
from typing import Any

# gunicorn reads this file before it puts the working directory on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shop.logging import logging_config

bind = f"{os.environ.get('BIND', '0.0.0.0')}:{os.environ.get('PORT', '8000')}"  # noqa: S104 (a container's only way)
worker_class = "shop.http_worker.ProblemWorker"  # gthread, whose refusals are problems too
workers = int(os.environ.get("WEB_CONCURRENCY") or os.cpu_count() or 1)
threads = int(os.environ.get("GUNICORN_THREADS") or 8)
# Imported once, before there are workers: they share the memory, and one that died is back at once. With --reload each
# imports for itself, or a changed file would not be read again.
preload_app = "--reload" not in sys.argv

# Longer than a load balancer keeps idle connections (60 s): it must be the one to close them.
keepalive = 75
# Shorter than what ECS waits between SIGTERM and SIGKILL (30 s).
graceful_timeout = 25
# A worker whose heartbeat stops for this long is replaced; it does not bound a request, socket time-outs do.
timeout = 60
# Heartbeat files in memory: a slow disk must not look like a dead worker. macOS has no /dev/shm.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (gunicorn makes its own file in it)
# It would write into the home directory, which a read-only container has not.
control_socket_disable = True

limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# No peer may set the scheme, SCRIPT_NAME or PATH_INFO by a header, not even one on this machine (the default).
# X-Forwarded-Proto is Django's to believe, where BEHIND_TLS_PROXY says so.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
# X_Forwarded_For would come out as X-Forwarded-For: such names are left out, as nginx does.
header_map = "drop"
proxy_protocol = "off"

# The application logs one line per request. gunicorn's own lines take the same form.
accesslog = None
_format = os.environ.get("LOG_FORMAT", "json")
logconfig_dict = logging_config(log_format=_format, level=os.environ.get("LOG_LEVEL", "INFO"))
# A person at a console needs no news of workers that come and go in good health.
logconfig_dict["loggers"]["gunicorn.error"] = {
    "level": "INFO" if _format == "json" else "WARNING",
    "propagate": True,
}


def when_ready(_arbiter: Any) -> None:
    """Keep the collector away from what was imported: it would write to it, and each worker would get its own copy."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Pay for what the first request would pay for: the URL table, clients, what is compiled at first use, the pool's keys.

    Failures are only logged: a worker must come up while a system is down, and say so at /health/ready.
    """
    # Not at the top: this file is read before Django's settings are there.
    from django.conf import settings
    from django.core.validators import validate_email
    from django.db import connection
    from django.urls import get_resolver

    from shop import health
    from shop.aws import dynamodb_connection, sqs_client

    def open_queue() -> None:
        if settings.ORDER_PROCESSING == "async":
            sqs_client()

    for warm in (
        lambda: get_resolver().url_patterns,
        lambda: connection.ops.compiler("SQLCompiler"),
        lambda: validate_email("somebody@example.com"),
        dynamodb_connection,
        open_queue,
        lambda: health.ask_all(health.registered(), seconds=2.0),  # connections, and the keys for tokens
    ):
        try:
            warm()
        except Exception:  # whatever it is, the first request will meet it and answer
            logging.getLogger("gunicorn.error").warning("worker %s is not warm", worker.pid, exc_info=True)
