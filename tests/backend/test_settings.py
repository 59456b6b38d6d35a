"""Settings: from the environment, all problems at once, every one of them written down."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from backend.__main__ import CommandError, read_settings
from backend.settings import DEFAULT_SECRET, ROOT, Settings

# Read by the other programs only: Rasa, the action server, the supervisor.
ELSEWHERE = {
    "LECTERN_TRACKER_URL",
    "LECTERN_RASA_PORT",
    "LECTERN_ACTIONS_PORT",
    "LECTERN_ACTIONS_URL",
    "LECTERN_INTERNAL_URL",
}
SAFE = {
    "LECTERN_ENV": "production",
    "LECTERN_SECRET": "one secret of the desk",
    "LECTERN_IDENTITY_SECRET": "another one, of the platform",
    "LECTERN_SERVICE_TOKEN": "a third one, for the actions",
    "LECTERN_RASA_SECRET": "a fourth one, for the dialogue",
}


@pytest.fixture(autouse=True)
def no_settings_of_this_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LECTERN_")]:
        monkeypatch.delenv(name)


def written_down(root: Path) -> dict[str, tuple[str, str]]:
    """`.env.example`: each variable's value and the comment above it."""
    found, comment = {}, ""
    for line in (root / ".env.example").read_text("utf-8").splitlines():
        if line.startswith("#"):
            comment = line.lstrip("# ")
        elif line:
            name, _, value = line.partition("=")
            assert name not in found, f"{name} stands there twice"
            found[name] = (value, comment)
    return found


def plain(value: Any) -> str:
    """A default as it is written in a file."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value().replace(DEFAULT_SECRET, "")
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, Path):
        value = value.relative_to(ROOT)
    return "" if value is None else str(value)


def test_every_setting_is_written_down_with_its_default_and_what_it_is_for(root: Path) -> None:
    described = written_down(root)
    for name, field in Settings.model_fields.items():
        assert described[f"LECTERN_{name.upper()}"] == (plain(field.default), field.description), name


def test_what_is_written_down_exists_and_is_read(root: Path) -> None:
    ours = {f"LECTERN_{name.upper()}" for name in Settings.model_fields}
    assert set(written_down(root)) - ours == ELSEWHERE
    folders = [root / name for name in ("bot", "actions", "desk")]
    code = "".join(path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py"))
    code += (root / "endpoints.yml").read_text("utf-8")
    for name in ELSEWHERE:
        assert name in code, f"nobody reads {name}"


def test_no_program_reads_a_setting_that_is_not_written_down(root: Path) -> None:
    folders = [root / name for name in ("backend", "bot", "actions", "desk")]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    read = {name for path in files for name in re.findall(r"LECTERN_[A-Z_]+[A-Z]\b", path.read_text("utf-8"))}
    assert read - set(written_down(root)) <= {"LECTERN_TEST", "LECTERN_CHROMIUM"}


def test_the_example_taken_as_it_is_gives_the_defaults(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, (value, _) in written_down(root).items():
        monkeypatch.setenv(name, value)
    taken, defaults = Settings().model_dump(), Settings.model_construct().model_dump()
    assert taken | {"state_dir": ""} == defaults | {"state_dir": ""}


# --- production ------------------------------------------------------------------------------------------------------


def problems(monkeypatch: pytest.MonkeyPatch, **values: str) -> str:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CommandError) as refused:
        read_settings()
    return str(refused.value)


def test_production_refuses_everything_unsafe_and_names_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told = problems(
        monkeypatch,
        LECTERN_ENV="production",
        LECTERN_DEMO="1",
        LECTERN_TESTING="1",
        LECTERN_IDENTITY_SECRET="too short",
        LECTERN_RASA_SECRET="",
        LECTERN_WEBHOOK_URL="https://platform.example/events",
        LECTERN_SLACK_SIGNING_SECRET="signs",
    )
    for name in ("DEMO", "TESTING", "SECRET", "IDENTITY_SECRET", "SERVICE_TOKEN", "RASA_SECRET", "WEBHOOK_SECRET"):
        assert f"LECTERN_{name} must be" in told
    assert "LECTERN_SLACK_BOT_TOKEN must be" in told
    assert "too short" not in told


@pytest.mark.parametrize(
    ("name", "value"),
    [("DEMO", "1"), ("TESTING", "1"), *((name, "123456789012345") for name in SAFE if name != "LECTERN_ENV")],
)
def test_production_refuses_each_of_them_alone(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    name = name if name.startswith("LECTERN_") else f"LECTERN_{name}"
    assert f"{name} must be" in problems(monkeypatch, **{**SAFE, name: value})


def test_production_takes_secrets_of_sixteen_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value if name == "LECTERN_ENV" else value[:16])
    assert read_settings().env == "production"


def test_a_default_secret_is_refused_in_production_though_it_were_long(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in SAFE if name != "LECTERN_ENV"]:
        assert f"{name} must be" in problems(monkeypatch, **{**SAFE, name: DEFAULT_SECRET})


def test_values_that_cannot_be_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    told = problems(
        monkeypatch,
        LECTERN_PORT="65536",
        LECTERN_ENV="staging",
        LECTERN_TURN_TIMEOUT="0",
        LECTERN_DEMO="perhaps",
        LECTERN_TRUSTED_PROXIES="-1",
    )
    for name in ("PORT", "ENV", "TURN_TIMEOUT", "DEMO", "TRUSTED_PROXIES"):
        assert f"LECTERN_{name}: " in told


def test_a_secret_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    for value in list(SAFE.values())[1:]:
        assert value not in repr(settings)
        assert value not in str(settings.model_dump())
        assert value not in settings.model_dump_json()


def test_settings_are_read_from_the_environment_and_from_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("LECTERN_PORT=1234\n")
    monkeypatch.chdir(tmp_path)
    assert Settings().port == 8080
    monkeypatch.setenv("LECTERN_PORT", "4321")
    monkeypatch.setenv("PORT", "1111")
    assert Settings().port == 4321


def test_addresses_follow_from_what_is_given() -> None:
    assert Settings(port=80).base_url == "http://127.0.0.1:80"
    assert Settings(public_url="https://help.example.org/").base_url == "https://help.example.org"
    assert Settings(state_dir=Path("/somewhere")).database == "sqlite:////somewhere/lectern.db"
    assert Settings(database_url="postgresql://db/lectern").database == "postgresql://db/lectern"
    with pytest.raises(ValidationError):
        Settings(port="eighty")  # type: ignore[arg-type]
