"""The rows of a benchmark for a plan, also where its files are not here yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric import benchmark as benchmarks
from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import Benchmark, Row
from xl_alpacaeval_metric.benchmark.load import hub_files
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.hub.repository import Repository

PROMPTS = 797
"""The prompts of XL-AlpacaEval and m-AlpacaEval in each language, as their paper has it."""
_REQUEST = 26 * 4
"""Characters of a request of AlpacaEval, in the mean (docs/understand/cost.md)."""


@dataclass(frozen=True, slots=True)
class PlannedBenchmark:
    """A benchmark's rows; `assumed` says that they were not read, since they are not here."""

    benchmark: Benchmark
    assumed: bool = False


def planned(
    name: str,
    codes: Sequence[str] | None = None,
    *,
    limit: int | None = None,
    path: Path | None = None,
    exclusion: str = "strict",
) -> PlannedBenchmark:
    """The rows of a benchmark, as `benchmark.load` takes it.

    Those of `xl`, `m` and `en` are made up where the Hub's cache does not hold them: PROMPTS in
    each language, as long as AlpacaEval's. Raises UserError as `load` does for the others.
    """
    files = hub_files(name, path)
    here = files is None or Repository(files.repo, "dataset").cached().folder is not None
    if here or name not in benchmarks.NAMES:
        return PlannedBenchmark(benchmarks.load(name, codes, limit=limit, path=path, exclusion=exclusion))
    wanted = [languages.get(code).code for code in codes or benchmarks.DEFAULT_LANGUAGES[name]]
    if name == "en" and wanted != ["en"]:
        raise UserError("benchmark en is English only; use xl or m")
    rows = tuple(
        Row(f"{name}-{number:04d}", "x" * _REQUEST, None, "en", code)
        for code in wanted
        for number in range(min(PROMPTS, limit or PROMPTS))
    )
    return PlannedBenchmark(Benchmark(name, "", rows, references="none"), True)
