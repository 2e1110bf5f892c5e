"""Requests across versions: the method, path, query and body that the receiver's version expects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from routing.bridge.calls import TYPE_NAMES, ids_of, object_in_request
from routing.bridge.codec import write_json
from routing.bridge.context import Context, Periods
from routing.bridge.receipt import Loss, Receipt
from routing.bridge.refusals import AnsweredByHub, ChangedPeriods, ImpossiblePreferences, Untranslatable
from routing.bridge.shape import Place, Value, expect_object
from routing.bridge.steps import translate, version_of
from routing.bridge.turns import MAX_ID
from routing.bridge.v211_v221 import tokens as tokens_211
from routing.bridge.v221_v230 import objects as objects_230
from routing.bridge.words import TOKEN_TYPES_211, TOKEN_TYPES_221
from routing.catalogue import module_named, operation_of
from routing.links import split_query
from routing.message import Message
from routing.ocpi import Interface, Version

PIVOT: Final = "2.2.1"
"""The version in which memory answers."""


def translate_request(message: Message, *, target_version: Version | str, context: Context) -> tuple[Message, Receipt]:
    """The message as a party of another version expects it, `version` included, and what was lost.

    Addresses (response_url) are left alone. Raises Untranslatable for what is impossible, AnsweredByHub where the
    hub answers in the receiver's place, NeedsObject where memory lacks what it takes.
    """
    target = version_of(target_version)
    if target == message.version:
        return message, Receipt()
    _check_receiver(message, target)
    context = replace(context, ids=ids_of(message))
    _check_ids(message, target, context)
    if message.method == "PATCH" and target.rank > message.version.rank == 1:
        return _patch_up(message, target, context)
    if target.rank == 1 and message.operation is not None and message.operation.id in ("LOC-R2", "LOC-R3"):
        return _location_down(message, target, context)
    return _translated(message, target, context)


def withdrawal(message: Message, *, target_version: Version | str) -> Message | None:
    """What to send in place of a tariff that was refused, so that a receiver with an older copy shows no stale price.

    A DELETE of the tariff, by its path; None for everything else.
    """
    if message.operation is None or message.operation.id not in ("TAR-R2", "TAR-R3"):
        return None
    return replace(
        message,
        version=version_of(target_version),
        method="DELETE",
        body=b"",
        operation=operation_of(message.module, message.interface, "DELETE", message.path),
    )


def _translated(message: Message, target: Version, context: Context) -> tuple[Message, Receipt]:
    value, receipt = _body(message, target, context)
    query, more = _query(message, target, context, value)
    body = message.body if value is None else write_json(value)
    return replace(message, version=target, query=query, body=body), receipt + more


def _body(message: Message, target: Version, context: Context) -> tuple[Value | None, Receipt]:
    object_name = object_in_request(message)
    if object_name is None or not message.body:
        return None, Receipt()
    return translate(
        object_name,
        message.document,
        source=message.version,
        target=target,
        context=context,
        partial=message.method == "PATCH",
    )


# --- what the receiver's version has not -----------------------------------------------------------------------------


def _check_receiver(message: Message, target: Version) -> None:
    """Refuse a call to a module or operation that the receiver's version has not."""
    module, operation = module_named(message.module), message.operation
    if module is not None and target.number not in module.versions:
        if module.identifier == "chargingprofiles" and message.interface is Interface.RECEIVER:
            raise _not_supported(message)
        raise Untranslatable(f"the receiver speaks OCPI {target}, which has no module {module.identifier}")
    if operation is None:
        return
    if operation.id == "CMD-R6" and target.rank < 3:
        raise _not_supported(message)
    if target.number not in operation.versions and operation.method != "PATCH":  # which is sent as PUT
        raise _not_supported(message) if operation.module == "commands" else ImpossiblePreferences()


def _not_supported(message: Message) -> AnsweredByHub:
    has_timeout = message.version.rank > 1
    return AnsweredByHub({"result": "NOT_SUPPORTED", "timeout": 0} if has_timeout else {"result": "NOT_SUPPORTED"})


def _check_ids(message: Message, target: Version, context: Context) -> None:
    """Refuse ids in the path that are too long from 2.2 on, and a token that 2.1.1 cannot tell from an RFID card."""
    if message.version.rank == 1:
        for name, value in context.ids.items():
            if len(value) > MAX_ID:
                raise Untranslatable(f"{name} is longer than the {MAX_ID} characters of OCPI {target}")
    elif target.rank == 1 and message.module == "tokens" and message.interface is Interface.RECEIVER:
        tokens_211.check_collision({}, Place(context, "Token", []))


