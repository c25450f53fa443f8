"""Preferences to draw samples from: real models' from a file, and judges of many kinds, made up."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import beta

from xl_alpacaeval_metric.stats.missing import Floats

RATES = (0.02, 0.04, 0.07, 0.12, 0.2, 0.35, 0.5, 0.7)
QUANTILES = (np.arange(4096) + 0.5) / 4096


def population(file: Path | None) -> Floats:
    """Preferences of shape (models, prompts), weak models first."""
    if file is None:
        rng = np.random.default_rng(0)
        rates = (0.02, 0.06, 0.17, 0.5, 0.7)
        latent = np.where(rng.random((len(rates), 800)) < 0.5, rng.random(800), rng.random((len(rates), 800)))
        return np.stack([row ** (1 / rate - 1) for row, rate in zip(latent, rates, strict=True)])
    import pyarrow.parquet as pq

    rows = pq.read_table(file, columns=["model", "index", "preference"]).to_pylist()
    models, prompts = (sorted({row[name] for row in rows}) for name in ("model", "index"))
    found = np.full((len(models), len(prompts)), np.nan)
    for row in rows:
        found[models.index(row["model"]), prompts.index(row["index"])] = row["preference"]
    found = found[:, ~np.isnan(found).any(axis=0)]
    return np.asarray(found[np.argsort(found.mean(axis=1))])


def judges(models: Floats | None) -> Iterator[tuple[str, Floats]]:
    """Kind of judge and its preferences, as quantiles."""
    u = QUANTILES
    for rate in RATES:
        yield "0 or 1", np.where(u > 1 - rate, 1.0, 0.0)
        yield "ties", np.where(u > 1 - rate / 2, 1.0, np.where(u > 1 - 1.5 * rate, 0.5, 0.0))
        yield "sure", np.round(beta.ppf(u, 0.3 * rate, 0.3 * (1 - rate)), 3)
        yield "unsure", beta.ppf(u, 2 * rate, 2 * (1 - rate))
        yield "skewed", u ** (1 / rate - 1)
        likely = np.clip((u - 1 + 1.5 * rate) / rate, 0, 1)
        yield "half sure", np.where(u > 1 - rate / 2, 1.0, np.where(u > 1 - 1.5 * rate, likely, 0.0))
    for model in () if models is None else models[:: max(1, len(models) // 6)]:
        yield "real", np.sort(model)[(u * model.size).astype(int)]
        yield "real, 0 or 1", np.sort(model > 0.5)[(u * model.size).astype(int)].astype(np.float64)
