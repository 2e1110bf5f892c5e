"""Agreements, parties, the audit trail and keys as the API reads and writes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from admin.journal_json import iso
from admin.keys import AdminRole
from admin.words import Given, Moment, Name, Party, Told
from hub.store.keys import KeyRow
from hub.store.parties import PartyRow
from routing.agreements import Agreement
from routing.catalogue import module_key
from routing.ocpi import ConnectionStatus, Role

Effect = Literal["allow", "deny"]
Module = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(module_key)]


class NewAgreement(Given):
    """What is decided for a pair; without modules it holds for all of them. To deny goes before to allow."""

    cpo: Party
    emsp: Party
    modules: tuple[Module, ...] = Field((), max_length=100)
    effect: Effect


class AgreementJson(Told):
    """What was decided for a pair of CPO and eMSP; no modules: all of them."""

    id: str
    cpo: Party
    emsp: Party
    modules: list[str]
    effect: Effect


class AgreementList(Told):
    """Agreements by their parties."""

    items: list[AgreementJson]
    next: str | None


class PartyJson(Told):
    """A party in one role."""

    country_code: str
    party_id: str
    role: Role
    name: str
    platform: str = Field(description="The id of the platform that it is on.")
    platform_name: str
    counterpart: Party | None
    status: ConnectionStatus
    last_seen: Moment | None


class PartyList(Told):
    """Parties by their id and role."""

    items: list[PartyJson]
    next: str | None


class ChangeJson(Told):
    """One row of the audit trail: who did what to whom, and when."""

    id: int
    at: Moment
    who: str
    action: str
    subject: str = Field(description="The id of a platform, agreement or key.")
    before: Any
    after: Any


class ChangeList(Told):
    """The audit trail, newest first."""

    items: list[ChangeJson]
    next: str | None


class NewKey(Given):
    """A key to be made."""

    name: Name = Field(description="Who or what will use it; shown in the audit trail.")
    role: AdminRole


class KeyJson(Told):
    """An admin key, without the key itself."""

    id: str
    name: str
    role: AdminRole
    created_at: Moment
    last_used: Moment | None
    revoked_at: Moment | None


class IssuedKey(KeyJson):
    """A new key. It is shown this once."""

    key: str = Field(repr=False)


class KeyList(Told):
    """Keys in the order they were made, revoked ones too."""

    items: list[KeyJson]
    next: str | None


def agreement_json(agreement: Agreement) -> AgreementJson:
    """An agreement as it is told."""
    return AgreementJson(
        id=agreement.id,
        cpo=agreement.cpo,
        emsp=agreement.emsp,
        modules=sorted(agreement.modules),
        effect="allow" if agreement.is_allowed else "deny",
    )


def party_json(row: PartyRow) -> PartyJson:
    """A party as it is told."""
    return PartyJson(
        country_code=row.id.country_code.upper(),
        party_id=row.id.party_id.upper(),
        role=row.role,
        name=row.name,
        platform=row.platform_id,
        platform_name=row.platform_name,
        counterpart=row.counterpart,
        status=row.status,
        last_seen=iso(row.last_seen_at) if row.last_seen_at else None,
    )


def key_json(row: KeyRow) -> KeyJson:
    """A key as it is told."""
    return KeyJson(
        id=row.id,
        name=row.name,
        role=AdminRole(row.role),
        created_at=iso(row.created_at),
        last_used=iso(row.last_used_at) if row.last_used_at else None,
        revoked_at=iso(row.revoked_at) if row.revoked_at else None,
    )
