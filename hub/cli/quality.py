"""How well a platform speaks OCPI, from a terminal: checks, their reports, and mistakes found in passing."""

from __future__ import annotations

import time
from typing import Annotated, Final
from urllib.parse import urlencode

import typer

from hub.cli.calls import (
    DEFAULT_URL,
    AsJson,
    Key,
    Url,
    call,
    every,
    path_of,
    platform_id,
    platform_path,
    print_json,
    read,
)
from hub.cli.terminal import FAILED, WRONG_USE, give_up, out, row, table, visible

LOOK_EVERY_S: Final = 0.5
STYLES: Final = ("text", "markdown", "html")

Platform = Annotated[str, typer.Argument(help="The platform's id, or one of its parties, like NL*TNM.")]
Style = Annotated[str, typer.Option("--format", help="text, markdown or html.")]


def check(
    platform: Platform, style: Style = "text", url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False
) -> None:
    """Check how well a connected platform speaks OCPI, with harmless requests. Exit 1 when something failed."""
    _look_at(style)
    begun = call(url, key, "POST", platform_path(url, key, platform, "check"))
    while begun["status"] == "running":
        time.sleep(LOOK_EVERY_S)
        begun = call(url, key, "GET", path_of("checks", begun["id"]))
    if as_json:
        print_json(begun)
    else:
        _print_report(url, key, begun["id"], style)
    if begun["status"] != "done" or begun["counts"]["failed"]:
        raise typer.Exit(FAILED)


def checks(
    platform: Annotated[str | None, typer.Argument(help="Only of this one: its id, or one of its parties.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """The checks that are kept, newest first."""
    wanted = {"limit": "100"} | ({"platform": platform_id(url, key, platform)} if platform else {})
    answer = call(url, key, "GET", f"/checks?{urlencode(wanted)}")
    if as_json:
        print_json(answer)
        return
    grid = table(None, "id", "platform", "party", "OCPI", "verdict", "passed", "warned", "failed", "by", "begun")
    for item in answer["items"]:
        counts = [str(item["counts"][name]) for name in ("passed", "warned", "failed")]
        verdict = item["verdict"] or item["status"]
        names = (item["platform_name"], item["party"], item["version"], verdict)
        row(grid, item["id"], *names, *counts, item["by"], item["started_at"])
    out.print(grid)


def report(
    check: Annotated[str, typer.Argument(help="The check's id.")],
    style: Style = "text",
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """The report of a check, to be handed to the partner."""
    _look_at(style)
    _print_report(url, key, check, style)


def findings(
    platform: Platform,
    clear: Annotated[bool, typer.Option("--clear", help="Forget them: what is still wrong is counted anew.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """What was wrong with the objects that a platform sent."""
    path = platform_path(url, key, platform, "findings")
    if clear:
        call(url, key, "DELETE", path)
        out.print(f"The findings of {platform} are forgotten.", markup=False)
        return
    items = every(url, key, path)
    if as_json:
        print_json({"items": items, "next": None})
        return
    grid = table(None, "module", "OCPI", "object", "field", "what is wrong", "times", "last")
    for item in items:
        what = (item["module"], item["version"], item["object"], item["field"], item["message"])
        row(grid, *what, str(item["count"]), item["last_seen"])
    out.print(grid)


def _look_at(style: str) -> None:
    if style not in STYLES:
        give_up(f"--format: choose from {', '.join(STYLES)}, not {style}", WRONG_USE)


def _print_report(url: str, key: str, check: str, style: str) -> None:
    text = read(url, key, f"{path_of('checks', check, 'report')}?format={style}")
    out.print(visible(text, keep="\n"), markup=False, highlight=False, end="")
