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


def together(each: Sequence[Sequence[JudgedPair]]) -> list[JudgedPair]:
    """The pairs that every judge of a panel was asked about, with the mean of their probabilities.

    As in a run, a judge that lacks a verdict on a pair is left out of its mean.
    """
    of_pair: dict[object, list[JudgedPair]] = {}
    for judged in each:
        for one in judged:
            of_pair.setdefault(one.pair.comparison.key, []).append(one)
    found = []
    for given in of_pair.values():
        if len(given) == len(each):
            known = [one for one in given if one.right is not None]
            wrong_first, right_first = (
                mean([value for one in known if (value := getattr(one, side)) is not None])
                for side in ("wrong_first", "right_first")
            )
            silent = not known and any(one.silent for one in given)
            found.append(JudgedPair(given[0].pair, wrong_first, right_first, silent))
    return found


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing."""
    return sum(values) / len(values) if values else None


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
