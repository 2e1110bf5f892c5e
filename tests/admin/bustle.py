"""A hub after a busy day, for the pictures: many parties, a day of traffic, failures, findings, a check, users."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from admin import users
from admin.app import office
from admin.keys import AdminRole
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store import journal as stored_journal
from hub.store import traffic
from hub.store.journal import LegRow
from hub.store.registry import RoleRow, touch
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.roles import owned_path
from hub.testing.samples import location
from hub.testing.story import roaming_story
from routing.agreements import Agreement
from routing.journey import Direction, Outcome, journey_id_at
from routing.ocpi import ConnectionStatus, PartyId, Role
from tests.hub.legs import row

PASSWORD = "a long password"
DAY_S = 86_400
MODULES = (("sessions", "PUT"), ("locations", "PATCH"), ("cdrs", "POST"), ("tokens", "GET"), ("commands", "POST"))
LATE = "The receiver did not answer within 20 s."


@asynccontextmanager
async def bustling(settings: Settings) -> AsyncIterator[tuple[Hub, str]]:
    """The hub and its admin URL; every party of it is a server."""
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running(settings))
        url = await stack.enter_async_context(office(hub))
        cpo = FakeCpo("NL*TNM", name="TheNewMotion")
        flemish = FakeCpo("BE*CPO", name="Laadpunt België", version="2.1.1")
        emsp = FakeEmsp("DE*ABC", name="ABC Mobility")
        french = FakeEmsp("FR*MOB", name="Mobilité Électrique", version="2.3.0")
        both = FakeCpo("AT*WIE", name="Wiener Ladenetz", also={"AT*WIF": Role.EMSP, "AT*WIG": Role.CPO})
        long = FakeEmsp("DK*ELB", name="Nordisk Sammenslutning af Elbilisters Roamingtjeneste A/S")
        lost, stopped = FakeEmsp("IT*GON", name="Gone Mobility"), FakeCpo("ES*STP", name="Stopped Charging")
        extra = [FakeCpo(f"LU*{name}", name=f"Lux {name.title()}") for name in ("AAA", "BBB", "CCC", "DDD")]
        parties: list[FakeParty] = [cpo, flemish, emsp, french, both, long, lost, stopped, *extra]
        ids = {}
        for party in parties:
            await stack.enter_async_context(party)
            ids[party.name] = await _join(hub, party)
        await _talk(hub, cpo, flemish, emsp, french)
        await _trouble(hub, stack, ids[lost.name], ids[stopped.name])
        await _people(hub)
        await _agreements(hub)
        await _past(hub, [ids[party.name] for party in (cpo, flemish, both)], [ids[emsp.name], ids[long.name]])
        while hub.journal.waiting or hub.checks.running:  # noqa: ASYNC110 - what is waited for is counted, not signalled
            await asyncio.sleep(0.05)
        yield hub, url


async def _join(hub: Hub, party: FakeParty) -> str:
    roles = [RoleRow(id, role, {"name": party.name}) for id, role in party.roles]
    invitation = await hub.platforms.invite(by="ann", name=party.name, roles=roles)
    await party.register(invitation.versions_url, invitation.token)
    return invitation.platform_id


async def _talk(hub: Hub, cpo: FakeCpo, flemish: FakeCpo, emsp: FakeEmsp, french: FakeEmsp) -> None:
    """Two stories, one of them across versions; mistakes in objects; a receiver that fails; two checks."""
    platform_of = {row.name: row.id for row in hub.picture.directory.platforms.values()}
    await roaming_story(cpo, emsp, lambda step: None)
    await roaming_story(flemish, french, lambda step: None)
    wrong = location("2.2.1", cpo.parties[0])
    wrong["evses"][0]["connectors"][0] |= {"format": "PLUG", "max_voltage": "230"}
    for _ in range(3):
        await cpo.send("PUT", "locations", owned_path(cpo.parties[0], "LOC1"), to="DE*ABC", body=wrong)
    cpo.misbehave("garbage", module="tariffs")
    for name in (cpo.name, flemish.name):
        await hub.checks.begin(platform_of[name], by="bob")
    while hub.checks.running:  # noqa: ASYNC110 - what is waited for is counted, not signalled
        await asyncio.sleep(0.05)
    cpo.behave()
    french.misbehave("http-500", module="sessions")
    for party in (cpo, flemish):
        for _ in range(3):
            await party.push_session("FR*MOB", french.parties[0])


async def _trouble(hub: Hub, stack: AsyncExitStack, lost: str, stopped: str) -> None:
    """A platform that is offline, one that is suspended, one invited, and one whose handshake failed."""
    async with hub.store.write() as connection:
        await touch(connection, lost, status=ConnectionStatus.OFFLINE, last_seen_at=time.time() - 7200)
    await hub.picture.refresh()
    await hub.platforms.suspend(stopped, by="bob")
    await hub.platforms.invite(by="ann", name="Stromnetz Berlin", roles=[RoleRow(PartyId("DE", "SNB"), Role.CPO)])
    party = await stack.enter_async_context(FakeCpo("AT*LAD", name="Ladesäulen Wien"))
    party.misbehave("http-401", module="versions")
    roles = [RoleRow(row, party.role, {"name": party.name}) for row in party.parties]
    invitation = await hub.platforms.invite(by="ann", name=party.name, roles=roles)
    with suppress(Exception):
        await party.register(invitation.versions_url, invitation.token)


async def _people(hub: Hub) -> None:
    password = await users.Passwords().hashed(PASSWORD)
    for name, role in (("ann", AdminRole.OWNER), ("bob", AdminRole.OPERATOR), ("eve", AdminRole.VIEWER)):
        await users.create(hub.store, name=name, role=role, password=password, by="bootstrap key")


async def _agreements(hub: Hub) -> None:
    for number, (effect, cpo, emsp, modules) in enumerate(
        (
            (True, "NL*TNM", "DE*ABC", ()),
            (False, "BE*CPO", "FR*MOB", ()),
            (False, "LU*BBB", "DK*ELB", ("cdrs", "sessions")),
            (True, "SE*OLD", "DE*ABC", ()),
        )
    ):
        pair = PartyId.parse(cpo), PartyId.parse(emsp)
        await hub.platforms.allow(Agreement(f"agreed{number}", *pair, effect, frozenset(modules)), by="ann")


async def _past(hub: Hub, cpos: Sequence[str], emsps: Sequence[str]) -> None:
    """A day of traffic that was never sent."""
    rows = list(_day(hub, cpos, emsps))
    async with hub.store.write() as connection:
        for place in range(0, len(rows), 250):
            await stored_journal.add(connection, rows[place : place + 250])
            await traffic.count(connection, rows[place : place + 250])


def _day(hub: Hub, cpos: Sequence[str], emsps: Sequence[str]) -> Iterator[LegRow]:
    chance = random.Random(1)
    now = time.time() - 120
    party_of = {key: str(row.parties[0].id).upper() for key, row in hub.picture.directory.platforms.items()}
    for number in range(6000):
        ago = chance.random() * DAY_S
        busy = 0.55 + 0.45 * math.sin((ago / DAY_S) * 2 * math.pi + 1)
        if chance.random() > busy:
            continue
        at = now - ago
        (module, method), sender, receiver = chance.choice(MODULES), chance.choice(cpos), chance.choice(emsps)
        in_trouble = 20_000 < ago < 26_000
        (outcome,) = chance.choices(list(Outcome), (700, 12, 190 if in_trouble else 3))
        http, ocpi = {"delivered": (200, 1000), "refused": (400, 2001), "failed": (None, None)}[outcome]
        base = row()._replace(
            journey_id=f"{journey_id_at(at)}abcdef{number:06x}",
            at=at,
            ms=chance.uniform(20, 300),
            platform_id=sender,
            sender=party_of[sender],
            receiver=party_of[receiver],
            module=module,
            interface="RECEIVER",
            method=method,
            path=f"/NL/TNM/{number}",
            request_id=f"{chance.getrandbits(128):032x}",
            correlation_id=f"{chance.getrandbits(128):032x}",
            outcome=outcome,
        )
        late = {"reason": LATE, "fault": "network"} if outcome is Outcome.FAILED else {}
        yield base._replace(http=http or 200, ocpi=ocpi or 4003, **late)
        yield base._replace(
            direction=Direction.OUT,
            at=at + 0.002,
            ms=base.ms - 4,
            platform_id=receiver,
            http=http,
            ocpi=ocpi,
            **late,
        )
