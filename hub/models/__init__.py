"""Every OCPI object of 2.1.1, 2.2.1 and 2.3.0 as a pydantic model, and what is wrong with one that a party sent.

A version is imported when it is first asked for. Routing never needs this: bodies between equal versions are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel

from hub.models.findings import Finding, check

__all__ = ["Finding", "dump", "findings", "model_for", "object_names"]

_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {"2.1.1": "hub.models.v211", "2.2.1": "hub.models.v221", "2.3.0": "hub.models.v230"}
)


def object_names(version: str) -> tuple[str, ...]:
    """The names of all objects and classes of this version, as the specification spells them; empty if unknown."""
    package = _PACKAGES.get(version)
    return tuple(import_module(package).__all__) if package else ()


@cache
def model_for(version: str, object_name: str) -> type[BaseModel] | None:
    """The model of an object such as `CDR`, `EVSE` or `StartSession`; None where the version has no such object."""
    if object_name not in object_names(version):
        return None
    model: type[BaseModel] = getattr(import_module(_PACKAGES[version]), object_name)
    return model


def findings(version: str, object_name: str, data: object, *, partial: bool = False) -> list[Finding]:
    """What is wrong with `data` as this object: empty where nothing is, or where the version has no such object.

    `data` is parsed JSON with `parse_float=Decimal`. With `partial` (PATCH) a field that is missing at the top level
    is no finding, whereas one that is given must be valid as a whole.
    """
    model = model_for(version, object_name)
    return check(model, data, partial=partial) if model else []


def dump(model: BaseModel) -> dict[str, Any]:
    """The object as it came: only the fields that were given, unknown ones too, every digit kept."""
    return model.model_dump(exclude_unset=True)
