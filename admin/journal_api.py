"""The journal as the API shows it: each function is one call."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated, Final, Literal

import structlog
from aiohttp import web
from pydantic import Field, WithJsonSchema

from admin import journal_json
from admin.journal_export import exported
from admin.journal_filters import MAX_LIMIT, wanted_of
from admin.journal_json import JourneyDetail, JourneyList
from admin.problems import not_found
from admin.route import NO_STORE, Call, Query
from admin.words import PARTY_SCHEMA
from hub.lifecycle import Hub
from hub.store import StoreUnavailable
from hub.store.journal import Wanted
from routing.journey import Outcome

log = structlog.get_logger(__name__)

MEDIA: Final = {"csv": "text/csv", "jsonl": "application/x-ndjson"}

# what is wrong with a filter is said by `wanted_of`, for pages and the API alike
_Party = Annotated[str | None, WithJsonSchema(PARTY_SCHEMA)]
_Short = Annotated[str | None, WithJsonSchema({"type": "string", "maxLength": 128})]
_Outcome = Annotated[str | None, WithJsonSchema({"type": "string", "enum": list(Outcome)})]
_Moment = Annotated[str | None, WithJsonSchema({"type": "string", "format": "date-time"})]
_Cursor = Annotated[str | None, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{1,32}$"})]
_Limit = Annotated[str | None, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50})]


class JournalFilters(Query):
    """Which journeys."""

    party: _Party = Field(None, description="Sender or receiver of any leg.")
    platform: _Short = Field(None, description="The id of a platform that called or was called.")
    correlation_id: _Short = Field(None, description="The X-Correlation-ID that a partner names.")
    module: _Short = Field(None, description="An OCPI module, like cdrs.")
    outcome: _Outcome = Field(None, description="How it ended; a lost copy makes a journey failed.")
    since: _Moment = Field(None, description="Journeys that began at this moment or later.")
    until: _Moment = Field(None, description="Journeys that began before this moment.")

    def wanted(self) -> Wanted:
        """The question to the journal. Raises BadFilter."""
        return wanted_of({name: value for name, value in self if value is not None})


class JournalPage(JournalFilters):
    """Which part of the list."""

    limit: _Limit = Field(None, description="How many journeys at most.")
    cursor: _Cursor = Field(None, description="`next` of the page before.")


class JournalExport(JournalFilters):
    """Which journeys, and as what."""

    format: Literal["csv", "jsonl"] = Field("csv", description="csv: a row for each leg; jsonl: a line each journey.")

    def wanted(self) -> Wanted:
        """The question to the journal. Raises BadFilter."""
        return wanted_of({name: value for name, value in self if value is not None and name != "format"})


async def list_journeys(call: Call) -> JourneyList:
    """What came to the hub, where it went and what came back, newest first."""
    query: JournalPage = call.query
    return await journal_json.page(call.hub.store, query.wanted())


async def show_journey(call: Call) -> JourneyDetail:
    """One journey with every leg of it, and the journeys that belong to it."""
    found = await journal_json.one(call.hub.store, call.ids["id"])
    if found is None:
        raise not_found(f"there is no journey {call.ids['id']}, or it was so long ago that it was forgotten")
    return found


async def export_journeys(call: Call) -> web.StreamResponse:
    """Every journey asked for as a file, however many, newest first."""
    query: JournalExport = call.query
    return await sent(call.hub, call.request, query.wanted(), query.format)


async def sent(hub: Hub, request: web.Request, wanted: Wanted, style: str) -> web.StreamResponse:
    """Journeys as a file. Raises StoreUnavailable."""
    async with aclosing(exported(hub.store, wanted, style)) as chunks:
        first = await anext(chunks)  # before the status is sent: a store that is away is an honest 503
        name = f"journal.{style}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', **NO_STORE}
        response = web.StreamResponse(headers={"Content-Type": f"{MEDIA[style]}; charset=utf-8", **headers})
        await response.prepare(request)
        await response.write(first)
        try:
            async for chunk in chunks:
                await response.write(chunk)
        except StoreUnavailable as error:
            # too late for a problem: a body that breaks off is not taken for a whole one
            log.warning("store unavailable", while_doing="exporting the journal", reason=str(error))
            if request.transport is not None:
                request.transport.abort()
    return response
