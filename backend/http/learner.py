"""The learner API (contracts §2): parse, one call, render."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field, model_validator

from backend.conversations.identity import opened
from backend.conversations.text import clean, form_values, message_text
from backend.conversations.turns import Sent
from backend.errors import BadInput, NotFound
from backend.http.keys import services
from backend.http.middleware import address
from backend.http.routing import LONGEST_NAME, Body, Line, Route, number
from backend.http.stream import bearer, header_token, learner_stream


class OpenConversation(Body):
    channel: str = "web"
    identity: str | None = Field(None, max_length=4096)
    page: str | None = Field(None, max_length=2000)


class SignIn(Body):
    identity: str = Field(max_length=4096)


class SendMessage(Body):
    client_id: str = Field(min_length=1, max_length=LONGEST_NAME)
    text: str | None = None
    press: str | None = Field(None, min_length=1, max_length=100)
    form: dict[str, str | bool] | None = Field(None, max_length=20)

    @model_validator(mode="after")
    def _one_of_two(self) -> SendMessage:
        if (self.text is None) == (self.press is None):
            raise ValueError("send either 'text' or 'press'")
        if self.form is not None and self.press is None:
            raise ValueError("send a form with 'press', the id of its 'submit'")
        return self


class Reauthenticate(Body):
    password: str | None = Field(None, max_length=1024)
    code: str | None = Field(None, max_length=64)

    @model_validator(mode="after")
    def _one_of_two(self) -> Reauthenticate:
        if (self.password is None) == (self.code is None):
            raise ValueError("send either 'password' or 'code'")
        return self


class Rate(Body):
    score: int = Field(ge=1, le=5)
    comment: str | None = Field(None, max_length=4000)


class MailIt(Body):
    email: Line | None = Field(None, max_length=200)


class GiveFeedback(Body):
    helpful: bool


async def open_conversation(request: web.Request, body: OpenConversation) -> Any:
    return await services(request).conversations.open(body.channel, body.identity, body.page)


async def allowed(request: web.Request) -> str:
    """The id of the conversation this request's token opens."""
    async with services(request).store.read() as session:
        return (await opened(session, request.match_info["id"], header_token(request))).id


async def describe(request: web.Request) -> Any:
    return await services(request).conversations.describe(await allowed(request))


async def sign_in(request: web.Request, body: SignIn) -> Any:
    return await services(request).conversations.sign_in(await allowed(request), body.identity)


async def send_message(request: web.Request, body: SendMessage) -> Any:
    conversation = await services(request).tokens.check(request.match_info["id"], header_token(request))
    await services(request).limits.check_conversation(conversation)
    client_id = clean(body.client_id)
    if not 1 <= len(client_id) <= LONGEST_NAME:
        raise BadInput("Expected an id of your own in 'client_id', at most 100 characters.", field="client_id")
    longest = services(request).settings.max_message_chars
    text = message_text(body.text, longest) if body.text is not None else None
    form = form_values(body.form, longest) if body.form else None
    sent = Sent(client_id, text, clean(body.press) if body.press else None, form)
    return await services(request).turns.take(conversation, sent)


async def read_messages(request: web.Request) -> Any:
    conversation = await allowed(request)
    return await services(request).conversations.read(conversation, number(request, "after", 0))


async def reauthenticate(request: web.Request, body: Reauthenticate) -> Any:
    conversation = await allowed(request)
    await services(request).limits.check_sign_in(conversation)
    return await services(request).conversations.reauthenticate(conversation, body.password, body.code)


async def rate(request: web.Request, body: Rate) -> Any:
    return await services(request).conversations.rate(await allowed(request), body.score, body.comment)


async def give_feedback(request: web.Request, body: GiveFeedback) -> Any:
    conversation = await allowed(request)
    message = clean(request.match_info["mid"])
    return await services(request).conversations.feedback(conversation, message, body.helpful)


async def mail_it(request: web.Request, body: MailIt) -> Any:
    conversation = await allowed(request)
    await services(request).limits.check_sign_in(f"mail:{address(request)}")
    return await services(request).records.mail(conversation, body.email)


