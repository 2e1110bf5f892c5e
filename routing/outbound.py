"""One message to one party: in the party's version and manner, its answer judged, and the journal told of it.

crossing -> quirks -> courier -> answers -> crossing -> links
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from routing.answers import Answer, PassedOn, pass_on
from routing.bridge import AnsweredByHub, UnknownToken, Untranslatable, means_unknown_token, withdrawal
from routing.courier import Courier
from routing.crossing import Crossing
from routing.directory import Directory, Platform
from routing.errors import HubRejected, NotWanted, OcpiError, Refused
from routing.fetching import Fetching
from routing.journey import Direction, Leg, OnLeg, Outcome, fault_of, ignore, new_request_id, outcome_of, timestamp
from routing.lead_back import LeadBack
from routing.memory import Forgetful, Memory
from routing.message import Message, Reply
from routing.ocpi import (
    CORRELATION_ID,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    LIMIT,
    REQUEST_ID,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    TOTAL_COUNT,
    PartyId,
)
from routing.quirks import TRAILING_SLASH, adapted, asks_for_slash, straightened, with_slash

PASSED_ON: Final = (TOTAL_COUNT, LIMIT, "Retry-After")
LOOKS_FOR_TOKEN: Final = 10
"""How often a renewed token is looked for before a party's 401 is believed; looks keep apart by themselves."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was called, and what came back, as it came."""

    url: str
    answer: Answer


Address = Callable[[Message], str]
"""The URL to call, of the message as it is sent."""
OnLearnt = Callable[[str, str, object], None]
"""Told of a platform's quirk that showed in passing: the platform's id, the quirk and its value."""


def forget(platform_id: str, quirk: str, value: object) -> None:
    """For a hub that learns nothing in passing."""


Hold = Callable[[str, str], Awaitable[None] | None]
"""What a message to one platform from another must wait for: it is just being told that the other is there."""


def hold_nothing(receiver_id: str, sender_id: str) -> None:
    """For a hub that tells nobody of others."""


class Outbound:
    """Takes a message to the party that was decided on, and brings back the answer."""

    def __init__(
        self,
        *,
        directory: Callable[[], Directory],
        courier: Courier,
        lead_back: LeadBack,
        crossing: Crossing,
        look_again: Callable[[], Awaitable[bool]],
        memory: Memory | None = None,
        on_leg: OnLeg = ignore,
        on_learnt: OnLearnt = forget,
        hold: Hold = hold_nothing,
    ) -> None:
        self._on_learnt = on_learnt
        self._directory = directory
        self._look_again = look_again
        self._courier = courier
        self._lead_back = lead_back
        self._fetching = Fetching(crossing, memory or Forgetful(), self._fetch)
        self._on_leg = on_leg
        self._hold = hold

    async def deliver(self, message: Message, platform: Platform, receiver: PartyId, address: Address) -> Reply:
        """Send a message to its receiver, in the receiver's version and manner, and bring back the answer.

        Addresses in the answer lead back through the hub. Raises the OcpiError that stands for an answer that cannot
        be passed on.
        """
        reply, asked = await self.ask(message, platform, receiver, address)
        if asked is None:
            return reply
        own: dict[str, str] = {}
        if following := await self._lead_back.next_page(message, platform, receiver, asked.url, asked.answer):
            own["Link"] = f'<{following}>; rel="next"'
        if location := await self._lead_back.location(message, platform, receiver, asked.url, asked.answer):
            own["Location"] = location
        return replace(reply, headers={**reply.headers, **own}) if own else reply

    async def deliver_copy(self, copy: Message, platform: Platform, receiver: PartyId, address: Address) -> None:
        """Send a copy of a broadcast. Raises OcpiError where it did not arrive."""
        try:
            reply, _ = await self.ask(copy, platform, receiver, address)
        except Untranslatable as error:
            # the sender was told that all is well: that this receiver got nothing is in the journal alone
            self._on_leg(_untold(copy, platform, receiver, error))
            raise
        if outcome_of(reply.code) is not Outcome.DELIVERED:
            raise Refused(f"receiver {receiver} answered HTTP {reply.http}, OCPI {reply.code}")

    async def ask(
        self, message: Message, platform: Platform, receiver: PartyId, address: Address
    ) -> tuple[Reply, Asked | None]:
        """Like `deliver`, with the party's own answer beside the reply, whose addresses are still the party's.

        There is none where the hub answered in the party's place.
        """
        if (news := self._hold(platform.id, message.caller.id)) is not None:
            await news
        version = platform.version or message.version
        directory = self._directory()
        if message.method == "PATCH":
            message = await self._fetching.whole(message, platform, receiver)
        if version is message.version:
            sent = adapted(message, platform, directory.hub)
            return await self._exchange(sent, platform, receiver, address(sent))
        try:
            crossed, receipt = await self._fetching.request(message, platform, version, directory, receiver)
        except AnsweredByHub as instead:
            return instead.reply(timestamp()), None
        except Untranslatable:
            await self._take_back(message, platform, receiver, address)
            raise
        sent = adapted(crossed, platform, directory.hub)
        try:
            reply, asked = await self._exchange(sent, platform, receiver, address(sent), receipt.losses)
        except OcpiError as error:
            if means_unknown_token(error, message, source=version):
                raise UnknownToken() from error
            raise
        told, lost = await self._fetching.answer(reply, message, platform, version, directory, receiver)
        return replace(told, receipt=lost.losses, untranslated=reply.body), asked

    async def _take_back(self, message: Message, platform: Platform, receiver: PartyId, address: Address) -> None:
        """Take back a tariff whose newer version the receiver cannot be told, for no price is better than an old one,
        and a location that is published no more.
        """
        directory, version = self._directory(), platform.version or message.version
        instead = withdrawal(message, target_version=version)
        with suppress(OcpiError):  # the caller is told of the object itself, the journal of this
            if instead is None and message.sender != directory.hub:  # of a broadcast it was decided when it came
                instead = await self._fetching.taken_back(message, platform, version, directory, receiver)
            if instead is not None:
                sent = adapted(instead, platform, directory.hub)
                await self._exchange(sent, platform, receiver, address(sent))

    async def _fetch(self, message: Message, platform: Platform, receiver: PartyId, url: str) -> Reply:
        """A question of the hub's own, in the platform's version."""
        return (await self._exchange(adapted(message, platform, message.sender), platform, receiver, url))[0]

    async def _exchange(
        self, sent: Message, platform: Platform, receiver: PartyId, url: str, receipt: tuple[object, ...] = ()
    ) -> tuple[Reply, Asked]:
        try:
            answer, passed = await self._call(sent, platform, receiver, url, receipt)
        except HubRejected:
            # whoever refuses a token did not read the request: with a token renewed meanwhile it may be sent again
            renewed = await with_new_token(platform, self._directory, self._look_again)
            if renewed is None:
                raise
            answer, passed = await self._call(sent, renewed, receiver, url, receipt)
        headers = {name: answer.headers[name.lower()] for name in PASSED_ON if name.lower() in answer.headers}
        return Reply(passed.http, passed.body, receiver, headers, passed.code), Asked(url, answer)

    async def _call(
        self, message: Message, platform: Platform, receiver: PartyId, url: str, receipt: tuple[object, ...]
    ) -> tuple[Answer, PassedOn]:
        """One leg out: call the party, judge its answer, and tell the journal."""
        headers = _headers(message, receiver)
        started, at = time.perf_counter(), time.time()
        answer: Answer | None = None
        passed: PassedOn | None = None
        failure: OcpiError | None = None
        try:
            answer = await self._request(message, platform, url, headers)
            if asks_for_slash(answer, url):
                self._on_learnt(platform.id, TRAILING_SLASH, True)
                answer = await self._request(message, platform, with_slash(url), headers)
            answer = straightened(answer, message, platform)
            passed = pass_on(answer, receiver, message.method, message.operation, timestamp)
        except OcpiError as error:
            failure = error
            raise
        except asyncio.CancelledError as error:
            failure = NotWanted(*map(str, error.args[:1]))
            raise
        finally:
            ms = (time.perf_counter() - started) * 1000
            leg = _leg(message, platform, receiver, headers[REQUEST_ID], answer, passed)
            leg.at, leg.ms, leg.receipt = at, ms, receipt
            if failure is not None:
                leg.reason, leg.fault = failure.message, failure.fault
            del failure  # its traceback holds this frame: both would wait for the garbage collector
            self._on_leg(leg)
        return answer, passed

    async def _request(self, message: Message, platform: Platform, url: str, headers: Mapping[str, str]) -> Answer:
        return await self._courier.call(
            message.method,
            url,
            token=platform.token_out or "",
            encode_token=platform.encodes_token,
            headers=headers,
            body=message.body,
            platform_id=platform.id,
        )


