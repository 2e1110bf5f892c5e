"""Asks one platform questions in the hub's name, and makes steps of what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from hub.check import judging
from hub.check.judging import Envelope
from hub.check.report import Remark, Step, Verdict, fail, worst_of
from routing.addresses import ForbiddenAddress
from routing.answers import Answer
from routing.courier import Courier
from routing.directory import Party, Platform
from routing.errors import ConnectionFailed, OcpiError
from routing.journey import new_request_id
from routing.ocpi import (
    CORRELATION_ID,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    REQUEST_ID,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    Interface,
    PartyId,
    Version,
)

UNREACHABLE_AFTER: Final = 2
"""Connections that fail one after the other until nothing more is tried."""
MAX_REMARKS: Final = 40


@dataclass(frozen=True, slots=True)
class Came:
    """What came back: an answer with its envelope, or the reason why there is none."""

    asked: str
    url: str
    sent: Mapping[str, str]
    answer: Answer | None = None
    read: Envelope | None = None
    failure: str = ""
    remarks: tuple[Remark, ...] = ()
    """What is wrong with it whatever was asked."""

    @property
    def in_words(self) -> str:
        """What came, in a line."""
        if self.answer is None:
            return self.failure
        code = self.read.code if self.read else None
        said = f"HTTP {self.answer.http}, " + (f"OCPI {code}" if code is not None else "no OCPI status code")
        data = self.read.data if self.read else None
        return f"{said}, {len(data)} {'object' if len(data) == 1 else 'objects'}" if isinstance(data, list) else said


@dataclass(slots=True)
class Asker:
    """One platform that is being checked. `checked` refuses addresses that the hub must not call."""

    platform: Platform
    version: Version
    hub: PartyId
    courier: Courier
    checked: Callable[[object], str]
    base_url: str
    """Where the hub's own addresses begin, for what needs a response_url."""
    is_private_allowed: bool = False
    failures: int = field(default=0, init=False)

    @property
    def is_unreachable(self) -> bool:
        """Whether there is no use in asking on."""
        return self.failures >= UNREACHABLE_AFTER

    def party_for(self, module_roles: Iterable[object]) -> Party:
        """The party to ask: the first whose role has this side of the module."""
        parties = self.platform.parties
        return next((party for party in parties if party.role in set(module_roles)), parties[0])

    async def ask(
        self, method: str, url: str, *, to: PartyId | None = None, token: str | None = None, body: bytes = b""
    ) -> Came:
        """One request. `to` is the party of a functional module; `token` replaces the right one."""
        headers = self._headers(to)
        came = Came(f"{method} {shown(url)}", url, headers)
        try:
            answer = await self.courier.call(
                method,
                self.checked(url),
                token=self.platform.token_out or "" if token is None else token,
                encode_token=self.platform.encodes_token,
                headers=headers,
                body=body,
            )
        except (OcpiError, ForbiddenAddress) as error:
            self.failures = self.failures + 1 if isinstance(error, ConnectionFailed) else 0
            reason = error.message if isinstance(error, OcpiError) else str(error)
            return Came(came.asked, url, headers, failure=f"no usable answer: {reason}", remarks=(fail(reason),))
        self.failures = 0
        read, wrong = judging.envelope(answer)
        return Came(came.asked, url, headers, answer, read, remarks=(*wrong, *self._of_headers(answer, headers, to)))

    def step(
        self,
        came: Came,
        *,
        name: str,
        module: str,
        interface: Interface | str,
        expected: str,
        source: str,
        remarks: Iterable[Remark] = (),
        is_judged_whole: bool = True,
    ) -> Step:
        """The step of an answer; `is_judged_whole` adds what is wrong with it whatever was asked."""
        found = [*remarks]
        if is_judged_whole or came.answer is None:
            found = [*(judging.transport(came.answer) if came.answer else ()), *found, *came.remarks]
        texts = tuple(dict.fromkeys(remark.text for remark in found))
        return Step(
            name=name,
            module=module,
            interface=str(interface),
            asked=came.asked,
            expected=expected,
            source=f"OCPI {self.version}, {source}",
            came=came.in_words,
            verdict=worst_of(found),
            remarks=texts[:MAX_REMARKS] + ((f"{len(texts) - MAX_REMARKS} more",) if len(texts) > MAX_REMARKS else ()),
            http=came.answer.http if came.answer else None,
            ocpi=came.read.code if came.read else None,
            ms=round(came.answer.ms, 1) if came.answer else None,
        )

    def skipped(self, name: str, module: str, interface: Interface | str, why: str) -> Step:
        """A step that is not tried."""
        return Step(name, module, str(interface), "", "", "", why, Verdict.SKIPPED)

    def _headers(self, to: PartyId | None) -> dict[str, str]:
        if not self.version.has_routing_headers:
            return {}
        headers = {REQUEST_ID: new_request_id(), CORRELATION_ID: new_request_id()}
        if to is not None:
            headers |= {TO_COUNTRY_CODE: to.country_code, TO_PARTY_ID: to.party_id}
            headers |= {FROM_COUNTRY_CODE: self.hub.country_code, FROM_PARTY_ID: self.hub.party_id}
        return headers

    def _of_headers(self, answer: Answer, sent: Mapping[str, str], to: PartyId | None) -> list[Remark]:
        if not self.version.has_routing_headers:
            return []
        if to is None:
            return [*judging.ids(answer, sent), *judging.no_routing_headers(answer)]
        return [*judging.ids(answer, sent), *judging.routing_headers(answer, self.hub, to)]


def shown(url: str) -> str:
    """An address as a report may show it: without user and password."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
