"""Rank many runs: by win rate, by language fidelity, by each criterion."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import evidence
from xl_alpacaeval_metric.leaderboard import (
    answer_figures,
    answer_files,
    formats,
    harness_logs,
    head_to_heads,
    matching,
)
from xl_alpacaeval_metric.leaderboard import entries as reading
from xl_alpacaeval_metric.leaderboard.entries import WIN_RATE, Entry, ItemTable
from xl_alpacaeval_metric.leaderboard.matching import Matched
from xl_alpacaeval_metric.leaderboard.places import FigureRanking, Place, Ranking, pairs_of, places_of
from xl_alpacaeval_metric.machine import shareable
from xl_alpacaeval_metric.ranking import pairs
from xl_alpacaeval_metric.runs import finished
from xl_alpacaeval_metric.runs.compare import CORRECT_RATE, JUDGED
from xl_alpacaeval_metric.stats.clusters import Codes, as_clusters
from xl_alpacaeval_metric.stats.intervals import mean_interval
from xl_alpacaeval_metric.stats.lean import without_lean
from xl_alpacaeval_metric.stats.missing import Floats
from xl_alpacaeval_metric.stats.strata import Strata
from xl_alpacaeval_metric.terminal import counted

_LEVELS = (1.0, 5.0)
_SHARES = frozenset((WIN_RATE, answer_figures.WIN_RATE_IN_LANGUAGE, *answer_figures.FIGURES))
"""Figures in 0..1; the others are levels of criteria."""
Runs = Sequence[str | Path] | Mapping[str, str | Path]


def rank(runs: Runs, *, figures: Sequence[str] | None = None, seed: int = 0) -> Ranking:
    """Rank two or more runs of one judge on the items that all of them have.

    `runs`: run folders of eval or judge, output folders of lm-evaluation-harness (--log_samples),
    or names and their folders. `figures`: win_rate, win_rate_in_language, line_pass_rate,
    fidelity, switch_rate (the lowest first), correct_rate (of the closed questions) and names of
    criteria; by default those that all runs have at hand, of language the line pass rate alone.
    Every figure over several languages is the mean of the languages'. Pairs are tested by step-down
    max-T over sign flips that all pairs share (`ranking.pairs`), rank sets and groups follow from
    the pairs told apart at 5%: all of them hold together, and so do those by language. Where the
    runs' references are other runs' answers, the ranking is of Bradley-Terry strengths
    (`leaderboard.head_to_heads`).

    Raises UserError for fewer than two runs, a folder that is no finished run, the same run twice,
    runs that were judged in different settings, and runs that share no item.
    """
    items = ItemTable()
    found = _read(runs, items, figures)
    names = _names(found, runs)
    matched = matching.match(found, names, items)
    wanted = figures or [
        name for name in dict.fromkeys(f for one in found for f in one.figures) if _in_all(name, found)
    ]
    if not wanted:
        raise UserError(f"{found[0].name} and {found[1].name} have no figure in common; one was made without a judge")
    notes = []
    if CORRECT_RATE in wanted and (other := matching.other_facts(matched, items)):
        a, b, differing = other
        if figures or len(wanted) == 1:
            finished.refuse(a, b, [differing])
        wanted = [name for name in wanted if name != CORRECT_RATE]
        notes.append(f"{formats.name(CORRECT_RATE)}: left out, since {a} and {b} differ in {differing}")
    notes += finished.warnings([one.setting for one in found if WIN_RATE in one.figures])
    notes += [f"{one.name}: {line}" for one in found for line in one.notes]
    notes += finished.empty_answers((one.name, one.setting.n_empty, one.setting.n_answers) for one in found)
    notes += [*dict.fromkeys(why for one in found for why in one.left_out.values())][:1]
    if matched.changed:
        notes.append(
            f"left out: {counted(len(matched.changed), 'item')} whose instruction is another in different runs"
        )
    rankings = {}
    for name in wanted:
        if name == WIN_RATE and matched.head_to_heads is not None:
            rankings[name], more = head_to_heads.ranked(matched, items, seed)
        else:
            rankings[name], more = _ranked(name, matched, names, items, seed)
        notes += more
    return Ranking(
        rankings, [*dict.fromkeys(notes)], _setting(found), dict(zip(names, (one.name for one in found), strict=True))
    )


def _read(runs: Runs, items: ItemTable, figures: Sequence[str] | None) -> list[Entry]:
    folders = [
        Path(one)
        for one in (runs.values() if isinstance(runs, Mapping) else [runs] if isinstance(runs, str | Path) else runs)
    ]
    twice = [folder for folder, count in Counter(folder.resolve() for folder in folders).items() if count > 1]
    if twice:
        raise UserError(f"{twice[0]}: is given twice; give each run once")
    found: list[Entry] = []
    for folder in folders:
        if harness_logs.is_log(folder):
            found += harness_logs.read_logs(folder, items, figures)
        elif folder.is_file():
            found.append(answer_files.read_file(folder, items, figures))
        else:
            found.append(reading.read_run(folder, items, figures, reading.TEXTS // max(1, len(folders))))
    if len(found) < 2:
        raise UserError(f"a ranking needs two runs or more; {len(found)} given")
    return found


def _names(found: Sequence[Entry], runs: Runs) -> list[str]:
    """The given names; else those of models if they tell the runs apart; else the ends of paths."""
    if isinstance(runs, Mapping) and len(runs) == len(found):
        return [str(name) for name in runs]
    models = [one.model for one in found]
    return models if formats.tell_apart(models) else shareable.places([one.folder for one in found])


def _in_all(name: str, found: Sequence[Entry]) -> bool:
    return all(name in one.figures for one in found) and any(
        value == value for one in found for value in one.figures[name].values()
    )


def _setting(found: Sequence[Entry]) -> str:
    parts = found[0].setting.parts
    return "|".join(f"{key}:{parts[key]}" for key in ("judge", "prompt", "order", "seed") if key in parts)


def _ranked(
    name: str, matched: Matched, names: Sequence[str], items: ItemTable, seed: int
) -> tuple[FigureRanking, list[str]]:
    """The ranking by one figure against common references, and what was left out."""
    entries, keys = matched.entries, items.keys
    kept = sorted(set.intersection(*(set(one.figures[name]) for one in entries)) - matched.changed)
    if not kept:
        common = set.intersection(*({keys[number][1] for number in one.figures[name]} for one in entries))
        apart = "" if common else "; no language is in all of them"
        raise UserError(f"the {len(entries)} runs share no item with a {name}{apart}")
    notes = []
    for one in entries:
        if more := len(one.figures[name].keys() - set(kept) - matched.changed):
            notes.append(
                f"{formats.name(name)}: left out {counted(more, 'item')} of {one.name} that another run does not have"
            )
    if len(notes) > 3:
        kept_in_all = counted(len(kept), "is", "are")
        notes = [
            f"{formats.name(name)}: left out items of {len(notes)} runs that another run does not have; {kept_in_all} in all"
        ]
    if name in (*answer_figures.LANGUAGE, answer_figures.WIN_RATE_IN_LANGUAGE):
        notes += evidence.warnings(sorted({keys[number][1] for number in kept}))
    values = np.stack([one.array(name, len(items.numbers))[kept] for one in entries])
    lower_is_better = name == answer_figures.SWITCH_RATE
    if lower_is_better:
        values = 1 - values
    prompts = [matched.prompts.get(number, keys[number][0]) for number in kept]
    languages = [keys[number][1] for number in kept]
    orders = [one.orders_of(kept) if name in JUDGED else b"" for one in entries]
    clusters, groups = as_clusters(prompts), as_clusters(languages)
    tested = np.stack(
        [
            without_lean(row, clusters, groups, as_clusters(of)) if len(set(of)) > 1 else row
            for row, of in zip(values, orders, strict=True)
        ]
    )
    overall, by_language = pairs.all_pairs(tested, clusters, languages, seed=seed)
    bounds, unit = ((0.0, 1.0), 100.0) if name in _SHARES else (_LEVELS, 1.0)
    codes = np.array(languages)
    of_share = _turned if lower_is_better else list[Place]
    return (
        FigureRanking(
            method="no reference" if name in answer_figures.FIGURES else "common reference",
            overall=of_share(places_of(names, *_figures(values, bounds, unit, prompts, languages, orders), overall)),
            by_language={
                str(code): of_share(
                    places_of(
                        names,
                        *_figures(
                            values[:, codes == code],
                            bounds,
                            unit,
                            [prompt for prompt, other in zip(prompts, languages, strict=True) if other == code],
                            None,
                            [bytes(np.frombuffer(of, np.uint8)[codes == code]) if of else b"" for of in orders],
                        ),
                        tests,
                    )
                )
                for code, tests in sorted(by_language.items(), key=str)
            },
            pairs=pairs_of(names, overall, unit),
            n_items=len(kept),
            n_prompts=len(set(prompts)),
        ),
        notes,
    )


def _turned(places: Sequence[Place]) -> list[Place]:
    """The places of a share that was ranked by what it leaves of 100%."""
    return [
        replace(
            place,
            value=None if place.value is None else 100 - place.value,
            ci95=None if place.ci95 is None else (100 - place.ci95[1], 100 - place.ci95[0]),
        )
        for place in places
    ]


def _figures(
    values: Floats,
    bounds: tuple[float, float],
    unit: float,
    prompts: Sequence[str],
    languages: Sequence[str] | None,
    orders: Sequence[bytes],
) -> tuple[Floats, Floats, Codes, Codes]:
    """Each model's value and interval in the figure's unit, and its items with and without it."""
    clusters, codes = as_clusters(prompts), None if languages is None else as_clusters(languages)
    halves = [as_clusters(of) if len(set(of)) > 1 else None for of in orders]
    means = np.array([Strata.of(row, clusters, codes, of).mean for row, of in zip(values, halves, strict=True)])
    intervals = np.array(
        [mean_interval(row, clusters, codes, orders=of, bounds=bounds) for row, of in zip(values, halves, strict=True)]
    )
    missing = np.isnan(values).sum(axis=1)
    return unit * means, unit * intervals, values.shape[1] - missing, missing
