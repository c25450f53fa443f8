"""A second judge of known quality on real models: their order, and their rates anchored in labels.

The published preferences stand for people, whose labels cost, and a scripted judge that is worse,
leans to the first answer and is too kind to candidates is asked about everything.
"""

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.helpers import SHARED
from xl_alpacaeval_metric.stats.anchoring import anchored_win_rate
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.missing import Floats
from xl_alpacaeval_metric.stats.strata import Strata

pytestmark = pytest.mark.skipif(not (SHARED / "alpaca_eval").exists(), reason="needs real preferences")
LABELS, DRAWS = 100, 6


def real() -> Floats:
    """Models x prompts; the reference against itself is no model."""
    table = pq.read_table(SHARED / "alpaca_eval" / "preferences.parquet").to_pandas()
    wide = table.pivot_table(index="model", columns="index", values="preference").dropna(axis=1).to_numpy()
    found: Floats = wide[wide.std(axis=1) > 0]
    return found


def second_judge(people: Floats, orders: Floats, rng: np.random.Generator) -> Floats:
    """Names people's winner in two of three; leans by 1, and is too kind by 1.5 log-odds."""
    odds = np.clip(np.log((people + 0.02) / (1.02 - people)), -3, 3)
    noisy = 0.7 * odds + rng.normal(0, 1.2, people.shape) + 1.0 * orders + 1.5
    return np.asarray(1 / (1 + np.exp(-noisy)))


def rank_correlation(a: Floats, b: Floats) -> float:
    places = [np.argsort(np.argsort(one)) for one in (a, b)]
    return float(np.corrcoef(places[0], places[1])[0, 1])


def test_order_and_anchored_rates_with_a_second_judge() -> None:
    rng = np.random.default_rng(0)
    people = real()
    models, prompts = people.shape
    assert models >= 28
    orders = np.where(np.arange(prompts) % 2, 1.0, -1.0)
    judge = second_judge(people, orders, rng)
    assert 0.6 < ((judge > 0.5) == (people > 0.5)).mean() < 0.7
    truth = 100 * people.mean(axis=1)
    alone = np.array([100 * Strata.of(row, range(prompts), None, orders.tolist()).mean for row in judge])
    # The order is nearly right, and no rate is.
    assert rank_correlation(alone, truth) > 0.9
    assert np.abs(alone - truth).mean() > 10
    low, high = np.array([win_rate_interval(row, range(prompts), orders=orders.tolist()) for row in judge]).T
    assert ((low <= truth) & (truth <= high)).mean() < 0.2
    covered, anchored, effective = [], [], []
    for model in range(models):
        for _ in range(DRAWS):
            labels = np.full(prompts, np.nan)
            chosen = rng.choice(prompts, LABELS, replace=False)
            labels[chosen] = people[model, chosen]
            found = anchored_win_rate(judge[model], labels, range(prompts), orders=orders.tolist())
            # The truth is that of these very prompts; the interval is for more of their kind.
            covered.append(found.ci95[0] <= truth[model] <= found.ci95[1])
            effective.append(found.effective_n / LABELS)
        anchored.append(found.value)
    assert np.mean(covered) >= 0.93
    assert np.abs(np.array(anchored) - truth).mean() < 4
    assert rank_correlation(np.array(anchored), truth) > 0.8
    assert np.mean(effective) > 1.1
