"""`python -m backend`: serve the desk, migrate, load a world, make staff, check the configuration."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import getpass
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from backend.app import build_services, create_app, internal_app, running
from backend.clock import Clock
from backend.errors import ServiceError, StoreUnavailable
from backend.http.demo import about_learners
from backend.logging import configure
from backend.settings import Settings
from backend.staff import accounts
from backend.staff import demo as demo_staff
from backend.store.base import Store, make_engine
from backend.store.desk_models import UnansweredRow
from backend.store.desk_view import forget
from backend.store.erase import erase_learner
from backend.store.migrate import head, upgrade
from backend.store.world import apply_world
from backend.store.world_models import LearnerRow


class CommandError(Exception):
    """One sentence for the person at the terminal."""


def read_settings() -> Settings:
    """The settings, or every problem with them in one go."""
    try:
        return Settings()
    except ValidationError as error:
        problems = []
        for problem in error.errors(include_url=False):
            names = "_".join(str(part) for part in problem["loc"]).upper()
            message = problem["msg"].removeprefix("Value error, ")
            problems.append(f"LECTERN_{names}: {message}" if names else message)
        raise CommandError("The settings do not fit:\n  " + "\n  ".join(problems)) from error


async def serve(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Answer on the public and the internal address until told to stop."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as http:
        services = build_services(settings, http)
        apps = (create_app(settings, services), internal_app(services))
        runners = [web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5) for app in apps]
        async with contextlib.asynccontextmanager(running)(services):
            try:
                await _listen(runners[1], settings.internal_host, settings.internal_port, "LECTERN_INTERNAL_PORT")
                await _listen(runners[0], settings.host, settings.port, "LECTERN_PORT")
                print(f"The desk answers at {settings.base_url}", flush=True)
                await _told_to_stop()
            finally:
                for runner in runners:
                    await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int, setting: str) -> None:
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise CommandError(
            f"Port {port} on {host} cannot be used ({error.strerror}); set {setting} to another."
        ) from error


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


async def migrate(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Bring the database to the present schema."""
    await asyncio.to_thread(upgrade, settings.database)
    print(f"The database is at revision {head()}.")


async def load(settings: Settings, arguments: argparse.Namespace) -> None:
    """Load a world file, whole or not at all."""
    try:
        text = await asyncio.to_thread(Path(arguments.file).read_text, "utf-8")
    except OSError as error:
        raise CommandError(f"{arguments.file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{arguments.file} cannot be read: it is no text in UTF-8.") from error
    async with _store(settings) as store, store.write() as session:
        if arguments.if_empty and await session.scalar(select(func.count()).select_from(LearnerRow)):
            print("There are learners already; nothing was loaded.")
            return
        world = await apply_world(session, text, now=Clock().now(), file=arguments.file, on_replace=(forget,))
    print(f"Loaded {len(world.learners)} learners from {arguments.file}.")


async def demo(settings: Settings, _arguments: argparse.Namespace) -> None:
    """The demo learners a visitor can be, and, in demo mode, how to sign in to the console."""
    for learner, line in about_learners().items():
        print(f"  {learner:<12} {line}")
    if settings.demo:
        async with _store(settings) as store, store.write() as session:
            found = await demo_staff.sign_ins(session, settings.secret.get_secret_value(), Clock().now())
        print(f"\n  and take over from the bot at {settings.base_url}/console:\n")
        for email, role, password in found:
            print(f"  {role:<12} {email}  password {password}")


async def create_staff(settings: Settings, arguments: argparse.Namespace) -> None:
    """Make a staff account; the password is asked for, or read from standard input."""
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    async with _store(settings) as store, store.write() as session:
        made = await accounts.create(session, arguments.email, arguments.name, arguments.role, password, Clock().now())
    print(f"{made.name} can sign in as {made.role} with {made.email}.")


async def codes_off(settings: Settings, arguments: argparse.Namespace) -> None:
    """Ask a member of staff for no code at the sign-in: for a lost phone, or after the desk's secret has changed."""
    async with _store(settings) as store, store.write() as session:
        if not await accounts.end_codes(session, arguments.email, Clock().now()):
            raise CommandError(f"There is no member of staff with {arguments.email!r} who is asked for codes.")
    print(f"{arguments.email} signs in with the password alone until codes are turned on again.")


