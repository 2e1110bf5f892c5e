"""Running the hub, and what an operator does on the machine it runs on."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from admin.app import office
from hub import log
from hub.cli.terminal import WRONG_USE, ConfigFile, give_up, out, settings_of
from hub.config import Settings, mask_url
from hub.lifecycle import Hub, SchemaOutdated, running
from hub.loop import hurry, run, settle
from hub.store import Store, StoreUnavailable
from hub.tracing import TelemetryMissing
from hub.vault import VaultError


@asynccontextmanager
async def both_doors(settings: Settings) -> AsyncIterator[tuple[Hub, str]]:
    """A hub with its public and its admin door open, and the admin URL."""
    async with running(settings) as hub, office(hub) as admin_url:
        yield hub, admin_url


def serve(config: ConfigFile = None) -> None:
    """Run the hub until SIGTERM or Ctrl-C."""
    settings = settings_of(config)
    log.set_up(settings.log.level, settings.log.format)
    run_to_the_end(_serve(settings), settings)


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    hurry()
    async with both_doors(settings) as (_, admin_url):
        structlog.get_logger(__name__).info("admin door open", url=admin_url)
        settle()
        await stop.wait()
        structlog.get_logger(__name__).info("stopping", at_most_s=settings.server.shutdown_s)
        loop.call_later(settings.server.shutdown_s, _leave)


def _leave() -> None:
    """End at once: something outside does not let go, such as a database that hangs. A node may die at any moment."""
    structlog.get_logger(__name__).warning("stopped in the middle: the time for it is over")
    os._exit(0)


def migrate(config: ConfigFile = None) -> None:
    """Bring the store's schema to this version."""
    settings = settings_of(config)

    async def work() -> None:
        store = Store(settings.storage.url)
        try:
            await store.migrate()
        finally:
            await store.close()
        out.print(f"{mask_url(settings.storage.url)} is at this version's schema.", markup=False)

    run_to_the_end(work(), settings)


def run_to_the_end(work: Coroutine[Any, Any, None], settings: Settings) -> None:
    """Run to the end, and tell what stopped it in a sentence."""
    try:
        run(work)
    except StoreUnavailable as error:
        give_up(f"the store {mask_url(settings.storage.url)} cannot be used: {error}")
    except (SchemaOutdated, VaultError) as error:
        give_up(str(error))
    except TelemetryMissing as error:
        give_up(str(error), WRONG_USE)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        give_up(f"a door cannot be opened: {where}{error.strerror or error}")
