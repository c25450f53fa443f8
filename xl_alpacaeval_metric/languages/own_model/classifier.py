"""The probabilities of languages for many lines at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import chain
from threading import Lock

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages.own_model import fasttext_file, near_words
from xl_alpacaeval_metric.languages.own_model.word_vectors import WordVectors

_END = "</s>"
_MOST_WORDS = 200_000
"""Words whose vectors are kept: about 40 MB."""
_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Guesses:
    """Probabilities of the labels for each line: lines x labels, zeros for a line without words."""

    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]

    def best(self) -> list[tuple[str, float]]:
        """The most likely label of each line, with its probability; "" and 0.0 for none."""
        if not len(self.probabilities):
            return []
        places = self.probabilities.argmax(1)
        values = self.probabilities[np.arange(len(places)), places].tolist()
        return [(self.labels[place] if value else "", value) for place, value in zip(places, values, strict=True)]

    def of(self, labels: Sequence[str]) -> list[float]:
        """The probability of any of these labels, for each line."""
        columns = [place for place, label in enumerate(self.labels) if label in labels]
        found: list[float] = self.probabilities[:, columns].sum(1).tolist()
        return found

    def at(self, line: int, labels: Collection[str]) -> float:
        """The probability of any of these labels for one line."""
        columns = [place for place, label in enumerate(self.labels) if label in labels]
        return float(self.probabilities[line, columns].sum())


class Classifier:
    """A classifier, with the vectors of the words that it has seen."""

    def __init__(self, model: fasttext_file.FastText) -> None:
        self._model = model
        self.labels = model.labels
        self._outputs = np.ascontiguousarray(model.outputs.T)
        end = model.words.get(_END)
        self._end = np.zeros(model.inputs.shape[1], np.float32) if end is None else model.inputs[end]
        self._ends = 0 if end is None else 1
        self._vectors = WordVectors(model)
        self._lock = Lock()

    def vectors(self) -> WordVectors:
        """The words' vectors, begun anew where they are too many: numbers hold for one object."""
        with self._lock:
            if len(self._vectors) > _MOST_WORDS:
                self._vectors = WordVectors(self._model)
            return self._vectors

    def guess(self, lines: Sequence[Sequence[str]]) -> Guesses:
        """The probabilities for each line, given its words as `reading.words` has them."""
        found = np.zeros((len(lines), len(self.labels)), np.float32)
        for start in range(0, len(lines), _AT_ONCE):
            found[start : start + _AT_ONCE] = self._of_words(lines[start : start + _AT_ONCE])
        near_words.weigh(found, lines, self.labels)
        return Guesses(self.labels, found)

    def _of_words(self, lines: Sequence[Sequence[str]]) -> npt.NDArray[np.float32]:
        vectors = self.vectors()
        numbers = vectors.numbers(list(chain.from_iterable(lines)))
        lengths = np.fromiter(map(len, lines), np.int64, len(lines))
        filled = np.flatnonzero(lengths)
        starts = np.cumsum(lengths) - lengths
        found = np.zeros((len(lines), len(self.labels)), np.float32)
        if len(filled):
            sums = np.add.reduceat(vectors.sums[numbers], starts[filled], axis=0)
            counts = np.add.reduceat(vectors.counts[numbers], starts[filled])
            found[filled] = self.probabilities(sums, counts)
        return found

    def scores(self, words: Sequence[str]) -> npt.NDArray[np.float32]:
        """The logits of each word alone: words x labels."""
        vectors = self.vectors()
        numbers = vectors.numbers(words)
        hidden = vectors.sums[numbers] / np.maximum(vectors.counts[numbers], 1)[:, None]
        return np.asarray(hidden @ self._outputs, np.float32)

    def probabilities(self, sums: npt.NDArray[np.float32], counts: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The softmax for texts with these sums over rows (texts x dimensions) and counts."""
        scores = ((sums + self._end) / (counts + np.float32(self._ends))[:, None]) @ self._outputs
        scores -= scores.max(1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(1, keepdims=True)
        return np.asarray(scores, np.float32)


@lru_cache(maxsize=1)
def load() -> Classifier:
    """The classifier that comes with the package."""
    data = resources.files("xl_alpacaeval_metric").joinpath("data/lid.bin").read_bytes()
    return Classifier(fasttext_file.parse(data))
