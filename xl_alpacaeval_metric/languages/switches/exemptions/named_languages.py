"""Phrases behind the name of their language, as in lists of greetings (Französisch: Bonjour)."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches.exemptions import foreign

_LANGUAGES = (
    *("ar", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "ga", "he"),
    *("hi", "hr", "hu", "id", "is", "it", "ja", "ko", "la", "lt", "lv", "ms", "nb", "nl", "pl", "pt", "ro", "ru"),
    *("sk", "sl", "sq", "sr", "sv", "sw", "th", "tl", "tr", "uk", "ur", "vi", "zh"),
)
_PHRASE = re.compile(
    r"(?<![^\W\d_])[^\W\d_]{2,20}[)*_]{0,3}(?: ?[:：–—=→]| -(?= ))[*_]{0,2} ?(?=([^\n.!?;。！？]{2,100}[.!?。！？]*))"
)
_BEFORE = 10
"""Characters before the last word of a name that belong to it (tiếng Anh)."""
_SHORTEST, _ENDING = 5, 3
"""Letters of a name that are looked for at least, and those at its end that may be others."""


def find(texts: Sequence[str], passes: Passes, base: str) -> list[list[Place]]:
    """Where such phrases that are in another language begin and end in each text, in order."""
    names = _names(base)
    places = [list(_phrases(text, names)) if names is not None else [] for text in texts]
    return foreign(texts, places, passes, base)


def _phrases(text: str, names: re.Pattern[str]) -> Iterator[Place]:
    for phrase in _PHRASE.finditer(text):
        if names.search(text, max(0, phrase.start() - _BEFORE), phrase.start(1)):
            yield phrase.span(1)


@lru_cache(maxsize=256)
def _names(base: str) -> re.Pattern[str] | None:
    """A pattern of how the names of other languages begin in a language, from CLDR."""
    from babel import Locale, UnknownLocaleError

    try:
        every = Locale.parse(base).languages
    except (UnknownLocaleError, ValueError):
        return None
    names = [every[code] for code in _LANGUAGES if code in every and code != base]
    begin = "|".join(re.escape(name[: max(_SHORTEST, len(name) - _ENDING)]) for name in names)
    return re.compile(f"(?:{begin})" if base in content.UNSPACED else rf"(?<![^\W\d_])(?:{begin})", re.IGNORECASE)
