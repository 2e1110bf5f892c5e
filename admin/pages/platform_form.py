"""The form of a platform's settings: what it shows, and the change that it asks for when it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from admin.platform_json import PlatformChange
from hub.store.registry import PlatformRow
from routing.quirks import QUIRKS, Quirk

_WORDS: Final = {True: "yes", False: "no"}
_CANDIDATES: Final = (True, False, "off", "report", "enforce", "replace", "append")
LIMIT_FIELDS: Final = ("requests_per_s", "burst")
LIST_FIELDS: Final = ("allowed_networks", "client_certificates")


@dataclass(frozen=True, slots=True)
class QuirkField:
    """A quirk as a field: one of some choices, or a list with a line for each."""

    name: str
    label: str
    meaning: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()


def fields_of_platform(row: PlatformRow, sent: Mapping[str, str] | None) -> dict[str, Any]:
    """What the form shows: what is kept, or what was sent where that would not do."""
    limit = row.rate_limit or {}
    kept = {
        "name": row.name,
        "requests_per_s": f"{limit['requests_per_s']:g}" if limit else "",
        "burst": f"{limit['burst']:g}" if limit else "",
        "renew_days": str(row.renew_days or ""),
        **{name: "\n".join(getattr(row, name) or ()) for name in LIST_FIELDS},
    }
    shown = kept if sent is None else {name: sent.get(name, value) for name, value in kept.items()}
    return {**shown, "quirks": [_field(quirk, row.quirks, sent) for quirk in QUIRKS.values()]}


def change_of(form: Mapping[str, str]) -> PlatformChange:
    """The change that a form asks for. Raises ValidationError."""
    document: dict[str, Any] = {
        "name": form.get("name", ""),
        "quirks": {name: _read(quirk, form.get(f"quirk-{name}", "")) for name, quirk in QUIRKS.items()},
    }
    for name in LIST_FIELDS:
        if name in form:
            document[name] = form[name].split()
    days = form.get("renew_days", "").strip()
    document["renew_days"] = (int(days) if days.isascii() and days.isdecimal() else days) if days else None
    per_s, burst = (form.get(name, "").strip() for name in LIMIT_FIELDS)
    document["rate_limit"] = None
    if per_s or burst:
        document["rate_limit"] = {"requests_per_s": _number(per_s)} | ({"burst": _number(burst)} if burst else {})
    return PlatformChange.model_validate_json(json.dumps(document))


def _field(quirk: Quirk, quirks: Mapping[str, Any], sent: Mapping[str, str] | None) -> QuirkField:
    value = quirks.get(quirk.name)
    text = "\n".join(value) if isinstance(value, list) else json.dumps(value) if value is not None else ""
    if sent is not None:
        text = sent.get(f"quirk-{quirk.name}", text)
    choices = tuple(
        (json.dumps(choice), _WORDS.get(choice, str(choice)) if isinstance(choice, bool) else str(choice))
        for choice in _CANDIDATES
        if quirk.accepts(choice)
    )
    return QuirkField(quirk.name, quirk.name.replace("_", " "), quirk.meaning, text, choices)


def _read(quirk: Quirk, text: str) -> Any:
    """What was chosen; nothing chosen takes the quirk away."""
    if not text.strip():
        return None
    if quirk.accepts([]):
        return text.split()
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
