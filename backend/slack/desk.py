"""The Slack side, whole: its parts, its two queues and its rounds. Made once by `make_slack`."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp
import structlog

from backend.clock import Clock
from backend.conversations.fanout import STAFF
from backend.dialogue.decisions import DecisionSpeaker
from backend.errors import ServiceError
from backend.services import Services
from backend.settings import Settings
from backend.slack import queue
from backend.slack.acting import Acting
from backend.slack.asking import Asking
from backend.slack.bolt import Inbox
from backend.slack.cards import Cards
from backend.slack.casework import Casework
from backend.slack.directory import Directory
from backend.slack.listeners import Deeds
from backend.slack.lookup import LookUp
from backend.slack.mirror import Mirror
from backend.slack.parts import Parts
from backend.slack.sending import Calls, Outgoing, Sender
from backend.slack.socket import SocketMode
from backend.slack.telling import Telling
from backend.store.slack_models import SlackIncomingRow, SlackOutgoingRow

log = structlog.get_logger()
ROUND_EVERY = 1.0
TELL_EVERY = 15.0
PARALLEL = 8


def is_connected(settings: Settings) -> bool:
    """Whether Slack can reach us, by its requests or by our socket."""
    return bool(settings.slack_signing_secret.get_secret_value() or settings.slack_app_token.get_secret_value())


def make_slack(services: Services, http: aiohttp.ClientSession) -> SlackDesk | None:
    """The Slack side, or None where it is not set up. Connects to nothing yet."""
    return SlackDesk(services, http) if is_connected(services.settings) else None


class SlackDesk:
    """Starts and stops what works beside the requests."""

    def __init__(self, services: Services, http: aiohttp.ClientSession) -> None:
        settings, store, clock = services.settings, services.store, services.clock
        calls = Calls(http, clock, settings.slack_api_url, settings.slack_bot_token.get_secret_value())
        speaker = DecisionSpeaker(services.wording, services.knowledge)
        directory = Directory(store, clock, calls, services.wording)
        self.parts = parts = Parts(services, calls, Outgoing(clock), directory, speaker)
        lookup, cards = LookUp(parts), Cards(parts)
        casework = Casework(parts, cards)
        deeds = Deeds(parts, Asking(parts), lookup, Acting(parts, lookup), casework)
        self.incoming = queue.Worker(store, clock, SlackIncomingRow, Inbox(deeds).process, parallel=PARALLEL)
        self.outgoing = queue.Worker(store, clock, SlackOutgoingRow, Sender(store, calls).send, parallel=PARALLEL)
        self._rounds = (Mirror(parts, cards), casework)
        self._telling = Telling(parts)
        self._tasks: list[asyncio.Task[None]] = []
        token = settings.slack_app_token.get_secret_value()
        self.socket = SocketMode(self, http, token) if token else None

    async def start(self) -> None:
        self.incoming.start()
        self.outgoing.start()
        self._tasks = [asyncio.create_task(self._rounds_forever(), name="slack.rounds")]
        if self.socket:
            self._tasks.append(asyncio.create_task(self.socket.run(), name="slack.socket"))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.incoming.stop()
        await self.outgoing.stop()

    async def settle(self) -> None:
        """Do everything that is due, now: what the background would do, until nothing is left. For tests."""
        await self._telling.round()
        while True:
            done = await self.incoming.drain()
            done += sum([await one.round() for one in self._rounds])
            done += await self.outgoing.drain()
            if not done:
                return

    async def _rounds_forever(self) -> None:
        """Look whenever staff are told of a change, and every second for what another process did."""
        told_at = Clock.elapsed() - TELL_EVERY
        async with self.parts.services.fanout.subscribe(STAFF) as subscription:
            while True:
                try:
                    changed = sum([await one.round() for one in self._rounds])
                    if Clock.elapsed() - told_at >= TELL_EVERY:
                        told_at = Clock.elapsed()
                        await self._telling.round()
                        await self._forget()
                    if changed:
                        self.outgoing.wake()
                except ServiceError as error:
                    log.warning("slack.round.unavailable", code=error.code)
                except Exception as error:  # one odd row must not silence everything else
                    log.exception("slack.round.failed", error=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(subscription.queue.get(), ROUND_EVERY)
                while not subscription.queue.empty():
                    subscription.queue.get_nowait()

    async def _forget(self) -> None:
        async with self.parts.services.store.write() as session:
            await queue.forget_done(session, self.parts.now)
