"""Addresses that lead back through the hub: response_url, Link and Location.

Each works for an address of any length, more than once, after the hub was started again, and only for the party that
it was made for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import pytest

from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.testing import FakeCpo, FakeEmsp, FakeParty, Served
from hub.testing.exchange import Exchange, Seen
from tests.stories.market import MakeSettings, join

LONG = "x" * 900
SINCE = "date_from=2020-01-01T00:00:00Z"
"""OCPI limits a URL to 255 characters; the hub does not."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A hub that can be started again on the same store and port, a CPO, an eMSP, and a second of each."""

    settings: Settings
    cpo: FakeCpo
    emsp: FakeEmsp
    other_cpo: FakeCpo
    other_emsp: FakeEmsp
    restart: Callable[[], Awaitable[Hub]]


@asynccontextmanager
async def scene(settings: Settings, version: str) -> AsyncIterator[Scene]:
    """Everybody registered."""
    async with AsyncExitStack() as stack:
        cpo = await stack.enter_async_context(FakeCpo(version=version))
        emsp = await stack.enter_async_context(FakeEmsp(version=version))
        other_cpo = await stack.enter_async_context(FakeCpo("BE*OTH", version=version))
        other_emsp = await stack.enter_async_context(FakeEmsp("FR*OTH", version=version))
        runs = await stack.enter_async_context(AsyncExitStack())

        async def restart() -> Hub:
            await runs.aclose()
            return await runs.enter_async_context(running(settings))

        await join(await restart(), cpo, emsp, other_cpo, other_emsp)
        yield Scene(settings, cpo, emsp, other_cpo, other_emsp, restart)


@pytest.fixture(params=["2.2.1", "2.3.0"])
async def there(request: pytest.FixtureRequest, settings: MakeSettings) -> AsyncIterator[Scene]:
    """The scene in each version."""
    async with scene(settings(), request.param) as made:
        yield made


# --- response_url ----------------------------------------------------------------------------------------------------

ORDERS = ("command", "set profile", "active profile", "clear profile")


async def order(scene: Scene, what: str, url: str) -> tuple[Exchange, str]:
    """Order something with this response_url; the answer, and the response_url as the CPO has it."""
    scene.cpo.answers |= {
        name: lambda _: Served(data={"result": "ACCEPTED"}) for name in ("commands", "chargingprofiles")
    }
    before = len(scene.cpo.seen)
    body: dict[str, Any] = {"response_url": url, "session_id": "S1"}
    query = f"duration=9&response_url={quote(url, safe='')}"
    match what:
        case "command":
            answer = await scene.emsp.send("POST", "commands", "/STOP_SESSION", to="NL*TNM", body=body)
        case "set profile":
            answer = await scene.emsp.send("PUT", "chargingprofiles", "/S1", to="NL*TNM", body=body)
        case _:
            method = "GET" if what == "active profile" else "DELETE"
            answer = await scene.emsp.send(method, "chargingprofiles", "/S1", to="NL*TNM", query=query)
    seen = [row for row in scene.cpo.seen[before:] if row.module in ("commands", "chargingprofiles")]
    return answer, _address_in(seen[0]) if seen else ""


def _address_in(seen: Seen) -> str:
    if seen.body:
        return str(seen.document["response_url"])
    return unquote(seen.query.partition("response_url=")[2])


async def report(party: FakeParty, url: str, body: Any = None, **options: Any) -> Exchange:
    """POST a result."""
    module = "commands" if "/commands/" in url else "chargingprofiles"
    return await party.send("POST", module, url=url, body=body or {"result": "ACCEPTED"}, **options)


async def test_a_result_leads_back_to_who_ordered(there: Scene) -> None:
    urls: dict[str, str] = {}
    body = b'{ "result":"ACCEPTED" ,"x":1.10}'
    for what in ORDERS:
        original = f"{there.emsp.expect_result()[0]}?long={LONG}&y=%7e"
        answer, url = await order(there, what, original)
        assert (answer.is_success, answer.data) == (True, {"result": "ACCEPTED"}), what
        assert url.startswith(f"{there.settings.public_url}/ocpi/{there.cpo.version}/")
        assert (len(url) <= 255, "?" in url) == (True, False)
        urls[url] = original
        for to, from_ in (("DE*ABC", "NL*TNM"), (None, ""), (None, "NL*TNM")):
            told = await report(there.cpo, url, body, to=to, from_=from_)
            assert told.is_success, told.body
            seen = there.emsp.seen[-1]
            assert (there.emsp.base_url + seen.raw_path, seen.body) == (original, body)
            assert (seen.sender, seen.receiver) == ("NL*TNM", "DE*ABC")
    await there.restart()
    for url, original in urls.items():
        assert (await report(there.cpo, url)).is_success
        assert there.emsp.base_url + there.emsp.seen[-1].raw_path == original


