"""What TLS costs, in and out: on kept connections, and for each connection that is new."""

from __future__ import annotations

import os
import ssl
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from routing.wire import party_tls
from tests.authority import Authority
from tests.bench import routed, targets
from tests.bench.findings import Part, Verdict, at_most, rows_of
from tests.bench.load import HangsUp, Upstream, closed_loop, connect, start_upstream
from tests.bench.targets import Target

HANDSHAKES: Final = 300
AT_ONCE: Final = 20
PLAIN, IN, OUT = "no TLS", "TLS in", "TLS in and out"
NEW_OUT: Final = "TLS in and out, each call on a new connection"


async def part(rounds: int, requests: int) -> Part:
    """Measure a hub without TLS, one with TLS at its door, one with TLS to its parties too, and one whose party
    keeps no connection.
    """
    with ExitStack() as stack:
        authority = Authority(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        cert, key = authority.issue()
        os.environ["SSL_CERT_FILE"] = str(authority.file)  # which the measured hubs inherit, and trust
        accepting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        accepting.load_cert_chain(cert, key)
        parties = [await start_upstream(), await start_upstream(accepting), await start_upstream(accepting, HangsUp)]
        (_, plain), (_, secure), (_, hangs_up) = parties
        door = {"tls_cert": cert, "tls_key": key}
        hubs = [
            targets.hub(stack, plain, PLAIN),
            targets.hub(stack, plain, IN, **door),
            targets.hub(stack, secure, OUT, upstream_scheme="https", **door),
            targets.hub(stack, hangs_up, NEW_OUT, upstream_scheme="https", **door),
        ]
        for hub in hubs:
            await one_round(hub, authority, 1000)
        found = [{hub.name: await one_round(hub, authority, requests) for hub in hubs} for _ in range(rounds)]
        for server, _ in parties:
            server.close()
    table = rows_of(found)
    return Part("TLS", table, verdicts(table))


async def one_round(hub: Target, authority: Authority, requests: int) -> dict[str, float]:
    """On kept connections; then what a new connection costs, with a session to continue and without."""
    context = authority.client() if hub.name != PLAIN else None
    before, opened, resumed = hub.cpu_s(), Upstream.opened, Upstream.resumed
    await closed_loop(hub.port, hub.requests, connections=routed.CONNECTIONS, total=requests, tls=context)
    await hub.rests()
    row = {
        "cpu_us": (hub.cpu_s() - before) / requests * 1e6,
        "opened_out": float(Upstream.opened - opened),
        "resumed_out": (Upstream.resumed - resumed) / max(Upstream.opened - opened, 1),
    }
    row["connection_us"], _ = await connection_us(hub, context)
    if context is None:
        return row | {"resumed_us": float("nan"), "resumed_in": float("nan")}
    continuing = party_tls(cafile=str(authority.file))
    (first,) = await connect(hub.port, 1, continuing)
    await first.exchange(hub.requests[0])
    continuing.remember(first.secured)
    first.close()
    row["resumed_us"], row["resumed_in"] = await connection_us(hub, continuing)
    return row


async def connection_us(hub: Target, context: ssl.SSLContext | None) -> tuple[float, float]:
    """What a new connection costs, and which share of them continued a session."""
    before, reused = hub.cpu_s(), 0
    for _ in range(HANDSHAKES // AT_ONCE):
        opened = await connect(hub.port, AT_ONCE, context)
        for connection in opened:
            reused += bool(context is not None and connection.secured.session_reused)
            connection.close()
    await hub.rests()
    return (hub.cpu_s() - before) / HANDSHAKES * 1e6, reused / HANDSHAKES


def verdicts(table: routed.Table) -> list[Verdict]:
    """Connections are kept, and sessions resumed."""
    opened = table[OUT]["opened_out"].high
    shares = min(table[IN]["resumed_in"].low, table[NEW_OUT]["resumed_out"].low)
    return [
        at_most("TLS connections to parties that a round of requests opened", opened, routed.CONNECTIONS, "", 0),
        Verdict("TLS sessions are resumed, in and out", "all", f"{shares:.0%}", shares > 0.99),
    ]
