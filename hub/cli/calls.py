"""Calls of the admin API as the commands make them: where the door is, the key, and errors as exit codes."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from admin.client import Client, Refused, Unreachable
from hub.cli.terminal import WRONG_USE, give_up, out, visible
from routing.ocpi import PartyId

Url = Annotated[str, typer.Option("--url", envvar="OCPI_HUB_ADMIN_URL", help="Where the admin door is.")]
Key = Annotated[str, typer.Option("--key", envvar="OCPI_HUB_ADMIN_KEY", help="An admin API key.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")]

DEFAULT_URL = "http://127.0.0.1:8081"


def client_of(url: str, key: str) -> Client:
    """The admin door, or exit 2 where no key is given."""
    if not key:
        give_up("an admin key is needed: --key, or OCPI_HUB_ADMIN_KEY in the environment", WRONG_USE)
    return Client(url, key)


def call(url: str, key: str, method: str, path: str, body: Any = None) -> Any:
    """What the API answers, or exit 1 with what it says is wrong."""
    client = client_of(url, key)
    try:
        return client.request(method, path, body)
    except (Refused, Unreachable) as error:
        give_up(str(error))


def read(url: str, key: str, path: str) -> str:
    """A file of the API, or exit 1 with what it says is wrong."""
    client = client_of(url, key)
    try:
        return client.text(path)
    except (Refused, Unreachable) as error:
        give_up(str(error))


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


def platform_id(url: str, key: str, platform: str) -> str:
    """A platform's id; a party stands for the platform it is on."""
    try:
        party = PartyId.parse(platform)
    except ValueError:
        return platform
    holders = (
        str(item["id"])
        for item in every(url, key, "/platforms")
        if any(PartyId(role["country_code"], role["party_id"]) == party for role in item["roles"])
    )
    return next(holders, None) or give_up(f"there is no platform with the party {party}")


def print_json(answer: Any) -> None:
    """The API's answer as it is."""
    out.print(visible(json.dumps(answer, ensure_ascii=False, indent=2), keep="\n"), markup=False, highlight=False)
