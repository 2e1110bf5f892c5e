"""The report of a conformance check, for the partner: plain text, Markdown, or a page that stands by itself."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from admin.journal_json import iso
from hub.check import Report, Step, Verdict

SIGNS: Final = {Verdict.PASS: "ok", Verdict.WARN: "WARN", Verdict.FAIL: "FAIL", Verdict.SKIPPED: "-"}
WORDS: Final = {
    Verdict.PASS: "passed",
    Verdict.WARN: "with a warning",
    Verdict.FAIL: "failed",
    Verdict.SKIPPED: "not tried",
}
LEGEND: Final = (
    "failed: against a SHALL or MUST of OCPI, or no answer that can be used. "
    "With a warning: against a SHOULD. "
    "Only requests that change nothing were made."
)
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>#+!|~-])")
_PAGES: Final = Environment(
    loader=PackageLoader("admin"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def rendered(report: Report, style: str) -> str:
    """The report as `text`, `markdown` or `html`."""
    match style:
        case "html":
            template = _PAGES.get_template("check_report.html")
            return template.render(
                report=report,
                groups=_groups(report),
                words=WORDS,
                summary=summary(report),
                facts=_facts(report),
                legend=LEGEND,
            )
        case "markdown":
            return _markdown(report)
        case _:
            return _text(report)


def summary(report: Report) -> str:
    """All of it in a sentence."""
    counts = report.counts
    told = [f"{counts[v]} {WORDS[v]}" for v in (Verdict.FAIL, Verdict.WARN, Verdict.PASS, Verdict.SKIPPED) if counts[v]]
    state = {"running": "still running: ", "broken off": "broken off: "}.get(report.status, "")
    return state + (", ".join(told) or "nothing was tried yet")


def _facts(report: Report) -> list[tuple[str, str]]:
    facts = [
        ("platform", report.platform_name),
        ("party", report.party),
        ("OCPI version", report.version),
        ("checked at", iso(report.started_at)),
        ("result", summary(report)),
    ]
    if report.times_ms is not None:
        shortest, middle, longest = report.times_ms
        facts.append(
            ("answers took", f"{shortest:.0f} ms at best, {middle:.0f} ms in the middle, {longest:.0f} ms at worst")
        )
    return facts


def _groups(report: Report) -> list[tuple[str, list[Step]]]:
    """The steps by module and interface, in order."""
    return [
        (f"{module} {interface}".strip(), list(steps))
        for (module, interface), steps in groupby(report.steps, key=lambda step: (step.module, step.interface))
    ]


def _text(report: Report) -> str:
    lines = [f"OCPI conformance check of {report.platform_name}", ""]
    lines += [f"{label + ':':14}{value}" for label, value in _facts(report)]
    for title, steps in _groups(report):
        lines += ["", title]
        for step in steps:
            took = f" ({step.ms:.0f} ms)" if step.ms is not None else ""
            lines.append(f"  {SIGNS[step.verdict]:5} {step.name}{took}")
            if step.verdict is Verdict.SKIPPED:
                lines.append(f"        {step.came}")
            if step.verdict in (Verdict.WARN, Verdict.FAIL):
                lines += [f"        {label + ':':10}{value}" for label, value in _told(step)]
                lines += [f"        * {remark}" for remark in step.remarks]
    return "\n".join([*lines, "", LEGEND, ""])


def _markdown(report: Report) -> str:
    lines = [f"# OCPI conformance check of {_escaped(report.platform_name)}", ""]
    lines += [f"- **{label}:** {_escaped(value)}" for label, value in _facts(report)]
    for title, steps in _groups(report):
        lines += ["", f"## {_escaped(title)}", ""]
        for step in steps:
            lines.append(f"- **{WORDS[step.verdict]}**: {_escaped(step.name)}")
            if step.verdict is Verdict.SKIPPED:
                lines.append(f"  - {_escaped(step.came)}")
            if step.verdict in (Verdict.WARN, Verdict.FAIL):
                lines += [f"  - {label}: {_escaped(value)}" for label, value in _told(step)]
                lines += [f"  - **{_escaped(remark)}**" for remark in step.remarks]
    return "\n".join([*lines, "", f"_{LEGEND}_", ""])


def _told(step: Step) -> list[tuple[str, str]]:
    return [("asked", step.asked), ("expected", step.expected), ("came", step.came), ("source", step.source)]


def _escaped(text: str) -> str:
    """Text of others as Markdown shows it, and does not run it."""
    return _MARKDOWN.sub(r"\\\1", text.replace("\n", " "))
