"""How often the intervals of win rates cover the truth, in how many points.

    python perf/coverage.py [--preferences FILE] [--samples 2000]
        [--prompts 8,12,16,24,50,100,200,800] [--languages 1,2,4,12]
        [--correlations 0,0.3,0.6,0.9,1] [--confidence 0.95] [--layouts full,missing,fewer,sizes]

Judges of many kinds (0 or 1, ties, probabilities of several shapes) with true rates from 2% to 70%,
and, from a Parquet file with the columns model, index, preference (AlpacaEval 2's annotations have
them), real ones. Languages are a Gaussian copula with these latent correlations, with one rate or
("uneven") with rates between that and a quarter of it, or neighbouring real models on the same
prompts ("models"). Layouts: "full"; "missing", where three verdicts of ten are; "fewer", where each
language has fewer prompts than the one before, down to half; "sizes", where prompts have one to
four items in each language.

The intervals are computed for all samples at once; some of each setting are held to
`win_rate_interval`. Prints for each setting and number of prompts the least coverage of all judges
and the mean width, and at last the cells with the least.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

from perf.preferences import QUANTILES, judges, population
from xl_alpacaeval_metric.stats import intervals
from xl_alpacaeval_metric.stats.missing import Floats
from xl_alpacaeval_metric.stats.strata import NO_VARIANCE

MISSING = 0.3
MOST_ITEMS = 4
CELLS = 2_000_000
"""Verdicts drawn at a time."""

Drawn = tuple[Floats, Floats]
"""Sums and counts, both of shape (samples, languages, prompts)."""

Cell = tuple[str, float, Drawn]
"""The judge's kind and rate, its true rate over all languages, and what was drawn."""


def batch(drawn: Drawn, confidence: float) -> tuple[Floats, Floats]:
    """`win_rate_interval` for each sample, in 0..1; a language without verdicts does not count."""
    sums, counts = drawn
    by_language = counts.sum(axis=2)
    n_languages = (by_language > 0).sum(axis=1)
    per_item = 1 / np.maximum(by_language, 1) / n_languages[:, None]
    means = sums.sum(axis=2) / np.maximum(by_language, 1)
    mean = means.sum(axis=1) / n_languages
    prompts = (counts > 0).sum(axis=2)
    stretch = np.where(prompts > 1, np.sqrt(prompts / np.maximum(prompts - 1, 1)), 0.0)
    parts = (per_item * stretch)[:, :, None] * (sums - means[:, :, None] * counts)
    single = (prompts == 1) / n_languages[:, None]
    variance = (parts.sum(axis=1) ** 2).sum(axis=1) + (single**2).sum(axis=1) * mean * (1 - mean)
    weights = per_item[:, :, None] * counts
    apart = (parts**2).sum(axis=(1, 2))
    effect = np.where(apart > NO_VARIANCE, (parts.sum(axis=1) ** 2).sum(axis=1) / np.maximum(apart, NO_VARIANCE), 1.0)
    share = (weights**2).sum(axis=1)
    most, least = 1 / share.sum(axis=1), 1 / (weights.sum(axis=1) ** 2).sum(axis=1)
    squares = parts.sum(axis=1) ** 2
    varies = squares.sum(axis=1) > NO_VARIANCE
    telling = np.where(varies, squares.sum(axis=1) ** 2 / np.where(varies, (squares**2).sum(axis=1), 1.0), 0.0)
    full = np.maximum(1.0, most / least)
    effect = np.maximum(1 + intervals.CORRELATION * (full - 1), intervals.SAFETY * np.maximum(1.0, effect))
    effect = np.minimum(full, (telling * effect + intervals.AGREEING * full) / (telling + intervals.AGREEING))
    n, added = most / effect, intervals.ADDED
    total = n + 2 * added
    middle = (n * mean + added) / total
    variance = (n / total) ** 2 * variance + added * (middle**2 + (1 - middle) ** 2) / total**2
    degrees = share.sum(axis=1) ** 2 / (share**2).sum(axis=1) + 1
    half = stdtrit(degrees, (1 + confidence) / 2) * np.sqrt(variance)
    return np.clip(np.minimum(middle - half, mean), 0, 1), np.clip(np.maximum(middle + half, mean), 0, 1)


