"""Runs of words of a text that look foreign, by windows of a few words.

Words that are frequent in another language and unknown in the asked one, and words with letters
that it does not have, say where to look. The own model decides about the windows around them: all
windows of all texts at once.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages import labels
from xl_alpacaeval_metric.languages.own_model import classifier, reading
from xl_alpacaeval_metric.languages.switches import lexicon

WINDOW = 5
"""Words that are identified together."""
_FOREIGN, _HARDLY = 0.5, 0.15
"""A window is foreign from this probability of other languages, at most that of the asked one."""
_BESIDE = 6
"""Words on each side of what looks foreign that may belong to it."""
_SENTENCE_END = re.compile("[.!?…:;。！？।؟\n()\\[\\]|]")


@dataclass(frozen=True, slots=True)
class Run:
    """Words that follow one another, in lower case and as written, in the text of this index."""

    text: int
    words: Sequence[str]
    as_written: Sequence[str]
    starts: Sequence[int]

    @property
    def start(self) -> int:
        return self.starts[0]

    @property
    def end(self) -> int:
        return self.starts[-1] + len(self.as_written[-1])

    def part(self, first: int, last: int) -> "Run":
        """The words from `first` on, before `last`."""
        return Run(self.text, self.words[first:last], self.as_written[first:last], self.starts[first:last])


def foreign_runs(texts: Sequence[str], words: Sequence[Sequence[str]], code: str, fewest: int) -> list[tuple[Run, Run]]:
    """Runs of words that look foreign, each also with a few words beside it of the same sentence.

    `words` are those of each text as the own model reads it; they may be without punctuation.
    """
    hits = lexicon.foreign(set(chain.from_iterable(words)), code)
    with_hits = [at for at, some in enumerate(words) if not hits.isdisjoint(some)]
    looked = _marked([words[at] for at in with_hits], hits, code)
    sentences = _sentences([at for at, marks in zip(with_hits, looked, strict=True) if marks], texts, fewest)
    return [
        (sentence.part(first, last), sentence.part(max(0, first - _BESIDE), last + _BESIDE))
        for sentence, marks in zip(sentences, _marked([one.words for one in sentences], hits, code), strict=True)
        for first, last in _consecutive(marks)
    ]


def _consecutive(marks: Sequence[int]) -> Iterable[tuple[int, int]]:
    """First and after last of the runs of numbers."""
    breaks = [at for at in range(1, len(marks)) if marks[at] != marks[at - 1] + 1]
    for first, last in zip([0, *breaks], [*breaks, len(marks)], strict=True) if marks else ():
        yield marks[first], marks[last - 1] + 1


def _sentences(which: Sequence[int], texts: Sequence[str], fewest: int) -> list[Run]:
    """The words of each sentence that has `fewest` or more, of some of the texts."""
    found: list[tuple[int, list[re.Match[str]]]] = []
    for at in which:
        places = list(reading.WORD.finditer(texts[at]))
        ends = [
            index
            for index in range(1, len(places))
            if places[index].start() - places[index - 1].end() > 1
            and _SENTENCE_END.search(texts[at], places[index - 1].end(), places[index].start())
        ]
        for first, last in zip([0, *ends], [*ends, len(places)], strict=True):
            if last - first >= fewest:
                found.append((at, places[first:last]))
    read = iter(reading.words([place[0] for _, places in found for place in places]))
    return [
        Run(
            at,
            [word[0] if word else "" for word in islice(read, len(places))],
            [place[0] for place in places],
            [place.start() for place in places],
        )
        for at, places in found
    ]


def _marked(lines: Sequence[Sequence[str]], hits: Collection[str], code: str) -> list[list[int]]:
    """The words of each line that are in a foreign window, by index."""
    found: list[list[int]] = [[] for _ in lines]
    flat = list(chain.from_iterable(lines))
    if not flat:
        return found
    lengths = np.fromiter(map(len, lines), np.int64, len(lines))
    ends = np.cumsum(lengths)
    sizes, end = np.repeat(np.minimum(lengths, WINDOW), lengths), np.repeat(ends, lengths)
    before = np.zeros(len(flat) + 1, np.int64)
    np.cumsum(np.fromiter(map(hits.__contains__, flat), np.bool_, len(flat)), out=before[1:])
    first = np.flatnonzero(np.arange(len(flat)) + sizes <= end)
    last = first + sizes[first]
    looked = before[last] > before[first]
    places = np.stack([first[looked], last[looked]], axis=1)
    places = places[_are_foreign(flat, places, code)]
    depth = np.zeros(len(flat) + 1, np.int64)
    np.add.at(depth, places[:, 0], 1)
    np.add.at(depth, places[:, 1], -1)
    marked = np.flatnonzero(np.cumsum(depth)[:-1])
    owners = np.searchsorted(ends, marked, side="right")
    for at, word in zip(owners.tolist(), (marked - ends[owners] + lengths[owners]).tolist(), strict=True):
        found[at].append(word)
    return found


def _are_foreign(words: Sequence[str], places: npt.NDArray[np.int64], code: str) -> npt.NDArray[np.bool_]:
    """Whether each window, from one word to before another, is in another language."""
    model = classifier.load()
    vectors = model.vectors()
    numbers = vectors.numbers(words)
    sums, counts = (
        np.concatenate([np.zeros_like(some[:1], np.float64), np.cumsum(some[numbers], axis=0, dtype=np.float64)])
        for some in (vectors.sums, vectors.counts)
    )
    first, last = places.T
    found = model.probabilities(
        (sums[last] - sums[first]).astype(np.float32), (counts[last] - counts[first]).astype(np.float32)
    )
    near, wanted = labels.near(code), labels.wanted(code)
    asked = found[:, [label in wanted for label in model.labels]].sum(1)
    other = found[:, [labels.code_of(label) not in near for label in model.labels]].sum(1)
    return np.asarray((other >= _FOREIGN) & (asked <= _HARDLY))
