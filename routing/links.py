"""Addresses that must lead back through the hub: response_url, Link and Location. Pure, but for ids.

A party authenticates every call with the token it holds for the hub. An address of a third party let through
would send that token there. So each is replaced by one of the hub's own, and the original is kept as a `Link`.
OCPI limits a URL to 255 characters: the hub's address carries a random id, never the original.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from routing.directory import Platform
from routing.errors import InvalidMessage
from routing.ocpi import Interface, PartyId

MAX_URL: Final = 255
"""OCPI's type URL is string(255)."""

ROUTE: Final = "hub-route"
"""Query parameter on a published `Link`: which party the next page comes from, for callers that follow it blindly."""
LIST: Final = "hub-list"
"""Query parameter on a published `Link`: the journey on which the list began, for the journal."""
_JOURNEY_ID: Final = re.compile("[0-9a-f]{24}")


class LinkKind(StrEnum):
    """What an address is for; the value is its place in the hub's path."""

    CALLBACK = "callback"
    """A `response_url`: the executor of a command posts its result there."""
    PAGE = "page"
    """A `Link` to the next page that is not the list's own address with a query."""
    LIST = "list"
    """A `Link` to the next page of a list that the hub asks of several parties, one after the other."""
    OBJECT = "r"
    """A `Location` of something just created, usually a CDR."""


@dataclass(frozen=True, slots=True)
class Link:
    """One address given out by the hub: the original behind it, whose it is, and who may use it."""

    id: str
    kind: LinkKind
    url: str
    module: str
    interface: Interface
    owner_platform: str
    owner: PartyId
    user_platform: str
    user: PartyId
    journey_id: str
    """The journey on which it was given out."""
    created_at: float
    expires_at: float | None
    """Epoch seconds; None for what must work as long as CDRs are kept."""


def new_link_id() -> str:
    """128 random bits: an address cannot be guessed, though knowing it opens nothing without the right token."""
    return secrets.token_urlsafe(16)


def base_of(public_url: str, counterpart: PartyId | None) -> str:
    """Where the hub's endpoints begin: on a connection with one counterpart it has others than on the rest (None)."""
    base = f"{public_url}/ocpi"
    return base if counterpart is None else f"{base}/as/{counterpart.country_code}-{counterpart.party_id}"


def address_of(base_url: str, version: str, link: Link) -> str:
    """The hub's own address for a link, on the version of the party that will call it."""
    return f"{base_url}/ocpi/{version}/{link.module}/{link.kind}/{link.id}"


def origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of an absolute http(s) URL, folded; None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80)


def belongs_to(url: str, platform: Platform) -> bool:
    """Whether a URL is on an origin that the platform registered (its endpoints, versions URL, or by quirk)."""
    origin = origin_of(url)
    if origin is None:
        return False
    known = [platform.versions_url or "", *platform.endpoints.values(), *platform.quirks.get("callback_origins", ())]
    return any(origin_of(other) == origin for other in known)


def check_response_url(url: object, caller: Platform) -> str:
    """The caller's own address for the result. Raises InvalidMessage where it is missing or somebody else's.

    The hub will call it with the caller's token, so it must not lead anywhere else.
    """
    if not isinstance(url, str) or not url:
        raise InvalidMessage("response_url is missing")
    if any(not 0x20 < ord(character) < 0x7F for character in url):  # RFC 3986: anything else is percent-encoded
        raise InvalidMessage("response_url has characters that no URL may have")
    if origin_of(url) is None or "@" in urlsplit(url).netloc:
        raise InvalidMessage("response_url is not an absolute http(s) URL without credentials")
    if not belongs_to(url, caller):
        raise InvalidMessage("response_url is not on a host that your platform registered")
    return url


# --- in the body -----------------------------------------------------------------------------------------------------

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str)
"""Only places count here: numbers are left unread, for Python refuses to read very long ones."""