@dataclass(frozen=True, slots=True)
class Setting:
    """`items` is the number of values drawn for each prompt and language."""

    languages: int
    layout: str
    n: int

    @property
    def items(self) -> int:
        return MOST_ITEMS if self.layout == "sizes" else 1

    def copula(self, correlation: float, samples: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
        """Indices into quantiles, of shape (samples, items, languages, prompts)."""
        shape = samples, self.items, self.languages, self.n
        shared = rng.standard_normal((samples, 1, 1, self.n), dtype=np.float32)
        latent = np.sqrt(np.float32(correlation)) * shared
        if correlation < 1:
            latent = latent + np.sqrt(np.float32(1 - correlation)) * rng.standard_normal(shape, dtype=np.float32)
        uniform = np.broadcast_to(ndtr(latent), shape)
        return np.minimum((uniform * QUANTILES.size).astype(np.intp), QUANTILES.size - 1)

    def counts(self, samples: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        """Which items there are, of shape (samples, items, languages, prompts)."""
        shape = samples, self.items, self.languages, self.n
        if self.layout == "missing":
            return rng.random(shape) >= MISSING
        if self.layout == "fewer":
            there = self.n * (1 - 0.5 * np.arange(self.languages) / max(1, self.languages - 1))
            return np.broadcast_to(np.arange(self.n) < np.ceil(there)[:, None], shape)
        if self.layout == "sizes":
            sizes = rng.integers(1, self.items + 1, (samples, 1, 1, self.n))
            return np.broadcast_to(np.arange(self.items)[None, :, None, None] < sizes, shape)
        return np.ones(shape, dtype=bool)


def check(drawn: Drawn, confidence: float) -> None:
    """Holds the first samples to `win_rate_interval`, with the mean of each cell as its items."""
    low, high = batch(drawn, confidence)
    for s in range(2):
        languages, prompts = np.nonzero(drawn[1][s])
        repeats = drawn[1][s][languages, prompts].astype(int)
        values = np.repeat(drawn[0][s][languages, prompts] / repeats, repeats)
        found = intervals.win_rate_interval(
            values.clip(0, 1),
            np.repeat(prompts, repeats).tolist(),
            np.repeat(languages, repeats).tolist(),
            confidence=confidence,
        )
        assert np.allclose(found, (100 * low[s], 100 * high[s]), atol=1e-6), (found, low[s], high[s])


def measured(
    draw: Callable[[int], Iterator[Cell]], samples: int, step: int, confidence: float
) -> dict[str, tuple[float, float]]:
    """Coverage in percent and mean width in points, by judge."""
    found: dict[str, tuple[float, float, int]] = {}
    for start in range(0, samples, step):
        for name, rate, drawn in draw(min(step, samples - start)):
            low, high = batch(drawn, confidence)
            if not start:
                check(drawn, confidence)
            covered, width, count = found.get(name, (0.0, 0.0, 0))
            covered += float(((low <= rate + 1e-9) & (rate <= high + 1e-9)).sum())
            found[name] = covered, width + float((high - low).sum()), count + len(low)
    return {name: (100 * covered / count, 100 * width / count) for name, (covered, width, count) in found.items()}


def from_copula(
    setting: Setting, correlation: float, uneven: bool, kinds: list[tuple[str, Floats]], rng: np.random.Generator
) -> Callable[[int], Iterator[Cell]]:
    """Draws the verdicts of all judges by the same luck."""

    def draw(samples: int) -> Iterator[Cell]:
        at, there = setting.copula(correlation, samples, rng), setting.counts(samples, rng)
        for kind, quantiles in kinds:
            values, factors = quantiles[at], np.ones(setting.languages)
            if uneven:
                factors = np.linspace(1, 0.25, setting.languages)
                values = values * factors[:, None]
            rate = float(quantiles.mean() * factors.mean())
            yield f"{kind} {100 * rate:.1f}%", rate, ((values * there).sum(axis=1), there.sum(axis=1, dtype=np.float64))

    return draw


def from_models(models: Floats, setting: Setting, rng: np.random.Generator) -> Callable[[int], Iterator[Cell]]:
    """Draws prompts; neighbouring models stand in for languages."""

    def draw(samples: int) -> Iterator[Cell]:
        at, there = rng.integers(0, models.shape[1], (samples, 1, setting.n)), setting.counts(samples, rng)[:, 0]
        for start in range(0, len(models) - setting.languages + 1, 4):
            some = models[start : start + setting.languages]
            for kind, values in (("real", some), ("real, 0 or 1", (some > 0.5).astype(np.float64))):
                drawn = values[np.arange(setting.languages)[:, None], at] * there
                rate = float(values.mean())
                yield f"{kind} {100 * rate:.1f}%", rate, (drawn, there.astype(np.float64))

    return draw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preferences", type=Path)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--prompts", default="8,12,16,24,50,100,200,800")
    parser.add_argument("--languages", default="1,2,4,12")
    parser.add_argument("--correlations", default="0,0.3,0.6,0.9,1")
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--layouts", default="full")
    options = parser.parse_args()
    models = population(options.preferences)
    real = models[models.std(axis=1) > 0] if options.preferences else None
    sizes, rng = [int(n) for n in options.prompts.split(",")], np.random.default_rng(1)
    kinds = list(judges(real))
    found: list[tuple[float, str]] = []
    print(f"least coverage % / mean width in points; prompts {options.prompts}")
    for layout in options.layouts.split(","):
        for languages in map(int, options.languages.split(",")):
            names = [f"{x}{more}" for x in options.correlations.split(",") for more in ("", " uneven")]
            names += ["models"] if real is not None and layout == "full" else []
            for name in names if languages > 1 else ["0"]:
                row = []
                for n in sizes:
                    setting = Setting(languages, layout, n)
                    if name == "models":
                        assert real is not None
                        draw = from_models(real, setting, rng)
                    else:
                        draw = from_copula(setting, float(name.split()[0]), "uneven" in name, kinds, rng)
                    step = max(10, min(options.samples, CELLS // (languages * n * setting.items)))
                    cells = measured(draw, options.samples, step, options.confidence)
                    row.append((min(x for x, _ in cells.values()), float(np.mean([x for _, x in cells.values()]))))
                    found += [(x, f"{layout} {languages} {name} {n} {judge}") for judge, (x, _) in cells.items()]
                line = "  ".join(f"{least:5.1f}/{width:4.1f}" for least, width in row)
                print(f"{layout:7s} {languages:3d} {name:10s} {line}", flush=True)
    found.sort()
    bar = 100 * options.confidence - (2 if options.confidence < 0.98 else 1)
    low, mean = sum(x < bar for x, _ in found), float(np.mean([x for x, _ in found]))
    print(f"{len(found)} cells: least {found[0][0]:.2f}, mean {mean:.2f}, below {bar:g}: {low}")
    for x, cell in found[:8]:
        print(f"  {x:.2f}  {cell}")


if __name__ == "__main__":
    main()
