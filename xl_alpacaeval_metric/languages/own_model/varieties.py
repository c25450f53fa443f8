"""Bosnian, Croatian and Serbian in Latin letters, which have one label of the own model.

A word's log-odds are linear in its pieces (`data/varieties.bin`), those of a text are the sums over
its words and phrases. They tell what the language is where words of one of the three stand in the
text; most words are of all three.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache, partial
from importlib import resources

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages.own_model import (
    TOGETHER,
    VARIETIES,
    fasttext_file,
    variety_phrases,
    word_vectors,
)
from xl_alpacaeval_metric.languages.own_model.tokens import Tokens

_MOST = {
    "bs": {"hr": 3.0, "sr-Latn": 2.5},
    "hr": {"bs": 1.2, "sr-Latn": 0.3},
    "sr-Latn": {"bs": 0.8, "hr": 0.15},
}
"""The log-odds of another language against that asked for up to which a text may be in it: a text
without words that tell is in all three."""
_SLIGHT = 0.35
"""What is taken off the length of each word's log-odds: words of all three do not add up."""
_SEVERAL = 2
"""Lines of a text that must be in another language for the lines beside them to be, too."""
_SLIGHTLY = 3.0
"""How far a line may be in another language, beyond `_MOST`, to go with the lines beside it."""
_CLEAR = 1.5
"""The log-odds of a word that is clearly of another language, of a text's words that tell, and of a
line that is clearly in another language than its text, beyond `_MOST`."""
_NAMED = 1.0
"""The log-odds against Croatian from which on a text is called by another name, where none of the
three was asked for."""


def odds(read: Tokens, accepted: Collection[str]) -> list[float]:
    """The odds that each text is in one of the accepted languages: 1 where it may be, else less."""
    found: list[float] = np.exp(-np.maximum(0, _excess(_scores(read), accepted))).tolist()
    return found


def names(read: Tokens, accepted: Collection[str] = ()) -> list[str]:
    """The language of each text; where its words do not tell, the first accepted, else Croatian."""
    scores, usual = _scores(read), next(iter(accepted), "hr")
    other = _excess(scores, accepted) > 0 if accepted else _against(scores, [usual]).max(1) >= _NAMED
    return [
        VARIETIES[at] if sure else usual for at, sure in zip(scores.argmax(1).tolist(), other.tolist(), strict=True)
    ]


def by_text(read: Tokens, texts: Sequence[int], accepted: Collection[str] = ()) -> list[str | None]:
    """The language of each line's text that the line may be in, where not its own words decide.

    `texts` has the number of the text that each line is of. A text is in another language than the
    accepted ones where two of its lines or more are, and all together; where none is accepted, it
    is in Croatian unless all together are far from it. A line goes with it unless it is clearly in
    another. A text whose lines together may be in an accepted language takes along those that
    slightly are not.
    """
    scores, of_lines = _scores(read), np.asarray(texts, np.intp)
    found: list[str | None] = [None] * len(scores)
    sums = np.zeros((max(texts, default=-1) + 1, len(VARIETIES)), np.float32)
    np.add.at(sums, of_lines, scores)
    if accepted:
        excess, of_texts = _excess(scores, accepted), _excess(sums, accepted)
        other = (np.bincount(of_lines[excess > 0], minlength=len(sums)) >= _SEVERAL) & (of_texts > 0)
        for line in np.flatnonzero((excess > 0) & (excess <= _SLIGHTLY) & (of_texts <= 0)[of_lines]).tolist():
            found[line] = next(iter(accepted))
        likeliest = sums.argmax(1)
    else:
        far = _against(sums, ["hr"]).max(1) >= _NAMED
        other, likeliest = far | (np.ptp(sums, axis=1) >= _CLEAR), np.where(far, sums.argmax(1), VARIETIES.index("hr"))
    best = np.where(other, likeliest, -1)[of_lines]
    for at, label in enumerate(VARIETIES):
        for line in np.flatnonzero((best == at) & (_excess(scores, [label]) <= _CLEAR)).tolist():
            found[line] = label
    return found


def are_of_others(words: Sequence[str], accepted: Collection[str]) -> list[bool]:
    """Whether each word is clearly of one of the three that is not accepted."""
    found: list[bool] = (_against(_vectors(words) @ _load().outputs.T, accepted).max(1) >= _CLEAR).tolist()
    return found


def _against(scores: npt.NDArray[np.float32], accepted: Collection[str]) -> npt.NDArray[np.float32]:
    """How far each language is above the accepted ones; 0 where it is not."""
    own = scores[:, [VARIETIES.index(label) for label in accepted]].max(1, keepdims=True)
    return np.asarray(np.maximum(0, scores - own), np.float32)


def _excess(scores: npt.NDArray[np.float32], accepted: Collection[str]) -> npt.NDArray[np.float32]:
    """How far another language is above the most that it may be: over 0, the text is in another."""
    limits = np.array([max(_MOST[one].get(label, np.inf) for one in accepted) for label in VARIETIES])
    return np.asarray((_against(scores, accepted) - limits).max(1), np.float32)


def _scores(read: Tokens) -> npt.NDArray[np.float32]:
    """The log-odds of the languages for each text: texts x VARIETIES."""
    outputs = _load().outputs
    columns = [
        read.sums(read.vectors.properties((TOGETHER, at), read.numbers, partial(_of_words, column=at)))
        for at in range(outputs.shape[1])
    ]
    return np.asarray(np.stack(columns, axis=1) @ outputs.T, np.float32) + variety_phrases.log_odds(read)


def _of_words(words: Sequence[str], *, column: int) -> list[float]:
    found: list[float] = _vectors(words)[:, column].tolist()
    return found


def _vectors(words: Sequence[str]) -> npt.NDArray[np.float32]:
    """What gives the words' log-odds when multiplied by the outputs: words x 2."""
    sums = word_vectors.of_words(words, _load())[0]
    lengths = np.maximum(np.hypot(*sums.T), _SLIGHT)
    return np.asarray(sums * (1 - _SLIGHT / lengths)[:, None], np.float32)


@lru_cache(maxsize=1)
def _load() -> fasttext_file.FastText:
    data = resources.files("xl_alpacaeval_metric").joinpath("data/varieties.bin").read_bytes()
    return fasttext_file.parse(data)
