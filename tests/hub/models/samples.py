"""One full and one minimal valid object for every object and class of every version, of our own making.

`objects/*.json` has them by version: a version's file holds what is new or different in it, `{"$": "EVSE"}` stands for
the sample of that name, and the full object is `required` overlaid with `optional`.
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")


def sample(version: str, object_name: str, full: bool = True) -> dict[str, Any]:
    """A fresh valid object, numbers as Decimal or int; KeyError where there is none of that name.

    A full location has no `publish_allowed_to`, a full CDR no `credit_reference_id`: they would contradict the rest.
    """
    parts = _table(version)[object_name]
    fields = {**parts["required"], **(parts["optional"] if full else {})}
    return {name: _resolved(version, value, full) for name, value in fields.items()}


def sample_names(version: str) -> list[str]:
    """The names of all samples of this version."""
    return sorted(_table(version))


@cache
def _table(version: str) -> dict[str, dict[str, dict[str, Any]]]:
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for number in VERSIONS[: VERSIONS.index(version) + 1]:
        text = (Path(__file__).parent / "objects" / f"{number}.json").read_text(encoding="utf-8")
        table |= json.loads(text, parse_float=Decimal)
    return table


def _resolved(version: str, value: Any, full: bool) -> Any:
    match value:
        case {"$": name}:
            return sample(version, name, full)
        case list():
            return [_resolved(version, item, full) for item in value]
        case _:
            return value
