"""What a translation needs and memory lacks, asked of the party that has it; and the PUT that stands for a PATCH.

Only messages between versions come here, and those for platforms that have no PATCH.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from routing.answers import open_envelope
from routing.bridge import NeedsObject, Receipt, write_json
from routing.bridge.calls import object_in_answer
from routing.catalogue import operation_of
from routing.copies import applied, part_of
from routing.crossing import Crossing, Key
from routing.decide import check_path, target_url
from routing.directory import Directory, Platform
from routing.errors import OcpiError
from routing.lessons import change_in
from routing.memory import EVERYBODY, Change, Memory, key_of
from routing.message import Message, Reply, parse_json
from routing.ocpi import ConnectionStatus, Interface, PartyId, Version, party_named
from routing.quirks import PATCH_UNSUPPORTED
from routing.taking_back import taken_back

Exchange = Callable[[Message, Platform, PartyId, str], Awaitable[Reply]]
"""One call to a platform, as its own version has it: the message, to which party, at which URL."""
HUB: Final = Platform(id="", name="hub", status=ConnectionStatus.CONNECTED)
"""Who asks, in messages of the hub's own."""
MAX_ASKED: Final = 20
"""How many objects the hub asks for, for one answer: the caller waits."""


@dataclass(frozen=True, slots=True)
class Question:
    """An object that one party has: whom to ask for it, and where."""

    platform: Platform
    party: PartyId
    module: str
    interface: Interface
    path: str


@dataclass(frozen=True, slots=True)
class Fetching:
    """Takes messages over the bridge, and gets what is missing on the way."""

    crossing: Crossing
    memory: Memory
    exchange: Exchange

    async def request(
        self, message: Message, platform: Platform, version: Version, directory: Directory, receiver: PartyId
    ) -> tuple[Message, Receipt]:
        """The message as the receiver's version has it. Raises Untranslatable, or AnsweredByHub."""
        got: dict[tuple[str, Key], dict[str, Any] | None] = {}
        while True:
            try:
                return await self.crossing.request(message, platform, version, directory, receiver, got)
            except NeedsObject as error:
                place = (error.object_name, error.key)
                question = None if place in got else whom_to_ask(error, message, platform, receiver, directory)
                if question is None or (found := await self._asked(question, message, error, directory)) is None:
                    raise
                got[place] = found

    async def answer(
        self, reply: Reply, message: Message, platform: Platform, version: Version, directory: Directory, party: PartyId
    ) -> tuple[Reply, Receipt]:
        """The party's answer as the caller's version has it. Raises Untranslatable.

        Sessions hold their locations in 2.1.1, and an EVSE is shown there where its location is published: those
        that memory lacks are asked for, up to a number.
        """
        asked: list[Key] = []

        async def elsewhere(name: str, key: Key) -> Any:
            error = NeedsObject(name, key)
            question = whom_to_ask(error, message, platform, party, directory) if name == "Location" else None
            if question is None or len(asked) >= MAX_ASKED:
                return None
            asked.append(key)
            return await self._asked(question, message, error, directory)

        is_held = message.version.rank == 1 and object_in_answer(message) in ("Session", "EVSE", "Connector")
        return await self.crossing.answer(
            reply, message, platform, version, directory, party, elsewhere if is_held else None
        )

    async def taken_back(
        self, message: Message, platform: Platform, version: Version, directory: Directory, receiver: PartyId
    ) -> Message | None:
        """What the receiver is told, in its version, in place of a push that was refused as it hides a location."""
        gone = await taken_back(message, message.document, self.memory, receiver) if version.rank == 1 else None
        return (await self.request(gone, platform, version, directory, receiver))[0] if gone else None

    async def whole(self, message: Message, platform: Platform, receiver: PartyId) -> Message:
        """The message for a platform that may have no PATCH: then the PUT of the object, or of the part, as it is now.

        Raises NeedsObject where memory has no copy of it.
        """
        if message.method != "PATCH" or not platform.quirks.get(PATCH_UNSUPPORTED):
            return message
        change = change_in(message, time.time())
        if change is None:
            return message
        copy = await self.memory.copy(change, (change.owner, receiver))
        after = applied(copy, change) if copy else None
        part = part_of(parse_json(after.body), change.module, change.below) if after else None
        if after is None or part is None:
            name = message.operation.object_name if message.operation else ""
            raise NeedsObject(name, (change.owner.country_code, change.owner.party_id, change.key))
        return replace(
            message,
            method="PUT",
            body=write_json(part) if change.below else after.body,
            operation=operation_of(message.module, message.interface, "PUT", message.path),
        )

    async def _asked(self, question: Question, message: Message, error: NeedsObject, directory: Directory) -> Any:
        """The object in the shape in which the bridge asks; None where the party does not give it."""
        version = question.platform.version
        endpoint = question.platform.endpoint(question.module, question.interface)
        if version is None or endpoint is None:
            return None
        asking = replace(
            message,
            version=version,
            module=question.module,
            interface=question.interface,
            method="GET",
            path=question.path,
            query="",
            body=b"",
            caller=HUB,
            sender=directory.hub,
            receiver=question.party,
            operation=operation_of(question.module, question.interface, "GET", question.path),
            is_followed=False,
        )
        asked_at = time.time()
        try:
            check_path(question.path)  # it is made of an id that somebody sent
            reply = await self.exchange(
                asking, question.platform, question.party, target_url(endpoint, question.path, "")
            )
            data = (open_envelope(reply.body) or {}).get("data")
            if not isinstance(data, dict):
                return None
            owner = party_named(*error.key[:2])
            found = await self.crossing.pivoted(error.object_name, data, version, owner, question.party, directory)
        except OcpiError:
            return None  # the journal has why; the caller is told what is missing
        audience = message.sender if message.interface is Interface.SENDER else message.receiver
        self.memory.keep(_copy_of(question.module, owner, error.key[2], version, data, audience, asked_at))
        return found


