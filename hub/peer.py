"""The hub's side of a registration, as HTTP: read a platform's versions and details, hand it credentials.

Each step that fails says what was expected and what came, for the admin who has to talk to the partner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from hub.core import Core
from hub.payloads import VersionDetails, VersionRow, explain
from routing.addresses import ForbiddenAddress
from routing.answers import Answer, open_envelope, without
from routing.bridge import write_json
from routing.directory import Platform
from routing.errors import InvalidAnswer, NoAnswerInTime, OcpiError
from routing.journey import new_request_id
from routing.ocpi import CORRELATION_ID, REQUEST_ID, SUCCESS, VERSIONS, Interface, Version
from routing.quirks import IN_BASE64, REFUSES_WITH_3000, TRAILING_SLASH, asks_for_slash, with_slash

STEP_TIMEOUT_S: Final = 10.0
"""A platform waits for its own POST while the hub reads its versions: these calls must be quick, or quicker still
where `routing.party_timeout_s` says so."""

_VERSION_LIST: Final = TypeAdapter(tuple[VersionRow, ...])


class StepFailed(Exception):
    """One step of a handshake did not work; nothing was changed."""

    def __init__(self, step: str, expected: str, came: str, *, http: int | None = None) -> None:
        super().__init__(f"{step}: expected {expected}, came {came}")
        self.step, self.expected, self.came, self.http = step, expected, came, http


class OutcomeUnknown(StepFailed):
    """The platform may or may not have done it: its answer was lost."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a platform told about itself in one version."""

    offered: tuple[VersionRow, ...]
    version: Version
    endpoints: tuple[tuple[str, Interface, str], ...]
    encodes_token: bool
    particulars: Mapping[str, Any] = field(default_factory=dict)
    """Quirks that showed in the handshake, up to its end."""

    def quirks(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """The platform's quirks with what was learnt; what an admin said about anything but its token stays."""
        quirks = {**self.particulars, **known}
        if self.encodes_token is self.version.encodes_token:
            return {name: value for name, value in quirks.items() if name != IN_BASE64}
        return {**quirks, IN_BASE64: self.encodes_token}

    def url_of(self, module: str) -> str | None:
        """The address of a module whose interface does not matter, such as credentials."""
        return next((url for name, _, url in self.endpoints if name.lower() == module), None)


@dataclass(slots=True)
class Peer:
    """A platform being registered with: where it is, and the token that it accepts from the hub."""

    core: Core
    versions_url: str
    token: str = field(repr=False)
    encodes_token: bool = True
    particulars: dict[str, Any] = field(default_factory=dict)
    """Quirks that showed so far."""

    async def versions(self) -> tuple[VersionRow, ...]:
        """GET versions (OCPI 2.2.1, Versions module). A refused token makes the hub try its other form once."""
        step = "GET versions"
        answer = await self._call(step, "GET", self.versions_url)
        is_refused_in_ocpi = _refuses_in_ocpi(answer)
        if answer.http == 401 or is_refused_in_ocpi:
            self.encodes_token = not self.encodes_token
            answer = await self._call(step, "GET", self.versions_url)
            if is_refused_in_ocpi and not _refuses_in_ocpi(answer):
                self.particulars[REFUSES_WITH_3000] = True
        data = _data(step, answer, "a list of versions")
        try:
            return _VERSION_LIST.validate_python(data)
        except ValidationError as error:
            raise StepFailed(step, "a list of version and url", explain(error, "data")) from None

    async def details(self, offered: tuple[VersionRow, ...], version: Version) -> Learnt:
        """GET version details (OCPI 2.2.1, Version details); every endpoint is checked before it is believed."""
        step = "GET version details"
        row = next(row for row in offered if row.version == version.number)
        answer = await self._call(step, "GET", row.url)
        data = _data(step, answer, "version details")
        try:
            details = VersionDetails.model_validate(data)
        except ValidationError as error:
            raise StepFailed(step, "version and endpoints", explain(error, "data")) from None
        endpoints = []
        for endpoint in details.endpoints:
            role = endpoint.role or Interface.SENDER
            endpoints.append((endpoint.identifier, role, self._checked(step, endpoint.url)))
        return Learnt(offered, version, tuple(endpoints), self.encodes_token, self.particulars)

    async def exchange(self, method: str, url: str, credentials: Mapping[str, Any]) -> Any:
        """POST or PUT the hub's credentials; the platform's own come back. Raises OutcomeUnknown for a lost answer."""
        step = f"{method} credentials"
        answer = await self._call(step, method, url, credentials)
        if answer.http >= 500:
            raise OutcomeUnknown(step, "HTTP 200 and OCPI 1000", _said(answer), http=answer.http)
        return _data(step, answer, "credentials")

    async def goodbye(self, url: str) -> None:
        """DELETE credentials (OCPI 2.2.1, Credentials, DELETE)."""
        _data("DELETE credentials", await self._call("DELETE credentials", "DELETE", url), None)

    async def _call(self, step: str, method: str, url: str, document: Mapping[str, Any] | None = None) -> Answer:
        """One call; once more with a slash at the end of the address where the platform asks for that."""
        body = b"" if document is None else write_json(document)
        answer = await self._one_call(step, method, url, body)
        if asks_for_slash(answer, url):
            self.particulars[TRAILING_SLASH] = True
            answer = await self._one_call(step, method, with_slash(url), body)
        if document is not None and not _is_success(answer):
            # what it says of the hub's credentials is for people to read
            answer = without(answer, self.token, str(document["token"]))
        return answer

    async def _one_call(self, step: str, method: str, url: str, body: bytes) -> Answer:
        """Raises StepFailed; OutcomeUnknown where credentials were sent, and the answer to them was lost."""
        patience_s = self.core.settings.routing.party_timeout_s
        try:
            return await self.core.courier.call(
                method,
                self._checked(step, url),
                token=self.token,
                encode_token=self.encodes_token,
                headers={REQUEST_ID: new_request_id(), CORRELATION_ID: new_request_id()},
                body=body,
                timeout_s=patience_s if body else min(STEP_TIMEOUT_S, patience_s),
                may_tell_token=bool(body),
            )
        except (NoAnswerInTime, InvalidAnswer) as error:
            failure = OutcomeUnknown if body else StepFailed
            raise failure(step, "an answer in time", error.message) from None
        except OcpiError as error:
            raise StepFailed(step, "an answer", error.message) from None

    def _checked(self, step: str, url: str) -> str:
        try:
            return self.core.checked(url)
        except ForbiddenAddress as error:
            raise StepFailed(step, "a URL that the hub may call", str(error)) from None


def _is_success(answer: Answer) -> bool:
    document = open_envelope(answer.body)
    return answer.http in (200, 201) and document is not None and document["status_code"] == SUCCESS


def _refuses_in_ocpi(answer: Answer) -> bool:
    """Whether a token was refused with HTTP 200 and OCPI 3000, as some do."""
    document = open_envelope(answer.body) if answer.http == 200 else None
    return document is not None and document["status_code"] == 3000


def newest(core: Core, offered: tuple[VersionRow, ...]) -> Version:
    """The newest version that both sides offer. Raises StepFailed where there is none."""
    ours = core.settings.hub.versions
    mutual = [VERSIONS[row.version] for row in offered if row.version in ours]
    if not mutual:
        theirs = ", ".join(row.version for row in offered) or "none"
        raise StepFailed("choose version", f"one of {', '.join(ours)}", theirs)
    return max(mutual, key=lambda version: version.rank)


def check_role_known(version: Version, platform: Platform) -> None:
    """Raises StepFailed for a platform whose role nobody would tell: before its token is used up by an exchange."""
    if version.credentials_are_flat and not platform.parties:
        expected = "a role named with the request, since credentials of this version tell none"
        raise StepFailed("choose version", expected, f"OCPI {version}, and no role")


def check_endpoints(learnt: Learnt) -> None:
    """Raises StepFailed where the platform does not offer credentials and at least one other module."""
    step = "check endpoints"
    if learnt.url_of("credentials") is None:
        raise StepFailed(step, "a credentials endpoint", _names(learnt))
    if all(name.lower() == "credentials" for name, _, _ in learnt.endpoints):
        raise StepFailed(step, "at least one module besides credentials", _names(learnt))


def _names(learnt: Learnt) -> str:
    return ", ".join(sorted({name for name, _, _ in learnt.endpoints})) or "no endpoints"


def _data(step: str, answer: Answer, expected: str | None) -> Any:
    document = open_envelope(answer.body)
    if answer.http not in (200, 201):
        raise StepFailed(step, "HTTP 200", _said(answer), http=answer.http)
    if document is None:
        if expected is None and not answer.body.strip():
            return None
        raise StepFailed(step, "an OCPI envelope", _said(answer))
    if document["status_code"] != SUCCESS:
        raise StepFailed(step, f"OCPI {SUCCESS}", _said(answer))
    if expected is not None and document.get("data") is None:
        raise StepFailed(step, f"data with {expected}", "no data")
    return document.get("data")


def _said(answer: Answer) -> str:
    """What a platform answered, in words; its body only as far as it is OCPI."""
    document = open_envelope(answer.body)
    if document is None:
        what = (
            f"with {len(answer.body)} bytes that are not an OCPI envelope" if answer.body.strip() else "without a body"
        )
        return f"HTTP {answer.http} {what}"
    message = str(document.get("status_message") or "")[:200]
    return f"HTTP {answer.http}, OCPI {document['status_code']}" + (f" ({message})" if message else "")
