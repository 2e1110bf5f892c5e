"""The baseline of a delivery: PUTs by aiohttp's ClientSession. Prints what one costs, in microseconds of CPU."""

from __future__ import annotations

import asyncio
import sys
import time

import aiohttp

from hub.loop import run
from tests.bench.targets import location

AT_ONCE = 64


async def main(upstream_port: int, total: int) -> None:
    """Warm up, then measure."""
    headers = {"Authorization": "Token dG9rZW4=", "Content-Type": "application/json"}
    url, body = f"http://127.0.0.1:{upstream_port}/locations/NL/TNM/LOC1", location("LOC1", 1)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def some(left: range) -> None:
            for _ in left:
                async with session.put(url, data=body, headers=headers) as answer:
                    await answer.read()

        async def every(count: int) -> None:
            await asyncio.gather(*(some(range(count // AT_ONCE)) for _ in range(AT_ONCE)))

        await every(1000)
        started = time.process_time()
        await every(total)
        print((time.process_time() - started) / (total // AT_ONCE * AT_ONCE) * 1e6, flush=True)


if __name__ == "__main__":
    run(main(int(sys.argv[1]), int(sys.argv[2])))
