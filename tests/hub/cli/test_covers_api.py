"""Each call of the admin API has a command: a table that says which, checked against both."""

from __future__ import annotations

from typer.testing import CliRunner

from admin.routes import ROUTES
from hub.cli import app

COVERED = {
    "GET /platforms": "party list",
    "POST /platforms": "party invite",
    "GET /platforms/{id}": "party show",
    "PATCH /platforms/{id}": "party change",
    "DELETE /platforms/{id}": "party remove",
    "POST /platforms/{id}/suspend": "party suspend",
    "POST /platforms/{id}/resume": "party resume",
    "POST /platforms/{id}/invite": "party invite-again",
    "POST /platforms/{id}/rotate": "party rotate",
    "GET /platforms/{id}/findings": "party findings",
    "DELETE /platforms/{id}/findings": "party findings --clear",
    "POST /platforms/{id}/check": "party check",
    "GET /checks": "party checks",
    "GET /checks/{id}": "party check --json",
    "GET /checks/{id}/report": "party report",
    "GET /agreements": "agreement list",
    "POST /agreements": "agreement allow",
    "DELETE /agreements/{id}": "agreement remove",
    "GET /parties": "party parties",
    "GET /journal": "journal",
    "GET /journal/export": "journal --export",
    "GET /journal/{id}": "journal --id",
    "GET /audit": "audit",
    "GET /keys": "admin-key list",
    "POST /keys": "admin-key create",
    "DELETE /keys/{id}": "admin-key revoke",
    "GET /users": "admin-user list",
    "POST /users": "admin-user create",
    "PATCH /users/{id}": "admin-user change",
    "DELETE /users/{id}": "admin-user remove",
    "GET /sessions": "admin-user sessions",
    "DELETE /sessions/{id}": "admin-user end-session",
}
"""The command that does what each call of the API does."""


def test_the_command_line_covers_the_api() -> None:
    assert set(COVERED) == {f"{row.method} {row.path}" for row in ROUTES}
    for command in set(COVERED.values()):
        words = command.split()
        told = CliRunner().invoke(app, [word for word in words if not word.startswith("--")] + ["--help"]).output
        assert "Usage" in told, command
        assert all(word in told for word in words if word.startswith("--")), command
