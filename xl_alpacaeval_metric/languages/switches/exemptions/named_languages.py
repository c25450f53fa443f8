"""Phrases behind the name of their language, as in lists of greetings (Französisch: Bonjour)."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.content import Place
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches.exemptions import foreign

_LANGUAGES = (
    *("ar", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "ga", "he"),
    *("hi", "hr", "hu", "id", "is", "it", "ja", "ko", "la", "lt", "lv", "ms", "nb", "nl", "pl", "pt", "ro", "ru"),
    *("sk", "sl", "sq", "sr", "sv", "sw", "th", "tl", "tr", "uk", "ur", "vi", "zh"),
)
_MARK = re.compile("[:：–—=→]")
_LAST_WORD = re.compile(r"[-*\s]")
_PHRASE = re.compile(r"[*_]{0,2} ?([^\n.!?;。！？]{2,100}[.!?。！？]*)")
_BEFORE = 24
"""Characters before a mark in which the name is."""
_SHORTEST, _ENDING = 5, 3
"""Letters of a name that are looked for at least, and those at its end that may be others."""


class _Names(NamedTuple):
    """Names of languages in small letters: whole, and how those of one word begin."""

    whole: tuple[str, ...]
    begin: tuple[str, ...]


def find(texts: Sequence[str], passes: Passes, base: str) -> list[list[Place]]:
    """Where such phrases that are in another language begin and end in each text, in order."""
    names = _names(base)
    places = [list(_phrases(text, names)) if names is not None else [] for text in texts]
    return foreign(texts, places, passes, base)


def _phrases(text: str, names: _Names) -> Iterator[Place]:
    for mark in _MARK.finditer(text):
        before = text[max(0, mark.start() - _BEFORE) : mark.start()].rstrip(" )*_").lower()
        is_name = before.endswith(names.whole) or _LAST_WORD.split(before)[-1].startswith(names.begin)
        if is_name and (phrase := _PHRASE.match(text, mark.end())):
            yield phrase.span(1)


@lru_cache(maxsize=256)
def _names(base: str) -> _Names | None:
    """The names of other languages in a language, from CLDR; None without."""
    from babel import Locale, UnknownLocaleError

    try:
        every = Locale.parse(base).languages
    except (UnknownLocaleError, ValueError):
        return None
    names = [every[code].lower() for code in _LANGUAGES if code in every and code != base]
    words = [name for name in names if " " not in name and base not in content.UNSPACED]
    return _Names(tuple(names), tuple(name[: max(_SHORTEST, len(name) - _ENDING)] for name in words))
