"""The rule by which a run is judged in looks, from what the user asked for."""

from collections.abc import Sequence
from pathlib import Path

from xl_alpacaeval_metric.benchmark import Benchmark
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs import compare, finished
from xl_alpacaeval_metric.runs.finished import Setting
from xl_alpacaeval_metric.sequential.rules import Precision, Rule, UntilDecided
from xl_alpacaeval_metric.signature import signature
from xl_alpacaeval_metric.terminal import counted


def rule_of(
    precision: float | None,
    until_decided: Path | None,
    items: Sequence[Comparison],
    judge: Judge | None,
    rubric: Rubric | None = None,
) -> Rule | None:
    """The rule for a run on these items by this judge; None where neither is asked for.

    Raises UserError for both, without a judge, with criteria, for a precision that is none, and for
    a run whose judge, prompt, order, instructions or references are others.
    """
    if precision is None and until_decided is None:
        return None
    if precision is not None and until_decided is not None:
        raise UserError("--precision is for one run, --until-decided for a comparison; give one of them")
    if judge is None:
        raise UserError("--precision and --until-decided say when to stop judging, and --judge is none")
    if rubric is not None:
        raise UserError(
            "--precision and --until-decided judge a part of the answers, --criteria rates all; leave one out"
        )
    if precision is not None:
        if not 0 < precision < 50:
            raise UserError(f"--precision {precision:g}: need points of win rate between 0 and 50, such as 3")
        return Precision(precision)
    assert until_decided is not None
    other = compare.load(until_decided)
    identity = dict(judge.client.identity)
    mine = Setting("this run", signature(judge.settings), identity, {})
    finished.refuse(mine.name, other.name, list(finished.differing(mine, other.setting)))
    shared = [item for item in items if item.key in other.items and _same(item, other.items[item.key])]
    known = {item.key: other.preferences.get(item.key) for item in shared}
    if not any(value is not None for value in known.values()):
        number = counted(len(items), "item")
        raise UserError(
            f"{until_decided}: has no verdict on any of this run's {number}; instructions or references differ"
        )
    return UntilDecided(known, until_decided.resolve().name, other_orders=other.orders)


def items_of(benchmark: Benchmark) -> list[Comparison]:
    """A benchmark's items, without answers."""
    return [
        Comparison(row.id, row.response_language, row.instruction, "", row.reference or "") for row in benchmark.rows
    ]


def _same(mine: Comparison, theirs: Comparison) -> bool:
    return (mine.instruction, mine.reference) == (theirs.instruction, theirs.reference)
