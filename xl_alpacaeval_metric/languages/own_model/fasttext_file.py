"""A fastText classifier's file, read into arrays.

The format is that of fastText 0.9 (`src/fasttext.cc`, `src/dictionary.cc`), version 12.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_MAGIC, _VERSION = 793712314, 12
_SOFTMAX, _SUPERVISED = 3, 3
_LABEL = "__label__"


@dataclass(frozen=True, slots=True)
class FastText:
    """A linear classifier over words and pieces of words.

    `words` are the known ones with their rows in `inputs` (words and buckets x dimensions); the
    rows after them are those of the buckets that pieces of `shortest` to `longest` characters fall
    into. `outputs` has a row for each of `labels`.
    """

    words: dict[str, int]
    labels: tuple[str, ...]
    shortest: int
    longest: int
    buckets: int
    inputs: npt.NDArray[np.float32]
    outputs: npt.NDArray[np.float32]


def parse(data: bytes) -> FastText:
    """The classifier of a file's content.

    Raises ValueError where it is none, is quantised, has another loss than softmax, or n-grams of
    words.
    """
    if len(data) < 92 or struct.unpack_from("<2i", data) != (_MAGIC, _VERSION):
        raise ValueError("is no fastText model")
    dimensions, _, _, _, _, word_ngrams, loss, kind, buckets, shortest, longest, _ = struct.unpack_from("<12i", data, 8)
    if (word_ngrams, loss, kind) != (1, _SOFTMAX, _SUPERVISED):
        raise ValueError("is no classifier with softmax over single words")
    entries, known, _, _, pruned = struct.unpack_from("<3i2q", data, 64)
    names, at = [], 92
    for _ in range(entries):
        end = data.index(0, at)
        names.append(data[at:end].decode("utf-8", "replace"))
        at = end + 10
    if pruned > 0 or data[at]:
        raise ValueError("is quantised")
    inputs, at = _matrix(data, at + 1)
    outputs, _ = _matrix(data, at + 1)
    if inputs.shape != (known + buckets, dimensions):
        raise ValueError("has a matrix of another size")
    words = {name: row for row, name in enumerate(names[:known])}
    labels = tuple(name.removeprefix(_LABEL) for name in names[known:])
    return FastText(words, labels, shortest, longest, buckets, inputs, outputs)


def _matrix(data: bytes, at: int) -> tuple[npt.NDArray[Any], int]:
    rows, columns = struct.unpack_from("<2q", data, at)
    end = at + 16 + 4 * rows * columns
    # A copy is aligned in memory, without which numpy copies it all for each look-up of rows.
    return np.frombuffer(data, "<f4", rows * columns, at + 16).reshape(rows, columns).copy(), end
