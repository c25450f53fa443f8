"""Comparisons of runs as Markdown, CSV, LaTeX and JSON."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields

from xl_alpacaeval_metric.files.text_tables import TextTable, latex, markdown
from xl_alpacaeval_metric.leaderboard import contrasts, formats
from xl_alpacaeval_metric.leaderboard.contrasts import RunsComparison
from xl_alpacaeval_metric.runs.compare import JUDGED
from xl_alpacaeval_metric.runs.contrast import Contrast, RunComparison
from xl_alpacaeval_metric.terminal import counted

COLUMNS = ("first %", "second %", "difference", "95% interval", "p", "n")
"""Of the tables for people: both rates, their difference with its interval, p-value and items."""


def text(found: RunsComparison, form: str, figure: str) -> str:
    """The comparison in one of `formats.FORMATS` other than "table", which is for the terminal."""
    if form == "json":
        only = found.pairs[0] if len(found.pairs) == 1 else found
        return json.dumps(only.as_dict(), ensure_ascii=False, indent=2, allow_nan=False)
    if form == "csv":
        return _csv(found, figure)
    return {"md": markdown, "tex": latex}[form](_tables(found, figure), _notes(found))


def cells(part: Contrast) -> tuple[str, ...]:
    """The figures under COLUMNS; "-" where there is none."""
    p = corrected_p(part)
    return (
        _number(part.win_rate_a, ".1f"),
        _number(part.win_rate_b, ".1f"),
        _number(part.difference, "+.1f"),
        "-" if part.difference_ci95 is None else "{:+.1f} to {:+.1f}".format(*part.difference_ci95),
        "< 0.001" if p is not None and p < 0.001 else _number(p, ".3f"),
        str(part.n),
    )


def corrected_p(part: Contrast) -> float | None:
    """The p-value corrected for all that is tested beside it."""
    return next((p for p in (part.p_value_adjusted, part.p_value_holm) if p is not None), part.p_value)


def labels(found: RunsComparison, most: int | None = None) -> Mapping[str, str]:
    """What rows call each run: its model where the models tell the runs apart, else a letter.

    Letters, too, where a model's name has more than `most` characters.
    """
    if formats.tell_apart(found.models) and (most is None or max(map(len, found.models)) <= most):
        return dict(zip(found.names, found.models, strict=True))
    return contrasts.letters(found.names)


def key(found: RunsComparison, short: Mapping[str, str]) -> list[str]:
    """A line for each run: its label in `short`, its model unless that is the label, its path."""
    models = found.models or [""] * len(found.names)
    return [
        f"{short[name]}: {name}" if model in ("", short[name]) else f"{short[name]}: {model} ({name})"
        for name, model in zip(found.names, models, strict=True)
    ]


def _tables(found: RunsComparison, figure: str) -> list[TextTable]:
    short = labels(found)
    tables = []
    for code in (*_codes(found), ""):
        rows = [
            (f"{short[pair.a]} - {short[pair.b]}", *cells(part))
            for pair in found.pairs
            if (part := pair.by_language.get(code) if code else pair.overall) is not None
        ]
        title = f"{formats.title(figure)}, {code or 'all languages'}"
        tables.append(TextTable(title, ("pair", *COLUMNS), rows, left=frozenset({0})))
    return tables if len(tables) > 2 else tables[-1:]


def _notes(found: RunsComparison) -> list[str]:
    short, many = labels(found), len(found.pairs) > 1
    corrected = "all pairs (step-down max-T)" if many else "the number of languages (Holm)"
    lines = [f"p: sign-flip test over prompts, corrected for {corrected}; the interval is the same test's"]
    for pair in found.pairs:
        first, second = short[pair.a], short[pair.b]
        lines += [f"{first} and {second}: {line}" if many else line for line in left_out(pair, first, second)]
    return [*key(found, short), *lines]


def left_out(found: RunComparison, first: str, second: str) -> Iterator[str]:
    """What a comparison leaves out, and its warnings."""
    if found.overall.n_missing:
        what = "verdict" if found.figure in JUDGED else formats.name(found.figure)
        why = formats.WHY_NONE.get(found.figure, "")
        number = counted(found.overall.n_missing, "shared item")
        yield f"left out: {number} without a {what} in one run or both{why}"
    if found.n_changed:
        yield f"left out: {counted(found.n_changed, 'item')} whose instruction is another in each run"
    for side, only in ((first, found.only_a), (second, found.only_b)):
        if only:
            counts = ", ".join(f"{code} {count}" for code, count in sorted(only.items()))
            yield f"left out: {counted(sum(only.values()), 'item')} that only {side} has ({counts})"
    yield from (f"warning: {line}" for line in found.caveats)


def _csv(found: RunsComparison, figure: str) -> str:
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    names = [field.name for field in fields(Contrast) if field.name != "difference_ci95"]
    rows.writerow(
        ("figure", "language", "a", "b", *names, "difference_ci95_low", "difference_ci95_high", "model_a", "model_b")
    )
    for pair in found.pairs:
        for code, part in (("all", pair.overall), *pair.by_language.items()):
            values = ["" if getattr(part, name) is None else getattr(part, name) for name in names]
            rows.writerow(
                (figure, code, pair.a, pair.b, *values, *(part.difference_ci95 or ("", "")), pair.model_a, pair.model_b)
            )
    return file.getvalue().rstrip("\n")


def _codes(found: RunsComparison) -> list[str]:
    return list(dict.fromkeys(code for pair in found.pairs for code in pair.by_language))


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
