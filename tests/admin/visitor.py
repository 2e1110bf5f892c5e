"""Somebody with a browser at the admin door, without the browser: cookies are kept, forms bring their token along."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from admin import users
from admin.keys import AdminRole
from hub.lifecycle import Hub

PASSWORD: Final = "correct horse battery"
PAGE: Final = {"Accept": "text/html,application/xhtml+xml"}


@dataclass(frozen=True, slots=True)
class Look:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def csrf(self) -> str:
        """The token that the page's forms bring along."""
        found = re.search(r'<meta name="csrf" content="([^"]*)">', self.text)
        return found[1] if found else ""

    @property
    def location(self) -> str:
        """Where it sends the browser."""
        return self.headers.get("Location", "")

    @property
    def words(self) -> str:
        """The page without its tags."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.text)).split())


@dataclass(slots=True)
class Visitor:
    """One browser."""

    url: str
    session: aiohttp.ClientSession
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> Look:
        """Look at a page; redirects are not followed."""
        look = await self._send("GET", path, None, headers)
        self.csrf = look.csrf or self.csrf
        return look

    async def post(self, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Look:
        """Send a form of the page looked at last."""
        return await self.post_raw(path, {"_csrf": self.csrf, **(form or {})}, **headers)

    async def post_raw(self, path: str, form: Mapping[str, str], **headers: str) -> Look:
        """Send exactly this."""
        return await self._send("POST", path, form, headers)

    async def log_in(self, name: str, password: str = PASSWORD) -> Look:
        """Log in as a user."""
        look = await self.post_raw("/login", {"name": name, "password": password})
        await self.get("/")
        return look

    async def log_in_with_key(self, key: str) -> Look:
        """Log in with an admin key."""
        look = await self.post_raw("/login", {"key": key})
        await self.get("/")
        return look

    async def _send(self, method: str, path: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> Look:
        more = PAGE | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(
            method, self.url + path, data=form, headers=more, allow_redirects=False
        ) as answer:
            cookies = {name: morsel.OutputString() for name, morsel in answer.cookies.items()}
            return Look(answer.status, dict(answer.headers), await answer.text(), cookies)


@asynccontextmanager
async def visitor(url: str) -> AsyncIterator[Visitor]:
    """A browser without any cookie."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Visitor(url, session)


async def with_users(hub: Hub) -> None:
    """A user of each role, named after it."""
    hashed = await users.Passwords().hashed(PASSWORD)
    for role in AdminRole:
        await users.create(hub.store, name=role, role=role, password=hashed, by="test")


async def settled(hub: Hub) -> None:
    """Wait until the journal wrote everything."""
    async with asyncio.timeout(20):
        while hub.journal.waiting:  # noqa: ASYNC110 - what is waited for is counted, not signalled
            await asyncio.sleep(0.02)
