"""The configuration modules of a platform: versions, version details, credentials; and a token it never gave out."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from hub.check import judging
from hub.check.asking import Asker, Came
from hub.check.report import Remark, Step, fail, warn
from hub.payloads import read_credentials, role_agreed
from routing.catalogue import module_key
from routing.errors import OcpiError
from routing.ocpi import Interface, Role

VERSIONS_SOURCE: Final = "version information endpoint, Versions"
DETAILS_SOURCE: Final = "version information endpoint, Version details"
CREDENTIALS_SOURCE: Final = "Credentials, GET method"


async def versions(asker: Asker) -> AsyncIterator[Step]:
    """GET versions, with the right token and with a wrong one."""
    url = asker.platform.versions_url or ""
    came = await asker.ask("GET", url)
    yield asker.step(
        came,
        name="versions",
        module="versions",
        interface="",
        expected=f"HTTP 200, OCPI 1000, a list of versions with {asker.version} in it",
        source=VERSIONS_SOURCE,
        remarks=_versions(asker, came),
    )
    if asker.is_unreachable or came.answer is None:
        return
    came = await asker.ask("GET", url, token=f"not-a-token-{secrets.token_hex(8)}")
    yield asker.step(
        came,
        name="versions with a wrong token",
        module="versions",
        interface="",
        expected="HTTP 401",
        source="transport and format, Authorization header",
        remarks=_refusal(came),
        is_judged_whole=False,
    )


async def details(asker: Asker) -> AsyncIterator[Step]:
    """GET the details of the version in use."""
    came = await asker.ask("GET", asker.platform.versions_url or "")
    url = _url_of(came.read.data if came.read else None, asker.version.number)
    if url is None:
        yield asker.skipped("version details", "versions", "", f"versions named no address for {asker.version}")
        return
    came = await asker.ask("GET", url)
    yield asker.step(
        came,
        name="version details",
        module="versions",
        interface="",
        expected="HTTP 200, OCPI 1000, the version and its endpoints as they were registered",
        source=DETAILS_SOURCE,
        remarks=_details(asker, came),
    )


async def credentials(asker: Asker) -> AsyncIterator[Step]:
    """GET credentials; what is in them is judged, and shown to nobody."""
    found = asker.platform.endpoints
    url = next((url for (module, _), url in found.items() if module == "credentials"), None)
    if url is None:
        yield asker.skipped("credentials", "credentials", "", "the platform registered no credentials endpoint")
        return
    came = await asker.ask("GET", url)
    yield asker.step(
        came,
        name="credentials",
        module="credentials",
        interface="",
        expected="HTTP 200, OCPI 1000, the platform's credentials with the roles that it registered",
        source=CREDENTIALS_SOURCE,
        remarks=_credentials(asker, came),
    )


# --- judged ----------------------------------------------------------------------------------------------------------


def _versions(asker: Asker, came: Came) -> list[Remark]:
    if came.answer is None:
        return []
    found = judging.success(came.answer, came.read)
    data = came.read.data if came.read else None
    if found or not isinstance(data, list):
        return [*found, *([] if found else [fail("data is no list of versions")])]
    found += judging.objects(asker.version, "Version", data)
    if _url_of(data, asker.version.number) is None:
        found.append(fail(f"{asker.version}, which is in use, is not offered any more"))
    return [*found, *_insecure(asker, [row.get("url") for row in data if isinstance(row, dict)])]


def _refusal(came: Came) -> list[Remark]:
    if came.answer is None or came.answer.http == 401:
        return []
    code = came.read.code if came.read else None
    if code == 1000:
        return [fail("a token that was never given out is accepted")]
    return [fail(f"answers HTTP {came.answer.http} to a token that was never given out, where 401 is expected")]


def _details(asker: Asker, came: Came) -> list[Remark]:
    if came.answer is None:
        return []
    found = judging.success(came.answer, came.read)
    data = came.read.data if came.read else None
    if found or not isinstance(data, dict):
        return [*found, *([] if found else [fail("data is no version details object")])]
    found += judging.objects(asker.version, "VersionDetails", [data])
    if data.get("version") != asker.version.number:
        found.append(fail(f"version is not {asker.version}, whose details were asked for"))
    rows = [row for row in data.get("endpoints") or () if isinstance(row, dict)]
    return [*found, *_endpoints(asker, rows), *_insecure(asker, [row.get("url") for row in rows])]


def _endpoints(asker: Asker, rows: Sequence[Mapping[str, Any]]) -> list[Remark]:
    """What is offered now against what was registered."""
    now = {
        (module_key(str(row.get("identifier"))), row.get("role") or Interface.SENDER): row.get("url") for row in rows
    }
    found = []
    if not any(module == "credentials" for module, _ in now):
        found.append(fail("there is no credentials endpoint"))
    if len(now) < len(rows):
        found.append(fail("the same module and role is listed more than once"))
    known = {(module, str(side)): url for (module, side), url in asker.platform.endpoints.items()}
    for module, side in sorted({*known, *now}):
        before, after = known.get((module, side)), now.get((module, side))
        if before != after:
            what = "is new" if before is None else "is gone" if after is None else "has another address"
            found.append(warn(f"{module} {side} {what} since the platform registered: it has to PUT credentials"))
    return found


def _credentials(asker: Asker, came: Came) -> list[Remark]:
    if came.answer is None:
        return []
    found = judging.success(came.answer, came.read)
    data = came.read.data if came.read else None
    if found:
        return found
    found = judging.objects(asker.version, "Credentials", [data])
    parties = asker.platform.parties
    try:
        read = read_credentials(asker.version, data, role_agreed(parties))
    except OcpiError as error:
        return found or [fail(error.message)]
    told = {(row.id, row.role) for row in read.role_rows() if row.role is not Role.HUB}
    known = {(party.id, party.role) for party in parties if not party.is_suspended}
    for id, role in sorted(told ^ known, key=str):
        what = "is new" if (id, role) in told else "is gone"
        found.append(warn(f"{role} {id} {what} since the platform registered: it has to PUT credentials"))
    return found


def _url_of(data: Any, number: str) -> str | None:
    for row in data if isinstance(data, list) else ():
        if isinstance(row, dict) and row.get("version") == number and isinstance(row.get("url"), str):
            return str(row["url"])
    return None


def _insecure(asker: Asker, urls: Sequence[Any]) -> list[Remark]:
    plain = [url for url in urls if isinstance(url, str) and url.lower().startswith("http:")]
    return [fail(f"{len(plain)} addresses are not https")] if plain and not asker.is_private_allowed else []
