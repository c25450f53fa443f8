"""Judged pairs: what a judge said of a control pair in both orders."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

from xl_alpacaeval_metric.clients.base import UNUSABLE
from xl_alpacaeval_metric.judge import votes
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge_check.pairs import ControlPair
from xl_alpacaeval_metric.records.judgements import Order, Question, Verdict

ORDERS: tuple[Order, Order] = ("candidate_first", "reference_first")


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A pair, and the probability given to its right answer with the wrong and the right one first.

    None where a verdict is missing; `silent` says that the judge replied, and gave none.
    """

    pair: ControlPair
    wrong_first: float | None
    right_first: float | None
    silent: bool = False

    @property
    def right(self) -> float | None:
        """The probability given to the right answer, over both orders."""
        if self.wrong_first is None or self.right_first is None:
            return None
        return (self.wrong_first + self.right_first) / 2

    @property
    def credit(self) -> float | None:
        """1 if the right answer wins over both orders, 0 if the wrong one does, 0.5 for a tie."""
        if self.right is None:
            return None
        return 0.5 if abs(self.right - 0.5) < 1e-9 else float(self.right > 0.5)

    @property
    def first(self) -> float | None:
        """The probability given to the answer shown first, over both orders."""
        if self.wrong_first is None or self.right_first is None:
            return None
        return (1.0 - self.wrong_first + self.right_first) / 2


def judge_pairs(pairs: Sequence[ControlPair], judge: Judge, on_verdict: Callable[[Verdict], None]) -> list[JudgedPair]:
    """Every pair judged in both orders; `on_verdict` is called with each verdict as it comes in.

    Raises what the client's `complete` raises.
    """
    given = []
    for verdict in judge.verdicts(questions(pairs, judge)):
        given.append(verdict)
        on_verdict(verdict)
    found = {(verdict.id, verdict.language, verdict.order): verdict for verdict in votes.averaged(given)}
    judged = []
    for pair in pairs:
        both = [found[*pair.comparison.key, order] for order in ORDERS]
        wrong_first, right_first = (_right(verdict.preference) for verdict in both)
        judged.append(JudgedPair(pair, wrong_first, right_first, silent=any(map(_is_silent, both))))
    return judged


def questions(pairs: Sequence[ControlPair], judge: Judge) -> list[Question]:
    """What the judge is asked about the pairs: each in both orders, for each of its votes."""
    asked = copy(judge)
    asked.both_orders = True
    return asked.questions([pair.comparison for pair in pairs])


def _right(preference: float | None) -> float | None:
    return None if preference is None else 1.0 - preference


def _is_silent(verdict: Verdict) -> bool:
    """Whether the judge replied, but not with a verdict; a failed request is none of its own."""
    return verdict.preference is None and (verdict.reason or "").startswith(UNUSABLE)
