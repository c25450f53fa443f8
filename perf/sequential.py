"""Judging in looks: false decisions, and verdicts saved, on pairs of models.

    python perf/sequential.py [--preferences FILE] [--orders 4]

FILE is a Parquet file with the columns model, index (the prompt) and preference. Without it, pairs
of 29 generated models on 802 prompts. Every pair is looked at eight times, as `--until-decided`
does, in several random orders of the prompts; and again with the sign of each prompt's difference
drawn at random, so that nothing differs and every decision is false. Beside it, "naive": the same
looks, stopping at |t| >= 1.96.
"""

import argparse
from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from xl_alpacaeval_metric.sequential import boundaries
from xl_alpacaeval_metric.stats.missing import Floats


def preferences(file: Path | None) -> Floats:
    """Models x prompts."""
    if file is not None:
        table = pq.read_table(file).to_pandas()
        wide = table.pivot_table(index="model", columns="index", values="preference").dropna(axis=1)
        found: Floats = wide.to_numpy()
        return found
    chance = np.random.default_rng(1)
    logits = np.linspace(-3, 1, 29)[:, None] + chance.normal(0, 2, 802) + chance.normal(0, 2.5, (29, 802))
    return np.asarray(1 / (1 + np.exp(-logits)))


def stops_at(delta: Floats, bounds: Sequence[float]) -> int | None:
    """The prompts at which the pair is decided; None if it is not."""
    for k, bound in enumerate(bounds, 1):
        part = delta[: delta.size * k // len(bounds)]
        error = part.std(ddof=1) / sqrt(part.size)
        if error > 0 and abs(part.mean()) >= bound * error:
            return int(part.size)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preferences", type=Path)
    parser.add_argument("--orders", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    values = preferences(given.preferences)
    size = values.shape[1]
    looks = boundaries.LOOKS
    rules = {
        "O'Brien-Fleming": [boundaries.boundary(k / looks, size * k // looks - 1) for k in range(1, looks + 1)],
        "naive": [1.96] * looks,
        "fixed n": [float("inf")] * (looks - 1) + [1.96],
    }
    print(f"{len(values)} models, {size} prompts, {given.orders} orders")
    print(f"{'rule':16} {'false %':>8} {'decided %':>10} {'prompts':>8} {'saved %':>8} {'wrong sign %':>13}")
    for name, bounds in rules.items():
        chance = np.random.default_rng(given.seed)
        used, decided, false, wrong = [], 0, 0, 0
        for i, j in combinations(range(len(values)), 2):
            whole = values[i] - values[j]
            for _ in range(given.orders):
                delta = chance.permutation(whole)
                end = stops_at(delta, bounds)
                decided += end is not None
                wrong += end is not None and bool(np.sign(delta[:end].mean()) != np.sign(whole.mean()))
                used.append(end or size)
                false += stops_at(delta * chance.choice([-1.0, 1.0], size), bounds) is not None
        shares = [100 * count / len(used) for count in (false, decided, wrong)]
        mean = float(np.mean(used))
        print(
            f"{name:16} {shares[0]:8.1f} {shares[1]:10.1f} {mean:8.0f} {100 - 100 * mean / size:8.1f} {shares[2]:13.2f}"
        )


if __name__ == "__main__":
    main()
