"""A ranking as Markdown, CSV, LaTeX and JSON."""

import csv
import io
import json
from collections.abc import Iterator, Sequence

from xl_alpacaeval_metric.leaderboard.places import Place, Ranking

FORMATS = ("table", "md", "csv", "tex", "json")
TITLES = {
    "win_rate": "win rate %",
    "win_rate_in_language": "win rate in the language %",
    "line_pass_rate": "line pass rate %",
    "fidelity": "fidelity %",
    "switch_rate": "switch rate %",
}
_COLUMNS = ("rank", "model", "{figure}", "95% interval", "ranks", "group", "n")
_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    character: f"\\{character}" for character in "&%$#_{}"
}


def text(ranking: Ranking, form: str) -> str:
    """The ranking in one of FORMATS other than "table", which is for the terminal."""
    if form == "json":
        return json.dumps(ranking.as_dict(), ensure_ascii=False, indent=2, allow_nan=False)
    return {"csv": _csv, "md": _markdown, "tex": _latex}[form](ranking)


def title(figure: str) -> str:
    """A figure's name and unit."""
    return TITLES.get(figure, f"{figure} (1 to 5)")


def parts(ranking: Ranking) -> Iterator[tuple[str, str, Sequence[Place]]]:
    """Figure, language (empty: over all) and places of every table in the ranking."""
    for figure, found in ranking.figures.items():
        yield figure, "", found.overall
        for code, places in found.by_language.items():
            yield figure, code, places


def cells(place: Place, figure: str) -> tuple[str, ...]:
    """One row: rank, value, interval, rank set, group and number of items; the name is second."""
    form = ".1f" if figure in TITLES else ".2f"
    value = "-" if place.value is None else format(place.value, form)
    bounds = "-" if place.ci95 is None else f"{place.ci95[0]:{form}} to {place.ci95[1]:{form}}"
    ranks = str(place.rank_low) if place.rank_low == place.rank_high else f"{place.rank_low} to {place.rank_high}"
    return str(place.rank), place.name, value, bounds, ranks, place.groups, str(place.n)


def legend(ranking: Ranking) -> list[str]:
    """What the columns mean, and what was left out."""
    lines = [
        "ranks: those that the model may truly have, all together with 95% confidence; models that share a letter "
        "are not told apart (step-down max-T over prompts, 5%)"
    ]
    for figure, found in ranking.figures.items():
        lines.append(f"{figure}: {found.n_items} items of {found.n_prompts} prompts, {found.method}")
        missing = sum(place.n_missing for place in found.overall)
        if missing:
            lines.append(f"{figure}: {missing} values are missing")
    return [*lines, *ranking.notes, *([ranking.setting] if ranking.setting else [])]


def _csv(ranking: Ranking) -> str:
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    columns = ("value", "ci95_low", "ci95_high", "rank_low", "rank_high", "groups", "n", "n_missing")
    rows.writerow(("figure", "language", "rank", "model", *columns))
    for figure, code, places in parts(ranking):
        for place in places:
            low, high = place.ci95 or ("", "")
            value = "" if place.value is None else place.value
            sets = (place.rank_low, place.rank_high, place.groups, place.n, place.n_missing)
            rows.writerow((figure, code or "all", place.rank, place.name, value, low, high, *sets))
    return file.getvalue().rstrip("\n")


def _markdown(ranking: Ranking) -> str:
    lines: list[str] = []
    for figure, code, places in parts(ranking):
        columns = [column.format(figure=title(figure)) for column in _COLUMNS]
        lines += [f"**{title(figure)}, {code or 'all languages'}**", "", f"| {' | '.join(columns)} |"]
        lines.append("|" + "|".join("---" if k in (1, 5) else "---:" for k in range(len(columns))) + "|")
        for place in places:
            row = [_one_line(cell).replace("\\", "\\\\").replace("|", "\\|") for cell in cells(place, figure)]
            lines.append(f"| {' | '.join(row)} |")
        lines.append("")
    return "\n".join([*lines, *(f"- {_one_line(line)}" for line in legend(ranking))])


def _latex(ranking: Ranking) -> str:
    lines: list[str] = [f"% {_one_line(line)}" for line in legend(ranking)]
    for figure, code, places in parts(ranking):
        columns = [_tex(column.format(figure=title(figure))) for column in _COLUMNS]
        lines += [f"% {title(figure)}, {code or 'all languages'}; needs \\usepackage{{booktabs}}"]
        lines += [r"\begin{tabular}{rlrrrlr}", r"\toprule", " & ".join(columns) + r" \\", r"\midrule"]
        for place in places:
            row = [_tex(_one_line(cell)) for cell in cells(place, figure)]
            row[3] = row[3].replace(" to ", "--")
            row[4] = row[4].replace(" to ", "--")
            lines.append(" & ".join(row) + r" \\")
        lines += [r"\bottomrule", r"\end{tabular}", ""]
    return "\n".join(lines).rstrip("\n")


def _tex(value: str) -> str:
    return "".join(_TEX.get(character, character) for character in value)


def _one_line(value: str) -> str:
    return " ".join(value.split())
