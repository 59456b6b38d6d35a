"""Sign-in, the second factor and the members of staff (contracts §3)."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field

from backend.conversations.text import clean
from backend.errors import Unauthorized
from backend.http.keys import services
from backend.http.middleware import address
from backend.http.routing import Body, Line, Route, json_answer
from backend.http.staff import COOKIE, member
from backend.staff.accounts import SESSION_LASTS


class Credentials(Body):
    email: Line = Field(max_length=200)
    password: str = Field(max_length=1024)
    code: str | None = Field(None, max_length=20)


class Code(Body):
    code: str = Field(max_length=20)


class Password(Body):
    password: str = Field(max_length=1024)


class NewMember(Body):
    email: Line = Field(max_length=200)
    name: Line = Field(max_length=100)
    role: str = Field(max_length=20)
    password: str = Field(max_length=1024)


class ChangedMember(Body):
    role: str | None = Field(None, max_length=20)
    active: bool | None = None
    password: str | None = Field(None, max_length=1024)
    totp: bool | None = None


async def sign_in(request: web.Request, body: Credentials) -> Any:
    await services(request).limits.check_sign_in(f"staff:{address(request)}")
    found = await services(request).members.sign_in(body.email, body.password, body.code)
    if found is None:
        raise Unauthorized("That does not fit, or the account is locked.", code="wrong_credentials")
    who, cookie, csrf = found
    response = json_answer({"staff": who.to_json(), "csrf": csrf})
    secure = services(request).settings.base_url.startswith("https:")
    age = int(SESSION_LASTS.total_seconds())
    response.set_cookie(COOKIE, cookie, max_age=age, httponly=True, samesite="Strict", secure=secure, path="/")
    return response


async def who(request: web.Request) -> Any:
    signed_in, settings = await member(request), services(request).settings
    return {
        "staff": signed_in.to_json(),
        "csrf": await services(request).members.csrf_of(request.cookies[COOKIE]),
        "settings": {"name": "Lectern", "idle_minutes": settings.agent_idle_minutes},
    }


async def sign_out(request: web.Request) -> Any:
    await member(request)
    await services(request).members.sign_out(request.cookies[COOKIE])
    response = json_answer({})
    response.del_cookie(COOKIE, path="/")
    return response


async def begin_totp(request: web.Request) -> Any:
    return await services(request).members.begin_codes(await member(request))


async def confirm_totp(request: web.Request, body: Code) -> Any:
    await services(request).limits.check_sign_in(f"staff:{address(request)}")
    return {"staff": (await services(request).members.confirm_codes(await member(request), body.code)).to_json()}


async def end_totp(request: web.Request, body: Password) -> Any:
    await services(request).limits.check_sign_in(f"staff:{address(request)}")
    return {"staff": (await services(request).members.end_codes(await member(request), body.password)).to_json()}


async def list_members(request: web.Request) -> Any:
    await member(request)
    return {"members": await services(request).members.list()}


async def create_member(request: web.Request, body: NewMember) -> Any:
    admin = await member(request)
    return {
        "member": await services(request).members.create(admin, body.email, clean(body.name), body.role, body.password)
    }


async def change_member(request: web.Request, body: ChangedMember) -> Any:
    admin, staff_id = await member(request), clean(request.match_info["id"])
    return {"member": await services(request).members.change(admin, staff_id, **body.model_dump())}


_S = "/api/v1/staff"
_ANY = {"type": "object"}
ROUTES = (
    Route("POST", f"{_S}/session", sign_in, "Sign in: a cookie and a CSRF token", Credentials, _ANY, errors=(401, 429)),
    Route("GET", f"{_S}/session", who, "Who is signed in, with the session's CSRF token", None, _ANY, "staff"),
    Route("DELETE", f"{_S}/session", sign_out, "Sign out", None, _ANY, "staff"),
    Route(
        "POST",
        f"{_S}/session/totp",
        begin_totp,
        "A secret for an authenticator app; nothing is asked for yet",
        None,
        _ANY,
        "staff",
        errors=(409,),
    ),
    Route(
        "POST",
        f"{_S}/session/totp/confirm",
        confirm_totp,
        "The app's code: from now on one is asked for",
        Code,
        _ANY,
        "staff",
        errors=(409,),
    ),
    Route("DELETE", f"{_S}/session/totp", end_totp, "Ask for codes no more", Password, _ANY, "staff", errors=(409,)),
    Route("GET", f"{_S}/members", list_members, "The members of staff and who is there", None, _ANY, "staff"),
    Route("POST", f"{_S}/members", create_member, "A new member (admins)", NewMember, _ANY, "staff", errors=(409,)),
    Route(
        "PATCH",
        f"{_S}/members/{{id}}",
        change_member,
        "Change another's role, password or codes, or shut them out (admins)",
        ChangedMember,
        _ANY,
        "staff",
    ),
)
