"""The figures of items: of a language, of a design, of all together."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from xl_alpacaeval_metric import correctness
from xl_alpacaeval_metric.judge import rating
from xl_alpacaeval_metric.judge.aggregate import ItemScores, by_order, order_of, preferences_in_language
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.languages import composition, content_length, fidelity
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Rating
from xl_alpacaeval_metric.records.result import Effect, Scores, WinRate
from xl_alpacaeval_metric.stats import factor_effects, one_order
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.length_control import markdown_counts, overall_length_controlled_win_rate
from xl_alpacaeval_metric.stats.length_control.known_tastes import UNKNOWN_TASTE, LengthControl
from xl_alpacaeval_metric.stats.missing import as_preferences, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.position import Position, position
from xl_alpacaeval_metric.stats.strata import Strata, bounds_if_missing
from xl_alpacaeval_metric.stats.win_rates import win_rate
from xl_alpacaeval_metric.thinking import Thinking


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of any of the items; `ratings` has one for each, or is empty without a rubric.

    Items in `left_out` were not meant to be judged; they count in no figure that needs a judge.
    """

    items: Sequence[ItemScores]
    ratings: Sequence[Rating]
    rubric: Rubric | None
    judged: bool
    left_out: frozenset[ItemKey] = frozenset()
    length_control: LengthControl = UNKNOWN_TASTE

    def scores(self, indices: Sequence[int]) -> Scores:
        """The figures of the items at these indices taken together.

        Over several languages they are the means of the languages'.
        """
        scored = [self.items[i] for i in indices]
        items = [one.item for one in scored]
        prompts, codes = [item.cluster for item in items], [item.language for item in items]
        in_language = fidelity.rates([one.fidelity for one in scored], codes)
        preferences = as_preferences([one.preference for one in scored])
        orders = [order_of(one.verdicts) for one in scored]
        strata = Strata.of(preferences, prompts, codes, orders)
        open_ = one_order.unseen(preferences, codes, orders)
        interval = win_rate_interval(preferences, prompts, codes, orders=orders)
        # Without a judge no preference is missing: there are none.
        asked = np.array([self.judged and item.key not in self.left_out for item in items])
        rate = win_rate(preferences[asked])
        controlled, reason = self._length_controlled(scored)
        found = _position(scored)
        return Scores(
            win_rate=none_if_nan(100 * strata.mean),
            win_rate_stderr=none_if_nan(100 * hypot(strata.standard_error(), max(open_))),
            win_rate_ci95=none_if_undefined(one_order.widened(interval, *open_)),
            win_rate_bounds=bounds_if_missing(preferences, asked, prompts, codes),
            lc_win_rate=None if controlled is None else none_if_nan(controlled.value),
            lc_win_rate_stderr=None if controlled is None else none_if_nan(controlled.standard_error),
            lc_reason=reason,
            n=rate.n,
            n_missing=rate.n_missing,
            n_items=len(items),
            n_empty=sum(not item.prediction.strip() for item in items),
            wins=rate.wins,
            losses=rate.losses,
            ties=rate.ties,
            line_pass_rate=in_language.line_pass_rate,
            word_pass_rate=in_language.word_pass_rate,
            coverage=in_language.coverage,
            avg_length=_mean([len(item.prediction) for item in items], codes),
            avg_reference_length=none_if_nan(_mean([self._reference_length(item) for item in items], codes)),
            first_position_rate=found.first_rate,
            position_consistency=found.consistency,
            position_consistency_above_chance=found.above_chance,
            position_lean=found.lean,
            position_gap=found.gap,
            criteria=None
            if self.rubric is None
            else rating.summary([self.ratings[i] for i in indices], self.rubric, prompts, codes),
            thinking=thinking_of(items),
            fidelity=in_language.fidelity,
            switch_rate=in_language.switch_rate,
            answered_in=in_language.answered_in,
            win_rate_in_language=self._win_rate_in_language(scored, prompts, codes),
            correct_rate=correctness.rate([one.correct for one in scored], codes),
            n_checkable=sum(one.correct is not None for one in scored),
            verdicts_by_order=one_order.counts(preferences, orders),
            one_order=one_order.languages(preferences, codes, orders),
        )

    def _win_rate_in_language(
        self, scored: Sequence[ItemScores], prompts: Sequence[str], codes: Sequence[str]
    ) -> float | None:
        """The win rate with answers in another language counted as lost."""
        if not self.judged:
            return None
        preferences = as_preferences(preferences_in_language(scored))
        orders = [order_of(one.verdicts) for one in scored]
        return none_if_nan(100 * Strata.of(preferences, prompts, codes, orders).mean)

    def _reference_length(self, item: Comparison) -> float:
        """In characters; nan for an item that has no reference and was not to be judged."""
        return float("nan") if not item.reference and item.key in self.left_out else len(item.reference)

    def swamped(self) -> list[str]:
        """A warning about a judge whose lean to a position is all there is in its verdicts."""
        found = {}
        for code, indices in indices_of([one.item.language for one in self.items]).items():
            one = _position([self.items[i] for i in indices])
            if one.swamps:
                found[code] = one.first_rate
        if not found:
            return []
        rates = ", ".join(f"{rate:.0f}% in {code}" for code, rate in found.items())
        return [
            f"the judge gives the answer shown first {rates}, and hardly looks at anything else: "
            "its verdicts say where an answer stood, not how good it is"
        ]

    def one_order(self) -> dict[str, Mapping[str, int]]:
        """The languages whose verdicts are all of one order, with their number in each order."""
        found: dict[str, Mapping[str, int]] = {}
        for code, indices in indices_of([one.item.language for one in self.items]).items():
            preferences = as_preferences([self.items[i].preference for i in indices])
            orders = [order_of(self.items[i].verdicts) for i in indices]
            if one_order.languages(preferences, [code] * len(indices), orders):
                found[code] = one_order.counts(preferences, orders)
        return found

    def one_sided(self) -> list[str]:
        """A warning about languages whose verdicts are all of one order of the answers."""
        return one_order.warnings(self.one_order())

    def effects(self) -> dict[str, dict[str, Effect]]:
        """What each design changes in win rate, line pass rate and rate of correct answers."""
        values: dict[str, Callable[[ItemScores], float | None]] = {
            "win_rate": lambda one: one.preference,
            "line_pass_rate": lambda one: None if one.fidelity.line_pass is None else float(one.fidelity.line_pass),
            "correct_rate": lambda one: None if one.correct is None else float(one.correct),
        }
        designs = indices_of([one.item.design for one in self.items])
        return factor_effects.effects(
            {
                figure: {
                    design: {
                        (one.item.cluster, one.item.language): value(one) for one in map(self.items.__getitem__, some)
                    }
                    for design, some in designs.items()
                    if design
                }
                for figure, value in values.items()
            }
        )

    def _length_controlled(self, scored: Sequence[ItemScores]) -> tuple[WinRate | None, str | None]:
        """The length-controlled win rate, or why there is none."""
        known = [one for one in scored if one.preference is not None]
        if not known:
            return None, None if not self.judged else "no verdict"
        reason = self.length_control.reason(Counter(one.item.language for one in known))
        if reason is not None:
            return None, reason
        codes = [one.item.language for one in known]
        found = overall_length_controlled_win_rate(
            [one.preference for one in known],
            content_length.content_lengths([one.item.prediction for one in known], codes),
            content_length.content_lengths([one.item.reference for one in known], codes),
            codes,
            [one.item.cluster for one in known],
            orders=[order_of(one.verdicts) for one in known],
            tastes=None if self.length_control.assume_gpt4_taste else self.length_control.tastes,
            markdown=(
                markdown_counts([one.item.prediction for one in known]),
                markdown_counts([one.item.reference for one in known]),
            ),
            markdown_tastes=None if self.length_control.assume_gpt4_taste else self.length_control.markdown_tastes,
            of_same_content=True,
        )
        return found, None


