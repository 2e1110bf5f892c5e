"""Calls of the admin API as the commands make them: where the door is, the key, and errors as exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from admin.client import Client, Refused, Unreachable
from hub.cli.terminal import FAILED, WRONG_USE, give_up, out, visible
from routing.ocpi import PartyId

Url = Annotated[str, typer.Option("--url", envvar="OCPI_HUB_ADMIN_URL", help="Where the admin door is.")]
Key = Annotated[str, typer.Option("--key", envvar="OCPI_HUB_ADMIN_KEY", help="An admin API key.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")]

DEFAULT_URL = "http://127.0.0.1:8081"
BAD_REQUEST: Final = frozenset({400, 422})
"""What the API answers to values that it does not take."""


def client_of(url: str, key: str) -> Client:
    """The admin door, or exit 2 where no key is given, or what can be none."""
    if not key:
        give_up("an admin key is needed: --key, or OCPI_HUB_ADMIN_KEY in the environment", WRONG_USE)
    try:
        return Client(url, key)
    except ValueError as error:
        give_up(str(error), WRONG_USE)


def call(url: str, key: str, method: str, path: str, body: Any = None) -> Any:
    """What the API answers, or exit with what it says is wrong; the path has been written with `path_of`."""
    client = client_of(url, key)
    with told():
        return client.request(method, path, body)


def read(url: str, key: str, path: str) -> str:
    """A file of the API, or exit with what it says is wrong; the path has been written with `path_of`."""
    client = client_of(url, key)
    with told():
        return client.text(path)


@contextmanager
def told() -> Iterator[None]:
    """Exit with what the API says is wrong: 2 where it is what was asked for, 1 where it could not be done."""
    try:
        yield
    except Refused as error:
        give_up(str(error), WRONG_USE if error.status in BAD_REQUEST else FAILED)
    except Unreachable as error:
        give_up(str(error))


def path_of(*parts: str) -> str:
    """A path of the API; what somebody typed is one part of it, whatever is in it."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def every(url: str, key: str, path: str) -> list[Any]:
    """All items of a list."""
    items: list[Any] = []
    cursor = ""
    while True:
        page = call(url, key, "GET", f"{path}?limit=100{cursor}")
        items += page["items"]
        if not page["next"]:
            return items
        cursor = f"&cursor={page['next']}"


def platform_path(url: str, key: str, platform: str, *more: str) -> str:
    """The path of a platform, named by its id or one of its parties, or of something of it."""
    return path_of("platforms", platform_id(url, key, platform), *more)


def platform_id(url: str, key: str, platform: str) -> str:
    """A platform's id; a party stands for the platform it is on, or exit 2 where it is on several."""
    try:
        party = PartyId.parse(platform)
    except ValueError:
        return platform
    holders = [
        str(item["id"])
        for item in every(url, key, "/platforms")
        if any(PartyId(role["country_code"], role["party_id"]) == party for role in item["roles"])
    ]
    if len(holders) > 1:
        give_up(f"{party} is on several platforms, name one by its id: {', '.join(holders)}", WRONG_USE)
    return holders[0] if holders else give_up(f"there is no platform with the party {party}")


def print_json(answer: Any) -> None:
    """The API's answer as it is."""
    out.print(visible(json.dumps(answer, ensure_ascii=False, indent=2), keep="\n"), markup=False, highlight=False)
