"""A ranking as tables on the terminal."""

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric.leaderboard import formats
from xl_alpacaeval_metric.leaderboard.places import Ranking
from xl_alpacaeval_metric.report import cells


def show_ranking(ranking: Ranking, console: Console) -> None:
    """Print a table for each figure over all languages, and one for each language; then notes.

    Long names are continued on a second line.
    """
    for figure, code, places in formats.parts(ranking):
        where = cells.language(code) if code else "all languages"
        table = cells.table(escape(f"\n{formats.title(figure)}, {where}"))
        table.add_column("rank", justify="right", no_wrap=True)
        table.add_column("model", overflow="fold", ratio=1)
        for column in ("%" if figure in formats.TITLES else "level", "95% interval", "ranks"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("group", overflow="fold", max_width=12)
        table.add_column("n", justify="right", no_wrap=True)
        for place in places:
            table.add_row(*map(escape, formats.cells(place, figure)))
        console.print(table)
    for line in formats.legend(ranking):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
