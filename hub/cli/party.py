"""The registry from a terminal, through the admin API."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from admin.client import Client, Refused, Unreachable
from hub.cli.terminal import FAILED, WRONG_USE, give_up, out, table
from routing.ocpi import PartyId, Role

app = typer.Typer(help="Platforms and their parties, through the admin API.", no_args_is_help=True)

Url = Annotated[str, typer.Option("--url", envvar="OCPI_HUB_ADMIN_URL", help="Where the admin door is.")]
Key = Annotated[str, typer.Option("--key", envvar="OCPI_HUB_ADMIN_KEY", help="An admin API key.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")]
Roles = Annotated[list[str] | None, typer.Option("--role", help="A role and party, like CPO:NL*TNM; may be repeated.")]
PlatformId = Annotated[str, typer.Argument(help="The platform's id, or one of its parties, like NL*TNM.")]

LOOK_EVERY_S = 0.5
STYLES = ("text", "markdown", "html")
DEFAULT_URL = "http://127.0.0.1:8081"


@app.command()
def invite(
    name: str,
    role: Roles = None,
    counterpart: Annotated[str | None, typer.Option(help="The one partner that the hub plays, like DE*ABC.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Expect a platform: prints the token and versions URL that the partner needs."""
    body: dict[str, Any] = {"name": name, "roles": [_role(text, name) for text in role or ()]}
    if counterpart:
        body["counterpart"] = counterpart
    answer = _call(url, key, "POST", "/platforms", body)
    if as_json:
        _print_json(answer)
        return
    _print_platform(answer)
    out.print("\nGive these to the partner; the token is shown this once.")
    out.print(f"  versions URL         {answer['versions_url']}", markup=False, highlight=False)
    out.print(f"  CREDENTIALS_TOKEN_A  {answer['token']}", markup=False, highlight=False)


@app.command()
def connect(
    name: str,
    versions_url: Annotated[str, typer.Option(help="The partner's versions URL.")],
    token: Annotated[str, typer.Option(help="The CREDENTIALS_TOKEN_A that the partner gave.")],
    role: Roles = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Register the hub with a partner's platform."""
    body: dict[str, Any] = {"name": name, "versions_url": versions_url, "token": token}
    if role:
        body["roles"] = [_role(text, name) for text in role]
    _show(_call(url, key, "POST", "/platforms", body), as_json)


@app.command("list")
def list_platforms(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Every platform."""
    items = _every(url, key, "/platforms")
    if as_json:
        _print_json({"items": items, "next": None})
        return
    grid = table(None, "id", "name", "status", "OCPI", "parties", "last seen")
    for item in items:
        grid.add_row(
            item["id"], item["name"], item["status"], item["version"] or "", _parties(item), item["last_seen"] or ""
        )
    out.print(grid)


@app.command()
def show(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """One platform, with what was learnt from it and what went wrong last."""
    _show(_call(url, key, "GET", f"/platforms/{_id_of(url, key, platform)}"), as_json)


@app.command()
def suspend(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Stop all traffic of a platform."""
    _show(_call(url, key, "POST", f"/platforms/{_id_of(url, key, platform)}/suspend"), as_json)


@app.command()
def resume(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Let traffic flow again."""
    _show(_call(url, key, "POST", f"/platforms/{_id_of(url, key, platform)}/resume"), as_json)


@app.command()
def check(
    platform: PlatformId,
    style: Annotated[str, typer.Option("--format", help="text, markdown or html.")] = "text",
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Check how well a connected platform speaks OCPI, with harmless requests. Exit 1 when something failed."""
    if style not in STYLES:
        give_up(f"--format: choose from {', '.join(STYLES)}, not {style}", WRONG_USE)
    begun = _call(url, key, "POST", f"/platforms/{_id_of(url, key, platform)}/check")
    while begun["status"] == "running":
        time.sleep(LOOK_EVERY_S)
        begun = _call(url, key, "GET", f"/checks/{begun['id']}")
    if as_json:
        _print_json(begun)
    else:
        out.print(
            _read(url, key, f"/checks/{begun['id']}/report?format={style}"), markup=False, highlight=False, end=""
        )
    if begun["status"] != "done" or begun["counts"]["failed"]:
        raise typer.Exit(FAILED)


@app.command()
def remove(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Unregister a platform, and forget it."""
    _call(url, key, "DELETE", f"/platforms/{_id_of(url, key, platform)}")
    out.print(f"{platform} is removed.", markup=False)


# --- in common -------------------------------------------------------------------------------------------------------


def _call(url: str, key: str, method: str, path: str, body: Any = None) -> Any:
    if not key:
        give_up("an admin key is needed: --key, or OCPI_HUB_ADMIN_KEY in the environment", WRONG_USE)
    try:
        return Client(url, key).request(method, path, body)
    except (Refused, Unreachable) as error:
        give_up(str(error))


def _read(url: str, key: str, path: str) -> str:
    """A file of the API."""
    try:
        return Client(url, key).text(path)
    except (Refused, Unreachable) as error:
        give_up(str(error))


def _every(url: str, key: str, path: str) -> list[Any]:
    items: list[Any] = []
    cursor = ""
    while True:
        page = _call(url, key, "GET", f"{path}?limit=100{cursor}")
        items += page["items"]
        if not page["next"]:
            return items
        cursor = f"&cursor={page['next']}"


def _id_of(url: str, key: str, platform: str) -> str:
    """A platform's id; a party stands for the platform it is on."""
    try:
        party = PartyId.parse(platform)
    except ValueError:
        return platform
    holders = (
        str(item["id"])
        for item in _every(url, key, "/platforms")
        if any(PartyId(role["country_code"], role["party_id"]) == party for role in item["roles"])
    )
    return next(holders, None) or give_up(f"there is no platform with the party {party}")


def _role(text: str, name: str) -> dict[str, str]:
    role, _, party_text = text.partition(":")
    try:
        party = PartyId.parse(party_text)
        return {
            "role": Role(role.upper()),
            "country_code": party.country_code,
            "party_id": party.party_id,
            "name": name,
        }
    except ValueError:
        give_up(f"a role is written like CPO:NL*TNM, not {text}", WRONG_USE)


def _parties(item: dict[str, Any]) -> str:
    return ", ".join(f"{role['role']} {role['country_code']}*{role['party_id']}" for role in item["roles"])


def _show(item: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(item)
    else:
        _print_platform(item)


def _print_platform(item: dict[str, Any]) -> None:
    grid = table(None, "", "")
    grid.show_header = False
    for label, value in (
        ("id", item["id"]),
        ("name", item["name"]),
        ("status", item["status"]),
        ("OCPI", item.get("version")),
        ("parties", _parties(item)),
        ("versions URL", item.get("versions_url")),
        ("last seen", item.get("last_seen")),
    ):
        grid.add_row(label, str(value or ""))
    for endpoint in item.get("endpoints", ()):
        grid.add_row(f"{endpoint['module']} {endpoint['interface']}", endpoint["url"])
    if error := item.get("last_error"):
        grid.add_row("last error", f"{error['at']} {error['step']}: expected {error['expected']}, came {error['came']}")
    out.print(grid)


def _print_json(answer: Any) -> None:
    out.print(json.dumps(answer, ensure_ascii=False, indent=2), markup=False, highlight=False)
