"""Answers across versions: the data in the envelope, its status code and the HTTP status."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from routing.answers import open_envelope
from routing.bridge.calls import CHANGING, ids_of, object_in_answer
from routing.bridge.codec import write_json
from routing.bridge.context import Context
from routing.bridge.receipt import Loss, Receipt, What, loss
from routing.bridge.refusals import Untranslatable
from routing.bridge.shape import Place
from routing.bridge.statuses import in_words, status_code
from routing.bridge.steps import translate, version_of
from routing.bridge.turns import seconds
from routing.message import Message, Reply
from routing.ocpi import SUCCESS, Version

NOT_ENOUGH_INFORMATION: Final = 2002
UNKNOWN_TOKEN: Final = 2004


@dataclass(frozen=True, slots=True)
class _Call:
    """One answered call between two versions, and the object in its answer."""

    message: Message
    object_name: str | None
    source: Version
    target: Version
    context: Context

    def translate(self, value: Any) -> tuple[Any, Receipt]:
        """Translate one object of the answer."""
        return translate(self.object_name or "", value, source=self.source, target=self.target, context=self.context)


def translate_answer(
    reply: Reply, message: Message, *, source: Version | str, target: Version | str, context: Context
) -> tuple[Reply, Receipt]:
    """The answer of a party of version `source` as the caller of version `target` expects it, and what was lost.

    `message` is the request as the caller sent it. Items of a list that cannot be translated are left out; headers
    (X-Total-Count, Link) stay the answering party's, so that offsets keep their meaning. A body that is no envelope
    passes as it is. Raises Untranslatable where the one object asked for cannot be translated.
    """
    old, new = version_of(source), version_of(target)
    document = open_envelope(reply.body)
    if old == new or document is None:
        return reply, Receipt()
    call = _Call(message, object_in_answer(message), old, new, replace(context, ids=ids_of(message)))
    data, receipt = _data(document.get("data"), call)
    out = {name: value for name, value in document.items() if name != "data"}
    if data is not None:
        out = {"data": data, **out}
    if new.rank == 1 and "timestamp" in out:
        # not on the receipt: what is lost is of the answer, not of what it is about
        out["timestamp"] = seconds(out["timestamp"], Place(context, "Response", []))
    http, code = _status(reply.http, document["status_code"], call)
    if code == UNKNOWN_TOKEN:
        out.pop("data", None)
    if code != document["status_code"]:
        out["status_code"] = code
        if new.rank == 1:
            said = document.get("status_message")
            out["status_message"] = in_words(said if isinstance(said, str) else "", document["status_code"])
        receipt += Receipt((loss("Response", "status_code", What.APPROXIMATED, document["status_code"], code),))
    return replace(reply, http=http, body=write_json(out), code=code), receipt


def _data(data: Any, call: _Call) -> tuple[Any, Receipt]:
    """The data for the caller. What OCPI does not specify is left out where it would be in the wrong version."""
    if data is None:
        return None, Receipt()
    if call.object_name is None:
        return _unspecified(data, call.message)
    if isinstance(data, list):
        return _items(data, call)
    return call.translate(data)


def _items(values: list[Any], call: _Call) -> tuple[list[Any], Receipt]:
    out: list[Any] = []
    losses: list[Loss] = []
    for value in values:
        try:
            item, receipt = call.translate(value)
        except Untranslatable as error:
            losses.append(loss(call.object_name or "", "", What.DROPPED, value, None, error.message))
            continue
        out.append(item)
        losses += receipt.losses
    return out, Receipt.of(losses)


def _unspecified(data: Any, message: Message) -> tuple[Any, Receipt]:
    operation = message.operation
    if operation is None or operation.data_required or message.method not in CHANGING:
        return data, Receipt()
    if data in ({}, [], ""):
        return None, Receipt()
    return None, Receipt((loss(operation.object_name or "Response", "", What.DROPPED, data, None),))


def _status(http: int, code: int, call: _Call) -> tuple[int, int]:
    """HTTP status and OCPI status code for the caller."""
    if call.object_name == "AuthorizationInfo" and call.source.rank == 1 and _means_unknown(http, code):
        return 404, UNKNOWN_TOKEN
    return http, status_code(code, call.target)


def _means_unknown(http: int, code: int) -> bool:
    """Whether a 2.1.1 answer to an authorization says that the token is not known, for which 2.1.1 has no code."""
    if code == SUCCESS:
        return http == 404
    return http == 404 or (2000 <= code < 3000 and code != NOT_ENOUGH_INFORMATION)