async def erase(settings: Settings, arguments: argparse.Namespace) -> None:
    """Erase a learner's personal data everywhere, as a deletion in the chat would; cannot be undone."""
    if not arguments.yes:
        raise CommandError(f"This cannot be undone. Repeat with --yes to erase {arguments.learner}.")
    async with _store(settings) as store, store.write() as session:
        row = await session.get(LearnerRow, arguments.learner)
        if row is None:
            raise CommandError(f"There is no learner {arguments.learner!r}.")
        await erase_learner(session, arguments.learner, Clock().now())
    print(f"{arguments.learner} was erased; payments and audit keep the id only.")


async def check(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Whether the settings are sound and the database answers."""
    async with _store(settings) as store, store.read() as session:
        await session.execute(select(1))
    print(f"The settings are sound; the database ({store.dialect}) answers.")


async def unanswered(settings: Settings, arguments: argparse.Namespace) -> None:
    """Export the questions nobody could answer, as CSV on standard output."""
    async with _store(settings) as store, store.read() as session:
        rows = await session.scalars(select(UnansweredRow).order_by(UnansweredRow.at))
        writer = csv.writer(sys.stdout)
        writer.writerow(["at", "why", "section", "question"])
        writer.writerows([row.at.isoformat(), row.why, row.section or "", _cell(row.text)] for row in rows)


def _cell(text: str) -> str:
    """A text that a spreadsheet takes for a text: what people typed is never a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _store(settings: Settings) -> contextlib.AbstractAsyncContextManager[Store]:
    @contextlib.asynccontextmanager
    async def opened():
        store = Store(make_engine(settings.database))
        try:
            yield store
        finally:
            await store.close()

    return opened()


Command = Callable[[Settings, argparse.Namespace], Awaitable[None]]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m backend", description="Lectern's backend.")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, run: Command) -> argparse.ArgumentParser:
        sentence = (run.__doc__ or "").strip()
        sub = commands.add_parser(name, help=sentence.rstrip(".").lower(), description=sentence)
        sub.set_defaults(run=run)
        return sub

    add("serve", serve)
    add("migrate", migrate)
    loads = add("load", load)
    loads.add_argument("file", help="a world file (YAML or JSON)")
    loads.add_argument("--if-empty", action="store_true", help="only into a database without learners")
    add("demo", demo)
    staff = add("create-staff", create_staff)
    staff.add_argument("email")
    staff.add_argument("--name", required=True, help="shown to learners")
    staff.add_argument("--role", choices=accounts.ROLES, default="agent")
    add("codes-off", codes_off).add_argument("email")
    erases = add("erase", erase)
    erases.add_argument("learner", help="the learner's id")
    erases.add_argument("--yes", action="store_true", help="really do it")
    add("check", check)
    add("unanswered", unanswered)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 1 and one sentence when it cannot be done."""
    parsed = parser().parse_args(arguments)
    try:
        settings = read_settings()
        configure(settings.log_format, settings.log_level)
        uvloop.run(parsed.run(settings, parsed))
    except BrokenPipeError:
        return 1
    except (CommandError, ServiceError, ValueError, OSError, SQLAlchemyError) as error:
        print(f"lectern: {_sentence(error)}", file=sys.stderr)
        return 1
    return 0


def _sentence(error: Exception) -> str:
    """What went wrong, and with a database why, in the database's own words."""
    if not isinstance(error, (StoreUnavailable, SQLAlchemyError, OSError)):
        return str(error)
    cause = error.__cause__ or error
    origin = getattr(cause, "orig", None) or cause
    why = str(origin).partition("\n")[0]
    if "no such table" in why or getattr(origin, "sqlstate", "") == "42P01":
        return "The database has no tables, or too few: run `python -m backend migrate` first."
    return f"The database cannot be used: {why}."


if __name__ == "__main__":
    sys.exit(main())
