"""A small market to decide in: two CPOs, two eMSPs and others, each on a platform of its own; and messages in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from routing.agreements import Agreement
from routing.catalogue import module_key, operation_of
from routing.directory import Directory, Party, Platform, endpoints_of
from routing.message import Message
from routing.ocpi import VERSIONS, ConnectionStatus, Interface, PartyId, Role

HUB = PartyId("NL", "HUB")
CPO, OTHER_CPO = PartyId("NL", "TNM"), PartyId("BE", "BEC")
EMSP, OTHER_EMSP = PartyId("DE", "MSP"), PartyId("FR", "EMP")
S, R = Interface.SENDER, Interface.RECEIVER

MODULES = ("locations", "tariffs", "sessions", "cdrs", "tokens", "commands", "chargingprofiles")


def party(who: PartyId, role: Role, platform_id: str, **more: Any) -> Party:
    """One party in one role."""
    return Party(who, role, platform_id, name=str(who), **more)


def platform(platform_id: str, *parties: Party, version: str = "2.2.1", **more: Any) -> Platform:
    """A connected platform that advertises every module on both interfaces, unless told otherwise."""
    urls = [
        (module, interface, f"https://{platform_id}.example/ocpi/{interface.lower()}/{module}")
        for module in MODULES
        for interface in Interface
    ]
    values: dict[str, Any] = {
        "name": platform_id,
        "status": ConnectionStatus.CONNECTED,
        "version": VERSIONS[version],
        "token_out": f"token-for-{platform_id}",
        "endpoints": endpoints_of(urls),
        "versions_url": f"https://{platform_id}.example/ocpi/versions",
    }
    return Platform(id=platform_id, parties=parties, **(values | more))


def market(*others: Platform, agreements: Iterable[Agreement] = (), needs_agreement: bool = False) -> Directory:
    """The picture with `cpo`, `other-cpo`, `emsp`, `other-emsp`; a platform of the same id replaces its namesake."""
    platforms = {
        "cpo": platform("cpo", party(CPO, Role.CPO, "cpo")),
        "other-cpo": platform("other-cpo", party(OTHER_CPO, Role.CPO, "other-cpo")),
        "emsp": platform("emsp", party(EMSP, Role.EMSP, "emsp")),
        "other-emsp": platform("other-emsp", party(OTHER_EMSP, Role.EMSP, "other-emsp")),
    }
    platforms |= {other.id: other for other in others}
    return Directory.of(HUB, platforms.values(), agreements, needs_agreement=needs_agreement, revision=1)


def message(
    directory: Directory,
    caller: str,
    method: str,
    module: str,
    interface: Interface,
    path: str = "",
    *,
    to: PartyId | None = None,
    document: Mapping[str, Any] | None = None,
    version: str = "2.2.1",
    query: str = "",
) -> Message:
    """A message as the door would make it, from the caller's first party."""
    sender = directory.platforms[caller]
    return Message(
        version=VERSIONS[version],
        module=module_key(module),
        interface=interface,
        method=method,
        path=path,
        query=query,
        body=b"" if document is None else json.dumps(document).encode(),
        caller=sender,
        sender=sender.parties[0].id,
        receiver=to,
        request_id="request",
        correlation_id="correlation",
        operation=operation_of(module_key(module), interface, method, path),
    )
