"""What is said to the hub in a way that few would say it: a slash more than it gave out, two receivers, a fragment.

OCPI 2.2.1 and 2.3.0, commands, POST; transport and format, Message Routing; RFC 9110, 5.3 and RFC 9112, 3.2.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from hub.testing import FakeCpo, Served
from tests.stories.market import MakeSettings, market

TO = (("OCPI-to-country-code", "DE"), ("OCPI-to-party-id", "ABC"))
FROM = (("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "TNM"))


async def say(cpo: FakeCpo, path: str, *headers: tuple[str, str], body: bytes = b'{"id": "1"}') -> tuple[int, Any]:
    """PUT a session as these bytes; HTTP status and OCPI envelope."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(cpo.peer.versions_url.split(":")[2].split("/")[0]))
    token = base64.b64encode(cpo.peer.token_out.encode()).decode()
    target = "/" + cpo.peer.address("sessions", "receiver").split("/", 3)[3] + path
    lines = (f"PUT {target} HTTP/1.1", "Host: hub", f"Authorization: Token {token}", f"Content-Length: {len(body)}")
    named = (f"{name}: {value}" for name, value in headers)
    writer.write("\r\n".join((*lines, *named, "Connection: close", "", "")).encode() + body)
    head, _, content = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), json.loads(content)


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
@pytest.mark.parametrize("name", [name for name, _ in (*TO, *FROM)])
async def test_a_routing_header_that_says_two_things_is_refused(
    settings: MakeSettings, version: str, name: str
) -> None:
    async with market(settings(), version) as (_, cpo, emsp):
        for other in ("XY", "XYZ", ""):
            for first, then in (((*TO, *FROM), ((name, other),)), (((name.lower(), other),), (*TO, *FROM))):
                http, told = await say(cpo, "/NL/TNM/1", *first, *then)
                assert (http, told["status_code"]) == (200, 2001), told
                assert name in told["status_message"]
        assert not [seen for seen in emsp.seen if seen.module == "sessions"]
        http, told = await say(cpo, "/NL/TNM/1", *TO, *FROM, *TO, *FROM)  # the same twice is clear enough
        assert (http, told["status_code"]) == (201, 1000), told


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_an_address_with_a_fragment_reaches_nobody(settings: MakeSettings, version: str) -> None:
    """What is behind a # would be cut off on the way, and the receiver be told of another object."""
    async with market(settings(), version) as (_, cpo, emsp):
        for path in ("/NL/TNM/1#2", "/NL/TNM/1?x=1#2", "/NL/TNM/1#"):
            http, told = await say(cpo, path, *TO, *FROM, body=b'{"id": "1#2"}')
            assert (http, told["status_code"]) == (404, 2000), told
        assert not [seen for seen in emsp.seen if seen.module == "sessions"]
        session = {"id": "1#2", "auth_id": "x", "cdr_token": {}}
        await say(cpo, "/NL/TNM/1%232", *TO, *FROM, body=json.dumps(session).encode())
        paths = [seen.raw_path for seen in emsp.seen if seen.module == "sessions"]
        assert all(path.endswith("/NL/TNM/1%232") for path in paths)
        assert paths or version == "2.1.1"  # whose content says too little of a receiver


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_an_address_of_the_hub_is_the_same_with_a_slash_and_another_with_anything_else(
    settings: MakeSettings, version: str
) -> None:
    """Routing reference, 1.3: on the hub's own endpoints an optional trailing slash is accepted."""
    async with market(settings(), version) as (_, cpo, emsp):
        cpo.answers["commands"] = lambda _: Served(data={"result": "ACCEPTED", "timeout": 30})
        command = {"response_url": emsp.expect_result()[0], "session_id": "S1"}
        await emsp.send("POST", "commands", "/STOP_SESSION", to="NL*TNM", body=command)
        result = cpo.seen[-1].document["response_url"]
        cdr = (await cpo.push_cdr("DE*ABC", emsp.parties[0])).headers["Location"]
        before = len(emsp.seen)
        for url in (f"{result}//", f"{result}/x", result.replace("/commands/", "/chargingprofiles/")):
            assert (await cpo.send("POST", "commands", url=url, body={"result": "ACCEPTED"})).http == 404, url
        for url in (f"{cdr}//", cdr.replace("/cdrs/", "/tokens/")):
            assert (await cpo.send("GET", "cdrs", url=url)).http == 404, url
        assert len(emsp.seen) == before
        assert (await cpo.send("POST", "commands", url=f"{result}/", body={"result": "ACCEPTED"})).is_success
        assert (await cpo.send("GET", "cdrs", url=f"{cdr}/")).is_success