async def earlier(request: web.Request) -> Any:
    return await services(request).records.earlier(await allowed(request))


async def one_earlier(request: web.Request) -> Any:
    conversation = await allowed(request)
    return await services(request).records.one_earlier(conversation, clean(request.match_info["other"]))


async def data(request: web.Request) -> Any:
    learner = clean(request.match_info["learner"])
    return await services(request).conversations.data_of(learner, bearer(request))


async def list_articles(request: web.Request) -> Any:
    return {"articles": services(request).knowledge.list_articles()}


async def show_article(request: web.Request) -> Any:
    article = services(request).knowledge.show_article(request.match_info["article"])
    if article is None:
        raise NotFound("There is no such article.")
    return article


async def search(request: web.Request) -> Any:
    text = clean(request.query.get("q", ""))[:400]
    limit = number(request, "limit", 8, least=1, most=20)
    return {"query": text, "results": services(request).knowledge.search(text, limit) if text else []}


_ONE = "/api/v1/conversations/{id}"
ROUTES = (
    Route(
        "POST",
        "/api/v1/conversations",
        open_conversation,
        "Open a conversation",
        OpenConversation,
        "Opened",
        status=201,
        errors=(401,),
    ),
    Route("GET", _ONE, describe, "A conversation's state and whose it is", None, "Described", "conversation"),
    Route(
        "POST",
        f"{_ONE}/identity",
        sign_in,
        "A guest signs in; what was asked is taken up again",
        SignIn,
        "Turn",
        "conversation",
        errors=(409,),
    ),
    Route(
        "POST",
        f"{_ONE}/messages",
        send_message,
        "Say something or press a button, once per client_id",
        SendMessage,
        "Turn",
        "conversation",
        errors=(413,),
    ),
    Route(
        "GET",
        f"{_ONE}/messages",
        read_messages,
        "The transcript after a sequence number",
        None,
        "Turn",
        "conversation",
        query=("after",),
    ),
    Route(
        "GET",
        f"{_ONE}/stream",
        learner_stream,
        "Live events over a WebSocket",
        None,
        None,
        "conversation",
        status=101,
        query=("after",),
    ),
    Route(
        "POST",
        f"{_ONE}/reauthenticate",
        reauthenticate,
        "Sign in again, outside the chat",
        Reauthenticate,
        "Turn",
        "conversation",
        errors=(409,),
    ),
    Route("POST", f"{_ONE}/rating", rate, "Rate the conversation", Rate, {"type": "object"}, "conversation"),
    Route(
        "POST",
        f"{_ONE}/messages/{{mid}}/feedback",
        give_feedback,
        "Say whether an answer helped",
        GiveFeedback,
        {"type": "object"},
        "conversation",
    ),
    Route(
        "POST",
        f"{_ONE}/email",
        mail_it,
        "Mail the transcript: to the learner's own address, or a guest's to the one given",
        MailIt,
        {"type": "object", "properties": {"sent_to": {"type": "string", "description": "a hint at the address"}}},
        "conversation",
        errors=(409,),
    ),
    Route(
        "GET",
        f"{_ONE}/history",
        earlier,
        "The learner's earlier conversations; none for a guest",
        None,
        "Earlier",
        "conversation",
    ),
    Route(
        "GET",
        f"{_ONE}/history/{{other}}",
        one_earlier,
        "One earlier conversation of the same learner, to read",
        None,
        "Turn",
        "conversation",
    ),
    Route(
        "GET",
        "/api/v1/learners/{learner}/data",
        data,
        "Everything stored about a learner, for the learner: the bearer token is their identity",
        None,
        {"type": "object"},
        "conversation",
    ),
    Route("GET", "/api/v1/articles", list_articles, "All articles with their sections", None, "Articles"),
    Route("GET", "/api/v1/articles/{article}", show_article, "One article, whole", None, "Article", errors=(404,)),
    Route("GET", "/api/v1/search", search, "Search the sections", None, "Found", query=("q", "limit")),
)
