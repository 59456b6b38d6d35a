"""`python -m backend`: what each command does, and one sentence when it cannot."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import socket
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from backend.__main__ import main, parser
from backend.clock import Clock
from backend.passwords import verify_password
from backend.staff import accounts
from backend.store.base import Store, make_engine
from backend.store.desk_models import ConversationRow, StaffRow, UnansweredRow
from backend.store.migrate import current, head
from backend.store.world_models import LearnerRow
from tests.backend.running import WORLD

# A SQLite connection that could not be opened is ended by its driver after the loop it belonged to.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


class Terminal:
    """Runs commands in this process, on a database of the test's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        monkeypatch.setattr("backend.__main__.configure", lambda *_: None)

    def set(self, name: str, value: str) -> None:
        self._monkeypatch.setenv(f"LECTERN_{name}", value)

    def run(self, *arguments: str, typed: str = "") -> tuple[int, str, str]:
        """The exit status, standard output and standard error."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        status = main(list(arguments))
        out, error = self._capsys.readouterr()
        return status, out, error

    def fails(self, *arguments: str, typed: str = "") -> str:
        """What it says when it cannot be done: one sentence, no traceback, no success."""
        status, out, error = self.run(*arguments, typed=typed)
        assert status == 1, (out, error)
        assert out == ""
        assert error.startswith("lectern: ")
        assert "Traceback" not in error
        return error.removeprefix("lectern: ").strip()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(monkeypatch, capsys)


def rows(url: str, query: Any) -> list[Any]:
    async def read() -> list[Any]:
        store = Store(make_engine(url))
        async with store.read() as session:
            found = (await session.scalars(query)).all()
        await store.close()
        return list(found)

    return asyncio.run(read())


@pytest.fixture
def world_file(tmp_path: Path) -> Path:
    file = tmp_path / "world.yml"
    file.write_text(WORLD, "utf-8")
    return file


COMMANDS = (
    ("load", "{file}"),
    ("create-staff", "sam@desk.example", "--name", "Sam"),
    ("codes-off", "sam@desk.example"),
    ("erase", "ana", "--yes"),
    ("check",),
    ("unanswered",),
)


def test_the_help_names_every_command_and_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    for command in ("serve", "migrate", "load", "demo", "create-staff", "codes-off", "erase", "check", "unanswered"):
        assert command in said


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["load"], ["create-staff", "a@b"], ["create-staff", "a@b", "--role"]]
)
def test_wrong_usage_is_told_from_failure(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_migrating_makes_the_tables_and_again_changes_nothing(terminal: Terminal, empty_url: str) -> None:
    terminal.set("DATABASE_URL", empty_url)
    for _ in range(2):
        status, out, _ = terminal.run("migrate")
        assert (status, out.strip()) == (0, f"The database is at revision {head()}.")
    assert current(empty_url) == head()


def test_a_world_is_loaded_whole_or_only_into_an_empty_database(
    terminal: Terminal, database_url: str, world_file: Path
) -> None:
    terminal.set("DATABASE_URL", database_url)
    assert terminal.run("load", str(world_file))[:2] == (0, f"Loaded 3 learners from {world_file}.\n")
    assert rows(database_url, select(func.count()).select_from(LearnerRow)) == [3]
    status, out, _ = terminal.run("load", str(world_file), "--if-empty")
    assert (status, out) == (0, "There are learners already; nothing was loaded.\n")


@pytest.mark.parametrize(
    ("world", "told"),
    [
        ("learners: [{id: ana, name: Ana}]", ["learners[0]", "email"]),
        ("learners: [{id: ana, name: Ana, email: a@b.example, shoe: 39}]", ["learners[0]", "shoe"]),
        ("learners: {", ["line 2"]),
        ("- 1", ["expected"]),
    ],
)
def test_a_world_that_cannot_be_is_refused_with_file_path_and_what_was_expected(
    terminal: Terminal, sqlite_url: str, world_file: Path, world: str, told: list[str]
) -> None:
    terminal.set("DATABASE_URL", sqlite_url)
    world_file.write_text(f"now: 2026-03-10T12:00:00Z\n{world}" if world.startswith("learners: [") else world)
    said = terminal.fails("load", str(world_file))
    assert str(world_file) in said
    for part in told:
        assert part in said.replace("learners.0", "learners[0]")
    assert rows(sqlite_url, select(func.count()).select_from(LearnerRow)) == [0]


def test_a_file_that_cannot_be_read_is_named(terminal: Terminal, sqlite_url: str, tmp_path: Path) -> None:
    terminal.set("DATABASE_URL", sqlite_url)
    (tmp_path / "latin.yml").write_bytes(b"learners: [\xff]")
    for file in (tmp_path / "missing.yml", tmp_path, tmp_path / "latin.yml"):
        assert terminal.fails("load", str(file)).startswith(f"{file} cannot be read: ")


def test_staff_are_made_with_a_password_from_standard_input(terminal: Terminal, database_url: str) -> None:
    terminal.set("DATABASE_URL", database_url)
    command = ("create-staff", "Sam@desk.example", "--name", "Sam", "--role", "supervisor")
    status, out, _ = terminal.run(*command, typed="a long password\n")
    assert (status, out) == (0, "Sam can sign in as supervisor with sam@desk.example.\n")
    (row,) = rows(database_url, select(StaffRow))
    assert verify_password(row.password_hash, "a long password")
    assert "already" in terminal.fails(*command, typed="a long password\n")
    assert "10 characters" in terminal.fails(*command, typed="short\n")
    assert "10 characters" in terminal.fails(*command, typed="")


def test_a_learner_is_erased_only_after_a_yes(terminal: Terminal, database_url: str, world_file: Path) -> None:
    terminal.set("DATABASE_URL", database_url)
    terminal.run("load", str(world_file))
    assert "--yes" in terminal.fails("erase", "ana")
    assert "'nobody'" in terminal.fails("erase", "nobody", "--yes")
    assert rows(database_url, select(LearnerRow.name).where(LearnerRow.id == "ana")) == ["Ana Silva"]
    assert terminal.run("erase", "ana", "--yes")[0] == 0
    (row,) = rows(database_url, select(LearnerRow).where(LearnerRow.id == "ana"))
    assert (row.status, row.name) == ("deleted", "Deleted account")
    assert "ana@" not in row.email


def test_unanswered_questions_are_exported_as_a_table_no_spreadsheet_computes(
    terminal: Terminal, database_url: str
) -> None:
    asked = [
        "how do I fly?",
        'with "quotes", commas\nand lines',
        '=HYPERLINK("http://evil.example")',
        "-1+1",
        "@x",
        "ü",
    ]
    now = Clock().now()

    async def keep() -> None:
        store = Store(make_engine(database_url))
        async with store.write() as session:
            session.add(
                ConversationRow(
                    id="c", token_hash="x", channel="web", created_at=now, updated_at=now, rasa_session="s", agenda={}
                )
            )
            await session.flush()
            for number, text in enumerate(asked):
                session.add(UnansweredRow(id=str(number), conversation_id="c", text=text, why="unsure", at=now))
        await store.close()

    asyncio.run(keep())
    terminal.set("DATABASE_URL", database_url)
    status, out, _ = terminal.run("unanswered")
    head, *lines = list(csv.reader(io.StringIO(out)))
    assert (status, head) == (0, ["at", "why", "section", "question"])
    assert sorted(line[3] for line in lines) == sorted([*asked[:2], *(f"'{text}" for text in asked[2:5]), "ü"])


def test_a_lost_phone_keeps_nobody_out(terminal: Terminal, database_url: str) -> None:
    async def lose_it() -> None:
        store = Store(make_engine(database_url))
        now = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
        async with store.write() as session:
            await accounts.create(session, "sam@desk.example", "Sam", "admin", "a long password", now)
            await session.execute(update(StaffRow).values(totp_salt="salt", totp_since=now))
        await store.close()

    asyncio.run(lose_it())
    terminal.set("DATABASE_URL", database_url)
    assert terminal.run("codes-off", "SAM@desk.example")[0] == 0
    status, _, err = terminal.run("codes-off", "sam@desk.example")
    assert (status, "no member of staff" in err) == (1, True)


def test_checking_says_that_all_is_well(terminal: Terminal, database_url: str) -> None:
    terminal.set("DATABASE_URL", database_url)
    status, out, _ = terminal.run("check")
    kind = database_url.partition(":")[0]
    assert (status, out) == (0, f"The settings are sound; the database ({kind}) answers.\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_database_that_is_away_is_one_sentence(
    terminal: Terminal, command: tuple[str, ...], world_file: Path, unused_tcp_port: int, tmp_path: Path
) -> None:
    arguments = [part.format(file=world_file) for part in command]
    (tmp_path / "folder.db").mkdir()
    for url in (f"postgresql://127.0.0.1:{unused_tcp_port}/x", f"sqlite:///{tmp_path / 'folder.db'}"):
        terminal.set("DATABASE_URL", url)
        assert "database cannot be used" in terminal.fails(*arguments, typed="a long password\n")


@pytest.mark.parametrize("command", [each for each in COMMANDS if each[0] != "check"], ids=lambda command: command[0])
def test_a_database_without_tables_is_sent_to_migrate(
    terminal: Terminal, command: tuple[str, ...], world_file: Path, empty_url: str
) -> None:
    terminal.set("DATABASE_URL", empty_url)
    arguments = [part.format(file=world_file) for part in command]
    assert "python -m backend migrate" in terminal.fails(*arguments, typed="a long password\n")


def test_migrating_a_database_that_is_away_is_one_sentence(terminal: Terminal, unused_tcp_port: int) -> None:
    terminal.set("DATABASE_URL", f"postgresql://127.0.0.1:{unused_tcp_port}/x")
    assert "database cannot be used" in terminal.fails("migrate")


def test_an_address_of_no_known_database_is_refused(terminal: Terminal) -> None:
    terminal.set("DATABASE_URL", "mysql://db/lectern")
    for command in ("migrate", "check"):
        assert "must begin with sqlite:// or postgresql://" in terminal.fails(command)


def test_settings_that_do_not_fit_stop_every_command(terminal: Terminal) -> None:
    terminal.set("ENV", "production")
    terminal.set("PORT", "8080")
    for command in (["serve"], ["check"], ["demo"]):
        assert "LECTERN_SECRET must be set" in terminal.fails(*command)


@pytest.mark.parametrize("setting", ["PORT", "INTERNAL_PORT"])
def test_a_port_that_is_taken_is_named_with_the_setting_to_change(
    terminal: Terminal, sqlite_url: str, setting: str
) -> None:
    terminal.set("DATABASE_URL", sqlite_url)
    for name in ("PORT", "INTERNAL_PORT"):
        terminal.set(name, "0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        terminal.set(setting, str(taken.getsockname()[1]))
        said = terminal.fails("serve")
    assert f"LECTERN_{setting}" in said
    assert str(taken.getsockname()[1] if taken.fileno() > 0 else "") in said


def test_the_demo_learners_are_listed(terminal: Terminal) -> None:
    status, out, _ = terminal.run("demo")
    assert status == 0
    assert len(out.splitlines()) > 5


def test_in_demo_mode_the_console_can_be_signed_in_to_with_what_is_shown_at_every_start(
    terminal: Terminal, sqlite_url: str
) -> None:
    for name, value in (("DATABASE_URL", sqlite_url), ("DEMO", "1"), ("SECRET", "this installation's own")):
        terminal.set(name, value)
    first, second = terminal.run("demo")[1], terminal.run("demo")[1]
    assert first == second
    shown = dict(re.findall(r"(\S+@\S+)\s+password (\S+)", first))
    assert {row.email: row.role for row in rows(sqlite_url, select(StaffRow))} == {
        "kim@lectern.example": "agent",
        "sam@lectern.example": "supervisor",
    }
    for row in rows(sqlite_url, select(StaffRow)):
        assert verify_password(row.password_hash, shown[row.email])
    terminal.set("SECRET", "another installation's")
    assert not set(shown.values()) & set(re.findall(r"password (\S+)", terminal.run("demo")[1]))


def test_without_demo_mode_nobody_is_made(terminal: Terminal, sqlite_url: str) -> None:
    terminal.set("DATABASE_URL", sqlite_url)
    assert "@" not in terminal.run("demo")[1]
    assert rows(sqlite_url, select(StaffRow)) == []


def test_a_reader_that_goes_away_is_no_failure_to_shout_about(root: Path, sqlite_url: str) -> None:
    command = f"{sys.executable} -m backend demo | head -n 1"
    env = {"PATH": "/usr/bin:/bin", "LECTERN_DATABASE_URL": sqlite_url}
    ran = subprocess.run(["/bin/sh", "-c", command], cwd=root, env=env, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in ran.stderr


def test_every_command_says_what_it_is_for() -> None:
    (commands,) = [action for action in parser()._actions if hasattr(action, "choices") and action.choices]
    for name, sub in commands.choices.items():  # type: ignore[union-attr]
        assert sub.description, name
        assert sub.description.endswith("."), name
