"""The values of a document and their aggregation, in percent, which every name says.

Most figures of the harness are 0 to 1, so that a bare `win_rate` could be taken for either.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from lm_eval.api.metrics import mean

from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.stats import one_order
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.length_control import overall_length_controlled_win_rate
from xl_alpacaeval_metric.stats.length_control.known_tastes import LengthControl
from xl_alpacaeval_metric.stats.missing import as_preferences
from xl_alpacaeval_metric.stats.strata import Strata


def values(doc: Mapping[str, Any], results: Sequence[str], *, closed: bool = False) -> dict[str, Any]:
    """The values of one document, under the same names for each: ranks are merged by name.

    A missing value (no verdict, a text too short to score) is nan, not 0. With `closed`, for tasks
    that hold closed questions, whether the answer is correct is among them.
    """
    judged = json.loads(results[0])
    preference, language = judged["preference"], judged["fidelity"]
    # Where the judge was found to be none, its number is not shown; the log has the verdicts.
    no_judge = (judged.get("judge_check") or {}).get("verdict") == "no judge"
    shown = None if no_judge else preference
    in_language = None if no_judge else judged["preference_in_language"]
    found: dict[str, Any] = {
        "line_pass_rate_percent": _percent(language["line_pass"]),
        "word_pass_rate_percent": _percent(language["word_pass"]),
        "coverage_percent": _percent(language["scored"]),
        "fidelity_percent": _number(language["fidelity"]),
        "switch_rate_percent": _percent(language["switched"]),
    }
    if closed:
        found["correct_rate_percent"] = _percent(judged.get("correct"))
    if judged["judged"]:  # The same for every document of a run.
        verdicts, code = judged["verdicts"], doc["response_language"]
        found["win_rate_percent"] = Preference.of(_percent(shown), code, _order(verdicts))
        found["win_rate_in_language_percent"] = Preference.of(_percent(in_language), code, _order(verdicts))
        item = [_number(shown), doc["id"], code, _order(verdicts)]
        found["win_rate_ci95_low_percent"], found["win_rate_ci95_high_percent"] = item, item
        lengths, taste = judged["content_lengths"] or (0.0, 0.0), judged["length_taste"]
        markdown = *(judged.get("markdown") or (0, 0)), judged.get("markdown_taste")
        found["lc_win_rate_percent"] = [_number(shown), *lengths, code, taste, _order(verdicts), markdown]
        found["first_position_rate_percent"] = 100 * _first(verdicts)
        # Without a reference there was nothing to judge, so that no verdict is missing.
        found["missing_percent"] = math.nan if judged.get("without_reference") else _percent(preference is None)
    return found


class Preference(float):
    """A preference, in percent, that knows the language and the order it was judged in.

    A plain number for the harness, which computes the standard error from it and writes it down.
    """

    language: str
    order: str

    @classmethod
    def of(cls, value: float, language: str, order: str) -> "Preference":
        """The preference of an item."""
        found = cls(value)
        found.language, found.order = language, order
        return found


def _order(verdicts: Sequence[Mapping[str, Any]]) -> str:
    orders = {verdict["order"] for verdict in verdicts}
    return "both" if len(orders) != 1 else str(orders.pop())


def _first(verdicts: Sequence[Mapping[str, Any]]) -> float:
    """The mean probability that was given to the answer shown first."""
    given = [
        one["preference"] if one["order"] == "candidate_first" else 1 - one["preference"]
        for one in verdicts
        if one["preference"] is not None
    ]
    return sum(given) / len(given) if given else math.nan


def _number(value: float | bool | None) -> float:
    return math.nan if value is None else float(value)


def _percent(value: float | bool | None) -> float:
    return 100 * _number(value)


class Figure(float):
    """A task's figure, nan where nothing was scored.

    The harness computes a group's figure as sum(figure * size) / sum(sizes), whatever aggregation
    the group names. The product of a figure and a size remembers the size, and one of nan has none,
    so that the group's figure is that of the tasks that have one.
    """

    def __mul__(self, size: float) -> "_Share":
        return _Share.of(0.0, 0.0) if math.isnan(self) else _Share.of(float(self) * size, size)

    __rmul__ = __mul__


class _Share(float):
    """A figure times its size; sums of them divide by the sizes that they have."""

    size: float

    @classmethod
    def of(cls, value: float, size: float) -> "_Share":
        share = cls(value)
        share.size = size
        return share

    def __add__(self, other: float) -> "_Share":
        return _Share.of(float(self) + float(other), self.size + getattr(other, "size", 0.0))

    __radd__ = __add__

    def __truediv__(self, _sizes: float) -> Figure:
        return Figure(float(self) / self.size if self.size else math.nan)


class MeanOfPresent:
    """The mean of the values that are not nan, and nan where none is.

    Of preferences in several languages it is the mean of the languages' win rates.

    It equals the harness's `mean`, by which the harness finds the formula of the standard error,
    and removes the nan from the list, from which the harness computes that error next.
    """

    __name__ = "mean_of_present"

    def __eq__(self, other: object) -> bool:
        return other is mean or isinstance(other, MeanOfPresent)

    def __hash__(self) -> int:
        return hash(mean)

    def __call__(self, items: list[float]) -> Figure:
        items[:] = [value for value in items if not math.isnan(value)]
        known = [value for value in items if isinstance(value, Preference)]
        if known and len(known) == len(items):
            values, languages = np.array(items, dtype=np.float64), [value.language for value in known]
            return Figure(Strata.of(values, range(len(items)), languages, [value.order for value in known]).mean)
        return Figure(mean(items) if items else math.nan)


mean_of_present = MeanOfPresent()


def interval_low(items: list[tuple[float, str, str, str]]) -> float:
    """The lower end of the 95% interval of a task's win rate, in percent."""
    return _interval(items)[0]


def interval_high(items: list[tuple[float, str, str, str]]) -> float:
    """The upper end of the 95% interval of a task's win rate, in percent."""
    return _interval(items)[1]


def _interval(items: list[tuple[float, str, str, str]]) -> tuple[float, float]:
    preferences, prompts, languages, orders = zip(*items, strict=True)
    interval = win_rate_interval(preferences, prompts, languages, orders=orders)
    return one_order.widened(interval, *one_order.unseen(as_preferences(preferences), languages, orders))


Pair = tuple[float, float, float, str, Sequence[float] | None, str, tuple[int, int, Sequence[float] | None]]
"""Preference, content lengths, language, taste, order; Markdown elements of both, and the taste."""


def length_controlled(items: list[Pair]) -> Figure:
    """The length-controlled win rate of a task, in percent, over the items with a preference.

    nan where the judge's taste for length is not known, or the pairs are too few.
    """
    present = [item for item in items if not math.isnan(item[0])]
    tastes = {item[3]: Taste(*item[4]) for item in present if item[4] is not None}
    if not present or LengthControl(tastes).reason(Counter(item[3] for item in present)) is not None:
        return Figure(math.nan)
    preferences, candidate, reference, codes, _, orders, markdown = zip(*present, strict=True)
    found = overall_length_controlled_win_rate(
        preferences,
        candidate,
        reference,
        codes,
        orders=orders,
        tastes=tastes,
        markdown=([one[0] for one in markdown], [one[1] for one in markdown]),
        markdown_tastes={item[3]: Taste(*item[6][2]) for item in present if item[6][2] is not None},
        of_same_content=True,
    )
    return Figure(found.value)
