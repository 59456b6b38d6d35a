"""The list of which section states which reason."""

from __future__ import annotations

from backend.knowledge_service import load_stated_in
from knowledge.reader import load_knowledge


def test_every_listed_section_exists() -> None:
    known = {section.id for section in load_knowledge().sections}
    assert {code: id for code, id in load_stated_in().items() if id not in known} == {}
