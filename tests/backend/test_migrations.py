"""The migrations: from nothing to today's tables and back, and never behind the models."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from backend.store import migrate

ROOT = Path(__file__).parents[2]
VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"


def test_models_and_migrations_agree(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    assert migrate.differences(empty_url) == [], "draft a revision: python -m backend.store.migrate --draft <what>"


def test_an_empty_database_is_brought_to_the_head(empty_url: str) -> None:
    assert migrate.current(empty_url) is None
    migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == migrate.head()


def test_upgrading_what_is_up_to_date_changes_nothing(database_url: str) -> None:
    migrate.upgrade(database_url)
    assert migrate.current(database_url) == migrate.head()


def test_every_revision_can_be_undone_and_done_again(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.downgrade(empty_url, "base")
    assert migrate.current(empty_url) is None
    migrate.upgrade(empty_url)
    assert migrate.differences(empty_url) == []


def test_two_backends_starting_together_migrate_once(empty_url: str) -> None:
    command = [sys.executable, "-m", "backend.store.migrate", "--url", empty_url]
    starting = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=60) for process in starting] == [0, 0]
    assert migrate.current(empty_url) == migrate.head()


def test_a_table_the_migrations_forgot_is_told(sqlite_url: str) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        connection.execute("DROP TABLE promotions")
    assert any("promotions" in difference for difference in migrate.differences(sqlite_url))


def test_a_check_the_migrations_forgot_is_told(sqlite_url: str) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        connection.execute("DROP TABLE promotions")
        connection.execute("CREATE TABLE promotions (learner_id VARCHAR NOT NULL, code VARCHAR NOT NULL)")
    told = [difference for difference in migrate.differences(sqlite_url) if "CHECK" in difference]
    assert told == ["promotions: no CHECK ck_promotions_percent_possible percent BETWEEN 0 AND 100"]


def test_the_command_says_whether_they_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate.main(["--check"]) == 0
    assert "agree" in capsys.readouterr().out


@pytest.mark.parametrize("file", sorted(VERSIONS.glob("*.py")), ids=lambda file: file.stem)
def test_every_revision_says_why(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.match(r'""".+\n\nWhy: (?!TODO)', text), f"{file.name}: the docstring says what, then 'Why: …'"
    assert file.name.startswith(re.search(r'revision = "(.+)"', text)[1] + "_")
