"""Where in a run of words the part in another language begins and ends.

Each word gives its margin: how much more the own model, asked about the word alone, takes it for
the other language than for the asked one, in logits. The part with the largest sum of margins is
the one in the other language (Kadane's algorithm).
"""

from collections.abc import Sequence
from itertools import compress

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages import labels
from xl_alpacaeval_metric.languages.own_model import classifier
from xl_alpacaeval_metric.languages.own_model.tokens import Tokens
from xl_alpacaeval_metric.languages.switches import windows
from xl_alpacaeval_metric.languages.switches.titles import MIN_WORDS
from xl_alpacaeval_metric.languages.switches.windows import WINDOW, Run
from xl_alpacaeval_metric.languages.vocabulary import lexicon

_CANDIDATES = 3
_SURE = 0.5
"""How many languages are tried for a run beside English: the own model's likeliest, and one alone
where it is sure."""
_DOUBT = 0.5
"""What is taken from each word's margin."""
_WEIGHT = 2.0
_MOST, _KNOWN_TO_ONE, _KNOWN_TO_BOTH = 6.0, 2.0, 0.5
"""Bounds of a word's margin; its least where one language alone has the word; bounds where both,
which are 0 against the language in which alone it is frequent."""

_IN_DICTIONARY = 4
"""Letters from which on English words are known; others are names or none."""
_ENGLISH, _BOTH, _NO_ENGLISH = 4, 0.1, 1.5
"""English words that make a span; what is added for a word that both languages have, and taken from
the sum for one that English has not."""


def tightened(looked: Sequence[tuple[Run, Run]], code: str) -> list[tuple[Run, str]]:
    """Of each run the part in another language than `code`, with the own model's label for it.

    Given are the words that look foreign, and these with the words beside them.
    """
    if not looked:
        return []
    model, runs = classifier.load(), [run for _, run in looked]
    found = _of_windows(model, windows.together([core for core, _ in looked]))
    of_code, of_alike = windows.columns(model.labels, code)
    found[:, of_alike] = 0
    likely = np.argsort(-found, axis=1)[:, :_CANDIDATES].tolist()
    english = [] if "en" in labels.alike(code) else [model.labels.index("en")]
    of_words = model.scores(windows.together(runs))
    of_words -= of_words[:, of_code].max(1, keepdims=True)
    np.clip(of_words - _DOUBT, -_MOST, _MOST, out=of_words)
    parts, at = [], 0
    for run, places, sure in zip(runs, likely, (found.max(1) >= _SURE).tolist(), strict=True):
        end, words = at + len(run), run.words
        own = list(zip(lexicon.known(words, code), lexicon.frequent(words, code), strict=True))
        tried = {
            place: _with_lexicon(words, of_words[at:end, place].tolist(), own, model.labels[place])
            for place in {*(places[:1] if sure else places), *english}
        }
        (_, first, last), place = max((_largest(margins), place) for place, margins in tried.items())
        first, last = _longer(tried[place], first, last)
        parts.append((run.part(first, last), model.labels[place]))
        at = end
    return parts


def english(run: Run, code: str) -> Run | None:
    """The part of a run that is English by its words, four or more of them not of `code`.

    One of these is frequent: chains of technical terms are not enough. A short word that neither
    language knows, such as "hot", may be English.
    """
    words = run.words
    alone = lexicon.english(words, code)
    if sum(alone) < _ENGLISH:
        return None
    every = zip(words, alone, lexicon.known(words, "en"), strict=True)
    _, first, last = _largest([1.0 if one else _BOTH if known else -_off(word, code) for word, one, known in every])
    some = list(compress(words[first:last], alone[first:last]))
    return run.part(first, last) if len(some) >= _ENGLISH and any(lexicon.frequent(some, "en")) else None


def _off(word: str, code: str) -> float:
    """What is taken from the sum for a word that is not known in English."""
    may_be = len(word) < _IN_DICTIONARY and word.isascii() and not lexicon.known([word], code)[0]
    return _BOTH if may_be else _NO_ENGLISH


def _of_windows(model: classifier.Classifier, read: Tokens) -> npt.NDArray[np.float32]:
    """The mean probabilities of each line's windows of a few words: lines x labels.

    A line in two languages as a whole may look like one in a third.
    """
    cut, counts = read.windows(WINDOW)
    sums = np.add.reduceat(model.guess(cut).probabilities, np.cumsum(counts) - counts, axis=0)
    return np.asarray(sums / counts[:, None], np.float32)


def _with_lexicon(
    words: Sequence[str], margins: Sequence[float], of_own: Sequence[tuple[bool, bool]], other: str
) -> list[float]:
    """The margins of words, some of which are known in the asked language and some in another.

    `of_own` says of each word whether it is known, and whether it is frequent, in the asked one.
    """
    found = []
    both = lexicon.known(words, other), lexicon.frequent(words, other)
    for word, margin, (own, own_frequent), foreign, foreign_frequent in zip(words, margins, of_own, *both, strict=True):
        if foreign and (own or len(word) == 1):
            least = 0.0 if foreign_frequent and not own_frequent else -_KNOWN_TO_BOTH
            most = 0.0 if own_frequent and not foreign_frequent else _KNOWN_TO_BOTH
            margin = min(max(margin, least), most)
        elif own:
            margin = min(margin, -_KNOWN_TO_ONE) - _WEIGHT
        elif foreign:
            margin = max(margin, _KNOWN_TO_ONE) + _WEIGHT
        elif other == "en" and len(word) >= _IN_DICTIONARY:
            margin = min(margin, 0.0)
        found.append(margin)
    return found


def _longer(margins: Sequence[float], first: int, last: int) -> tuple[int, int]:
    """The first and after the last of a part of up to five words with the words beside it.

    Those belong to it that speak for neither language more, as names do.
    """
    while last - first <= MIN_WORDS:
        beside = [(margins[at], at) for at in (first - 1, last) if 0 <= at < len(margins)]
        margin, at = max(beside, default=(-_MOST, 0))
        if margin < 0:
            break
        first, last = min(first, at), max(last, at + 1)
    return first, last


def _largest(margins: Sequence[float]) -> tuple[float, int, int]:
    """The largest sum of a part, with the first and after the last of it."""
    found, start, total = (0.0, 0, 0), 0, 0.0
    for at, margin in enumerate(margins):
        if total <= 0:
            start, total = at, 0.0
        total += margin
        if total > found[0]:
            found = (total, start, at + 1)
    return found
