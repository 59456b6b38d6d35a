"""The lists two rules read: complete, and refused with the file and the place where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.policy.lists import LISTS_FOLDER, Lists
from backend.policy.parameters import ParameterFileError
from backend.policy.spelling import names_like, names_said, telling_words, words_of

LISTS = Lists.load()


def test_no_partner_is_both_in_and_out() -> None:
    plus = LISTS.plus
    assert not set(plus.partners_included) & set(plus.partners_excluded)
    assert len(set(plus.partners_included)) == len(plus.partners_included)


def test_every_alias_leads_to_a_partner() -> None:
    plus = LISTS.plus
    assert set(plus.aliases.values()) <= {*plus.partners_included, *plus.partners_excluded}


def test_every_partner_is_found_by_its_own_name_and_none_by_another() -> None:
    """The name in full finds that partner alone; where names share all telling words, each of these."""
    partners = (*LISTS.plus.partners_included, *LISTS.plus.partners_excluded)
    for partner in partners:
        found = names_said(partners, f"is {partner.casefold()} part of it")
        assert partner in found
        assert all(telling_words(other) == telling_words(partner) for other in found), (partner, found)


def test_every_excluded_title_is_found() -> None:
    for title in LISTS.plus.titles_excluded:
        assert names_said(LISTS.plus.titles_excluded, title.replace("Professional", "")) == [title]


def test_paypal_countries_are_the_method_s() -> None:
    paypal = LISTS.payment.methods["paypal"]
    assert set(paypal.only_countries) == set(LISTS.payment.paypal_countries)
    assert "NO" in paypal.only_countries  # Norway, and not YAML's "no"


@pytest.mark.parametrize("file", ["coursera_plus.yaml", "payment_methods.yaml"])
def test_a_list_without_a_key_names_file_and_key(tmp_path: Path, file: str) -> None:
    for name in ("coursera_plus.yaml", "payment_methods.yaml"):
        text = (LISTS_FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text("kinds: []\n" if name == file else text, encoding="utf-8")
    with pytest.raises(ParameterFileError, match=rf"{file}: \w+: expected a (list|dict)"):
        Lists.load(tmp_path)


def test_a_list_that_is_not_there_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ParameterFileError, match=r"coursera_plus\.yaml: file"):
        Lists.load(tmp_path)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("duke univeristy", ["Duke University"]),
        ("the university of dukes", []),
        ("university of trento", []),
        ("West Virginia", ["West Virginia University"]),
        ("in the future", []),
        ("what about instead", []),
        ("sas", ["SAS"]),
        ("ECOLE polytechnique", ["École Polytechnique"]),
    ],
)
def test_a_name_is_found_through_a_slip_and_not_through_likeness(said: str, found: list[str]) -> None:
    assert names_said(LISTS.plus.partners_included, said) == found


def test_words_are_plain() -> None:
    assert words_of("École & C3.ai, (ISC)²") == ["ecole", "and", "c3ai", "isc2"]
    assert names_like(["Google Cloud", "Duke University"], "anything of google?") == ["Google Cloud"]
