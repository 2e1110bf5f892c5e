"""GET All of sessions and CDRs: asked of each CPO at that moment, page by page, in the caller's name.

OCPI 2.2.1, transport and format, GET All via Hubs; Pagination. Nothing of it is kept by the hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from hub.testing import Exchange, FakeCpo, FakeEmsp, FakeParty, Seen, Served
from hub.testing.samples import cdr, session
from routing.agreements import Agreement
from routing.links import next_page
from routing.ocpi import PartyId
from tests.stories.market import QUICK, MakeSettings, gathered, platform_of
from tests.stories.onboarding import losses

HUB = "NL*HUB"
SINCE = "date_from=2020-01-01T00:00:00Z"
DRIVER = PartyId("DE", "ABC")


def with_sessions(cpo: FakeCpo, number: int, driver: PartyId = DRIVER) -> FakeCpo:
    """A CPO with so many sessions, named after it."""
    owner = cpo.parties[0]
    for count in range(number):
        cpo.shelf.put("sessions", session(cpo.version.number, owner, driver, f"{owner.party_id}-{count:02}"))
    return cpo


def expected(*cpos: FakeCpo) -> list[str]:
    return [
        f"{cpo.parties[0].party_id}-{count:02}"
        for cpo in cpos
        for count in range(len(cpo.shelf.own.get("sessions", ())))
    ]


async def all_pages(
    emsp: FakeEmsp, query: str = SINCE, module: str = "sessions", to: str | None = HUB
) -> list[Exchange]:
    pages = [page async for page in emsp.pages(module, to=to, query=query)]
    assert all(page.is_success for page in pages), [page.envelope for page in pages]
    return pages


def ids(pages: Sequence[Exchange]) -> list[str]:
    return [row["id"] for page in pages for row in page.data]


def asked(party: FakeParty, module: str = "sessions") -> list[Seen]:
    return [seen for seen in party.seen if seen.module == module and seen.method == "GET"]


async def test_each_cpo_is_asked_in_the_callers_name_and_the_hub_answers(settings: MakeSettings) -> None:
    """GET All: TO hub, answered TO requester FROM hub; to each CPO: TO CPO, FROM caller."""
    cpos = [with_sessions(FakeCpo("BE*BEC"), 2), with_sessions(FakeCpo("NL*TNM"), 3)]
    emsp, other = FakeEmsp(), FakeEmsp("FR*EMP")
    async with gathered(settings(), *cpos, emsp, other):
        (page,) = await all_pages(emsp, f"{SINCE}&date_to=2040-01-01T00:00:00Z")
        assert ids([page]) == expected(*cpos)
        assert (page.party("to"), page.party("from")) == ("DE*ABC", HUB)
        assert (page.headers["X-Total-Count"], page.status_message) == ("5", "")
        for cpo in cpos:
            (seen,) = asked(cpo)
            assert (seen.receiver, seen.sender) == (str(cpo.parties[0]), "DE*ABC")
            assert seen.headers["X-Correlation-ID"] == page.sent["X-Correlation-ID"]
            assert seen.headers["X-Request-ID"] != page.sent["X-Request-ID"]
            assert seen.query.startswith(f"{SINCE}&date_to=2040-01-01T00:00:00Z&")


async def test_cdrs_are_asked_for_too_and_nothing_is_kept(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    cpo.shelf.put("cdrs", cdr("2.2.1", cpo.parties[0], DRIVER))
    async with gathered(settings(), cpo, emsp) as hub:
        assert ids(await all_pages(emsp, "", "cdrs")) == ["CDR1"]
        cpo.shelf.own["cdrs"].clear()
        assert ids(await all_pages(emsp, "", "cdrs")) == []
        assert hub.memory.dropped.total() == 0


@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize("to", [HUB, None])
async def test_pages_go_from_cpo_to_cpo_and_lose_and_repeat_nothing(
    settings: MakeSettings, limit: int, to: str | None
) -> None:
    """A caller may follow `Link` with TO = hub, or blindly."""
    cpos = [with_sessions(FakeCpo(party), number) for party, number in (("BE*BEC", 5), ("DE*CPO", 0), ("NL*TNM", 4))]
    cpos[2].shelf.max_page = 3
    emsp = FakeEmsp()
    async with gathered(settings(), *cpos, emsp):
        first = await emsp.send("GET", "sessions", to=HUB, interface="sender", query=f"{SINCE}&limit={limit}")
        pages = [first]
        while following := next_page(pages[-1].headers.get("Link", ""), ""):
            assert len(following) <= 255
            pages.append(await emsp.send("GET", "sessions", to=to, interface="sender", url=following))
        assert ids(pages) == expected(*cpos)
        assert all(len(page.data) <= limit for page in pages)
        assert all(page.party("from") == HUB for page in pages)
        assert ("X-Total-Count" in first.headers) == (len(pages) == 1)


class Stubborn(FakeCpo):
    """A CPO that has its own way with pages."""

    def __init__(self, party: str, way: str) -> None:
        super().__init__(party)
        self.way = way

    async def respond(self, seen: Seen) -> Served:
        """All at once, whatever the limit; or from page to page by an address of its own."""
        if seen.module != "sessions":
            return await super().respond(seen)
        rows = list(self.shelf.own["sessions"].values())
        if self.way == "no limit":
            return Served(data=rows)
        page = int(seen.segments[1]) if seen.segments else 0
        here = self.base_url + seen.raw_path.partition("?")[0].partition("/pages")[0]
        more = {"Link": f'<{here}/pages/{page + 1}?size=2>; rel="next"'} if len(rows) > page * 2 + 2 else {}
        return Served(data=rows[page * 2 : page * 2 + 2], headers=more)


@pytest.mark.parametrize("way", ["no limit", "pages of its own"])
@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_a_cpo_with_pages_of_its_own_makes_no_page_too_large_and_nothing_lost(
    settings: MakeSettings, way: str, limit: int
) -> None:
    cpos = [with_sessions(Stubborn("BE*BEC", way), 5), with_sessions(FakeCpo("NL*TNM"), 2)]
    emsp = FakeEmsp()
    async with gathered(settings(), *cpos, emsp):
        pages = await all_pages(emsp, f"{SINCE}&limit={limit}")
        assert ids(pages) == expected(*cpos)
        assert all(len(page.data) <= limit for page in pages)


@pytest.mark.parametrize("fault", ["http-500", "ocpi-2001", "garbage", "closed", "silent", "offline"])
async def test_a_cpo_that_does_not_answer_is_left_out_and_named(settings: MakeSettings, fault: str) -> None:
    cpos = [with_sessions(FakeCpo(party), 2) for party in ("BE*BEC", "DE*CPO", "NL*TNM")]
    emsp = FakeEmsp()
    async with gathered(settings(routing=QUICK), *cpos, emsp):
        cpos[1].misbehave(fault)
        (page,) = await all_pages(emsp)
        assert ids([page]) == expected(cpos[0], cpos[2])
        assert "DE*CPO" in page.status_message
        assert not any(party in page.status_message for party in ("BE*BEC", "NL*TNM"))
        assert "X-Total-Count" not in page.headers


async def test_who_may_not_be_reached_is_neither_asked_nor_named(settings: MakeSettings) -> None:
    cpos = [with_sessions(FakeCpo(party), 2) for party in ("BE*BEC", "NL*TNM")]
    emsp, other = FakeEmsp(), FakeEmsp("FR*EMP")
    async with gathered(settings(), *cpos, emsp, other) as hub:
        forbidden = Agreement("1", cpos[0].parties[0], DRIVER, is_allowed=False, modules=frozenset({"sessions"}))
        await hub.platforms.allow(forbidden, by="test")
        (page,) = await all_pages(emsp)
        assert (ids([page]), page.status_message) == (expected(cpos[1]), "")
        assert asked(cpos[0]) == []
        assert len(ids(await all_pages(other))) == 4
        await hub.platforms.suspend(platform_of(hub, cpos[1]), by="test")
        assert ids(await all_pages(emsp)) == []


async def test_the_list_goes_on_after_a_restart_and_for_nobody_else(settings: MakeSettings) -> None:
    made = settings()
    cpo, emsp, other = with_sessions(FakeCpo(), 3), FakeEmsp(), FakeEmsp("FR*EMP")
    async with gathered(made, cpo, emsp, other):
        first = await emsp.send("GET", "sessions", to=HUB, interface="sender", query=f"{SINCE}&limit=2")
        following = next_page(first.headers["Link"], "") or ""
        stolen = await other.send("GET", "sessions", to=HUB, interface="sender", url=following)
        assert (stolen.http, stolen.status_code) == (404, 2001)
    async with gathered(made), cpo, emsp:
        second = await emsp.send("GET", "sessions", to=HUB, interface="sender", url=following)
        assert ids([first, second]) == expected(cpo)
        assert "Link" not in second.headers


@pytest.mark.parametrize(
    ("module", "query", "words"),
    [
        ("sessions", "", "date_from"),
        ("sessions", "date_from=yesterday", "date_from"),
        ("sessions", f"{SINCE}&limit=none", "limit"),
        ("cdrs", "offset=10", "offset"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused(
    settings: MakeSettings, module: str, query: str, words: str
) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with gathered(settings(), cpo, emsp):
        refused = await emsp.send("GET", module, to=HUB, interface="sender", query=query)
        assert (refused.http, refused.status_code) == (200, 2001)
        assert words in refused.status_message
        assert asked(cpo, module) == []


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_sessions_are_asked_for_since_a_date_whoever_is_asked(settings: MakeSettings, version: str) -> None:
    """OCPI, sessions, GET: `date_from` is required. A further page is asked for as its owner wrote it."""
    cpo, emsp = with_sessions(FakeCpo(version=version), 3), FakeEmsp(version=version)
    async with gathered(settings(), cpo, emsp):
        for to in (HUB, "NL*TNM", None) if version != "2.1.1" else (None,):
            for query in ("", "limit=2", "date_from=&limit=2", "date_to=2040-01-01T00:00:00Z", "x=date_from=1"):
                refused = await emsp.send("GET", "sessions", to=to, interface="sender", query=query)
                assert (refused.http, refused.status_code) == (200, 2001), query
                assert "date_from" in refused.status_message
        assert asked(cpo) == []
        empty = b'{"data":[],"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'
        cpo.answers["sessions"] = lambda _: Served(body=empty, headers={"Link": '<?offset=2>; rel="next"'})
        first = await emsp.send("GET", "sessions", to=None, interface="sender", query=SINCE)
        second = await emsp.send("GET", "sessions", url=next_page(first.headers["Link"], first.url))
        assert (first.status_code, second.status_code) == (1000, 1000)
        assert [seen.query for seen in asked(cpo)] == [SINCE, "offset=2"]


async def test_no_cpo_means_an_empty_list(settings: MakeSettings) -> None:
    emsp = FakeEmsp()
    async with gathered(settings(), emsp):
        (page,) = await all_pages(emsp)
        assert (page.data, page.headers["X-Total-Count"]) == ([], "0")


# --- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_each_item_is_in_the_callers_version(settings: MakeSettings, version: str) -> None:
    cpos = [
        with_sessions(FakeCpo(party, version=spoken), 2) for party, spoken in (("BE*BEC", "2.2.1"), ("NL*TNM", "2.3.0"))
    ]
    emsp = FakeEmsp(version=version)
    async with gathered(settings(), *cpos, emsp) as hub:
        for cpo in cpos:
            await cpo.push_location(HUB)
        (page,) = await all_pages(emsp)
        assert ids([page]) == expected(*cpos), page.envelope
        for row in page.data:
            assert ("auth_id" in row) == (version == "2.1.1")
        lost = [loss["field"] for loss in await losses(hub, party="DE*ABC", module="sessions")]
        assert lost == (["cdr_token"] * 4 if version == "2.1.1" else [])


async def test_a_cpo_that_cannot_tell_whom_it_answers_shows_nobody_somebody_elses_sessions(
    settings: MakeSettings,
) -> None:
    """In 2.1.1 the hub is all it knows: whose a session is, its contract says."""
    emsps = [FakeEmsp("DE*ABC"), FakeEmsp("FR*EMP"), FakeEmsp("SE*XYZ")]
    cpo = FakeCpo(version="2.1.1")
    for emsp in emsps[:2]:
        with_named: dict[str, Any] = session("2.1.1", cpo.parties[0], emsp.parties[0], f"OF-{emsp.parties[0].party_id}")
        cpo.shelf.put("sessions", with_named)
    odd = {**session("2.1.1", cpo.parties[0], DRIVER, "OF-ODD"), "auth_id": "XX-ODD-1"}
    cpo.shelf.put("sessions", odd)
    async with gathered(settings(), cpo, *emsps):
        token = {**emsps[2].shelf.own["tokens"]["012345678"], "contract_id": "XX-ODD-1"}
        assert (await emsps[2].send("PUT", "tokens", "/SE/XYZ/012345678", to=HUB, body=token)).is_success
        assert [ids(await all_pages(emsp)) for emsp in emsps] == [["OF-ABC"], ["OF-EMP"], ["OF-ODD"]]
