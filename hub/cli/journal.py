"""The traffic journal from a terminal, through the admin API."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import typer

from admin.client import Client
from hub.cli.calls import DEFAULT_URL, AsJson, Key, Url, client_of, path_of, print_json, told
from hub.cli.terminal import WRONG_USE, give_up, out, row, table, visible

FOLLOW_EVERY_S: Final = 1.0
LOOK_BACK_S: Final = 120.0
"""A journey is written when it ends, and listed by when it began: no party takes longer than this."""
COLUMNS: Final = ("time", "from", "to", "call", "OCPI", "HTTP", "ms", "outcome", "correlation id", "whose fault it was")
WIDE: Final = 180
"""Columns of a terminal on which a table is easier to read than lines."""
_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_STYLES: Final = {"delivered": "green", "refused": "yellow", "failed": "red"}


def journal(
    party: Annotated[str | None, typer.Option(help="Sender or receiver, like NL*TNM.")] = None,
    correlation_id: Annotated[str | None, typer.Option(help="The X-Correlation-ID that a partner names.")] = None,
    module: Annotated[str | None, typer.Option(help="An OCPI module, like cdrs.")] = None,
    outcome: Annotated[str | None, typer.Option(help="delivered, refused or failed.")] = None,
    since: Annotated[str | None, typer.Option(help="A moment like 2026-01-31T12:00:00Z, or how long ago: 30m.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this moment, written like --since.")] = None,
    platform: Annotated[str | None, typer.Option(help="The id of a platform that called or was called.")] = None,
    id: Annotated[str | None, typer.Option(help="One journey, with each of its legs.")] = None,
    export: Annotated[str | None, typer.Option(help="csv or jsonl: all that is asked for, as a file.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many journeys.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", help="Go on, and print journeys as they happen.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """What came to the hub, where it went, and what came back; newest first."""
    given = {"party": party, "correlation_id": correlation_id, "module": module, "outcome": outcome}
    given |= {"platform": platform, "until": _moment(until) if until else None}
    filters = {name: value for name, value in given.items() if value}
    moment = _moment(since) if since else None
    timed = filters | ({"since": moment} if moment else {})
    client = client_of(url, key)
    with told():
        if id:
            _one(client, id, as_json)
        elif export:
            _export(client, timed | {"format": export})
        elif follow:
            _follow(client, filters, moment, as_json)
        else:
            _list(client, timed | {"limit": str(limit)}, as_json)


def _list(client: Client, filters: dict[str, str], as_json: bool) -> None:
    answer = client.request("GET", f"/journal?{urlencode(filters)}")
    if as_json:
        print_json(answer)
        return
    if out.width < WIDE:
        for item in answer["items"]:
            _print_line(item)
    else:
        _print_table(answer["items"])
    if answer["next"]:
        out.print(f"There are more: these are the newest {len(answer['items'])}.")


def _print_table(items: Iterable[dict[str, Any]]) -> None:
    grid = table(None, *COLUMNS)
    for item in items:
        row(grid, *_cells(item), style=_STYLES.get(item["outcome"]) if item["outcome"] != "delivered" else None)
    out.print(grid)


def _one(client: Client, id: str, as_json: bool) -> None:
    answer = client.request("GET", path_of("journal", id))
    if as_json:
        print_json(answer)
        return
    out.print(visible(answer["verdict"]), style=_STYLES[answer["outcome"]], markup=False, highlight=False)
    grid = table(
        None, "time", "", "from", "to", "OCPI version", "call", "OCPI", "HTTP", "ms", "outcome", "reason", "lost"
    )
    for leg in answer["legs"]:
        parties = (leg["from"] or "?", leg["to"] or "", leg["version"])
        codes = (str(leg["ocpi"] or ""), str(leg["http"] or ""), f"{leg['ms']:.0f}")
        called = f"{leg['method']} {leg['module']}{leg['path']}"
        lost = str(len(leg["receipt"]) or "")
        row(grid, leg["at"], leg["direction"], *parties, called, *codes, leg["outcome"], leg["reason"], lost)
    out.print(grid)
    for other in answer["linked"]:
        out.print(visible(f"belongs to it: {other['id']} {other['method']} {other['module']}"), markup=False)


def _export(client: Client, filters: dict[str, str]) -> None:
    for line in client.lines(f"/journal/export?{urlencode(filters)}"):
        out.print(visible(line, keep="\r\n"), markup=False, highlight=False, end="")


def _follow(client: Client, filters: dict[str, str], since: str | None, as_json: bool) -> None:
    for item in _news(client, filters, since):
        if as_json:
            out.print(visible(json.dumps(item, ensure_ascii=False)), markup=False, highlight=False)
        else:
            _print_line(item)


def _print_line(item: dict[str, Any]) -> None:
    line = "  ".join(cell for cell in _cells(item) if cell)
    out.print(visible(line), style=_STYLES.get(item["outcome"]), markup=False, highlight=False)


def _news(client: Client, filters: dict[str, str], since: str | None) -> Iterator[dict[str, Any]]:
    """Journeys as they are written, each once, oldest first."""
    begin = since or _iso(datetime.now(UTC))
    seen: dict[str, None] = {}
    while True:
        window = max(begin, _iso(datetime.now(UTC) - timedelta(seconds=LOOK_BACK_S))) if seen else begin
        fresh = [item for item in _every(client, filters | {"since": window}) if item["id"] not in seen]
        for item in reversed(fresh):
            seen[item["id"]] = None
            yield item
        for old in list(seen)[: max(len(seen) - 50_000, 0)]:
            del seen[old]
        time.sleep(FOLLOW_EVERY_S)


def _every(client: Client, filters: dict[str, str]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.request("GET", f"/journal?{urlencode(filters | cursor | {'limit': '500'})}")
        items += page["items"]
        if not page["next"]:
            return items
        cursor = {"cursor": page["next"]}


def _cells(item: dict[str, Any]) -> list[str]:
    to = item["to"] or (f"{len(item['receivers'])} parties" if item["receivers"] else "")
    return [
        item["at"],
        item["from"] or item["platform"] or "?",
        to,
        f"{item['method']} {item['module']}{item['path']}",
        str(item["ocpi"] or ""),
        str(item["http"] or ""),
        f"{item['ms']:.0f}",
        item["outcome"],
        item["correlation_id"],
        item["verdict"] if item["fault"] else "",
    ]


def _moment(text: str) -> str:
    """A moment in ISO 8601; `30m` is how long ago."""
    try:
        if ago := _AGO.fullmatch(text):
            return _iso(datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
        moment = datetime.fromisoformat(text)
        return _iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        give_up(f"a moment is written like 2026-01-31T12:00:00Z, or 30m for how long ago, not {text}", WRONG_USE)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
