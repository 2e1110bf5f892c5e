"""Checks the models against every JSON example of the specification: `python -m` this module, then REPO.

REPO is a bare clone of the specification. Each example must validate and come out as it went in, but for those that
`invalid_examples` lists with the reason; the program fails when reality differs from that list, in either direction.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.models import dump, findings, model_for
from tests.hub.models.invalid_examples import INVALID
from tests.hub.models.samples import sample

BRANCHES = (
    ("2.1.1", "release-2.1.1-bugfixes"),
    ("2.2.1", "release-2.2.1-bugfixes"),
    ("2.3.0", "2.3.0/release/core"),
    ("2.3.0", "2.3.0/release/payments"),
    ("2.3.0", "2.3.0/release/bookings"),
)
# what an example is, by its file name, or by the chapter it stands in and the call that it shows
KINDS = (
    (r"booking_location_patch_example_calendar", "Calendar"),
    (r"booking_location", "BookingLocation"),
    (r"booking_request", "BookingRequest"),
    (r"booking", "Booking"),
    (r"(PUT|PATCH).*locations/\w+/\w+/\w+/\w+/\w+$|patch_example_tariff", "Connector"),
    (r"(PUT|PATCH).*locations/\w+/\w+/\w+/\w+$|patch_example_(status|remove)|put_example_add_evse", "EVSE"),
    (r"energymix|regularhours|mod_locations", "Location"),
    (r"location_hours", "Hours"),
    (r"location_example|location_patch_example_location", "Location"),
    (r"session", "Session"),
    (r"tariff", "Tariff"),
    (r"cdr", "CDR"),
    (r"token|transport_and_format", "Token"),
    (r"credentials", "Credentials"),
    (r"client_info", "ClientInfo"),
    (r"displaytext|types\.", "DisplayText"),
    (r"version_details", "VersionDetails"),
    (r"versions?_info_example", "Version"),
    (r"financial_advice", "FinancialAdviceConfirmation"),
    (r"terminal_activate", "TerminalActivation"),
    (r"terminal", "Terminal"),
)
PARTIAL = re.compile(r"PATCH|_patch_|energymix|regularhours|location_assignment")


@dataclass(frozen=True, slots=True)
class Example:
    """One JSON example: its version, where it stands, what kind of thing it is said to be, and its text."""

    version: str
    name: str
    kind: str
    text: str


def examples(repo: str) -> Iterator[Example]:
    """Every example of the branches; one that an add-on branch repeats unchanged is not repeated here."""
    seen: set[tuple[str, str]] = set()
    for version, branch in BRANCHES:
        for path in _git(repo, "ls-tree", "-r", "--name-only", branch).splitlines():
            if not re.fullmatch(r"examples/.*\.json|[a-z_]+\.(md|asciidoc)", path):
                continue
            for name, kind, text in _in_file(path, _git(repo, "show", f"{branch}:{path}")):
                if (version, text) not in seen:
                    seen.add((version, text))
                    yield Example(version, f"{branch}:{name}", kind, text)


def _git(repo: str, *arguments: str) -> str:
    return subprocess.run(["git", "-C", repo, *arguments], check=True, capture_output=True, text=True).stdout


def _in_file(path: str, content: str) -> Iterator[tuple[str, str, str]]:
    if path.endswith(".json"):
        yield path.removeprefix("examples/"), path, content
        return
    blocks = re.findall(r"^ {4}\{\n.*?^ {4}\}", content, re.DOTALL | re.MULTILINE) if path == "types.md" else []
    blocks += re.findall(r"^(?:```json|\[source, ?json\]\n----)\n(.*?)^(?:```|----)", content, re.DOTALL | re.MULTILINE)
    for number, block in enumerate((block for block in blocks if "include::" not in block), start=1):
        call, body = re.match(r"((?:PUT|PATCH|POST) [^\n]*\n)?\s*(.*)", block, re.DOTALL).groups()  # type: ignore[union-attr]
        yield f"{path}#{number}", f"{path} {(call or '').strip()}", body


def reasons(example: Example) -> str | None:
    """Why the example is invalid, empty where it is not; None where it shows no object."""
    try:
        data = json.loads(whole_text(example.text), parse_float=Decimal)
    except ValueError:
        return "not JSON"
    kind, partial = example.kind, bool(PARTIAL.search(example.kind))
    if isinstance(data, dict) and "status_code" in data:
        if "data" not in data:
            return None
        data = data["data"]
    if isinstance(data, dict) and set(data) <= {"energy_mix", "opening_times"}:
        partial = True
    items = data if isinstance(data, list) else [data]
    return "; ".join(
        sorted({line for item in items for line in _check(example.version, object_named(kind, item), item, partial)})
    )


def whole_text(text: str) -> str:
    """Some examples show a member without the braces around it."""
    return "{" + text + "}" if text.lstrip().startswith('"') else text


def object_named(kind: str, item: dict[str, Any]) -> str:
    """What kind of object an example is."""
    if "endpoints" in item:
        return "VersionDetails"
    if set(item) == {"version", "url"}:
        return "Version"
    return next(name for pattern, name in KINDS if re.search(pattern, kind))


def _check(version: str, object_name: str, item: dict[str, Any], partial: bool) -> Iterator[str]:
    found = findings(version, object_name, item, partial=partial)
    for finding in found:
        yield f"{re.sub('[0-9]+', '', finding.field)} {finding.rule}"
    model = model_for(version, object_name)
    whole = {**sample(version, object_name), **item} if partial else item
    if not found and model and dump(model.model_validate(whole)) != whole:
        yield "does not round-trip"


def report(repo: str) -> bool:
    """Print counts and the invalid examples; True where reality is as `invalid_examples` says."""
    results = {(e.version, e.name): reasons(e) for e in examples(repo)}
    invalid = {name: reason for (_, name), reason in results.items() if reason}
    for version in sorted({version for version, _ in results}):
        count = Counter(
            "invalid" if r else "valid" if r == "" else "no object" for (v, _), r in results.items() if v == version
        )
        print(version, dict(count))
    for name, reason in invalid.items():
        print(f"{'  ' if INVALID.get(name) == reason else 'NEW'} {name}: {reason}")
    for name in set(INVALID) - set(invalid):
        print(f"now valid or gone: {name}")
    return invalid == dict(INVALID)


if __name__ == "__main__":
    sys.exit(0 if report(sys.argv[1]) else 1)
