"""Comparisons of runs as tables on the terminal."""

from rich.console import Console
from rich.markup import escape

from xl_alpacaeval_metric.leaderboard import contrast_formats, formats
from xl_alpacaeval_metric.leaderboard.contrasts import RunsComparison
from xl_alpacaeval_metric.report import cells, fitting
from xl_alpacaeval_metric.runs.contrast import Contrast, RunComparison
from xl_alpacaeval_metric.terminal import counted

LONGEST_NAME = 24
"""Characters of a model's name, up to which rows of pairs have the names: the figures need room."""


def show_comparison(found: RunComparison, console: Console, figure: str = "win_rate") -> None:
    """Print one row per language and one for all, then what was left out."""
    cells.print_lines([formats.title(figure)], console)
    for side, name, model in (("A", found.a, found.model_a), ("B", found.b, found.model_b)):
        cells.print_lines([f"{side}: {model} ({name})" if model else f"{side}: {name}"], console)
    rows = [(cells.language(code), _contrast_cells(part)) for code, part in found.by_language.items()]
    cells.print_by_language(
        ("A %", "B %", "A - B", "95% interval", "p", "Holm p", "n"), rows, _contrast_cells(found.overall), console
    )
    notes = [
        f"{counted(found.overall.n, 'item')} of {counted(found.overall.n_prompts, 'prompt')}; p: sign-flip test, "
        "Holm p: corrected for "
        f"{counted(sum(part.p_value is not None for part in found.by_language.values()), 'language')}; "
        "interval: the same test's"
    ]
    for side, by_language in (("A", found.answered_in_a), ("B", found.answered_in_b)):
        notes += [f"{side}: {line}" for line in cells.answered_in(by_language)]
    for side, by_language in (("A", found.thought_in_a), ("B", found.thought_in_b)):
        notes += [f"{side}: {line}" for line in cells.answered_in(by_language, "thought")]
    cells.print_lines([*notes, *contrast_formats.left_out(found, "A", "B")], console)


def show_comparisons(found: RunsComparison, console: Console, figure: str = "win_rate") -> None:
    """Print every pair of several runs over all languages and in each, then what was left out."""
    short = contrast_formats.labels(found, LONGEST_NAME)
    cells.print_lines([formats.title(figure)], console)
    cells.print_lines(contrast_formats.key(found, short), console)
    codes = list(dict.fromkeys(code for pair in found.pairs for code in pair.by_language))
    for code in (*codes, "") if len(codes) > 1 else ("",):
        table = cells.table(f"\n{escape(cells.language(code)) if code else 'all languages'}")
        fitting.add_names(table, "pair")
        fitting.add_figures(table, "first %", "second %", "difference", "95% interval", "p", "max-T p", "n")
        for pair in found.pairs:
            part = pair.by_language.get(code) if code else pair.overall
            if part is not None:
                row = list(_contrast_cells(part))
                row[5] = cells.p_value(part.p_value_adjusted)
                table.add_row(escape(f"{short[pair.a]} - {short[pair.b]}"), *row)
        fitting.print_table(table, console)
    notes = [
        f"p: sign-flip test of one pair; max-T p: corrected for all "
        f"{counted(len(found.pairs), 'pair')} (step-down max-T)"
        + (f", by language for all pairs in all {len(codes)} languages" if len(codes) > 1 else "")
    ]
    for pair in found.pairs:
        first, second = short[pair.a], short[pair.b]
        notes += [f"{first} - {second}: {line}" for line in contrast_formats.left_out(pair, first, second)]
    cells.print_lines(notes, console)


def _contrast_cells(part: Contrast) -> tuple[str, ...]:
    return (
        cells.figure(part.win_rate_a),
        cells.figure(part.win_rate_b),
        cells.figure(part.difference, "+.1f"),
        cells.interval(part.difference_ci95, "+.1f"),
        cells.p_value(part.p_value),
        cells.p_value(part.p_value_holm),
        str(part.n),
    )
