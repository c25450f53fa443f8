"""Frequent words (`data/frequent_words.txt`), with the languages that each is frequent or known in.

Languages are those of the own model, each a bit of a number.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from xl_alpacaeval_metric.languages import labels

_MARKED_LATIN = "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþßāăąćĉčďđēėęěğģīįıķļłńņňőœŕřśşšţťūůűųźżžșțơư"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїўґјљњћђџѓќѕ"


class _Lexicon(NamedTuple):
    """Word -> bits of the languages that it is frequent in, and of those that know it at all."""

    words: dict[str, tuple[int, int]]
    bits: dict[str, int]


def is_word(word: str) -> bool:
    """Whether any language knows the word."""
    return word in _load().words


def covers(code: str) -> bool:
    """Whether there are words of a language."""
    return _bit(code) > 0


def known(words: Iterable[str], code: str) -> list[bool]:
    """Whether each word is frequent or known in a language, as `knows` says."""
    return list(map(knows(code), words))


def knows(code: str) -> Callable[[str], bool]:
    """Whether a word is frequent or known in a language.

    One that is known in none is English where the word list has it.
    """
    entries, bit = _load().words, _bit(code)
    more = english_words() if code == "en" else frozenset[str]()
    return lambda word: bool(entry[1] & bit) if (entry := entries.get(word)) else word in more


def english(words: Sequence[str], code: str) -> list[bool]:
    """Whether each word is English, and not known in this language; none is near English."""
    if not covers(code) or "en" in labels.near(code):
        return [False] * len(words)
    both = zip(known(words, "en"), known(words, code), strict=True)
    return [english and not own for english, own in both]


def frequent(words: Iterable[str], code: str) -> list[bool]:
    """Whether each word is frequent in a language."""
    entries, bit = _load().words, _bit(code)
    return [bool(entries.get(word, (0, 0))[0] & bit) for word in words]


def foreign(words: Collection[str], code: str) -> set[str]:
    """The words that are frequent in another language, not a near one, and not known in this one.

    So are those with a letter that no word of this language has.
    """
    entries, own, near, strange = _load().words, _bit(code), _near(code), _strange_letters(code)
    odd = set[str]() if strange is None else _with_any(words, strange)
    of_others = {
        word for word in words if (entry := entries.get(word)) is not None and not entry[1] & own and entry[0] & ~near
    }
    return odd | of_others


def has_near(code: str) -> bool:
    """Whether there are words of a language near this one."""
    return _near(code) != _bit(code)


def of_near(words: Iterable[str], code: str) -> list[bool]:
    """Whether each word is frequent in a near language, and not known in this one."""
    entries, own = _load().words, _bit(code)
    near = _near(code) & ~own
    return [(entry := entries.get(word)) is not None and not entry[1] & own and bool(entry[0] & near) for word in words]


def _with_any(words: Iterable[str], letters: re.Pattern[str]) -> set[str]:
    """The words with one of these letters, looked for in all at once."""
    lines = "\n".join(("", *words, ""))
    places = (found.start() for found in letters.finditer(lines))
    return {lines[lines.rindex("\n", 0, at) + 1 : lines.index("\n", at)] for at in places}


@lru_cache(maxsize=1)
def english_words() -> frozenset[str]:
    """English words of four letters or more in lower case, from SCOWL, as in the benchmark."""
    text = resources.files("xl_alpacaeval_metric").joinpath("data/english_words.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


@lru_cache(maxsize=1)
def _load() -> _Lexicon:
    text = resources.files("xl_alpacaeval_metric").joinpath("data/frequent_words.txt").read_text(encoding="utf-8")
    bits: dict[str, int] = {}
    found = {}
    for line in text.splitlines():
        word, *both = line.split("\t")
        use, know = (sum(bits.setdefault(label, 1 << len(bits)) for label in some.split()) for some in both)
        found[word] = (use, use | know)
    return _Lexicon(found, bits)


@lru_cache(maxsize=1024)
def _bit(code: str) -> int:
    return _load().bits.get(labels.of_own_model(code), 0)


@lru_cache(maxsize=1024)
def _near(code: str) -> int:
    """The bits of a language and of those near it."""
    found = 0
    for label in {labels.of_own_model(one) for one in labels.near(code)}:
        found |= _load().bits.get(label, 0)
    return found | _bit(code)


@lru_cache(maxsize=1024)
def _strange_letters(code: str) -> re.Pattern[str] | None:
    """A pattern of a Latin or Cyrillic letter that words of the language do not have."""
    bit = _bit(code)
    letters = {letter for letter, bits in _letters().items() if bits & bit}
    latin = sum("a" <= letter <= "z" for letter in letters)
    block = _MARKED_LATIN if latin > 15 else _CYRILLIC if "а" in letters else ""
    strange = "".join(sorted(set(block) - letters))
    return re.compile(f"[{strange}]") if strange else None


@lru_cache(maxsize=1)
def _letters() -> dict[str, int]:
    """The letters of all words, with the bits of the languages that know a word with each."""
    found: dict[str, int] = {}
    for word, (_, know) in _load().words.items():
        for letter in word:
            found[letter] = found.get(letter, 0) | know
    return found
