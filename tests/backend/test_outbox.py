"""What is owed to the outside: kept until it is through, each once, over SMTP and as signed webhooks."""

from __future__ import annotations

import asyncio
import email.policy
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, web
from aiohttp.test_utils import TestServer
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from sqlalchemy import select

from backend.app import HttpWebhook
from backend.mail import KeepingMailer, SmtpMailer, make_mailer
from backend.outbox import LEASE, WAITS, Courier, sign_webhook
from backend.store.desk_models import OutboxRow
from tests.backend.running import Desk, running_desk


class Outside:
    """Takes mails and webhooks, or fails, or is slow."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.failing = False
        self.seconds = 0.0
        self.reached = asyncio.Event()
        self.together = self.most_together = 0

    async def send(self, to: str, subject: str, body: str, message_id: str) -> None:
        await self._take(message_id)

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        await self._take(headers["Lectern-Delivery"])

    async def _take(self, delivery: str) -> None:
        self.reached.set()
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        await asyncio.sleep(self.seconds)
        self.together -= 1
        if self.failing:
            raise ConnectionRefusedError("nobody there")
        self.taken.append(delivery)


@pytest.fixture
def outside() -> Outside:
    return Outside()


def courier(desk: Desk, outside: Outside) -> Courier:
    return Courier(desk.services.store, desk.services.clock, outside, outside, "secret", every=0.01)


async def owe(desk: Desk, count: int = 1, kind: str = "email") -> None:
    now = desk.services.clock.now()
    async with desk.services.store.write() as session:
        session.add_all(
            OutboxRow(
                id=f"out_{kind}_{number:03}",
                kind=kind,
                learner_id="ana",
                payload={"to": "ana@example.org", "subject": "s", "body": "b"},
                created_at=now,
                next_attempt_at=now,
            )
            for number in range(count)
        )


async def row(desk: Desk, id: str = "out_email_000") -> OutboxRow:
    async with desk.services.store.read() as session:
        found = await session.scalar(select(OutboxRow).where(OutboxRow.id == id))
    assert found is not None
    return found


async def test_what_is_owed_is_delivered_once_and_then_not_owed(each_desk: Desk, outside: Outside) -> None:
    await owe(each_desk, 45)
    worker = courier(each_desk, outside)
    while await worker.deliver_due():
        pass
    assert sorted(outside.taken) == [f"out_email_{number:03}" for number in range(45)]
    assert await each_desk.owed() == []


async def test_a_failed_delivery_waits_longer_each_time_and_is_never_given_up(desk: Desk, outside: Outside) -> None:
    await owe(desk)
    worker, outside.failing = courier(desk, outside), True
    waited = []
    for attempt in range(1, len(WAITS) + 3):
        assert await worker.deliver_due() == 0
        found = await row(desk)
        assert (found.attempts, found.last_error, found.delivered_at) == (attempt, "ConnectionRefusedError", None)
        wait = found.next_attempt_at - desk.services.clock.now()
        waited.append(wait)
        desk.wait(seconds=wait.total_seconds() - 1)
        await worker.deliver_due()
        assert (await row(desk)).attempts == attempt, "tried before its time"
        desk.wait(seconds=1)
    assert waited == [*WAITS, WAITS[-1], WAITS[-1]]
    outside.failing = False
    assert await worker.deliver_due() == 1
    assert (await row(desk)).last_error is None


async def test_what_a_courier_took_and_did_not_finish_is_tried_again_after_its_lease(
    each_desk: Desk, outside: Outside
) -> None:
    await owe(each_desk)
    outside.seconds = 60
    working = asyncio.create_task(courier(each_desk, outside).deliver_due())
    await outside.reached.wait()
    working.cancel()
    outside.seconds = 0
    other = courier(each_desk, outside)
    each_desk.wait(seconds=LEASE.total_seconds() - 1)
    assert await other.deliver_due() == 0
    each_desk.wait(seconds=1)
    assert await other.deliver_due() == 1
    assert outside.taken == ["out_email_000"]


async def test_couriers_at_the_same_time_deliver_each_once(each_desk: Desk, outside: Outside) -> None:
    await owe(each_desk, 60)
    outside.seconds = 0.01
    couriers = [courier(each_desk, outside) for _ in range(3)]

    async def work(one: Courier) -> None:
        while await one.deliver_due():
            pass

    await asyncio.gather(*map(work, couriers))
    assert sorted(outside.taken) == [f"out_email_{number:03}" for number in range(60)]


async def test_a_slow_receiver_does_not_hold_back_the_others_beyond_the_lease(desk: Desk, outside: Outside) -> None:
    """A batch takes as long as its slowest delivery, else what waits in it would be taken by another courier too."""
    await owe(desk, 20)
    outside.seconds = 0.1
    assert await courier(desk, outside).deliver_due() == 20
    assert outside.most_together == 20


async def test_one_that_fails_does_not_keep_the_others(desk: Desk, outside: Outside) -> None:
    await owe(desk, 3)
    await owe(desk, 3, "webhook")

    class OnlyMails(Outside):
        async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
            raise TimeoutError

    only = OnlyMails()
    assert await courier(desk, only).deliver_due() == 3
    assert {left["kind"] for left in await desk.owed()} == {"webhook"}


async def test_the_courier_goes_on_after_whatever_went_wrong(desk: Desk, outside: Outside) -> None:
    worker = courier(desk, outside)
    real, tries = worker.deliver_due, []

    async def broken_once(limit: int = 20) -> int:
        tries.append(limit)
        if len(tries) == 1:
            raise RuntimeError("something nobody thought of")
        return await real(limit)

    worker.deliver_due = broken_once  # type: ignore[method-assign]
    await owe(desk)
    worker.start()
    for _ in range(200):
        if outside.taken:
            break
        await asyncio.sleep(0.02)
    await worker.stop()
    assert outside.taken == ["out_email_000"]


async def test_a_courier_that_is_stopped_leaves_nothing_running(desk: Desk, outside: Outside) -> None:
    worker = courier(desk, outside)
    await worker.stop()
    worker.start()
    await worker.stop()
    await worker.stop()


async def test_the_testing_surface_shows_what_is_owed(desk: Desk, outside: Outside) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    await talk.press("Refund .*79")
    listed = (await desk.call("GET", "/testing/outbox")).body["outbox"]
    assert [(item["kind"], item["learner"], item["attempts"]) for item in listed] == [("email", "ana", 0)]
    assert listed[0]["payload"]["to"] == "ana@example.org"
    assert "$79.00" in listed[0]["payload"]["subject"]
    await courier(desk, outside).deliver_due()
    assert (await desk.call("GET", "/testing/outbox")).body == {"outbox": []}


# --- e-mail ----------------------------------------------------------------------------------------------------------


class Inbox:
    """What an SMTP server was given; `refuse` is its answer to the next mails."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.refuse: str | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        if self.refuse:
            return self.refuse
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
async def inbox(unused_tcp_port: int) -> AsyncIterator[tuple[Inbox, str]]:
    inbox = Inbox()
    server = Controller(inbox, hostname="127.0.0.1", port=unused_tcp_port)
    await asyncio.to_thread(server.start)
    yield inbox, f"smtp://127.0.0.1:{unused_tcp_port}"
    await asyncio.to_thread(server.stop)


