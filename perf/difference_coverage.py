"""How often the intervals of differences cover the truth, and how often one is found without any.

    python perf/difference_coverage.py [--preferences FILE] [--samples 400] [--prompts 8,16,50]

Two models, or twelve pairs of them that stand in for languages, on the same prompts, drawn from
FILE (see `perf/preferences.py`) or made up. Prints, for soft and for 0/1 verdicts, coverage of the
interval of `paired_difference` and its type-I error where the two change places at random on each
prompt.
"""

import argparse
from pathlib import Path

import numpy as np

from perf.preferences import population
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.differences import paired_difference
from xl_alpacaeval_metric.stats.missing import Floats


def differences(models: Floats, sizes: list[int], samples: int) -> None:
    rng = np.random.default_rng(2)
    last = len(models) - 1
    for languages in (1, 12):
        for name, gap in (("near", 1), ("far", max(1, last // 2))):
            cells = []
            first = np.arange(languages) % max(1, last - gap)
            a, b = models[first], models[first + gap]
            truth = 100 * float((a - b).mean())
            for n in sizes:
                prompts, codes = Clusters([*range(n)] * languages), Clusters(np.repeat(range(languages), n).tolist())
                covered = false = 0
                for seed in range(samples):
                    at = rng.integers(0, models.shape[1], n)
                    one, other = a[:, at], b[:, at]
                    low, high = paired_difference(
                        one.ravel(), other.ravel(), prompts, codes, flips=1000, seed=seed
                    ).ci95
                    covered += low <= truth <= high
                    swapped = rng.random(n) < 0.5
                    one, other = np.where(swapped, other, one), np.where(swapped, one, other)
                    false += paired_difference(one.ravel(), other.ravel(), prompts, codes, flips=1000).p_value <= 0.05
                cells.append(f"{100 * covered / samples:5.1f}/{100 * false / samples:4.1f}")
            print(f"{languages:3d} {name:10s} {truth:+5.1f}   {'  '.join(cells)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preferences", type=Path)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--prompts", default="8,16,50")
    options = parser.parse_args()
    models, sizes = population(options.preferences), [int(n) for n in options.prompts.split(",")]
    for judge, values in (("probabilities", models), ("0 or 1", (models > 0.5).astype(np.float64))):
        print(f"{judge}: coverage % / type-I error %; languages, pairs, true difference; prompts {options.prompts}")
        differences(values, sizes, options.samples)


if __name__ == "__main__":
    main()