async def test_a_result_is_taken_only_from_who_was_ordered(there: Scene) -> None:
    original, _ = there.emsp.expect_result()
    _, url = await order(there, "command", original)
    before = len(there.emsp.seen)
    for party in (there.other_cpo, there.other_emsp, there.emsp):
        told = await report(party, url)
        assert (told.http, told.status_code) == (403, 2001), party.name
    nobody = await report(there.cpo, url, headers={"Authorization": "Token guessed"})
    assert (nobody.http, nobody.status_code) == (401, 2000)
    contradicting = await report(there.cpo, url, to="FR*OTH")
    assert (contradicting.http, contradicting.status_code) == (200, 2001)
    assert len(there.emsp.seen) == before


async def test_a_result_without_a_body_is_no_result(there: Scene) -> None:
    """Not JSON: HTTP 400, and never forwarded (OCPI 2.2.1, status codes; transport and format, Request format)."""
    for what in ORDERS:
        _, url = await order(there, what, there.emsp.expect_result()[0])
        before = len(there.emsp.seen)
        for body in (b"", b" "):
            told = await there.cpo.send("POST", "commands", url=url, body=body)
            assert (told.http, told.status_code) == (400, 2001), what
        assert len(there.emsp.seen) == before


async def test_a_foreign_response_url_is_refused(there: Scene) -> None:
    own = there.emsp.base_url
    port = str(there.emsp.serving.port)
    foreign = (
        there.cpo.base_url + "/x", "http://127.0.0.1:9/x", "http://example.com/x", f"{own}.example.com/x",
        own.replace("http:", "https:") + "/x", own.replace("http:", "ftp:") + "/x",
        own.replace(port, f"{port}@127.0.0.1:9") + "/x", own.replace("127.0.0.1", "localhost") + "/x",
        "/x", "x", "", f"{own}/a b", f"{own}/a\n", f"{own}/\u00e9",
    )  # fmt: skip
    before = len(there.cpo.seen)
    for what in ORDERS:
        for url in foreign:
            answer, _ = await order(there, what, url)
            assert (answer.http, answer.status_code) == (200, 2001), (what, url)
    assert len(there.cpo.seen) == before


async def test_a_result_may_come_before_the_answer(there: Scene) -> None:
    there.cpo.result_first = True
    emsp = there.emsp
    await there.cpo.push_session("DE*ABC", emsp.parties[0])
    for order_it in (emsp.start_session, emsp.set_profile, emsp.active_profile, emsp.clear_profile):
        before = len(emsp.seen)
        ordered = await order_it("NL*TNM")
        assert ordered.exchange.is_success
        assert [seen.module for seen in emsp.seen[before:]] == ["results"]
        assert (await ordered.result())["result"] == "ACCEPTED"


async def test_the_specification_s_own_unencoded_query_is_understood(there: Scene) -> None:
    there.cpo.answers["chargingprofiles"] = lambda _: Served(data={"result": "ACCEPTED"})
    original, _ = there.emsp.expect_result()
    query = f"duration=900&response_url={original}?request_id=5678&x=y"
    answer = await there.emsp.send("GET", "chargingprofiles", "/S1", to="NL*TNM", query=query)
    assert answer.is_success
    seen = there.cpo.seen[-1]
    assert seen.query.startswith("duration=900&response_url=http%3A%2F%2F")
    assert (await report(there.cpo, _address_in(seen))).is_success
    assert there.emsp.base_url + there.emsp.seen[-1].raw_path == f"{original}?request_id=5678&x=y"


# --- Link ------------------------------------------------------------------------------------------------------------


def pages(link: str, more: bytes = b"") -> Served:
    """A page of a list with a Link that the CPO made up."""
    body = b'{"data":[{"id":"1" ,"kwh":1.10}],"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"%s}' % more
    return Served(body=body, headers={"Link": link, "X-Total-Count": "2", "X-Limit": "1"})


def next_of(answer: Exchange) -> str:
    """The address of the next page."""
    return answer.headers["Link"].partition("<")[2].partition(">")[0]


LINKS = {
    "plain": "{list}?offset=50&limit=10&date_from=2026-01-01T00:00:00Z&x=%7e&y",
    "plain and long": "{list}?offset=50&z=" + LONG,
    "opaque": "{base}/pages/a%2Fb/c*?cursor=%7e" + LONG,
    "relative": "?offset=51",
}


