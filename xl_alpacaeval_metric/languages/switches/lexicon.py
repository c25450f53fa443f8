"""Frequent words of each language (`data/frequent_words.txt`), by the labels of the own model."""

import re
from functools import lru_cache
from importlib import resources

from xl_alpacaeval_metric.languages import labels

_MARKED_LATIN = "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþßāăąćĉčďđēėęěğģīįıķļłńņňőœŕřśşšţťūůűųźżžșțơư"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїўґјљњћђџѓќѕ"


@lru_cache(maxsize=1)
def words() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Word -> the labels of the languages that it is frequent in, and of others that know it."""
    text = resources.files("xl_alpacaeval_metric").joinpath("data/frequent_words.txt").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {word: (tuple(frequent.split()), tuple(known.split())) for word, frequent, known in rows}


@lru_cache(maxsize=64)
def foreign(label: str) -> frozenset[str]:
    """Words frequent in another language that is not near, and not known in this one."""
    near = {labels.of_own_model(code) for code in labels.near(label)} | {label}
    return frozenset(
        word for word, (use, know) in words().items() if label not in (*use, *know) and not near.issuperset(use)
    )


@lru_cache(maxsize=64)
def known(label: str) -> frozenset[str]:
    """Words that are frequent or known in a language."""
    return frozenset(word for word, both in words().items() if label in both[0] or label in both[1])


@lru_cache(maxsize=64)
def frequent(label: str) -> frozenset[str]:
    """Words that are frequent in a language."""
    return frozenset(word for word, (use, _) in words().items() if label in use)


@lru_cache(maxsize=64)
def strange_letters(label: str) -> re.Pattern[str] | None:
    """A pattern of a Latin or Cyrillic letter that words of the language do not have."""
    letters = {letter for word in known(label) for letter in word}
    latin = sum("a" <= letter <= "z" for letter in letters)
    block = _MARKED_LATIN if latin > 15 else _CYRILLIC if "а" in letters else ""
    strange = "".join(sorted(set(block) - letters))
    return re.compile(f"[{strange}]") if strange else None
