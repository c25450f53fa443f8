"""A ranking as Markdown, CSV, LaTeX and JSON."""

import csv
import io
import json
from collections.abc import Iterator, Sequence

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.text_tables import TextTable, latex, markdown
from xl_alpacaeval_metric.leaderboard.places import Place, Ranking
from xl_alpacaeval_metric.terminal import counted

FORMATS = ("table", "md", "csv", "tex", "json")
TITLES = {
    "win_rate": "win rate %",
    "win_rate_in_language": "win rate in the language %",
    "line_pass_rate": "line pass rate %",
    "fidelity": "fidelity %",
    "switch_rate": "switch rate %",
    "correct_rate": "correct answers %",
}
WHY_NONE = dict.fromkeys(
    ("line_pass_rate", "fidelity", "switch_rate"), ": the answer is empty or too short to tell its language"
)
"""Why an item may have no value, where that is no missing verdict."""
_COLUMNS = ("rank", "model", "{figure}", "95% interval", "ranks", "group", "n")


def check(form: str) -> None:
    """Raises UserError for a format that there is not."""
    if form not in FORMATS:
        raise UserError(f"--format {form!r} is not one of {', '.join(FORMATS)}")


def tell_apart(names: Sequence[str]) -> bool:
    """Whether each of the runs has a name, and no two have the same."""
    return len(names) > 0 and all(names) and len(set(names)) == len(names)


def text(ranking: Ranking, form: str) -> str:
    """The ranking in one of FORMATS other than "table", which is for the terminal."""
    if form == "json":
        return json.dumps(ranking.as_dict(), ensure_ascii=False, indent=2, allow_nan=False)
    if form == "csv":
        return _csv(ranking)
    return {"md": markdown, "tex": latex}[form](_tables(ranking), legend(ranking))


def title(figure: str) -> str:
    """A figure's name and unit."""
    return TITLES.get(figure, f"{figure} (1 to 5)")


def name(figure: str) -> str:
    """A figure's name alone."""
    return title(figure).removesuffix(" %").removesuffix(" (1 to 5)")


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
    return str(place.rank), place.name, value, bounds, ranks(place), place.groups, str(place.n)


def ranks(place: Place) -> str:
    """The ranks that a model may truly have."""
    low, high = place.rank_low, place.rank_high
    return str(low) if low == high else f"{low} to {high}"


def legend(ranking: Ranking) -> list[str]:
    """What the columns mean, and what was left out."""
    lines = [
        "ranks: those that the model may truly have, all together with 95% confidence; models that share a letter "
        "are not told apart (step-down max-T over prompts, 5%)"
    ]
    for figure, found in ranking.figures.items():
        lines.append(
            f"{name(figure)}: {counted(found.n_items, 'item')} of {counted(found.n_prompts, 'prompt')}, {found.method}"
        )
        missing = sum(place.n_missing for place in found.overall)
        if missing:
            of = sum(place.n for place in found.overall) + missing
            lines.append(f"{name(figure)}: {missing} of {counted(of, 'value')} missing{WHY_NONE.get(figure, '')}")
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


def _tables(ranking: Ranking) -> list[TextTable]:
    return [
        TextTable(
            f"{title(figure)}, {code or 'all languages'}",
            [column.format(figure=title(figure)) for column in _COLUMNS],
            [cells(place, figure) for place in places],
            left=frozenset({1, 5}),
        )
        for figure, code, places in parts(ranking)
    ]
