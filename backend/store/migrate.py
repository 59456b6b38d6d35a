"""Bring a database to the schema this release expects, and tell whether models and migrations agree.

    python -m backend.store.migrate                 upgrade the database of the settings
    python -m backend.store.migrate --check         do models and migrations agree? (on a database made for it)
    python -m backend.store.migrate --draft WHAT    write the next revision from what differs, to be tidied by hand

A revision works with the previous release's code (add, backfill, switch, drop: in separate releases), says in its
docstring why, and on PostgreSQL waits for a lock only so long: a migration that cannot have its lock fails, rather than
make every learner wait behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, inspect

from backend.settings import Settings
from backend.store import console_models, desk_models, help_models, live_models, slack_models, world_models  # noqa: F401  all tables, for Base.metadata
from backend.store.base import Base, make_engine

_MIGRATIONS = Path(__file__).parent / "migrations"
_ALEMBIC = threading.Lock()  # its context is one for the whole process


def upgrade(url: str, revision: str = "head") -> None:
    """Run the migrations that are missing, in one transaction. Blocks: call it in a thread from a running loop."""
    with _ALEMBIC:
        command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Undo migrations down to `revision` (`base`: all of them)."""
    with _ALEMBIC:
        command.downgrade(_config(url), revision)


def current(url: str) -> str | None:
    """The revision the database is at; None for an empty one."""
    return asyncio.run(_on(url, lambda connection: MigrationContext.configure(connection).get_current_revision()))


def head() -> str | None:
    """The revision this release expects."""
    return ScriptDirectory.from_config(_config("")).get_current_head()


def differences(url: str) -> list[str]:
    """What the models have and the database has not, or the other way round; empty when they agree."""
    found: list[str] = asyncio.run(_on(url, _differences))
    return found


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["url"] = url
    return config


async def _on(url: str, work: Any) -> Any:
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    with warnings.catch_warnings():
        # SQLite cannot tell what an index on an expression is of; PostgreSQL can, and tests ask both.
        warnings.filterwarnings("ignore", message=".*expression-based index.*")
        return [*map(str, compare_metadata(context, Base.metadata)), *_check_differences(connection)]


def _check_differences(connection: Connection) -> Iterator[str]:
    """CHECK constraints, which Alembic does not compare. PostgreSQL rewrites their text, so there names have to do."""
    inspector, with_text = inspect(connection), connection.dialect.name == "sqlite"
    existing = set(inspector.get_table_names())
    for table in Base.metadata.sorted_tables:
        if table.name not in existing:
            continue  # reported by Alembic
        wanted = {
            (str(one.name), _squeezed(str(one.sqltext)) if with_text else "")
            for one in table.constraints
            if isinstance(one, CheckConstraint)
        }
        found = {
            (str(one["name"]), _squeezed(one["sqltext"]) if with_text else "")
            for one in inspector.get_check_constraints(table.name)
        }
        yield from (f"{table.name}: no CHECK {name} {text}" for name, text in sorted(wanted - found))
        yield from (f"{table.name}: CHECK {name} {text} is not in the models" for name, text in sorted(found - wanted))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def check() -> list[str]:
    """Migrate an empty SQLite database made for it and compare it with the models."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/check.db"
        upgrade(url)
        return differences(url)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m backend.store.migrate", description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="the database; else the one of the settings")
    parser.add_argument("--to", default="head", metavar="REVISION", help="upgrade to this revision")
    parser.add_argument("--check", action="store_true", help="tell whether models and migrations agree")
    parser.add_argument("--draft", metavar="WHAT", help="write the next revision from what differs")
    options = parser.parse_args(arguments)
    if options.check:
        found = check()
        print("\n".join(found) or "Models and migrations agree.", file=sys.stderr if found else sys.stdout)
        return 1 if found else 0
    if options.draft:
        _draft(options.draft)
    else:
        upgrade(options.url or Settings().database, options.to)
    return 0


def _draft(what: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/draft.db"
        upgrade(url)
        number = len(list(ScriptDirectory.from_config(_config("")).walk_revisions())) + 1
        command.revision(_config(url), message=what, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    raise SystemExit(main())
