"""Which addresses the hub may call. A party gives the hub URLs; none may lead inside the hub's own network."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressCheck = Callable[[Address], None]

MAX_URL_CHARACTERS: Final = 2048
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ENDS_IN_IPV4: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
"""NAT64 (RFC 6052) and IPv4-compatible addresses (RFC 4291)."""


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
    except ValueError:
        raise ForbiddenAddress("that is not a valid URL") from None
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise ForbiddenAddress(f"{_shown(url)} must begin with https://{' or http://' if allow_private else ''}")
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
        last = host.lower().rstrip(".").rpartition(".")[2]
        # 127.1 and 0x7f000001 are loopback to inet_aton, and no name of a host ends in a number
        if last == "localhost" or _NUMBER.fullmatch(last):
            raise ForbiddenAddress(f"{host} is a loopback, private or link-local address") from None
        return
    check_public(address)


def check_public(address: Address) -> None:
    """Raises ForbiddenAddress for loopback, private, link-local, multicast and other addresses that are not global."""
    if any(not part.is_global or part.is_multicast for part in (address, *_embedded(address))):
        raise ForbiddenAddress(f"{address} is a loopback, private or link-local address")


def _embedded(address: Address) -> Iterator[Address]:
    """The IPv4 addresses that an IPv6 address stands for, and that a gateway may turn it into."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    yield from filter(None, (address.ipv4_mapped, address.sixtofour))
    if any(address in network for network in _ENDS_IN_IPV4):
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


def check_nothing(address: Address) -> None:
    """Every address will do: for a hub whose parties are on its own network, and for tests."""


def _shown(url: str) -> str:
    """A URL as it may be shown: without query and credentials."""
    parts = urlsplit(url)
    if not parts.netloc:  # no URL of any scheme: as it was written
        return url.partition("?")[0].rpartition("@")[2]
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
