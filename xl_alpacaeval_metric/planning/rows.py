"""The rows of a benchmark for a plan, also where its files are not here yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

from xl_alpacaeval_metric import benchmark as benchmarks
from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import Benchmark, Row
from xl_alpacaeval_metric.benchmark.load import hub_files
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.hub.repository import Repository
from xl_alpacaeval_metric.runs.pairs import References

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
    reference: Path | None = None,
) -> PlannedBenchmark:
    """The rows of a benchmark, as `benchmark.load` takes it.

    `reference` is a file of references, or a run whose answers they are, as `eval` takes them.
    Those of `xl`, `m` and `en` are made up where the Hub's cache does not hold them: PROMPTS in
    each language, as long as AlpacaEval's, with the references of their language in turn. Raises
    UserError as `load` does for the others, and as References does.
    """
    given = References.read(reference) if reference else None
    files = hub_files(name, path)
    here = files is None or Repository(files.repo, "dataset").cached().folder is not None
    if here or name not in benchmarks.NAMES:
        found = benchmarks.load(name, codes, limit=limit, path=path, exclusion=exclusion)
        if given is not None:
            found = given.rows_of(found)[0] if given.of_run else found
            found = benchmarks.with_references(found, given.texts, given.name, required=False)
        return PlannedBenchmark(found)
    wanted = [languages.get(code).code for code in codes or benchmarks.DEFAULT_LANGUAGES[name]]
    if name == "en" and wanted != ["en"]:
        raise UserError("benchmark en is English only; use xl or m")
    rows = tuple(
        Row(f"{name}-{number:04d}", "x" * _REQUEST, None, "en", code, reference=reference_text)
        for code in wanted
        for number, reference_text in zip(
            range(min(PROMPTS, limit or PROMPTS)), chain(_texts(given, code), repeat(None)), strict=False
        )
    )
    return PlannedBenchmark(Benchmark(name, "", rows, references="none"), True)


def _texts(given: References | None, code: str) -> list[str]:
    """The references in a language."""
    return [text for (_, language), text in given.texts.items() if language == code] if given else []
