"""Two runs on the items they share: the difference of a figure, interval and p-value."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import aggregate
from xl_alpacaeval_metric.languages import evidence
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey
from xl_alpacaeval_metric.runs import finished, opened, verdicts
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.contrast import Contrast, RunComparison
from xl_alpacaeval_metric.runs.opened import harness
from xl_alpacaeval_metric.signature import parse
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.differences import holm, paired_difference
from xl_alpacaeval_metric.stats.missing import as_preferences, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.strata import Strata
from xl_alpacaeval_metric.terminal import counted

WIN_RATE = "win_rate"
CORRECT_RATE = "correct_rate"
JUDGED = (WIN_RATE, "win_rate_in_language")
"""Figures that a judge has a part in."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its items, the preference on each (None where missing), and its setting.

    `figure` names what `preferences` are: one of `JUDGED`, or another share such as line_pass_rate.
    `answered_in` and `thought_in` are the language that each answer and each thought is in, where
    that was read, `orders` the orders they were judged in, `model` the name of the model, empty
    where it is not known. `notes` say what was done to the answers when they were read.
    """

    setting: finished.Setting
    items: Mapping[ItemKey, Comparison]
    preferences: Mapping[ItemKey, float | None]
    figure: str = WIN_RATE
    answered_in: Mapping[ItemKey, str] = field(default_factory=dict)
    thought_in: Mapping[ItemKey, str] = field(default_factory=dict)
    orders: Mapping[ItemKey, str] = field(default_factory=dict)
    model: str = ""
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The run's folder, or its file."""
        return self.setting.name

    @property
    def signature(self) -> str:
        """The whole line."""
        return self.setting.signature

    @property
    def judge(self) -> Mapping[str, object]:
        """The judge's identity from run.json."""
        return self.setting.judge


def load(folder: Path) -> Run:
    """Read a run folder, or an output folder of the harness.

    Raises UserError where it is neither, is not finished, or has no verdicts.
    """
    if folder.is_file() or harness.is_log(folder):
        found = opened.read(folder, languages=False).with_verdicts()
        return Run(
            setting=replace(found.setting, name=found.name),
            items={item.key: item.comparison for item in found.items},
            preferences={item.key: item.preference for item in found.items},
            orders={item.key: aggregate.order_of(item.verdicts) for item in found.items},
            model=found.model,
            notes=found.notes,
        )
    setting = finished.read(folder)
    items = {item.key: item for item in run_folder.read_samples(folder / run_folder.SAMPLES)}
    judged = verdicts.read(folder)
    return Run(
        setting=setting,
        items=items,
        preferences={key: aggregate.preference_of(found) for key, found in judged.items()},
        orders={key: aggregate.order_of(found) for key, found in judged.items()},
        model=opened.model_in(folder, setting.settings),
    )


def _languages(a: Run, b: Run) -> str:
    """The languages of runs that have none in common."""
    codes = [dict.fromkeys(code for _, code in one.items) for one in (a, b)]
    return "" if codes[0].keys() & codes[1].keys() else f"; languages {' against '.join(map(', '.join, codes))}"


def compare(a: Run, b: Run) -> RunComparison:
    """The difference of two runs on the items they share (the same id, language and instruction).

    Raises UserError where the runs differ in the judge, its prompt, the order of the answers or a
    reference (the message names the part), and where they share no item or no verdict.
    """
    judged = a.figure in JUDGED
    if judged:
        finished.refuse(a.name, b.name, [*finished.differing(a.setting, b.setting)])
    both = [key for key in a.items if key in b.items]
    shared = [key for key in both if a.items[key].instruction == b.items[key].instruction]
    if not shared:
        changed = f"; {counted(len(both), 'has', 'have')} the same id and language, and another instruction"
        raise UserError(f"{a.name} and {b.name} share no item{changed if both else _languages(a, b)}")
    if judged:
        finished.refuse(a.name, b.name, [*_differing_references(a, b, shared)])
    if a.figure == CORRECT_RATE:
        finished.refuse(a.name, b.name, [*_differing_texts("expected", a, b, shared)])
    overall = _contrast(a, b, shared)
    if not overall.n:
        raise UserError(
            f"{a.name} and {b.name}: no item has a {'verdict' if judged else a.figure} in both ({len(shared)} shared)"
        )
    by_language = {
        code: _contrast(a, b, [key for key in shared if key[1] == code])
        for code in dict.fromkeys(code for _, code in shared)
    }
    tested = holm([math.nan if part.p_value is None else part.p_value for part in by_language.values()])
    return RunComparison(
        a=a.name,
        b=b.name,
        overall=overall,
        by_language={
            code: replace(part, p_value_holm=none_if_nan(p))
            for (code, part), p in zip(by_language.items(), tested, strict=True)
        },
        only_a=dict(Counter(code for _, code in a.items.keys() - b.items.keys())),
        only_b=dict(Counter(code for _, code in b.items.keys() - a.items.keys())),
        n_changed=len(both) - len(shared),
        caveats=tuple(_caveats(a, b, overall)),
        signature_a=a.signature,
        signature_b=b.signature,
        figure=a.figure,
        answered_in_a=_shares(a.answered_in, shared),
        answered_in_b=_shares(b.answered_in, shared),
        thought_in_a=_shares(a.thought_in, shared),
        thought_in_b=_shares(b.thought_in, shared),
        model_a=a.model,
        model_b=b.model,
    )


