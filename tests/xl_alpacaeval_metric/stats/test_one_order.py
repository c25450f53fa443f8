"""Verdicts of one order alone: which languages have no others, and what that leaves open."""

import numpy as np
import pytest

from xl_alpacaeval_metric.stats import one_order
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.missing import Floats

A, B = one_order.FIRST, one_order.SECOND


def values(*given: float | None) -> Floats:
    return np.array([np.nan if one is None else one for one in given])


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([A] * 8, True),
        ([B] * 8, True),
        ([A] * 7 + [B], True),
        ([A] * 6 + [B] * 2, False),
        ([A, A, B], False),
        ([A, A], True),
        ([A], False),
        ([], False),
        (["both"] * 8, False),
        (["both", *[A] * 7], False),
    ],
)
def test_a_language_has_one_order_where_the_other_has_one_verdict_at_most(orders: list[str], expected: bool) -> None:
    found = one_order.languages(np.full(len(orders), 0.5), ["fi"] * len(orders), orders)
    assert found == (("fi",) if expected else ())


def test_missing_verdicts_count_for_no_order() -> None:
    orders = [A, B] * 8
    of_both = values(*[0.0, 1.0] * 8)
    of_one = values(*[0.0, None] * 8)
    assert one_order.languages(of_both, ["fi"] * 16, orders) == ()
    assert one_order.languages(of_one, ["fi"] * 16, orders) == ("fi",)
    assert one_order.counts(of_one, orders) == {A: 8, B: 0}


def test_the_bounds_are_those_of_any_rate_in_the_other_order() -> None:
    """Finnish has a rate of 0.25 in one order, German 0.5 in both: by hand."""
    given = values(0.0, 0.0, 0.0, 1.0, 0.5, 0.5, 0.5, 0.5)
    codes, orders = ["fi"] * 4 + ["de"] * 4, [A] * 4 + [A, B] * 2
    below, above = one_order.unseen(given, codes, orders)
    observed = (0.25 + 0.5) / 2
    worst, best = ((0.25 + 0.0) / 2 + 0.5) / 2, ((0.25 + 1.0) / 2 + 0.5) / 2
    assert (observed - below, observed + above) == pytest.approx((worst, best))
    assert one_order.unseen(given[4:], codes[4:], orders[4:]) == (0.0, 0.0)


@pytest.mark.parametrize("missing", [0.9, 1.0])
def test_the_interval_covers_the_rate_over_both_orders_of_a_judge_that_takes_the_first_answer(missing: float) -> None:
    """Quality adds 10 points in either order; in one of them verdicts are missing, nearly all."""
    truth, rates, covered = 0.5, {A: 0.9, B: 0.1}, 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        orders = [A, B] * 20
        won = [float(generator.random() < rates[order]) for order in orders]
        given = values(
            *(
                None if order == B and generator.random() < missing else one
                for one, order in zip(won, orders, strict=True)
            )
        )
        prompts, codes = [str(number) for number in range(40)], ["fi"] * 40
        interval = win_rate_interval(given, prompts, orders=orders)
        low, high = one_order.widened(interval, *one_order.unseen(given, codes, orders))
        covered += low <= 100 * truth <= high
    assert covered / 200 >= 0.93
