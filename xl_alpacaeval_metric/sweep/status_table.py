"""How far a sweep is, as a table on the terminal."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric.report import cells, fitting
from xl_alpacaeval_metric.sweep.status import COMPLETE, Line
from xl_alpacaeval_metric.terminal import counted


def show_status(lines: Sequence[Line], output: Path, console: Console) -> bool:
    """Print a line for each run and each task that judges; returns whether all are complete."""
    table = cells.table("")
    fitting.add_names(table, "run")
    fitting.add_figures(table, "answers")
    fitting.add_names(table, "state", "")
    for line in lines:
        table.add_row(*map(escape, (line.name, line.answered, line.state, line.note)))
    fitting.print_table(table, console)
    runs = [line for line in lines if line.answered]
    counts = Counter(line.state for line in runs)
    many = ", ".join(f"{count} {state}" for state, count in counts.items())
    files = sorted(file.name for form in ("md", "html") for file in output.glob(f"*.{form}"))
    cells.print_lines([f"{counted(len(runs), 'run')} in {output}: {many}"], console)
    if files:
        cells.print_lines([f"rankings and pages there: {', '.join(files)}"], console)
    return counts[COMPLETE] == len(runs)
