"""A real browser: headless Chromium, as it is installed on the machine, without a profile and without any update."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """Where Chromium is on this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def opened(program: str, folder: Path) -> AsyncIterator[Browser]:
    """A browser that keeps what it must keep in this folder."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*ARGUMENTS, f"--disk-cache-dir={folder}"], headless=True
        )
        try:
            yield browser
        finally:
            await browser.close()
