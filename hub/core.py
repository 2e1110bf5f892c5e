"""What every room of the server stands on: settings, store, secrets, the picture and the courier."""

from __future__ import annotations

from dataclasses import dataclass

from hub.clock import Clock
from hub.config import Settings
from hub.picture import Picture
from hub.store import Store
from hub.vault import Fingerprints, Vault
from routing.addresses import check_url
from routing.courier import Courier


@dataclass(frozen=True, slots=True)
class Core:
    """The common ground, opened once and closed by `hub.lifecycle`."""

    settings: Settings
    store: Store
    vault: Vault
    fingerprints: Fingerprints
    picture: Picture
    courier: Courier
    clock: Clock

    @property
    def versions_url(self) -> str:
        """The address that is handed to parties; everything else is discovered from it."""
        return f"{self.settings.public_url}/ocpi/versions"

    def checked(self, url: object) -> str:
        """A URL that a party or an admin gave. Raises ForbiddenAddress where the hub must not call it."""
        return check_url(url, allow_private=self.settings.security.allow_private_parties)