async def test_a_refund_is_confirmed_by_a_mail_through_smtp(
    sqlite_url: str, quick_parts: None, inbox: tuple[Inbox, str]
) -> None:
    taken, url = inbox
    async with running_desk(sqlite_url, smtp_url=url, mail_from="Help <help@lectern.example>") as desk:
        await desk.load()
        talk = await desk.open("ana")
        await talk.say("refund please")
        await talk.press("Refund .*79")
        taken.refuse = "451 try again later"
        assert await desk.services.courier.deliver_due() == 0
        assert len(await desk.owed()) == 1
        taken.refuse = None
        desk.wait(seconds=2)
        assert await desk.services.courier.deliver_due() == 1
    (envelope,) = taken.mails
    mail = message_from_bytes(bytes(envelope.content or b""), policy=email.policy.default)
    assert envelope.rcpt_tos == ["ana@example.org"]
    assert mail["From"] == "Help <help@lectern.example>"
    assert mail["To"] == "ana@example.org"
    assert mail["Message-ID"].startswith("<out_")
    assert "refund" in mail["Subject"].lower()
    assert "Ana Silva" in mail.get_content()


async def test_a_mail_may_have_any_letters(inbox: tuple[Inbox, str]) -> None:
    taken, url = inbox
    await SmtpMailer(url, "h@l.example").send("z@example.org", "Zwölf Früchte 🍏", "Grüße,\n.\nŁódź", "id")
    mail = message_from_bytes(bytes(taken.mails[0].content or b""), policy=email.policy.default)
    assert mail["Subject"] == "Zwölf Früchte 🍏"
    assert mail.get_content().split() == ["Grüße,", ".", "Łódź"]


