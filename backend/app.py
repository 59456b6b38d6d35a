"""Wires everything: `create_app(settings)` for the public address, `internal_app` for the action server's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp
from aiohttp import web
from redis.asyncio import Redis

from backend.clock import Clock
from backend.conversations.fanout import Fanout, LocalFanout, RedisFanout
from backend.conversations.hours import Hours
from backend.conversations.identity import Tokens
from backend.conversations.limits import Limits, LocalBuckets, RedisBuckets
from backend.conversations.reception import Reception
from backend.conversations.records import Records
from backend.conversations.service import Conversations
from backend.conversations.turns import Turns
from backend.dialogue.answering import Answering
from backend.dialogue.confirming import Confirming
from backend.dialogue.decisions import DecisionSpeaker
from backend.dialogue.desk import Desk
from backend.dialogue.diagnosing import Diagnosing
from backend.dialogue.leaving import Leaving
from backend.dialogue.operating import Operating
from backend.http import (
    demo,
    health,
    internal,
    learner,
    page_feedback,
    platform,
    staff,
    staff_aids,
    staff_live,
    testing,
)
from backend.http.console import add_console
from backend.http.keys import SERVICES
from backend.http.middleware import ALL, errors_worded, identified
from backend.http.openapi import route_for
from backend.http.pages import add_pages
from backend.http.routing import Route, register
from backend.http.staff_acts import STAFF_ACTS
from backend.knowledge_service import KnowledgeService, load_stated_in
from backend.mail import make_mailer
from backend.operations.automatic import Automatic
from backend.operations.cases import Cases
from backend.operations.platform_events import PlatformEvents
from backend.operations.registry import OPERATIONS
from backend.operations.service import Operations
from backend.outbox import Courier, Outbox
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters
from backend.policy.rules import build as build_rules
from backend.rasa_client import DialogueEngine, RasaClient
from backend.services import Services
from backend.settings import Settings
from backend.slack import edge as slack_edge
from backend.slack.desk import make_slack
from backend.staff.acting import Acting
from backend.staff.acts import CHANNEL, Acts
from backend.staff.aids import Aids
from backend.staff.desk_work import DeskWork
from backend.staff.hub import Hub
from backend.staff.insight import Insight
from backend.staff.learners import Learners
from backend.staff.live import Live
from backend.staff.members import Members
from backend.staff.notes import Notes
from backend.staff.queue import Queue
from backend.staff.returning import Returning
from backend.staff.service import Staff
from backend.staff.showing import Showing
from backend.staff.silence import Silence
from backend.store.base import Store, make_engine
from backend.store.kept_clock import kept_clock
from backend.wording import Wording
from knowledge.reader import load_knowledge

# Limits where nobody set any. Tests and benchmarks come from one address and would only meet the limit.
ADDRESS_PER_MINUTE = 600
CONVERSATION_PER_MINUTE = 60


class HttpWebhook:
    """Posts events to the platform."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Raises aiohttp.ClientError for anything but a 2xx. A redirection is not followed: it would lose the body."""
        asked = {"data": body, "headers": dict(headers), "timeout": aiohttp.ClientTimeout(total=10)}
        async with self._http.post(self._url, allow_redirects=False, **asked) as answer:
            if not 200 <= answer.status < 300:
                raise aiohttp.ClientResponseError(answer.request_info, (), status=answer.status)


def public_routes(settings: Settings) -> list[Route]:
    """Every route of the public address, by the settings."""
    routes = [
        *learner.ROUTES,
        *staff.ROUTES,
        *staff_live.ROUTES,
        *staff_aids.ROUTES,
        *page_feedback.ROUTES,
        *health.ROUTES,
    ]
    routes += platform.ROUTES if settings.takes_events else ()
    routes += demo.ROUTES if settings.demo else ()
    routes += testing.ROUTES if settings.testing else ()
    routes += slack_edge.ROUTES if settings.slack_signing_secret.get_secret_value() else ()
    routes += STAFF_ACTS
    return [*routes, route_for(routes)]


