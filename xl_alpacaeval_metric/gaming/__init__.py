"""Signs that answers game the judge: constant answers, and instructions to the judge."""

from collections.abc import Sequence

from xl_alpacaeval_metric.gaming.constant import constant_answers, near_copies
from xl_alpacaeval_metric.gaming.phrases import judge_injections
from xl_alpacaeval_metric.records.judgements import Comparison

__all__ = ["constant_answers", "judge_injections", "near_copies", "warnings"]


def warnings(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    """One line for each sign that answers game the judge; none for ordinary answers."""
    constant = constant_answers(comparisons)
    return (*constant, *([] if constant else near_copies(comparisons)), *judge_injections(comparisons))
