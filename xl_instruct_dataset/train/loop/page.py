"""The page of result: what the fine-tuning changed, in sentences, tables and answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric.hub import card_text
from xl_alpacaeval_metric.report import cells, fitting
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.train.loop.changes import FIGURES, Change

COLUMNS = ("before", "after", "difference", "95% interval", "p", "Holm p", "n")


@dataclass(frozen=True, slots=True)
class Answers:
    """A prompt of a benchmark with the answers of the base model and of the tuned one."""

    id: str
    language: str
    instruction: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Page:
    """The content of the page; `benchmarks` maps a name to the signature of its evaluation."""

    model: str
    data: str
    tuned: str
    benchmarks: Mapping[str, str]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    answers: tuple[Answers, ...]
    training: tuple[str, ...]
    commands: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The contents of result.json."""
        content = asdict(self)
        for change, plain in zip(self.changes, content["changes"], strict=True):
            plain["ci95"] = None if change.ci95 is None else list(change.ci95)
        return content


def sentences(changes: Iterable[Change]) -> list[str]:
    """What the overall figures say, one sentence each, and no more than the p-values allow."""
    found = []
    for change in changes:
        if change.language != "all":
            continue
        name = f"{change.benchmark}: the {FIGURES[change.figure]}"
        if change.no_judge:
            found.append(f"{name} is not shown: the check of the judge found that it is none.")
            continue
        if change.difference is None or change.ci95 is None:
            found.append(
                f"{name} cannot be compared: {counted(change.n, 'item has', 'items have')} it before and after."
            )
            continue
        interval = cells.interval(change.ci95, "+.1f")
        moved = f"({change.before:.1f}% to {change.after:.1f}%, 95% interval {interval}, {counted(change.n, 'answer')})"
        if change.significant:
            verb = "rose" if change.difference > 0 else "fell"
            found.append(f"{name} {verb} by {abs(change.difference):.1f} points {moved}.")
        else:
            found.append(f"{name} did not move by more than chance could: {change.difference:+.1f} points {moved}.")
    return found


def markdown(page: Page) -> str:
    """The page as Markdown."""
    parts = [
        f"# {card_text.cell(page.model)} before and after training on {card_text.cell(page.data)}",
        "",
        *(f"- {line}" for line in sentences(page.changes)),
        "",
        "Before and after are over the items that have the figure in both; intervals are over prompts.",
    ]
    for (benchmark, figure), some in _tables(page.changes).items():
        parts += ["", f"## {benchmark}: {FIGURES[figure]}, %", "", f"| language | {' | '.join(COLUMNS)} |"]
        parts += [f"|---|{'---:|' * len(COLUMNS)}"]
        parts += [f"| {_name(change.language)} | {' | '.join(_row(change))} |" for change in some]
    if page.notes:
        parts += ["", "## Notes", "", *(f"- {card_text.cell(line)}" for line in page.notes)]
    parts += ["", "## Training", "", *(f"- {card_text.cell(line)}" for line in page.training)]
    if page.answers:
        parts += ["", "## Answers"]
    for one in page.answers:
        parts += ["", f"**{one.id}, {_name(one.language)}**", "", _quoted(one.instruction)]
        parts += ["", "Before:", "", _quoted(one.before), "", "After:", "", _quoted(one.after)]
    parts += ["", "## Command", "", "```", *page.commands, "```", ""]
    parts += [f"- {name}: `{signature}`" for name, signature in page.benchmarks.items()]
    return "\n".join(parts) + "\n"


def show(page: Page, console: Console) -> None:
    """Print the sentences and the tables."""
    for (benchmark, figure), some in _tables(page.changes).items():
        table = cells.table(escape(f"{benchmark}: {FIGURES[figure]} %"))
        fitting.add_names(table, "language")
        fitting.add_figures(table, *COLUMNS)
        for change in some:
            table.add_row(escape(_name(change.language)), *_row(change))
        fitting.print_table(table, console)
        console.print()
    for line in (*sentences(page.changes), *page.notes):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _tables(changes: Sequence[Change]) -> dict[tuple[str, str], list[Change]]:
    """The rows of each table; the row of all languages comes last."""
    found: dict[tuple[str, str], list[Change]] = {}
    for change in sorted(changes, key=lambda change: change.language == "all"):
        found.setdefault((change.benchmark, change.figure), []).append(change)
    order = list(dict.fromkeys((change.benchmark, change.figure) for change in changes))
    return {key: found[key] for key in order}


def _row(change: Change) -> tuple[str, ...]:
    if change.no_judge:
        return ("no judge", "no judge", "-", "-", "-", "-", str(change.n))
    return (
        cells.figure(change.before),
        cells.figure(change.after),
        cells.figure(change.difference, "+.1f"),
        cells.interval(change.ci95, "+.1f"),
        cells.p_value(change.p_value),
        cells.p_value(change.p_value_holm),
        cells.number(change.n, change.n_missing),
    )


def _name(code: str) -> str:
    return "all" if code == "all" else cells.language(code)


def _quoted(text: str) -> str:
    """The text as indented code in a Markdown quotation, which nothing in it can end."""
    lines = text.strip().splitlines() or ["(empty)"]
    return "\n".join(f">     {line}" for line in lines)
