"""Open Routing Request: who a message without OCPI-to headers is for, told from what it says and what memory knows.

OCPI 2.2.1 and 2.3.0, transport and format, Open Routing Request. Exactly one party that the sender may reach is an
answer; several are none: a wrong location or session is worse than an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from routing.authorization import AUTHORIZE
from routing.catalogue import module_named
from routing.decide import MAX_DECIDED, candidates
from routing.directory import Directory
from routing.memory import Memory
from routing.message import Message
from routing.ocpi import ConnectionStatus, PartyId, party_named
from routing.playing import playing
from routing.questions import Lookup, Question, question_of

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


def _serving(message: Message, directory: Directory) -> Iterator[PartyId]:
    senders = directory.senders(message.caller, message.sender)
    standard = module_named(message.module)
    everybody = directory.platforms.values()
    for platform in playing(directory, standard.roles(message.interface)) if standard else everybody:
        if platform.id == message.caller.id or platform.endpoint(message.module, message.interface) is None:
            continue
        rows = (
            row.id
            for row in platform.parties
            if (standard is None or row.role in standard.roles(message.interface))
            and platform.status_of(row) is not ConnectionStatus.SUSPENDED
            and any(directory.may_reach(sender, row, message.module) for sender in senders)
        )
        yield from rows if standard else islice(rows, 1)


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
