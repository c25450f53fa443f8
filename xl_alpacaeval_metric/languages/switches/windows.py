"""Runs of words of a text that look foreign, by windows of a few words.

Words that are frequent in another language and unknown in the asked one, and words with letters
that it does not have, say where to look. The own model decides about the windows around them: all
windows of all texts at once.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages import content, labels
from xl_alpacaeval_metric.languages.own_model import classifier, reading, tokens
from xl_alpacaeval_metric.languages.own_model.reading import Hashed
from xl_alpacaeval_metric.languages.own_model.tokens import Tokens
from xl_alpacaeval_metric.languages.own_model.word_vectors import WordVectors
from xl_alpacaeval_metric.languages.vocabulary import lexicon

WINDOW = 5
"""Words that are identified together."""
_FOREIGN, _HARDLY, _PERHAPS = 0.5, 0.15, 0.3
"""A window is foreign from this probability of other languages, at most that of the asked one;
perhaps from the last on where punctuation is left out, as in "dont" and "leau"."""
_AT_ONCE = 2048
"""Windows whose probabilities of all languages are in memory together."""
_BESIDE = 6
"""Words on each side of what looks foreign that may belong to it."""
_SENTENCE_END = re.compile(rf"[{content.SENTENCE_ENDS}:;\n()\[\]|]")


@dataclass(frozen=True, slots=True)
class Run:
    """Words that follow one another in the text of this index; `words` are in lower case."""

    text: int
    vectors: WordVectors
    numbers: npt.NDArray[np.int32]
    words: Sequence[str]
    as_written: Sequence[str]
    starts: Sequence[int]

    def __len__(self) -> int:
        return len(self.words)

    @property
    def start(self) -> int:
        return self.starts[0]

    @property
    def end(self) -> int:
        return self.starts[-1] + len(self.as_written[-1])

    def part(self, first: int, last: int) -> "Run":
        """The words from `first` on, before `last`."""
        some = slice(first, last)
        words = self.words[some], self.as_written[some]
        return Run(self.text, self.vectors, self.numbers[some], *words, self.starts[some])


def together(runs: Sequence[Run]) -> Tokens:
    """The words of runs, of which there is one or more."""
    return tokens.of_numbers(runs[0].vectors, [run.numbers for run in runs])


def foreign_runs(texts: Sequence[str], read: Tokens, code: str, fewest: int) -> list[tuple[Run, Run]]:
    """Runs of words that look foreign, each also with a few words beside it of the same sentence.

    `read` are the words of each text as the own model reads it; they may be without punctuation.
    """
    which = list(dict.fromkeys(_marked(read, code, _PERHAPS)[0].tolist()))
    if not which:
        return []
    places = reading.hashed([texts[at] for at in which])
    words = tokens.of_hashed(read.vectors, places)
    sentences, firsts = _sentences(words, places, fewest)
    owners, lasts = np.searchsorted(words.ends, firsts, side="right").tolist(), firsts + sentences.counts
    found = []
    for at, marks in _by_text(*_marked(sentences, code)):
        sentence = _run(places, words, slice(firsts[at], lasts[at]), owners[at], which)
        found += [
            (sentence.part(first, last), sentence.part(max(0, first - _BESIDE), last + _BESIDE))
            for first, last in _consecutive(marks)
        ]
    return found


def have_words_outside(read: Tokens, code: str) -> list[bool]:
    """Whether each text has words that are in no foreign window."""
    found = np.zeros(len(read), np.bool_)
    owners, firsts, lasts = _windows_beside(read)
    found[owners[~_are_other(read, _are_foreign(read, code), firsts, lasts, code, _HARDLY)]] = True
    some = np.flatnonzero(found)
    texts = read.of(some)
    inside, _ = _marked(texts, code)
    found[some] = texts.counts > np.bincount(inside, minlength=len(some))
    return list(map(bool, found))


def _windows_beside(read: Tokens) -> tuple[npt.NDArray[np.intp], ...]:
    """Windows beside one another that hold all words: their texts, first words, and after the last.

    The last of a text may overlap the one before.
    """
    number = -(-read.counts // WINDOW)
    owners = np.repeat(np.arange(len(read)), number)
    sizes, ends = np.minimum(read.counts, WINDOW)[owners], read.ends[owners]
    places = WINDOW * (np.arange(number.sum()) - (np.cumsum(number) - number)[owners])
    firsts = np.minimum(ends - read.counts[owners] + places, ends - sizes)
    return owners, firsts, firsts + sizes


def _by_text(texts: npt.NDArray[np.intp], words: npt.NDArray[np.intp]) -> Iterator[tuple[int, list[int]]]:
    """The words of each text, by index."""
    starts, every = np.flatnonzero(np.diff(texts, prepend=-1)), words.tolist()
    bounds = pairwise([*starts.tolist(), len(every)])
    for text, (start, end) in zip(texts[starts].tolist(), bounds, strict=True):
        yield text, every[start:end]


def _consecutive(marks: Sequence[int]) -> Iterable[tuple[int, int]]:
    """First and after last of the runs of numbers."""
    breaks = [at for at in range(1, len(marks)) if marks[at] != marks[at - 1] + 1]
    for first, last in zip([0, *breaks], [*breaks, len(marks)], strict=True) if marks else ():
        yield marks[first], marks[last - 1] + 1


def _sentences(read: Tokens, places: Hashed, fewest: int) -> tuple[Tokens, npt.NDArray[np.intp]]:
    """The sentences with `fewest` words or more, and the index of the first word of each.

    A sentence ends where more than one character is between two words, one of which ends it.
    """
    between = np.flatnonzero(places.starts[1:] - places.ends[:-1] > 1)
    ends = zip(between.tolist(), places.ends[between].tolist(), places.starts[between + 1].tolist(), strict=True)
    begins = np.zeros(len(read.numbers), np.bool_)
    begins[[at + 1 for at, start, end in ends if _SENTENCE_END.search(places.joined, start, end)]] = True
    begins[(read.ends - read.counts)[read.counts > 0]] = True
    firsts = np.flatnonzero(begins)
    counts = np.diff(firsts, append=len(read.numbers))
    long = np.flatnonzero(counts >= fewest)
    return Tokens(read.vectors, read.numbers, counts).of(long), firsts[long]


def _run(places: Hashed, read: Tokens, words: slice, at: int, texts: Sequence[int]) -> Run:
    """Words of the text at this place of those that were read, which have these indices."""
    numbers, starts = read.numbers[words], places.starts[words] - places.offsets[at]
    in_small = list(map(read.vectors.words.__getitem__, numbers.tolist()))
    return Run(texts[at], read.vectors, numbers, in_small, places.written(words), starts.tolist())


def _marked(read: Tokens, code: str, most: float = _HARDLY) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The words in foreign windows: the index of the text of each, in order, and its own there.

    Foreign is a window of which the asked language has `most` of the probability at most.
    """
    is_hit = _are_foreign(read, code)
    have_hits = read.sums(is_hit) > 0
    some = np.flatnonzero(have_hits)
    texts, is_hit = read.of(some), is_hit[np.repeat(have_hits, read.counts)]
    ends = texts.ends
    sizes, end = np.repeat(np.minimum(texts.counts, WINDOW), texts.counts), np.repeat(ends, texts.counts)
    first = np.flatnonzero(np.arange(len(texts.numbers)) + sizes <= end)
    last = first + sizes[first]
    other = np.flatnonzero(_are_other(texts, is_hit, first, last, code, most))
    depth = np.zeros(len(texts.numbers) + 1, np.intp)
    np.add.at(depth, first[other], 1)
    np.add.at(depth, last[other], -1)
    marked = np.flatnonzero(np.cumsum(depth)[:-1])
    owners = np.searchsorted(ends, marked, side="right")
    return some[owners], marked - (ends - texts.counts)[owners]


