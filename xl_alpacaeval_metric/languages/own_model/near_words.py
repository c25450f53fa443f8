"""Words that one of a group of near languages has: they weigh in where the group is likely."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import yaml

from xl_alpacaeval_metric.languages.own_model.tokens import Tokens

_LOG_ODDS = {1: 0.8, 2: 1.5, 3: 2.3, 4: 3.5}
"""What a word of one near language does to its odds, by its level in the file."""
_TELLS = _LOG_ODDS[3]
"""What a word adds, at least, that all but tells a near language."""
_LEAST = 1e-3
"""The least probability of each near language before its words."""
_NONE = -1
"""The number of no group."""


class _Group(NamedTuple):
    """Near languages, and the words that tell them apart, each with its row of `odds`.

    `odds` has what a word adds to the log-odds of each label: words x labels; the first row is that
    of any other word.
    """

    labels: tuple[str, ...]
    rows: dict[str, int]
    odds: npt.NDArray[np.float32]


def weigh(probabilities: npt.NDArray[np.float32], lines: Tokens, labels: tuple[str, ...]) -> None:
    """Weigh the probabilities of near languages (lines x labels) again, by the lines' words."""
    if not len(lines):
        return
    of_lines = np.where(lines.counts > 0, _numbers(labels).take(probabilities.argmax(1)), _NONE)
    for number in set(of_lines.tolist()) - {_NONE}:
        in_group = np.flatnonzero(of_lines == number)
        places = np.ix_(in_group, _columns(labels)[number])
        sums = _sums_of_odds(lines.of(in_group), number)
        before = probabilities[places]
        weighed = np.maximum(before, _LEAST) * np.exp(sums - sums.max(1, keepdims=True))
        weighed *= (before.sum(1) / weighed.sum(1))[:, None]
        probabilities[places] = weighed


def _sums_of_odds(lines: Tokens, number: int) -> npt.NDArray[np.float32]:
    """What the words of each line add to the log-odds of the group's labels: lines x labels."""
    group = _groups()[number]

    def rows_of(words: Sequence[str]) -> list[float]:
        return [group.rows.get(word, 0) for word in words]

    rows = lines.vectors.properties(("near words", number), lines.numbers, rows_of)
    found = np.zeros((len(lines), len(group.labels)), np.float32)
    told = np.flatnonzero(rows)
    of_lines = np.searchsorted(lines.ends, told, side="right")
    np.add.at(found, of_lines, group.odds.take(rows[told].astype(np.intp), axis=0))
    return found


@lru_cache(maxsize=64)
def of_others(label: str) -> frozenset[str]:
    """The words that all but tell a language near `label` from it."""
    found = set[str]()
    for group in _groups():
        if label in group.labels:
            others = np.delete(group.odds, group.labels.index(label), axis=1)
            tell: list[bool] = (others.max(1) >= np.float32(_TELLS)).tolist()
            found.update(word for word, row in group.rows.items() if tell[row])
    return frozenset(found)


@lru_cache(maxsize=4)
def _columns(labels: tuple[str, ...]) -> tuple[npt.NDArray[np.intp], ...]:
    """The places of each group's labels."""
    return tuple(np.array([labels.index(label) for label in group.labels]) for group in _groups())


@lru_cache(maxsize=4)
def _numbers(labels: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """The number of each label's group."""
    found = np.full(len(labels), _NONE)
    for number, columns in enumerate(_columns(labels)):
        found[columns] = number
    return found


@lru_cache(maxsize=1)
def _groups() -> tuple[_Group, ...]:
    text = resources.files("xl_alpacaeval_metric").joinpath("data/near_words.yaml").read_text(encoding="utf-8")
    return tuple(map(_group, yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))))


def _group(words: Mapping[str, Mapping[int, str]]) -> _Group:
    """A group of near languages: label -> level -> words, parted by spaces."""
    every = dict.fromkeys(word for levels in words.values() for some in levels.values() for word in some.split())
    rows = {word: row for row, word in enumerate(every, 1)}
    odds = np.zeros((len(rows) + 1, len(words)), np.float32)
    for column, levels in enumerate(words.values()):
        for level, some in levels.items():
            odds[[rows[word] for word in some.split()], column] = _LOG_ODDS[level]
    return _Group(tuple(words), rows, odds)
