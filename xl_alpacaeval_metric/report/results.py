"""The results of a run as tables on the terminal."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xl_alpacaeval_metric.languages import evidence
from xl_alpacaeval_metric.records.looks import Stopping
from xl_alpacaeval_metric.records.result import CriterionScore, Effect, Fidelity, Result, Scores
from xl_alpacaeval_metric.report import cells, fitting
from xl_alpacaeval_metric.report.judge_check import summary_line
from xl_alpacaeval_metric.report.panel import judges_table
from xl_alpacaeval_metric.stats import factor_effects
from xl_alpacaeval_metric.terminal import counted, counted_of
from xl_alpacaeval_metric.thinking import Thinking

# Short, so that a table fits 80 columns; docs/understand/statistics.md defines them.
JUDGED_COLUMNS = ("win rate %", "95% interval", "1st %")
_NAMED = 5
"""Reasons for missing verdicts that are printed, at most."""
LANGUAGE_COLUMNS = ("in lang %", "scored", "length", "n")


def show(result: Result, title: str, console: Console) -> None:
    """Print one row per language and one for all, then what is missing, and the signature."""
    judged = "judge:none" not in result.signature
    table = cells.table(escape(title))
    fitting.add_names(table, "language")
    fitting.add_figures(table, *(JUDGED_COLUMNS if judged else ()), *LANGUAGE_COLUMNS)
    for code, scores in result.by_language.items():
        table.add_row(escape(cells.language(code)), *_cells(scores, judged))
    if len(result.by_language) > 1:
        table.add_section()
        table.add_row("all", *_cells(result.overall, judged))
    fitting.print_table(table, console)
    if result.panel:
        fitting.print_table(judges_table(result.panel), console)
    if result.by_design:
        fitting.print_table(_design_table(result, judged), console)
    if result.overall.criteria:
        fitting.print_table(_criteria_table(result), console)
    for line in notes(result, judged):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(result.signature, markup=False, highlight=False, style="dim", soft_wrap=True)


def show_fidelity(found: Fidelity, title: str, console: Console) -> None:
    """Print language fidelity, one row per language and one for all."""
    table = cells.table(escape(title))
    fitting.add_names(table, "language")
    fitting.add_figures(table, "line pass %", "word pass %", "fidelity %", "switched %", "scored %", "texts")
    rows = [(cells.language(code), part) for code, part in found.by_language.items()]
    for name, part in [*rows, ("all", found)] if len(rows) > 1 else rows:
        rates = (part.line_pass_rate, part.word_pass_rate, part.fidelity, part.switch_rate, part.coverage)
        table.add_row(escape(name), *map(cells.figure, rates), str(part.n))
    fitting.print_table(table, console)
    lines = cells.answered_in({code: part.answered_in for code, part in found.by_language.items()})
    lines += [f"{code}: the language identifier does not know it; not scored" for code in found.unsupported]
    lines += [f"warning: {line}" for line in evidence.warnings(found.by_language)]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def notes(result: Result, judged: bool) -> list[str]:
    """The lines under the table: what a reader must know before using the figures."""
    overall = result.overall
    lines = []
    if judged:
        usage = result.usage
        uncounted = usage.requests and not usage.prompt_tokens + usage.completion_tokens
        tokens = "tokens not counted" if uncounted else f"{usage.prompt_tokens} + {usage.completion_tokens} tokens"
        lines.append(
            f"{overall.n} of {overall.n + overall.n_missing} judged: {overall.wins} won, {overall.ties} tied, "
            f"{overall.losses} lost; {counted(usage.requests, 'request')}, {usage.cached} cached, "
            f"{usage.retries} retried, {tokens}, {usage.seconds:.1f} s"
        )
    if judged and overall.judge_check is not None:
        lines.append(summary_line(overall.judge_check))
    lines += _looks(result.stopping, overall.n_items)
    if overall.fidelity is not None:
        line = f"{overall.fidelity:.1f}% of the text is in the language asked for"
        if overall.switch_rate:
            line += f"; {overall.switch_rate:.1f}% of the answers switch to another inside"
        if overall.win_rate_in_language is not None and overall.win_rate is not None and not _no_judge(overall):
            line += f"; win rate with answers in another language lost: {overall.win_rate_in_language:.1f}%"
        lines.append(line)
    lines += cells.answered_in({code: scores.answered_in for code, scores in result.by_language.items()})
    if judged:
        lines += [*_position(overall), *_missing(overall), *_length_controlled(result)]
    if overall.criteria:
        rated = next(iter(overall.criteria.values()))
        lines.append(f"{rated.n} of {counted(rated.n + rated.n_missing, 'answer')} rated by criteria")
    if overall.thinking:
        lines.append(_thinking_line(overall.thinking, overall.n_items))
        thoughts = {
            code: scores.thinking.languages
            for code, scores in result.by_language.items()
            if scores.thinking and scores.thinking.languages
        }
        lines += cells.answered_in(thoughts, "thought") if len(result.by_language) > 1 else []
    if overall.correct_rate is not None:
        lines.append(_correct_line(result))
    lines += _reasons(result.missing_reasons)
    lines += [f"warning: {line}" for line in result.warnings]
    return lines


def _reasons(found: Mapping[str, int]) -> list[str]:
    """Why verdicts and ratings are missing, the commonest reasons by name."""
    reasons = [*found.items()]
    lines = [f"missing {count}x: {_one_line(reason)}" for reason, count in reasons[:_NAMED]]
    others = sum(count for _, count in reasons[_NAMED:])
    return [*lines, f"missing {others}x: other reasons (missing_reasons in results.json)"] if others else lines


def _looks(stopping: Stopping | None, n_items: int) -> list[str]:
    """How judging went in looks; nothing where it did not."""
    if stopping is None:
        return []
    last = stopping.looks[-1]
    bounds = f"95% interval {cells.interval(last.ci95, '+.1f' if stopping.decision else '.1f')}"
    seen = f"{stopping.decision}: {cells.figure(last.value, '+.1f')} points, {bounds}" if stopping.decision else bounds
    end = "stopped early" if stopping.stopped_early else "all was judged"
    line = f"judged in looks ({stopping.rule}): {end} after look {len(stopping.looks)}; {seen}"
    left = counted_of(stopping.n_not_judged, n_items, "item", "was", "were")
    return [line, f"{left} not judged"] if stopping.stopped_early else [line]


def _position(overall: Scores) -> list[str]:
    """How far the verdicts depend on the place of an answer; empty without both orders."""
    if overall.position_consistency is None:
        return []
    line = f"{overall.position_consistency:.0f}% of the items have the same winner in both orders"
    if overall.position_consistency_above_chance is not None:
        line += f", {overall.position_consistency_above_chance:+z.0f} points against chance"
    if overall.position_lean is not None and overall.position_gap is not None:
        line += f"; a candidate gets {overall.position_lean:+z.1f} points for being first ({overall.position_gap:.1f} either way)"
    return [line]


def _missing(overall: Scores) -> list[str]:
    """What the missing verdicts could make of the win rate; empty where none is missing."""
    if not overall.n_missing or overall.win_rate_bounds is None or _no_judge(overall):
        return []
    low, high = overall.win_rate_bounds
    return [f"the win rate would be {low:.1f} if all missing verdicts were losses, and {high:.1f} if they were wins"]


def _length_controlled(result: Result) -> list[str]:
    """The length-controlled win rates, or why there are none."""
    rows = [*result.by_language.items(), *([("all", result.overall)] if len(result.by_language) > 1 else [])]
    found = [
        f"{code} {scores.lc_win_rate:.1f}"
        + ("" if scores.lc_win_rate_stderr is None else f" ± {scores.lc_win_rate_stderr:.1f}")
        for code, scores in rows
        if scores.lc_win_rate is not None and not _no_judge(scores)
    ]
    if found:
        return [f"length-controlled win rate %: {', '.join(found)}"]
    return [f"no length-controlled win rate: {result.overall.lc_reason}"] if result.overall.lc_reason else []


def _correct_line(result: Result) -> str:
    """The share of right answers to closed questions, by language."""
    overall = result.overall
    codes = {code: one.correct_rate for code, one in result.by_language.items() if one.correct_rate is not None}
    by_language = f" ({', '.join(f'{code} {rate:.0f}%' for code, rate in codes.items())})" if len(codes) > 1 else ""
    return (
        f"correct: {overall.correct_rate:.1f}% of {counted(overall.n_checkable, 'answer')} to closed questions, by "
        f"the facts expected{by_language}"
    )


def _thinking_line(thinking: Thinking, n_items: int) -> str:
    parts = [f"{counted_of(thinking.n, n_items, 'answer', 'comes', 'come')} with a thought"]
    if thinking.avg_tokens is not None:
        parts.append(f"{thinking.avg_tokens:.0f} tokens on average")
    names = [
        f"{'unknown' if code == 'und' else cells.language(code)} {share:.0f}%"
        for code, share in list(thinking.languages.items())[:4]
    ]
    return ", ".join(parts) + (f"; language of the thoughts: {', '.join(names)}" if names else "")


def _design_table(result: Result, judged: bool) -> Table:
    """One row per design, with its difference from the baseline and the 95% interval."""
    table = cells.table("\nby design: what is in another language, against all in one")
    fitting.add_names(table, "different")
    fitting.add_figures(table, *(("win rate %", "difference") if judged else ()), "in lang %", "difference", "n")
    for design, scores in result.by_design.items():
        effects = result.effects.get(design, {})
        row = [cells.figure(scores.win_rate), _effect(effects.get("win_rate"))] if judged else []
        row += [cells.figure(scores.line_pass_rate), _effect(effects.get("line_pass_rate")), str(scores.n_items)]
        table.add_row(escape("nothing" if design == factor_effects.BASELINE else design), *row)
    return table


def _effect(effect: Effect | None) -> str:
    if effect is None:
        return "-"
    return cells.with_interval(effect.difference, "+.1f", cells.interval(effect.ci95, "+.0f"))


def _level(level: CriterionScore) -> str:
    return cells.with_interval(level.mean, ".2f", cells.interval(level.ci95, ".1f", between="-"))


def _criteria_table(result: Result) -> Table:
    """The mean level on each criterion with its interval, one row per language and one for all."""
    table = cells.table("\nmean levels, 1 to 5 (95% interval)", gap=0)
    fitting.add_names(table, "language")
    for name in result.overall.criteria or {}:
        table.add_column(escape(name), justify="right", overflow="fold")
    rows = [(cells.language(code), scores) for code, scores in result.by_language.items()]
    for name, scores in [*rows, ("all", result.overall)] if len(rows) > 1 else rows:
        table.add_row(escape(name), *map(_level, (scores.criteria or {}).values()))
    return table


def _cells(scores: Scores, judged: bool) -> list[str]:
    found = []
    if judged:
        if _no_judge(scores):
            found = ["no judge", "-", cells.figure(scores.first_position_rate, ".0f")]
        else:
            error = " one order" if scores.one_order else f" ± {cells.figure(scores.win_rate_stderr)}"
            found = [
                cells.figure(scores.win_rate) + (error if scores.win_rate_stderr is not None else ""),
                cells.interval(scores.win_rate_ci95),
                cells.figure(scores.first_position_rate, ".0f"),
            ]
    length = "-"
    if scores.avg_length is not None:
        length = f"{scores.avg_length:.0f}"
        if judged and scores.avg_reference_length:
            length = f"{scores.avg_length / scores.avg_reference_length:.2f} x"
    return [*found, cells.figure(scores.line_pass_rate), cells.figure(scores.coverage), length, str(scores.n_items)]


def _no_judge(scores: Scores) -> bool:
    """Whether the judge is none, so that no number of it is shown."""
    return scores.judge_check is not None and scores.judge_check.verdict == "no judge"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:160]
