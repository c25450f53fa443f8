"""The probabilities of languages for many lines at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from threading import Lock

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages.own_model import fasttext_file, near_words, reading, tokens
from xl_alpacaeval_metric.languages.own_model.tokens import Tokens
from xl_alpacaeval_metric.languages.own_model.word_vectors import WordVectors
from xl_alpacaeval_metric.languages.scripts import batches

_END = "</s>"
_MOST_WORDS = 50_000
"""Words whose vectors are kept: some 15 MB, the words of a few languages."""
_AT_ONCE = 512
_LARGE = 80.0
"""The exponentials of logits up to this, and their sum over the labels, are float32 numbers."""
_IN_ONE_THREAD = 2**18
"""Multiplications of a product of matrices up to which OpenBLAS takes one thread."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """Probabilities of the labels for each line: lines x labels, zeros for a line without words."""

    labels: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]

    def among(self, allowed: npt.NDArray[np.bool_]) -> "Guesses":
        """These without what is not allowed (lines x labels)."""
        return Guesses(self.labels, self.probabilities * allowed)

    def best(self) -> list[tuple[str, float]]:
        """The most likely label of each line, with its probability; "" and 0.0 for none."""
        if not len(self.probabilities):
            return []
        places = self.probabilities.argmax(1)
        values = self.probabilities[np.arange(len(places)), places].tolist()
        return [(self.labels[place] if value else "", value) for place, value in zip(places, values, strict=True)]

    def of(self, labels: Sequence[str]) -> list[float]:
        """The probability of any of these labels, for each line."""
        found: list[float] = self.probabilities[:, _columns(self.labels, frozenset(labels))].sum(1).tolist()
        return found

    def at(self, line: int, labels: Collection[str]) -> float:
        """The probability of any of these labels for one line."""
        return float(self.probabilities[line, _columns(self.labels, frozenset(labels))].sum())


@lru_cache(maxsize=1024)
def _columns(every: tuple[str, ...], labels: frozenset[str]) -> list[int]:
    """The places of some labels."""
    return [place for place, label in enumerate(every) if label in labels]


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

    def read(self, texts: Sequence[str], vectors: WordVectors | None = None) -> Tokens:
        """The words of texts, by their numbers in these vectors or in those that are kept."""
        kept = self.vectors() if vectors is None else vectors
        return tokens.together([tokens.of_hashed(kept, reading.hashed(texts[some])) for some in batches.of(texts)])

    def guess(self, read: Tokens) -> Guesses:
        """The probabilities for each line, given its words."""
        found = np.zeros((len(read), len(self.labels)), np.float32)
        for start in range(0, len(read), _AT_ONCE):
            some = read.slice(start, start + _AT_ONCE)
            filled = some.counts > 0
            if filled.any():
                sums, counts = map(some.sums, read.vectors.of(some.numbers))
                found[start : start + _AT_ONCE][filled] = self.probabilities(sums[filled], counts[filled])
        near_words.weigh(found, read, self.labels)
        return Guesses(self.labels, found)

    def scores(self, read: Tokens) -> npt.NDArray[np.float32]:
        """The logits of each word alone: words x labels."""
        sums, counts = read.vectors.of(read.numbers)
        counts = np.maximum(counts, 1).astype(np.float32)
        return _product(sums / counts[:, None], self._outputs)

    def probabilities(self, sums: npt.NDArray[np.float32], counts: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The softmax for texts with these sums over rows (texts x dimensions) and counts."""
        scores = _product((sums + self._end) / (counts + np.float32(self._ends))[:, None], self._outputs)
        if scores.max(initial=0) > _LARGE or scores.min(initial=0) < -_LARGE:
            scores -= scores.max(1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= np.einsum("ij->i", scores)[:, None]  # Three times as fast as `sum`.
        return scores


def _product(rows: npt.NDArray[np.float32], matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The product of two matrices, in pieces that OpenBLAS computes in one thread.

    Its other threads would wait between products this small, and keep as many cores busy.
    """
    size = max(1, _IN_ONE_THREAD // matrix.size)
    found = np.empty((len(rows), matrix.shape[1]), np.float32)
    for start in range(0, len(rows), size):
        np.matmul(rows[start : start + size], matrix, out=found[start : start + size])
    return found


@lru_cache(maxsize=1)
def load() -> Classifier:
    """The classifier that comes with the package."""
    data = resources.files("xl_alpacaeval_metric").joinpath("data/lid.bin").read_bytes()
    return Classifier(fasttext_file.parse(data))