async def test_a_next_page_leads_back_to_where_it_comes_from(there: Scene) -> None:
    own = there.cpo.serving.url(str(there.cpo.version), "sender", "sessions")
    urls: dict[str, str] = {}
    for link in LINKS.values():
        wanted = link.format(list=own, base=own)
        page = pages(f'<{wanted}>; rel="next"')
        there.cpo.answers["sessions"] = lambda _, page=page: page  # type: ignore[misc]
        first = await there.emsp.send("GET", "sessions", to="NL*TNM", interface="sender", query=f"{SINCE}&limit=10")
        assert (first.headers["X-Total-Count"], first.headers["X-Limit"]) == ("2", "1")
        urls[next_of(first)] = wanted if "://" in wanted else own + wanted
    for _ in range(2):
        for url, wanted in urls.items():
            assert url.startswith(f"{there.settings.public_url}/")
            for to, from_ in (("NL*TNM", None), (None, "")):
                again = await there.emsp.send("GET", "sessions", url=url, to=to, from_=from_)
                assert again.body == first.body
                assert there.cpo.base_url + there.cpo.seen[-1].raw_path == wanted
                assert (there.cpo.seen[-1].sender, there.cpo.seen[-1].receiver) == ("DE*ABC", "NL*TNM")
                assert next_of(again).startswith(f"{there.settings.public_url}/")  # and so on, page by page
        await there.restart()


async def test_an_opaque_next_page_is_only_for_who_asked(there: Scene) -> None:
    own = there.cpo.serving.url(str(there.cpo.version), "sender", "sessions")
    there.cpo.answers["sessions"] = lambda _: pages(f'<{own}/pages/2>; rel="next"')
    url = next_of(await there.emsp.send("GET", "sessions", to="NL*TNM", interface="sender", query=SINCE))
    before = len(there.cpo.seen)
    for party in (there.other_emsp, there.cpo, there.other_cpo):
        page = await party.send("GET", "sessions", url=url)
        assert (page.http, page.status_code) == (404, 2001)
    assert len(there.cpo.seen) == before


async def test_a_link_that_leads_nowhere_or_elsewhere_is_left_out(there: Scene) -> None:
    own = there.cpo.base_url
    for link in ("", "<http://127.0.0.1:9/x>; rel=next", f'<{own}>; rel="prev"', "<>; rel=next", "junk", "<http://[>"):
        there.cpo.answers["sessions"] = lambda _, link=link: pages(link)  # type: ignore[misc]
        first = await there.emsp.send("GET", "sessions", to="NL*TNM", interface="sender", query=SINCE)
        assert (first.http, "Link" in first.headers) == (200, False), link


# --- Location --------------------------------------------------------------------------------------------------------

LOCATIONS = {
    "absolute": "{base}/cdrs/1234",
    "relative to the host": "/ocpi/{version}/receiver/cdrs/1%2F2?x=%7e",
    "relative to the list": "cdrs/1",
    "anywhere on its host, and long": "{host}/ocpi/{version}/receiver/cdrs/" + LONG,
}


async def test_a_cdr_is_read_back_where_it_was_put(there: Scene) -> None:
    base = there.emsp.serving.url(str(there.emsp.version), "receiver")
    names = {"base": base, "host": there.emsp.base_url, "version": str(there.emsp.version)}
    urls: dict[str, str] = {}
    for pattern in LOCATIONS.values():
        created = Served(201, headers={"Location": pattern.format(**names)})
        there.emsp.answers["cdrs"] = lambda _, created=created: created  # type: ignore[misc]
        posted = await there.cpo.push_cdr("DE*ABC", there.emsp.parties[0])
        assert (posted.http, len(posted.headers["Location"]) <= 255) == (201, True)
        location = created.headers["Location"]
        urls[posted.headers["Location"]] = {"h": "", "/": there.emsp.base_url, "c": f"{base}/"}[location[0]] + location
    there.emsp.answers["cdrs"] = lambda seen: Served(data={"id": seen.raw_path})
    for _ in range(2):
        for url, wanted in urls.items():
            assert url.startswith(f"{there.settings.public_url}/ocpi/{there.cpo.version}/cdrs/")
            for to, from_ in (("DE*ABC", None), (None, "")):
                read = await there.cpo.send("GET", "cdrs", url=url, to=to, from_=from_)
                assert there.emsp.base_url + read.data["id"] == wanted
                assert (there.emsp.seen[-1].sender, there.emsp.seen[-1].receiver) == ("NL*TNM", "DE*ABC")
        await there.restart()
    for party in (there.other_cpo, there.emsp, there.other_emsp):
        read = await party.send("GET", "cdrs", url=next(iter(urls)))
        assert (read.http, read.status_code) == (404, 2001)


async def test_a_location_on_somebody_else_s_host_is_left_out(there: Scene) -> None:
    for location in ("http://127.0.0.1:9/1", there.cpo.base_url + "/1", "//127.0.0.1:9/1", "http://[/"):
        there.emsp.answers["cdrs"] = lambda _, location=location: Served(201, headers={"Location": location})  # type: ignore[misc]
        posted = await there.cpo.push_cdr("DE*ABC", there.emsp.parties[0])
        assert (posted.http, posted.status_code, "Location" in posted.headers) == (201, 1000, False)


async def test_a_location_is_not_made_up(there: Scene) -> None:
    there.emsp.answers["cdrs"] = lambda _: Served(201)
    assert "Location" not in (await there.cpo.push_cdr("DE*ABC", there.emsp.parties[0])).headers
