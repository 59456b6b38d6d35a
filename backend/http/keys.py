"""Where the application keeps what handlers need: typed keys, filled by `create_app` alone."""

from __future__ import annotations

from aiohttp import web

from backend.services import Services

SERVICES: web.AppKey[Services] = web.AppKey("services", Services)


def services(request: web.Request) -> Services:
    return request.config_dict[SERVICES]
