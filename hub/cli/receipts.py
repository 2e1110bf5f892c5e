"""What two parties lost between their OCPI versions, as a table: the journal's receipts, added up."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.cli.terminal import out, row, table
from hub.lifecycle import Hub
from hub.store import journal as stored
from hub.store.journal import LegRow, Wanted

MAX_SHOWN: Final = 15
MAX_VALUE: Final = 40
_INDEX: Final = re.compile(r"\[\d+\]")

Kind = tuple[str, str, str]
"""Object, field and how it changed."""


async def print_receipt(hub: Hub, one: str, other: str) -> None:
    """Everything that was dropped, defaulted or approximated between these two, once the journal has all of it."""
    while hub.journal.waiting:  # noqa: ASYNC110 - what is waited for is counted, not signalled
        await asyncio.sleep(0.05)
    async with hub.store.read() as connection:
        found, _ = await stored.journeys(connection, Wanted(party=one, limit=500))
    legs = [leg for journey in found for leg in journey.legs if _is_between(leg, one, other)]
    kinds = _added_up(loss for leg in legs for loss in leg.losses)
    title = f"What {one} and {other} lose between their versions"
    if not kinds:
        out.print(f"{title}: nothing.\n")
        return
    grid = table(title, "object", "field", "was", "times", "from", "to")
    for (object_name, field, what), (times, example) in kinds[:MAX_SHOWN]:
        row(grid, object_name, field, what, str(times), _short(example["old"]), _short(example["new"]))
    out.print(grid)
    if len(kinds) > MAX_SHOWN:
        out.print(f"... and {len(kinds) - MAX_SHOWN} more; all of them are in the journal, message by message.")
    out.print()


def _is_between(leg: LegRow, one: str, other: str) -> bool:
    """A leg of the two; a broadcast's copy is from the hub."""
    ends = (leg.sender, leg.receiver)
    return other == leg.receiver or (one in ends and other in ends)


def _added_up(losses: Iterable[Mapping[str, Any]]) -> list[tuple[Kind, tuple[int, Mapping[str, Any]]]]:
    """Each kind of loss with how often it happened and the last example, the most frequent first."""
    count: Counter[Kind] = Counter()
    examples: dict[Kind, Mapping[str, Any]] = {}
    for loss in losses:
        kind = (loss["object"], _INDEX.sub("[]", loss["field"]) or "(all of it)", loss["what"])
        count[kind] += 1
        examples[kind] = loss
    return [(kind, (times, examples[kind])) for kind, times in count.most_common()]


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
