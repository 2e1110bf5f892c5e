"""A check from beginning to end: which topics there are, and one step after the other of each.

versions -> version details -> credentials -> every endpoint that the platform registered
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hub.check import configuration
from hub.check.asking import Asker
from hub.check.endpoint import Endpoint
from hub.check.modules import steps_of
from hub.check.report import Step
from routing.catalogue import module_named
from routing.directory import Platform
from routing.ocpi import Interface

CLIENT_INFO: Final = "hubclientinfo"


@dataclass(frozen=True, slots=True)
class Topic:
    """A part of a check, which may be skipped as a whole."""

    name: str
    module: str
    interface: str
    steps: Callable[[], AsyncIterator[Step]]


def topics_of(asker: Asker, now: float) -> tuple[Topic, ...]:
    """What is to be asked of this platform, in order. `now` in epoch seconds."""
    first = (
        Topic("versions", "versions", "", lambda: configuration.versions(asker)),
        Topic("version details", "versions", "", lambda: configuration.details(asker)),
        Topic("credentials", "credentials", "", lambda: configuration.credentials(asker)),
    )
    return first + tuple(_topic(asker, module, side, url, now) for module, side, url in endpoints_of(asker.platform))


async def checking(asker: Asker, topics: Sequence[Topic]) -> AsyncIterator[Step | Topic]:
    """Every step as it is done, and each topic when it is through."""
    for topic in topics:
        if asker.is_unreachable:
            yield asker.skipped(topic.name, topic.module, topic.interface, "not tried: the platform cannot be reached")
        else:
            async for step in topic.steps():
                yield step
        yield topic


def endpoints_of(platform: Platform) -> list[tuple[str, Interface, str]]:
    """The endpoints that a platform has; 2.1.1 does not say which side they are, the party's role does."""
    found = []
    roles = {party.role for party in platform.parties}
    for (module, side), url in sorted(platform.endpoints.items()):
        row = module_named(module)
        if module == "credentials":
            continue
        if row is not None and platform.version is not None and not platform.version.endpoints_have_role:
            side = Interface.SENDER if roles & row.sender_roles else Interface.RECEIVER  # noqa: PLW2901
        found.append((module, side, url))
    return found


def _topic(asker: Asker, module: str, side: Interface, url: str, now: float) -> Topic:
    row = module_named(module)
    if row is not None and asker.version.number in row.versions:
        endpoint = Endpoint(asker, module, side, url, now)
        return Topic(module, row.identifier, side, lambda: steps_of(endpoint))
    why = "not tried: this module is not one of OCPI's"
    if module == CLIENT_INFO:
        why = "not tried: what it holds is what the hub tells it"
    elif row is not None:
        why = f"not tried: OCPI {asker.version} has no such module"

    async def skipped() -> AsyncIterator[Step]:
        yield asker.skipped(module, module, side, why)

    return Topic(module, module, side, skipped)
