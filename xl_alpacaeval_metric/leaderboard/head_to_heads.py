"""Rank models that were compared with each other, by their Bradley-Terry strengths."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xl_alpacaeval_metric.leaderboard.entries import WIN_RATE, ItemTable
from xl_alpacaeval_metric.leaderboard.matching import Matched
from xl_alpacaeval_metric.leaderboard.places import FigureRanking, Place, pairs_of, places_of
from xl_alpacaeval_metric.ranking import bradley_terry
from xl_alpacaeval_metric.ranking.bradley_terry import Strengths
from xl_alpacaeval_metric.stats.clusters import Codes
from xl_alpacaeval_metric.terminal import counted

Verdicts = list[tuple[int, int, float, str, str]]
"""Candidate, reference, preference, prompt and language of each verdict."""


def ranked(matched: Matched, items: ItemTable, seed: int) -> tuple[FigureRanking, list[str]]:
    """The ranking by win rate, and lines about how it came about.

    A model's value is its mean probability of being preferred to each of the other models. A
    language whose verdicts do not link all models has no ranking of its own, which is said. Raises
    UserError as `bradley_terry.fit` does.
    """
    met = matched.head_to_heads
    assert met is not None
    keys = items.keys
    verdicts: Verdicts = []
    missing = np.zeros(len(met.names), dtype=np.intp)
    for entry, candidate, reference in zip(matched.entries, met.candidate, met.reference, strict=True):
        for number, value in entry.figures[WIN_RATE].items():
            if number in matched.changed:
                continue
            identifier, code = keys[number]
            prompt = matched.prompts.get(number, identifier)
            if np.isnan(value):
                missing[[candidate, reference]] += 1
            else:
                verdicts.append((candidate, reference, value, prompt, code))
    notes = [
        f"the runs have no common reference: Bradley-Terry strengths of {len(met.names)} models from "
        f"{counted(len(matched.entries), 'head-to-head')}; a win rate is against the mean of the other models"
    ]
    languages = list(dict.fromkeys(code for *_, code in verdicts))
    overall = _fit(verdicts, met.names, seed)
    if overall.ties_added:
        notes.append("a model won or lost everything: one tie was added to each pair that met")
    by_language: dict[str, Sequence[Place]] = {}
    for code in sorted(languages) if len(languages) > 1 else ():
        part = [verdict for verdict in verdicts if verdict[4] == code]
        if _links(part, len(met.names)):
            found = _fit(part, met.names, seed)
            # Bonferroni over the languages, so that all their rank sets hold together.
            tests = replace(found.tests, p_adjusted=np.minimum(1.0, len(languages) * found.tests.p_adjusted))
            by_language[code] = _places(replace(found, tests=tests), met.names, np.zeros_like(missing))
        else:
            notes.append(f"{code}: no ranking, since its verdicts do not link all models")
    ranking = FigureRanking(
        method="Bradley-Terry",
        overall=_places(overall, met.names, missing),
        by_language=by_language,
        pairs=pairs_of(met.names, overall.tests, 1.0),
        n_items=len({(prompt, code) for *_, prompt, code in verdicts}),
        n_prompts=len({verdict[3] for verdict in verdicts}),
    )
    return ranking, notes


def _fit(verdicts: Verdicts, names: Sequence[str], seed: int) -> Strengths:
    first, second, values, prompts, languages = (list(column) for column in zip(*verdicts, strict=True))
    return bradley_terry.fit(first, second, values, prompts, languages, names=names, seed=seed)


def _links(verdicts: Verdicts, models: int) -> bool:
    group = list(range(models))
    for one, other, *_ in verdicts:
        group = [group[one] if known == group[other] else known for known in group]
    return len(set(group)) == 1


def _places(found: Strengths, names: Sequence[str], missing: Codes) -> list[Place]:
    return places_of(names, found.win_rate, found.ci95, found.n, missing, found.tests)
