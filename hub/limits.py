"""What a caller may ask of the hub at once and per second, and from where; everything beyond is refused quickly."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from aiolimiter import AsyncLimiter
from multidict import MultiMapping

from hub.http import Request, Response
from hub.tls import client_certificate
from routing.directory import Platform
from routing.errors import ForeignCertificate, ForeignNetwork, RateLimited

MAX_IN_FLIGHT: Final = 1024
"""Requests that one node carries at the same time."""
MAX_IN_FLIGHT_OF_ONE: Final = MAX_IN_FLIGHT // 2
"""Of these, how many one platform may have while it is alone: never more than there is left for the others."""
RETRY_S: Final = 1
FORWARDED: Final = "X-Forwarded-For"
BUSY: Final = "the hub is busy: try again in a moment"


class Busy(Response):
    """The answer to a request that the hub has no time for: its caller is not listened to for a moment."""


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class _Rate:
    """A platform's limiter, as long as its rate stays the same."""

    per_s: float
    burst: float
    limiter: AsyncLimiter


class Limits:
    """Counts what is in flight, and keeps each platform to its rate and its networks."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = _networks(tuple(trusted_proxies))
        self._in_flight: dict[str, int] = {}
        self._total = 0
        self._rates: dict[str, _Rate] = {}
        self.turned_away = 0
        """Requests that were refused unread because the hub was busy."""

    @property
    def in_flight(self) -> int:
        """Requests being served right now."""
        return self._total

    @property
    def is_crowded(self) -> bool:
        """Whether so many are being served that the next may be one too many."""
        return self._total >= MAX_IN_FLIGHT_OF_ONE

    def has_room_for(self, platform: Platform) -> bool:
        """Whether one more request of this platform can be served.

        It may have as many as there are places free: however many platforms never come to an end, each has the less,
        and there is room for one that does.
        """
        return self._in_flight.get(platform.id, 0) < MAX_IN_FLIGHT - self._total

    async def check(self, platform: Platform, request: Request) -> None:
        """Whether the platform may call from there, and now.

        Raises ForeignNetwork or ForeignCertificate (403), or RateLimited (429).
        """
        if platform.allowed_networks:
            self._check_network(platform, request)
        if platform.client_certificates and client_certificate(request.transport) not in platform.client_certificates:
            raise ForeignCertificate()
        if platform.rate_limit:
            await self._check_rate(platform)

    def enter(self, platform: Platform) -> None:
        """One more request of the platform is served, until `leave`. Raises RateLimited (429): there is no room."""
        if not self.has_room_for(platform):
            raise RateLimited(BUSY, headers={"Retry-After": str(RETRY_S)})
        self._total += 1
        self._in_flight[platform.id] = self._in_flight.get(platform.id, 0) + 1

    def leave(self, platform: Platform) -> None:
        """It is answered."""
        self._total -= 1
        left = self._in_flight[platform.id] - 1
        if left:
            self._in_flight[platform.id] = left
        else:
            del self._in_flight[platform.id]

    async def _check_rate(self, platform: Platform) -> None:
        wanted = platform.rate_limit or {}
        per_s = float(wanted["requests_per_s"])
        burst = max(1.0, float(wanted.get("burst", per_s)))
        rate = self._rates.get(platform.id)
        if rate is None or (rate.per_s, rate.burst) != (per_s, burst):
            rate = self._rates[platform.id] = _Rate(per_s, burst, AsyncLimiter(burst, burst / per_s))
        if not rate.limiter.has_capacity():
            wait_s = math.ceil(1 / per_s)
            raise RateLimited(f"more than {per_s:g} requests a second: slow down", headers={"Retry-After": str(wait_s)})
        await rate.limiter.acquire()  # there is room: this does not wait

    def _check_network(self, platform: Platform, request: Request) -> None:
        address = self.address_of(request.remote, forwarded_for(request.headers))
        if address is None or not any(address in network for network in _networks(platform.allowed_networks)):
            raise ForeignNetwork(f"Your address, {address}, is not in a network that was agreed for your platform.")

    def is_trusted(self, remote: str | None) -> bool:
        """Whether this is the address of a proxy whose X-Forwarded headers count."""
        address = _address(remote or "")
        return address is not None and any(address in network for network in self._trusted)

    def address_of(self, remote: str | None, forwarded: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """Where a request came from: the last address that was not added by a trusted proxy.

        `remote` is the other end of the connection, `forwarded` what X-Forwarded-For says (`forwarded_for`).
        """
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        address = _address(remote or "")
        while hops and address is not None and any(address in network for network in self._trusted):
            address = _address(hops.pop())
        return address


def forwarded_for(headers: MultiMapping[str]) -> str:
    """All that X-Forwarded-For says: a proxy may add a line of its own below the one that came."""
    return ", ".join(headers.getall(FORWARDED, ()))


@lru_cache(maxsize=4096)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(_network(text) for text in texts)


def _network(text: str) -> Network:
    network = ipaddress.ip_network(text)
    mapped = network.network_address.ipv4_mapped if network.version == 6 else None
    return network if mapped is None else ipaddress.IPv4Network((mapped, network.prefixlen - 96))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; some proxies write the port with it."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
