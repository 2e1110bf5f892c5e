"""The baseline: a bare aiohttp server and ClientSession that pass a request on, and do none of a hub's work."""

from __future__ import annotations

import asyncio
import socket
import sys

import aiohttp
from aiohttp import web


async def main(upstream_port: int) -> None:
    """Serve on a free port, and print it."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def pass_on(request: web.Request) -> web.Response:
            url = f"http://127.0.0.1:{upstream_port}{request.path_qs}"
            body = await request.read()
            headers = {"Authorization": "Token dG9rZW4=", "Content-Type": "application/json"}
            async with session.request(request.method, url, data=body, headers=headers) as answer:
                return web.Response(
                    status=answer.status, body=await answer.read(), headers={"Content-Type": "application/json"}
                )

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
        await web.SockSite(runner, sock).start()
        print(sock.getsockname()[1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(main(int(sys.argv[1])))
    except ImportError:
        asyncio.run(main(int(sys.argv[1])))
