"""The command line: `ocpi-hub`. Exit codes: 0 done, 1 the work failed, 2 wrong use or wrong configuration."""

from __future__ import annotations

import typer

from hub.cli import demo, fake, journal, party, serve

app = typer.Typer(
    name="ocpi-hub",
    help="An OCPI roaming hub: charge point operators and e-mobility service providers connect once.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("check-config")(serve.check_config)
app.command("migrate")(serve.migrate)
app.command("fake")(fake.fake)
app.command("journal")(journal.journal)
app.add_typer(serve.admin_keys, name="admin-key")
app.add_typer(party.app, name="party")


def main() -> None:
    """The console script."""
    app()
