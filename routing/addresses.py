"""Which addresses the hub may call. A party gives the hub URLs; none may lead inside the hub's own network."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressCheck = Callable[[Address], None]

MAX_URL_CHARACTERS: Final = 2048


class ForbiddenAddress(ValueError):
    """A URL or address that the hub must not call."""


def check_url(url: object, *, allow_private: bool) -> str:
    """The URL, where the hub may call it. Raises ForbiddenAddress naming what is wrong with it.

    With `allow_private` also `http://` and addresses inside the hub's network are accepted.
    """
    if not isinstance(url, str) or not url:
        raise ForbiddenAddress("a URL is missing")
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise ForbiddenAddress("a URL has spaces, control or non-ASCII characters, or is too long")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ForbiddenAddress(f"{url!r} is not a URL: {error}") from error
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise ForbiddenAddress(f"{_shown(url)} must begin with https://")
    if not host:
        raise ForbiddenAddress(f"{_shown(url)} has no host")
    if "@" in parts.netloc:
        raise ForbiddenAddress("a URL must not contain credentials")
    if not allow_private:
        _check_literal(host)
    return url


def _check_literal(host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host.rstrip(".").lower() == "localhost" or host.lower().endswith(".localhost"):
            raise ForbiddenAddress(f"{host} is a loopback, private or link-local address") from None
        return
    check_public(address)


def check_public(address: Address) -> None:
    """Raises ForbiddenAddress for loopback, private, link-local, multicast and other addresses that are not global."""
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if not address.is_global or address.is_multicast or (mapped is not None and not mapped.is_global):
        raise ForbiddenAddress(f"{address} is a loopback, private or link-local address")


def check_nothing(address: Address) -> None:
    """Every address will do: for a hub whose parties are on its own network, and for tests."""


def _shown(url: str) -> str:
    """A URL as it may be shown: without query and credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
