"""What may not stand in the files a browser is given. Needs neither browser nor desk."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from backend.web.assets import STATIC_FOLDER, Assets

TEMPLATES = STATIC_FOLDER.parent / "templates"
SCRIPTS = sorted(STATIC_FOLDER.rglob("*.js"))
WIDGET = sorted((STATIC_FOLDER / "chat").glob("*.js"))
MOST_BYTES = 20_000
MOST_LINES = 400

# Each of these turns text into markup or code.
UNSAFE = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|document\.write(ln)?|eval|Function|execCommand"
    r"|createContextualFragment|srcdoc|DOMParser)\b|\bset(Timeout|Interval)\(\s*[\"'`]"
)
ELSEWHERE = re.compile(r"https?://(?!help\.example\b|www\.w3\.org/)", re.IGNORECASE)


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: str(file.relative_to(STATIC_FOLDER)))
def test_a_script_never_makes_markup_of_text(file: Path) -> None:
    code = file.read_text("utf-8")
    assert UNSAFE.findall(code) == []
    assert ELSEWHERE.findall(code) == []


@pytest.mark.parametrize("file", [*SCRIPTS, *STATIC_FOLDER.rglob("*.css")], ids=lambda file: file.name)
def test_a_file_stays_short_enough_to_read(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) < MOST_LINES


def test_scripts_import_only_each_other() -> None:
    for file in SCRIPTS:
        code = re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.DOTALL)
        assert "import(" not in code, file.name
        for target in re.findall(r"(?:from|import)\s+[\"']([^\"']+)[\"']", code):
            assert target.startswith(("./", "../chat/")), f"{file.name} imports {target}"
            assert (file.parent / target).is_file(), f"{file.name} imports {target}"


def test_the_widget_weighs_less_than_20_kb() -> None:
    served = [asset.body for path, asset in Assets().items() if path.startswith("chat/")]
    assert len(served) == len(WIDGET)
    assert len(gzip.compress(b"".join(served), 9)) < MOST_BYTES


def test_templates_escape_everything_and_hold_no_script_or_style() -> None:
    for file in TEMPLATES.glob("*.html"):
        text = file.read_text("utf-8")
        assert "|safe" not in text.replace(" ", ""), file.name
        assert "autoescape false" not in text, file.name
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), file.name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), file.name


def test_serving_a_file_without_its_comments_changes_nothing_else() -> None:
    for path, asset in Assets().items():
        if not path.endswith((".js", ".css")):
            continue
        kept = asset.body.decode()
        source = (STATIC_FOLDER / path).read_text("utf-8")
        assert "/*" not in kept, path
        for line in source.splitlines():
            code = line.strip()
            if code and not code.startswith(("//", "/*", "*", "*/")) and "*/" not in code:
                assert code in kept, f"{path}: {code}"


def test_every_string_is_there_and_used() -> None:
    strings = (STATIC_FOLDER / "chat" / "strings.js").read_text("utf-8")
    defined = set(re.findall(r"^  (\w+):", strings, re.MULTILINE))
    used = {name for file in WIDGET for name in re.findall(r"\bstrings\.(?!js\b)(\w+)", file.read_text("utf-8"))}
    assert defined == used


def test_words_of_the_widget_stand_in_one_module() -> None:
    """A sentence in quotes elsewhere is one that a translator would miss."""
    sentence = re.compile(r"[\"'`][A-Z][a-z]+ [a-z]+ [^\"'`]*[\"'`]")
    for file in WIDGET:
        if file.name not in ("strings.js", "styles.js"):
            code = re.sub(r"/\*.*?\*/|//.*", "", file.read_text("utf-8"), flags=re.DOTALL)
            assert sentence.findall(code) == [], file.name
