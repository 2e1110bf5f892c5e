"""Conformance checks as they run: begun by an admin, one at a time for a platform, kept in the store step by step."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import structlog

from hub.check import Report, Step, Topic, checking, topics_of
from hub.check.asking import Asker
from hub.core import Core
from hub.platforms import UnknownPlatform, WrongState
from hub.store import StoreUnavailable, audit
from hub.store import checks as stored
from hub.store.checks import BROKEN_OFF, RUNNING
from hub.store.registry import new_id
from hub.versions import base_url
from routing.directory import Platform
from routing.ocpi import ConnectionStatus, Version

log = structlog.get_logger(__name__)

DONE = "done"


class Checks:
    """Begins checks, and keeps what they find. Close it when done."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """How many are under way on this node."""
        return len(self._tasks)

    async def begin(self, platform_id: str, *, by: str) -> Report:
        """Begin to check a platform. Raises UnknownPlatform, and WrongState where it cannot be asked anything."""
        await self._core.picture.refresh()
        platform = self._core.picture.directory.platforms.get(platform_id)
        if platform is None:
            raise UnknownPlatform(f"there is no platform {platform_id}")
        asker = self._asker(platform, _version_of(platform))
        now = time.time()
        topics = topics_of(asker, now)
        report = Report(
            id=new_id(),
            platform_id=platform.id,
            platform_name=platform.name,
            party=platform.parties[0].id.text.upper(),
            version=asker.version.number,
            by=by,
            started_at=now,
            ended_at=None,
            status=RUNNING,
            topics=len(topics),
            topics_done=0,
            steps=(),
        )
        await self._keep_new(report)
        task = asyncio.create_task(self._run(report, asker, topics), name=f"check {platform.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return report

    async def close(self) -> None:
        """Break off what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_new(self, report: Report) -> None:
        async with self._core.store.write() as connection:
            if await stored.is_running(connection, report.platform_id, report.started_at):
                raise WrongState(f"a check of platform {report.platform_name} is running")
            await stored.add(connection, report)
            await audit.record(
                connection, actor=report.by, action="checked", subject=report.platform_id, after={"check": report.id}
            )

    async def _run(self, report: Report, asker: Asker, topics: tuple[Topic, ...]) -> None:
        status = BROKEN_OFF
        try:
            async for found in checking(asker, topics):
                if isinstance(found, Step):
                    report = replace(report, steps=(*report.steps, found))
                else:
                    report = replace(report, topics_done=report.topics_done + 1)
                    await self._save(report)
            status = DONE
        except Exception as error:  # the admin is to see how far it came
            log.error("check broke off", check=report.id, platform=report.platform_id, exc_info=error)
        finally:
            report = replace(report, status=status, ended_at=time.time())
            await asyncio.shield(self._save(report))

    async def _save(self, report: Report) -> None:
        try:
            async with self._core.store.write() as connection:
                await stored.save(connection, report, time.time())
        except StoreUnavailable as error:
            log.warning("store unavailable", while_doing="keeping a check", check=report.id, reason=str(error))

    def _asker(self, platform: Platform, version: Version) -> Asker:
        return Asker(
            platform=platform,
            version=version,
            hub=self._core.settings.hub.party,
            courier=self._core.courier,
            checked=self._core.checked,
            base_url=f"{base_url(self._core, platform)}/{version.number}",
            is_private_allowed=self._core.settings.security.allow_private_parties,
        )


def _version_of(platform: Platform) -> Version:
    """The version in use. Raises WrongState where there is none to check."""
    if platform.status is ConnectionStatus.SUSPENDED:
        raise WrongState(f"platform {platform.name} is suspended; resume it first")
    if platform.version is None or platform.token_out is None or not platform.parties:
        raise WrongState(f"platform {platform.name} is not registered: there is nothing to check yet")
    return platform.version
