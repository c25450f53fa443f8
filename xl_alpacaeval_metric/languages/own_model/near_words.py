"""Words that one of a group of near languages has: they weigh in where the group is likely."""

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import yaml

_LOG_ODDS = {1: 0.8, 2: 1.5, 3: 2.3}
"""What a word of one near language does to its odds, by its level in the file."""
_LEAST = 1e-3
"""The least probability of each near language before its words."""


def weigh(probabilities: npt.NDArray[np.float32], lines: Sequence[Sequence[str]], labels: Sequence[str]) -> None:
    """Weigh the probabilities of near languages (lines x labels) again, by the lines' words."""
    if not len(lines):
        return
    best = probabilities.argmax(1)
    for group in _groups():
        columns = [labels.index(label) for label in group]
        in_group = (best[:, None] == columns).any(1) & (probabilities.max(1) > 0)
        for line in np.flatnonzero(in_group).tolist():
            sums = np.array([sum(own.get(word, 0.0) for word in lines[line]) for own in group.values()])
            before = probabilities[line, columns]
            weighed = np.maximum(before, _LEAST) * np.exp(sums - sums.max())
            probabilities[line, columns] = before.sum() * weighed / weighed.sum()


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