def replace_member(body: bytes, name: str, value: str) -> bytes:
    """Replace the value of one top-level member of a JSON object, every other byte untouched.

    `body` must be a valid JSON object in UTF-8 that has the member; one given twice is replaced twice.
    """
    text = body.decode("utf-8")
    pieces: list[str] = []
    done = 0
    for key, start, end in _members(text):
        if key == name:
            pieces += [text[done:start], json.dumps(value)]
            done = end
    return "".join([*pieces, text[done:]]).encode("utf-8")


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """Key, start and end of the value of each top-level member of a JSON object."""
    index = _skip(text, text.index("{") + 1)
    while text[index] != "}":
        key, index = _DECODER.raw_decode(text, index)
        start = _skip(text, _skip(text, index) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        index = _skip(text, end)
        if text[index] == ",":
            index = _skip(text, index + 1)


def _skip(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index


# --- in the query ----------------------------------------------------------------------------------------------------


def split_query(query: str) -> list[tuple[str, str]]:
    """The raw parameters of a query string: name decoded, the whole parameter as it was sent."""
    return [(unquote(part.partition("=")[0]), part) for part in query.split("&")] if query else []


def response_url_in(query: str) -> tuple[str, list[str]]:
    """The `response_url` of a query, and the other parameters as they were sent.

    The specification's own example is not percent-encoded: then it reaches to the end, or to a following
    `duration`. Raises InvalidMessage where there is none.
    """
    parameters = split_query(query)
    position = next((index for index, (name, _) in enumerate(parameters) if name == "response_url"), None)
    if position is None:
        raise InvalidMessage("the query parameter response_url is missing")
    raw = parameters[position][1].partition("=")[2]
    rest = [part for _, part in parameters[position + 1 :]]
    others = [part for _, part in parameters[:position]]
    if "://" not in raw:
        return unquote(raw), others + [part for part in rest if not part.startswith("response_url=")]
    while rest and not rest[0].startswith(("duration=", "response_url=")):
        raw += "&" + rest.pop(0)
    return raw, others + [part for part in rest if not part.startswith("response_url=")]


def with_response_url(parameters: list[str], address: str) -> str:
    """The query with the hub's address as `response_url`, always percent-encoded."""
    return "&".join([*parameters, "response_url=" + quote(address, safe="")])


# --- pages -----------------------------------------------------------------------------------------------------------

_LINK: Final = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$%&'*+.^`|~-]+(?:=(?:\"[^\"]*\"|[^\s\",;]+))?)*)")
_REL_NEXT: Final = re.compile(r";\s*rel=(?:\"(?:[^\"]*\s)?next(?:\s[^\"]*)?\"|next)(?=\s*(?:;|$))", re.IGNORECASE)


def next_page(header: str, called_url: str) -> str | None:
    """The absolute URL of the next page from a `Link` header; None where it names none."""
    for target, parameters in _LINK.findall(header):
        if target and _REL_NEXT.search(parameters):
            return absolute(target, called_url)
    return None


def absolute(url: str, called_url: str) -> str | None:
    """An address from an answer, which may be relative to what was called; None for what is no URL."""
    try:
        return urljoin(called_url, url)
    except ValueError:
        return None


def is_same_list(next_url: str, called_url: str) -> bool:
    """Whether a next page is the same list with another query, so that the query is all the hub must pass on.

    Scheme and port are not compared: behind a proxy a party often does not know its own.
    """
    following, called = urlsplit(next_url), urlsplit(called_url)
    return following.hostname == called.hostname and following.path.rstrip("/") == called.path.rstrip("/")


def add_route(query: str, party: PartyId, journey_id: str = "") -> str:
    """The query of a published next page: the peer's own, on which journey its list began, and who it comes from."""
    began = f"{LIST}={journey_id}" if journey_id else ""
    return "&".join(filter(None, (query, began, f"{ROUTE}={party.country_code}-{party.party_id}")))


def take_route(query: str) -> tuple[str, PartyId | None]:
    """Undo `add_route`: the peer's own query, and the party; anything else is left alone."""
    rest, _, last = query.rpartition("&")
    name, _, value = last.partition("=")
    if name != ROUTE:
        return query, None
    try:
        return rest, PartyId.parse(value)
    except ValueError:
        return query, None


def take_list(query: str) -> tuple[str, str]:
    """The rest of what `add_route` added: the peer's own query, and the journey on which the list began, if said."""
    rest, _, last = query.rpartition("&")
    name, _, value = last.partition("=")
    return (rest, value) if name == LIST and _JOURNEY_ID.fullmatch(value) else (query, "")