def _copy_of(
    module: str,
    owner: PartyId,
    object_id: str,
    version: Version,
    data: Any,
    audience: PartyId | None,
    asked_at: float,
) -> Change:
    """An object that the hub asked for, to be kept for messages between its owner and the party it was for."""
    return Change(
        module=module,
        owner=owner,
        key=key_of(object_id),
        method="PUT",
        version=version.number,
        at=time.time(),
        body=write_json(data),
        document=data,
        audience=audience.folded if audience else EVERYBODY,
        asked_at=asked_at,
    )


def whom_to_ask(
    error: NeedsObject, message: Message, platform: Platform, receiver: PartyId, directory: Directory
) -> Question | None:
    """Whom the hub asks for an object that a translation needs. Pure.

    A location is its owner's (LOC-S2); a session that is being changed the receiver has too (SES-R1).
    """
    country_code, party_id, object_id = error.key[:3]
    match error.object_name:
        case "Location":
            owner = party_named(country_code, party_id)
            holder = _holder(owner, message, directory)
            path = f"/{quote(object_id, safe='')}"
            return Question(holder, owner, "locations", Interface.SENDER, path) if holder else None
        case "Session" if message.interface is Interface.RECEIVER:
            path = "".join(f"/{quote(part, safe='')}" for part in (country_code, party_id, object_id))
            return Question(platform, receiver, "sessions", Interface.RECEIVER, path)
        case _:
            return None


def _holder(owner: PartyId, message: Message, directory: Directory) -> Platform | None:
    """The platform that an owner's locations are asked of: the caller's own, where the owner is on it."""
    rows = sorted(directory.parties.get(owner, ()), key=lambda row: row.platform_id != message.caller.id)
    for row in rows:
        platform = directory.platform_of(row)
        is_connected = platform.status_of(row) is ConnectionStatus.CONNECTED
        if is_connected and platform.endpoint("locations", Interface.SENDER):
            return platform
    return None
