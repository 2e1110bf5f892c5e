"""One full roaming story between two registered parties, step by step, each checked on both sides.

It runs through a hub or between peers: the parties only know their endpoints.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from hub.testing.exchange import Exchange, Seen
from hub.testing.party import FakeParty
from hub.testing.results import Ordered
from hub.testing.roles import FakeCpo, FakeEmsp, owned_path
from hub.testing.samples import location, now
from hub.testing.steps import Report, Telling, unexpected

Outcome = tuple[Exchange, str]
"""The answer to a step's request, and what is wrong in words, or nothing."""


class Story(Telling):
    """Runs steps between two parties, and tells each."""

    def __init__(self, cpo: FakeCpo, emsp: FakeEmsp, report: Report, hub_party: str, timeout_s: float) -> None:
        super().__init__(report)
        self.cpo = cpo
        self.emsp = emsp
        self.hub_party = hub_party
        self.timeout_s = timeout_s

    @property
    def is_addressed(self) -> bool:
        """Whether both parties have routing headers; what a party without them sends may be for everybody."""
        return self.cpo.version.has_routing_headers and self.emsp.version.has_routing_headers

    async def step(
        self, name: str, sender: FakeParty, request: str, work: Awaitable[Outcome], receiver: str = ""
    ) -> Exchange | None:
        """Do one thing, report it, and give its answer; None where there is none."""
        other = self.emsp if sender is self.cpo else self.cpo
        answer: Exchange | None = None
        try:
            answer, detail = await work
            if not answer.is_success:
                detail = unexpected(answer)
        except Exception as error:  # whatever went wrong is the finding of this step
            detail = f"{type(error).__name__}: {error}"
        ends = (str(sender.parties[0]), receiver or str(other.parties[0]))
        self.tell(name, ends, request, answer, problem=detail)
        return answer

    async def delivered(self, sending: Awaitable[Exchange], sender: FakeParty, module: str) -> Outcome:
        """Send, and see that it arrived at the other party as it was sent."""
        receiver: FakeParty = self.emsp if sender is self.cpo else self.cpo
        before = len(receiver.seen)
        answer = await sending
        if not answer.is_success:
            return answer, ""
        try:
            arrived = await receiver.saw(method=answer.method, module=module, after=before, timeout_s=self.timeout_s)
        except TimeoutError as error:
            return answer, f"it did not arrive: {error}"
        return answer, self._difference(answer, arrived[-1], sender, receiver)

    def _difference(self, sent: Exchange, arrived: Seen, sender: FakeParty, receiver: FakeParty) -> str:
        """What arrived otherwise than it was sent. Between versions a bridge may change all but the last id."""
        wanted, got = sent.url.partition("?")[0].rstrip("/"), arrived.path.rstrip("/")  # some want a slash, some none
        if got and wanted.rsplit("/", 1)[-1] != got.rsplit("/", 1)[-1]:
            return f"it arrived at {got}, sent to {wanted}"
        if sender.version != receiver.version:
            return ""
        if not wanted.endswith(got):
            return f"it arrived at {got}, sent to {wanted}"
        if _content(sent.request_body) != _content(arrived.body):
            return "the body arrived changed"
        ends = (str(sender.parties[0]), str(receiver.parties[0]))
        if self.is_addressed and (arrived.sender, arrived.receiver) != ends:
            return f"it arrived from {arrived.sender} to {arrived.receiver}"
        return ""

    async def carried_out(self, ordering: Awaitable[Ordered], module: str) -> Outcome:
        """Order something of the CPO, see that it arrived, was accepted, and that its result came back."""
        ordered: list[Ordered] = []

        async def order() -> Exchange:
            ordered.append(await ordering)
            return ordered[0].exchange

        answer, detail = await self.delivered(order(), self.emsp, module)
        if detail or not answer.is_success:
            return answer, detail
        if _object(answer).get("result") != "ACCEPTED":
            return answer, f"ACCEPTED expected as the answer, got {answer.data}"
        try:
            result = await ordered[0].result(self.timeout_s)
        except TimeoutError:
            return answer, f"no result came within {self.timeout_s:g} s"
        return answer, "" if result.get("result") == "ACCEPTED" else f"ACCEPTED expected as the result, got {result}"


def _object(answer: Exchange) -> Mapping[str, Any]:
    """The fields of what an answer carries. Raises ValueError where that is no object."""
    if not isinstance(answer.data or {}, dict):
        raise ValueError(f"an object is expected as data, got {answer.data}")
    return answer.data or {}


def _content(body: bytes) -> Any:
    """A body as JSON without the response_url, which must change on the way."""
    document = json.loads(body) if body else None
    return {**document, "response_url": None} if isinstance(document, dict) else document


Chapter = Callable[[Story], Awaitable[None]]
"""Some steps of the story that belong together."""


async def roaming_story(
    cpo: FakeCpo,
    emsp: FakeEmsp,
    report: Report,
    hub_party: str = "NL*HUB",
    *,
    chapters: tuple[Chapter, ...] = (),
    timeout_s: float = 5,
) -> bool:
    """Locations to CDR between these two; whether every step did what OCPI asks.

    `hub_party` is who answers what the hub itself is asked. `chapters` are told instead of CHAPTERS:
    `(who_is_connected, *CHAPTERS)` begins with HubClientInfo, which a peer that is no hub does not have.
    """
    story = Story(cpo, emsp, report, hub_party, timeout_s)
    for chapter in chapters or CHAPTERS:
        await chapter(story)
    return story.is_good