# --- query -----------------------------------------------------------------------------------------------------------


def _query(message: Message, target: Version, context: Context, body: Value | None) -> tuple[str, Receipt]:
    """The query: the same, but for the type of a token."""
    if message.module != "tokens" or "token_uid" not in context.ids:
        return message.query, Receipt()
    others = [raw for name, raw in split_query(message.query) if name not in TYPE_NAMES]
    if message.interface is Interface.SENDER:
        kind, receipt = _authorized_type(message, target, context)
        return _joined(others, kind), receipt
    if target.rank == 1:
        return _joined(others, None), Receipt()
    return _joined(others, _pushed_type(message, target, context, body)), Receipt()


def _authorized_type(message: Message, target: Version, context: Context) -> tuple[str | None, Receipt]:
    """The type of the token to authorize, in the receiver's words; nothing where the default, RFID, was meant."""
    kind = context.ids["type"]
    if not any(name in TYPE_NAMES for name, _ in split_query(message.query)):
        return None, Receipt()
    losses: list[Loss] = []
    place = Place(context, "Token", losses).into("type")
    if message.version.rank < target.rank:
        words = TOKEN_TYPES_211 if message.version.rank == 1 else TOKEN_TYPES_221
        kind = tokens_211.restored_type(kind, context.ids["token_uid"], context.owner, place, words)
    if target.rank < 3 <= message.version.rank:
        kind = objects_230.token_type(kind, place)
    if target.rank == 1:
        kind = tokens_211.token_type(kind, place)
    return kind, Receipt.of(losses)


def _pushed_type(message: Message, target: Version, context: Context, body: Value | None) -> str | None:
    """The type of a pushed token: as the query or body says, else as the hub knows it; nothing for the default."""
    if message.version.rank > 1:
        said = any(name in TYPE_NAMES for name, _ in split_query(message.query))
        kind = context.ids["type"] if said else None
        if kind is not None and target.rank < message.version.rank:  # the receipt has it from the body
            kind = objects_230.token_type(kind, Place(context, "Token", []))
        return kind
    stored = context.known("Token", context.ids["token_uid"]) or {}
    kind = (body or {}).get("type") or stored.get("type")
    return str(kind) if kind else None


def _joined(others: Iterable[str], kind: str | None) -> str:
    return "&".join([*others, *([f"type={quote(kind, safe='')}"] if kind else [])])


# --- locations for 2.1.1 ---------------------------------------------------------------------------------------------


def _location_down(message: Message, target: Version, context: Context) -> tuple[Message, Receipt]:
    """A push of a location, or of a part of one: what does not say whether it is published must belong to one that
    is known to be.

    Where a PATCH publishes it, 2.1.1 gets all of it: what it knew of it till then was little, or is outdated.
    """
    is_part = "evse_uid" in context.ids
    if message.method == "PUT" and not is_part:
        return _translated(message, target, context)
    publish = None if is_part else message.fields.get("publish")
    if publish is False:
        return _translated(message, target, context)
    known = context.needed("Location", context.ids["location_id"])
    return _put_of(message, target, context, "Location", known) if publish else _translated(message, target, context)


# --- PATCH sent as PUT -----------------------------------------------------------------------------------------------


def _patch_up(message: Message, target: Version, context: Context) -> tuple[Message, Receipt]:
    """A PATCH from 2.1.1: of a tariff always sent as PUT, of a session where earlier charging periods changed."""
    if message.operation is not None and message.operation.id == "TAR-R3":
        return _put_of(message, target, context, "Tariff", context.needed("Tariff", context.ids["tariff_id"]))
    try:
        return _translated(message, target, context)
    except ChangedPeriods:
        whole = context.needed("Session", context.ids["session_id"])
        everything = replace(context, periods_211=Periods.APPEND)
        return _put_of(message, target, everything, "Session", whole)


def _put_of(
    message: Message, target: Version, context: Context, object_name: str, stored: Value
) -> tuple[Message, Receipt]:
    """The stored object with the PATCH applied, sent as PUT."""
    patch = expect_object(message.document, Place(context, object_name, []))
    changes, receipt = translate(
        object_name, patch, source=message.version, target=PIVOT, context=context, partial=True
    )
    whole, more = translate(object_name, {**stored, **changes}, source=PIVOT, target=target, context=context)
    put = replace(
        message,
        version=target,
        method="PUT",
        body=write_json(whole),
        operation=operation_of(message.module, message.interface, "PUT", message.path),
    )
    return put, receipt + more
