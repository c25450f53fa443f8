"""How often intervals cover the truth, and how often differences are found where there are none.

    python perf/coverage.py [--preferences FILE] [--samples 400] [--prompts 8,16,50,100,797]

Preferences are drawn from a Parquet file with the columns model, index, preference (AlpacaEval 2's
annotations have them), or are generated where there is none. Several languages are a Gaussian
copula with correlation 0.3 or 0.6 over one model, or, with a file, neighbouring models on the same
prompts, which stand in for languages. Prints for each kind of judge and true rate the coverage of
`win_rate_interval` and its mean width, then coverage and type-I error of `paired_difference`.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.differences import paired_difference
from xl_alpacaeval_metric.stats.intervals import win_rate_interval
from xl_alpacaeval_metric.stats.missing import Floats

Draw = Callable[[int], Floats]
"""A number of prompts -> preferences of shape (languages, prompts)."""

RATES = (0.02, 0.06, 0.17, 0.5, 0.7)


def population(file: Path | None) -> Floats:
    """Preferences of shape (models, prompts), weak models first."""
    if file is None:
        rng = np.random.default_rng(0)
        latent = np.where(rng.random((len(RATES), 800)) < 0.5, rng.random(800), rng.random((len(RATES), 800)))
        return np.stack([row ** (1 / rate - 1) for row, rate in zip(latent, RATES, strict=True)])
    import pyarrow.parquet as pq

    rows = pq.read_table(file, columns=["model", "index", "preference"]).to_pylist()
    models, prompts = (sorted({row[name] for row in rows}) for name in ("model", "index"))
    found = np.full((len(models), len(prompts)), np.nan)
    for row in rows:
        found[models.index(row["model"]), prompts.index(row["index"])] = row["preference"]
    found = found[:, ~np.isnan(found).any(axis=0)]
    return np.asarray(found[np.argsort(found.mean(axis=1))])


def settings(models: Floats, real: bool, rng: np.random.Generator) -> Iterator[tuple[str, float, int, Draw]]:
    """Name, true rate, number of languages and how to draw."""
    size = models.shape[1]
    chosen = range(0, len(models), max(1, len(models) // 6))
    for m in chosen:
        yield "one", float(models[m].mean()), 1, partial(_rows, models[m : m + 1], rng)
    for languages in (4, 12):
        for correlation in (0.3, 0.6):
            for m in chosen:
                ranked = np.sort(models[m])

                def copula(n: int, ranked: Floats = ranked, k: int = languages, rho: float = correlation) -> Floats:
                    shared, own = rng.normal(size=(1, n)), rng.normal(size=(k, n))
                    at = (ndtr(np.sqrt(rho) * shared + np.sqrt(1 - rho) * own) * size).astype(int)
                    return np.asarray(ranked[np.minimum(at, size - 1)])

                yield f"copula {correlation}", float(ranked.mean()), languages, copula
        if real:
            for m in range(0, len(models) - languages, 4):
                some = models[m : m + languages]
                yield "models", float(some.mean()), languages, partial(_rows, some, rng)


def _rows(models: Floats, rng: np.random.Generator, n: int) -> Floats:
    return models[:, rng.integers(0, models.shape[1], n)]


def labels(languages: int, n: int) -> tuple[Clusters, Clusters]:
    return Clusters([*range(n)] * languages), Clusters(np.repeat(range(languages), n).tolist())


def intervals(models: Floats, real: bool, sizes: list[int], samples: int) -> list[float]:
    rng = np.random.default_rng(1)
    worst = []
    for name, rate, languages, draw in settings(models, real, rng):
        cells = []
        for n in sizes:
            prompts, codes = labels(languages, n)
            covered, width = 0, 0.0
            for _ in range(samples):
                low, high = win_rate_interval(draw(n).ravel(), prompts, codes)
                covered += low <= 100 * rate <= high
                width += high - low
            worst.append(100 * covered / samples)
            cells.append(f"{100 * covered / samples:5.1f}/{width / samples:4.1f}")
        print(f"{languages:3d} {name:10s} {100 * rate:5.1f}%  {'  '.join(cells)}", flush=True)
    return worst


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
                prompts, codes = labels(languages, n)
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
    parser.add_argument("--prompts", default="8,16,50,100,797")
    options = parser.parse_args()
    models, sizes = population(options.preferences), [int(n) for n in options.prompts.split(",")]
    for judge, values in (("probabilities", models), ("0 or 1", (models > 0.5).astype(np.float64))):
        print(f"\n{judge}: coverage % / mean width in points; prompts {options.prompts}")
        print("languages, kind, true rate")
        found = intervals(values, options.preferences is not None, sizes, options.samples)
        print(
            f"least {min(found):.1f}, mean {np.mean(found):.1f}, below 93: {sum(x < 93 for x in found)} of {len(found)}"
        )
        print(f"\n{judge}: differences, coverage % / type-I error %; languages, pairs, true difference")
        differences(values, sizes, options.samples)


if __name__ == "__main__":
    main()
