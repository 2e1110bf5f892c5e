"""The journal: journeys to filter and to follow, and one journey as a timeline of its legs across both parties."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from admin.journal_api import MEDIA, sent
from admin.journal_filters import BadFilter, wanted_of
from admin.journal_json import verdict
from admin.page import Shown, Visit
from admin.problems import bad_field, not_found
from hub.store import journal as stored
from hub.store import registry
from hub.store.journal import Journey, LegRow, Wanted
from routing.catalogue import MODULES
from routing.journey import Direction, Outcome

FIELDS: Final = ("party", "platform", "correlation_id", "module", "outcome", "since", "until")
PER_PAGE: Final = 50
WIDTH: Final = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """When a leg was, on the scale of its journey."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Told:
    """A journey with what a page says about it."""

    journey: Journey
    verdict: str
    legs: Sequence[tuple[LegRow, Bar]]


async def journal_page(visit: Visit) -> Shown:
    """The newest journeys that the filters leave; with `follow` the page asks again by itself."""
    asked = {name: visit.query[name].strip() for name in FIELDS if visit.query.get(name, "").strip()}
    errors: Mapping[str, str] = {}
    journeys: list[Journey] = []
    cursor = ""
    try:
        wanted = wanted_of(asked | ({"cursor": visit.query["cursor"]} if visit.query.get("cursor") else {}))
        async with visit.hub.store.read() as connection:
            journeys, cursor = await stored.journeys(connection, _sized(wanted))
    except BadFilter as error:
        errors = error.errors
    values = {
        "journeys": journeys,
        "asked": asked,
        "errors": errors,
        "is_followed": "follow" in visit.query and not visit.query.get("cursor"),
        "older": urlencode(asked | {"cursor": cursor}) if cursor else "",
        "address": urlencode(asked),
        "is_first": not visit.query.get("cursor"),
        "seen": visit.query.get("seen", ""),
        "platforms": await _names(visit),
        "modules": sorted({*MODULES, "credentials", "versions"}),
        "outcomes": list(Outcome),
        "keeps_days": visit.hub.settings.journal.retention_days,
    }
    return Shown("journal_part.html" if visit.is_part else "journal.html", values)


async def export(visit: Visit) -> web.StreamResponse:
    """What the filters leave, as a file."""
    asked = {name: value for name, value in visit.query.items() if name in FIELDS and value.strip()}
    style = visit.query.get("format", "csv")
    if style not in MEDIA:
        raise bad_field("format", f"choose from {', '.join(MEDIA)}")
    return await sent(visit.hub, visit.request, wanted_of(asked), style)


async def journey_page(visit: Visit) -> Shown:
    """One journey, and those that belong to it."""
    async with visit.hub.store.read() as connection:
        family = await stored.family(connection, visit.ids["id"])
    journey = next((row for row in family if row.id == visit.ids["id"]), None)
    if journey is None:
        raise not_found("This journey is not in the journal: it was long ago, or it is still on its way.")
    values = {
        "told": told(journey),
        "linked": [told(row) for row in family if row.id != journey.id],
        "platforms": await _names(visit),
        "hub": visit.hub.settings.hub.party,
        "keeps_bodies": visit.hub.settings.journal.bodies,
        "pretty": pretty,
    }
    return Shown("journey.html", values)


def told(journey: Journey) -> Told:
    """A journey with its verdict, and each leg on the scale of the whole."""
    begin = min(leg.at for leg in journey.legs)
    end = max(leg.at + leg.ms / 1000 for leg in journey.legs)
    scale = WIDTH / max(end - begin, 0.0001)
    legs = [
        (leg, Bar(round((leg.at - begin) * scale, 1), round(max(leg.ms / 1000 * scale, 4), 1))) for leg in journey.legs
    ]
    return Told(
        journey, verdict(journey), sorted(legs, key=lambda pair: (pair[0].at, pair[0].direction != Direction.IN))
    )


def pretty(body: str) -> str:
    """A body as people read it; what is no JSON stays as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


def _sized(wanted: Wanted) -> Wanted:
    return Wanted(**{name: getattr(wanted, name) for name in Wanted.__slots__} | {"limit": PER_PAGE})


async def _names(visit: Visit) -> Mapping[str, Any]:
    """Names of platforms by their id."""
    async with visit.hub.store.read() as connection:
        return await registry.names(connection)
