"""Answers judged by what OCPI says of every answer: HTTP, headers, envelope, pages, objects. Pure.

A remark never repeats a value of an object: it may be personal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from hub.check.report import Remark, fail, warn
from hub.models import findings
from hub.models.types import DateTime
from routing.answers import Answer
from routing.links import next_page, origin_of
from routing.message import parse_json
from routing.ocpi import (
    CORRELATION_ID,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    LIMIT,
    REQUEST_ID,
    SUCCESS,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    TOTAL_COUNT,
    PartyId,
    Version,
)

MAX_FINDINGS: Final = 8
"""Mistakes of one object that are told one by one."""
SLOW_MS: Final = 5000.0
_TIMESTAMP: Final = TypeAdapter(DateTime)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The parts of an answer's envelope; `code` None where it has none that is one."""

    code: int | None
    data: Any
    has_data: bool
    message: str


def transport(answer: Answer) -> list[Remark]:
    """What HTTP alone tells."""
    found = []
    if 300 <= answer.http < 400:
        found.append(fail(f"redirects (HTTP {answer.http}); OCPI has no redirects, and the hub does not follow them"))
    if answer.http in (401, 403):
        found.append(fail(f"rejects the hub's credentials token with HTTP {answer.http}"))
    if answer.http == 429:
        found.append(fail("asks to slow down, after a handful of requests"))
    if answer.http >= 500:
        found.append(fail(f"fails with HTTP {answer.http}"))
    if answer.ms > SLOW_MS:
        found.append(warn(f"took {answer.ms / 1000:.1f} s to answer"))
    return found


def envelope(answer: Answer) -> tuple[Envelope | None, list[Remark]]:
    """The envelope of an answer, and what is wrong with it (transport and format, Response format)."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    found = [] if kind == "application/json" else [fail(f"Content-Type is {kind or 'missing'}, not application/json")]
    if not answer.body.strip():
        return None, [fail("has no body, where the OCPI response format is due")]
    try:
        document = parse_json(answer.body)
    except (ValueError, RecursionError):
        return None, [*found, fail("the body is not JSON")]
    if not isinstance(document, dict):
        return None, [*found, fail("the body is not a JSON object")]
    code = document.get("status_code")
    if type(code) is not int:
        found.append(fail("status_code is missing, or no whole number"))
        code = None
    elif not 1000 <= code <= 9999:
        found.append(fail(f"status_code is {code}: OCPI status codes have four digits"))
    message = document.get("status_message")
    if message is not None and not isinstance(message, str):
        found.append(fail("status_message is not a string"))
    found += _timestamp(document.get("timestamp"))
    read = Envelope(code, document.get("data"), "data" in document, message if isinstance(message, str) else "")
    return read, found


def ids(answer: Answer, sent: Mapping[str, str]) -> list[Remark]:
    """Whether the ids of the request came back (transport and format, Unique message IDs)."""
    found = []
    for name in (REQUEST_ID, CORRELATION_ID):
        if name not in sent:
            continue
        came = answer.headers.get(name.lower())
        if came is None:
            found.append(fail(f"{name} is missing from the answer"))
        elif came != sent[name]:
            found.append(fail(f"{name} of the answer is not that of the request"))
    return found


def routing_headers(answer: Answer, hub: PartyId, party: PartyId) -> list[Remark]:
    """Whether the answer is addressed back (transport and format, Message Routing Headers)."""
    found = []
    for names, due in (((TO_COUNTRY_CODE, TO_PARTY_ID), hub), ((FROM_COUNTRY_CODE, FROM_PARTY_ID), party)):
        came = [answer.headers.get(name.lower()) for name in names]
        if None in came:
            found.append(fail(f"{' and '.join(names)} are missing from the answer"))
        elif "".join(text or "" for text in came).upper() != due.folded:
            found.append(fail(f"{' and '.join(names)} of the answer do not name {due}"))
    return found


def no_routing_headers(answer: Answer) -> list[Remark]:
    """Configuration modules are not routed."""
    names = (TO_COUNTRY_CODE, TO_PARTY_ID, FROM_COUNTRY_CODE, FROM_PARTY_ID)
    came = [name for name in names if name.lower() in answer.headers]
    return [warn(f"has {', '.join(came)}: routing headers shall not be used here")] if came else []


def success(answer: Answer, read: Envelope | None) -> list[Remark]:
    """Whether it is a success at all."""
    if read is None or read.code is None:
        return [] if answer.http in (401, 403) or answer.http >= 300 else [fail("says nothing that OCPI knows")]
    said = f" ({read.message[:200]})" if read.message else ""
    if read.code != SUCCESS:
        return [fail(f"OCPI {read.code}{said}, where {SUCCESS} is expected")]
    return [] if answer.http == 200 else [fail(f"HTTP {answer.http}, where 200 is expected")]


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says about its list."""

    total: int | None
    following: str | None
    """The address of the next page, where it may be called."""


