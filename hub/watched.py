"""What metrics ask of the hub's parts at each scrape: who is connected, how the journal and the check are doing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from hub.inspection import Inspection
from hub.journal import Journal
from hub.metrics import Metrics, bounded
from hub.picture import Picture
from routing.broadcast import Broadcast
from routing.ocpi import ConnectionStatus


def watch(metrics: Metrics, picture: Picture, journal: Journal, inspection: Inspection) -> None:
    """Have these looked at whenever somebody scrapes."""
    metrics.watch_gauge("ocpi_hub_parties", "Parties by status.", "status", lambda: parties_by_status(picture))
    metrics.watch_gauge("ocpi_hub_platforms", "Platforms by status.", "status", lambda: platforms_by_status(picture))
    metrics.watch_counter(
        "ocpi_hub_journal_dropped", "Legs that the journal did not keep.", "why", lambda: dict(journal.dropped)
    )
    metrics.watch_counter(
        "ocpi_hub_journal_written", "Legs that the journal wrote.", "store", lambda: {"journal": journal.written}
    )
    metrics.watch_gauge(
        "ocpi_hub_journal_waiting", "Legs not yet written.", "store", lambda: {"journal": journal.waiting}
    )
    metrics.watch_counter(
        "ocpi_hub_findings",
        "Mistakes in what parties send.",
        "module",
        lambda: findings_by_module(inspection),
    )
    metrics.watch_counter(
        "ocpi_hub_inspection",
        "Bodies by what the check of objects did with them.",
        "what",
        lambda: {"checked": inspection.checked, **inspection.left_out},
    )


def watch_door(metrics: Metrics, turned_away: Callable[[], int]) -> None:
    """What the door had no time for."""
    metrics.watch_counter(
        "ocpi_hub_turned_away",
        "Requests that were refused unread because the hub was busy.",
        "why",
        lambda: {"busy": turned_away()},
    )


def watch_broadcast(metrics: Metrics, broadcast: Broadcast) -> None:
    """What waits to be pushed to everybody, and what became of what was."""
    metrics.watch_gauge(
        "ocpi_hub_broadcast_waiting",
        "Copies that wait, and receivers that they wait for.",
        "what",
        lambda: {"copies": broadcast.waiting, "receivers": len(broadcast.waiting_for())},
    )
    metrics.watch_gauge(
        "ocpi_hub_broadcast_waiting_bytes",
        "Memory that waiting copies take, each body counted once.",
        "what",
        lambda: {"bodies": broadcast.waiting_bytes},
    )
    metrics.watch_counter(
        "ocpi_hub_broadcast_copies",
        "Copies of pushes to everybody, by how they ended.",
        "outcome",
        lambda: {
            "delivered": broadcast.delivered,
            "replaced": broadcast.replaced,
            "given up": broadcast.given_up.total(),
        },
    )
    metrics.watch_counter(
        "ocpi_hub_broadcast_given_up",
        "Copies of pushes to everybody that did not arrive.",
        "reason",
        lambda: broadcast.given_up,
    )


def parties_by_status(picture: Picture) -> Mapping[str, float]:
    """How many parties have each status; a party with two roles counts once for each."""
    directory = picture.directory
    found = Counter(
        platform.status_of(party) for platform in directory.platforms.values() for party in platform.parties
    )
    return {status: found[status] for status in ConnectionStatus}


def platforms_by_status(picture: Picture) -> Mapping[str, float]:
    """How many platforms have each status."""
    found = Counter(platform.status for platform in picture.directory.platforms.values())
    return {status: found[status] for status in ConnectionStatus}


def findings_by_module(inspection: Inspection) -> Mapping[str, float]:
    """How many mistakes were seen in each module; those of custom modules together."""
    found: Counter[str] = Counter()
    for module, number in inspection.found.items():
        found[bounded(module)] += number
    return found
