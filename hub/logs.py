"""Structured logs (JSON lines) without personal data: a redactor drops what is not known to be harmless."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# Only these keys leave the process; whatever else is bound to an event is dropped.
HARMLESS = frozenset(
    {
        "event", "level", "timestamp", "logger", "method", "route", "status", "duration_ms", "request_id", "job",
        "kind", "attempts", "final", "error", "path", "exc_info", "exception", "host", "port", "workers", "count",
        "lines", "rate", "version",
    }
)  # fmt: skip


def keep_harmless(logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop every key that is not on the list."""
    return {key: value for key, value in event.items() if key in HARMLESS}


def configure(level: str) -> None:
    """Write events as JSON lines on standard error."""
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_harmless,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
