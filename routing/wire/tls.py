"""TLS to parties: certificates and names are verified, and a session is resumed where the party offers that."""

from __future__ import annotations

import ssl
import time
from typing import Final

MAX_SESSIONS: Final = 10_000
SESSION_S: Final = 3600.0
"""How long a session may be resumed before the certificate is looked at again."""


class PartyTls(ssl.SSLContext):
    """A context that resumes sessions.

    The event loops have no place for a session in their interface, but they ask the context for each connection:
    there it is handed over. A resumed handshake costs both sides no signature and no chain of certificates.
    """

    sessions: dict[str, tuple[float, ssl.SSLSession]]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """A connection's side of TLS, with the last session of the same host."""
        saved = self.sessions.get(str(server_hostname))
        if saved is not None and time.monotonic() - saved[0] < SESSION_S:
            session = saved[1]
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def remember(self, connected: ssl.SSLObject) -> None:
        """Keep the session of a connection that carried an answer: by then a TLS 1.3 ticket has come."""
        session = connected.session
        if session is None or not session.has_ticket:
            return
        host = str(connected.server_hostname)
        began = self.sessions.pop(host)[0] if connected.session_reused and host in self.sessions else time.monotonic()
        if len(self.sessions) >= MAX_SESSIONS:
            del self.sessions[next(iter(self.sessions))]
        self.sessions[host] = (began, session)


def party_tls(*, cafile: str | None = None) -> PartyTls:
    """Verifies against the system's authorities, or those in `cafile`."""
    context = PartyTls(ssl.PROTOCOL_TLS_CLIENT)  # which checks certificates and host names
    context.sessions = {}
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if cafile is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile)
    return context