async def test_a_header_cannot_be_smuggled_into_a_mail(inbox: tuple[Inbox, str]) -> None:
    taken, url = inbox
    for to, subject in (("z@example.org", "a\nBcc: x@example.org"), ("z@example.org\nBcc: x@example.org", "a")):
        with pytest.raises(ValueError, match=r"(?i)newline|linefeed|carriage|header"):
            await SmtpMailer(url, "h@l.example").send(to, subject, "b", "id")
    assert taken.mails == []


@pytest.mark.parametrize("url", ["http://mail", "smtp://", "mail.example.org:25", "ftp://a@b"])
def test_a_mail_server_that_cannot_be_meant_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="LECTERN_SMTP_URL must look like"):
        make_mailer(url, "h@l.example")


def test_without_a_mail_server_mails_are_kept() -> None:
    assert isinstance(make_mailer("", "h@l.example"), KeepingMailer)


# --- webhooks --------------------------------------------------------------------------------------------------------


class Receiver:
    """The platform's end: keeps what came, answers with `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, Mapping[str, str]]] = []
        self.status = 200

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((await request.read(), request.headers.copy()))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"} if self.status == 302 else None)

    async def elsewhere(self, request: web.Request) -> web.Response:
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/events", receiver.take)
    app.router.add_get("/elsewhere", receiver.elsewhere)
    async with TestServer(app) as server:
        yield receiver, str(server.make_url("/events"))


async def test_what_was_done_is_told_to_the_platform_signed(
    sqlite_url: str, quick_parts: None, receiver: tuple[Receiver, str]
) -> None:
    taken, url = receiver
    async with running_desk(sqlite_url, webhook_url=url, webhook_secret="shared with the platform") as desk:
        await desk.load()
        talk = await desk.open("ana")
        await talk.say("refund please")
        await talk.press("Refund .*79")
        assert await desk.services.courier.deliver_due() == 2
    ((body, headers),) = taken.got
    event = json.loads(body)
    assert event | {"id": ""} == {
        "id": "",
        "event": "refund.done",
        "operation": "refund",
        "target": "pay-1",
        "learner": "ana",
        "at": "2026-03-10T12:00:00Z",
        "reasons": ["within_refund_window"],
    }
    assert headers["Lectern-Delivery"] == event["id"]
    signed = f"{event['id']}.{headers['Lectern-Timestamp']}.".encode() + body
    expected = hmac.new(b"shared with the platform", signed, hashlib.sha256).hexdigest()
    assert headers["Lectern-Signature"] == f"sha256={expected}"


def test_a_signature_covers_the_body_the_id_the_time_and_the_secret() -> None:
    def signature(*parts: Any) -> str:
        return sign_webhook(*parts)["Lectern-Signature"]

    original = signature(b"{}", "secret", "out_1", 1)
    changed = [(b"[]", "secret", "out_1", 1), (b"{}", "other", "out_1", 1), (b"{}", "secret", "out_2", 1)]
    assert original not in [signature(*parts) for parts in (*changed, (b"{}", "secret", "out_1", 2))]
    assert original == signature(b"{}", "secret", "out_1", 1)


@pytest.mark.parametrize("status", [302, 304, 400, 401, 404, 429, 500, 503])
async def test_only_a_2xx_counts_as_received(receiver: tuple[Receiver, str], status: int) -> None:
    taken, url = receiver
    taken.status = status
    async with ClientSession() as http:
        with pytest.raises(ClientError):
            await HttpWebhook(http, url).post(b"{}", {})


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_every_2xx_counts_as_received(receiver: tuple[Receiver, str], status: int) -> None:
    taken, url = receiver
    taken.status = status
    async with ClientSession() as http:
        await HttpWebhook(http, url).post(b"{}", {})
    assert len(taken.got) == 1


async def test_without_an_address_no_webhook_is_owed(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    await talk.press("Refund .*79")
    assert [item["kind"] for item in await desk.owed()] == ["email"]


async def test_a_webhook_that_was_owed_stays_owed_while_no_address_is_set(desk: Desk, outside: Outside) -> None:
    await owe(desk, 1, "webhook")
    without = Courier(desk.services.store, desk.services.clock, outside, None, "secret")
    assert await without.deliver_due() == 0
    assert len(await desk.owed()) == 1
    desk.wait(seconds=timedelta(hours=1).total_seconds())
    assert await courier(desk, outside).deliver_due() == 1
