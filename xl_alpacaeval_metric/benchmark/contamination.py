"""Contamination: training rows that overlap with a benchmark's requests, contexts or references.

A row overlaps with a text where at least half of the text's tokens are in runs of eight tokens that
the row has, too. The rule is that of Lambert et al. 2024 (Tulu 3, arXiv:2411.15124, section 3.2)
with one addition: a text of fewer than eight tokens overlaps where the row has all of it. Tokens
are those of `languages.words`; in scripts without spaces, where they are single characters, a run
has sixteen.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from xl_alpacaeval_metric.benchmark import MINI_LANGUAGES, Benchmark, Row, load
from xl_alpacaeval_metric.benchmark.alpaca import REPO as ALPACA_EVAL
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.conversations import foreign_columns
from xl_alpacaeval_metric.languages.words import CHARACTERS_PER_WORD, are_words, tokens
from xl_alpacaeval_metric.machine import hub_connection

NGRAM, COVERAGE = 8, 0.5
ALL = "all"
"""As a benchmark's name: all bundled ones, and those of the Hub where it or a copy is available."""
BUNDLED, ON_HUB = ("mini", "context"), ("xl", "m", "en")
SHORTEST = 4
"""Texts of fewer tokens are not searched for: "Why?" is in every other row."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a benchmark; `kind` is request, context or reference."""

    benchmark: str
    id: str
    language: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """A training row (its place and id) and the benchmark's text that it overlaps with.

    `coverage` is the share of the text's tokens in shared runs, 0 to 1; `shared` is the first of
    these runs.
    """

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
    """The index of these benchmarks; with ALL, of those available, the others being `missing`.

    Raises UserError where `names` is empty, and as `benchmark.load` does for a benchmark that is
    named.
    """
    if not names:
        raise UserError("no benchmark given; name some of those that eval takes, such as mini,xl")
    if path is not None and not path.exists() and str(path) != ALPACA_EVAL:
        raise UserError(f"{path}: no such file or folder; --benchmark-path is a local copy of the Hub's files")
    every = ALL in names
    named = [name for name in names if name != ALL]
    if every:
        named += [name for name in BUNDLED if name not in named]
    offered = [name for name in ON_HUB if every and name not in named]
    if path is None and offered and not hub_connection.may_be_asked():
        offered = []
    found: dict[str, list[Text]] = {}
    for name in (*named, *offered):
        try:
            found[name] = texts(load(name, _codes(name, codes), path=path))
        except UserError:
            # A folder of local copies need not have them all.
            if name in named:
                raise
    missing = [name for name in ON_HUB if name not in found] if every else []
    index = Index((text for part in found.values() for text in part), ngram=ngram, coverage=coverage)
    index.benchmarks, index.missing = tuple(found), tuple(missing)
    return index


def _codes(name: str, codes: Sequence[str] | None) -> Sequence[str] | None:
    # The requests of xl are English for every response language, and in the English file without an
    # instruction to answer in another.
    if name in ("xl", "en"):
        return ["en"]
    return MINI_LANGUAGES if name == "mini" and codes is None else codes


def not_checked(index: "Index") -> list[str]:
    """A line about the benchmarks of ALL that the index lacks; none where it has all."""
    if not index.missing:
        return []
    return [
        f"not checked: {', '.join(index.missing)} (not available from the Hub); run it again where the Hub can be "
        "reached, or give --benchmark-path"
    ]


def texts(benchmark: Benchmark) -> list[Text]:
    """Each request, context and reference once.

    Requests are without their language instruction where that is known.
    """
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
"""The first tokens of runs -> these runs, each with its text's number and its place there."""


class Index:
    """The runs of tokens of benchmarks' texts, in which the texts of training rows are looked up.

    `benchmarks` are their names, `missing` those that were not available.
    """

    benchmarks: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __init__(self, texts: Iterable[Text], *, ngram: int = NGRAM, coverage: float = COVERAGE) -> None:
        self._texts, self._ngram, self.coverage = list(texts), ngram, coverage

    def __len__(self) -> int:
        return len(self._built[0])

    def prepare(self) -> None:
        """Build the index now, which takes a while, rather than at the first lookup."""
        _ = self._built

    @cached_property
    def _built(self) -> tuple[list[tuple[Text, int]], Runs]:
        """The texts of SHORTEST tokens or more with their numbers of tokens, and their runs."""
        texts: list[tuple[Text, int]] = []
        runs: Runs = {}
        for text in self._texts:
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
        """The benchmark's texts that `text` overlaps with, each with its coverage and a shared run.

        Coverage is the share of the benchmark's text in shared runs, 0 to 1; the run is the first
        one.
        """
        texts, runs = self._built
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
    """For every row its overlaps, then None, so that callers can count rows.

    All texts of a row are searched, whatever their columns. Where several overlap with one text of
    a benchmark, the overlap with the largest coverage is given. Raises UserError for a row without
    text.
    """
    for where, row in rows:
        found: dict[Text, Overlap] = {}
        for part in foreign_columns.texts_of(row, where):
            for text, coverage, shared in index.find(part):
                if text not in found or coverage > found[text].coverage:
                    found[text] = Overlap(where, str(row.get("id", "")), text, coverage, shared)
        yield from found.values()
        yield None
