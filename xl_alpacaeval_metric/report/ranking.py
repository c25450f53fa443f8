"""A ranking as tables on the terminal."""

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric.leaderboard import formats
from xl_alpacaeval_metric.leaderboard.places import Ranking
from xl_alpacaeval_metric.report import cells, fitting


def show_ranking(ranking: Ranking, console: Console) -> None:
    """Print a table for each figure over all languages, and one for each language; then notes.

    Long names are continued on a second line.
    """
    for figure, code, places in formats.parts(ranking):
        where = cells.language(code) if code else "all languages"
        table = cells.table(escape(f"\n{formats.title(figure)}, {where}"))
        fitting.add_figures(table, "rank")
        fitting.add_names(table, "model")
        fitting.add_figures(table, "%" if figure in formats.TITLES else "level", "95% interval", "ranks")
        table.add_column("group", overflow="fold", max_width=12)
        fitting.add_figures(table, "n")
        for place in places:
            table.add_row(*map(escape, formats.cells(place, figure)))
        fitting.print_table(table, console)
    for line in formats.legend(ranking):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
