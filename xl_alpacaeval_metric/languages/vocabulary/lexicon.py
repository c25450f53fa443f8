"""Frequent words (`data/frequent_words.txt`) of the languages of the own model."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence, Set
from functools import lru_cache
from importlib import resources
from itertools import chain
from typing import NamedTuple

from xl_alpacaeval_metric.languages import labels

_MARKED_LATIN = "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþßāăąćĉčďđēėęěğģīįıķļłńņňőœŕřśşšţťūůűųźżžșțơư"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїўґјљњћђџѓќѕ"
_RARE_CYRILLIC = frozenset("ф")
"""A letter that all have, in no frequent word."""
_LETTERS = frozenset(("a", "i"))
"""English words of one letter; those of other languages are not known."""


class _Lexicon(NamedTuple):
    """All words, with the number of languages that each is frequent in; those of each language."""

    words: dict[str, int]
    frequent: dict[str, set[str]]
    known: dict[str, set[str]]


def is_word(word: str) -> bool:
    """Whether any language knows the word."""
    return word in _load().words


def covers(code: str) -> bool:
    """Whether there are words of a language."""
    return bool(_known(code))


def known(words: Iterable[str], code: str) -> list[bool]:
    """Whether each word is frequent or known in a language.

    One that is known in none is English where the word list has it.
    """
    own = _known(code)
    if code != "en":
        return [word in own for word in words]
    every, more = _load().words, english_words()
    return [word in own or word in _LETTERS or (word in more and word not in every) for word in words]


def english(words: Sequence[str], code: str) -> list[bool]:
    """Whether each word is English, and not known in this language; none is near English."""
    if not covers(code) or "en" in labels.alike(code):
        return [False] * len(words)
    both = zip(known(words, "en"), known(words, code), strict=True)
    return [english and not own and word not in _LETTERS for word, (english, own) in zip(words, both, strict=True)]


def frequent(words: Iterable[str], code: str) -> list[bool]:
    """Whether each word is frequent in a language."""
    own = _load().frequent.get(labels.of_own_model(code), ())
    return [word in own for word in words]


def foreign(words: Collection[str], code: str) -> set[str]:
    """The words that are frequent in another language, not one alike, and not known in this one.

    So are those with a letter that no word of this language has.
    """
    strange = _strange_letters(code)
    odd = set[str]() if strange is None else _with_any(words, strange)
    return odd | (_load().words.keys() & words) - _known(code) - _alike_alone(code)


def of_near(words: Iterable[str], code: str) -> list[bool]:
    """Whether each word is frequent in a near language, and not known in this one."""
    near = _of_near_alone(code)
    return [word in near for word in words]


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
    found = _Lexicon({}, defaultdict[str, set[str]](set), defaultdict[str, set[str]](set))
    for line in text.splitlines():
        word, use, know = line.split("\t")
        if use:
            found.words[word] = len(use.split())
        for label in use.split():
            found.frequent[label].add(word)
        for label in (*use.split(), *know.split()):
            found.known[label].add(word)
    return found


def _known(code: str) -> Set[str]:
    """The words that are frequent or known in a language."""
    return _load().known.get(labels.of_own_model(code), frozenset())


def _of_others(code: str, others: Set[str]) -> tuple[Set[str], ...]:
    """The frequent words of each of the other languages."""
    told = {labels.of_own_model(one) for one in others} - {labels.of_own_model(code)}
    return tuple(some for label in told if (some := _load().frequent.get(label)))


@lru_cache(maxsize=1024)
def _of_near_alone(code: str) -> Set[str]:
    """The words that are frequent in a near language, and not known in this one."""
    return frozenset[str]().union(*_of_others(code, labels.near(code))) - _known(code)


@lru_cache(maxsize=1024)
def _alike_alone(code: str) -> Set[str]:
    """The words that are frequent in languages alike alone."""
    words, counts = _load().words, Counter(chain.from_iterable(_of_others(code, labels.alike(code))))
    return {word for word, count in counts.items() if count == words[word]}


@lru_cache(maxsize=1024)
def _strange_letters(code: str) -> re.Pattern[str] | None:
    """A pattern of a Latin or Cyrillic letter that words of the language do not have.

    Among the words known in a language in Cyrillic letters are some of Russian: frequent ones tell.
    """
    letters = set("".join(_load().frequent.get(labels.of_own_model(code), ())))
    latin = sum("a" <= letter <= "z" for letter in letters)
    if "а" in letters:
        strange = set(_CYRILLIC) - letters - _RARE_CYRILLIC
    else:
        strange = set(_MARKED_LATIN if latin > 15 else "") - set("".join(_known(code)))
    return re.compile(f"[{''.join(sorted(strange))}]") if strange else None