async def with_new_token(
    platform: Platform, directory: Callable[[], Directory], look_again: Callable[[], Awaitable[bool]]
) -> Platform | None:
    """The platform with the token that was exchanged since it rejected this one; None where there is none.

    The party has it a moment before the hub does: its answer is still on the way, or being written.
    """
    for _ in range(LOOKS_FOR_TOKEN):
        await look_again()
        now = directory().platforms.get(platform.id)
        if now is not None and now.token_out not in (None, platform.token_out):
            return now
    return None


def _untold(message: Message, platform: Platform, receiver: PartyId, error: Untranslatable) -> Leg:
    """The leg of a copy that could not be sent at all."""
    leg = _leg(message, platform, receiver, "", None, None)
    leg.at, leg.reason, leg.fault = time.time(), error.message, error.fault
    return leg


def _headers(message: Message, receiver: PartyId) -> dict[str, str]:
    """The hub's own request id, the journey's correlation id, and who it is for and from (not in 2.1.1)."""
    ids = {REQUEST_ID: new_request_id(), CORRELATION_ID: message.correlation_id}
    if not message.version.has_routing_headers:
        return ids
    return {
        **ids,
        TO_COUNTRY_CODE: receiver.country_code,
        TO_PARTY_ID: receiver.party_id,
        FROM_COUNTRY_CODE: message.sender.country_code,
        FROM_PARTY_ID: message.sender.party_id,
    }


def _leg(
    message: Message,
    platform: Platform,
    receiver: PartyId,
    request_id: str,
    answer: Answer | None,
    passed: PassedOn | None,
) -> Leg:
    """What the journal is told of a call; when it was and how long it took is the caller's to say."""
    code = passed.code if passed else None
    return Leg(
        journey_id=message.journey_id,
        direction=Direction.OUT,
        at=0.0,
        ms=0.0,
        platform_id=platform.id,
        sender=message.sender.text,
        receiver=receiver.text,
        version=platform.version.number if platform.version else "",
        module=message.module,
        interface=message.interface,
        method=message.method,
        path=message.path,
        request_id=request_id,
        correlation_id=message.correlation_id,
        http=answer.http if answer else None,
        ocpi=code,
        outcome=outcome_of(code),
        fault=fault_of(code),
        parent=message.parent,
        bytes_in=len(answer.body) if answer else 0,
        bytes_out=len(message.body),
        request_body=message.body,
        answer_body=answer.body if answer else b"",
    )
