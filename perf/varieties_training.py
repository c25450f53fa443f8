"""Train what tells Bosnian, Croatian and Serbian apart: `xl_alpacaeval_metric/data/varieties.bin`.

    OMP_NUM_THREADS=1 python perf/varieties_training.py SOURCES --output varieties.bin

SOURCES is the folder of `perf/identifier_training.py`; Serbian in Cyrillic letters is read in Latin
ones. Needs the packages msgpack and scipy. With one thread and the same texts the file is the same
at each run.

A word's log-odds are linear in its pieces. They are fitted to words, not to sentences: to how often
each language has a word in texts of one source; to the words that lists and dictionaries tell apart
(`varieties_lexicon`); and to other words of all three and frequent ones, which speak for none. A
sentence's log-odds are the sums over its words (`own_model/varieties.py`).
"""

import argparse
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from scipy.special import logsumexp

from perf import identifier_texts as texts
from perf import varieties_lexicon as lexicon
from xl_alpacaeval_metric.languages.own_model import VARIETIES, reading, word_vectors
from xl_alpacaeval_metric.languages.own_model.fasttext_file import FastText

_BUCKETS, _SHORTEST, _LONGEST = 49_152, 2, 6
_SOURCES = {
    "ntrex": 1.0,
    "treebanks": 0.4,
    "udhr": 0.3,
    "libreoffice": 0.15,
    "firefox": 0.15,
    "parlasent": 0.3,
    "copa": 0.3,
}
"""Sources, and what a word of each weighs. Treebanks, `parlasent` and `copa` have no Bosnian."""
_FOLDERS = {"ntrex": "NTREX", "treebanks": "", "parlasent": "benchich", "copa": "benchich"}
_WITHOUT_NAMES = frozenset(("treebanks", "parlasent"))
"""Sources whose texts are of their own country."""
_NO_EVIDENCE, _POWER = 0.1, 0.75
"""Occurrences of each word that are added to its own, as many in each language; and the power of
their number that a word weighs."""
_OF_LEXICON, _OF_NEUTRAL, _BY_FREQUENCY, _PENALTY = 6.0, 4.0, 0.3, 4.0
_RARE, _FREQUENT, _EVERYDAY = 1e-6, 3e-6, 1e-3
_LATIN = {
    **dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True)),
    **{"љ": "lj", "њ": "nj", "џ": "dž"},
}
_LEAST = -1e30

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A word, with its share in each of VARIETIES; `among` are those that it could have been of."""

    word: str
    shares: tuple[float, ...]
    weight: float
    among: tuple[bool, ...] = (True,) * len(VARIETIES)


def counted(folder: Path) -> dict[str, dict[str, Counter[str]]]:
    """Source -> language -> how often its texts have each word."""
    found: dict[str, dict[str, Counter[str]]] = {name: defaultdict(Counter) for name in _SOURCES}
    for name, by_label in found.items():
        for label, text in getattr(texts, name)(folder / _FOLDERS.get(name, name)):
            if label == "sr" and name == "firefox":
                label, text = "sr-Latn", text.lower().translate(str.maketrans(_LATIN))
            if label in VARIETIES:
                by_label[label].update(reading.words([without_names(text) if name in _WITHOUT_NAMES else text])[0])
    return found


def without_names(text: str) -> str:
    """A sentence without what begins with a capital inside it."""
    first, *rest = text.split() or [""]
    return " ".join([first, *(word for word in rest if not word[0].isupper())])


def examples(folder: Path) -> list[Example]:
    """All words to learn from."""
    sources = counted(folder)
    seen: dict[str, Counter[str]] = {
        label: sum((by.get(label, Counter()) for by in sources.values()), Counter[str]()) for label in VARIETIES
    }
    frequencies = {
        word: often
        for word, often in texts.frequencies(folder / "wordfreq", "sh").items()
        if lexicon.WORD.fullmatch(word)
    }
    frequencies = dict.fromkeys(sorted(lexicon.WORDS_OF_ALL), _RARE) | frequencies
    by_dictionary = lexicon.by_dictionaries(folder / "hunspell", list(frequencies))
    frequencies = dict.fromkeys(by_dictionary, _RARE) | frequencies
    english = texts.frequencies(folder / "wordfreq", "en")
    known = lexicon.of_some(frequencies, seen, {word: of for word, of in by_dictionary.items() if word not in english})
    everyday = set(filter(lexicon.OF_ALL.fullmatch, frequencies))
    return [
        *_of_texts(sources),
        *(
            Example(word, _even(of), _OF_LEXICON * _by_frequency(frequencies.get(word, _RARE)))
            for word, of in sorted(known.items())
        ),
        *(
            Example(word, _even(VARIETIES), _OF_NEUTRAL * _by_frequency(max(often, _EVERYDAY * (word in everyday))))
            for word, often in frequencies.items()
            if word not in known and (often > _FREQUENT or len(by_dictionary.get(word, ())) == 3 or word in everyday)
        ),
    ]


def _by_frequency(often: float) -> float:
    return float((max(often, _RARE) / _RARE) ** _BY_FREQUENCY)


def _even(of: Sequence[str] | frozenset[str]) -> tuple[float, ...]:
    return tuple((label in of) / len(of) for label in VARIETIES)


def _of_texts(sources: Mapping[str, Mapping[str, Counter[str]]]) -> Iterator[Example]:
    """The words of texts: of each source as many in each language."""
    for name, by_label in sources.items():
        among = tuple(label in by_label for label in VARIETIES)
        most = max(words.total() for words in by_label.values())
        factors = {label: _SOURCES[name] * most / words.total() for label, words in by_label.items()}
        for word in sorted(word for word in set().union(*by_label.values()) if not lexicon.OF_ALL.fullmatch(word)):
            often = np.array(
                [factors[label] * by_label[label][word] if label in by_label else 0.0 for label in VARIETIES]
            )
            often += _NO_EVIDENCE * np.array(among) / sum(among)
            shares = tuple((often / often.sum()).tolist())
            yield Example(word, shares, float(often.sum() ** _POWER), among=among)


def fitted(learned: Sequence[Example]) -> FastText:
    """The classifier whose words have the log-odds of the examples, as far as pieces can tell."""
    model = FastText({}, VARIETIES, _SHORTEST, _LONGEST, _BUCKETS, np.zeros((_BUCKETS, 2), np.float32), _plane())
    rows, numbers = word_vectors.pieces([one.word for one in learned], model)
    columns, rows = np.unique(rows, return_inverse=True)
    matrix = sparse.csr_matrix((np.ones(len(rows)), rows, np.append(0, np.cumsum(numbers))))
    among, shares = np.array([one.among for one in learned]), np.array([one.shares for one in learned])
    weights = np.array([one.weight for one in learned])

    def loss(flat: Floats) -> tuple[float, Floats]:
        """The weighted cross entropy with a penalty, and its gradient."""
        values = flat.reshape(len(columns), len(VARIETIES))
        scores = matrix @ values
        whole = logsumexp(np.where(among, scores, _LEAST), axis=1, keepdims=True)
        missed = whole[:, 0] - (shares * scores).sum(1)
        slopes = (np.exp(np.where(among, scores, _LEAST) - whole) - shares) * weights[:, None]
        penalty = 0.5 * _PENALTY * float((values**2).sum())
        return float(weights @ missed) + penalty, (matrix.T @ slopes + _PENALTY * values).ravel()

    start = np.zeros(len(columns) * len(VARIETIES))
    best: Any = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 150})
    # Only differences between languages count: two numbers a piece.
    model.inputs[columns] = best.x.reshape(len(columns), len(VARIETIES)) @ _plane()
    return model


def _plane() -> npt.NDArray[np.float32]:
    """Two orthogonal directions in which the values of three labels differ: labels x 2."""
    return np.asarray([[1, 1], [-1, 1], [0, -2]] / np.sqrt([2, 6]), np.float32)


def written(model: FastText) -> bytes:
    """The classifier as a file of fastText, which `own_model.fasttext_file` reads."""
    dimensions, labels = model.inputs.shape[1], len(model.labels)
    settings = (dimensions, 0, 0, 0, 0, 1, 3, 3, model.buckets, model.shortest, model.longest, 0)
    head = struct.pack("<2i12id3i2q", 793712314, 12, *settings, 0.0, labels, 0, labels, 0, -1)
    entries = b"".join(f"__label__{label}".encode() + struct.pack("<xqb", 0, 1) for label in model.labels)
    matrices = (
        struct.pack("<?2q", False, *one.shape) + one.astype("<f4").tobytes() for one in (model.inputs, model.outputs)
    )
    return head + entries + b"".join(matrices)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    learned = examples(options.sources)
    print(f"{len(learned)} words of texts, lists and dictionaries")
    options.output.write_bytes(written(fitted(learned)))
    print(f"{options.output}: {options.output.stat().st_size / 2**10:.0f} KiB")


if __name__ == "__main__":
    main()
