"""What metrics ask of the hub's parts at each scrape: who is connected, and how the journal is doing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hub.journal import Journal
from hub.metrics import Metrics
from hub.picture import Picture
from routing.ocpi import ConnectionStatus


def watch(metrics: Metrics, picture: Picture, journal: Journal) -> None:
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
