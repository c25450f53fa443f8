"""How long the length-controlled win rate takes, compared with other fits of such a model.

    python perf/length_control.py [--pairs 805] [--repeats 50]

The peers are the same model fitted by scipy's general minimiser and, where alpaca_eval is
installed, the fit behind its `length_controlled_minimal` (the variant without a table of
difficulties). Prints milliseconds a model and ratios. Needs scipy (`pip install 'xl-suite[dev]'`).
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from xl_alpacaeval_metric.stats.length_control import length_controlled_win_rate
from xl_alpacaeval_metric.stats.length_control.taste_model import CONFOUNDING, GPT4_TASTE, SPREAD


def synthetic(pairs: int, models: int = 10) -> list[tuple[list[float], list[float], list[float]]]:
    """Preferences and lengths of weak to strong models, in lists as a user has them."""
    rng = np.random.default_rng(0)
    made = []
    for quality in np.linspace(-3, 1, models):
        reference = np.round(rng.gamma(3, 680, size=pairs)) + 1
        candidate = np.round(rng.gamma(2.5, 400, size=pairs)) + 1
        difference = candidate - reference
        log_odds = quality + np.tanh(difference / difference.std(ddof=1)) + rng.normal(0, 2, size=pairs)
        made.append((expit(3 * log_odds).tolist(), candidate.tolist(), reference.tolist()))
    return made


def by_scipy(preferences: list[float], candidate: list[float], reference: list[float]) -> float:
    p, difference = np.array(preferences), np.array(candidate) - np.array(reference)
    t = np.tanh(difference / difference.std(ddof=1))

    def loss(x: np.ndarray) -> float:
        eta = x[0] + (x[1] + x[2]) * t
        prior = ((x[1] - GPT4_TASTE) ** 2 + (x[2] - CONFOUNDING) ** 2) / (2 * SPREAD**2)
        return float(np.logaddexp(0, eta).sum() - p @ eta + prior)

    fit = minimize(loss, [0, GPT4_TASTE, CONFOUNDING], method="BFGS").x
    return float(100 * expit(fit[0] + fit[2] * t).mean())


def by_alpaca_eval() -> Callable[[list[float], list[float], list[float]], float] | None:
    try:
        import pandas as pd
        from alpaca_eval.metrics.glm_winrate import fit_LogisticRegressionCV
    except ImportError:
        return None

    def fit(preferences: list[float], candidate: list[float], reference: list[float]) -> float:
        difference = np.array(reference) - np.array(candidate)
        t = np.tanh(difference / difference.std(ddof=1))
        data = pd.DataFrame({"length": t, "model": 1.0, "preference": preferences})
        model = fit_LogisticRegressionCV(data, "preference", is_ytrue_proba=True, n_splits=5)
        return float(100 * model.predict_proba(pd.DataFrame({"length": 0 * t, "model": 1.0}))[:, 1].mean())

    return fit


def milliseconds(fit: Callable[..., object], models: Sequence[tuple[list[float], ...]], repeats: int) -> float:
    """Median over the repeats of the mean time a model, after one call to warm up."""
    fit(*models[0])
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for model in models:
            fit(*model)
        times.append(1000 * (time.perf_counter() - start) / len(models))
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=805)
    parser.add_argument("--repeats", type=int, default=50)
    options = parser.parse_args()
    models = synthetic(options.pairs)
    apart = max(abs(length_controlled_win_rate(*model).value - by_scipy(*model)) for model in models)
    print(f"largest difference between this package's value and scipy's: {apart:.1e} points")
    own = milliseconds(length_controlled_win_rate, models, options.repeats)
    print(f"length_controlled_win_rate  {own:8.2f} ms a model of {options.pairs} pairs")
    scipy = milliseconds(by_scipy, models, options.repeats)
    print(f"scipy.optimize.minimize     {scipy:8.2f} ms  {scipy / own:6.1f} times as long")
    alpaca_eval = by_alpaca_eval()
    if alpaca_eval is None:
        print("alpaca_eval                 not installed")
        return
    peer = milliseconds(alpaca_eval, models, max(1, options.repeats // 10))
    print(f"alpaca_eval                 {peer:8.2f} ms  {peer / own:6.1f} times as long")


if __name__ == "__main__":
    main()