def indices_of(labels: Sequence[str]) -> dict[str, list[int]]:
    """The indices of each label, in order of first appearance."""
    found: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        found.setdefault(label, []).append(index)
    return found


def _position(scored: Sequence[ItemScores]) -> Position:
    """The lean of the judge, or of the judges, to the answer shown first."""
    rows = [(pair, one.item) for one in scored for pair in by_order(one.verdicts)]
    return position([pair for pair, _ in rows], [item.cluster for _, item in rows], [item.language for _, item in rows])


def _mean(values: Sequence[float], codes: Sequence[str]) -> float:
    return Strata.of(np.array(values, dtype=np.float64), range(len(values)), codes).mean


def thinking_of(items: Sequence[Comparison]) -> Thinking | None:
    """How the candidate thought; None where it did not."""
    found = [item for item in items if item.thought]
    if not found:
        return None
    tokens = [item.thinking_tokens for item in found if item.thinking_tokens is not None]
    texts = [item.thinking for item in found if item.thinking.strip()]
    languages = Counter(code or "und" for code in composition.main_languages(texts))
    return Thinking(
        n=len(found),
        unfinished=sum(item.unfinished for item in found),
        avg_tokens=sum(tokens) / len(tokens) if tokens else None,
        languages={code: 100.0 * count / len(texts) for code, count in languages.most_common()},
    )
