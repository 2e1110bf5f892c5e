"""One full roaming story between two registered parties, step by step, each checked on both sides.

It runs through a hub or between peers: the parties only know their endpoints.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hub.testing.exchange import Exchange
from hub.testing.party import FakeParty
from hub.testing.roles import FakeCpo, FakeEmsp


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the story, and whether it did what OCPI asks."""

    name: str
    sender: str
    receiver: str
    request: str
    http: int | None
    code: int | None
    ms: float
    problem: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problem


Report = Callable[[Step], None]


class Story:
    """Runs steps and reports each; a step that fails is reported, and the story goes on."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.failed = 0

    async def step(
        self,
        name: str,
        sender: FakeParty,
        receiver: FakeParty | None,
        request: str,
        work: Callable[[], Awaitable[tuple[Exchange, str]]],
    ) -> None:
        """Do one thing: `work` gives the answer, and what is wrong in words, or nothing."""
        answer: Exchange | None = None
        try:
            answer, problem = await work()
            if not problem and not answer.is_success:
                problem = f"HTTP {answer.http}, OCPI {answer.status_code} {answer.status_message}".strip()
        except Exception as error:  # whatever went wrong is the finding of this step
            problem = f"{type(error).__name__}: {error}"
        self.failed += bool(problem)
        self._report(
            Step(
                name,
                str(sender.parties[0]),
                str(receiver.parties[0]) if receiver else "hub",
                request,
                answer.http if answer else None,
                answer.status_code if answer else None,
                answer.ms if answer else 0.0,
                problem,
            )
        )


async def roaming_story(cpo: FakeCpo, emsp: FakeEmsp, report: Report) -> bool:
    """Locations to CDR between these two; whether every step did what OCPI asks."""
    story = Story(report)
    await _publish(story, cpo, emsp)
    await _authorize(story, cpo, emsp)
    await _charge(story, cpo, emsp)
    await _bill(story, cpo, emsp)
    return story.failed == 0


async def _publish(story: Story, cpo: FakeCpo, emsp: FakeEmsp) -> None:
    to_cpo, to_emsp = str(cpo.parties[0]), str(emsp.parties[0])

    async def push(exchange: Awaitable[Exchange], receiver: FakeParty, module: str) -> tuple[Exchange, str]:
        before = _count(receiver, "PUT", module)
        answer = await exchange
        return answer, _arrived(receiver, "PUT", module, before)

    async def pull() -> tuple[Exchange, str]:
        pages = [page async for page in emsp.pages("locations", to=to_cpo, query="limit=1")]
        found = [row["id"] for page in pages for row in page.data or ()]
        wanted = sorted(cpo.shelf.own["locations"])
        return pages[-1], "" if sorted(found) == wanted else f"locations {wanted} expected, got {found}"

    await story.step(
        "location", cpo, emsp, "PUT locations", lambda: push(cpo.push_location(to_emsp, "LOC2"), emsp, "locations")
    )
    await story.step("tariff", cpo, emsp, "PUT tariffs", lambda: push(cpo.push_tariff(to_emsp), emsp, "tariffs"))
    await story.step("token", emsp, cpo, "PUT tokens", lambda: push(emsp.push_token(to_cpo), cpo, "tokens"))
    await story.step("all locations", emsp, cpo, "GET locations", pull)


async def _authorize(story: Story, cpo: FakeCpo, emsp: FakeEmsp) -> None:
    async def authorize() -> tuple[Exchange, str]:
        answer = await cpo.authorize(str(emsp.parties[0]))
        allowed = (answer.data or {}).get("allowed")
        return answer, "" if allowed == "ALLOWED" else f"ALLOWED expected, got {allowed}"

    await story.step("real-time authorization", cpo, emsp, "POST tokens/{uid}/authorize", authorize)


async def _charge(story: Story, cpo: FakeCpo, emsp: FakeEmsp) -> None:
    to_cpo, to_emsp, driver = str(cpo.parties[0]), str(emsp.parties[0]), emsp.parties[0]

    async def ordered(work: Awaitable[Any]) -> tuple[Exchange, str]:
        order = await work
        if not order.exchange.is_success:
            return order.exchange, ""
        result = await order.result()
        return order.exchange, "" if result.get("result") == "ACCEPTED" else f"ACCEPTED expected, got {result}"

    async def session(status: str) -> tuple[Exchange, str]:
        before = _count(emsp, "PUT", "sessions")
        answer = await cpo.push_session(to_emsp, driver, status)
        return answer, _arrived(emsp, "PUT", "sessions", before)

    async def progress() -> tuple[Exchange, str]:
        before = _count(emsp, "PATCH", "sessions")
        owner = cpo.parties[0]
        path = f"/{owner.country_code}/{owner.party_id}/SES1"
        body = {"kwh": 7.25, "last_updated": cpo.shelf.own["sessions"]["SES1"]["last_updated"]}
        answer = await cpo.send("PATCH", "sessions", path, to=to_emsp, body=body)
        return answer, _arrived(emsp, "PATCH", "sessions", before)

    await story.step(
        "start", emsp, cpo, "POST commands/START_SESSION + result", lambda: ordered(emsp.start_session(to_cpo))
    )
    await story.step("session begins", cpo, emsp, "PUT sessions", lambda: session("ACTIVE"))
    await story.step("session goes on", cpo, emsp, "PATCH sessions", progress)
    if cpo.version.has_routing_headers and emsp.version.has_routing_headers:
        await story.step(
            "charging profile", emsp, cpo, "PUT chargingprofiles + result", lambda: ordered(emsp.set_profile(to_cpo))
        )
    await story.step(
        "stop", emsp, cpo, "POST commands/STOP_SESSION + result", lambda: ordered(emsp.stop_session(to_cpo))
    )
    await story.step("session ends", cpo, emsp, "PUT sessions", lambda: session("COMPLETED"))


async def _bill(story: Story, cpo: FakeCpo, emsp: FakeEmsp) -> None:
    to_emsp, driver = str(emsp.parties[0]), emsp.parties[0]
    location = ""

    async def post() -> tuple[Exchange, str]:
        nonlocal location
        before = _count(emsp, "POST", "cdrs")
        answer = await cpo.push_cdr(to_emsp, driver)
        location = answer.headers.get("Location", "")
        problem = _arrived(emsp, "POST", "cdrs", before)
        return answer, problem or ("" if location else "a Location header is expected")

    async def read_back() -> tuple[Exchange, str]:
        answer = await cpo.send("GET", "cdrs", url=location, to=to_emsp)
        found = (answer.data or {}).get("id")
        return answer, "" if found == "CDR1" else f"CDR1 expected, got {found}"

    await story.step("CDR", cpo, emsp, "POST cdrs", post)
    await story.step("CDR read back", cpo, emsp, "GET Location of the CDR", read_back)


def _count(party: FakeParty, method: str, module: str) -> int:
    return sum(seen.method == method and seen.module == module for seen in party.seen)


def _arrived(party: FakeParty, method: str, module: str, before: int) -> str:
    """Nothing where one more such request arrived at the receiver."""
    came = _count(party, method, module) - before
    return "" if came == 1 else f"one {method} {module} expected at {party.parties[0]}, {came} came"
