"""What a translation cost: every field dropped, defaulted or approximated, with personal data masked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from routing.bridge.codec import write_json

MASK: Final = "***"
MAX_SHOWN: Final = 200
PERSONAL: Final = frozenset(
    {
        "auth_id",
        "authorization_reference",
        "contract_id",
        "group_id",
        "license_plate",
        "plain_data",
        "public_key",
        "signed_data",
        "token_uid",
        "uid",
        "visual_number",
    }
)
PLACES: Final = frozenset({"Location", "EVSE", "Connector", "Tariff"})
"""Objects about places and prices: their `uid` is an EVSE's, and no name in them is a driver's."""
DRIVERS: Final = "publish_allowed_to"
"""But for this one in a location: the tokens that may see it."""


class What(StrEnum):
    """How a value changed."""

    DROPPED = "dropped"
    DEFAULTED = "defaulted"
    APPROXIMATED = "approximated"


@dataclass(frozen=True, slots=True)
class Loss:
    """One field that did not come through whole. `field` is a path inside the object; empty for the object itself."""

    object: str
    field: str
    what: What
    old: Any = None
    new: Any = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """All losses of one translation, in the order they happened. False where nothing was lost."""

    losses: tuple[Loss, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.losses)

    def __add__(self, other: Receipt) -> Receipt:
        return Receipt(self.losses + other.losses)

    @classmethod
    def of(cls, losses: Iterable[Loss]) -> Receipt:
        """A receipt of these losses."""
        return cls(tuple(losses))


def loss(object_name: str, field: str, what: What, old: Any, new: Any, why: str = "") -> Loss:
    """A loss as it may be kept and shown: personal data masked, long values cut."""
    return Loss(object_name, field, what, shown(object_name, field, old), shown(object_name, field, new), why)


def shown(object_name: str, field: str, value: Any) -> Any:
    """A value as an admin may see it: scalars as they are, the rest as short JSON text, personal data masked."""
    name = field.rpartition(".")[2].partition("[")[0]
    is_place = (object_name in PLACES and DRIVERS not in field) or ".evses" in f".{field}"
    masked = _masked(value, name, is_place=is_place)
    if isinstance(masked, dict | list):
        masked = write_json(masked).decode("utf-8")
    return masked[:MAX_SHOWN] + "…" if isinstance(masked, str) and len(masked) > MAX_SHOWN else masked


def _masked(value: Any, name: str, *, is_place: bool) -> Any:
    match value:
        case dict():
            return {
                key: _masked(item, key, is_place=(is_place and key != DRIVERS) or key == "evses")
                for key, item in value.items()
            }
        case list():
            return [_masked(item, name, is_place=is_place) for item in value]
        case None:
            return None
        case _:
            return MASK if name in PERSONAL and not (is_place and name == "uid") else value
