"""What open consoles are told, gathered once for each backend: who follows what, lines made anew, nothing twice.

However many consoles hang on this backend, an event is read once, a line is made once and written as JSON once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import structlog
from sqlalchemy import select

from backend.clock import Clock
from backend.conversations import presence, transcript
from backend.conversations.fanout import LIVE, STAFF, Fanout, Subscription
from backend.errors import ServiceError
from backend.ids import new_id
from backend.staff.accounts import Member
from backend.staff.queue import Queue
from backend.store.base import Store
from backend.store.desk_models import OwnershipRow
from backend.tasks import ended

log = structlog.get_logger()
# What a console has not read yet; beyond it, it is told to load anew what it shows.
BACKLOG = 1000
RESYNC = json.dumps({"type": "resync"})
# Changes of one conversation within this time make one line.
GATHER_SECONDS = 0.25
# Counts change with an owner or a case, and are told at once then; else they are looked at now and then.
COUNTED_EVERY = 2.0
BATCH = 200
_OVER: dict[str, Any] = {"type": "over"}
# Only who looks at a conversation, or owns it, is told each of these.
FOLLOWED = ("message", "typing", "read")


class Listener:
    """One open console. `outgoing` holds events as text, None at the end."""

    def __init__(self, member: Member) -> None:
        self.id = new_id("console")
        self.member = member
        self.viewing: str | None = None
        # Set when the session may have ended: then it is looked at once.
        self.doubted = asyncio.Event()
        self.outgoing: asyncio.Queue[str | None] = asyncio.Queue(BACKLOG)
        # The last message of each followed conversation that it was told.
        self.seen: dict[str, int] = {}
        self.counts: dict[str, int] = {}

    def offer(self, text: str | None) -> None:
        if self.outgoing.full():
            while not self.outgoing.empty():
                self.outgoing.get_nowait()
            self.outgoing.put_nowait(RESYNC)
        self.outgoing.put_nowait(text)

    def tell(self, event: Mapping[str, Any]) -> None:
        self.offer(written(event))


def written(event: Mapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


class Hub:
    """Runs while at least one console is open here."""

    def __init__(self, store: Store, clock: Clock, fanout: Fanout, queue: Queue) -> None:
        self._store = store
        self._clock = clock
        self._fanout = fanout
        self._queue = queue
        self._listeners: set[Listener] = set()
        self._owners: dict[str, str] = {}
        self._dirty: set[str] = set()
        self._queue_moved = self._recount = False
        self._counted_at = 0.0
        self._woken, self._stopping = asyncio.Event(), asyncio.Event()
        self._running: AsyncExitStack | None = None
        self._subscription: Subscription | None = None
        self._changing = asyncio.Lock()

    @asynccontextmanager
    async def listening(self, member: Member) -> AsyncIterator[Listener]:
        """A console that is open while the block runs."""
        listener = Listener(member)
        async with self._changing:
            if self._running is None:
                await self._begin()
            self._listeners.add(listener)
        try:
            async with self._store.write() as session:
                await presence.arrived(session, listener.id, member.id, self._clock.now())
            yield listener
        finally:
            await self._left(listener)

    async def _left(self, listener: Listener) -> None:
        async with self._changing:
            self._listeners.discard(listener)
            if not self._listeners and self._running is not None:
                running, self._running, self._subscription = self._running, None, None
                await running.aclose()
        try:
            async with self._store.write() as session:
                await presence.left(session, listener.id, listener.member.id, self._clock.now())
        except ServiceError as error:  # the others stop believing it after a while
            log.warning("hub.presence.unavailable", code=error.code)
        if listener.viewing:
            await self.told_who_looks(listener.viewing)

    async def _begin(self) -> None:
        async with AsyncExitStack() as stack:
            # Subscribed before the owners are read: nothing falls between the two.
            self._subscription = await stack.enter_async_context(self._fanout.subscribe(STAFF, LIVE))
            await self._read_owners()
            self._stopping = asyncio.Event()
            tasks = [
                asyncio.create_task(work, name="hub")
                for work in (self._hear(self._subscription), self._tell_lines(), self._beat())
            ]
            stack.push_async_callback(self._end, self._subscription, tasks)
            self._running = stack.pop_all()

    async def _end(self, subscription: Subscription, tasks: list[asyncio.Task[None]]) -> None:
        self._stopping.set()
        subscription.offer(_OVER)
        self._woken.set()
        await asyncio.gather(*(ended(task) for task in tasks))

    async def _read_owners(self) -> None:
        query = select(OwnershipRow.conversation_id, OwnershipRow.staff_id).where(OwnershipRow.state == "agent")
        async with self._store.read() as session:
            self._owners = {row.conversation_id: row.staff_id for row in await session.execute(query)}

    # --- what a console shows ----------------------------------------------------------------------------------------

    async def view(self, listener: Listener, conversation: str | None, *, typing: bool, after: int | None) -> bool:
        """A console shows another conversation, or its member types there. False if there is no such conversation."""
        before = listener.viewing
        async with self._store.write() as session:
            now = self._clock.now()
            if not await presence.looks_at(session, listener.id, conversation, now, typing=typing):
                return False
        listener.viewing = conversation
        if before != conversation and before and self._owners.get(before) != listener.member.id:
            listener.seen.pop(before, None)
        if conversation and after is not None and self._subscription is not None:
            # Through the same queue as the messages, so that none is told before an older one.
            self._subscription.offer({"type": "resume", "to": listener, "conversation": conversation, "after": after})
        for one in {before, conversation} - {None}:
            await self.told_who_looks(one)
        return True

    async def told_who_looks(self, conversation: str) -> None:
        """Tell all consoles who looks at a conversation now."""
        try:
            async with self._store.read() as session:
                found = await presence.viewers(session, [conversation], self._clock.now())
        except ServiceError as error:
            log.warning("hub.presence.unavailable", code=error.code)
            return
        event = {"type": "presence", "conversation": conversation, "viewers": found.get(conversation, [])}
        await self._fanout.publish(LIVE, event)

    # --- what happens ------------------------------------------------------------------------------------------------

    async def _hear(self, subscription: Subscription) -> None:
        while (event := await subscription.queue.get()) is not _OVER:
            try:
                await self._take(event)
            except ServiceError as error:
                log.warning("hub.unavailable", code=error.code)
                self._everybody(RESYNC)
            except Exception as error:  # one odd event must not silence all consoles
                log.exception("hub.failed", error=type(error).__name__)
                self._everybody(RESYNC)

    async def _take(self, event: Mapping[str, Any]) -> None:
        kind = event["type"]
        if kind == "cut":
            await self._read_owners()
            self._everybody(RESYNC)
        elif kind == "conversation":
            self._changed(event)
        elif kind == "message":
            await self._tell_message(event["conversation"], event["message"])
        elif kind == "resume":
            event["to"].seen[event["conversation"]] = event["after"]
            await self._catch_up(event["to"], event["conversation"])
        elif kind == "mention":
            for listener in self._listeners:
                if listener.member.id in event["staff"]:
                    listener.tell({name: value for name, value in event.items() if name != "staff"})
        elif kind == "signed_out":
            for listener in self._listeners:
                if listener.member.id == event["staff"]:
                    listener.doubted.set()
        else:
            if kind == "case":
                self._recount = True
                self._wake()
            text = written(event)
            for listener in self._listeners:
                if kind not in FOLLOWED or self._follows(listener, event["conversation"]):
                    listener.offer(text)

    def _changed(self, event: Mapping[str, Any]) -> None:
        conversation = event["conversation"]
        if "owner" in event:
            self._queue_moved = self._recount = True
            if event["owner"]:
                self._owners[conversation] = event["owner"]
            else:
                self._owners.pop(conversation, None)
            for listener in self._listeners:
                if not self._follows(listener, conversation):
                    listener.seen.pop(conversation, None)
        self._dirty.add(conversation)
        self._wake()

    def _wake(self) -> None:
        self._woken.set()

    def _follows(self, listener: Listener, conversation: str) -> bool:
        return listener.viewing == conversation or self._owners.get(conversation) == listener.member.id

    async def _tell_message(self, conversation: str, message: Mapping[str, Any]) -> None:
        followers = [listener for listener in self._listeners if self._follows(listener, conversation)]
        if not followers:
            return
        seq = message["seq"]
        if "decision" in message or "diagnosis" in message:  # with the record that only staff may see
            async with self._store.read() as session:
                message = (await transcript.after(session, conversation, seq - 1, limit=1, staff=True))[0]
        text = written({"type": "message", "conversation": conversation, "message": message})
        for listener in followers:
            last = listener.seen.get(conversation, seq - 1)
            if seq == last + 1:
                listener.seen[conversation] = seq
                listener.offer(text)
            elif seq > last:
                await self._catch_up(listener, conversation)

    async def _catch_up(self, listener: Listener, conversation: str) -> None:
        """Everything after what this console has been told, in order."""
        while True:
            async with self._store.read() as session:
                after = listener.seen[conversation]
                messages = await transcript.after(session, conversation, after, limit=BATCH, staff=True)
            for message in messages:
                listener.seen[conversation] = message["seq"]
                listener.tell({"type": "message", "conversation": conversation, "message": message})
            if len(messages) < BATCH:
                return

    def _everybody(self, text: str) -> None:
        for listener in self._listeners:
            listener.seen.clear()
            listener.offer(text)

    # --- lines and counts --------------------------------------------------------------------------------------------

    async def _tell_lines(self) -> None:
        while True:
            await self._woken.wait()
            if not self._stopping.is_set():
                await asyncio.sleep(GATHER_SECONDS)
            if self._stopping.is_set():
                return
            self._woken.clear()
            dirty, self._dirty = self._dirty, set()
            moved, self._queue_moved = self._queue_moved, False
            try:
                if moved:
                    dirty.update(await self._queue.waiting_ids())
                await self._tell_about(dirty)
            except ServiceError as error:
                log.warning("hub.unavailable", code=error.code)
                self._everybody(RESYNC)
            except Exception as error:
                log.exception("hub.failed", error=type(error).__name__)
                self._everybody(RESYNC)

    async def _tell_about(self, conversations: set[str]) -> None:
        for line in await self._queue.lines(conversations) if conversations else ():
            text = written({"type": "conversation", "conversation": line})
            for listener in self._listeners:
                listener.offer(text)
        await self._tell_counts()

    async def _tell_counts(self) -> None:
        is_late = Clock.elapsed() - self._counted_at >= COUNTED_EVERY
        if not is_late and not self._recount and all(listener.counts for listener in self._listeners):
            return
        self._recount, self._counted_at = False, Clock.elapsed()
        found, mine = await self._queue.counts()
        for listener in self._listeners:
            counts = {**found, "mine": mine.get(listener.member.id, 0)}
            if counts != listener.counts:
                listener.counts = counts
                listener.tell({"type": "counts", **counts})

    async def beat(self) -> None:
        """Say which consoles are open here."""
        open_here = {listener.id: (listener.member.id, listener.viewing) for listener in self._listeners}
        async with self._store.write() as session:
            await presence.beat(session, open_here, self._clock.now())

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), presence.BEAT_SECONDS)
                return
            try:
                await self.beat()
            except ServiceError as error:
                log.warning("hub.presence.unavailable", code=error.code)
            except Exception as error:  # a member or a conversation that is gone: the next beat is without it
                log.exception("hub.failed", error=type(error).__name__)
