"""Requests as bytes. Nothing that a caller can choose may end a line, add a header or change the framing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from routing.wire.errors import InvalidRequest

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
"""No HEAD and no CONNECT: their answers are framed differently, and OCPI has neither."""
IDEMPOTENT: Final = frozenset({"GET", "PUT", "DELETE"})
"""May be sent again where nobody knows whether they arrived (RFC 9110, 9.2.2)."""
_WITH_CONTENT: Final = frozenset({"POST", "PUT", "PATCH"})
_OURS: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive"}
)
"""Headers that belong to the connection: the wire alone writes them."""

_ORIGIN: Final = re.compile(r"(https?)://([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_TARGET: Final = re.compile(r"[/?][\x21-\x7e]*")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who a URL leads to (RFC 9110, 4.3.1): connections are kept for each."""

    is_tls: bool
    host: str
    """Name or address, IPv6 without its brackets."""
    port: int
    authority: str
    """As the Host header has it."""

    @classmethod
    def parse(cls, text: str) -> Origin:
        """The origin that `text`, a URL without its path, names. Raises InvalidRequest."""
        match = _ORIGIN.fullmatch(text)
        if match is None:
            raise InvalidRequest("that is not a valid URL")
        scheme, host, digits = match.groups()
        is_tls = scheme.lower() == "https"
        default = 443 if is_tls else 80
        port = int(digits or default)
        if not 0 < port < 65_536:
            raise InvalidRequest("that is not a valid URL: there is no such port")
        authority = host if port == default else f"{host}:{port}"
        return cls(is_tls, host.strip("[]").lower(), port, authority)


def split(url: str) -> tuple[str, str]:
    """A URL's origin and its request target, the latter as it was written but for the fragment.

    Raises InvalidRequest for a target with anything in it that a request line has no place for.
    """
    begin = url.find("://") + 3
    end = next((at for at in range(begin, len(url)) if url[at] in "/?#"), len(url)) if begin > 2 else 0
    target = url[end:].partition("#")[0] or "/"
    if not _TARGET.fullmatch(target):
        raise InvalidRequest("that is not a valid URL")
    return url[:end], target if target[0] == "/" else "/" + target


def head_of(method: str, target: str, authority: str, headers: Mapping[str, str], body_bytes: int) -> bytes:
    """The head of a request. Raises InvalidRequest for a method, name or value that is not one."""
    if method not in METHODS:
        raise InvalidRequest("that is not a method")
    lines = [f"{method} {target} HTTP/1.1\r\nHost: {authority}\r\n"]
    for name, value in headers.items():
        # printable ASCII has no line ends and no NUL, and both looks are quicker than an expression
        if not _is_free(name) or not value.isascii() or not value.isprintable():
            raise InvalidRequest(f"header {name[:40]!r} cannot be sent")
        lines.append(f"{name}: {value}\r\n")
    if body_bytes or method in _WITH_CONTENT:
        lines.append(f"Content-Length: {body_bytes}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("ascii")


@lru_cache(maxsize=1024)
def _is_free(name: str) -> bool:
    """Whether this is the name of a header, and of one that a caller may set. The same few come all the time."""
    return _TOKEN.fullmatch(name) is not None and name.lower() not in _OURS
