"""Which language a message is in, when it plainly is not English."""

from __future__ import annotations

import functools
import unicodedata

from lingua import Language, LanguageDetector, LanguageDetectorBuilder

# Half-English messages of non-native writers must pass, so detection has to be sure.
SURE = 0.7
FEWEST_WORDS = 3

_LANGUAGES = (
    Language.ENGLISH, Language.SPANISH, Language.PORTUGUESE, Language.FRENCH, Language.GERMAN, Language.ITALIAN,
    Language.DUTCH, Language.POLISH, Language.TURKISH, Language.RUSSIAN, Language.UKRAINIAN, Language.ARABIC,
    Language.CHINESE, Language.JAPANESE, Language.KOREAN, Language.HINDI, Language.INDONESIAN, Language.VIETNAMESE,
)  # fmt: skip


def foreign_language(text: str, known_words: float) -> str | None:
    """The two-letter code of a language other than English, or None. `known_words`: the share seen in examples."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return None
    foreign_script = sum("LATIN" not in unicodedata.name(letter, "") for letter in letters) > len(letters) / 2
    if not foreign_script and (len(text.split()) < FEWEST_WORDS or known_words >= 0.5 or not _can_be_spoken(letters)):
        return None
    likeliest = _detector().compute_language_confidence_values(text)[0]
    if likeliest.language == Language.ENGLISH or likeliest.value < SURE:
        return None
    return likeliest.language.iso_code_639_1.name.lower()


def _can_be_spoken(letters: list[str]) -> bool:
    """Keys hit at random would be taken for some language, but in none of them are vowels so few."""
    vowels = sum(unicodedata.normalize("NFD", letter)[0].lower() in "aeiouy" for letter in letters)
    return vowels >= len(letters) / 4


@functools.lru_cache(maxsize=1)
def _detector() -> LanguageDetector:
    # The models for long texts would take 300 MB more and change nothing on messages that are this plain.
    return LanguageDetectorBuilder.from_languages(*_LANGUAGES).with_low_accuracy_mode().build()
