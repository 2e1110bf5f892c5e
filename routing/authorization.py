"""Real-time authorization of a token whose owner is not known: the eMSPs are asked, and the best answer wins.

OCPI 2.2.1 and 2.3.0, tokens, POST: real-time authorization request. Bounded in number and in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

from routing.answers import open_envelope
from routing.bridge import UnknownToken
from routing.decide import Delivery
from routing.errors import OcpiError
from routing.message import Reply
from routing.ocpi import SUCCESS

AUTHORIZE: Final = "TOK-S2"
"""The operation."""
MAX_ASKED: Final = 20
TIMEOUT_S: Final = 5.0
ALLOWED: Final = "ALLOWED"
KNOWN: Final = ("NO_CREDIT", "EXPIRED", "BLOCKED", "NOT_ALLOWED")
"""What an eMSP says of a token that is its own and may not charge here; what helps the driver most comes first."""
MORE_WANTED: Final = 2002
"""Not enough information: the eMSP knows the token, and must be told where it is."""

Ask = Callable[[Delivery], Coroutine[Any, Any, Reply]]


async def authorized(deliveries: Iterable[Delivery], ask: Ask, timeout_s: float = TIMEOUT_S) -> Reply:
    """The first ALLOWED, else the best answer that an eMSP gave in time. Raises UnknownToken where none knows it."""
    calls = [asyncio.create_task(ask(delivery), name="authorization") for delivery in list(deliveries)[:MAX_ASKED]]
    try:
        best = await _best_of(calls, timeout_s)
    finally:
        for call in calls:
            call.cancel("another eMSP was faster, or the time was over")
        await asyncio.gather(*calls, return_exceptions=True)
    if best is None or _rank(best) >= _USELESS:
        raise UnknownToken
    return best


async def _best_of(calls: Iterable[asyncio.Task[Reply]], timeout_s: float) -> Reply | None:
    """The best answer so far when one is ALLOWED, all are there, or the time is over."""
    pending, best = set(calls), None
    clock = asyncio.get_running_loop().time
    ends = clock() + timeout_s
    while pending and (best is None or _rank(best) > 0):
        done, pending = await asyncio.wait(pending, timeout=ends - clock(), return_when=asyncio.FIRST_COMPLETED)
        if not done:
            break
        for call in done:
            try:
                reply = call.result()
            except OcpiError:
                continue  # the journal has a leg of it
            best = reply if best is None else min(best, reply, key=_rank)
    return best


_MORE: Final = 1 + len(KNOWN)
_OTHER: Final = _MORE + 1
_USELESS: Final = _OTHER + 1


def _rank(reply: Reply) -> int:
    """How good an answer is: 0 is ALLOWED."""
    if reply.code == MORE_WANTED:
        return _MORE
    if reply.code != SUCCESS or reply.http >= 300:
        return _USELESS
    said = _allowed(reply)
    if said == ALLOWED:
        return 0
    if said is None:  # a success without AuthorizationInfo says nothing of the token
        return _USELESS
    return 1 + KNOWN.index(said) if said in KNOWN else _OTHER


def _allowed(reply: Reply) -> Any:
    document = open_envelope(reply.body)
    data = document.get("data") if document else None
    return data.get("allowed") if isinstance(data, dict) else None
