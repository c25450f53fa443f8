"""The benchmarks that the loop evaluates on, and the check that no training row overlaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric import benchmark as benchmarks
from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import Benchmark, contamination
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.records import is_pair, languages_of
from xl_instruct_dataset.train.dataset.examples import Example, TrainingSplit

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class EvalPlan:
    """What the loop evaluates on and how, and in how many processes it trains.

    `languages` None are those of the data; `limit` is a number of rows for each language.
    """

    benchmarks: tuple[str, ...] = ("mini",)
    languages: tuple[str, ...] | None = None
    limit: int | None = None
    benchmark_path: Path | None = None
    reference: Path | None = None
    max_tokens: int = 1024
    eval_batch_size: str = "auto"
    processes: int = 1


def benchmarks_of(plan: EvalPlan, selected: TrainingSplit, judged: bool) -> tuple[list[Benchmark], list[str]]:
    """The benchmarks in those of the languages that they have; a line for each that lacks some.

    Raises UserError for one that has none of them and, where answers are judged, for a row without
    a reference.
    """
    found, notes = [], []
    codes = plan.languages or tuple(dict.fromkeys(languages_of(pair)[1] for pair in selected.taken if is_pair(pair)))
    given = pairs.read_references(plan.reference) if plan.reference else {}
    for name in dict.fromkeys(plan.benchmarks):
        has = {"mini": benchmarks.MINI_LANGUAGES, "en": ("en",), "m": languages.PAPER}.get(name, codes)
        wanted = [code for code in codes if code in has] if name != "en" else ["en"]
        if plan.benchmark_path is not None and name == "m":
            wanted = list(codes)
        if not wanted:
            raise UserError(f"benchmark {name} has none of {', '.join(codes)}; it has {', '.join(has)}")
        if name != "en" and len(wanted) < len(codes):
            notes.append(f"{name} has no {', '.join(code for code in codes if code not in wanted)}")
        one = benchmarks.load(name, wanted, limit=plan.limit, path=plan.benchmark_path, seed=0)
        if judged:
            _check_references(one, given)
        if judged or given:
            one = benchmarks.with_references(one, given, plan.reference.name if plan.reference else "")
        found.append(one)
    return found, notes


def _check_references(benchmark: Benchmark, given: Mapping[tuple[str, str], str]) -> None:
    for row in benchmark.rows:
        if row.reference is None and (row.id, row.response_language) not in given:
            raise UserError(
                f"{benchmark.name}: no reference for id {row.id!r}, language {row.response_language!r}; give --reference FILE "
                "with it, as xl-alpacaeval references makes one, or --judge none"
            )


def check_contamination(selected: TrainingSplit, rows: Sequence[Benchmark], progress: Progress) -> None:
    """Raises UserError that names training rows which overlap with a benchmark."""
    index = contamination.Index(text for one in rows for text in contamination.texts(one))
    examples = list({(one.group, one.id): one for one in (*selected.train, *selected.held_out)}.values())
    found: list[contamination.Overlap] = []
    progress("checking for contamination", 0, len(examples))
    for done, example in enumerate(examples, 1):
        found += filter(None, contamination.search(index, [(example.group, _texts(example))]))
        if done % 200 == 0 or done == len(examples):
            progress("checking for contamination", done, len(examples))
    if not found:
        return
    count = len({(one.where, one.row_id) for one in found})
    shown = "; ".join(
        f"{one.where} row {one.row_id!r} with {one.text.kind} {one.text.id!r} of {one.text.benchmark}"
        for one in found[:_SHOWN]
    )
    more = "; xl-alpacaeval contamination lists all" if len(found) > _SHOWN else ""
    raise UserError(
        f"{counted(count, 'training row overlaps', 'training rows overlap')} with the benchmark, leave them out: "
        f"{shown}{more}"
    )


def _texts(example: Example) -> Mapping[str, object]:
    return {"id": example.id, "messages": [*example.prompt, {"role": "assistant", "content": example.completion}]}
