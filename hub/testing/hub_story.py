"""What a hub does for everybody, as a story: a broadcast, GET All, an open authorization, a party that comes back.

Told with all CPOs and eMSPs that can name the hub: OCPI 2.1.1 cannot. Each step is checked on every side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from hub.testing.exchange import Exchange, Seen
from hub.testing.party import FakeParty
from hub.testing.roles import FakeCpo, FakeEmsp, owned_path
from hub.testing.samples import location, now, token
from hub.testing.steps import Report, Telling, unexpected

PLACE: Final = "MALL"
MISSED: Final = "PIER"
CARD: Final = "GUEST-CARD"
NOT_CONNECTED: Final = 4003

Some = TypeVar("Some", bound=FakeParty)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a step."""

    answer: Exchange | None = None
    problem: str = ""
    note: str = ""
    ms: float = 0.0


class HubStory(Telling):
    """The cast, and how a step is told."""

    def __init__(
        self, cpos: Sequence[FakeCpo], emsps: Sequence[FakeEmsp], report: Report, hub_party: str, timeout_s: float
    ) -> None:
        super().__init__(report)
        self.cpos = able(cpos)
        self.emsps = able(emsps)
        self.hub_party = hub_party
        self.timeout_s = timeout_s

    async def step(self, name: str, sender: str, receiver: str, request: str, work: Awaitable[Came]) -> None:
        """Do one thing and report it."""
        try:
            came = await work
        except Exception as error:  # whatever went wrong is the finding of this step
            came = Came(problem=f"{type(error).__name__}: {error}")
        self.tell(name, (sender, receiver), request, came.answer, problem=came.problem, note=came.note, ms=came.ms)

    async def broadcast(self, name: str, sender: FakeCpo, method: str, ids: tuple[str, ...], body: Any) -> None:
        """Push to the hub, and see a copy arrive at each eMSP that is there."""
        there = [emsp for emsp in self.emsps if not emsp.mischief.is_on("offline")]
        path = owned_path(sender.parties[0], *ids)

        async def push() -> Came:
            before = [len(emsp.seen) for emsp in there]
            started = asyncio.get_running_loop().time()
            answer = await sender.send(method, "locations", path, to=self.hub_party, body=body)
            if not answer.is_success:
                return Came(answer, unexpected(answer))
            for emsp, after in zip(there, before, strict=True):
                (copy, *_) = await emsp.saw(
                    method=method, module="locations", after=after, timeout_s=self.timeout_s, when=lands_at(path)
                )
                ends = (copy.sender, copy.receiver)
                if ends != (self.hub_party, name_of(emsp)):
                    return Came(answer, f"the copy of {name_of(emsp)} is from {ends[0]} to {ends[1]}")
            ms = (asyncio.get_running_loop().time() - started) * 1000
            return Came(answer, note=f"{len(there)} of {counted(len(self.emsps), 'eMSP')} in {ms:.0f} ms")

        await self.step(name, name_of(sender), self.hub_party, f"{method} locations/{'/'.join(ids)}", push())

    async def told(self, about: FakeParty, status: str, before: Sequence[int], started: float) -> None:
        """The hub tells each CPO of a change (HubClientInfo)."""
        id = about.parties[0]

        def is_news(seen: Seen) -> bool:
            return seen.segments == (id.country_code, id.party_id) and seen.document["status"] == status

        async def hear() -> Came:
            for cpo, after in zip(self.cpos, before, strict=True):
                await cpo.saw(method="PUT", module="hubclientinfo", after=after, timeout_s=self.timeout_s, when=is_news)
            return Came(note=status, ms=(asyncio.get_running_loop().time() - started) * 1000)

        request = f"PUT hubclientinfo/{id.country_code}/{id.party_id}"
        await self.step("everybody is told", self.hub_party, counted(len(self.cpos), "CPO"), request, hear())

    async def call(self, name: str, wanted: int, note: str) -> None:
        """The first CPO asks the last eMSP about its card, and gets this code."""
        cpo, emsp = self.cpos[0], self.emsps[-1]

        async def ask() -> Came:
            answer = await cpo.authorize(name_of(emsp))
            return Came(answer, "" if answer.status_code == wanted else unexpected(answer), note)

        await self.step(name, name_of(cpo), name_of(emsp), "POST tokens/{uid}/authorize", ask())


async def hub_story(
    cpos: Sequence[FakeCpo],
    emsps: Sequence[FakeEmsp],
    report: Report,
    hub_party: str = "NL*HUB",
    *,
    timeout_s: float = 30,
) -> bool:
    """What a hub does for all of these; whether every step did what OCPI asks. Each side needs one that is `able`."""
    story = HubStory(cpos, emsps, report, hub_party, timeout_s)
    await who_is_there(story)
    await for_everybody(story)
    await from_everybody(story)
    await whose_card(story)
    await away_and_back(story)
    return story.is_good


def able(parties: Sequence[Some]) -> list[Some]:
    """Those that can name the hub as the receiver."""
    return [party for party in parties if party.version.has_routing_headers]


async def who_is_there(story: HubStory) -> None:
    """An eMSP asks the hub who is connected (HubClientInfo)."""
    emsp = story.emsps[0]

    async def ask() -> Came:
        pages = [page async for page in emsp.pages("hubclientinfo")]
        status = {f"{row['country_code']}*{row['party_id']}": row["status"] for row in rows(pages)}
        missing = [name for cpo in story.cpos if status.get(name := name_of(cpo)) != "CONNECTED"]
        problem = f"CONNECTED expected of {', '.join(missing)}" if missing else ""
        return Came(pages[-1], problem, f"{counted(len(story.cpos), 'CPO')} connected")

    await story.step("who is there", name_of(emsp), story.hub_party, "GET hubclientinfo", ask())


