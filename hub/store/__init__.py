"""Every SQL statement of the hub. SQLite by default, PostgreSQL with the same statements."""

from hub.store.engine import Store, StoreUnavailable

__all__ = ["Store", "StoreUnavailable"]
