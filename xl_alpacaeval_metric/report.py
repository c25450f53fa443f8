"""What a person reads: tables on the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.records import Fidelity, Result, Scores


def show(result: Result, title: str, console: Console) -> None:
    """Print one row a language and one for all, then what is missing, and the signature."""
    judged = "judge:none" not in result.signature
    table = Table(title=escape(title), title_justify="left")
    table.add_column("language", no_wrap=True)
    columns = (["win rate", "95% interval", "length-controlled", "win/tie/loss"] if judged else []) + [
        "in language",
        "scored",
        "length",
    ]
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for code, scores in result.by_language.items():
        table.add_row(escape(f"{languages.get(code).name} ({code})"), *_cells(scores, judged))
    if len(result.by_language) > 1:
        table.add_section()
        table.add_row("all", *_cells(result.overall, judged))
    console.print(table)
    for line in notes(result, judged):
        console.print(line, markup=False, highlight=False)
    console.print(result.signature, markup=False, highlight=False, style="dim", soft_wrap=True)


def show_fidelity(found: Fidelity, title: str, console: Console) -> None:
    """Print language fidelity, one row a language and one for all."""
    table = Table(title=escape(title), title_justify="left")
    table.add_column("language", no_wrap=True)
    for column in ("line pass rate", "word pass rate", "scored", "texts"):
        table.add_column(column, justify="right", no_wrap=True)
    rows = [(f"{languages.get(code).name} ({code})", part) for code, part in found.by_language.items()]
    for name, part in [*rows, ("all", found)] if len(rows) > 1 else rows:
        rates = (part.line_pass_rate, part.word_pass_rate, part.coverage)
        table.add_row(escape(name), *map(_percent, rates), str(part.n))
    console.print(table)
    for code in found.unsupported:
        console.print(f"{code}: the language identifier does not know it; not scored", markup=False, highlight=False)


def notes(result: Result, judged: bool) -> list[str]:
    """The lines under the table: everything a reader must know before using the number."""
    overall = result.overall
    lines = []
    if judged:
        usage = result.usage
        lines.append(
            f"{overall.n} of {overall.n + overall.n_missing} judged; {usage.requests} requests, {usage.cached} from the cache, "
            f"{usage.retries} repeated, {usage.prompt_tokens} + {usage.completion_tokens} tokens, {usage.seconds:.1f} s"
        )
    if overall.position_consistency is not None:
        lines.append(f"{overall.position_consistency:.0f}% of the items have the same winner in both orders")
    if overall.n_empty:
        lines.append(f"{overall.n_empty} of {overall.n_items} answers are empty")
    lines += [f"missing {count}x: {_one_line(reason)}" for reason, count in result.missing_reasons.items()]
    return lines


def _cells(scores: Scores, judged: bool) -> list[str]:
    cells = []
    if judged:
        low_high = scores.win_rate_ci95
        cells = [
            _percent(scores.win_rate, scores.win_rate_stderr),
            "-" if low_high is None else f"{low_high[0]:.1f} to {low_high[1]:.1f}",
            _percent(scores.lc_win_rate, scores.lc_win_rate_stderr),
            f"{scores.wins}/{scores.ties}/{scores.losses}",
        ]
    length = "-" if scores.avg_length is None else f"{scores.avg_length:.0f}"
    reference = f" : {scores.avg_reference_length:.0f}" if scores.avg_reference_length else ""
    return [*cells, _percent(scores.line_pass_rate), _percent(scores.coverage), length + reference]


def _percent(value: float | None, error: float | None = None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}%" if error is None else f"{value:.1f}% ± {error:.1f}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:160]
