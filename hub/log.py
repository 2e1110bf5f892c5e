"""structlog, set up once: JSON lines (or colours for people) on standard error, secrets redacted by construction."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

SECRET_KEYS: Final = frozenset(
    {"authorization", "token", "token_in", "token_out", "token_a", "key", "password", "secret", "master_key", "body"}
)


class Lines:
    """Standard error, for lines that are not worth a request: where they cannot be written they are counted."""

    def __init__(self) -> None:
        self._lost = 0

    def write(self, text: str) -> None:
        """Write lines; nothing is raised where the disk is full, or nobody reads them."""
        try:
            if self._lost:
                text = json.dumps({"event": "log lines lost", "level": "warning", "count": self._lost}) + f"\n{text}"
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            self._lost += 1
        else:
            self._lost = 0

    def flush(self) -> None:
        """Every write is flushed already."""


def set_up(level: str, style: str) -> None:
    """Log from this level (`debug` to `error`) on; `style` is `json`, `console` or `auto` (console on a terminal)."""
    is_console = style == "console" or (style == "auto" and sys.stderr.isatty())
    # plain: the default shows the variables of each frame, tokens among them
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    lines = Lines()
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
        logger_factory=structlog.WriteLoggerFactory(lines),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    libraries = logging.StreamHandler(lines)
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
