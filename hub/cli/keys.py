"""Keys for the admin API: made on the machine of the hub, listed and revoked through the admin API."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.calls import DEFAULT_URL, AsJson, Key, Url, call, every, path_of, print_json
from hub.cli.terminal import WRONG_USE, ConfigFile, give_up, out, row, settings_of, table

app = typer.Typer(help="Keys for the admin API.", no_args_is_help=True)


@app.command("create")
def create_admin_key(
    name: Annotated[str, typer.Argument(help="Who or what will use it; shown in the audit trail.")],
    role: Annotated[str, typer.Option(help="viewer, operator or owner")],
    config: ConfigFile = None,
) -> None:
    """Create an admin API key on the configured store, and print it once."""
    from admin import keys
    from hub.cli.serve import run_to_the_end
    from hub.lifecycle import master_keys
    from hub.store import Store
    from hub.store.secrets import fingerprints
    from hub.vault import Vault

    settings = settings_of(config)
    if role not in list(keys.AdminRole):
        give_up(f"role must be one of {', '.join(keys.AdminRole)}, not {role}", WRONG_USE)
    name = checked_name(name)

    async def work() -> None:
        store = Store(settings.storage.url)
        try:
            await store.migrate()
            hashes = await fingerprints(store, Vault(master_keys(settings)))
            out.print(await keys.create(store, hashes, name, keys.AdminRole(role), by="command line"), markup=False)
        finally:
            await store.close()

    run_to_the_end(work(), settings)


@app.command("list")
def list_keys(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Every admin key, revoked ones too; never a key itself."""
    items = every(url, key, "/keys")
    if as_json:
        print_json({"items": items, "next": None})
        return
    grid = table(None, "id", "name", "role", "created", "last used", "revoked")
    for item in items:
        used, revoked = item["last_used"] or "", item["revoked_at"] or ""
        row(grid, item["id"], item["name"], item["role"], item["created_at"], used, revoked)
    out.print(grid)


@app.command("revoke")
def revoke_key(
    id: Annotated[str, typer.Argument(help="The key's id, not the key.")], url: Url = DEFAULT_URL, key: Key = ""
) -> None:
    """Stop accepting a key."""
    call(url, key, "DELETE", path_of("keys", id))
    out.print(f"{id} is revoked.", markup=False)


def checked_name(name: str) -> str:
    """A name as the admin API takes it, or exit 2."""
    from pydantic import TypeAdapter, ValidationError

    from admin.words import Name

    try:
        return TypeAdapter[str](Name).validate_python(name)
    except ValidationError as error:
        give_up(f"the name cannot be used: {error.errors()[0]['msg'].removeprefix('Value error, ')}", WRONG_USE)
