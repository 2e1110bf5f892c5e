"""Schema migrations (alembic), run by `Store.migrate`."""
