"""Mailers: SMTP when it is configured; otherwise mails are kept in the database and shown by the desk."""

from __future__ import annotations

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from backend.outbox import Mailer


class KeepingMailer:
    """Sends nothing: the outbox's row is the mail."""

    async def send(self, to: str, subject: str, body: str, message_id: str) -> None:
        """Already kept."""


class SmtpMailer:
    """Sends through one SMTP server. The message id is the outbox's, so a mail sent twice can be told."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("LECTERN_SMTP_URL must look like smtp://user:password@host:587 or smtps://host:465")
        self._sender = sender
        self._options = {
            "hostname": parts.hostname,
            "port": parts.port or (465 if parts.scheme == "smtps" else 25),
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": parts.scheme == "smtps",
            "timeout": 15,
        }

    async def send(self, to: str, subject: str, body: str, message_id: str) -> None:
        """Raises what the library raises when the server does not take it."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Message-ID"] = f"<{message_id}@lectern>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        await aiosmtplib.send(message, **self._options)


def make_mailer(smtp_url: str, sender: str) -> Mailer:
    """The mailer the settings ask for. Raises ValueError for an address it cannot read."""
    return SmtpMailer(smtp_url, sender) if smtp_url else KeepingMailer()
