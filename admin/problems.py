"""What is told to a caller of the admin door when something cannot be done: application/problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web
from pydantic import ValidationError

from admin.journal_filters import BadFilter
from admin.users import LastOwner
from admin.written import in_json
from hub.peer import StepFailed
from hub.platforms import UnknownPlatform, WrongState
from hub.store import StoreUnavailable
from hub.store.registry import RoleTaken
from hub.store.users import NameTaken
from routing.addresses import ForbiddenAddress

log = structlog.get_logger(__name__)

CONTENT_TYPE: Final = "application/problem+json"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Problem(Exception):
    """Something that cannot be done. `errors` says what is wrong with which field; `more` is added to the answer."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        *,
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or title)
        self.status, self.title, self.detail = status, title, detail
        self.errors, self.headers, self.more = errors or {}, headers or {}, more or {}

    def response(self) -> web.Response:
        """The problem as an answer."""
        document: dict[str, Any] = {"title": self.title, "status": self.status, "detail": self.detail or self.title}
        if self.errors:
            document["errors"] = [{"field": name, "message": text} for name, text in self.errors.items()]
        body = in_json(document | dict(self.more))
        return web.Response(status=self.status, body=body, content_type=CONTENT_TYPE, headers=self.headers)


@dataclass(frozen=True, slots=True)
class AsPage:
    """How a problem is shown to a person."""

    draw: Callable[[web.Request, Problem], web.Response]


AS_PAGE: Final = web.AppKey("as_page", AsPage)


def bad_field(name: str, message: str) -> Problem:
    """One field of a request that will not do."""
    return _bad_fields({name: message})


def not_found(what: str) -> Problem:
    """What was asked for is not there."""
    return Problem(404, "not found", what)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one place where errors become answers: a page for people, a problem for programs."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        problem = _of_http(answer)
    except Exception as error:
        problem = problem_of(error)
        if problem.status >= 500:
            _log(problem, error, request)
    page = request.app.get(AS_PAGE)
    return problem.response() if page is None or not wants_page(request) else page.draw(request, problem)


def wants_page(request: web.Request) -> bool:
    """Whether a person is to read the answer. The API tells problems to everybody, and so do parts of a page (htmx)."""
    is_page = not request.path.startswith("/api/") and "HX-Request" not in request.headers
    return is_page and "text/html" in request.headers.get("Accept", "")


def problem_of(error: Exception) -> Problem:
    """What a caller is told about an error; what nobody expected is a 500 without its text."""
    match error:
        case Problem():
            return error
        case ValidationError():
            return _of_pydantic(error)
        case BadFilter():
            return _bad_fields(error.errors)
        case UnknownPlatform():
            return not_found(str(error))
        case RoleTaken():
            return Problem(409, "role taken", str(error))
        case NameTaken():
            return Problem(409, "name taken", str(error))
        case LastOwner():
            return Problem(409, "last owner", str(error))
        case WrongState():
            return Problem(409, "not in this state", str(error))
        case StepFailed():
            more = {"step": error.step, "expected": error.expected, "came": error.came}
            return Problem(502, "the partner did not do its part", str(error), more=more)
        case ForbiddenAddress():
            return bad_field("versions_url", str(error))
        case StoreUnavailable():
            return Problem(
                503, "store unavailable", "the store does not answer; try again", headers={"Retry-After": "5"}
            )
        case _:
            return Problem(500, "internal error", "the hub failed; its log says why")


def _of_http(answer: web.HTTPException) -> Problem:
    """What aiohttp itself refuses: 404, 405, 413."""
    title = HTTPStatus(answer.status).phrase.lower()
    headers = {"Allow": answer.headers["Allow"]} if "Allow" in answer.headers else {}
    return Problem(answer.status, title, headers=headers)


def _of_pydantic(error: ValidationError) -> Problem:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(item["type"] == "json_invalid" for item in found):
        return Problem(400, "not JSON", found[0]["msg"])
    return _bad_fields({".".join(str(part) for part in item["loc"]): _message(item) for item in found})


def _message(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "is not a known field"
    return str(item["msg"]).removeprefix("Value error, ")


def _bad_fields(errors: Mapping[str, str]) -> Problem:
    detail = "; ".join(f"{name}: {text}" if name else text for name, text in errors.items())
    return Problem(422, "invalid request", detail, errors=errors)


def _log(problem: Problem, error: Exception, request: web.Request) -> None:
    if problem.status == 500:
        log.error("admin request failed", method=request.method, path=request.path, exc_info=error)
    else:
        log.warning("admin request not done", method=request.method, path=request.path, reason=str(error))
