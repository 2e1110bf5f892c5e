"""OCPI's basic types as pydantic annotations, and the base of every OCPI object.

They only look: a value that passes is kept exactly as it came (digits, letter case, missing `Z`), so that an object
can be written again as it was read. What each failed check is called is in `hub.models.findings`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, StringConstraints
from pydantic_core import PydanticCustomError

PRINTABLE_ASCII: Final = r"^[ -~]*$"
PRINTABLE: Final = r"^[^\x00-\x1F\x7F-\x9F]*$"
OPEN_ENUM: Final = r"^[^\x00-\x1F\x7F-\x9F]+$"
TIMESTAMP: Final = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?Z?$"
)
DAY: Final = r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
TIME_OF_DAY: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
ABSOLUTE_URL: Final = r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$"
LATITUDE: Final = r"^-?[0-9]{1,2}\.[0-9]{5,7}$"
LONGITUDE: Final = r"^-?[0-9]{1,3}\.[0-9]{5,7}$"
LATITUDE_2_1_1: Final = r"^-?[0-9]{1,2}\.[0-9]{6}$"
LONGITUDE_2_1_1: Final = r"^-?[0-9]{1,3}\.[0-9]{6}$"


class OcpiObject(BaseModel):
    """Base of every OCPI object: nothing is coerced, and fields that OCPI does not know are kept."""

    model_config = ConfigDict(extra="allow", strict=True, defer_build=True, hide_input_in_errors=True)


def CiString(max_length: int | None = None, min_length: int | None = None) -> StringConstraints:
    """Case-insensitive, printable ASCII (types, CiString). The case is kept; comparing is the reader's business."""
    return StringConstraints(max_length=max_length, min_length=min_length, pattern=PRINTABLE_ASCII)


def AsciiString(max_length: int | None = None, min_length: int | None = None) -> StringConstraints:
    """Case-sensitive, printable ASCII: the `string` of OCPI 2.1.1."""
    return StringConstraints(max_length=max_length, min_length=min_length, pattern=PRINTABLE_ASCII)


def OcpiString(max_length: int | None = None, min_length: int | None = None) -> StringConstraints:
    """Case-sensitive, printable UTF-8: the `string` since OCPI 2.2. Lengths are in characters."""
    return StringConstraints(max_length=max_length, min_length=min_length, pattern=PRINTABLE)


@dataclass(frozen=True, slots=True)
class Known:
    """The values that OCPI lists for an OpenEnum. Others are as valid, so pydantic does not look at it."""

    values: tuple[str, ...]


def NoTwins(name: str, *, has_case: bool = False) -> AfterValidator:
    """A list in which each has an id of its own, by this name; with `has_case`, `a` and `A` are two (2.1.1)."""
    told_apart: Callable[[str], str] = str if has_case else str.casefold

    def look(rows: list[Any]) -> list[Any]:
        seen: set[str] = set()
        for index, row in enumerate(rows):
            id = told_apart(getattr(row, name))
            if id in seen:
                raise PydanticCustomError("twin", "not unique", {"below": (index, name), "has_case": has_case})
            seen.add(id)
        return rows

    return AfterValidator(look)


def _is_number(value: object) -> Decimal | int:
    if type(value) is int or type(value) is Decimal:
        return value
    raise PydanticCustomError("number_type", "not a decimal or int")


def _is_a_day_of_the_calendar(value: str) -> str:
    try:
        datetime.date.fromisoformat(value[:10])
    except ValueError:
        rule = "bad_date" if len(value) == 10 else "bad_date_time"
        raise PydanticCustomError("no_such_day", "no such day", {"rule": rule}) from None
    return value


Number = Annotated[Decimal | int, PlainValidator(_is_number)]
"""A JSON number that never went through a float: parse with `json.loads(..., parse_float=Decimal)`."""
DateTime = Annotated[
    str, StringConstraints(max_length=25, pattern=TIMESTAMP), AfterValidator(_is_a_day_of_the_calendar)
]
"""RFC 3339 in UTC with or without `Z` and fraction of a second, in 25 characters (types, DateTime)."""
Url = Annotated[str, StringConstraints(max_length=255, pattern=ABSOLUTE_URL)]
OpenEnum = Annotated[str, StringConstraints(max_length=255, pattern=OPEN_ENUM)]
Day = Annotated[str, StringConstraints(pattern=DAY), AfterValidator(_is_a_day_of_the_calendar)]
TimeOfDay = Annotated[str, StringConstraints(pattern=TIME_OF_DAY)]
# The pattern bounds the length. The tables' string(10) and string(11) are too short for a minus sign and 7 decimals.
Latitude = Annotated[str, StringConstraints(pattern=LATITUDE)]
Longitude = Annotated[str, StringConstraints(pattern=LONGITUDE)]
Latitude211 = Annotated[str, StringConstraints(pattern=LATITUDE_2_1_1)]
Longitude211 = Annotated[str, StringConstraints(pattern=LONGITUDE_2_1_1)]
Weekday = Annotated[int, Field(ge=1, le=7)]
Pixels = Annotated[int, Field(ge=0, le=99_999)]
AtLeastOne: Final = Field(min_length=1)
"""Cardinality `+`."""
