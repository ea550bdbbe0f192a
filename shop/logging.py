"""One log line per event: JSON for machines, columns for people; every line carries the request's id.

Secrets and whole e-mail addresses are masked here, whoever logs them.
"""

import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_EMAIL = re.compile(r"([A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*")
_SECRET_NAMES = re.compile(r"passw|secret|token|authorization|cookie|^code$", re.IGNORECASE)


def mask(text: str) -> str:
    """Hide tokens, and all of an e-mail address but its first letter and domain."""
    return _EMAIL.sub(r"\1***@\2", _JWT.sub("[token]", text))


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask every value of a log line (a structlog processor)."""
    for key, value in event.items():
        if _SECRET_NAMES.search(key):
            event[key] = "[hidden]"
        elif isinstance(value, str):
            event[key] = mask(value)
    return event


def logging_config(*, log_format: str, level: str) -> dict[str, Any]:
    """Build the ``logging.config`` dictionary and set structlog up to match.

    Args:
        log_format: ``json`` (one object per line) or ``console`` (readable columns).
        level: the lowest level that is written.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(
            fmt="iso" if log_format == "json" else "%H:%M:%S", utc=log_format == "json"
        ),
    ]
    if log_format == "json":
        last: list[Processor] = [structlog.processors.format_exc_info, mask_event, structlog.processors.JSONRenderer()]
    else:
        last = [mask_event, structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            }
        },
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"}},
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "botocore": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
            # Our middleware writes the one line per request; Django would add a second for each 4xx.
            "django.request": {"level": "ERROR"},
        },
    }
