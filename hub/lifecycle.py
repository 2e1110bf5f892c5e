"""Open in order, close in reverse: the store, the picture, the courier, the public door."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from hub.app import OcpiDoor
from hub.checks import Checks
from hub.chores import Chore, by_age, doing
from hub.clock import Clock
from hub.config import Settings
from hub.core import Core
from hub.credentials import CredentialsModule
from hub.inspection import Inspection, inspecting
from hub.journal import RETENTION_S, Journal, keeping
from hub.liveness import Liveness, watching
from hub.memory import Pulls, StoredMemory, mirroring, remembering
from hub.metrics import Metrics
from hub.news import News, telling
from hub.particulars import Particulars
from hub.picture import WATCH_S, Picture
from hub.platforms import Platforms
from hub.registration import HANDSHAKE_S, Registration
from hub.relay import Relay
from hub.renewal import LOOK_S, renew_due, tell_changed_roles
from hub.roles import Listed
from hub.server import bind, listening
from hub.store import Store, StoreUnavailable
from hub.store.links import Links
from hub.store.secrets import fingerprints
from hub.tracing import tracing
from hub.vault import Fingerprints, Vault, keys_from_file, read_keys
from hub.watched import watch, watch_broadcast, watch_door
from hub.zones import zone_at
from routing.addresses import check_nothing, check_public
from routing.courier import Courier
from routing.crossing import Crossing
from routing.journey import Leg, OnLeg, ignore
from routing.lead_back import LeadBack, LinkStore
from routing.router import Router

log = structlog.get_logger(__name__)

FORGET_S = 60.0
REQUESTS_SHARE, OWED_SHARE, BROADCAST_SHARE, MEMORY_SHARE, JOURNAL_SHARE = 0.5, 0.05, 0.1, 0.1, 0.1
"""Of `server.shutdown_s`, what running requests, tokens that were exchanged, waiting broadcasts, memory and the journal
may take, one after the other; the admin door closes before them (ADMIN_SHARE). A little is left: when all of it is over
the process ends, whatever it is at."""
ADMIN_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub that runs: what the office and the command line work with."""

    core: Core
    router: Router
    platforms: Platforms
    links: Links
    journal: Journal
    metrics: Metrics
    inspection: Inspection
    checks: Checks
    memory: StoredMemory
    pulls: Pulls
    liveness: Liveness

    @property
    def settings(self) -> Settings:
        """The configuration, with the ports that were really taken."""
        return self.core.settings

    @property
    def store(self) -> Store:
        """The database."""
        return self.core.store

    @property
    def picture(self) -> Picture:
        """Who is connected."""
        return self.core.picture

    @property
    def fingerprints(self) -> Fingerprints:
        """The keyed hash of tokens and admin keys."""
        return self.core.fingerprints

    async def not_ready(self) -> str | None:
        """Why parties cannot be served right now, in words; None when they can."""
        try:
            await self.core.store.ping()
            await self.core.picture.refresh()
        except StoreUnavailable as error:
            return f"the store does not answer: {error}"
        return None


class SchemaOutdated(Exception):
    """The store's schema is older than this version, and must not be changed by itself."""

    def __str__(self) -> str:
        return "the store's schema is not of this version: run `ocpi-hub migrate`"


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Hub]:
    """A hub with its public door open, on the port that was asked for or, with port 0, on a free one.

    Raises OSError for a port that is taken, StoreUnavailable, SchemaOutdated or VaultError.
    """
    sock = bind(settings.server.host, settings.server.port)
    try:
        settings = _with_port(settings, sock.getsockname()[1])
        async with (
            opened(settings) as (hub, door),
            listening(
                hub.metrics.counting(door),
                sock,
                refuse=door.refuse,
                max_body_bytes=settings.routing.max_body_bytes,
                shutdown_s=settings.server.shutdown_s * REQUESTS_SHARE,
                certificates=settings.server.certificates,
            ),
        ):
            log.info("public door open", url=settings.public_url)
            yield hub
    finally:
        sock.close()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Hub, OcpiDoor]]:
    """A hub without a socket: store migrated, directory drawn, chores under way."""
    async with AsyncExitStack() as stack:
        core = await _core(settings, stack)
        metrics = Metrics()
        journal = await stack.enter_async_context(_journal(core.store, settings))
        inspection = Inspection(core.store, lambda: core.picture.directory)
        await stack.enter_async_context(inspecting(inspection))
        watch(metrics, core.picture, journal, inspection)
        liveness = await stack.enter_async_context(watching(core))
        traced = await stack.enter_async_context(tracing(settings))
        on_leg = _each(metrics.observe, journal.record, liveness.observe, inspection.observe, traced)
        memory = StoredMemory(core.store, lambda: core.picture.directory)
        await stack.enter_async_context(remembering(memory, within_s=settings.server.shutdown_s * MEMORY_SHARE))
        links = Links(core.store)
        stack.push_async_callback(links.close)
        particulars = Particulars(core)
        stack.push_async_callback(particulars.close)
        news = await stack.enter_async_context(telling(core, on_leg))
        lead_back = LeadBack(LinkStore(links.save, links.find), settings.public_url)
        router = _router(core, lead_back, memory, on_leg, particulars, news)
        stack.push_async_callback(router.broadcast.close, settings.server.shutdown_s * BROADCAST_SHARE)
        watch_broadcast(metrics, router.broadcast)
        pulls = await stack.enter_async_context(mirroring(core, router.outbound, memory, metrics))
        handshakes = await _handshakes(core)
        stack.push_async_callback(handshakes.close, settings.server.shutdown_s * OWED_SHARE)
        checks = Checks(core)
        stack.push_async_callback(checks.close)
        platforms = Platforms(core, handshakes)
        hub = Hub(core, router, platforms, links, journal, metrics, inspection, checks, memory, pulls, liveness)
        door = OcpiDoor(core, Relay(core, router, lead_back), CredentialsModule(core), handshakes, news.rows, on_leg)
        watch_door(metrics, lambda: door.turned_away)
        stack.push_async_callback(door.close)
        await stack.enter_async_context(doing(*_chores(hub, handshakes)))
        yield hub, door


