"""Agreements, keys and the audit trail from a terminal, through the admin API."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hub.cli.calls import DEFAULT_URL, AsJson, Key, Url, call, every, path_of, print_json
from hub.cli.terminal import out, row, table

agreements = typer.Typer(help="Which CPOs and eMSPs may reach each other.", no_args_is_help=True)

Cpo = Annotated[str, typer.Argument(help="The CPO, like NL*TNM.")]
Emsp = Annotated[str, typer.Argument(help="The eMSP, like DE*ABC.")]
Modules = Annotated[list[str] | None, typer.Option("--module", help="Only for this module; may be repeated.")]


@agreements.command("list")
def list_agreements(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Every agreement, to allow and to deny."""
    items = every(url, key, "/agreements")
    if as_json:
        print_json({"items": items, "next": None})
    else:
        _print_agreements(items)


@agreements.command()
def allow(
    cpo: Cpo, emsp: Emsp, module: Modules = None, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False
) -> None:
    """Let a CPO and an eMSP reach each other."""
    _agree(cpo, emsp, module, "allow", url, key, as_json)


@agreements.command()
def deny(
    cpo: Cpo, emsp: Emsp, module: Modules = None, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False
) -> None:
    """Keep a CPO and an eMSP from reaching each other, whatever else allows it."""
    _agree(cpo, emsp, module, "deny", url, key, as_json)


@agreements.command()
def remove(
    agreement: Annotated[str, typer.Argument(help="The agreement's id.")], url: Url = DEFAULT_URL, key: Key = ""
) -> None:
    """Forget an agreement."""
    call(url, key, "DELETE", path_of("agreements", agreement))
    out.print(f"{agreement} is removed.", markup=False)


def audit(
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many changes.")] = 50,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Who changed what, newest first."""
    answer = call(url, key, "GET", f"/audit?limit={limit}")
    if as_json:
        print_json(answer)
        return
    grid = table(None, "time", "who", "action", "subject", "before", "after")
    for item in answer["items"]:
        row(
            grid,
            item["at"],
            item["who"],
            item["action"],
            item["subject"],
            _short(item["before"]),
            _short(item["after"]),
        )
    out.print(grid)


def _agree(cpo: str, emsp: str, modules: list[str] | None, effect: str, url: str, key: str, as_json: bool) -> None:
    body = {"cpo": cpo, "emsp": emsp, "modules": modules or [], "effect": effect}
    answer = call(url, key, "POST", "/agreements", body)
    if as_json:
        print_json(answer)
    else:
        _print_agreements([answer])


def _print_agreements(items: list[dict[str, Any]]) -> None:
    grid = table(None, "id", "CPO", "eMSP", "modules", "effect")
    for item in items:
        modules = ", ".join(item["modules"]) or "all"
        row(grid, item["id"], item["cpo"], item["emsp"], modules, item["effect"])
    out.print(grid)


def _short(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
