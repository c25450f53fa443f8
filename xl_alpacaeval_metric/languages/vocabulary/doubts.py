"""Names of languages that the words of a line speak against.

The own model takes a line that is in none of its languages, such as Hindi in Latin letters, for one
of them, mostly without being sure. Such a line has hardly a word of that language.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from xl_alpacaeval_metric.languages import labels, scripts
from xl_alpacaeval_metric.languages.vocabulary import lexicon

if TYPE_CHECKING:
    from xl_alpacaeval_metric.languages.own_model.classifier import Guesses
    from xl_alpacaeval_metric.languages.own_model.tokens import Tokens

SURE = 0.95
"""The own model's probability of a language from which on a line is not doubtful."""
_LEAST, _NO_WORDS, _FEW = ((SURE, 0.1), (0.8, 0.2), (0.6, 0.3)), 0.02, 4
"""The share of known words that a line in a language must exceed where the own model's probability
of it and those near it is less than so much; the least probability of a language of which no words
are known; and the fewest words that tell.

Two in three of the lines in none of the own model's languages are doubtful so, and one in a
thousand native ones."""
_MANY = 0.5
"""The share of known words, names included, from which on no line is doubtful."""
_WORD = re.compile(r"\w+")


def among(
    some: Iterable[int], lines: Sequence[str], read: "Tokens", told: Sequence[str], guesses: "Guesses"
) -> Iterator[int]:
    """Which of `some` lines, given by index, are hardly in the language that was told for each.

    `read` are the words of each line, `told` labels of languages, "" for none.
    """
    by_label: dict[str, list[int]] = defaultdict(list)
    for at in some:
        if told[at]:
            by_label[told[at]].append(at)
    for label, places in by_label.items():
        code, of_group = labels.code_of(label), guesses.of(list(labels.labels_near(label)))
        of_lines = read.of(places)
        known = of_lines.vectors.properties(("known", code), of_lines.numbers, partial(lexicon.known, code=code))
        shares = of_lines.sums(known) / np.maximum(of_lines.counts, 1)
        for number in np.flatnonzero(shares <= _MANY).tolist():
            at = places[number]
            if is_doubtful(lines[at], of_lines.slice(number, number + 1).words, code, of_group[at]):
                yield at


def is_doubtful(line: str, words: Sequence[str], code: str, probability: float) -> bool:
    """Whether a line is hardly in a language, given its words and the probability of its group."""
    if probability >= SURE:
        return False
    if not lexicon.covers(code):
        return probability < _NO_WORDS
    told = _without_names(line, [word for word in words if len(word) > 1] or words)
    share = sum(lexicon.known(told, code)) / max(1, len(told))
    return any(probability < least and share <= most for least, most in _LEAST)


def _without_names(line: str, words: Sequence[str]) -> Sequence[str]:
    """The words that begin with no capital, and in another script than Latin no Latin ones.

    All of them where few are left.
    """
    names = {word.lower() for word in _WORD.findall(line) if word[0].isupper()}
    is_latin = scripts.main_script(line) == "Latn"
    left = [word for word in words if word not in names and (is_latin or not word.isascii())]
    return left if len(left) >= _FEW else words
