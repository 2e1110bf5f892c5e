"""`ocpi-hub health`: whether the hub of this configuration serves, for who starts it anew when it does not."""

from __future__ import annotations

import http.client
import ssl
from typing import Annotated, Final

import typer

from hub.cli.terminal import ConfigFile, give_up, out, settings_of
from hub.sections import AdminSection

SERVES: Final = "/healthz"
READY: Final = "/readyz"
TIMEOUT_S: Final = 4.0
"""Less than the container's own patience, so that the reason is told."""
EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked from inside

Ready = Annotated[bool, typer.Option("--ready", help="Whether it can serve parties, its store with it.")]


def health(config: ConfigFile = None, ready: Ready = False) -> None:
    """Ask the admin door of a hub on this machine whether it serves; exit 1 when not."""
    try:
        status, body = _ask(settings_of(config).admin, READY if ready else SERVES)
    except (OSError, http.client.HTTPException) as error:
        give_up(f"the admin door does not answer: {error}")
    if status != 200:
        give_up(body)
    out.print(body, markup=False, highlight=False)


def _ask(door: AdminSection, path: str) -> tuple[int, str]:
    """What the door says; as a client it shows the certificate of the door itself, where one must be shown."""
    host = EVERYWHERE.get(door.host, door.host)
    if door.certificates is None:
        asking = http.client.HTTPConnection(host, door.port, timeout=TIMEOUT_S)
    else:
        # over loopback, and nothing is told: the name in the certificate is the one that others know the door by
        context = ssl._create_unverified_context()  # noqa: S323
        context.load_cert_chain(door.certificates.cert, door.certificates.key)
        asking = http.client.HTTPSConnection(host, door.port, timeout=TIMEOUT_S, context=context)
    try:
        asking.connect()
        try:
            asking.request("GET", path)
            answer = asking.getresponse()
            return answer.status, answer.read().decode()
        except (ConnectionError, ssl.SSLError):
            if door.tls_client_ca is None or path != SERVES:
                raise
            return 200, "it serves those with a certificate"  # it took part in a handshake, and hung up on a stranger
    finally:
        asking.close()
