"""How Alembic runs here: on the store's own engines, everything in one transaction, one process at a time."""

from __future__ import annotations

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, event, text

from backend.store import console_models, desk_models, help_models, live_models, slack_models, world_models  # noqa: F401  all tables, for Base.metadata
from backend.store.base import Base, UtcDateTime, make_engine

_ONE_AT_A_TIME = 5_276_411  # any number, the same in every process: the advisory lock backends starting together take
_LOCK_TIMEOUT = "5s"


def _render(kind: str, thing: Any, _autogen: Any) -> str | bool:
    """Revisions are history: they name the database's types, not ours, which may change."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, UtcDateTime) else False


def _run(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=sqlite,
        render_item=_render,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if not sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
        context.run_migrations()
        if sqlite:
            broken = connection.execute(text("PRAGMA foreign_key_check")).all()
            if broken:
                raise RuntimeError(f"the migration left references that lead nowhere: {broken[:5]}")


async def _migrate(url: str) -> None:
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def _references_later(connection: Any, _record: Any) -> None:
            # SQLite changes a table by making it anew; with references enforced, dropping the old one would empty
            # every table that refers to it. They are checked at the end instead.
            connection.execute("PRAGMA foreign_keys=OFF")

    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(_migrate(context.config.attributes["url"]))
