"""One log line per event: JSON for machines, columns for people; every line carries the request's id.

Secrets and whole e-mail addresses are masked here, whoever logs them.
"""

import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Every character that an address may have before its @. The look-behind keeps long texts without one cheap.
_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~\"-]"
# A path may hold the @ percent-encoded, once or twice.
_EMAIL = re.compile(rf"(?<!{_LOCAL})({_LOCAL}){_LOCAL}*(?:@|%(?:25)*40)(\[?[\w-]+(?:[.:][\w-]+)+)")
# Tokens of Cognito (whole or torn), of any other kind after "Bearer" or "Basic", passwords in URLs, keys of Stripe and AWS.
_TOKEN = re.compile(
    r"eyJ[\w%.=-]{8,}|(?P<before>bearer\s+|basic\s+(?=[\w+/=-]{8})|://[^\s/:@]{0,64}:(?=[^\s/@]+@))[^\s,@]{4,}|\b[spr]k_(?:live|test)_\w+|\bwhsec_\w+|\bA[KS]IA[A-Z0-9]{16}\b",
    re.IGNORECASE | re.ASCII,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# What the renderer for people makes its traceback from; and names of metrics, which are ours alone.
_NOT_MASKED = frozenset({"exc_info", "_aws"})
_FACTS = "shop.facts"
# Our own addresses have no part longer than a UUID.
_LONGEST_PART, _LONGEST_PATH = 64, 256
_SECRET_NAMES = re.compile(r"passw|secret|token|authorization|cookie|^code$", re.IGNORECASE)


def mask(text: str) -> str:
    """Hide tokens, and all of an e-mail address but its first letter and domain."""
    return _EMAIL.sub(r"\1***@\2", _TOKEN.sub(_without_token, text))


def _without_token(found: re.Match[str]) -> str:
    return f"{found['before'] or ''}[token]"


def note(request: Any, **facts: Any) -> None:
    """Add facts to the one line that is logged for a request: who called, why it was refused."""
    request.META.setdefault(_FACTS, {}).update(facts)


def facts_of(request: Any) -> dict[str, Any]:
    """Return what was noted of a request."""
    facts: dict[str, Any] = request.META.get(_FACTS, {})
    return facts


def loggable_path(path: str) -> str:
    """Shorten a path for the log: whoever calls may write anything in it, a secret of any form included."""
    parts = [part if len(part) <= _LONGEST_PART else "[long]" for part in path.split("/")]
    return "/".join(parts)[:_LONGEST_PATH]


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask every value of a log line (a structlog processor)."""
    for key, value in event.items():
        if key not in _NOT_MASKED:
            event[key] = _masked(key, value)
    return event


@lru_cache(maxsize=256)  # a line's names are nearly always the same
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def _masked(name: str, value: Any) -> Any:
    if _is_secret(name):
        return "[hidden]"
    if isinstance(value, Mapping):
        return {str(key): _masked(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(value if isinstance(value, str) else repr(value))


def _one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Let nobody who is quoted in a line for people begin another (JSON escapes by itself)."""
    for key, value in event.items():
        if key == "exception":
            event[key] = "\n".join(f"  | {_visible(line)}" for line in str(value).split("\n"))
        elif isinstance(value, str):
            event[key] = _visible(value)
    return event


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


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
            _one_line,
            _request_line,
            structlog.dev.ConsoleRenderer(
                colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
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
            "django.security": {"level": "CRITICAL"},  # refusals, which our own line tells of
        },
    }
