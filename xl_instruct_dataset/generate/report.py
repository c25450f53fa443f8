"""What a person reads at the end of a job: what came of the passages, and ten rows."""

import random
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.files import parquet
from xl_alpacaeval_metric.files.jsonl import replace_file
from xl_alpacaeval_metric.files.parquet import Written
from xl_alpacaeval_metric.hub import card_text
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.estimate import Line
from xl_instruct_dataset.generate.job import Outcome
from xl_instruct_dataset.generate.selection.export import cautions

SHOWN = 10


def lines(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """(stage, language, reason, count) of everything that was kept or dropped, in the order of the stages."""
    tally = outcome.tally
    order = {"seeds": 0, "instruct": 1, "answer": 2, "score": 3, "choose": 4, "translate": 5, "select": 6, "filter": 7}
    found = [("seeds", "", reason, str(count)) for reason, count in outcome.unused.most_common()]
    dropped = sorted(tally.dropped.items(), key=lambda item: (order.get(item[0][0], 9), -item[1]))
    found += [(stage, language, reason, str(count)) for (stage, reason, language), count in dropped]
    return found


def remarks(settings: Settings, outcome: Outcome) -> list[str]:
    """What a reader must know of the figures, a line each."""
    looked_at = ", ".join(outcome.tally.benchmarks) or "no benchmark"
    found = [f"overlap was looked for with: {looked_at}", *outcome.tally.not_looked_at, *cautions(settings)]
    if count := outcome.tally.fallen_back:
        found.append(f"the judge could not choose {count} times; chrF did")
    return found


def show(settings: Settings, outcome: Outcome, console: Console) -> None:
    """Print rows by language, drops by reason, and what was asked."""
    tally = outcome.tally
    table = Table(title="rows by language", title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    for column in ("language", "passages", "rows", "dropped"):
        table.add_column(column, justify="left" if column == "language" else "right")
    general = sum(count for (_, _, language), count in tally.dropped.items() if not language)
    for target in settings.targets:
        here = sum(count for (_, _, language), count in tally.dropped.items() if language == target)
        name = f"{languages.get(target).name} ({target})"
        table.add_row(escape(name), str(tally.passages), str(tally.rows[target]), str(general + here))
    console.print(table)
    drops = Table(title="dropped", title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    for column in ("stage", "language", "reason", "count"):
        drops.add_column(column, justify="right" if column == "count" else "left", overflow="fold")
    for line in lines(outcome):
        drops.add_row(*map(escape, line))
    if drops.row_count:
        console.print(drops)
    for remark in remarks(settings, outcome):
        console.print(remark, markup=False, highlight=False, soft_wrap=True)
    for stage, language, used in usage(outcome):
        text = f"{used['requests']} requests, {used['prompt_tokens']} + {used['completion_tokens']} tokens"
        console.print(f"{f'  {language}' if language else stage}: {text}", markup=False, highlight=False)


def usage(outcome: Outcome) -> list[tuple[str, str, Counter[str]]]:
    """(stage, language, what was asked): each stage, and below it the languages of which it was asked for one alone."""
    found = []
    for stage, used in outcome.tally.usage.items():
        found.append((stage, "", used))
        found += [
            (stage, language, part) for (of, language), part in outcome.tally.usage_by_language.items() if of == stage
        ]
    return found


def write(settings: Settings, outcome: Outcome, output: Path) -> Path:
    """Write `report.md` into the work folder: the figures, and ten random rows to read; returns the file."""
    tally = outcome.tally
    parts = [f"# What came of {tally.passages} passages\n"]
    parts += ["| language | rows |", "|---|---|"]
    parts += [f"| {card_text.cell(languages.get(t).name)} (`{t}`) | {tally.rows[t]} |" for t in settings.targets]
    parts += ["\n## Dropped\n", "| stage | language | reason | count |", "|---|---|---|---|"]
    parts += ["| " + " | ".join(card_text.cell(cell) for cell in line) + " |" for line in lines(outcome)]
    parts += ["", *(f"- {card_text.cell(line)}" for line in remarks(settings, outcome))]
    parts += [
        "\n## Requests\n",
        "| stage | language | requests | prompt tokens | completion tokens |",
        "|---|---|---|---|---|",
    ]
    parts += [
        f"| {stage} | {language or 'all'} | {used['requests']} | {used['prompt_tokens']} | {used['completion_tokens']} |"
        for stage, language, used in usage(outcome)
    ]
    parts.append("\n## Ten rows\n")
    for row in _random_rows(output, outcome.written, settings.seed):
        parts.append(f"### {card_text.cell(row['id'])}\n")
        parts += [_quoted(row["instruction"]), "", _quoted(row["response"]), ""]
    file = outcome.work / "report.md"
    replace_file(file, "\n".join(parts) + "\n")
    return file


def _random_rows(output: Path, written: Mapping[str, Written], seed: int) -> list[dict[str, Any]]:
    """SHOWN of all rows, each with the same chance."""
    total = sum(made.rows for made in written.values())
    places = random.Random(seed).sample(range(total), min(SHOWN, total))
    found, start = [], 0
    for pair, made in written.items():
        found += parquet.rows_at(output / pair, [place - start for place in places])
        start += made.rows
    return found


def show_estimate(estimated: list[Line], passages: int, rate: float | None, console: Console) -> None:
    """Print requests and tokens by stage and, with a rate in tokens a second, hours."""
    table = Table(
        title=f"for {passages} passages, none dropped", title_justify="left", box=SIMPLE_HEAD, show_edge=False
    )
    for column in ("stage", "model", "requests", "prompt tokens", "completion tokens", *(("hours",) if rate else ())):
        table.add_column(column, justify="left" if column in ("stage", "model") else "right", overflow="fold")
    total = Line("all", "", *(sum(getattr(line, part) for line in estimated) for part in _PARTS))
    for line in [*estimated, total]:
        hours = (f"{line.completion_tokens / rate / 3600:.2f}",) if rate else ()
        table.add_row(line.stage, escape(line.model), *(f"{getattr(line, part):,}" for part in _PARTS), *hours)
    console.print(table)


_PARTS = ("requests", "prompt_tokens", "completion_tokens")


def _quoted(text: str) -> str:
    """Text that a model wrote, as a code block: nothing in it becomes markup."""
    fence = "~" * max(3, *(len(run) + 1 for run in re.findall("~+", text)), 0)
    return f"{fence}text\n{text}\n{fence}"
