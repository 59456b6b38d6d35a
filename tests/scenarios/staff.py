"""The staff's side of the HTTP surface, as the console uses it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


@dataclass
class Staff:
    """A member of staff who is signed in."""

    address: str
    cookie: str
    csrf: str

    @classmethod
    def sign_in(cls, address: str, email: str, password: str) -> Staff:
        body = json.dumps({"email": email, "password": password}).encode()
        request = Request(f"{address}/api/v1/staff/session", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=30) as answer:
            return cls(address, answer.headers["Set-Cookie"].split(";")[0], json.load(answer)["csrf"])

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and answer; `path` below /api/v1/staff."""
        headers = {"Content-Type": "application/json", "Cookie": self.cookie, "X-CSRF-Token": self.csrf}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.address}/api/v1/staff{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    def claim(self, conversation: str) -> tuple[int, dict[str, Any]]:
        return self.ask("POST", f"/conversations/{conversation}/claim", {})

    def release(self, conversation: str) -> tuple[int, dict[str, Any]]:
        return self.ask("POST", f"/conversations/{conversation}/release", {})

    def write(self, conversation: str, text: str, client_id: str | None = None) -> tuple[int, dict[str, Any]]:
        body = {"client_id": client_id or uuid.uuid4().hex, "text": text}
        return self.ask("POST", f"/conversations/{conversation}/messages", body)

    def show(self, conversation: str) -> dict[str, Any]:
        status, shown = self.ask("GET", f"/conversations/{conversation}")
        assert status == 200, shown
        return shown