async def who_is_connected(story: Story) -> None:
    """The hub tells the eMSP that the CPO is connected (HubClientInfo)."""

    async def ask() -> Outcome:
        pages = [page async for page in story.emsp.pages("hubclientinfo")]
        named = {f"{row['country_code']}*{row['party_id']}" for page in pages for row in page.data or ()}
        wanted = str(story.cpo.parties[0])
        return pages[-1], "" if wanted in named else f"{wanted} expected among {sorted(named)}"

    await story.step("who is connected", story.emsp, "GET hubclientinfo", ask(), receiver=story.hub_party)


async def publish(story: Story) -> None:
    """Locations, tariffs and tokens are pushed, and locations pulled."""
    cpo, emsp = story.cpo, story.emsp
    to_cpo, to_emsp = str(cpo.parties[0]), str(emsp.parties[0])

    async def pull() -> Outcome:
        pages = [page async for page in emsp.pages("locations", to=to_cpo, query="limit=1")]
        found = [row["id"] for page in pages for row in page.data or ()]
        wanted = sorted(cpo.shelf.own["locations"])
        is_right = sorted(found) == wanted if story.is_addressed else set(wanted) <= set(found)
        return pages[-1], "" if is_right and len(pages) > 1 else f"{wanted} expected, got {found} on {len(pages)} pages"

    cpo.shelf.put("locations", location(cpo.version.number, cpo.parties[0], "LOC2"))  # so that there is a second page
    await story.step(
        "location", cpo, "PUT locations/LOC1", story.delivered(cpo.push_location(to_emsp), cpo, "locations")
    )
    await story.step("tariff", cpo, "PUT tariffs/TAR1", story.delivered(cpo.push_tariff(to_emsp), cpo, "tariffs"))
    await story.step("token", emsp, "PUT tokens/{uid}", story.delivered(emsp.push_token(to_cpo), emsp, "tokens"))
    await story.step("all locations, page by page", emsp, "GET locations", pull())


async def authorize(story: Story) -> None:
    """A card is shown at a charge point."""

    async def ask() -> Outcome:
        asking = story.cpo.authorize(str(story.emsp.parties[0]))
        answer, detail = await story.delivered(asking, story.cpo, "tokens")
        allowed = _object(answer).get("allowed")
        return answer, detail or ("" if allowed == "ALLOWED" else f"ALLOWED expected, got {allowed}")

    await story.step("real-time authorization", story.cpo, "POST tokens/{uid}/authorize", ask())


async def charge(story: Story) -> None:
    """A session from START_SESSION to STOP_SESSION."""
    cpo, emsp = story.cpo, story.emsp
    to_cpo, to_emsp, driver = str(cpo.parties[0]), str(emsp.parties[0]), emsp.parties[0]

    async def session(status: str) -> Outcome:
        return await story.delivered(cpo.push_session(to_emsp, driver, status), cpo, "sessions")

    async def progress() -> Outcome:
        body = {"kwh": 7.25, "last_updated": now()}
        patch = cpo.send("PATCH", "sessions", owned_path(cpo.parties[0], "SES1"), to=to_emsp, body=body)
        return await story.delivered(patch, cpo, "sessions")

    starting = story.carried_out(emsp.start_session(to_cpo), "commands")
    await story.step("start", emsp, "POST commands/START_SESSION", starting)
    await story.step("session begins", cpo, "PUT sessions/SES1", session("ACTIVE"))
    await story.step("session goes on", cpo, "PATCH sessions/SES1", progress())
    if story.is_addressed:  # 2.1.1 has no charging profiles
        limiting = story.carried_out(emsp.set_profile(to_cpo), "chargingprofiles")
        await story.step("charging profile", emsp, "PUT chargingprofiles/SES1", limiting)
    stopping = story.carried_out(emsp.stop_session(to_cpo), "commands")
    await story.step("stop", emsp, "POST commands/STOP_SESSION", stopping)
    await story.step("session ends", cpo, "PUT sessions/SES1", session("COMPLETED"))


async def bill(story: Story) -> None:
    """A CDR is posted, and read back where the eMSP put it."""
    cpo, emsp = story.cpo, story.emsp
    to_emsp, driver = str(emsp.parties[0]), emsp.parties[0]

    async def post() -> Outcome:
        answer, detail = await story.delivered(cpo.push_cdr(to_emsp, driver), cpo, "cdrs")
        return answer, detail or ("" if "Location" in answer.headers else "a Location header is expected")

    async def read_back(url: str) -> Outcome:
        answer = await cpo.send("GET", "cdrs", url=url, to=to_emsp)
        found = _object(answer).get("id")
        return answer, "" if found == "CDR1" else f"CDR1 expected, got {found}"

    posted = await story.step("CDR", cpo, "POST cdrs", post())
    url = posted.headers.get("Location", "") if posted else ""
    if url:
        await story.step("CDR read back", cpo, "GET {Location of the CDR}", read_back(url))


CHAPTERS: Final[tuple[Chapter, ...]] = (publish, authorize, charge, bill)
