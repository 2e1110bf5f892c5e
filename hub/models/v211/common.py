"""OCPI 2.1.1: the small classes that many objects share."""

from typing import Annotated

from hub.models.types import AsciiString, OcpiObject


class DisplayText(OcpiObject):
    """OCPI 2.1.1, types, DisplayText."""

    language: Annotated[str, AsciiString(2, min_length=2)]
    text: Annotated[str, AsciiString(512)]
