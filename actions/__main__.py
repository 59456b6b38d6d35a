"""Starts the action server on loopback: `python -m actions --port 5055`."""

from __future__ import annotations

import argparse
import hmac
import logging
import os
import sys
import warnings
from typing import Any

from rasa_sdk.endpoint import create_app
from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, json

import actions
from actions.client import backend
from actions.settings import Settings, SettingsError


def main() -> int:
    """Serves until stopped; 1 and one sentence on standard error if that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m actions", description="Serve the actions.")
    parser.add_argument("--port", type=int, default=int(os.environ.get("LECTERN_ACTIONS_PORT", "5055")))
    parser.add_argument("--host", default="127.0.0.1", help="an address of this machine; loopback unless given")
    options = parser.parse_args()
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        print(f"The action server cannot start: {error}", file=sys.stderr)
        return 1
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    application(settings).run(host=options.host, port=options.port, workers=1, access_log=False)
    return 0


def application(settings: Settings) -> Sanic:
    """rasa-sdk's server, for Rasa alone: it asks for the service token and answers no other origin."""
    app = create_app(actions, cors_origins="")
    expected = f"Bearer {settings.service_token}".encode()

    @app.on_request
    async def authorise(request: Request) -> HTTPResponse | None:
        given = request.headers.get("authorization", "").encode("utf-8", "surrogatepass")
        if request.path == "/health" or hmac.compare_digest(given, expected):
            return None
        return json({"error": {"code": "unauthorized", "message": "This server is for Rasa alone."}}, status=401)

    @app.after_server_stop
    async def close(_app: Sanic, _loop: Any) -> None:
        await backend().close()

    return app


if __name__ == "__main__":
    sys.exit(main())
