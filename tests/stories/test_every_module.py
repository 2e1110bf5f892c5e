"""Every module, method and interface passes through the hub as it was sent, and is answered as it was answered.

OCPI 2.2.1 and 2.3.0, transport and format, Message Routing; the calls are those of `operations`.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import unquote

import pytest

from hub.config import Settings
from hub.lifecycle import running
from hub.testing import FakeCpo, FakeEmsp, FakeParty, Served
from hub.testing.exchange import Exchange, Seen
from routing.catalogue import MODULES, module_key
from routing.ocpi import Role
from tests.stories.market import MakeSettings, join
from tests.stories.operations import CALLS, CUSTOM, Call

ANSWER = (
    '{"timestamp":"2026-01-01T00:00:00Z" , "status_code" : 1000,"data":{"x":1.10,"y":[1e2,"é \\u00e9"]},"z":0}\n'
).encode()
NOT_TO_BE_PASSED_ON = {
    "Cookie": "a=b",
    "X-Own": "1",
    "Proxy-Authorization": "x",
    "TE": "trailers",
    "X-Forwarded-For": "9.9.9.9",
}


@asynccontextmanager
async def everybody(settings: Settings, version: str) -> AsyncIterator[Mapping[str, FakeParty]]:
    """A party of each role, on a hub that publishes a custom module; each answers with the same bytes."""
    every = [*MODULES, CUSTOM]
    async with (
        running(settings) as hub,
        FakeCpo("NL*TNM", version=version, modules=every) as cpo,
        FakeEmsp("DE*ABC", version=version, modules=every) as emsp,
        FakeParty("FR*SCS", version=version, role=Role.SCSP) as scsp,
        FakeParty("BE*PTP", version=version, role=Role.PTP) as ptp,
    ):
        parties = {"cpo": cpo, "emsp": emsp, "scsp": scsp} | ({"ptp": ptp} if version == "2.3.0" else {})
        await join(hub, *parties.values())
        yield parties


async def carry_out(call: Call, parties: Mapping[str, FakeParty]) -> None:
    """Do the call, and see that nothing was changed on either way."""
    caller, receiver = parties[call.caller], parties[call.receiver]
    count = {"X-Total-Count": "77", "X-Limit": "10"}
    receiver.answers[module_key(call.module)] = lambda _: Served(call.http, body=ANSWER, headers=count)
    query, body, original = call.query, call.body, ""
    if call.callback:
        original, _ = caller.expect_result()
    if call.callback == "body":
        body = body.replace(b"{", b'{"response_url" :\t"%s",' % original.encode(), 1)
    elif call.callback == "query":
        query = f"{query}&response_url={original}" if query else f"response_url={original}"
    before = len(receiver.seen)
    sent = await caller.send(
        call.method, call.module, call.path, interface=call.interface, to=str(receiver.parties[0]).lower(),
        query=query, body=body, headers=NOT_TO_BE_PASSED_ON,
    )  # fmt: skip
    assert (sent.http, sent.body) == (call.http, ANSWER)
    (seen,) = receiver.seen[before:]
    check_message(call, sent, seen, query, body, original)
    check_headers(sent, seen, caller, receiver)
    assert {name: sent.headers[name] for name in count} == count


def check_message(call: Call, sent: Exchange, seen: Seen, query: str, body: bytes, original: str) -> None:
    """Method, endpoint, path, query and body are as they were sent, but for the response_url."""
    assert (seen.method, seen.interface, seen.path) == (call.method, call.interface.upper(), call.path)
    assert seen.headers.get("Content-Type") == ("application/json" if body else None)
    if call.callback == "body":
        own = seen.document["response_url"]
        assert own != original
        assert seen.body.replace(own.encode(), original.encode()) == body
    else:
        assert seen.body == body
    if call.callback == "query":
        others, _, own = seen.query.rpartition("response_url=")
        assert unquote(own) != original
        assert f"{others}response_url={original}" == query
    else:
        assert seen.query == query


def check_headers(sent: Exchange, seen: Seen, caller: FakeParty, receiver: FakeParty) -> None:
    """OCPI 2.2.1, transport and format: the token of the hop, ids, and who it is from and for."""
    token = base64.b64encode(receiver.handshakes.token_in.encode()).decode()
    assert seen.headers["Authorization"] == f"Token {token}"
    assert (seen.sender, seen.receiver) == (str(caller.parties[0]), str(receiver.parties[0]))
    assert seen.headers["X-Correlation-ID"] == sent.sent["X-Correlation-ID"] == sent.headers["X-Correlation-ID"]
    assert seen.headers["X-Request-ID"] != sent.sent["X-Request-ID"] == sent.headers["X-Request-ID"]
    assert (sent.party("from"), sent.party("to")) == (str(receiver.parties[0]), str(caller.parties[0]))
    assert sent.headers["Content-Type"] == "application/json"
    assert not {*NOT_TO_BE_PASSED_ON} & {*seen.headers}


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_every_call_of_every_module_passes_untouched(settings: MakeSettings, version: str) -> None:
    async with everybody(settings(hub={"custom_modules": [CUSTOM]}), version) as parties:
        failed = []
        for call in (call for call in CALLS if version in call.versions):
            try:
                await carry_out(call, parties)
            except Exception as error:  # each row is told, not only the first
                failed.append(f"{call}: {type(error).__name__} {str(error)[:600]}")
        assert not failed, "\n".join(failed)


async def test_what_only_2_3_0_has_is_unknown_in_2_2_1(settings: MakeSettings) -> None:
    async with everybody(settings(hub={"custom_modules": [CUSTOM]}), "2.2.1") as parties:
        for call in (call for call in CALLS if "2.2.1" not in call.versions and call.caller != "ptp"):
            url = parties[call.caller].peer.address("cdrs", call.interface).replace("cdrs", call.module) + call.path
            sent = await parties[call.caller].send(call.method, call.module, url=url, to="DE*ABC", body=call.body)
            assert (sent.http, sent.status_code) == (404, 2000), call


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_the_hub_publishes_every_module_on_both_interfaces(settings: MakeSettings, version: str) -> None:
    async with everybody(settings(hub={"custom_modules": [CUSTOM]}), version) as parties:
        known = {(module, side) for module, side in parties["cpo"].peer.endpoints if module in {*MODULES, CUSTOM}}
        wanted = [name for name, row in MODULES.items() if version in row.versions] + [CUSTOM]
        assert known == {(name, side) for name in wanted for side in ("SENDER", "RECEIVER")}
        assert {(module_key(call.module), call.interface.upper()) for call in CALLS if version in call.versions} >= (
            known - {("commands", "SENDER"), ("cdrs", "RECEIVER")}
        )


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_a_custom_module_is_reached_however_either_side_spells_it(settings: MakeSettings, version: str) -> None:
    """Its receiver is whoever advertises the same identifier (interfaces, Configuration), in whatever case, as with
    standard modules: advertised in lower case or in capitals, it is the one that the hub publishes.
    """
    async with (
        running(settings(hub={"custom_modules": ["nlTNM-Lights"]})) as hub,
        FakeCpo("NL*TNM", modules=["nltnm-lights"]) as cpo,
        FakeEmsp("DE*ABC", version=version, modules=["NLTNM-LIGHTS"]) as emsp,
    ):
        await join(hub, cpo, emsp)
        for to in ("DE*ABC", None):
            sent = await cpo.send("POST", "nlTNM-Lights", "/on", to=to, body={"x": 1})
            assert sent.is_success, (to, sent.envelope)
        there, again = await emsp.saw(method="POST", module="nlTNM-Lights", count=2)
        assert (there.segments, again.segments) == (("on",), ("on",))
        back = await emsp.send("PUT", "nlTNM-Lights", "/off", to="NL*TNM", body={"x": 1})
        assert back.is_success, back.envelope
