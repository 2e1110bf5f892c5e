"""The form of a table of cases: a sample with changes goes in, values at paths and a receipt come out.

Whatever was valid must come out valid in the other version, by the models of every OCPI object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.models import findings
from routing.bridge import Untranslatable, translate
from tests.routing.bridge.samples import (
    ALWAYS_LOST,
    SAMPLES,
)
from tests.routing.bridge.surroundings import changed, context, get_at, lost

TEXT_IN_UTF_8 = "not_printable_ascii"
"""2.1.1 has ASCII texts; the bridge sends UTF-8 as it is rather than spoil names."""


@dataclass(frozen=True)
class Row:
    """`lost` says what the receipt has beyond what the sample itself always loses; `refused` is part of the error."""

    object: str
    route: str
    given: dict[str, Any]
    expected: dict[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    refused: str | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.object} {self.route} {' '.join(f'{path}={str(new)[:24]}' for path, new in self.given.items())}"


def check(row: Row) -> None:
    """Translate and compare."""
    source, target = row.route.split(">")
    value = changed(SAMPLES[row.object][source], row.given)
    surroundings = context(row.object, row.memory, **row.context)
    if row.refused is not None:
        with pytest.raises(Untranslatable, match=row.refused):
            translate(row.object, value, source=source, target=target, context=surroundings)
        return
    out, receipt = translate(row.object, value, source=source, target=target, context=surroundings)
    assert {path: get_at(out, path) for path in row.expected} == row.expected
    direction = "up" if source == "2.1.1" else "down" if target == "2.1.1" else ""
    always = ALWAYS_LOST.get(direction, {}).get(row.object, set())
    assert lost(receipt) == always | set(row.lost)
    if not mistakes(source, row.object, value):
        assert mistakes(target, row.object, out) == []


def mistakes(version: str, object_name: str, value: Any, *, partial: bool = False) -> list[str]:
    """What is wrong with an object of this version."""
    found = findings(version, model_name(object_name, version), value, partial=partial)
    return [f"{finding.field} {finding.rule}" for finding in found if finding.rule != TEXT_IN_UTF_8]


def model_name(object_name: str, version: str) -> str:
    """In 2.1.1 the result of a command is one more CommandResponse."""
    return "CommandResponse" if object_name == "CommandResult" and version == "2.1.1" else object_name


def check_patch(row: Row) -> None:
    """Translate `given` (plain keys) as the body of a PATCH; `expected` is the whole result."""
    source, target = row.route.split(">")
    surroundings = context(row.object, row.memory, **row.context)
    if row.refused is not None:
        with pytest.raises(Untranslatable, match=row.refused):
            translate(row.object, row.given, source=source, target=target, context=surroundings, partial=True)
        return
    out, receipt = translate(row.object, row.given, source=source, target=target, context=surroundings, partial=True)
    assert out == row.expected
    assert lost(receipt) == set(row.lost)
    if not mistakes(source, row.object, row.given, partial=True):
        assert mistakes(target, row.object, out, partial=True) == []
