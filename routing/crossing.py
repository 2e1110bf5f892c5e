"""Messages between parties of different versions: translated on the way out, their answers on the way back.

The bridge is pure. What it asks of the hub's memory is looked up between two attempts, so that a translation that
needs nothing costs no I/O, and one that needs an object costs one look at the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from routing.bridge import Context, Periods, Receipt, Untranslatable, translate, translate_answer, translate_request
from routing.bridge.requests import PIVOT
from routing.directory import Directory, Platform
from routing.message import Message, Reply
from routing.ocpi import Interface, PartyId, Version, party_named
from routing.quirks import PATCH_PERIODS, REFUSE_UNSIGNED

Key = tuple[str, ...]
Ask = Callable[[str, Key], Awaitable[dict[str, Any] | None]]
"""What is known of an object by name and key, in the shape of OCPI 2.2.1 (see `Context.stored`)."""
Recall = Callable[[str, Key, tuple[PartyId, ...]], Awaitable[dict[str, Any] | None]]
"""The same of memory, between these parties: what was sent to one of them alone is nobody else's to see."""

ZoneAt = Callable[[str, str], str | None]
"""The tz database's zone at a latitude and longitude, as OCPI writes them; None where there is none."""
Known = Mapping[tuple[str, Key], dict[str, Any] | None]
"""Answers to such questions."""

Result = TypeVar("Result")


async def nothing(object_name: str, key: Key, between: tuple[PartyId, ...]) -> dict[str, Any] | None:
    """A memory that has nothing."""
    return None


def nowhere(latitude: str, longitude: str) -> str | None:
    """A map without time zones."""
    return None


class Crossing:
    """Takes messages over the bridge, with what memory knows."""

    def __init__(self, recall: Recall = nothing, zone_at: ZoneAt = nowhere) -> None:
        self._recall = recall
        self._zone_at = zone_at

    async def request(
        self,
        message: Message,
        platform: Platform,
        target: Version,
        directory: Directory,
        receiver: PartyId,
        got: Known | None = None,
    ) -> tuple[Message, Receipt]:
        """The message as the receiver's version has it. Raises Untranslatable, or AnsweredByHub.

        `got` are objects that were got elsewhere: they go before memory's.
        """
        context = _context(message, platform, directory, receiver)
        return await self._asking(
            lambda known: translate_request(message, target_version=target, context=known), context, got
        )

    async def answer(
        self,
        reply: Reply,
        message: Message,
        platform: Platform,
        source: Version,
        directory: Directory,
        receiver: PartyId,
        elsewhere: Ask | None = None,
    ) -> tuple[Reply, Receipt]:
        """The receiver's answer as the caller's version has it. Raises Untranslatable.

        `elsewhere` is asked for what memory lacks.
        """
        context = _context(message, platform, directory, receiver)
        return await self._asking(
            lambda known: translate_answer(reply, message, source=source, target=message.version, context=known),
            context,
            elsewhere=elsewhere,
        )

    async def item(
        self,
        object_name: str,
        document: Any,
        message: Message,
        platform: Platform,
        source: Version,
        directory: Directory,
        owner: PartyId,
    ) -> tuple[Any, Receipt]:
        """One object of the hub's own copy, of an owner on a platform, as the caller's version has it.

        Raises Untranslatable.
        """
        context = _context(message, platform, directory, owner)
        return await self._asking(
            lambda known: translate(object_name, document, source=source, target=message.version, context=known),
            replace(context, owner=owner, counterpart=message.sender),
        )

    async def pivoted(
        self, object_name: str, document: Any, source: Version, owner: PartyId, other: PartyId, directory: Directory
    ) -> dict[str, Any]:
        """An object in the shape in which the bridge asks for it (see `Context.stored`). Raises Untranslatable."""
        context = Context(owner, datetime.now(UTC), counterpart=other, hub=directory.hub)
        value, _ = await self._asking(
            lambda known: translate(object_name, document, source=source, target=PIVOT, context=known), context
        )
        return value

    async def _asking(
        self,
        attempt: Callable[[Context], Result],
        context: Context,
        got: Known | None = None,
        elsewhere: Ask | None = None,
    ) -> Result:
        context = replace(context, zone_at=self._zone_at)
        between = tuple(party for party in (context.owner, context.counterpart) if party is not None)

        async def ask(name: str, key: Key) -> dict[str, Any] | None:
            found = await self._recall(name, key, between)
            return await elsewhere(name, key) if found is None and elsewhere else found

        return await asking(attempt, context, ask, got)


async def asking(attempt: Callable[[Context], Result], context: Context, ask: Ask, got: Known | None = None) -> Result:
    """Try, look up whatever was asked for and is not known yet, and try again until nothing new is asked."""
    known: dict[tuple[str, Key], dict[str, Any] | None] = dict(got or {})
    while True:
        missing: list[tuple[str, Key]] = []

        def stored(name: str, key: Key, missing: list[tuple[str, Key]] = missing) -> dict[str, Any] | None:
            if (name, key) not in known:
                missing.append((name, key))
            return known.get((name, key))

        failure: Untranslatable | None = None
        try:
            result = attempt(replace(context, stored=stored))
        except Untranslatable as error:
            failure = error
        if not missing:
            if failure is not None:
                raise failure
            return result
        for name, key in missing:
            known[name, key] = await ask(name, key)


def _context(message: Message, platform: Platform, directory: Directory, receiver: PartyId) -> Context:
    """The surroundings: who owns the objects, and how the parties on either side mean what they say."""
    is_pushed = message.interface is Interface.RECEIVER
    owner, other = (_owner_of(message), receiver) if is_pushed else (receiver, message.sender)
    named = directory.parties.get(owner, ())
    # the side that speaks 2.1.1 decides what charging periods in its PATCH mean
    spoken = next((side for side in (message.caller, platform) if side.version and side.version.rank == 1), None)
    periods = spoken.quirks.get(PATCH_PERIODS) if spoken else None
    return Context(
        owner=owner,
        now=datetime.now(UTC),
        counterpart=other,
        hub=directory.hub,
        owner_details={"name": named[0].name} if named and named[0].name else None,
        periods_211=Periods(periods) if periods else Periods.REPLACE,
        refuse_unsigned=bool(platform.quirks.get(REFUSE_UNSIGNED)),
    )


def _owner_of(message: Message) -> PartyId:
    """Whose object is pushed: the party in its path, which in a broadcast is not the one that it is from."""
    if message.operation is None or not message.operation.is_owned:
        return message.sender
    country_code, party_id = message.path.strip("/").split("/")[:2]
    return party_named(country_code, party_id)
