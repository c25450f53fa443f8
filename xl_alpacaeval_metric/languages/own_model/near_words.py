"""Words that one of a group of near languages has: they weigh in where the group is likely."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import yaml

from xl_alpacaeval_metric.languages.own_model.tokens import Tokens

_LOG_ODDS = {1: 0.8, 2: 1.5, 3: 2.3}
"""What a word of one near language does to its odds, by its level in the file."""
_LEAST = 1e-3
"""The least probability of each near language before its words."""
_NONE = -1
"""The number of no group."""


def weigh(probabilities: npt.NDArray[np.float32], lines: Tokens, labels: tuple[str, ...]) -> None:
    """Weigh the probabilities of near languages (lines x labels) again, by the lines' words."""
    if not len(lines):
        return
    of_lines = np.where(lines.counts > 0, _numbers(labels).take(probabilities.argmax(1)), _NONE)
    for number in set(of_lines.tolist()) - {_NONE}:
        group = _groups()[number]
        columns = np.array([labels.index(label) for label in group])
        in_group = np.flatnonzero(of_lines == number)
        some = lines.of(in_group)
        sums = np.stack([some.sums(_odds(some, label, group[label])) for label in group], axis=1)
        before = probabilities[np.ix_(in_group, columns)]
        weighed = np.maximum(before, _LEAST) * np.exp(sums - sums.max(1, keepdims=True))
        weighed *= (before.sum(1) / weighed.sum(1))[:, None]
        probabilities[np.ix_(in_group, columns)] = weighed


def _odds(lines: Tokens, label: str, of_words: Mapping[str, float]) -> npt.NDArray[np.float32]:
    """What each word adds to the log-odds of a label."""
    return lines.vectors.properties(
        ("near words", label), lines.numbers, lambda words: [of_words.get(word, 0.0) for word in words]
    )


@lru_cache(maxsize=64)
def of_others(label: str) -> frozenset[str]:
    """The words that all but tell a language near `label` from it."""
    groups = [group for group in _groups() if label in group]
    others = (of_words for group in groups for other, of_words in group.items() if other != label)
    return frozenset(word for of_words in others for word, odds in of_words.items() if odds == max(_LOG_ODDS.values()))


@lru_cache(maxsize=4)
def _numbers(labels: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """The number of each label's group."""
    found = np.full(len(labels), _NONE)
    for number, group in enumerate(_groups()):
        found[[labels.index(label) for label in group]] = number
    return found


@lru_cache(maxsize=1)
def _groups() -> tuple[dict[str, dict[str, float]], ...]:
    """Groups of near languages: label -> words that tell it from the others, with log-odds."""
    text = resources.files("xl_alpacaeval_metric").joinpath("data/near_words.yaml").read_text(encoding="utf-8")
    return tuple(
        {
            label: {word: _LOG_ODDS[level] for level, words in levels.items() for word in words.split()}
            for label, levels in group.items()
        }
        for group in yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    )
