"""What fails leaves nothing to the garbage collector: it would stop everybody while it looks through thousands.

An error that is named in the frame where it was caught is held by that frame, which its traceback holds; and with both
the request, its body, and whatever else is named in between.
"""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import hub
import routing
from hub.lifecycle import running
from hub.testing import FakeCpo, FakeEmsp, samples
from hub.testing.exchange import Exchange
from routing.errors import OcpiError
from tests.routing.sockets import call, courier
from tests.stories.market import MakeSettings, join, market

OURS = tuple(str(Path(module.__file__ or "").parent) for module in (hub, routing))
TESTING = str(Path(OURS[0], "testing"))
REPEATS = 5


@contextmanager
def left_to_the_collector() -> Iterator[list[str]]:
    """The frames of ours that nothing but the garbage collector frees."""
    left: list[str] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield left
        gc.collect()
        codes = [frame.f_code for frame in gc.garbage if isinstance(frame, FrameType)]
        left += [
            f"{code.co_filename} {code.co_qualname}"
            for code in codes
            if code.co_filename.startswith(OURS) and not code.co_filename.startswith(TESTING)
        ]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("fault", ["http-500", "garbage", "truncated", "closed", "silent", "http-401", "ocpi-2001"])
async def test_a_party_that_fails(settings: MakeSettings, fault: str) -> None:
    async with market(settings(routing={"party_timeout_s": 0.3, "connect_timeout_s": 0.3})) as (_, cpo, emsp):
        emsp.misbehave(fault)
        with left_to_the_collector() as left:
            for number in range(REPEATS):
                assert not (await put(cpo, number)).is_success
        assert left == []


@pytest.mark.parametrize("fault", ["http-500", "garbage"])
async def test_a_party_of_another_version_that_fails(settings: MakeSettings, fault: str) -> None:
    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp(version="2.1.1") as emsp:
        await join(hub, cpo, emsp)
        emsp.misbehave(fault)
        with left_to_the_collector() as left:
            for number in range(REPEATS):
                assert not (await put(cpo, number)).is_success
        assert left == []


async def test_a_request_that_is_refused(settings: MakeSettings) -> None:
    async with market(settings()) as (_, cpo, _):
        with left_to_the_collector() as left:
            for number in range(REPEATS):
                assert (await put(cpo, number, to="FR*ZZZ")).status_code == 4001
                assert (await put(cpo, number, headers={"Authorization": "Token wrong"})).http == 401
                assert (await cpo.send("PUT", "locations", "/NL/TNM/L", to="DE*ABC", body=b"{")).http == 400
        assert left == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://nobody.invalid/", "nonsense"])
async def test_a_call_that_does_not_get_there(url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        async with courier(party_timeout_s=2.0) as opened:
            with left_to_the_collector() as left:
                for _ in range(REPEATS):
                    with pytest.raises(OcpiError):
                        await call(opened, url.format(port=taken.getsockname()[1]))
    assert left == []


async def put(cpo: FakeCpo, number: int, to: str = "DE*ABC", **more: Any) -> Exchange:
    """Another location for somebody."""
    body = samples.location("2.2.1", cpo.parties[0], f"L{number}")
    return await cpo.send("PUT", "locations", f"/NL/TNM/L{number}", to=to, body=body, **more)
