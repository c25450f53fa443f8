"""The values of a document and their aggregation, in the harness's 0..1."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from lm_eval.api.metrics import mean

from xl_alpacaeval_metric.stats.length_control import overall_length_controlled_win_rate


def values(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """The values of one document, under the same names for each: ranks are merged by name.

    A missing value (no verdict, a text too short to score) is nan, not 0.
    """
    judged = json.loads(results[0])
    preference, language = judged["preference"], judged["fidelity"]
    # Where the judge was found to be none, its number is not shown; the log has the verdicts.
    shown = None if (judged.get("judge_check") or {}).get("verdict") == "no judge" else preference
    found: dict[str, Any] = {
        "line_pass_rate": _number(language["line_pass"]),
        "word_pass_rate": _number(language["word_pass"]),
        "coverage": float(language["scored"]),
    }
    if judged["judged"]:  # The same for every document of a run.
        lengths = len(judged["prediction"]), len(doc["reference"])
        found["win_rate"] = _number(shown)
        found["lc_win_rate"] = [_number(shown), *lengths, doc["response_language"]]
        found["missing"] = float(preference is None)
    return found


def _number(value: float | bool | None) -> float:
    return math.nan if value is None else float(value)


class MeanOfPresent:
    """The mean of the values that are not nan, and nan where none is.

    It equals the harness's `mean`, by which the harness finds the formula of the standard error,
    and removes the nan from the list, from which the harness computes that error next.
    """

    __name__ = "mean_of_present"

    def __eq__(self, other: object) -> bool:
        return other is mean or isinstance(other, MeanOfPresent)

    def __hash__(self) -> int:
        return hash(mean)

    def __call__(self, items: list[float]) -> float:
        items[:] = [value for value in items if not math.isnan(value)]
        return float(mean(items)) if items else math.nan


mean_of_present = MeanOfPresent()


def length_controlled(items: list[tuple[float, int, int, str]]) -> float:
    """The length-controlled win rate of a task, 0..1, over the items with a preference."""
    present = [item for item in items if not math.isnan(item[0])]
    if not present:
        return math.nan
    return overall_length_controlled_win_rate(*zip(*present, strict=True)).value / 100.0
