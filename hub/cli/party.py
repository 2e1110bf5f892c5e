"""The registry from a terminal, through the admin API."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import typer

from hub.cli import quality
from hub.cli.calls import DEFAULT_URL, AsJson, Key, Url, call, every, platform_path, print_json
from hub.cli.terminal import WRONG_USE, give_up, out, row, table
from routing.ocpi import PartyId, Role

app = typer.Typer(help="Platforms and their parties, through the admin API.", no_args_is_help=True)

Roles = Annotated[list[str] | None, typer.Option("--role", help="A role and party, like CPO:NL*TNM; may be repeated.")]
STATUS_STYLES: Final = {"CONNECTED": "green", "OFFLINE": "red", "SUSPENDED": "yellow"}

PlatformId = Annotated[str, typer.Argument(help="The platform's id, or one of its parties, like NL*TNM.")]


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
    _show_invitation(call(url, key, "POST", "/platforms", body), as_json)


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
    _show(call(url, key, "POST", "/platforms", body), as_json)


@app.command("list")
def list_platforms(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Every platform."""
    items = every(url, key, "/platforms")
    if as_json:
        print_json({"items": items, "next": None})
        return
    grid = table(None, "id", "name", "status", "OCPI", "parties", "last seen")
    for item in items:
        row(
            grid,
            item["id"],
            item["name"],
            item["status"],
            item["version"] or "",
            _parties(item),
            item["last_seen"] or "",
            style=STATUS_STYLES.get(item["status"]),
        )
    out.print(grid)


@app.command()
def show(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """One platform, with what was learnt from it and what went wrong last."""
    _show(call(url, key, "GET", platform_path(url, key, platform)), as_json)


@app.command()
def parties(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Every party, whatever platform it is on."""
    items = every(url, key, "/parties")
    if as_json:
        print_json({"items": items, "next": None})
        return
    grid = table(None, "party", "role", "name", "platform", "status", "last seen")
    for item in items:
        party = f"{item['country_code']}*{item['party_id']}"
        names = (party, item["role"], item["name"], item["platform_name"])
        status, seen = item["status"], item["last_seen"] or ""
        row(grid, *names, status, seen, style=STATUS_STYLES.get(status))
    out.print(grid)


@app.command("invite-again")
def invite_again(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """A fresh token for a platform that is not registered; the one before is void."""
    _show_invitation(call(url, key, "POST", platform_path(url, key, platform, "invite")), as_json)


@app.command()
def rotate(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Renew both tokens by PUT credentials."""
    _show(call(url, key, "POST", platform_path(url, key, platform, "rotate")), as_json)


@app.command()
def change(
    platform: PlatformId,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    quirk: Annotated[
        list[str] | None, typer.Option(help="Like trailing_slash=true; nothing after = takes it away. May be repeated.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Requests per second; 0 takes the limit away.")] = None,
    burst: Annotated[float | None, typer.Option(help="Requests at once, beside --rate.")] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="Where it may call from: 192.0.2.0/24, or any. Repeatable."),
    ] = None,
    certificate: Annotated[
        list[str] | None,
        typer.Option(help="SHA-256 of a TLS certificate that it must show, or none. Repeatable."),
    ] = None,
    renew_days: Annotated[int | None, typer.Option(help="Renew its tokens so often; 0: never by itself.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Change a platform's name, quirks or limits; what is not named stays."""
    limits = _limits(rate, burst, network, certificate, renew_days)
    body = {**({"name": name} if name else {}), **limits}
    if quirk:
        body["quirks"] = dict(_quirk(text) for text in quirk)
    if not body:
        give_up("nothing to change: name what is to be different", WRONG_USE)
    _show(call(url, key, "PATCH", platform_path(url, key, platform), body), as_json)


@app.command()
def suspend(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Stop all traffic of a platform."""
    _show(call(url, key, "POST", platform_path(url, key, platform, "suspend")), as_json)


@app.command()
def resume(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Let traffic flow again."""
    _show(call(url, key, "POST", platform_path(url, key, platform, "resume")), as_json)


@app.command()
def remove(platform: PlatformId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Unregister a platform, and forget it. The API has no answer to print."""
    call(url, key, "DELETE", platform_path(url, key, platform))
    if not as_json:
        out.print(f"{platform} is removed.", markup=False)


for _command in (quality.check, quality.checks, quality.report, quality.findings):
    app.command()(_command)


# --- in common -------------------------------------------------------------------------------------------------------


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


def _limits(
    rate: float | None,
    burst: float | None,
    networks: list[str] | None,
    certificates: list[str] | None,
    renew_days: int | None,
) -> dict[str, Any]:
    """The part of a change that limits a platform."""
    body: dict[str, Any] = {}
    if burst is not None and not rate:
        give_up("--burst goes with --rate", WRONG_USE)
    if rate is not None:
        body["rate_limit"] = {"requests_per_s": rate, **({"burst": burst} if burst else {})} if rate else None
    if networks:
        body["allowed_networks"] = [] if networks == ["any"] else networks
    if certificates:
        body["client_certificates"] = [] if certificates == ["none"] else certificates
    if renew_days is not None:
        body["renew_days"] = renew_days or None
    return body


def _quirk(text: str) -> tuple[str, Any]:
    """A quirk and its value, which is JSON, or a word; None for nothing."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value) if value else None
    except ValueError:
        return name, value


def _show_invitation(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    _print_platform(answer)
    out.print("\nGive these to the partner; the token is shown this once.")
    out.print(f"  versions URL         {answer['versions_url']}", markup=False, highlight=False)
    out.print(f"  CREDENTIALS_TOKEN_A  {answer['token']}", markup=False, highlight=False)


def _parties(item: dict[str, Any]) -> str:
    return ", ".join(f"{role['role']} {role['country_code']}*{role['party_id']}" for role in item["roles"])


def _show(item: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(item)
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
        row(grid, label, str(value or ""))
    for endpoint in item.get("endpoints", ()):
        row(grid, f"{endpoint['module']} {endpoint['interface']}", endpoint["url"])
    if error := item.get("last_error"):
        row(grid, "last error", f"{error['at']} {error['step']}: expected {error['expected']}, came {error['came']}")
    out.print(grid)
