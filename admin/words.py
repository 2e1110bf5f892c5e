"""The small words of the API's JSON: names, party ids, moments, networks; how they are read and written."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
)

from admin.problems import bad_field
from routing.ocpi import PartyId

_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Given(BaseModel):
    """What a caller sends: exactly the fields that are known, of exactly their types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Told(BaseModel):
    """What a caller is told."""

    model_config = ConfigDict(frozen=True)


def _party(value: Any) -> PartyId:
    if isinstance(value, PartyId):
        return value
    if not isinstance(value, str):
        raise ValueError("a party is written like NL*TNM")
    return PartyId.parse(value.upper())


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text))


def _fingerprint(text: str) -> str:
    digits = text.replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits")
    return digits


def _sendable(token: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("a token has 1 to 255 printable ASCII characters without spaces")
    return token


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_printable)
]
PARTY_SCHEMA: Final = {"type": "string", "pattern": "^[A-Za-z0-9]{2}[*-]?[A-Za-z0-9]{3}$", "examples": ["NL*TNM"]}
Party = Annotated[
    PartyId,
    PlainValidator(_party),
    PlainSerializer(lambda party: str(party).upper(), return_type=str),
    WithJsonSchema(PARTY_SCHEMA),
]
"""Read as NL*TNM, NL-TNM, NLTNM and in lower case; written NL*TNM."""
Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Network = Annotated[str, AfterValidator(_network), WithJsonSchema({"type": "string", "examples": ["192.0.2.0/24"]})]
Fingerprint = Annotated[
    str,
    AfterValidator(_fingerprint),
    WithJsonSchema({"type": "string", "description": "SHA-256, 64 hexadecimal digits, with colons or without"}),
]
Token = Annotated[SecretStr, AfterValidator(_sendable)]


def fields_of(cursor: str | None, count: int) -> list[str] | None:
    """The parts of a cursor, None for the first page. Raises Problem (422) for one that this API did not give out."""
    if cursor is None:
        return None
    parts = cursor.split("~")
    if len(parts) != count or not re.fullmatch(r"[A-Za-z0-9._~-]+", cursor):
        raise bad_cursor()
    return parts


def bad_cursor() -> Exception:
    """A cursor that this API did not give out."""
    return bad_field("cursor", "is not one that this API gave out")
