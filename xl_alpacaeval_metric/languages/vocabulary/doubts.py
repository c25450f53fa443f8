"""Names of languages that the words of a line speak against.

The own model takes a line that is in none of its languages, such as Hindi in Latin letters, for one
of them, mostly without being sure. Such a line has hardly a word of that language.
"""

import re
from collections.abc import Sequence

from xl_alpacaeval_metric.languages import scripts
from xl_alpacaeval_metric.languages.vocabulary import lexicon

_LEAST, _NO_WORDS, _FEW = ((0.95, 0.1), (0.8, 0.2), (0.6, 0.3)), 0.02, 4
"""The share of known words that a line in a language must exceed where the own model's probability
of it and those near it is less than so much; the least probability of a language of which no words
are known; and the fewest words that tell.

Two in three of the lines in none of the own model's languages are doubtful so, and one in a
thousand native ones."""
_WORD = re.compile(r"\w+")


def is_doubtful(line: str, words: Sequence[str], code: str, probability: float) -> bool:
    """Whether a line is hardly in a language, given its words and the probability of its group."""
    if probability >= _LEAST[0][0]:
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
