"""One object from any version to any other: the steps between neighbours, composed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from routing.bridge import v211_v221, v221_v230
from routing.bridge.context import Context
from routing.bridge.receipt import Loss, Receipt
from routing.bridge.refusals import Untranslatable
from routing.bridge.shape import Place, Turn, Value, expect_object
from routing.ocpi import VERSIONS, Version

UP: Final[Mapping[int, Mapping[str, Turn]]] = {1: v211_v221.UP, 2: v221_v230.UP}
"""By the rank of the version that a step starts from."""
DOWN: Final[Mapping[int, Mapping[str, Turn]]] = {2: v211_v221.DOWN, 3: v221_v230.DOWN}
NOT_IN_211: Final = frozenset(
    {"ActiveChargingProfile", "CancelReservation", "ChargingPreferences", "SetChargingProfile"}
)

_RESULTS: Final = frozenset({"CommandResponse", "CommandResult"})


def version_of(version: Version | str) -> Version:
    """The row of the table of versions, by itself or by its number."""
    return VERSIONS[version] if isinstance(version, str) else version


def translate(
    object_name: str,
    value: Any,
    *,
    source: Version | str,
    target: Version | str,
    context: Context,
    partial: bool = False,
) -> tuple[Value, Receipt]:
    """Translate one OCPI object, or with `partial` the body of a PATCH, and say what was lost.

    Objects that are the same in both versions come back equal. Raises Untranslatable for what is impossible,
    NeedsObject where memory lacks what it takes.
    """
    losses: list[Loss] = []
    place = Place(context, object_name, losses, is_partial=partial)
    out = expect_object(_with_result(object_name, value), place)
    for table in _tables(version_of(source).rank, version_of(target).rank):
        turn = table.get(object_name)
        if turn is not None:
            out = turn(out, place)
        elif object_name in NOT_IN_211 and table in (v211_v221.UP, v211_v221.DOWN):
            raise Untranslatable(f"OCPI 2.1.1 has no {object_name}")
    return out, Receipt.of(losses)


def _with_result(object_name: str, value: Any) -> Any:
    """The answer to a command as an object: early prints of 2.1.1 have the bare word."""
    return {"result": value} if isinstance(value, str) and object_name in _RESULTS else value


def _tables(source: int, target: int) -> list[Mapping[str, Turn]]:
    if source < target:
        return [UP[rank] for rank in range(source, target)]
    return [DOWN[rank] for rank in range(source, target, -1)]
