"""Tokens, real-time authorization and the driver's part of sessions and CDRs between OCPI 2.1.1 and 2.2.1."""

from __future__ import annotations

from typing import Any

from routing.bridge.context import UNKNOWN
from routing.bridge.refusals import UnknownContract
from routing.bridge.shape import TAKEN, Field, Place, Shape, Value, each, names, nested
from routing.bridge.turns import check_case, dropped, owned, seconds, short_id, stamped
from routing.bridge.words import TOKEN_TYPES_211, word
from routing.ocpi import PartyId, party_in, party_named

# --- Token -----------------------------------------------------------------------------------------------------------


def check_collision(source: Value, place: Place) -> None:
    """Tokens of one uid and different types are one and the same in 2.1.1: only the RFID card is sent."""
    uid = source.get("uid") or place.context.ids.get("token_uid")
    kind = source.get("type") or place.context.ids.get("type", "RFID")
    if place.path or not isinstance(uid, str) or kind == "RFID":
        return
    if place.context.known("Token", uid, "RFID") is not None:
        raise place.refuse("has the uid of an RFID card, and OCPI 2.1.1 cannot tell them apart")


token_type = word(TOKEN_TYPES_211, other="OTHER")

down = Shape(
    fields={
        "country_code": TAKEN,
        "party_id": TAKEN,
        "type": Field("type", token_type),
        "contract_id": Field("auth_id"),
        "group_id": dropped("the driver cannot stop with another card of the group"),
        "last_updated": Field("last_updated", seconds),
    },
    known=names("uid visual_number issuer valid whitelist language"),
    is_closed=True,
    check=check_collision,
)


def restored_type(kind: Any, uid: Any, owner: PartyId, place: Place, words: frozenset[str] = TOKEN_TYPES_211) -> Any:
    """The type a token had before a version of these words made it OTHER, if the hub has seen it."""
    if kind != "OTHER" or not isinstance(uid, str):
        return kind
    known = (place.context.known("Token", uid, of=owner) or {}).get("type")
    return known if isinstance(known, str) and known not in words else kind


def _complete(source: Value, out: Value, place: Place) -> None:
    stamped(out, place)
    owned(out, place)
    uid = out.get("uid") or place.context.ids.get("token_uid")
    if "type" in out:
        out["type"] = restored_type(out["type"], uid, place.context.owner, place)


def _check(source: Value, place: Place) -> None:
    check_case("Token", source.get("uid"), place)


up = Shape(
    fields={"uid": Field("uid", short_id), "auth_id": Field("contract_id", short_id)},
    check=_check,
    finish=_complete,
)

# --- real-time authorization -----------------------------------------------------------------------------------------

references_up = Shape(
    fields={
        "location_id": Field("location_id", short_id),
        "evse_uids": Field("evse_uids", each(short_id)),
        "connector_ids": dropped("widened to the whole EVSE"),
    }
)
references_down = Shape(known=names("location_id evse_uids"), is_closed=True)

authorization_down = Shape(
    fields={"location": Field("location", nested(references_down))},
    known=names("allowed info"),
    is_closed=True,
)


def _with_token(source: Value, out: Value, place: Place) -> None:
    """The token that 2.1.1 does not return: as its owner pushed it, else made of what is known."""
    ids = place.context.ids
    uid, kind = ids.get("token_uid", UNKNOWN), ids.get("type", "RFID")
    stored = place.context.known("Token", uid, kind) or place.context.known("Token", uid)
    out["token"] = dict(stored) if stored else _synthetic(uid, kind, source, place)
    if not stored:
        place.into("token").defaulted(out["token"], "the hub has not seen this token")


def _synthetic(uid: str, kind: str, source: Value, place: Place) -> Value:
    owner = place.context.owner
    details = place.context.owner_details or {}
    return {
        "country_code": owner.country_code,
        "party_id": owner.party_id,
        "uid": uid,
        "type": kind,
        "contract_id": UNKNOWN,
        "issuer": str(details.get("name") or owner),
        "valid": source.get("allowed") == "ALLOWED",
        "whitelist": "NEVER",
        "last_updated": place.context.stamp,
    }


authorization_up = Shape(fields={"location": Field("location", nested(references_up))}, finish=_with_token)

# --- CdrToken --------------------------------------------------------------------------------------------------------


def auth_id(value: Any, place: Place) -> Any:
    """A CdrToken's contract: all that a 2.1.1 session or CDR says about the driver."""
    contract = value.get("contract_id") if isinstance(value, dict) else None
    if not isinstance(contract, str):
        raise place.refuse("has no contract_id")
    place.approximated(value, {"auth_id": contract})
    return contract


def cdr_token(contract: Any, location_id: Any, place: Place) -> Value:
    """The CdrToken of a contract: the token the hub knows, else who it belongs to and `#NA`."""
    contract = short_id(contract, place)
    stored = _usable(place.context.stored("TokenOfContract", (str(contract), str(location_id or ""))))
    party = _party_of(str(contract), stored, place)
    token: Value = {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "uid": stored["uid"] if stored else UNKNOWN,
        "type": stored["type"] if stored else "OTHER",
        "contract_id": contract,
    }
    if not stored:
        place.into("uid").defaulted(UNKNOWN, "no single token is known for this contract")
        place.into("type").defaulted("OTHER")
    return token


def _usable(token: Value | None) -> Value | None:
    """A token as its eMSP pushed it, which may be anything: one that names no party, uid or type is as good as none."""
    if token is None or not all(isinstance(token.get(name), str) for name in ("uid", "type")):
        return None
    return None if party_in(token) is None else token


def _party_of(contract: str, stored: Value | None, place: Place) -> PartyId:
    if stored:
        return party_named(stored["country_code"], stored["party_id"])
    if place.context.counterpart:
        return place.context.counterpart
    letters = contract.replace("-", "").replace("*", "")[:5]
    try:
        party = PartyId.parse(letters)
    except ValueError:
        party = None
    if party is None or place.context.stored("Party", (party.country_code, party.party_id)) is None:
        raise UnknownContract(f"{place.object_name}: no party is known for this {place.path}")
    return party
