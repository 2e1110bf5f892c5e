"""Every call of every functional module, as the specification's module chapters have them: who calls whom, and how.

Written from the chapters and not from `routing.catalogue`, which it is to try. Ids hold what a CiString may hold:
they must arrive percent-encoded as they were sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

BOTH: Final = ("2.2.1", "2.3.0")
ONLY_2_3: Final = ("2.3.0",)

ID: Final = "X%20a%2Fb%2A%23%7E%41"
"""An id in a path: `X a/b*#~A`, not encoded as a library would do it."""
PLAIN_ID: Final = "X a/b*#~A"
DATES: Final = "date_from=2026-01-01T00:00:00Z&date_to=2026-02-01T00%3A00%3A00Z&offset=50&limit=10&x=%7e+y"
CUSTOM: Final = "acme-lights"


@dataclass(frozen=True, slots=True)
class Call:
    """One row of section 1.3: `caller` calls the interface of the module that `receiver` implements."""

    id: str
    module: str
    interface: str
    method: str
    path: str
    caller: str
    receiver: str
    query: str = ""
    body: bytes = b""
    callback: str = ""
    """Where the response_url is: `body`, `query`, or nowhere."""
    versions: tuple[str, ...] = BOTH
    http: int = 200

    def __str__(self) -> str:
        return f"{self.id} {self.method} {self.module}{self.path}"


def odd(**members: object) -> bytes:
    """A JSON object with these members that a library would write differently: every byte of it must stay."""
    first = json.dumps(members)[1:-1]
    strange = (
        '"kwh" : 1.10,"price":0.1000000000000000055511151231257827,\n\t"z":[1e2, -0.0,null],"z_unknown":{"b":1,"a":2}'
    )
    return f'{{ {first}{", " if first else ""}{strange}, "name":"Caf\\u00e9 é ✓ \\/"}} \n'.encode()


def _owned(prefix: str, module: str, methods: str, path: str, caller: str, receiver: str, **body: object) -> list[Call]:
    """Calls on a client-owned object: the path names the party that pushes."""
    owner = {"NL/TNM": {"country_code": "NL", "party_id": "TNM"}, "DE/ABC": {"country_code": "DE", "party_id": "ABC"}}
    side = "NL/TNM" if caller == "cpo" else "DE/ABC"
    return [
        Call(
            f"{prefix}-{method}", module, "receiver", method, f"/{side}/{path}", caller, receiver,
            body=b"" if method in ("GET", "DELETE") else odd(**owner[side], **body),
            http=201 if method == "PUT" else 200,
        )
        for method in methods.split()
    ]  # fmt: skip


def _pushed() -> list[Call]:
    """What CPOs and eMSPs push to each other."""
    return [
        *_owned("LOC-R", "locations", "GET PUT PATCH", ID, "cpo", "emsp", id=PLAIN_ID),
        *_owned("LOC-R evse", "locations", "GET PUT PATCH", f"{ID}/E%2F1", "cpo", "emsp", uid="E/1"),
        *_owned("LOC-R connector", "locations", "GET PUT PATCH", f"{ID}/E%2F1/1", "cpo", "emsp", id="1"),
        *_owned("TAR-R", "tariffs", "GET PUT DELETE", ID, "cpo", "emsp", id=PLAIN_ID),
        *_owned("SES-R", "sessions", "GET PUT PATCH", ID, "cpo", "emsp", id=PLAIN_ID),
        *_owned("TOK-R", "tokens", "GET PUT PATCH", ID, "emsp", "cpo", uid=PLAIN_ID),
        Call(
            "TOK-R2 type", "tokens", "receiver", "PUT", "/DE/ABC/1", "emsp", "cpo", query="type=RFID", body=odd(uid="1")
        ),
        Call("CDR-R2", "cdrs", "receiver", "POST", "", "cpo", "emsp", body=odd(id=PLAIN_ID), http=201),
    ]


def _asked() -> list[Call]:
    """What is asked of who owns it."""
    lists = (("LOC", "locations", "cpo"), ("TAR", "tariffs", "cpo"), ("SES", "sessions", "cpo"), ("CDR", "cdrs", "cpo"))
    return [
        *(Call(f"{row}-S1", name, "sender", "GET", "", "emsp", owner, query=DATES) for row, name, owner in lists),
        Call("TOK-S1", "tokens", "sender", "GET", "", "cpo", "emsp", query=DATES),
        Call("LOC-S2", "locations", "sender", "GET", f"/{ID}", "emsp", "cpo"),
        Call("LOC-S2 evse", "locations", "sender", "GET", f"/{ID}/E%2F1", "emsp", "cpo"),
        Call("LOC-S2 connector", "locations", "sender", "GET", f"/{ID}/E%2F1/1", "emsp", "cpo"),
        Call("SES-S2", "sessions", "sender", "PUT", f"/{ID}/charging_preferences", "emsp", "cpo", body=odd()),
        Call("TOK-S2", "tokens", "sender", "POST", f"/{ID}/authorize", "cpo", "emsp", query="type=RFID", body=odd()),
        Call("TOK-S2 bare", "tokens", "sender", "POST", f"/{ID}/authorize", "cpo", "emsp"),
    ]


def _ordered() -> list[Call]:
    """Commands and charging profiles, whose results come later."""
    names = ("START_SESSION", "STOP_SESSION", "RESERVE_NOW", "CANCEL_RESERVATION", "UNLOCK_CONNECTOR", "X-DANCE")
    commands = [
        Call(f"CMD-R {name}", "commands", "receiver", "POST", f"/{name}", "emsp", "cpo", body=odd(), callback="body")
        for name in names
    ]
    profiles = [
        Call(
            f"CHP-R {method} {caller}", "chargingprofiles", "receiver", method, f"/{ID}", caller, "cpo",
            query="duration=900&x=%7e" if method == "GET" else "",
            body=odd() if method == "PUT" else b"",
            callback="body" if method == "PUT" else "query",
        )
        for caller in ("emsp", "scsp")
        for method in ("GET", "PUT", "DELETE")
    ]  # fmt: skip
    pushed = [
        Call(f"CHP-S2 {receiver}", "chargingprofiles", "sender", "PUT", f"/{ID}", "cpo", receiver, body=odd())
        for receiver in ("emsp", "scsp")
    ]
    return [*commands, *profiles, *pushed]


def _add_ons() -> list[Call]:
    """Invoice reconciliation, payments and bookings."""
    rows: list[tuple[str, str, str, str, str, str, str, bytes]] = []
    for one, other, side in (("cpo", "emsp", "NL/TNM"), ("emsp", "cpo", "DE/ABC")):
        name = "invoicereconciliation"
        rows += [
            ("INV-S1", name, "sender", "GET", "", other, one, b""),
            ("INV-R2", name, "receiver", "POST", "", one, other, odd(id=PLAIN_ID)),
            *(
                (f"INV-R {method}", name, "receiver", method, f"/{side}/{ID}", one, other, body)
                for method, body in (("GET", b""), ("PUT", odd(id=PLAIN_ID)), ("DELETE", b""))
            ),
        ]
    advice = "/financial-advice-confirmations"
    rows += [
        ("PAY-S1", "payments", "sender", "GET", "/terminals", "cpo", "ptp", b""),
        ("PAY-S2", "payments", "sender", "GET", f"/terminals/{ID}", "cpo", "ptp", b""),
        ("PAY-S3", "payments", "sender", "POST", "/terminals/activate", "cpo", "ptp", odd()),
        ("PAY-S4", "payments", "sender", "POST", f"/terminals/{ID}/deactivate", "cpo", "ptp", b""),
        ("PAY-S5", "payments", "sender", "PUT", f"/terminals/{ID}", "cpo", "ptp", odd()),
        ("PAY-S6", "payments", "sender", "PATCH", f"/terminals/{ID}", "cpo", "ptp", odd()),
        ("PAY-S7", "payments", "sender", "GET", advice, "cpo", "ptp", b""),
        ("PAY-S8", "payments", "sender", "GET", f"{advice}/{ID}", "cpo", "ptp", b""),
        ("PAY-R1", "payments", "receiver", "GET", f"/terminals/{ID}", "ptp", "cpo", b""),
        ("PAY-R2", "payments", "receiver", "POST", "/terminals", "ptp", "cpo", odd()),
        ("PAY-R3", "payments", "receiver", "GET", f"{advice}/{ID}", "ptp", "cpo", b""),
        ("PAY-R4", "payments", "receiver", "POST", advice, "ptp", "cpo", odd()),
    ]
    rows += [("BOK-S1", "Booking", "sender", "GET", "/booking_locations", "emsp", "cpo", b"")]
    rows += [("BOK-S3", "Booking", "sender", "GET", "", "emsp", "cpo", b"")]
    rows += [("BOK-S4", "Booking", "sender", "POST", "", "emsp", "cpo", odd())]
    for depth in (ID, f"{ID}/C1"):
        rows += [("BOK-S2", "Booking", "sender", "GET", f"/booking_locations/{depth}", "emsp", "cpo", b"")]
        path = f"/NL/TNM/booking_locations/{depth}"
        rows += [("BOK-R1", "Booking", "receiver", "GET", path, "cpo", "emsp", b"")]
        rows += [(f"BOK-R {way}", "Booking", "receiver", way, path, "cpo", "emsp", odd()) for way in ("PUT", "PATCH")]
    rows += [
        (f"BOK-R {way}", "Booking", "receiver", way, f"/NL/TNM/{ID}", "cpo", "emsp", b"" if way == "GET" else odd())
        for way in ("GET", "PUT", "PATCH")
    ]
    return [Call(*row[:7], body=row[7], versions=ONLY_2_3) for row in rows]


def _custom() -> list[Call]:
    """A module that no specification has: any path, query and method, both ways."""
    return [
        Call(f"custom {method}", CUSTOM, interface, method, path, caller, receiver, query="a=%41&b&&c=/?",
             body=b"" if method == "GET" else b'[ 1.0,"two" ]')
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        for interface in ("sender", "receiver")
        for caller, receiver in (("cpo", "emsp"), ("emsp", "cpo"))
        for path in ("", f"/a//{ID}/", "/;v=1/@:!$&'()*+,=-._~/%zz")
    ]  # fmt: skip


CALLS: Final = (*_pushed(), *_asked(), *_ordered(), *_add_ons(), *_custom())