def build_services(settings: Settings, http: aiohttp.ClientSession, engine: DialogueEngine | None = None) -> Services:
    """Make every part and put them together. Connects to nothing yet. `engine`: another one than Rasa."""
    clock, params, wording = Clock(), Parameters.load(), Wording.load()
    store = Store(make_engine(settings.database))
    knowledge = KnowledgeService(load_knowledge(), params, clock, load_stated_in())
    redis = Redis.from_url(settings.redis_url, socket_connect_timeout=2) if settings.redis_url else None
    fanout: Fanout = RedisFanout(redis, settings.turn_timeout * 4) if redis else LocalFanout()
    if engine is None:
        engine = RasaClient(http, settings.rasa_url, settings.rasa_secret.get_secret_value(), settings.turn_timeout)
    outbox = Outbox(wording, webhooks=bool(settings.webhook_url))
    lists = Lists.load()
    rules = build_rules(lists)
    operations = Operations(rules, params, OPERATIONS, outbox, wording, settings.proposal_minutes)
    speaker = DecisionSpeaker(wording, knowledge)
    operating = Operating(operations, speaker, wording, knowledge)
    diagnosing = Diagnosing(rules, params, speaker, wording, knowledge)
    confirming = Confirming(operations, operating, diagnosing, wording)
    answering = Answering(knowledge, wording, list(OPERATIONS))
    desk = Desk(operating, confirming, diagnosing, answering, wording, OPERATIONS, Leaving(wording))
    reception = Reception(Hours.parse(settings.support_hours, settings.support_timezone))
    turns = Turns(store, clock, fanout, engine, desk, reception)
    secret = settings.identity_secret.get_secret_value()
    webhook = HttpWebhook(http, settings.webhook_url) if settings.webhook_url else None
    mailer = make_mailer(settings.smtp_url, settings.mail_from)
    queue = Queue(store, clock, knowledge, wording)
    hub = Hub(store, clock, fanout, queue)
    returning = Returning(store, clock, turns, wording)
    services = Services(
        settings=settings,
        clock=clock,
        store=store,
        fanout=fanout,
        limits=_limits(settings, redis),
        engine=engine,
        knowledge=knowledge,
        wording=wording,
        operations=operations,
        tokens=Tokens(store),
        turns=turns,
        conversations=Conversations(store, clock, fanout, turns, desk, wording, secret),
        records=Records(store, clock, outbox, wording, settings.secret.get_secret_value()),
        staff=Staff(store, clock, fanout, turns, wording, knowledge),
        members=Members(store, clock, fanout, returning, settings.secret.get_secret_value()),
        desk_work=DeskWork(store, clock, fanout, Cases(params, outbox), wording),
        learners=Learners(store, clock, operations, speaker, wording, queue),
        acts=Acts(store, clock, fanout, turns, Acting(operations, wording, CHANNEL), speaker, wording),
        insight=Insight(store, clock, knowledge, wording),
        queue=queue,
        hub=hub,
        live=Live(store, clock, fanout, hub),
        showing=Showing(store, clock, queue, wording),
        notes=Notes(store, clock, fanout),
        aids=Aids(store, clock, knowledge),
        silence=Silence(store, clock, returning, settings.agent_idle_minutes),
        courier=Courier(store, clock, mailer, webhook, settings.webhook_secret.get_secret_value()),
        platform=PlatformEvents(store, clock, Automatic(params, lists, outbox)),
    )
    return replace(services, slack=make_slack(services, http))


def _limits(settings: Settings, redis: Redis | None) -> Limits:
    unset = (None, None) if settings.testing else (ADDRESS_PER_MINUTE, CONVERSATION_PER_MINUTE)
    return Limits(
        RedisBuckets(redis) if redis else LocalBuckets(),
        per_address=settings.address_per_minute or unset[0],
        per_conversation=settings.conversation_per_minute or unset[1],
    )


async def running(services: Services) -> AsyncIterator[None]:
    """Everything that runs beside the requests; what was started is stopped, however it ends."""
    async with AsyncExitStack() as ending:
        ending.push_async_callback(services.store.close)
        if services.settings.testing:
            async with services.store.read() as session:
                services.clock.set(await kept_clock(session))
        await services.fanout.start()
        ending.push_async_callback(services.fanout.stop)
        ending.push_async_callback(services.turns.routing.stop)
        services.courier.start()
        ending.push_async_callback(services.courier.stop)
        services.silence.start()
        ending.push_async_callback(services.silence.stop)
        if services.slack:
            await services.slack.start()
            ending.push_async_callback(services.slack.stop)
        yield


def create_app(settings: Settings, services: Services) -> web.Application:
    """The public application."""
    app = web.Application(middlewares=ALL)
    app[SERVICES] = services
    register(app, public_routes(settings))
    knowledge = services.knowledge
    if settings.demo:
        app.router.add_get("/demo/mails/{id}", demo.mail_page)
    add_pages(
        app, knowledge=knowledge.knowledge, params_now=knowledge.numbers, search=knowledge.searcher, settings=settings
    )
    add_console(app)
    return app


def internal_app(services: Services) -> web.Application:
    """The action server's application: another port, another secret, nothing else on it."""
    app = web.Application(middlewares=(identified, errors_worded, internal.service_only))
    app[SERVICES] = services
    register(app, internal.ROUTES)
    return app
