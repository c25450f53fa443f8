"""How near length control with a measured taste comes to what AlpacaEval 2 publishes.

    python perf/measured_taste.py --preferences FILE --published FILE

FILE: a Parquet file with the columns model, preference, candidate_length, reference_length, and a
CSV file with model, length_controlled_winrate. The judge's slope on the scaled length difference is
shifted, so that it has no taste, half, full or double of GPT-4's, and the taste is measured with a
standard error of 0.3. Prints the mean distance to the published values: of the raw win rate, with
GPT-4's taste, and with the measured one.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.stats.length_control import length_controlled_win_rate
from xl_alpacaeval_metric.stats.length_control.taste_model import GPT4_TASTE, scaled_difference
from xl_alpacaeval_metric.stats.missing import Floats

ERROR = 0.3


def shifted(p: Floats, t: Floats, slope: float) -> Floats:
    """The preferences with this much more slope on t: only their means given t move."""
    design = np.column_stack([np.ones_like(t), t])
    fit = np.zeros(2)
    for _ in range(50):
        q = 1 / (1 + np.exp(-design @ fit))
        fit -= np.linalg.solve((design * (q * (1 - q))[:, None]).T @ design, (q - p) @ design)
    before, after = (1 / (1 + np.exp(-design @ (fit + np.array([0.0, more])))) for more in (0.0, slope))
    return np.asarray(np.where(after < before, p * after / before, 1 - (1 - p) * (1 - after) / (1 - before)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preferences", type=Path, required=True)
    parser.add_argument("--published", type=Path, required=True)
    options = parser.parse_args()
    with options.published.open() as file:
        published = {row["model"]: float(row["length_controlled_winrate"]) for row in csv.DictReader(file)}
    columns: dict[str, list[tuple[float, ...]]] = {}
    for row in pq.read_table(options.preferences).to_pylist():
        columns.setdefault(row["model"], []).append(
            (row["preference"], row["candidate_length"], row["reference_length"])
        )
    rng = np.random.default_rng(0)
    print("taste / GPT-4's   raw   GPT-4's   measured (mean distance in points)")
    for share in (0.0, 0.5, 1.0, 2.0):
        distances = []
        for model, rows in columns.items():
            p, candidate, reference = np.array(rows).T
            if len(set(p)) == 1:  # The reference itself.
                continue
            moved = shifted(p, scaled_difference(candidate, reference), (share - 1) * GPT4_TASTE)
            measured = Taste(share * GPT4_TASTE + ERROR * float(rng.normal()), ERROR)
            values = (
                100 * float(moved.mean()),
                length_controlled_win_rate(moved, candidate, reference).value,
                length_controlled_win_rate(moved, candidate, reference, taste=measured).value,
            )
            distances.append([abs(value - published[model]) for value in values])
        raw, gpt4, own = np.mean(distances, axis=0)
        print(f"{share:15.1f} {raw:5.2f} {gpt4:9.2f} {own:10.2f}")


if __name__ == "__main__":
    main()
