"""What runs will take, as a table on the terminal, with what it rests on."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric.planning.costs import Cost
from xl_alpacaeval_metric.planning.steps import Step
from xl_alpacaeval_metric.report import cells, fitting


def show(steps: Sequence[Step], costs: Sequence[Cost], currency: str, notes: Sequence[str], console: Console) -> None:
    """Print a row for each step and model, the sums, and the notes."""
    shown = cells.table()
    fitting.add_names(shown, "step", "model")
    priced = any(cost.money is not None for cost in costs)
    hours = ["GPU h"] if any(cost.gpu_hours for cost in costs) else []
    people = ["people h"] if any(cost.people_hours for cost in costs) else []
    fitting.add_figures(shown, "requests", "tokens in", "tokens out", *([currency] if priced else []), *hours, *people)
    rows = [_cells(step, cost, priced, bool(hours), bool(people)) for step, cost in zip(steps, costs, strict=True)]
    for step, row in zip(steps, rows, strict=True):
        shown.add_row(step.step, escape(step.model), *row)
    if len(steps) > 1:
        shown.add_section()
        whole = Step("", "", *(sum(getattr(one, name) for one in steps) for name in _NUMBERS))
        total = Cost(**{name: _sum(costs, name) for name in ("money", "most", "gpu_hours", "people_hours")})
        shown.add_row("all", "", *_cells(whole, total, priced, bool(hours), bool(people)))
    fitting.print_table(shown, console)
    cells.print_lines(notes, console)


_NUMBERS = ("requests", "prompt_tokens", "completion_tokens")


def _cells(step: Step, cost: Cost, priced: bool, hours: bool, people: bool) -> list[str]:
    found = [f"{step.requests:,}", _many(step.prompt_tokens), _many(step.completion_tokens)]
    if priced:
        found.append(
            "< 0.01" if cost.money is not None and 0 < cost.money < 0.005 else cells.figure(cost.money, ",.2f")
        )
    if hours:
        found.append(_hours(cost.gpu_hours))
    return [*found, _hours(cost.people_hours)] if people else found


def _hours(value: float | None) -> str:
    """Hours with one digit after the point or, below one hour, two digits that are not zeros."""
    if value is None or value >= 1:
        return cells.figure(value, ",.1f")
    return "< 0.001" if 0 < value < 0.001 else f"{value:.2g}"


def _many(number: int) -> str:
    """A number of tokens in millions, or as it is where that is less than ten thousand."""
    if not number:
        return "-"
    return f"{number / 1e6:,.2f} M" if number >= 10_000 else f"{number:,}"


def _sum(costs: Sequence[Cost], name: str) -> float | None:
    found = [getattr(cost, name) for cost in costs if getattr(cost, name) is not None]
    return sum(found) if found else None
