"""TLS of a door: what its files say, read anew when they change, without a connection lost."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger(__name__)

WATCH_S = 1.0
"""How often the files are looked at."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files: a chain and its key; with `client_ca`, clients must show a certificate of theirs."""

    cert: Path
    key: Path | None = None
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """What connections are accepted with. Raises OSError that names the files which cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with _named(self.cert, self.key):
            context.load_cert_chain(self.cert, self.key, password=_nobody_types)
        if self.client_ca is not None:
            with _named(self.client_ca):
                context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """What changes when a file does; a link that is turned to another file counts too. Raises OSError."""
        files = [file for file in (self.cert, self.key, self.client_ca) if file is not None]
        return tuple((stat.st_mtime_ns, stat.st_ino) for stat in (file.stat() for file in files))


@dataclass(slots=True)
class Renewal:
    """Looks at a door's files, and has the door use what they say now. Connections that are open stay."""

    certificates: Certificates
    use: Callable[[ssl.SSLContext], None]
    _seen: tuple[tuple[int, int], ...] = field(init=False)
    _complaint: str = ""
    """What was wrong at the last look: it is told once."""

    def __post_init__(self) -> None:
        self._seen = self.certificates.stamp()

    async def look(self) -> bool:
        """Whether there was something new. Files that cannot be used leave the door as it is."""
        try:
            stamp = self.certificates.stamp()
            if stamp == self._seen:
                self._complaint = ""
                return False
            context = self.certificates.context()
        except OSError as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                log.error("certificate unusable", file=str(self.certificates.cert), reason=str(error))
            return False
        self.use(context)
        self._seen, self._complaint = stamp, ""
        log.info("certificate renewed", file=str(self.certificates.cert))
        return True


@contextmanager
def _named(*files: Path | None) -> Iterator[None]:
    """Have errors name the files: OpenSSL's name none."""
    try:
        for file in filter(None, files):
            file.open("rb").close()
        yield
    except ssl.SSLError as error:
        raise OSError(f"{' and '.join(map(str, filter(None, files)))} cannot be used: {error.strerror}") from None


def _nobody_types() -> str:
    """The password of a key that has one: else OpenSSL would ask for it on the terminal, and everything would wait."""
    return ""


def client_certificate(transport: Any) -> str:
    """The SHA-256 fingerprint (hex) of the certificate that the client showed; empty where it showed none."""
    secured = transport.get_extra_info("ssl_object") if transport is not None else None
    shown = secured.getpeercert(binary_form=True) if secured is not None else None
    return hashlib.sha256(shown).hexdigest() if shown else ""
