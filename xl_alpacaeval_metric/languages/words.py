"""The one word counter: words of a text, comparable across scripts.

A word is what stands between spaces, without punctuation. Han, kana, Thai, Lao, Khmer and Burmese
are written without spaces: there each character is a token, and two characters count as one word
(`CHARACTERS_PER_WORD`). Korean sets spaces. Seed passages, filters, near-duplicates and
contamination all count with this module; language fidelity counts tokens as its benchmark does (see
`languages.fidelity`).
"""

import re
import unicodedata
from collections.abc import Sequence

CHARACTERS_PER_WORD = 2
"""Characters that count as one word in a script without spaces."""

# Han, kana, Thai, Lao, Khmer and Burmese.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_CHARACTER = re.compile(rf"[{_UNSPACED}]")
# `re` does not count the vowel signs of Devanagari and related scripts as letters, yet they do not
# end a word.
_NON_LETTERS = re.compile(r"[^\w\s]+")


def tokens(text: str) -> list[str]:
    """Words without case and punctuation; single characters in scripts without spaces."""
    return _TOKEN.findall(_NON_LETTERS.sub(_keep_marks, unicodedata.normalize("NFKC", text).casefold()))


def _keep_marks(found: re.Match[str]) -> str:
    """Combining marks as they are, nothing for a joiner, and a space for any other character."""
    if found[0].isascii():
        return " "
    return "".join(c if unicodedata.category(c)[0] == "M" else "" if c in "\u200c\u200d" else " " for c in found[0])


def are_words(tokens: Sequence[str]) -> bool:
    """Whether most tokens are words, not single characters of a script without spaces."""
    return 2 * len(_CHARACTER.findall("".join(tokens))) < len(tokens)


def count(text: str) -> float:
    """The number of words in a text.

    Where half of its characters or more are of scripts without spaces, these alone are counted.
    """
    characters = len(_CHARACTER.findall(text))
    return len(text.split()) if 2 * characters < len(text) else characters / CHARACTERS_PER_WORD
