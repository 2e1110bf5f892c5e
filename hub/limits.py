"""What a caller may ask of the hub at once and per second, and from where; everything beyond is refused quickly."""

from __future__ import annotations

import ipaddress
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from aiohttp import web
from aiolimiter import AsyncLimiter

from hub.tls import client_certificate
from routing.directory import Platform
from routing.errors import ForeignCertificate, ForeignNetwork, RateLimited

MAX_IN_FLIGHT: Final = 1024
"""Requests that one node carries at the same time."""
MAX_IN_FLIGHT_OF_ONE: Final = 512
"""Of these, how many one platform may have: one that is slow to be answered must leave room for the others."""
RETRY_S: Final = 1

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
        self._trusted = [ipaddress.ip_network(network) for network in trusted_proxies]
        self._in_flight: Counter[str] = Counter()
        self._total = 0
        self._rates: dict[str, _Rate] = {}

    @property
    def in_flight(self) -> int:
        """Requests being served right now."""
        return self._total

    async def check(self, platform: Platform, request: web.BaseRequest) -> None:
        """Whether the platform may call from there, and now.

        Raises ForeignNetwork or ForeignCertificate (403), or RateLimited (429).
        """
        if platform.allowed_networks:
            self._check_network(platform, request)
        if platform.client_certificates and client_certificate(request.transport) not in platform.client_certificates:
            raise ForeignCertificate()
        if platform.rate_limit:
            await self._check_rate(platform)

    @contextmanager
    def in_flight_of(self, platform: Platform) -> Iterator[None]:
        """Serve one request of the platform. Raises RateLimited (429) where too many are being served already."""
        if self._total >= MAX_IN_FLIGHT or self._in_flight[platform.id] >= MAX_IN_FLIGHT_OF_ONE:
            raise RateLimited("the hub is busy: try again in a moment", headers={"Retry-After": str(RETRY_S)})
        self._total += 1
        self._in_flight[platform.id] += 1
        try:
            yield
        finally:
            self._total -= 1
            self._in_flight[platform.id] -= 1
            if not self._in_flight[platform.id]:
                del self._in_flight[platform.id]

    async def _check_rate(self, platform: Platform) -> None:
        wanted = platform.rate_limit or {}
        per_s = float(wanted["requests_per_s"])
        burst = max(1.0, float(wanted.get("burst", per_s)))
        rate = self._rates.get(platform.id)
        if rate is None or (rate.per_s, rate.burst) != (per_s, burst):
            rate = self._rates[platform.id] = _Rate(per_s, burst, AsyncLimiter(burst, burst / per_s))
        if not rate.limiter.has_capacity():
            wait_s = max(1, math.ceil(1 / per_s))
            raise RateLimited(f"more than {per_s:g} requests a second: slow down", headers={"Retry-After": str(wait_s)})
        await rate.limiter.acquire()  # there is room: this does not wait

    def _check_network(self, platform: Platform, request: web.BaseRequest) -> None:
        address = self.address_of(request)
        if address is None or not any(address in network for network in _networks(platform.allowed_networks)):
            raise ForeignNetwork()

    def is_trusted(self, remote: str | None) -> bool:
        """Whether this is the address of a proxy whose X-Forwarded headers count."""
        address = _address(remote or "")
        return address is not None and any(address in network for network in self._trusted)

    def address_of(self, request: web.BaseRequest) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """Where a request came from: the last address that was not added by a trusted proxy."""
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        address = _address(request.remote or "")
        while hops and address is not None and any(address in network for network in self._trusted):
            address = _address(hops.pop())
        return address


@lru_cache(maxsize=4096)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
