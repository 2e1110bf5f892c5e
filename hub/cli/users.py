"""Users of the web view: made on the machine of the hub, the rest through the admin API; and their sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.calls import DEFAULT_URL, AsJson, Key, Url, call, every, path_of, print_json
from hub.cli.keys import checked_name
from hub.cli.terminal import WRONG_USE, ConfigFile, give_up, out, row, settings_of, table

app = typer.Typer(help="People who log in to the web view.", no_args_is_help=True)


@app.command("create")
def create_user(
    name: Annotated[str, typer.Argument(help="What they log in with; shown in the audit trail.")],
    role: Annotated[str, typer.Option(help="viewer, operator or owner")],
    config: ConfigFile = None,
) -> None:
    """Create a user on the configured store. The password is asked for, or read from standard input."""
    from admin import users
    from admin.keys import AdminRole
    from hub.cli.serve import run_to_the_end
    from hub.store import Store
    from hub.store.users import NameTaken

    settings = settings_of(config)
    if role not in list(AdminRole):
        give_up(f"role must be one of {', '.join(AdminRole)}, not {role}", WRONG_USE)
    name = checked_name(name)
    password = _password()
    if wrong := users.password_problem(password):
        give_up(f"the password {wrong}", WRONG_USE)

    async def work() -> None:
        store = Store(settings.storage.url)
        try:
            await store.migrate()
            hashed = await users.Passwords().hashed(password)
            await users.create(store, name=name, role=AdminRole(role), password=hashed, by="command line")
        except NameTaken as error:
            give_up(str(error))
        finally:
            await store.close()
        out.print(f"{name} can log in.", markup=False)

    run_to_the_end(work(), settings)


@app.command("list")
def list_users(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Every user; never a password."""
    items = every(url, key, "/users")
    if as_json:
        print_json({"items": items, "next": None})
        return
    grid = table(None, "id", "name", "role", "created", "last login")
    for item in items:
        row(grid, item["id"], item["name"], item["role"], item["created_at"], item["last_login"] or "")
    out.print(grid)


@app.command("remove")
def remove_user(
    id: Annotated[str, typer.Argument(help="The user's id.")], url: Url = DEFAULT_URL, key: Key = ""
) -> None:
    """Let somebody in no more; their sessions end."""
    call(url, key, "DELETE", path_of("users", id))
    out.print(f"{id} is removed.", markup=False)


@app.command("change")
def change_user(
    id: Annotated[str, typer.Argument(help="The user's id.")],
    role: Annotated[str | None, typer.Option(help="viewer, operator or owner")] = None,
    password: Annotated[bool, typer.Option("--password", help="A new one; their sessions end.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Another role or password. The password is asked for, or read from standard input."""
    if not role and not password:
        give_up("nothing to change: --role or --password", WRONG_USE)
    body = {**({"role": role} if role else {}), **({"password": _password()} if password else {})}
    answer = call(url, key, "PATCH", path_of("users", id), body)
    out.print(f"{answer['name']} is {answer['role']}.", markup=False)


@app.command()
def sessions(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Who is logged in to the web view."""
    items = every(url, key, "/sessions")
    if as_json:
        print_json({"items": items, "next": None})
        return
    grid = table(None, "id", "name", "from", "with", "since", "last seen")
    for item in items:
        row(grid, *(item[name] for name in ("id", "name", "address", "agent", "created_at", "last_seen")))
    out.print(grid)


@app.command("end-session")
def end_session(
    id: Annotated[str, typer.Argument(help="The session's id.")], url: Url = DEFAULT_URL, key: Key = ""
) -> None:
    """Log somebody out."""
    call(url, key, "DELETE", path_of("sessions", id))
    out.print(f"{id} is ended.", markup=False)


def _password() -> str:
    """From the terminal without showing it, twice; from a pipe its first line."""
    import sys

    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
