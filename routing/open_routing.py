"""Open Routing Request: who a message without OCPI-to headers is for, told from what it says and what memory knows.

OCPI 2.2.1 and 2.3.0, transport and format, Open Routing Request. Exactly one party that the sender may reach is an
answer; several are none: a wrong location or session is worse than an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from routing.authorization import AUTHORIZE
from routing.catalogue import module_named
from routing.decide import MAX_DECIDED, candidates
from routing.directory import Directory, Party
from routing.errors import UnknownLocation, UnknownReceiver
from routing.memory import Kind, Memory
from routing.message import Message
from routing.ocpi import ConnectionStatus, PartyId, party_named
from routing.questions import Lookup, Question, question_of
from routing.reach import Reaches, reached

EMAID: Final = "EMAID"
PROVIDER: Final = re.compile(r"([A-Za-z]{2})[-*]?([A-Za-z0-9]{3})")
"""Who issued a contract: the first two parts of an EMAID, such as NL-TNM of NL-TNM-C00122045-K."""
ONLY_ONE: Final = frozenset({"PAY-S3"})
"""Operations whose content says nothing, and that go to the only party there is for them."""


async def receivers_told(message: Message, memory: Memory, directory: Directory) -> tuple[PartyId, ...]:
    """The parties that this message may be for, of those that its sender may reach; in the order of their ids."""
    question = question_of(message)
    if question.named:
        return _reached(question.named, message, directory)
    if not question.lookups:
        return serving(message, directory) if _goes_to_the_only_one(message) else ()
    found = _reached(await _agreed(question.lookups, memory), message, directory)
    if len(found) > 1 and question.tie_breaks:
        closer = await _agreed(question.tie_breaks, memory)
        return tuple(party for party in found if party in closer) or found
    if not found and question.otherwise:
        return _reached(await _agreed(question.otherwise, memory), message, directory)
    return found or _reached(_provider(message, question), message, directory)


def unresolved(message: Message) -> UnknownReceiver:
    """What the sender of a message that may be for nobody, or for several, is told."""
    is_of_a_place = any(lookup.kind is Kind.LOCATION for lookup in question_of(message).lookups)
    said = "the receiver cannot be told from this message"
    if message.version.has_routing_headers:
        said += ": OCPI-to headers are required"
    return UnknownLocation(said) if is_of_a_place else UnknownReceiver(said)


def serving(message: Message, directory: Directory) -> tuple[PartyId, ...]:
    """The parties that the sender may reach and that implement this interface of the module; for a custom module one
    of each platform.
    """
    question = ("serving", message.caller.id, message.sender, message.module, message.interface)
    known = directory.decided.get(question)
    if isinstance(known, tuple):
        return known
    answer = _in_order(_serving(message, directory))
    if len(directory.decided) < MAX_DECIDED:
        directory.decided[question] = answer
    return answer


def _serving(message: Message, directory: Directory) -> Iterable[PartyId]:
    module, interface, senders = message.module, message.interface, directory.senders(message.caller, message.sender)
    standard = module_named(module)
    if standard is None:
        return _serving_custom(message, senders, directory)

    def find(party: PartyId, reaches: Reaches) -> PartyId | None:
        rows = (row for row in directory.parties.get(party, ()) if row.role in standard.roles(interface))
        return next((row.id for row in rows if _serves(directory, row, message) and reaches(row)), None)

    return reached(directory, ("serving", module, interface), senders, module, find).every()


def _serving_custom(message: Message, senders: Sequence[Party], directory: Directory) -> Iterator[PartyId]:
    """Which roles a custom module has nobody knows: the first party of each platform is as good as the others."""
    for platform in directory.platforms.values():
        if platform.endpoint(message.module, message.interface) is not None:
            rows = (row for row in platform.parties if _serves(directory, row, message))
            found = (row.id for row in rows if any(directory.may_reach(one, row, message.module) for one in senders))
            yield from islice(found, 1)


def _serves(directory: Directory, row: Party, message: Message) -> bool:
    platform = directory.platform_of(row)
    is_there = platform.status_of(row) is not ConnectionStatus.SUSPENDED
    return is_there and platform.endpoint(message.module, message.interface) is not None


def _goes_to_the_only_one(message: Message) -> bool:
    if module_named(message.module) is None:
        return True
    operation = message.operation
    return operation is not None and (operation.is_list or operation.id in ONLY_ONE)


async def _agreed(lookups: Iterable[Lookup], memory: Memory) -> set[PartyId]:
    """Whom all the look-ups answer with."""
    answers = [await _answer(lookup, memory) for lookup in lookups]
    return set.intersection(*answers) if answers else set()


async def _answer(lookup: Lookup, memory: Memory) -> set[PartyId]:
    ties = await memory.ties(lookup.kind, *lookup.ids)
    for ids in lookup.or_ids:
        ties = ties or await memory.ties(lookup.kind, *ids)
    if lookup.beside is not None:
        sides = [(tie.owner, tie.other) for tie in ties] + [(tie.other, tie.owner) for tie in ties]
        beside = {party for one, party in sides if one == lookup.beside and party is not None}
        if beside or lookup.is_strict:
            return beside
    return {tie.owner for tie in ties}


def _provider(message: Message, question: Question) -> list[PartyId]:
    """The eMSP that an EMAID names, where nothing else is known of the token."""
    ids = question.lookups[0].ids
    if message.operation is None or message.operation.id != AUTHORIZE or ids[-1].upper() != EMAID:
        return []
    named = PROVIDER.match(ids[0])
    return [party_named(*named.groups())] if named else []


def _reached(parties: Iterable[PartyId], message: Message, directory: Directory) -> tuple[PartyId, ...]:
    """Those whom the sender may reach: of the others it is told as little as of nobody."""
    return _in_order(party for party in parties if candidates(message, party, directory))


def _in_order(parties: Iterable[PartyId]) -> tuple[PartyId, ...]:
    return tuple(sorted(dict.fromkeys(parties), key=lambda party: party.folded))
