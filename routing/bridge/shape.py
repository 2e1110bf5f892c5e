"""The engine: a table of fields applied to one object, key by key, every loss noted on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from routing.bridge.context import Context
from routing.bridge.receipt import Loss, What, loss
from routing.bridge.refusals import Unmapped, Untranslatable

Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an object the translation is, and the losses so far."""

    context: Context
    object_name: str
    losses: list[Loss]
    is_partial: bool = False
    path: str = ""

    def into(self, name: str | int) -> Place:
        """The same translation, one field or list item deeper."""
        step = f"[{name}]" if isinstance(name, int) else f".{name}" if self.path else name
        return replace(self, path=self.path + step)

    def whole(self) -> Place:
        """The same place, in an object that is complete even inside a PATCH (a nested value is replaced whole)."""
        return replace(self, is_partial=False)

    def dropped(self, old: Any, why: str = "") -> None:
        """Note that the value here has no place in the other version; nothing is lost with an empty one."""
        if old not in (None, [], {}):
            self._note(What.DROPPED, old, None, why)

    def defaulted(self, new: Any, why: str = "") -> None:
        """Note that a value was needed here and there was none."""
        self._note(What.DEFAULTED, None, new, why)

    def approximated(self, old: Any, new: Any, why: str = "") -> None:
        """Note that the nearest value was taken, if it is another."""
        if old != new:
            self._note(What.APPROXIMATED, old, new, why)

    def _note(self, what: What, old: Any, new: Any, why: str) -> None:
        self.losses.append(loss(self.object_name, self.path, what, old, new, why))

    def refuse(self, why: str) -> Untranslatable:
        """The error for what is impossible here."""
        return Untranslatable(f"{self.object_name}{': ' if self.path else ''}{self.path} {why}")


class _Gone:
    """Marks a value that did not come through."""


GONE: Final = _Gone()
"""There is nothing to say for it in the other version: it is left out, and in a PATCH taken away with null."""
UNCHANGED: Final = _Gone()
"""There is nothing to change: it is left out of a PATCH too."""
Turn = Callable[[Any, Place], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One row: the field's name in the other version (empty: taken care of elsewhere), and how its value turns."""

    to: str = ""
    turn: Turn | None = None


TAKEN: Final = Field()
"""The field is used by the shape's own functions, or follows from elsewhere: nothing is lost here."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How one object turns into its neighbouring version.

    `known` fields come through as they are; of others, an open shape lets them pass and a closed one drops them.
    `check` refuses; `finish(source, out, place)` does what one field alone cannot.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    is_closed: bool = False
    check: Callable[[Value, Place], None] | None = None
    finish: Callable[[Value, Value, Place], None] | None = None

    def __call__(self, value: Any, place: Place) -> Value:
        """Translate one object. Raises Untranslatable."""
        source = expect_object(value, place)
        if self.check:
            self.check(source, place)
        out: Value = {}
        for name, old in source.items():
            self._turn(name, old, out, place)
        if self.finish:
            self.finish(source, out, place)
        return out

    def _turn(self, name: str, old: Any, out: Value, place: Place) -> None:
        row = self.fields.get(name)
        if row is None:
            if self.is_closed and name not in self.known:
                place.into(name).dropped(old)
            else:
                out[name] = old
            return
        if not row.to:
            if row.turn:
                row.turn(old, place.into(name))
            return
        new = row.turn(old, place.into(name)) if row.turn and old is not None else old
        if not isinstance(new, _Gone):
            out[row.to] = new
        elif new is GONE and place.is_partial:  # what is left out of a PATCH stays as it was
            out[row.to] = None


def names(text: str) -> frozenset[str]:
    """Words separated by spaces, as a set."""
    return frozenset(text.split())


def same(*fields: str, turn: Turn) -> dict[str, Field]:
    """Rows for fields that keep their name and turn alike."""
    return {name: Field(name, turn) for name in fields}


def expect_object(value: Any, place: Place) -> Value:
    """The value, if it is a JSON object. Raises Untranslatable."""
    if not isinstance(value, dict):
        raise place.refuse("is not an object")
    return value


def expect_list(value: Any, place: Place) -> list[Any]:
    """The value, if it is a JSON array. Raises Untranslatable."""
    if not isinstance(value, list):
        raise place.refuse("is not a list")
    return value


def nested(turn: Turn) -> Turn:
    """A turn for a value that a PATCH replaces as a whole."""
    return lambda value, place: turn(value, place.whole())


def each(turn: Turn, *, leave_out: type[Untranslatable] | None = None) -> Turn:
    """Turn every item of a list; items that are GONE, or refused with `leave_out`, are left out."""

    def turn_all(value: Any, place: Place) -> list[Any]:
        out = []
        for index, item in enumerate(expect_list(value, place)):
            here = place.into(index).whole()
            noted = len(place.losses)
            try:
                new = turn(item, here)
            except Untranslatable as error:
                if leave_out is None or not isinstance(error, leave_out):
                    raise
                del place.losses[noted:]
                here.dropped(item, error.message)
                continue
            if not isinstance(new, _Gone):
                out.append(new)
        return out

    return turn_all


def unmapped(value: Any, place: Place) -> Unmapped:
    """The error for a connector that the other version has no word for."""
    return Unmapped(f"{place.object_name}: {place.path} {value!r} is unknown in the receiver's version")
