"""A benchmark as a Hub folder: Parquet files for each response language, a card, eval.yaml."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import Benchmark, Row
from xl_alpacaeval_metric.benchmark import own as own_benchmark
from xl_alpacaeval_metric.files import parquet
from xl_alpacaeval_metric.files.jsonl import replace_file
from xl_alpacaeval_metric.files.parquet import Written
from xl_alpacaeval_metric.hub import card_text, front_matter
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.publishing.benchmark_texts import texts
from xl_alpacaeval_metric.publishing.eval_yaml import eval_yaml
from xl_alpacaeval_metric.signature import package_version

if TYPE_CHECKING:
    import datasets

SPLIT = "test"
ELSEWHERE = """
`eval.yaml` has a task for each language, which inspect_ai runs: `inspect eval hf/ORG/NAME/fi --model
MODEL`. A grader then says whether an answer agrees with the reference. That share is not the win
rate of XL-AlpacaEval and must not be reported as such.
"""
OWN_TASK = "xl_alpacaeval_own"
"""The task of lm-evaluation-harness for a benchmark of one's own."""

_TASKS = {
    "xl": "xl_alpacaeval",
    "m": "m_alpacaeval",
    "en": "xl_alpacaeval",
    "mini": "xl_alpacaeval_mini",
    "context": "xl_context",
}


def export(benchmark: Benchmark, output: Path) -> Mapping[str, Written]:
    """Write the Hub folder `output` whole or not at all; returns rows and bytes by language.

    Raises UserError where `output` holds anything that this package did not write.
    """
    by_language: dict[str, list[Row]] = {}
    for row in benchmark.rows:
        by_language.setdefault(row.response_language, []).append(row)
    columns = features()
    with hub_folder.replaced(output) as folder:
        written = {
            code: parquet.write(map(asdict, rows), columns.arrow_schema, folder / code, split=SPLIT)
            for code, rows in by_language.items()
        }
        replace_file(folder / hub_folder.CARD, _card(benchmark, output.resolve().name, written, columns))
        if runnable(benchmark):
            about = texts(benchmark.name)
            replace_file(folder / hub_folder.EVAL, eval_yaml(about["title"], about["what"], list(written), SPLIT))
        hub_folder.verified(folder)
    return written


def runnable(benchmark: Benchmark) -> bool:
    """Whether every row has a reference, so that others can grade with eval.yaml."""
    return all(row.reference for row in benchmark.rows)


def features() -> "datasets.Features":
    """The columns of a benchmark's files: the fields of `Row`, all text."""
    from datasets import Features, Value

    return Features({field.name: Value("string") for field in fields(Row)})


def _card(benchmark: Benchmark, name: str, written: Mapping[str, Written], columns: "datasets.Features") -> str:
    found = texts(benchmark.name)
    asked_in = {row.instruction_language for row in benchmark.rows}
    about = front_matter.About(
        pretty_name=found["title"],
        license=found["license"],
        languages=sorted({*written, *asked_in} - {own_benchmark.UNKNOWN}),
        tags=(front_matter.TAG, "benchmark", "cross-lingual", "multilingual", "llm-as-a-judge"),
    )
    table = "\n".join(
        (
            "| configuration | answers in | rows |",
            "|---|---|---|",
            *(
                f"| `{code}` | {card_text.cell(languages.get(code).name)} | {written[code].rows:,} |"
                for code in written
            ),
        )
    )
    body = card_text.body(
        "benchmark",
        {
            "title": about.pretty_name,
            "what": found["what"],
            "name": card_text.quoted(name),
            "example": next(iter(written)),
            "table": table,
            "benchmark": benchmark.name,
            "tasks": _TASKS.get(benchmark.name, OWN_TASK),
            "references": card_text.cell(benchmark.references),
            "elsewhere": ELSEWHERE if runnable(benchmark) else "",
            "bibtex": card_text.BIBTEX,
            "version": package_version(),
            "revision": benchmark.revision,
        },
    )
    return front_matter.front_matter(about, written, dict.fromkeys(written, columns), SPLIT) + body
