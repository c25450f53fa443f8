"""Words of a text, counted alike in every script."""

import re
import unicodedata
from collections.abc import Sequence

CHARACTERS_A_WORD = 2
"""A run of characters is this many times as long as one of words."""

# Han, kana, Thai, Lao, Khmer and Burmese are written without spaces.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_CHARACTER = re.compile(rf"[{_UNSPACED}]")
# To `re`, vowel signs of Devanagari and its relatives are no letters; yet they end no word.
_NO_LETTERS = re.compile(r"[^\w\s]+")


def tokens(text: str) -> list[str]:
    """Words without case and punctuation; single characters in scripts that set no spaces."""
    return _TOKEN.findall(_NO_LETTERS.sub(_signs, unicodedata.normalize("NFKC", text).casefold()))


def _signs(found: re.Match[str]) -> str:
    """The marks among some characters, and a space for each other one but the joiners, which are nothing."""
    if found[0].isascii():
        return " "
    return "".join(c if unicodedata.category(c)[0] == "M" else "" if c in "\u200c\u200d" else " " for c in found[0])


def in_words(found: Sequence[str]) -> bool:
    """Whether these tokens of a text are words for the most part, rather than single characters of a script without spaces."""
    return 2 * len(_CHARACTER.findall("".join(found))) < len(found)


def words(text: str) -> float:
    """How many words a text has; in scripts that set no spaces, two characters are taken for one."""
    characters = len(_CHARACTER.findall(text))
    return len(text.split()) if 2 * characters < len(text) else characters / CHARACTERS_A_WORD
