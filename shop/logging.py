"""One log line per event: JSON for machines, columns for people; every line carries the request's id.

Secrets and whole e-mail addresses are masked here, whoever logs them.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Every character that an address may have before its @. The look-behind keeps long texts without one cheap.
_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~\"-]"
_EMAIL = re.compile(rf"(?<!{_LOCAL})({_LOCAL}){_LOCAL}*@(\[?[\w-]+(?:[.:][\w-]+)+)")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*")
_SECRET_NAMES = re.compile(r"passw|secret|token|authorization|cookie|^code$", re.IGNORECASE)


def mask(text: str) -> str:
    """Hide tokens, and all of an e-mail address but its first letter and domain."""
    return _EMAIL.sub(r"\1***@\2", _JWT.sub("[token]", text))


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask every value of a log line (a structlog processor)."""
    for key, value in event.items():
        if key != "exc_info":  # what the renderer for people makes its traceback from
            event[key] = _masked(key, value)
    return event


def _masked(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name):
        return "[hidden]"
    if isinstance(value, Mapping):
        return {str(key): _masked(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(value if isinstance(value, str) else repr(value))


def _request_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put a request into words, for people."""
    if event.get("logger") == "shop.request":
        status, ms = event.pop("status"), event.pop("ms")
        event["event"] = f"{status} {event.pop('method')} {event.pop('path')} ({ms} ms)"
    return event


def _is_bug(record: logging.LogRecord) -> bool:
    return record.exc_info is not None


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
        structlog.processors.TimeStamper(
            fmt="iso" if log_format == "json" else "%H:%M:%S", utc=log_format == "json"
        ),
    ]
    if log_format == "json":
        last: list[Processor] = [
            structlog.processors.format_exc_info,
            mask_event,
            structlog.processors.JSONRenderer(),
        ]
    else:
        last = [
            structlog.processors.format_exc_info,  # before the masking; the renderer's own shows local variables
            mask_event,
            _request_line,
            structlog.dev.ConsoleRenderer(
                colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
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
        # Our middleware writes the one line per request; Django's own is wanted for the traceback of a bug only.
        "filters": {"bugs": {"()": "django.utils.log.CallbackFilter", "callback": _is_bug}},
        "handlers": {
            "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"}
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "botocore": {"level": "WARNING"},
            "pynamodb": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
            "django.request": {"filters": ["bugs"]},
        },
    }
