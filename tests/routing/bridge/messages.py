"""Whole requests and answers for tests of the bridge."""

from __future__ import annotations

from typing import Any

from routing.bridge import parse_json, write_json
from routing.catalogue import operation_of
from routing.directory import Platform
from routing.message import Message, Reply
from routing.ocpi import VERSIONS, ConnectionStatus, Interface
from tests.routing.bridge.surroundings import CPO, EMSP, STAMP

S, R = Interface.SENDER, Interface.RECEIVER


def request(
    version: str,
    interface: Interface,
    method: str,
    module_and_path: str,
    body: Any = None,
    *,
    query: str = "",
    is_followed: bool = False,
) -> Message:
    """A request as the hub reads it: `locations/BE/BEC/LOC1` is a module and the path below it."""
    module, slash, rest = module_and_path.partition("/")
    path = slash + rest
    return Message(
        version=VERSIONS[version],
        module=module,
        interface=interface,
        method=method,
        path=path,
        query=query,
        body=b"" if body is None else write_json(body),
        caller=Platform("caller", "caller", ConnectionStatus.CONNECTED, VERSIONS[version]),
        sender=EMSP if interface is S or module == "tokens" else CPO,
        receiver=None,
        request_id="r",
        correlation_id="c",
        operation=None if is_followed else operation_of(module, interface, method, path),
        is_followed=is_followed,
    )


def answer(data: Any = None, *, http: int = 200, code: int = 1000, **more: Any) -> Reply:
    """An answer in the envelope."""
    document = {} if data is None else {"data": data}
    return Reply(http, write_json({**document, "status_code": code, "timestamp": STAMP, **more}), EMSP)


def sent(message: Message | Reply) -> Any:
    """The body of a message or an answer, parsed."""
    return parse_json(message.body)