def _shares(languages: Mapping[ItemKey, str], keys: Sequence[ItemKey]) -> dict[str, dict[str, float]]:
    """Language asked for -> percentage of the texts by the language that they are in."""
    counted: dict[str, Counter[str]] = {}
    for key in keys:
        if key in languages:
            counted.setdefault(key[1], Counter())[languages[key]] += 1
    return {
        asked: {code: 100 * count / found.total() for code, count in found.most_common()}
        for asked, found in counted.items()
    }


def _contrast(a: Run, b: Run, keys: Sequence[ItemKey]) -> Contrast:
    first, second = (as_preferences([run.preferences.get(key) for key in keys]) for run in (a, b))
    prompts, languages = Clusters.by_prompt(a.items[key] for key in keys), [code for _, code in keys]
    orders = orders_of(a, b, keys) if a.figure in JUDGED else None
    found = paired_difference(first, second, prompts, languages, orders=orders)
    # x + (y - y) is x, and missing where y is.
    rates = [Strata.of(x + (y - y), prompts, languages, orders).mean for x, y in ((first, second), (second, first))]
    return Contrast(
        win_rate_a=none_if_nan(100 * rates[0]),
        win_rate_b=none_if_nan(100 * rates[1]),
        difference=none_if_nan(found.value),
        difference_ci95=none_if_undefined(found.ci95),
        p_value=none_if_nan(found.p_value),
        p_value_holm=None,
        n=found.n,
        n_prompts=found.clusters,
        n_missing=found.n_missing,
    )


def orders_of(a: Run, b: Run, keys: Sequence[ItemKey]) -> list[tuple[str | None, str | None]]:
    """The orders that the two runs' answers to each item were judged in."""
    return [(a.orders.get(key), b.orders.get(key)) for key in keys]


def _differing_references(a: Run, b: Run, shared: Sequence[ItemKey]) -> Iterator[str]:
    differing = [*_differing_texts("reference", a, b, shared)]
    yield from differing
    if not differing and len(shared) == len(a.items) == len(b.items):
        mine, theirs = (parse(run.signature).get("reference", "").rpartition("@")[2] for run in (a, b))
        # A log of the harness has no hash over all tasks; its texts were compared above.
        if mine and theirs and mine != theirs:
            yield f"reference ({mine} against {theirs} in the signature)"


def _differing_texts(column: str, a: Run, b: Run, shared: Sequence[ItemKey]) -> Iterator[str]:
    others = [key for key in shared if getattr(a.items[key], column) != getattr(b.items[key], column)]
    if others:
        yield finished.in_items(column, others, len(shared))


def _caveats(a: Run, b: Run, overall: Contrast) -> Iterator[str]:
    mine, theirs = a.judge.get("endpoint"), b.judge.get("endpoint")
    if a.figure in JUDGED:
        yield from finished.warnings([a.setting, b.setting])
    yield from (f"{run.name}: {line}" for run in (a, b) for line in run.notes)
    yield from finished.empty_answers(
        (run.name, sum(not item.prediction.strip() for item in run.items.values()), len(run.items)) for run in (a, b)
    )
    if a.figure not in (WIN_RATE, CORRECT_RATE):
        identifiers = [parse(run.signature).get("lid", "") for run in (a, b)]
        if identifiers[0] != identifiers[1]:
            yield f"languages were identified by {identifiers[0] or '?'} and by {identifiers[1] or '?'}: other rates"
        yield from evidence.warnings(sorted({code for _, code in a.items.keys() & b.items.keys()}))
    if a.figure in JUDGED and mine and theirs and mine != theirs:  # A log of the harness does not say.
        yield f"the judge was asked at {mine} and at {theirs}: see that both serve the same model"
    if overall.n_prompts < 6:
        yield "with fewer than 6 prompts no difference can reach p < 0.05"
