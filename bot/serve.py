"""Serves the trained model on loopback: `python -m bot.serve --port 5005`.

Rasa's own server with one channel, without its HTTP API, its telemetry and its way of starting without a model.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from bot import quiet
from bot.model_files import ModelError, newest_model
from bot.settings import ROOT, Settings, SettingsError


def main(arguments: list[str] | None = None) -> int:
    """Serves until stopped; 1 and one sentence on standard error if that is not possible."""
    options = _options(arguments)
    try:
        settings = Settings.from_environment(os.environ)
        _publish(settings)
        quiet.before_rasa()
        model = options.model or newest_model()
        _serve(model, options)
    except (SettingsError, ModelError) as error:
        print(f"Rasa cannot start: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(model: Path, options: argparse.Namespace) -> None:
    # Imported late: TensorFlow, which Rasa brings along, reads the environment when it is imported.
    from rasa.core.run import close_resources, configure_app, create_http_input_channels

    from bot.agent import load_agent

    quiet.after_rasa()
    channels = create_http_input_channels(None, str(ROOT / "credentials.yml"))
    app = configure_app(channels, enable_api=False, endpoints=None, port=options.port)
    app.ctx.agent = load_agent(model, ROOT / "endpoints.yml")
    app.register_listener(close_resources, "after_server_stop")
    app.register_listener(_close_connections, "after_server_stop")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app.run(host=options.host, port=options.port, workers=1, access_log=False, debug=False)


async def _close_connections(app: Any, _loop: Any) -> None:
    await app.ctx.agent.action_endpoint.close()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.serve", description="Serve the trained model.")
    parser.add_argument("--port", type=int, default=int(os.environ.get("LECTERN_RASA_PORT", "5005")))
    parser.add_argument("--host", default="127.0.0.1", help="an address of this machine; loopback unless given")
    parser.add_argument("--model", type=Path, help="a model file; the newest in models/ unless given")
    return parser.parse_args(arguments)


def _publish(settings: Settings) -> None:
    """endpoints.yml reads these from the environment; unset ones get their defaults here."""
    os.environ["LECTERN_ACTIONS_URL"] = settings.actions_url
    os.environ["LECTERN_TRACKER_URL"] = settings.tracker_url
    os.chdir(ROOT)
    if settings.tracker_url.startswith("sqlite:///"):
        Path(settings.tracker_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
