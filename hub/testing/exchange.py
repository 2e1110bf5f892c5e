"""What a fake party saw come in, and what it got back for what it sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from multidict import CIMultiDict, CIMultiDictProxy


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came in, exactly as it came."""

    method: str
    module: str
    """In the spelling of `routing.catalogue.module_key`; `versions` and `credentials` for the configuration modules,
    `results` for what came to a response_url."""
    interface: str
    """SENDER or RECEIVER; empty for the configuration modules."""
    path: str
    """Percent-encoded, below the module's endpoint."""
    query: str
    raw_path: str
    """The whole request target, as it was on the wire."""
    headers: CIMultiDictProxy[str]
    body: bytes
    version: str = ""
    """The OCPI version of the address that was called."""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's segments, percent-decoded once."""
        return tuple(unquote(segment) for segment in self.path.split("/") if segment)

    @property
    def document(self) -> Any:
        """The body as JSON; None without a body."""
        return json.loads(self.body) if self.body else None

    @property
    def sender(self) -> str:
        """OCPI-from, written NL*TNM; `*` where it is missing."""
        return f"{self.headers.get('OCPI-from-country-code', '')}*{self.headers.get('OCPI-from-party-id', '')}"

    @property
    def receiver(self) -> str:
        """OCPI-to, written NL*TNM; `*` where it is missing."""
        return f"{self.headers.get('OCPI-to-country-code', '')}*{self.headers.get('OCPI-to-party-id', '')}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The answer to a request that was sent, with the request's own ids and the milliseconds it took."""

    http: int
    body: bytes
    headers: CIMultiDictProxy[str]
    sent: Mapping[str, str] = field(default_factory=dict)
    """The headers of the request."""
    ms: float = 0.0
    method: str = ""
    url: str = ""
    request_body: bytes = b""

    @property
    def envelope(self) -> dict[str, Any]:
        """The OCPI envelope; empty where the body is none."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def status_code(self) -> int | None:
        """The OCPI status code."""
        return self.envelope.get("status_code")

    @property
    def status_message(self) -> str:
        """The words beside the code."""
        return str(self.envelope.get("status_message") or "")

    @property
    def data(self) -> Any:
        """What the envelope carries."""
        return self.envelope.get("data")

    @property
    def is_success(self) -> bool:
        """Whether HTTP and OCPI both say that it went well."""
        return self.http < 300 and self.status_code is not None and 1000 <= self.status_code < 2000

    def party(self, direction: str) -> str:
        """The party in the answer's routing headers: `from` or `to`, written NL*TNM."""
        country_code = self.headers.get(f"OCPI-{direction}-country-code", "")
        return f"{country_code}*{self.headers.get(f'OCPI-{direction}-party-id', '')}"


class Memory:
    """Everything that a party saw, in order, and a way to wait for it without guessing how long it takes."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._news = asyncio.Condition()

    async def add(self, seen: Seen) -> None:
        """Remember, and wake up who waits."""
        async with self._news:
            self.seen.append(seen)
            self._news.notify_all()

    async def wait_for(
        self, matches: Callable[[Seen], bool], count: int, timeout_s: float, after: int = 0
    ) -> list[Seen]:
        """At least so many matching requests after the first `after`. Raises TimeoutError naming what came instead."""

        def found() -> list[Seen]:
            return [seen for seen in self.seen[after:] if matches(seen)]

        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: len(found()) >= count)
        except TimeoutError:
            came = ", ".join(f"{seen.method} {seen.raw_path}" for seen in self.seen[after:]) or "nothing"
            raise TimeoutError(f"{count} matching requests expected within {timeout_s:g} s; came {came}") from None
        return found()


def proxy(headers: Mapping[str, str]) -> CIMultiDictProxy[str]:
    """Headers whose names have no case."""
    return CIMultiDictProxy(CIMultiDict(headers))