async def for_everybody(story: HubStory) -> None:
    """Each CPO pushes a location once; then a charger is taken."""
    places = [placed(cpo, PLACE) for cpo in story.cpos]
    for cpo, place in zip(story.cpos, places, strict=True):
        await story.broadcast("broadcast: a location", cpo, "PUT", (PLACE,), place)
    change = {"status": "CHARGING", "last_updated": now()}
    places[0]["evses"][0] |= change  # whoever asks the CPO itself, as the hub does from time to time, hears the same
    await story.broadcast("broadcast: a charger taken", story.cpos[0], "PATCH", (PLACE, f"{PLACE}-1"), change)


async def from_everybody(story: HubStory) -> None:
    """An eMSP asks once, and hears of every CPO (GET All)."""
    emsp = story.emsps[0]

    async def ask() -> Came:
        pages = [page async for page in emsp.pages("locations", to=story.hub_party, query="limit=2")]
        found = {(owner_of(row), row["id"]): row for row in rows(pages)}
        missing = [name for cpo in story.cpos if (name := name_of(cpo), PLACE) not in found]
        owners = counted(len({owner for owner, _ in found}), "CPO")
        note = f"{counted(len(found), 'location')}, {owners}, {counted(len(pages), 'page')}"
        if missing:
            return Came(pages[-1], f"{PLACE} of {', '.join(missing)} is missing: {note}")
        status = found[name_of(story.cpos[0]), PLACE]["evses"][0]["status"]
        return Came(pages[-1], "" if status == "CHARGING" else f"CHARGING expected, got {status}", note)

    await story.step("GET All", name_of(emsp), story.hub_party, "GET locations?limit=2", ask())


async def whose_card(story: HubStory) -> None:
    """A CPO asks about a card that nobody ever told of, without saying whose it is."""
    cpo, owner = story.cpos[-1], story.emsps[len(story.emsps) // 2]
    owner.shelf.put("tokens", token(owner.version.number, owner.parties[0], CARD))

    async def ask() -> Came:
        answer = await cpo.authorize(None, CARD)
        allowed, by = (answer.data or {}).get("allowed"), answer.party("from")
        is_right = (allowed, by) == ("ALLOWED", name_of(owner))
        return Came(answer, "" if is_right else unexpected(answer), f"{by} says {allowed}")

    await story.step("open authorization", name_of(cpo), "anybody", "POST tokens/{uid}/authorize", ask())


async def away_and_back(story: HubStory) -> None:
    """An eMSP goes offline: callers learn it at once, nothing is kept for it, and it catches up when it is back."""
    cpo, emsp = story.cpos[0], story.emsps[-1]
    name, loop = name_of(emsp), asyncio.get_running_loop()
    began = now()
    before, started = [len(each.seen) for each in story.cpos], loop.time()
    emsp.misbehave("offline")
    await story.call(f"{name} went offline", NOT_CONNECTED, "nobody answers there")
    await story.told(emsp, "OFFLINE", before, started)
    await story.call("called while offline", NOT_CONNECTED, "at once: the hub knows")
    await story.broadcast("broadcast meanwhile", cpo, "PUT", (MISSED,), placed(cpo, MISSED))
    before, started = [len(each.seen) for each in story.cpos], loop.time()
    emsp.behave()
    await _catch_up(story, emsp, began)
    await story.told(emsp, "CONNECTED", before, started)
    await story.call("called again", 1000, "as before")


async def _catch_up(story: HubStory, emsp: FakeEmsp, began: str) -> None:
    """What it missed it pulls; that it asks shows the hub that it is back (OCPI 2.2.1, Offline behaviour)."""

    async def pull() -> Came:
        pages = [page async for page in emsp.pages("locations", to=story.hub_party, query={"date_from": began})]
        problem = "" if MISSED in [row["id"] for row in rows(pages)] else f"{MISSED} is missing"
        if any(map(lands_at(f"/{MISSED}"), emsp.seen)):
            problem = f"{MISSED} was kept for it"
        return Came(pages[-1], problem, f"it has {MISSED} now")

    request = "GET locations?date_from=..."
    await story.step(f"{name_of(emsp)} is back and pulls", name_of(emsp), story.hub_party, request, pull())


def placed(cpo: FakeCpo, location_id: str) -> dict[str, Any]:
    """A new location of a CPO."""
    return cpo.shelf.put("locations", location(cpo.version.number, cpo.parties[0], location_id))


def lands_at(path: str) -> Callable[[Seen], bool]:
    """Whether what was pushed has this path, or ends like it."""
    return lambda seen: seen.path.rstrip("/").endswith(path)


def rows(pages: Sequence[Exchange]) -> list[dict[str, Any]]:
    """Every object on these pages."""
    return [row for page in pages for row in page.data or ()]


def name_of(party: FakeParty) -> str:
    """A party as it is written, by its first id."""
    return str(party.parties[0])


def owner_of(row: dict[str, Any]) -> str:
    """Whose object it is."""
    return f"{row['country_code']}*{row['party_id']}"


def counted(number: int, what: str) -> str:
    """So many of something."""
    return f"{number} {what}{'' if number == 1 else 's'}"
