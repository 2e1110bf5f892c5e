"""Names what is wrong with an OCPI object in words that an admin can send to a partner.

A finding names the field and the rule, never the value: it may be personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from hub.models import types


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake: where it is (`evses[0].connectors[1].id`, empty for the whole object), which rule, and in words."""

    field: str
    rule: str
    message: str


_TYPES: Final[Mapping[str, str]] = {
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "number_type": "must be a number, not a string or a boolean",
}
_FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    types.PRINTABLE_ASCII: ("not_printable_ascii", "may have printable ASCII characters only"),
    types.PRINTABLE: (
        "not_printable",
        "may have printable characters only, no tabs or line breaks",
    ),
    types.OPEN_ENUM: ("bad_enum_name", "must be a non-empty string of printable characters"),
    types.TIMESTAMP: ("bad_date_time", "must be a time in UTC like 2015-06-29T20:39:09Z, without an offset"),
    types.DAY: ("bad_date", "must be a date like 2015-12-24"),
    types.TIME_OF_DAY: ("bad_time", "must be a time of day from 00:00 to 23:59, with leading zeros"),
    types.ABSOLUTE_URL: ("bad_url", "must be an absolute URL"),
    types.LATITUDE: ("bad_coordinate", "must be a latitude with 5 to 7 decimals, as a string"),
    types.LONGITUDE: ("bad_coordinate", "must be a longitude with 5 to 7 decimals, as a string"),
    types.LATITUDE_2_1_1: ("bad_coordinate", "must be a latitude with 6 decimals, as a string"),
    types.LONGITUDE_2_1_1: ("bad_coordinate", "must be a longitude with 6 decimals, as a string"),
}


def check(model: type[BaseModel], data: object, *, partial: bool = False) -> list[Finding]:
    """What is wrong with `data` as this model; `partial` forgives missing fields at the top level (PATCH)."""
    try:
        model.model_validate(data)
    except ValidationError as failure:
        errors = failure.errors(include_url=False)
        return [_finding(error) for error in errors if not (partial and _is_missing_at_the_top(error))]
    return []


def _is_missing_at_the_top(error: Mapping[str, Any]) -> bool:
    return error["type"] == "missing" and len(error["loc"]) == 1


def _finding(error: Mapping[str, Any]) -> Finding:
    rule, message = _rule(error["type"], error.get("ctx", {}))
    if rule == "wrong_type" and error["input"] is None:
        rule, message = "null", f"is required and may not be null; {message}"
    return Finding(_path((*error["loc"], *error.get("ctx", {}).get("below", ()))), rule, message)


def _rule(kind: str, context: Mapping[str, Any]) -> tuple[str, str]:
    match kind:
        case "missing":
            return "missing", "is required"
        case "string_too_long":
            return "too_long", f"may have at most {context['max_length']} characters"
        case "string_too_short":
            return "too_short", f"must have at least {context['min_length']} characters"
        case "too_short":
            return "empty_list", "must have at least one element"
        case "literal_error":
            return "not_in_enum", f"must be one of {context['expected']}"
        case "string_pattern_mismatch":
            return _FORMATS[context["pattern"]]
        case "no_such_day":
            return str(context["rule"]), "must be a day that exists"
        case "greater_than_equal":
            return "out_of_range", f"must be {context['ge']} or more"
        case "less_than_equal":
            return "out_of_range", f"must be {context['le']} or less"
        case "twin":
            case_counts = "" if context["has_case"] else ", letter case aside"
            return "not_unique", f"must not be that of another one in the same list{case_counts}"
        case "choice":
            return "missing", str(context["words"])
        case _:
            return "wrong_type", _TYPES.get(kind, "has the wrong type")


def _path(location: tuple[int | str, ...]) -> str:
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
