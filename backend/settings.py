"""Settings: one typed object, read once from `LECTERN_*`, all problems reported together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Which days and times there are is looked at where they are read; this is their form.
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)"
_RULE = rf"\s*{_DAY}(?:\s*[-,]\s*{_DAY})*\s+(?:[01]?\d|2[0-3]):[0-5]\d\s*-\s*(?:(?:[01]?\d|2[0-3]):[0-5]\d|24:00)\s*"
_HOURS = re.compile(rf"(?:{_RULE}(?:;{_RULE})*;?)?\s*", re.I)
DEFAULT_SECRET = "change-me"
ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Every field is `LECTERN_<NAME>`; `.env.example` lists them (a test holds the two together)."""

    model_config = SettingsConfigDict(env_prefix="LECTERN_", env_file=None, env_ignore_empty=True, extra="ignore")

    env: Literal["development", "production"] = Field("development", description="production refuses unsafe settings")
    host: str = Field("127.0.0.1", description="address the desk answers on")
    port: int = Field(8080, ge=0, le=65535, description="port the desk answers on")
    public_url: str = Field("", description="address learners see, for links in e-mails; empty: http://host:port")
    state_dir: Path = Field(ROOT / "var", description="folder for the database file, logs and run files")
    database_url: str = Field("", description="empty: SQLite in the state folder; postgresql://… for production")
    redis_url: str = Field("", description="shared limits, locks and fan-out; empty: in-process")
    demo: bool = Field(False, description="visitors may try the desk as a demo learner")
    testing: bool = Field(False, description="opens the testing surface")
    secret: SecretStr = Field(SecretStr(DEFAULT_SECRET), description="staff's sign-in codes are made from it")
    identity_secret: SecretStr = Field(
        SecretStr(DEFAULT_SECRET), description="shared with the platform; signs identities"
    )
    service_token: SecretStr = Field(
        SecretStr(DEFAULT_SECRET), description="the action server's key to the internal API"
    )
    rasa_secret: SecretStr = Field(SecretStr(DEFAULT_SECRET), description="the backend's key to Rasa's channel")
    rasa_url: str = Field("http://127.0.0.1:5005", description="where Rasa listens")
    internal_host: str = Field("127.0.0.1", description="address of the internal API")
    internal_port: int = Field(5056, ge=0, le=65535, description="port of the internal API")
    turn_timeout: float = Field(8.0, gt=0, description="seconds to wait for Rasa before saying so")
    proposal_minutes: int = Field(10, gt=0, description="minutes an offer waits for a yes")
    agent_idle_minutes: int = Field(
        15, ge=0, description="minutes an agent may keep a learner waiting before the claim is lost; 0: never"
    )
    support_hours: str = Field(
        "", description="when people answer, e.g. Mon-Fri 08:00-20:00; Sat 10:00-14:00; empty: always"
    )
    support_timezone: str = Field("UTC", description="time zone of the hours, e.g. Europe/Berlin")
    max_message_chars: int = Field(4000, gt=0, description="longest message a learner may write")
    address_per_minute: int | None = Field(
        None, description="requests a minute from one address; empty: 600, none in tests"
    )
    conversation_per_minute: int | None = Field(
        None, description="messages a minute in one conversation; empty: 60, none in tests"
    )
    trusted_proxies: int = Field(0, ge=0, description="proxies in front whose X-Forwarded-For is believed")
    allowed_origins: str = Field("", description="other sites that may embed the widget, separated by commas")
    smtp_url: str = Field("", description="smtp(s)://user:password@host:port; empty: e-mails are kept and shown")
    mail_from: str = Field("help@lectern.example", description="sender of e-mails")
    webhook_url: str = Field("", description="address told of every change; empty: none")
    webhook_secret: SecretStr = Field(
        SecretStr(DEFAULT_SECRET), description="signs webhooks, ours and the platform's; unset: no events are taken"
    )
    slack_signing_secret: SecretStr = Field(SecretStr(""), description="Slack's signing secret; empty: no Slack routes")
    slack_bot_token: SecretStr = Field(SecretStr(""), description="Slack's bot token")
    slack_api_url: str = Field("https://slack.com/api/", description="Slack's Web API (another one for tests)")
    slack_app_token: SecretStr = Field(SecretStr(""), description="Slack's app-level token; set: Socket Mode")
    slack_support_channel: str = Field("", description="id of the channel for waiting conversations; empty: none")
    slack_alert_channel: str = Field("", description="id of the channel for alerts; empty: the support channel")
    slack_personal_data: bool = Field(True, description="whether names and words of learners are shown in Slack")
    slack_queue_limit: int = Field(10, ge=0, description="waiting conversations beyond which Slack is alerted")
    slack_digest_hour: int = Field(8, ge=-1, le=23, description="hour (UTC) of the daily digest in Slack; -1: none")
    log_format: Literal["text", "json"] = Field("text", description="text to read, json to collect")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")

    @model_validator(mode="after")
    def _fit_together(self) -> Settings:
        """Raises ValueError with every problem."""
        problems = [*self._slack_problems(), *self._hours_problems()]
        problems += self._unsafe() if self.env == "production" else ()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _hours_problems(self) -> list[str]:
        problems = []
        spans = re.findall(r"([\d:]+)\s*-\s*([\d:]+)", self.support_hours)
        backwards = any(opens.rjust(5, "0") >= closes.rjust(5, "0") for opens, closes in spans)
        if backwards or not _HOURS.fullmatch(self.support_hours):
            problems.append("LECTERN_SUPPORT_HOURS must be like 'Mon-Fri 08:00-20:00; Sat 10:00-14:00'")
        if self.support_timezone not in ("UTC", *available_timezones()):
            problems.append("LECTERN_SUPPORT_TIMEZONE must be a time zone such as Europe/Berlin")
        return problems

    def _slack_problems(self) -> list[str]:
        is_on = self.slack_signing_secret.get_secret_value() or self.slack_app_token.get_secret_value()
        if is_on and not self.slack_bot_token.get_secret_value():
            return ["LECTERN_SLACK_BOT_TOKEN must be set with LECTERN_SLACK_SIGNING_SECRET or _APP_TOKEN"]
        return []

    def _unsafe(self) -> list[str]:
        """What production refuses."""
        problems = []
        if self.demo:
            problems.append("LECTERN_DEMO must be 0 in production")
        if self.testing:
            problems.append("LECTERN_TESTING must be 0 in production")
        for name in ("secret", "identity_secret", "service_token", "rasa_secret"):
            value = getattr(self, name).get_secret_value()
            if value in ("", DEFAULT_SECRET) or len(value) < 16:
                problems.append(f"LECTERN_{name.upper()} must be set to a secret of at least 16 characters")
        if self.webhook_url and self.webhook_secret.get_secret_value() in ("", DEFAULT_SECRET):
            problems.append("LECTERN_WEBHOOK_SECRET must be set when LECTERN_WEBHOOK_URL is")
        return problems

    @property
    def takes_events(self) -> bool:
        """Whether the platform has a way in: only with a secret of its own."""
        return self.webhook_secret.get_secret_value() not in ("", DEFAULT_SECRET)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.state_dir / 'lectern.db'}"

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
