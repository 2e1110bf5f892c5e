"""The registry as the API changes it: each function is one call, its docstring what OpenAPI says about it."""

from __future__ import annotations

from admin.platform_json import (
    Invited,
    NewPlatform,
    PlatformChange,
    PlatformJson,
    PlatformList,
    platform_json,
    roles_json,
)
from admin.problems import bad_field, not_found
from admin.route import Call, Page
from admin.words import bad_cursor, fields_of
from hub.lifecycle import Hub
from hub.platforms import Invitation
from hub.store import registry
from hub.store.registry import PlatformRow, RoleRow


async def add_platform(call: Call) -> Invited | PlatformJson:
    """Expect a platform, which gets a token to register with; or, given versions URL and token, register with it."""
    wanted: NewPlatform = call.body
    roles = roles_of(call.hub, wanted)
    if wanted.versions_url is None and wanted.token is None:
        if not roles:
            raise bad_field("roles", "at least one role, unless the hub is to register: then versions_url and token")
        invitation = await call.hub.platforms.invite(
            by=call.admin.name, name=wanted.name, roles=roles, counterpart=wanted.counterpart
        )
        return _invited(invitation)
    if wanted.versions_url is None:
        raise bad_field("versions_url", "is needed together with token")
    if wanted.token is None:
        raise bad_field("token", "is needed together with versions_url")
    platform_id = await call.hub.platforms.connect(
        by=call.admin.name,
        name=wanted.name,
        roles=roles,
        versions_url=wanted.versions_url,
        token=wanted.token.get_secret_value(),
        counterpart=wanted.counterpart,
    )
    return await _told(call.hub, platform_id)


async def list_platforms(call: Call) -> PlatformList:
    """Every platform, in the order they were added."""
    page: Page = call.query
    async with call.hub.store.read() as connection:
        rows = await registry.platform_page(connection, _after(page.cursor), page.limit + 1)
    items = [platform_json(row) for row in rows[: page.limit]]
    last = rows[page.limit - 1] if len(rows) > page.limit else None
    return PlatformList(items=items, next=f"{last.created_at!r}~{last.id}" if last else None)


async def show_platform(call: Call) -> PlatformJson:
    """One platform, with what was learnt from it and what went wrong last."""
    return await _told(call.hub, call.ids["id"])


async def change_platform(call: Call) -> PlatformJson:
    """Change name, quirks, allowed networks or rate limit."""
    change: PlatformChange = call.body
    changes = change.changes()
    if not changes:
        return await _told(call.hub, call.ids["id"])
    return platform_json(await call.hub.platforms.change(call.ids["id"], by=call.admin.name, changes=changes))


async def suspend_platform(call: Call) -> PlatformJson:
    """Stop all traffic of a platform; its partners are told by HubClientInfo."""
    return platform_json(await call.hub.platforms.suspend(call.ids["id"], by=call.admin.name))


async def resume_platform(call: Call) -> PlatformJson:
    """Let traffic flow again."""
    return platform_json(await call.hub.platforms.resume(call.ids["id"], by=call.admin.name))


async def invite_again(call: Call) -> Invited:
    """A fresh CREDENTIALS_TOKEN_A for a platform that is not registered; the one before is void."""
    return _invited(await call.hub.platforms.invite_again(call.ids["id"], by=call.admin.name))


async def rotate_tokens(call: Call) -> PlatformJson:
    """Renew both tokens by PUT credentials."""
    await call.hub.platforms.rotate(call.ids["id"], by=call.admin.name)
    return await _told(call.hub, call.ids["id"])


async def remove_platform(call: Call) -> None:
    """Unregister a platform, also at the partner where it can be reached, and forget it."""
    await call.hub.platforms.remove(call.ids["id"], by=call.admin.name)


# --- in common -------------------------------------------------------------------------------------------------------


def roles_of(hub: Hub, wanted: NewPlatform) -> list[RoleRow]:
    """The roles asked for. Raises Problem (422) where one is there twice, or one of the parties is the hub itself."""
    own = hub.settings.hub.party
    rows = [role.row(wanted.name) for role in wanted.roles]
    named = [(row.role, row.id) for row in rows]
    taken = {f"roles.{number}": "is there twice" for number, row in enumerate(named) if row in named[:number]}
    taken |= {f"roles.{number}": "is the hub itself" for number, row in enumerate(rows) if row.id == own}
    if wanted.counterpart == own:
        taken["counterpart"] = "is the hub itself"
    for name, message in taken.items():
        raise bad_field(name, message)
    return rows


def _after(cursor: str | None) -> tuple[float, str]:
    fields = fields_of(cursor, 2)
    if fields is None:
        return 0.0, ""
    try:
        return float(fields[0]), fields[1]
    except ValueError:
        raise bad_cursor() from None


async def _row(hub: Hub, platform_id: str) -> PlatformRow:
    async with hub.store.read() as connection:
        row = await registry.platform_row(connection, platform_id)
    if row is None:
        raise not_found(f"there is no platform {platform_id}")
    return row


async def _told(hub: Hub, platform_id: str) -> PlatformJson:
    return platform_json(await _row(hub, platform_id))


def _invited(invitation: Invitation) -> Invited:
    row = invitation.row
    return Invited(
        id=row.id,
        name=row.name,
        status=row.status,
        token=invitation.token,
        versions_url=invitation.versions_url,
        roles=roles_json(row.roles, row.status),
        counterpart=row.counterpart,
    )
