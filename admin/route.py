"""A call of the API as one row: what it takes and answers, and who may make it; served and described from here."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ConfigDict, Field

from admin.access import Admin
from admin.keys import AdminRole
from admin.problems import Handler, Problem, not_found
from admin.written import in_json
from hub.lifecycle import Hub

API: Final = "/api/v1"
MAX_LIMIT: Final = 500
HUB: Final = web.AppKey("hub", Hub)
ADMIN: Final = web.RequestKey("admin", Admin)
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
NO_STORE: Final = {"Cache-Control": "no-store"}


class Query(BaseModel):
    """What may be asked for in a query string: nothing, unless a subclass says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Query):
    """Which part of a list is asked for."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="How many items at most.")
    cursor: str | None = Field(None, max_length=200, description="`next` of the page before.")


@dataclass(frozen=True, slots=True)
class Call:
    """One call, read and checked: by whom, on what, with which query and body."""

    hub: Hub
    admin: Admin
    request: web.Request
    ids: Mapping[str, str]
    query: Any
    body: Any


Function = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the table. `answer` and `body` are types that pydantic knows; without `answer` the status is 204.

    The function's docstring is the description; `errors` are the statuses beyond those that every such call may have.
    """

    method: str
    path: str
    role: AdminRole
    function: Function
    answer: Any = None
    body: type[BaseModel] | None = None
    query: type[Query] = Query
    status: int = 200
    errors: tuple[int, ...] = ()
    media: tuple[str, ...] = ()
    """The content types of an answer that is a file."""


def serving(route: Route) -> Handler:
    """The row as aiohttp serves it. Who may call it was checked by `admin.guard`."""

    async def handle(request: web.Request) -> web.StreamResponse:
        call = Call(
            hub=request.app[HUB],
            admin=request[ADMIN],
            request=request,
            ids=ids_of(request),
            query=route.query.model_validate(dict(request.query)),
            body=None if route.body is None else route.body.model_validate_json(await _content(request)),
        )
        answer = await route.function(call)
        if isinstance(answer, web.StreamResponse):
            return answer
        if route.answer is None:
            return web.Response(status=204)
        return web.Response(
            status=route.status, body=in_json(answer), content_type="application/json", headers=NO_STORE
        )

    return handle


def ids_of(request: web.Request) -> Mapping[str, str]:
    """What the address names. Raises Problem (404) for what cannot be an id."""
    ids = dict(request.match_info)
    for value in ids.values():
        if not _ID.fullmatch(value):
            raise not_found("there is nothing of this id")
    return ids


async def _content(request: web.Request) -> bytes:
    try:
        return await request.read()
    except (HttpProcessingError, web.RequestPayloadError):
        raise Problem(400, "bad request", "the body cannot be read") from None
