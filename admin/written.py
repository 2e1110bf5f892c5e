"""How what is told goes over the wire: as UTF-8, whatever is in it."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import to_jsonable_python


def in_utf8(text: str) -> bytes:
    """Text to be sent. Half a character, which JSON can spell and UTF-8 cannot, may be in the words of a partner."""
    return text.encode(errors="replace")


def in_json(answer: Any) -> bytes:
    """A JSON document to be sent."""
    return in_utf8(json.dumps(to_jsonable_python(answer), ensure_ascii=False, separators=(",", ":")))
