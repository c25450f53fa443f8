"""Coverage of the anchored win rate's interval, beside that of the judge's alone.

A share of the prompts is drawn at random and labelled; the true rate is that of the population that
the prompts were drawn from. Generated judges and people; and, where a file of real preferences is
given (columns model, index, preference), one model's preferences for people's and another's for the
judge's, prompts drawn with replacement.

    python perf/anchoring.py [--runs 500] [--preferences preferences.parquet]
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric import UserError, anchored_win_rate, win_rate_interval
from xl_alpacaeval_metric.stats.missing import Floats

Draw = Callable[[np.random.Generator, int, int], tuple[Floats, Floats, float]]
"""Random numbers, prompts, languages -> preferences, labels (prompts x languages), true rate."""

SIZES = ((20, 200), (30, 100), (60, 800))
"""Labelled prompts, prompts."""


def generated(rate: float, skill: float) -> Draw:
    """People who like the candidate at a rate, and a judge whose view correlates with theirs."""

    def draw(rng: np.random.Generator, prompts: int, languages: int) -> tuple[Floats, Floats, float]:
        taste = 0.55 * rng.normal(size=(prompts, 1)) + 0.835 * rng.normal(size=(prompts, languages))
        seen = skill * taste + (1 - skill**2) ** 0.5 * rng.normal(size=taste.shape)
        people = (taste > NormalDist().inv_cdf(1 - rate)).astype(np.float64)
        return 1 / (1 + np.exp(1 - 2 * seen)), people, rate

    return draw


def real(file: Path) -> Iterator[tuple[str, Draw]]:
    """Models of about the same rate for the languages, other models for the judge."""
    import pyarrow.parquet as pq

    found: dict[str, dict[int, float]] = {}
    for row in pq.read_table(file).to_pylist():
        found.setdefault(row["model"], {})[row["index"]] = row["preference"]
    shared = sorted(set.intersection(*map(set, found.values())))
    values = np.array([[one[i] for i in shared] for one in found.values()])
    values = values[values.std(axis=1) > 0.01]

    for rate in (0.06, 0.17, 0.5):
        near = np.argsort(np.abs(values.mean(axis=1) - rate))

        def draw(
            rng: np.random.Generator, prompts: int, languages: int, near: npt.NDArray[np.intp] = near
        ) -> tuple[Floats, Floats, float]:
            people, judges = near[:languages], rng.permutation(near[languages:])[:languages]
            chosen = rng.integers(0, values.shape[1], prompts)
            return values[judges][:, chosen].T, values[people][:, chosen].T, float(values[people].mean())

        yield f"real, {100 * rate:.0f}%", draw


def coverage(draw: Draw, labelled: int, prompts: int, languages: int, runs: int) -> str:
    rng = np.random.default_rng(0)
    numbers = np.arange(prompts * languages)
    names, codes = (numbers // languages).tolist(), (numbers % languages).tolist()
    held, alone, half, worth, refused = 0, 0, [], [], 0
    for _ in range(runs):
        judge, people, truth = draw(rng, prompts, languages)
        people = people.copy()
        people[labelled:] = np.nan
        try:
            found = anchored_win_rate(judge.ravel(), people.ravel(), names, codes)
        except UserError:  # Labels of one kind.
            refused += 1
            continue
        low, high = found.ci95
        held += low <= 100 * truth <= high
        half.append((high - low) / 2)
        worth.append(found.effective_n / found.n_labels)
        low, high = win_rate_interval(judge.ravel(), names, codes)
        alone += low <= 100 * truth <= high
    n = max(1, runs - refused)
    return f"{100 * held / n:6.1f}% {100 * alone / n:6.1f}% {np.mean(half):6.1f} {np.mean(worth):6.2f} {refused / runs:8.0%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--preferences", type=Path)
    options = parser.parse_args()
    cases = {
        f"rate {100 * rate:.0f}%, skill {skill:g}": generated(rate, skill)
        for rate, skill in ((0.5, 0.0), (0.5, 0.7), (0.2, 0.7), (0.2, 0.95), (0.08, 0.7))
    }
    if options.preferences:
        cases |= dict(real(options.preferences))
    print(f"{'':22} languages labelled prompts covers  judge     +-  worth  refused")
    for name, draw in cases.items():
        for languages in (1, 3):
            for labelled, prompts in SIZES:
                row = coverage(draw, labelled, prompts, languages, options.runs)
                print(f"{name:22} {languages:9} {labelled:8} {prompts:7} {row}", flush=True)


if __name__ == "__main__":
    main()