def _chores(hub: Hub, handshakes: Registration) -> Iterator[Chore]:
    """What every node does beside its requests, and what one of them does for all."""
    core = hub.core
    yield Chore("watching the directory", WATCH_S, core.picture.refresh)
    yield Chore("measuring the event loop", 1.0, hub.metrics.watch_loop)
    yield Chore("renewing tokens", LOOK_S, lambda: renew_due(core.store, hub.platforms))
    tell_roles = partial(tell_changed_roles, core, hub.platforms, Listed())
    yield Chore("telling of roles", _roles_look_s(core.settings), tell_roles)
    for chore in (
        Chore("forgetting links", FORGET_S, lambda: hub.links.forget_expired(time.time())),
        Chore("forgetting handshakes", FORGET_S, lambda: handshakes.forget_abandoned(time.time())),
        Chore("forgetting journeys", RETENTION_S, hub.journal.forget_old),
    ):
        yield by_age(core.store, core.clock, chore)


def _roles_look_s(settings: Settings) -> float:
    """Often enough that batches are as far apart as they should be, whichever node does them."""
    return min(settings.hub.roles_batch_s / 10, LOOK_S)


def _router(
    core: Core, lead_back: LeadBack, memory: StoredMemory, on_leg: OnLeg, particulars: Particulars, news: News
) -> Router:
    return Router(
        directory=lambda: core.picture.directory,
        look_again=core.picture.look_again,
        courier=core.courier,
        lead_back=lead_back,
        crossing=Crossing(memory.recall, zone_at),
        on_leg=on_leg,
        memory=memory,
        on_learnt=particulars.learnt,
        hold=news.hold,
    )


async def _handshakes(core: Core) -> Registration:
    handshakes = Registration(core)
    if core.store.is_sqlite:  # nobody else can be in the middle of a handshake
        await handshakes.forget_abandoned(time.time() + HANDSHAKE_S)
    return handshakes


async def _core(settings: Settings, stack: AsyncExitStack) -> Core:
    """The common ground: the store migrated, the picture drawn."""
    store = Store(settings.storage.url)
    stack.push_async_callback(store.close)
    await _prepare(store, settings)
    vault = Vault(master_keys(settings))
    core = Core(
        settings=settings,
        store=store,
        vault=vault,
        fingerprints=await fingerprints(store, vault),
        picture=Picture(store, vault, settings.hub.party, needs_agreement=settings.routing.policy == "agreements"),
        courier=_courier(settings),
        clock=Clock(),
    )
    stack.push_async_callback(core.courier.close)
    await core.picture.refresh()
    return core


def master_keys(settings: Settings) -> list[bytes]:
    """The keys of the vault: from the configuration, or from the key file, which is made on first start."""
    if settings.security.master_key is not None:
        return read_keys(settings.security.master_key.get_secret_value())
    return keys_from_file(settings.security.master_key_file or _key_file(settings.storage.url))


def _key_file(storage_url: str) -> Path:
    """`ocpi-hub.key` beside the store."""
    if not storage_url.startswith("sqlite:///") or ":memory:" in storage_url:
        return Path("ocpi-hub.key")
    return Path(storage_url.removeprefix("sqlite:///")).with_name("ocpi-hub.key")


def _with_port(settings: Settings, port: int) -> Settings:
    return settings.model_copy(update={"server": settings.server.model_copy(update={"port": port})})


def _journal(store: Store, settings: Settings) -> AbstractAsyncContextManager[Journal]:
    journal = Journal(store, bodies=settings.journal.bodies, retention_days=settings.journal.retention_days)
    return keeping(journal, within_s=settings.server.shutdown_s * JOURNAL_SHARE)


def _each(*watchers: OnLeg) -> OnLeg:
    awake = [watcher for watcher in watchers if watcher is not ignore]

    def on_leg(leg: Leg) -> None:
        for watcher in awake:
            watcher(leg)

    return on_leg


def _courier(settings: Settings) -> Courier:
    return Courier(
        connect_timeout_s=settings.routing.connect_timeout_s,
        party_timeout_s=settings.routing.party_timeout_s,
        max_answer_bytes=settings.routing.max_body_bytes,
        check_address=check_nothing if settings.security.allow_private_parties else check_public,
    )


async def _prepare(store: Store, settings: Settings) -> None:
    if store.is_sqlite or settings.storage.auto_migrate:
        await store.migrate()
    elif not await store.is_migrated():
        raise SchemaOutdated
