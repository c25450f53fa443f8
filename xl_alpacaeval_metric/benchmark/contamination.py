"""Training rows that overlap with what a benchmark asks or answers.

The rule: of a benchmark's text at least half of the tokens lie in runs of eight tokens that the row has, too. It is that of
Lambert et al. 2024 (Tulu 3, arXiv 2411.15124, section 3.2) with one addition: a text of fewer tokens counts where the row
holds it whole. Tokens are words without case and punctuation, or single characters in scripts that set no spaces.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from xl_alpacaeval_metric.benchmark import MINI_LANGUAGES, Benchmark, Row, load
from xl_alpacaeval_metric.benchmark.alpaca import REPO as ALPACA_EVAL
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import columns
from xl_alpacaeval_metric.hub import download
from xl_alpacaeval_metric.languages.words import CHARACTERS_PER_WORD, are_words, tokens

NGRAM, COVERAGE = 8, 0.5
ALL = "all"
"""As a benchmark: those that come with this package, and those of the Hub where it is reached or a copy is given."""
BUNDLED, OF_THE_HUB = ("mini", "context"), ("xl", "m", "en")
SHORTEST = 4
"""Texts of fewer tokens say nothing: "Why?" is in every row."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a benchmark that must not be trained on; `kind` is request, context or reference."""

    benchmark: str
    id: str
    language: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """A training row (`where` it stands, its id) and the benchmark's text it shares; `coverage` 0..1, and a piece of what is shared."""

    where: str
    row_id: str
    text: Text
    coverage: float
    shared: str


def index_of(
    names: Sequence[str],
    codes: Sequence[str] | None,
    path: Path | None,
    *,
    ngram: int = NGRAM,
    coverage: float = COVERAGE,
) -> "Index":
    """The index of these benchmarks, or of ALL that are to be had, the others being its `missing`.

    Raises UserError as `benchmark.load` does for a benchmark that was named, and where none is.
    """
    if not names:
        raise UserError("no benchmark given; name some of those that eval takes, such as mini,xl")
    if path is not None and not path.exists() and str(path) != ALPACA_EVAL:
        raise UserError(f"{path}: no such file or folder; --benchmark-path is a local copy of the Hub's files")
    every = ALL in names
    named = [name for name in names if name != ALL]
    if every:
        named += [name for name in BUNDLED if name not in named]
    offered = [name for name in OF_THE_HUB if every and name not in named]
    if path is None and offered and not download.reached():
        offered = []
    found: dict[str, list[Text]] = {}
    for name in (*named, *offered):
        try:
            found[name] = texts(load(name, _codes(name, codes), path=path))
        except UserError:
            # Of a folder with copies, those are taken that are there.
            if name in named:
                raise
    missing = [name for name in OF_THE_HUB if name not in found] if every else []
    made = Index((text for part in found.values() for text in part), ngram=ngram, coverage=coverage)
    made.benchmarks, made.missing = tuple(found), tuple(missing)
    return made


def _codes(name: str, codes: Sequence[str] | None) -> Sequence[str] | None:
    # The requests of xl are English whatever the answer's language, and the English file holds them bare.
    if name in ("xl", "en"):
        return ["en"]
    return MINI_LANGUAGES if name == "mini" and codes is None else codes


def not_looked_at(index: "Index") -> list[str]:
    """A line about the benchmarks of ALL that were not to be had, if there are any."""
    if not index.missing:
        return []
    return [
        f"not looked at: {', '.join(index.missing)} (not to be had from the Hub); run it again where the Hub is reached, "
        "or give --benchmark-path"
    ]


def texts(benchmark: Benchmark) -> list[Text]:
    """Each request (without its language instruction where that is known), context and reference once."""
    found: dict[tuple[str, str], Text] = {}
    for row in benchmark.rows:
        for kind, language, text in _of_row(row):
            found.setdefault((kind, text), Text(benchmark.name, benchmark.prompt(row), language, kind, text))
    return list(found.values())


def _of_row(row: Row) -> Iterator[tuple[str, str, str]]:
    yield "request", row.instruction_language, row.request or row.instruction
    if row.context:
        yield "context", row.context_language or "", row.context
    if row.reference:
        yield "reference", row.response_language, row.reference


Runs = dict[tuple[str, ...], list[tuple[tuple[str, ...], int, int]]]
"""The tokens that runs begin with -> the runs, each with its text's number and its place there."""


class Index:
    """The runs of tokens of benchmarks' texts, to look rows up in.

    `benchmarks` are their names, `missing` those that were not to be had.
    """

    benchmarks: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __init__(self, texts: Iterable[Text], *, ngram: int = NGRAM, coverage: float = COVERAGE) -> None:
        self._given, self._ngram, self.coverage = list(texts), ngram, coverage

    def __len__(self) -> int:
        return len(self._made[0])

    def prepare(self) -> None:
        """Take the texts apart now, which takes a while, rather than when the first row is looked up."""
        _ = self._made

    @cached_property
    def _made(self) -> tuple[list[tuple[Text, int]], Runs]:
        """The texts that say enough, each with the number of its tokens, and their runs by the tokens these begin with."""
        texts: list[tuple[Text, int]] = []
        runs: Runs = {}
        for text in self._given:
            found = tokens(text.text)
            length = min(len(found), self._ngram if are_words(found) else self._ngram * CHARACTERS_PER_WORD)
            if len(found) < SHORTEST:
                continue
            for start in range(len(found) - length + 1):
                run = tuple(found[start : start + length])
                runs.setdefault(run[: self._beginning], []).append((run, len(texts), start))
            texts.append((text, len(found)))
        return texts, runs

    @property
    def _beginning(self) -> int:
        return min(SHORTEST, self._ngram)

    def find(self, text: str) -> Iterator[tuple[Text, float, str]]:
        """The benchmark's texts that `text` covers enough of: each with the share covered, and the first run shared."""
        texts, runs = self._made
        found = tokens(text)
        covered: dict[int, set[int]] = {}
        first: dict[int, tuple[str, ...]] = {}
        for start, beginning in enumerate(zip(*(found[skip:] for skip in range(self._beginning)), strict=False)):
            for run, number, place in runs.get(beginning, ()):
                if tuple(found[start : start + len(run)]) == run:
                    covered.setdefault(number, set()).update(range(place, place + len(run)))
                    first.setdefault(number, run)
        for number, places in covered.items():
            whole, size = texts[number]
            if len(places) >= self.coverage * size:
                yield whole, len(places) / size, " ".join(first[number])


def search(index: Index, rows: Iterable[tuple[str, Mapping[str, object]]]) -> Iterator[Overlap | None]:
    """For every row the overlaps of its texts, whatever columns they are in, then None for callers that count rows.

    A benchmark's text that several texts of a row share is one overlap, that of the largest coverage. Raises
    UserError for a row without any text.
    """
    for where, row in rows:
        found: dict[Text, Overlap] = {}
        for part in columns.texts_of(row, where):
            for text, coverage, shared in index.find(part):
                if text not in found or coverage > found[text].coverage:
                    found[text] = Overlap(where, str(row.get("id", "")), text, coverage, shared)
        yield from found.values()
        yield None
