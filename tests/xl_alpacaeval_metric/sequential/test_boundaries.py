"""O'Brien-Fleming boundaries held to published constants, and their rule to real and made pairs."""

from itertools import combinations

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.helpers import SHARED
from xl_alpacaeval_metric.sequential import boundaries, rules
from xl_alpacaeval_metric.stats.missing import Floats

TABLE = {1: 1.960, 2: 1.977, 3: 2.004, 5: 2.040, 8: 2.072, 10: 2.087}
"""C_B(K, 0.05) in table 2.3 of Jennison & Turnbull 2000."""


@pytest.mark.parametrize("looks", TABLE)
def test_constants_are_the_published_ones(looks: int) -> None:
    assert boundaries.constant(looks, 0.05) == pytest.approx(TABLE[looks], abs=6e-4)


def test_few_prompts_need_more_than_the_normal_boundary() -> None:
    normal = boundaries.constant(8, boundaries.ALPHA)
    assert boundaries.boundary(1, 1e6) == pytest.approx(normal, abs=1e-3)
    assert boundaries.boundary(1, 9) > normal + 0.3
    assert boundaries.boundary(1 / 8, 0) == float("inf")


def looked_at(delta: Floats) -> tuple[int, float | None, bool]:
    """The prompts seen in eight looks, the difference there, and whether that decided."""
    for k in range(1, 9):
        end = delta.size * k // 8
        look = rules.look_at(delta[:end], [str(n) for n in range(end)], None, k / 8)
        if look.stops:
            return end, look.value, True
    return delta.size, look.value, False


def test_false_decisions_on_made_pairs_stay_below_five_percent() -> None:
    """Two equal models with skewed verdicts: few prompts on which they differ by much."""
    chance = np.random.default_rng(0)
    decided = 0
    for _ in range(600):
        taste = chance.normal(-2, 2, 200)
        p, q = (1 / (1 + np.exp(-(taste + chance.normal(0, 2, 200)))) for _ in range(2))
        decided += looked_at(p - q)[2]
    assert decided <= 600 * 0.05 + 2 * np.sqrt(600 * 0.05 * 0.95)


@pytest.mark.skipif(not (SHARED / "alpaca_eval").exists(), reason="needs real preferences")
def test_real_pairs_are_decided_with_little_more_than_half_of_the_verdicts() -> None:
    table = pq.read_table(SHARED / "alpaca_eval" / "preferences.parquet").to_pandas()
    wide = table.pivot_table(index="model", columns="index", values="preference").dropna(axis=1)
    values = wide.to_numpy()
    chance = np.random.default_rng(0)
    used, wrong, false = [], 0, 0
    for i, j in combinations(range(len(values)), 2):
        delta = chance.permutation(values[i] - values[j])
        prompts, value, stopped = looked_at(delta)
        used.append(prompts / delta.size)
        wrong += stopped and value is not None and np.sign(value) != np.sign(delta.mean())
        # No difference on average, and the real differences' distribution: random signs.
        false += looked_at(delta * chance.choice([-1, 1], delta.size))[2]
    assert 1 - np.mean(used) >= 0.45
    assert wrong == 0
    assert false <= len(used) * 0.05
