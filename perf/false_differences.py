"""How often the tests of `compare` and `rank` find a difference where there is none.

    python perf/false_differences.py [--preferences FILE] [--samples 2000]
        [--prompts 8,16,50,200,800] [--languages 1,2,4,12]

Preferences as in `perf/preferences.py`, drawn by prompt; 1 to 12 neighbouring models stand in for
languages. Prints the share of samples, in percent, with a p-value of 0.05 or less:

- "swapped": two models whose answers change places at random on each prompt, in all languages;
- "alike": one model on two draws of the prompts, so that only the languages are correlated;
- "ranking": five models that change places at random on each prompt: a false pair among ten.

The tests are computed for all samples at once, with the sign patterns of `paired_difference`; a few
samples of each setting are held to it and to `ranking.pairs.all_pairs`.
"""

import argparse
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np

from perf.preferences import population
from xl_alpacaeval_metric.ranking import pairs
from xl_alpacaeval_metric.ranking.sign_flips import Signs
from xl_alpacaeval_metric.stats.differences import paired_difference, sign_patterns
from xl_alpacaeval_metric.stats.missing import Floats

BLOCK = 500
MODELS = 5


def p_values(sums: Floats, patterns: Signs) -> Floats:
    """The p-value of each column of differences by prompt."""
    found = np.empty(sums.shape[1])
    for start in range(0, sums.shape[1], BLOCK):
        part = sums[:, start : start + BLOCK]
        slack = (1e-9 if patterns.dtype == np.float64 else 1e-6) * np.abs(part).sum(axis=0)
        flipped = np.abs(patterns @ part.astype(patterns.dtype))
        found[start : start + BLOCK] = (flipped >= np.abs(part.sum(axis=0)) - slack).mean(axis=0)
    return found


def smallest_p_values(values: Floats, patterns: Signs) -> Floats:
    """The smallest p-value, corrected for all pairs, of values by model, prompt and sample."""
    first, second = (np.array(side) for side in zip(*combinations(range(len(values)), 2), strict=True))
    found = np.empty(values.shape[2])
    for start in range(0, values.shape[2], 50):
        part = values[:, :, start : start + 50]
        sums = (part[first] - part[second]).transpose(1, 0, 2)
        scale = np.sqrt((sums**2).sum(axis=0))
        scale = np.where(scale > 0, scale, np.inf)
        largest = (np.abs(sums.sum(axis=0)) / scale).max(axis=0)
        flat = (sums / scale).reshape(len(sums), -1).astype(patterns.dtype)
        flipped = np.abs(patterns @ flat).reshape(len(patterns), *scale.shape).max(axis=1)
        found[start : start + 50] = (flipped >= largest - (1e-9 if patterns.dtype == np.float64 else 1e-5)).mean(axis=0)
    return np.minimum(1.0, found * pairs.skew_factor(values.shape[1], len(first)))


def differences(
    models: Floats, languages: int, samples: int, n: int, rng: np.random.Generator
) -> Iterator[tuple[str, Floats]]:
    """Null hypothesis, and differences by prompt of shape (prompts, samples)."""
    size, last = models.shape[1], len(models)
    for start in (0, (last - languages - 1) // 2):
        a, b = models[start : start + languages], models[start + 1 : start + 1 + languages]
        whole = np.asarray((a - b).mean(axis=0))
        yield "swapped", whole[rng.integers(0, size, (n, samples))] * rng.choice([-1.0, 1.0], (n, samples))
        own = np.asarray(a.mean(axis=0))
        yield "alike", own[rng.integers(0, size, (n, samples))] - own[rng.integers(0, size, (n, samples))]


def ranking(models: Floats, samples: int, n: int, rng: np.random.Generator) -> Floats:
    """Five models that change places on each prompt: models x prompts x samples."""
    some = models[np.linspace(0, len(models) - 1, MODELS).astype(int)]
    drawn = some[:, rng.integers(0, some.shape[1], (n, samples))]
    return np.asarray(rng.permuted(drawn, axis=0))


def check(sums: Floats, p: Floats) -> None:
    for column in range(2):
        one = (1 + np.clip(sums[:, column], -1, 1)) / 2
        found = paired_difference(one, 1 - one, range(len(one))).p_value
        assert abs(found - p[column]) < 1e-3, (found, p[column])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preferences", type=Path)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--prompts", default="8,16,50,200,800")
    parser.add_argument("--languages", default="1,2,4,12")
    options = parser.parse_args()
    models = population(options.preferences)
    models = models[models.std(axis=1) > 0]
    rng = np.random.default_rng(5)
    cells: dict[str, list[float]] = {}
    for judge, values in (("probabilities", models), ("0 or 1", (models > 0.5).astype(np.float64))):
        for n in map(int, options.prompts.split(",")):
            patterns: Signs = np.concatenate([*sign_patterns(n)]).astype(np.float64 if n < 30 else np.float32)
            rows = []
            for languages in map(int, options.languages.split(",")):
                if languages + 2 > len(values):
                    continue
                shares: dict[str, list[float]] = {}
                for null, sums in differences(values, languages, options.samples, n, rng):
                    p = p_values(sums, patterns)
                    check(sums, p)
                    shares.setdefault(null, []).append(100 * float((p <= 0.05).mean()))
                for null, found in shares.items():
                    cells.setdefault(null, []).extend(found)
                rows.append(
                    "; ".join(f"{null} " + " ".join(f"{x:.1f}" for x in found) for null, found in shares.items())
                )
            drawn = ranking(values, options.samples // 2, n, rng)
            p = smallest_p_values(drawn, patterns)
            tested = pairs.all_pairs(drawn[:, :, 0], range(n))[0]
            assert abs(np.nanmin(tested.p_adjusted) - p[0]) < 2e-3, (np.nanmin(tested.p_adjusted), p[0])
            cells.setdefault("ranking", []).append(100 * float((p <= 0.05).mean()))
            for languages, row in zip(options.languages.split(","), rows, strict=False):
                print(f"{judge}, {n} prompts, {languages} languages: {row}", flush=True)
            print(f"{judge}, {n} prompts, ranking of {MODELS}: {cells['ranking'][-1]:.1f}", flush=True)
    for null, found in cells.items():
        print(f"{null}: {len(found)} cells, mean {np.mean(found):.2f}%, largest {max(found):.2f}%")


if __name__ == "__main__":
    main()
