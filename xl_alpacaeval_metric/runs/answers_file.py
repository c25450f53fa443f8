"""Answers to judge, from wherever they lie, with their references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import Benchmark
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import judging_task
from xl_alpacaeval_metric.languages.content_length import characters_per_content
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey
from xl_alpacaeval_metric.runs import opened, pairs
from xl_alpacaeval_metric.runs.opened import Opened
from xl_alpacaeval_metric.runs.pairs import References

LONG = 2264
"""Characters of a reference answer in AlpacaEval: 566 tokens of four (docs/understand/cost.md)."""

_TWO_BYTES = frozenset(("Cyrl", "Grek", "Arab", "Hebr", "Armn", "Syrc", "Thaa", "Nkoo"))
"""Scripts whose letters take two bytes of UTF-8; those of Latin take one, of the others three."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to judge: the texts, lines for the user, and what is known of them.

    `about` are settings of the run that made them, such as its model; `benchmark` is its name,
    empty where it is not known; `is_run` says whether they are in a run folder.
    """

    comparisons: Sequence[Comparison]
    notes: Sequence[str]
    about: Mapping[str, object]
    title: str
    benchmark: str
    is_run: bool
    has_gaps: bool = False

    @property
    def without_reference(self) -> list[ItemKey]:
        """The items of a run or a log that have no reference, and are not judged."""
        return [item.key for item in self.comparisons if not item.reference] if self.has_gaps else []


def read(path: Path, given: References | None = None, *, keep_thinking: bool = False, judged: bool = True) -> Answers:
    """The answers in a file of pairs, a run folder or an output folder of the harness.

    Where they are not to be `judged`, a file needs neither references nor instructions. The `given`
    references take the place of the answers' own; thoughts are taken off unless they are to be
    kept. Raises UserError where an answer that is to be judged has no reference or no instruction,
    and for a text that is wrong.
    """
    found = None if path.is_file() and judged else opened.read(path, languages=False, keep_thinking=True)
    if found is None:
        comparisons, notes = pairs.read_against(path, given)
        about: Mapping[str, object] = opened.about_of(path)
    else:
        comparisons, notes = _against(found, given)
        about = {**found.setting.settings, "model": found.model}
    judging_task.check(comparisons)
    if not keep_thinking:
        comparisons, thoughts = pairs.without_thoughts(comparisons, " (--keep-thinking keeps them)")
        notes = [*notes, *thoughts]
    settings = found.setting.settings if found else about
    benchmark = str(settings.get("benchmark") or "")
    model = str(about.get("model") or "")
    title = " on ".join(filter(None, (model, benchmark))) if model else path.name
    return Answers(
        comparisons,
        notes,
        {"model": model} if model else {},
        title,
        benchmark,
        found is not None and found.kind == "run",
        found is not None,
    )


def expected(benchmark: Benchmark, answer_tokens: int | None = None) -> Answers:
    """Answers to a benchmark before there are any, for an estimate.

    A reference that is not there is taken to be as long as LONG characters of English, in as many
    characters as its language takes, and of as many bytes. An answer is as long as its reference,
    or as `answer_tokens` of English, four characters each.
    """
    codes = dict.fromkeys(row.response_language for row in benchmark.rows)
    references = {code: _as_long(code, LONG) for code in codes}
    answers = {code: _as_long(code, 4 * answer_tokens) for code in codes} if answer_tokens else {}
    comparisons = []
    for row in benchmark.rows:
        reference = row.reference or references[row.response_language]
        answer = answers.get(row.response_language, reference)
        comparisons.append(Comparison(row.id, row.response_language, row.instruction, answer, reference))
    return Answers(comparisons, (), {}, benchmark.name, benchmark.name, False)


def _as_long(code: str, characters: int) -> str:
    """A text that takes the place of so many characters of English in another language."""
    script = languages.get(code).script or ""
    letter = "x" if script in ("", "Latn") else "\u0436" if script in _TWO_BYTES else "\u0915"
    return letter * round(characters * characters_per_content(code))


def _against(found: Opened, given: References | None) -> tuple[list[Comparison], list[str]]:
    """The answers of a run or a log with references."""
    comparisons = found.comparisons
    if given is None:
        return comparisons, []
    rows = [
        {"id": item.id, "language": item.language, "instruction": item.instruction, "reference": item.reference}
        for item in comparisons
    ]
    replaced, notes = pairs.with_references(rows, given)
    return [
        replace(item, reference=str(row["reference"])) for item, row in zip(comparisons, replaced, strict=True)
    ], notes


def check_references(comparisons: Sequence[Comparison], path: Path) -> None:
    """Raises UserError where no item has a reference."""
    if not any(item.reference for item in comparisons):
        raise UserError(f"{path}: its answers have no references; give --reference FILE or RUN, or --judge none")