def pagination(answer: Answer, url: str, count: int, *, limit: int, offset: int) -> tuple[Page, list[Remark]]:
    """The headers of a page with so many objects, the first of them at `offset` (transport and format, Pagination)."""
    total, found = _number(answer, TOTAL_COUNT, least=0)
    maximum, more = _number(answer, LIMIT, least=1)
    found += more
    if count > limit:
        found.append(fail(f"{count} objects came, where limit={limit} was asked for"))
    if maximum is not None and count > maximum:
        found.append(fail(f"{count} objects came, and {LIMIT} is {maximum}"))
    if total is not None and total < offset + count:
        found.append(fail(f"{TOTAL_COUNT} is {total}, and {offset + count} objects came so far"))
    header = answer.headers.get("link")
    following = next_page(header or "", url)
    is_last = total is None or offset + count >= total
    if following is None and not is_last:
        found.append(fail(f"{offset + count} of {total} objects came, and there is no Link to the next page"))
    if header is not None and not header.strip():
        found.append(warn("sends an empty Link"))
    elif following is None and header:
        found.append(warn('sends a Link without rel="next"'))
    if following is not None and total is not None and is_last:
        found.append(warn("sends a Link to a next page after the last one"))
    if following is not None and origin_of(following) != origin_of(url):
        # whoever is there must not be shown the token
        found.append(fail("the Link to the next page leads to another host; it was not followed"))
        following = None
    return Page(total, following), found


def objects(version: Version, name: str, documents: Sequence[Any]) -> list[Remark]:
    """What is wrong with objects, by number and field."""
    found = []
    for number, document in enumerate(documents, start=1):
        wrong = findings(version.number, name, document)
        place = f"{name} {number}" if len(documents) > 1 else name
        found += [fail(f"{place}, {item.field or 'as a whole'}: {item.message}") for item in wrong[:MAX_FINDINGS]]
        if len(wrong) > MAX_FINDINGS:
            found.append(fail(f"{place}: {len(wrong) - MAX_FINDINGS} more mistakes"))
    return found


def owners(documents: Sequence[Any], parties: Sequence[PartyId]) -> list[Remark]:
    """Whether objects belong to parties of the platform (transport and format, Client Owned Object Pull)."""
    known = {party.folded for party in parties}
    strange = 0
    for document in documents:
        if isinstance(document, dict) and {"country_code", "party_id"} <= document.keys():
            strange += f"{document['country_code']}{document['party_id']}".upper() not in known
    return [warn(f"{strange} objects belong to a party that is not in the credentials roles")] if strange else []


def _timestamp(value: Any) -> list[Remark]:
    if value is None:
        return [fail("timestamp is missing")]
    try:
        _TIMESTAMP.validate_python(value, strict=True)
    except ValidationError:
        return [fail("timestamp is not a DateTime like 2015-06-29T20:39:09Z")]
    return []


def _number(answer: Answer, name: str, *, least: int) -> tuple[int | None, list[Remark]]:
    text = answer.headers.get(name.lower())
    if text is None:
        return None, [fail(f"{name} is missing")]
    if not (text.isascii() and text.isdecimal() and len(text) < 18 and int(text) >= least):
        return None, [fail(f"{name} is not a whole number from {least} on")]
    return int(text), []
