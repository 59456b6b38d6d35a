"""The variables the programs get, and the files they come from."""

from __future__ import annotations

import errno
import stat

import pytest

from desk import settings
from desk.errors import DeskError
from desk.settings import FREE_PORTS, INTERNAL_PORTS, KEPT_SECRETS, compose, keep_secrets, read_dotenv


def test_what_is_not_given_follows(tmp_path):
    env = compose({}, tmp_path)
    ports = [int(env[name]) for name in ("LECTERN_PORT", *INTERNAL_PORTS)]
    assert len(set(ports)) == 4 and all(port in FREE_PORTS for port in ports)
    assert env["LECTERN_HOST"] == "127.0.0.1"
    assert env["LECTERN_RASA_URL"] == f"http://127.0.0.1:{env['LECTERN_RASA_PORT']}"
    assert env["LECTERN_INTERNAL_URL"] == f"http://127.0.0.1:{env['LECTERN_INTERNAL_PORT']}"
    assert env["LECTERN_ACTIONS_URL"] == f"http://127.0.0.1:{env['LECTERN_ACTIONS_PORT']}/webhook"
    assert env["LECTERN_TRACKER_URL"] == f"sqlite:///{tmp_path}/tracker.db"
    assert env["LECTERN_STATE_DIR"] == str(tmp_path)


def test_secrets_of_a_run_are_new_each_time_unless_given(tmp_path):
    one, other = compose({}, tmp_path), compose({"LECTERN_SERVICE_TOKEN": "given"}, tmp_path)
    assert len(one["LECTERN_RASA_SECRET"]) >= 32
    assert one["LECTERN_RASA_SECRET"] != other["LECTERN_RASA_SECRET"]
    assert other["LECTERN_SERVICE_TOKEN"] == "given"


def test_what_is_given_stays(tmp_path):
    env = compose({"LECTERN_RASA_URL": "http://rasa:5005", "LECTERN_SMTP_URL": "", "OTHER": ""}, tmp_path)
    assert env["LECTERN_RASA_URL"] == "http://rasa:5005"
    assert "LECTERN_SMTP_URL" not in env
    assert env["OTHER"] == ""


def test_one_port_for_two_parts_is_refused(tmp_path):
    with pytest.raises(DeskError, match="LECTERN_RASA_PORT=29873 is given to two parts"):
        compose({"LECTERN_PORT": "29873", "LECTERN_RASA_PORT": "29873"}, tmp_path)


def test_a_port_without_the_right_is_said(monkeypatch):
    def refuse(host, port):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(settings, "listen_once", refuse)
    with pytest.raises(DeskError, match="Port 80 needs more rights than you have: choose one above 1023"):
        settings.checked_port("LECTERN_PORT", "80", "127.0.0.1")


def test_secrets_of_an_installation_are_made_once_and_for_the_owner_only(tmp_path):
    first, second = {}, {"LECTERN_SECRET": "given"}
    keep_secrets(first, tmp_path / "secrets.env")
    keep_secrets(second, tmp_path / "secrets.env")
    assert stat.S_IMODE((tmp_path / "secrets.env").stat().st_mode) == 0o600
    assert second == {"LECTERN_SECRET": "given", "LECTERN_IDENTITY_SECRET": first["LECTERN_IDENTITY_SECRET"]}
    assert all(len(first[name]) >= 32 for name in KEPT_SECRETS)


def test_a_secret_that_was_added_later_leaves_the_others_as_they_are(tmp_path):
    path = tmp_path / "secrets.env"
    path.write_text("LECTERN_SECRET=old\n")
    env = {}
    keep_secrets(env, path)
    assert env["LECTERN_SECRET"] == "old"
    assert read_dotenv(path)["LECTERN_IDENTITY_SECRET"] == env["LECTERN_IDENTITY_SECRET"]


def test_production_makes_no_secrets(tmp_path):
    env = {"LECTERN_ENV": "production"}
    keep_secrets(env, tmp_path / "secrets.env")
    assert env == {"LECTERN_ENV": "production"}
    assert not (tmp_path / "secrets.env").exists()


def test_dotenv(tmp_path):
    path = tmp_path / ".env"
    path.write_text(
        "# a comment\n\nLECTERN_PORT=9000  # here\nexport LECTERN_HOST='0.0.0.0'\n"
        'LECTERN_MAIL_FROM="Desk #1 <a@b.example>" # a name\nLECTERN_SECRET=a#b=c\nLECTERN_SMTP_URL=\n'
    )
    assert read_dotenv(path) == {
        "LECTERN_PORT": "9000",
        "LECTERN_HOST": "0.0.0.0",
        "LECTERN_MAIL_FROM": "Desk #1 <a@b.example>",
        "LECTERN_SECRET": "a#b=c",
        "LECTERN_SMTP_URL": "",
    }
    assert read_dotenv(tmp_path / "none") == {}


def test_a_dotenv_line_that_is_none_is_named(tmp_path):
    (tmp_path / ".env").write_text("LECTERN_PORT=1\nwhat is this\n")
    with pytest.raises(DeskError, match=r"\.env, line 2: expected NAME=value"):
        read_dotenv(tmp_path / ".env")
