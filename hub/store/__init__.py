"""Every SQL statement of the hub. SQLite by default, PostgreSQL with the same statements."""

from hub.store import client_info_tables as _client_info_tables  # noqa: F401 - so that the schema is whole
from hub.store import memory_tables as _memory_tables  # noqa: F401
from hub.store.engine import Store, StoreUnavailable

__all__ = ["Store", "StoreUnavailable"]
