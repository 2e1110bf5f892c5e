"""Nonsense that parties send teaches nothing, or little; it is no failure of the hub's, and never wakes an admin."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from structlog.testing import capture_logs

from hub.store import Store
from routing.message import Message, Reply
from routing.ocpi import VERSIONS
from tests.hub.test_memory import opened
from tests.routing.scene import CPO, EMSP, OTHER_EMSP, R, S, market, message, platform

PICTURE = market()
OLD = platform("emsp", version="2.1.1")

_ids = st.sampled_from(["A", "a", "A", "B", "%00", "%ED%A0%80", "x" * 300, "%E2%82%AC", "C%1F"])
_words = st.sampled_from(["A", "a", "RFID", "OTHER", "", "\x00", "\ud800", "x" * 300, "2024-01-01T00:00:00Z"])
_odd = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | _words | st.lists(_words, max_size=2)
_part = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("uid", "id", "type", "contract_id", "auth_id", "connectors"), _odd)
)
_value = _odd | st.lists(_part | _odd, max_size=2) | _part
NAMES = (
    "uid id type contract_id auth_id token evses connectors last_updated charging_periods location_id reservation_id"
    " expiry_date authorization_reference country_code party_id publish cdr_token"
).split()
_document = _value | st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, _value))
_pushed = st.sampled_from(
    [
        ("locations", "cpo", "/NL/TNM/{}", R),
        ("locations", "cpo", "/NL/TNM/{}/{}", R),
        ("locations", "cpo", "/NL/TNM/{}/{}/{}", R),
        ("tariffs", "cpo", "/NL/TNM/{}", R),
        ("sessions", "cpo", "/NL/TNM/{}", R),
        *[("tokens", "emsp", "/DE/MSP/{}", R)] * 3,
        ("tokens", "cpo", "/{}/authorize", S),
        ("commands", "emsp", "/START_SESSION", R),
        ("commands", "emsp", "/RESERVE_NOW", R),
        ("cdrs", "cpo", "", R),
    ]
)


@st.composite
def _heard(draw: st.DrawFn) -> tuple[Message, Reply | None, Any]:
    module, caller, path, interface = draw(_pushed)
    is_posted = path.endswith("authorize") or module in ("commands", "cdrs")
    sent = message(
        PICTURE,
        caller,
        "POST" if is_posted else draw(st.sampled_from(["PUT", "PUT", "PATCH", "DELETE"])),
        module,
        interface,
        path.format(draw(_ids), draw(_ids), draw(_ids)),
        version=draw(st.sampled_from(list(VERSIONS))),
        query=draw(st.sampled_from(["", "type=OTHER", "type=%00"])),
    )
    sent = replace(sent, body=json.dumps(draw(_document)).encode())  # the door lets no other pass
    if not is_posted and draw(st.booleans()):
        return sent, None, None
    receiver = draw(st.sampled_from([EMSP, OTHER_EMSP])) if caller == "cpo" else CPO
    said = json.dumps({"status_code": 1000, "data": draw(_document)}).encode()
    return sent, Reply(200, said, receiver, code=1000), draw(st.sampled_from([OLD, PICTURE.platforms["emsp"]]))


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(heard=st.lists(_heard(), max_size=12))
async def test_whatever_is_heard_can_be_read_and_written(
    store: Store, heard: list[tuple[Message, Reply | None, Any]]
) -> None:
    with capture_logs() as logged:
        async with opened(store) as memory:
            for one in heard:
                memory.learn(*one)
            for key in ("A", "B"):
                await memory.find("locations", (key,), CPO)
                await memory.find("tokens", (key,), EMSP)
                await memory.recall("Token", ("DE", "MSP", key), (CPO, EMSP))
            await memory.settled()
    assert [line for line in logged if line["log_level"] == "error"] == []
    assert (memory.dropped["unwritable"], memory.dropped["unreadable"]) == (0, 0)
