"""Single objects of a module: one that is there, its parts, and what does not exist."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from hub.check import judging
from hub.check.asking import Came
from hub.check.endpoint import Endpoint, id_of
from hub.check.report import Remark, Step, fail, warn
from routing.catalogue import Operation
from routing.ocpi import SUCCESS

PARTS: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "LOC-S2": (("evses", "uid", "EVSE"), ("connectors", "id", "Connector"))
}
"""Parts of an object with an address of their own: which member, what it is called by, what it is."""


async def listed(endpoint: Endpoint, operation: Operation, name: str, seen: Sequence[Any]) -> AsyncIterator[Step]:
    """An object of a list by its id, and its parts."""
    document = next((item for item in seen if id_of(item)), None)
    if document is None:
        yield endpoint.skipped(f"one {name}", "not tried: the list was empty")
        return
    path = "/".join(filter(None, (_prefix(operation), _segment(id_of(document)))))
    yield await _object(endpoint, path, name, id_of(document))
    for member, id_name, part_name in PARTS.get(operation.id, ()):
        parts = document.get(member) if isinstance(document, dict) else None
        document = next((part for part in parts or () if isinstance(part, dict) and id_name in part), None)
        if document is None:
            return
        path += f"/{_segment(str(document[id_name]))}"
        yield await _object(endpoint, path, part_name, str(document[id_name]))


async def unknown(endpoint: Endpoint, operation: Operation) -> Step:
    """Something that does not exist; where a party owns it, it would be the hub's own."""
    hub = endpoint.asker.hub
    owner = {"{country_code}": hub.country_code, "{party_id}": hub.party_id}
    segments = [
        owner.get(segment, endpoint.strange) if segment.startswith("{") else segment
        for segment in operation.path.split("/")
        if not segment.endswith("?}")
    ]
    came = await endpoint.ask("GET", endpoint.address("/".join(segments)))
    return endpoint.step(
        came,
        f"something unknown in {_prefix(operation) or endpoint.identifier}",
        "HTTP 404 with an OCPI status code from 2000 to 2999",
        "Status codes",
        absence(came),
        is_judged_whole=False,
    )


async def authorization(endpoint: Endpoint) -> Step:
    """Real-time authorization of a token that nobody has."""
    came = await endpoint.ask("POST", endpoint.address(f"{endpoint.strange}/authorize", "type=RFID"))
    has_2004 = endpoint.asker.version.has_routing_headers
    remarks = absence(came)
    if came.read is not None and came.read.code == SUCCESS:
        remarks = judging.objects(endpoint.asker.version, "AuthorizationInfo", [came.read.data])
        if isinstance(came.read.data, dict) and came.read.data.get("allowed") == "ALLOWED":
            remarks.append(fail("a token that nobody has is allowed to charge"))
        elif has_2004:
            remarks.append(warn("a token that nobody has is known: OCPI 2004 is the answer for it"))
    elif came.read is not None and came.read.code != 2004 and has_2004 and not remarks:
        remarks.append(warn(f"OCPI {came.read.code}, where 2004 (Unknown Token) is expected"))
    return endpoint.step(
        came,
        "authorization of an unknown token",
        "HTTP 404 and OCPI 2004" if has_2004 else "HTTP 404, or an answer that does not allow it",
        "Tokens, POST method",
        remarks,
        is_judged_whole=False,
    )


async def profile(endpoint: Endpoint) -> Step:
    """The charging profile of a session that does not exist: there is nothing to change."""
    address = f"{endpoint.asker.base_url}/chargingprofiles/callback/{endpoint.strange.lower()}"
    query = f"duration=900&response_url={quote(address, safe='')}"
    came = await endpoint.ask("GET", endpoint.address(endpoint.strange, query))
    remarks = absence(came)
    if came.read is not None and came.read.code == SUCCESS:
        remarks = judging.objects(endpoint.asker.version, "ChargingProfileResponse", [came.read.data])
        if isinstance(came.read.data, dict) and came.read.data.get("result") == "ACCEPTED":
            remarks.append(warn("a session that nobody has is accepted: UNKNOWN_SESSION is the answer for it"))
    expected = "HTTP 200, OCPI 1000 and UNKNOWN_SESSION"
    name, source = "profile of an unknown session", "ChargingProfiles, GET method"
    return endpoint.step(came, name, expected, source, remarks, is_judged_whole=False)


def absence(came: Came) -> list[Remark]:
    """Whether an answer says that there is no such thing (Status codes)."""
    if came.answer is None:
        return []
    code = came.read.code if came.read else None
    found = judging.transport(came.answer)
    if code is not None and 1000 <= code < 2000:
        return [*found, fail(f"OCPI {code}: what cannot exist is answered with success")]
    if code is not None and 3000 <= code < 5000:
        return [*found, fail(f"OCPI {code}: fails, where something just does not exist")]
    if found:
        return found
    if came.answer.http != 404:
        found.append(warn(f"HTTP {came.answer.http}, where 404 should be answered"))
    if code is None:
        return [*found, warn("no OCPI envelope")]
    return [*found, *came.remarks]


async def _object(endpoint: Endpoint, path: str, name: str, id: str) -> Step:
    came = await endpoint.ask("GET", endpoint.address(path))
    remarks: list[Remark] = []
    if came.answer is not None and not (remarks := judging.success(came.answer, came.read)):
        data = came.read.data if came.read else None
        if isinstance(data, list):
            remarks.append(fail("a list came, where one object belongs"))
        elif not isinstance(data, dict):
            remarks.append(fail("no object came"))
        else:
            remarks = judging.objects(endpoint.asker.version, name, [data])
            if id_of(data).lower() != id.lower():
                remarks.append(fail("another object came than the one that was asked for"))
    identifier = endpoint.identifier[:1].upper() + endpoint.identifier[1:]
    source = f"{identifier}, {endpoint.interface.capitalize()} interface, GET method"
    return endpoint.step(came, f"one {name}", f"HTTP 200, OCPI 1000 and that {name}", source, remarks)


def _prefix(operation: Operation) -> str:
    return operation.path.partition("{")[0].strip("/")


def _segment(id: str) -> str:
    return quote(id, safe="")
