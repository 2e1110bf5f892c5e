"""Commands, their answers and their results between OCPI 2.1.1 and 2.2.1."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from routing.bridge.refusals import AnsweredByHub
from routing.bridge.shape import Field, Place, Shape, Turn, Value, names, nested
from routing.bridge.turns import seconds, short_id
from routing.bridge.v211_v221 import tokens
from routing.bridge.v211_v221.locations_down import NEEDS_CONNECTOR, evse_of
from routing.bridge.words import word

MAX_INT: Final = 2**31

# --- requests --------------------------------------------------------------------------------------------------------


def _number(value: Any, place: Place) -> Any:
    """A reservation id as the int of 2.1.1; one that is no number gets one, the same every time."""
    text = str(value)
    if text.isascii() and text.isdigit() and int(text) < MAX_INT and str(int(text)) == text:
        return int(text)
    stored = place.context.known("Reservation", text) or {}
    owner = place.context.owner
    digest = sha256(f"{owner.folded}/{text.casefold()}".encode()).digest()
    number = stored.get("number", int.from_bytes(digest[:4], "big") % MAX_INT)
    place.approximated(value, number)
    return number


_token_down = Field("token", nested(tokens.down))
_token_up = Field("token", nested(tokens.up))
_ids_up = {name: Field(name, short_id) for name in ("location_id", "evse_uid", "connector_id", "session_id")}

start_session_down = Shape({"token": _token_down}, names("response_url location_id evse_uid"), is_closed=True)
reserve_now_down = Shape(
    {
        "token": _token_down,
        "expiry_date": Field("expiry_date", seconds),
        "reservation_id": Field("reservation_id", _number),
    },
    names("response_url location_id evse_uid"),
    is_closed=True,
)
stop_session_down = Shape(known=names("response_url session_id"), is_closed=True)
unlock_connector_down = Shape(known=names("response_url location_id evse_uid connector_id"), is_closed=True)


def _with_connector(source: Value, out: Value, place: Place) -> None:
    """Name the connector where the EVSE demands it and has only one; refuse the command where it has more."""
    location_id, evse_uid = source.get("location_id"), source.get("evse_uid")
    owner = place.context.counterpart
    if owner is None or not isinstance(location_id, str) or evse_uid is None or source.get("connector_id"):
        return
    evse = evse_of(place.context.known("Location", location_id, of=owner) or {}, evse_uid) or {}
    if NEEDS_CONNECTOR not in (evse.get("capabilities") or []):
        return
    connectors = evse.get("connectors") or []
    if len(connectors) != 1:
        raise AnsweredByHub({"result": "REJECTED"}, "the EVSE wants the connector named, and OCPI 2.1.1 cannot")
    out["connector_id"] = connectors[0].get("id")
    place.into("connector_id").defaulted(out["connector_id"])


start_session_up = Shape({"token": _token_up, **_ids_up}, finish=_with_connector)
reserve_now_up = Shape(
    {"token": _token_up, **_ids_up, "reservation_id": Field("reservation_id", lambda value, place: str(value))}
)
other_command_up = Shape(_ids_up)

# --- answers and results ---------------------------------------------------------------------------------------------


def _explained(text: str, value: Value) -> None:
    value.setdefault("message", [{"language": "en", "text": text}])


def response_up(value: Any, place: Place) -> Value:
    """A 2.1.1 CommandResponse as the answer to a command."""
    out = _response_up(value, place)
    if value.get("result") == "TIMEOUT":
        _explained("The charging station did not answer in time.", out)
    out["timeout"] = place.context.command_timeout_s
    place.into("timeout").defaulted(out["timeout"])
    return out


def result_up(value: Any, place: Place) -> Value:
    """A 2.1.1 CommandResponse as the asynchronous result of a command."""
    out = _result_up(value, place)
    if value.get("result") == "UNKNOWN_SESSION":
        _explained("The session is not known.", out)
    return out


def _result(known: str, stand_ins: dict[str, str]) -> Turn:
    return word(names(known), stand_ins, other="REJECTED")


_COMMON: Final = "ACCEPTED REJECTED NOT_SUPPORTED"

_response_up = Shape(
    {"result": Field("result", _result(f"{_COMMON} UNKNOWN_SESSION", {"TIMEOUT": "REJECTED"}))},
)
_result_up = Shape({"result": Field("result", _result(f"{_COMMON} TIMEOUT", {"UNKNOWN_SESSION": "FAILED"}))})
response_down = Shape(
    {"result": Field("result", _result(f"{_COMMON} TIMEOUT UNKNOWN_SESSION", {}))},
    is_closed=True,
)
result_down = response_down
