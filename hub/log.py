"""structlog, set up once: JSON lines (or colours for people) on standard error.

Whoever logs need not think of it: each line has the correlation id of the request that it is about, secrets are
covered, and what others wrote cannot end a line or speak to a terminal.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from routing.journey import ABOUT

SECRET_WORDS: Final = frozenset({"authorization", "cookie", "password", "secret", "token"})
"""A value in whose name there is one of these words is covered."""
SECRET_ENDS: Final = frozenset({"body", "key"})
"""A value whose name ends with one of these words is covered."""
_WORD: Final = re.compile(r"[^a-z0-9]+")
_IN_TEXT: Final = (
    (re.compile(r"\b(Token|Bearer|Basic) +[^\s\"',;]+", re.IGNORECASE), r"\1 ***"),
    (re.compile(r"(://)[^/\s@\"']+@"), r"\1***@"),
)
"""Secrets in the middle of a text: what follows the scheme of an Authorization header, user and password in a URL."""
_INDENT: Final = "    "


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
    lines = Lines()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        about,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    last: list[Any] = [structlog.processors.JSONRenderer()]
    if is_console:
        # plain: the default shows the variables of each frame, tokens among them
        plain = structlog.dev.plain_traceback
        last = [printable, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(lines),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    libraries = logging.StreamHandler(lines)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[libraries], force=True)


def about(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Name the request that the line is about, where the line does not say so itself."""
    if correlation_id := ABOUT.get():
        event.setdefault("correlation_id", correlation_id)
    return event


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cover what must never be in a log, whoever put it there."""
    for name, value in event.items():
        event[name] = _covered(name, value)
    return event


def printable(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Write out what a terminal would obey. JSON does so by itself."""
    for name, value in event.items():
        if isinstance(value, str):
            lines = value.split("\n") if name in ("exception", "stack") else [value]
            event[name] = f"\n{_INDENT}".join(_visible(line) for line in lines)
    return event


def _covered(name: str, value: Any) -> Any:
    words = _WORD.split(name.lower())
    if words[-1] in SECRET_ENDS or not SECRET_WORDS.isdisjoint(words):
        return "***"
    match value:
        case str():
            for pattern, cover in _IN_TEXT:
                value = pattern.sub(cover, value)
            return value
        case dict():
            return {key: _covered(str(key), item) for key, item in value.items()}
        case list() | tuple():
            return [_covered("", item) for item in value]
        case None | bool() | int() | float():
            return value
        case _:
            return _covered("", str(value))


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
