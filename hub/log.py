"""structlog, set up once: JSON lines (or colours for people) on standard error, secrets redacted by construction."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

SECRET_KEYS: Final = frozenset(
    {"authorization", "token", "token_in", "token_out", "token_a", "key", "password", "secret", "master_key", "body"}
)


def set_up(level: str, style: str) -> None:
    """Log from this level (`debug` to `error`) on; `style` is `json`, `console` or `auto` (console on a terminal)."""
    is_console = style == "console" or (style == "auto" and sys.stderr.isatty())
    # plain: the default shows the variables of each frame, tokens among them
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    last = console if is_console else structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    threshold = logging.getLevelNamesMapping()[level.upper()]
    exceptions: list[Any] = [] if is_console else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[*shared, *exceptions, last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, last],
        )
    )
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[libraries], force=True)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cover what must never be in a log, whoever put it there."""
    for name, value in event.items():
        if name.lower() in SECRET_KEYS or (isinstance(value, str) and value.startswith(("Token ", "Bearer "))):
            event[name] = "***"
    return event
