"""The declarative base, column types and the engine: the only module that knows the two databases apart."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import DateTime, MetaData, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import JSON, TypeDecorator

from backend.errors import StoreUnavailable
from backend.store.sqlite import connect


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Takes and gives aware UTC; naive values are refused, as they would mean a guess."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("instants are stored with their zone; got a naive datetime")
        value = value.astimezone(timezone.utc)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


class Base(DeclarativeBase):
    """Every table; names of constraints are fixed so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}


def async_url(url: str) -> URL:
    """The asynchronous driver's URL for `sqlite:///…` or `postgresql://…`."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}.get(backend)
    if driver is None:
        raise ValueError(f"LECTERN_DATABASE_URL must begin with sqlite:// or postgresql://, got {backend}://")
    return parsed.set(drivername=driver)


def make_engine(url: str) -> AsyncEngine:
    """An engine for `url`. Connects to nothing yet."""
    parsed = async_url(url)
    common: dict[str, Any] = {
        "hide_parameters": True,
        "json_serializer": lambda value: json.dumps(value, ensure_ascii=False),
    }
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=10, **common)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(parsed, connect_args={"async_creator_fn": connect}, **common)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling would open them late and deferred, which makes a read that
        # turns into a write fail under load; transactions are begun below instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("lectern_read_only", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


class Store:
    """Hands out transactions. `write()` commits when its block ends well and rolls back otherwise."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._write = async_sessionmaker(engine, expire_on_commit=False)
        reading = engine.execution_options(lectern_read_only=True)
        self._read = async_sessionmaker(reading, expire_on_commit=False)
        self._lock = asyncio.Lock()
        self._writing: asyncio.Task[Any] | None = None

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @property
    def has_one_writer(self) -> bool:
        """Whether a transaction that writes begins only after the one before has ended."""
        return self.dialect == "sqlite"

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction that may change things. Raises StoreUnavailable when the database is away."""
        try:
            async with self._in_turn(), self._write() as session, session.begin():
                yield session
        except (DBAPIError, PoolTimeoutError, OSError, sqlite3.Error) as error:
            raise _translated(error) from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One transaction that only reads. Raises StoreUnavailable when the database is away."""
        try:
            async with self._read() as session:
                yield session
        except (DBAPIError, PoolTimeoutError, OSError, sqlite3.Error) as error:
            raise _translated(error) from error

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        """SQLite has one writer at a time: those of this process write in the order they came."""
        if not self.has_one_writer:
            yield
            return
        task = asyncio.current_task()
        if self._writing is task:
            raise RuntimeError("a transaction that writes was begun within another: it would wait for itself")
        async with self._lock:
            self._writing = task
            try:
                yield
            finally:
                self._writing = None

    async def close(self) -> None:
        await self.engine.dispose()


# PostgreSQL's classes of errors that say so: connection, refused, no such database, rolled back
# (deadlock), out of resources, not in the state for it (lock time-out, no connections taken), shutting down.
_AWAY_CLASSES = ("08", "28", "3D", "40", "53", "55", "57")


def _translated(error: BaseException) -> BaseException:
    """Only a database that is away is StoreUnavailable; a broken constraint stays what it is."""
    away = isinstance(error, (OperationalError, PoolTimeoutError, OSError, sqlite3.OperationalError)) or (
        isinstance(error, DBAPIError)
        and (error.connection_invalidated or str(getattr(error.orig, "sqlstate", "")).startswith(_AWAY_CLASSES))
    )
    return StoreUnavailable() if away else error
