"""The report of a job for people: what came of the passages, and ten rows."""

import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.files import parquet
from xl_alpacaeval_metric.files.jsonl import replace_file
from xl_alpacaeval_metric.files.parquet import Written
from xl_alpacaeval_metric.hub import card_text
from xl_alpacaeval_metric.languages import evidence
from xl_alpacaeval_metric.report import cells, fitting
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.generate.config import form_of_address
from xl_instruct_dataset.generate.documents import Usage
from xl_instruct_dataset.generate.estimate import StageEstimate
from xl_instruct_dataset.generate.selection.export import cautions, left_out
from xl_instruct_dataset.generate.selection.tally import Outcome

FILE = "report.md"
SHOWN = 10
STAGES = ("seeds", "instruct", "answer", "score", "choose", "translate", "select", "filter")
"""The stages that drop something, in their order."""


def drops(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """(stage, language, reason, count) of all that was dropped, in the order of the stages."""
    found = [("seeds", "", reason, str(count)) for reason, count in outcome.unused.most_common()]
    dropped = sorted(outcome.tally.dropped.items(), key=lambda item: (STAGES.index(item[0][0]), -item[1]))
    found += [(stage, language, reason, str(count)) for (stage, reason, language), count in dropped]
    return found


def remarks(outcome: Outcome) -> list[str]:
    """What a reader must know of the figures, a line each."""
    checked = ", ".join(outcome.tally.benchmarks) or "no benchmark"
    found = [f"checked for overlap with: {checked}", *outcome.tally.not_checked]
    wanted = outcome.job.settings.wanted_rows
    found += [
        f"{target}: {count} of {counted(wanted, 'row')} wanted; give more passages"
        for target, count in outcome.short.items()
    ]
    found += form_of_address.lines(outcome.job.settings.form_of_address)
    found += [
        f"{line}: of rows dropped as in the wrong language some may be right"
        for line in evidence.warnings(outcome.job.settings.targets)
    ]
    found += cautions(outcome.job.settings)
    found += left_out(outcome.job.settings, sum(outcome.tally.rows.values()))
    if count := outcome.tally.fallen_back:
        found.append(f"the judge could not select {counted(count, 'time')}; chrF did")
    return found


def show(outcome: Outcome, console: Console) -> None:
    """Print rows by language, drops by reason, and usage."""
    tally, targets = outcome.tally, outcome.job.settings.targets
    table = cells.table("rows by language", gap=2)
    fitting.add_names(table, "language")
    fitting.add_figures(table, "passages", "rows", "dropped")
    general = sum(count for (_, _, language), count in tally.dropped.items() if not language)
    for target in targets:
        here = sum(count for (_, _, language), count in tally.dropped.items() if language == target)
        name = f"{languages.get(target).name} ({target})"
        table.add_row(escape(name), str(tally.passages), str(tally.rows[target]), str(general + here))
    fitting.print_table(table, console)
    dropped = cells.table("dropped", gap=2)
    fitting.add_names(dropped, "stage", "language", "reason")
    fitting.add_figures(dropped, "count")
    for line in drops(outcome):
        dropped.add_row(*map(escape, line))
    if dropped.row_count:
        fitting.print_table(dropped, console)
    for remark in remarks(outcome):
        console.print(remark, markup=False, highlight=False, soft_wrap=True)
    for stage, language, used in usage(outcome):
        text = f"{counted(used.requests, 'request')}, {used.prompt_tokens} + {counted(used.completion_tokens, 'token')}"
        console.print(f"{f'  {language}' if language else stage}: {text}", markup=False, highlight=False)


def usage(outcome: Outcome) -> list[tuple[str, str, Usage]]:
    """(stage, language, usage): of each stage, then of its requests for one language alone."""
    found = []
    for stage, used in outcome.tally.usage_by_stage.items():
        found.append((stage, "", used))
        found += [(stage, key.language, part) for key, part in outcome.tally.usage_by_language if key.stage == stage]
    return found


def file(work: Path) -> Path:
    """Where the report of a job lies, by its work folder."""
    return work / FILE


def write(outcome: Outcome) -> None:
    """Write `report.md` into the work folder: the figures, and ten random rows to read."""
    tally, settings = outcome.tally, outcome.job.settings
    parts = [f"# What came of {counted(tally.passages, 'passage')}\n"]
    parts += ["| language | rows |", "|---|---|"]
    parts += [f"| {card_text.cell(languages.get(t).name)} (`{t}`) | {tally.rows[t]} |" for t in settings.targets]
    parts += ["\n## Dropped\n", "| stage | language | reason | count |", "|---|---|---|---|"]
    parts += ["| " + " | ".join(card_text.cell(cell) for cell in line) + " |" for line in drops(outcome)]
    parts += ["", *(f"- {card_text.cell(line)}" for line in remarks(outcome))]
    parts += [
        "\n## Requests\n",
        "| stage | language | requests | prompt tokens | completion tokens |",
        "|---|---|---|---|---|",
    ]
    parts += [
        f"| {stage} | {language or 'all'} | {used.requests} | {used.prompt_tokens} | {used.completion_tokens} |"
        for stage, language, used in usage(outcome)
    ]
    parts.append("\n## Ten rows\n")
    for row in _random_rows(outcome.job.output, outcome.written, settings.seed):
        parts.append(f"### {card_text.cell(row['id'])}\n")
        parts += [_quoted(row["instruction"]), "", _quoted(row["response"]), ""]
    replace_file(file(outcome.job.work), "\n".join(parts) + "\n")


def _random_rows(output: Path, written: Mapping[str, Written], seed: int) -> list[dict[str, Any]]:
    """SHOWN of all rows, each with the same chance."""
    total = sum(made.rows for made in written.values())
    places = random.Random(seed).sample(range(total), min(SHOWN, total))
    found, start = [], 0
    for pair, made in written.items():
        found += parquet.rows_at(output / pair, [place - start for place in places])
        start += made.rows
    return found


def show_estimate(estimated: list[StageEstimate], passages: int, rate: float | None, console: Console) -> None:
    """Print requests and tokens by stage and, with a rate in tokens a second, hours."""
    table = cells.table(f"for {counted(passages, 'passage')}, none dropped", gap=2)
    fitting.add_names(table, "stage", "model")
    fitting.add_figures(table, "requests", "prompt tokens", "completion tokens", *(("hours",) if rate else ()))
    total = StageEstimate("all", "", *(sum(getattr(line, part) for line in estimated) for part in _PARTS))
    for line in [*estimated, total]:
        hours = (f"{line.completion_tokens / rate / 3600:.2f}",) if rate else ()
        table.add_row(line.stage, escape(line.model), *(f"{getattr(line, part):,}" for part in _PARTS), *hours)
    fitting.print_table(table, console)


_PARTS = ("requests", "prompt_tokens", "completion_tokens")


def _quoted(text: str) -> str:
    """Text that a model wrote, as a code block: nothing in it becomes markup."""
    fence = "~" * max(3, *(len(run) + 1 for run in re.findall("~+", text)), 0)
    return f"{fence}text\n{text}\n{fence}"