def _are_other(
    texts: Tokens,
    is_hit: npt.NDArray[np.float32],
    first: npt.NDArray[np.intp],
    last: npt.NDArray[np.intp],
    code: str,
    most: float,
) -> npt.NDArray[np.bool_]:
    """Whether each window, from one word to before another, has a foreign word and is foreign.

    `is_hit` is 1 for each word of the texts that is foreign, else 0.
    """
    before = np.append(0, np.cumsum(is_hit))
    found = before[last] > before[first]
    looked = np.flatnonzero(found)
    if len(looked):
        found[looked] = _in_another(texts, first[looked], last[looked], code, most)
        perhaps = looked[~found[looked] & (last - first == WINDOW)[looked]]
        found[perhaps] = _are_english(texts, first[perhaps], code)
    return found


def _in_another(
    texts: Tokens, first: npt.NDArray[np.intp], last: npt.NDArray[np.intp], code: str, most: float
) -> npt.NDArray[np.bool_]:
    """Whether each window is in another language."""
    model = classifier.load()
    of_code, of_alike = map(np.flatnonzero, columns(model.labels, code))
    parts = []
    for start in range(0, len(first), _AT_ONCE):
        of_run = slice(start, start + _AT_ONCE)
        some = texts.runs(first[of_run], last[of_run] - first[of_run])
        found = model.probabilities(*map(some.sums, some.vectors.of(some.numbers)))
        asked, alike = (found.take(those, axis=1).sum(1) for those in (of_code, of_alike))
        parts.append((alike <= 1 - _FOREIGN) & (asked <= most))
    return np.concatenate(parts)


def _are_english(texts: Tokens, firsts: npt.NDArray[np.intp], code: str) -> npt.NDArray[np.bool_]:
    """Whether all words of windows with these first ones are English, all but one this alone."""

    def of(words: Sequence[str]) -> list[float]:
        both = zip(lexicon.english(words, code), lexicon.known(words, "en"), strict=True)
        return [1.0 if alone else 0.0 if known else -WINDOW for alone, known in both]

    numbers = texts.numbers[firsts[:, None] + np.arange(WINDOW)]
    found = texts.vectors.properties(("english", code), numbers.ravel(), of).reshape(numbers.shape)
    return np.asarray(found.sum(1) >= WINDOW - 1)


@lru_cache(maxsize=256)
def columns(model_labels: Sequence[str], code: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which of the own model's labels stand for a language, and which for it or one alike."""
    alike, wanted = labels.alike(code), labels.wanted(code)
    return (
        np.array([label in wanted for label in model_labels]),
        np.array([labels.code_of(label) in alike for label in model_labels]),
    )


def _are_foreign(read: Tokens, code: str) -> npt.NDArray[np.float32]:
    """1 for each word of texts that is foreign to a language by the lexicon, else 0."""

    def of(words: Sequence[str]) -> list[float]:
        some = lexicon.foreign(words, code)
        return [word in some for word in words]

    return read.vectors.properties(("foreign", code), read.numbers, of)
