"""How near the length-controlled win rate comes to the truth, from the judge's check to the run.

    python perf/taste_chain.py [--preferences FILE] [--models 4] [--pairs 400] [--markdown]

A judge behind HTTP has a known taste for length, and with `--markdown` one for Markdown: none,
half, full (1.25 for length, GPT-4's, and 1 for Markdown) and double. It sees lengths as shares of
the two answers' mean. `xl-alpacaeval judge` checks it, which measures the tastes, judges, and takes
them out. The truth is the win rate by the same verdicts without the tastes. Qualities and lengths
are those of real models where FILE is a Parquet file with the columns model, preference,
candidate_length, reference_length, less GPT-4's taste; else they are generated. Prints for each
judge what was measured, and the mean and the largest distance to the truth in points: of the raw
win rate, and of the length-controlled one.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.servers.judge import JudgeServer
from tests.servers.planted import SURE, references
from tests.servers.prompts import slots_of
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.stats.length_control import markdown_counts
from xl_alpacaeval_metric.stats.length_control.taste_model import CONFOUNDING, GPT4_TASTE, scaled_difference, sigmoid
from xl_alpacaeval_metric.stats.missing import Floats

SHARES = (0.0, 0.5, 1.0, 2.0)
FULL_MARKDOWN = 1.0
SENTENCE = "the old dog sleeps under a tall tree in our garden while it rains and nobody looks"
RELATIVE, ELEMENTS = 0.6, 4.0
"""Differences of length, as a share of the mean, and of Markdown elements that are one unit."""

Model = tuple[Floats, Floats, Floats]
"""Log-odds without a taste, and the lengths of candidates and references."""


def real(file: Path, count: int, pairs: int, rng: np.random.Generator) -> list[Model]:
    import pyarrow.parquet as pq

    by_model: dict[str, list[tuple[float, float, float]]] = {}
    for row in pq.read_table(file).to_pylist():
        by_model.setdefault(row["model"], []).append(
            (row["preference"], row["candidate_length"], row["reference_length"])
        )
    rows = [found for found in by_model.values() if len({row[0] for row in found}) > 1]
    rows.sort(key=lambda found: sum(row[0] for row in found))
    found = []
    for chosen in rows[:: max(1, len(rows) // count)][:count]:
        p, candidate, reference = np.array(chosen).T
        t = scaled_difference(candidate, reference)
        p = np.clip(p, 0.002, 0.998)
        some = rng.permutation(len(p))[:pairs]
        found.append(((np.log(p / (1 - p)) - GPT4_TASTE * t)[some], candidate[some], reference[some]))
    return found


def made(count: int, pairs: int, rng: np.random.Generator) -> list[Model]:
    found = []
    for quality, ratio in zip(np.linspace(-2, 1, count), np.linspace(0.6, 1.4, count), strict=True):
        reference = np.exp(rng.normal(6.8, 0.5, pairs))
        candidate = ratio * reference * np.exp(rng.normal(0, 0.5, pairs))
        t = scaled_difference(candidate, reference)
        found.append((quality + CONFOUNDING * t + rng.normal(0, 1.5, pairs), candidate, reference))
    return found


def text(length: float, elements: int, number: int) -> str:
    """About so many characters with so many list items; the number makes it the only one."""
    words, known = [str(number)], SENTENCE.split()
    while sum(map(len, words)) + len(words) < length:
        words.append(known[len(words) % len(known)])
    if not elements:
        return " ".join(words)
    step = max(1, len(words) // (elements + 1))
    start, items = words[:step], [" ".join(words[k * step : (k + 1) * step]) for k in range(1, elements + 1)]
    return "\n- ".join([" ".join(start), *(item or "so" for item in items)])


def unit_differences(a: str, b: str) -> tuple[float, float]:
    """tanh of the judge's differences in length and in Markdown elements."""
    length = (len(a) - len(b)) / (RELATIVE * (len(a) + len(b)) / 2)
    one, other = markdown_counts([a, b])
    return math.tanh(length), math.tanh((one - other) / ELEMENTS)


def judge(odds: Mapping[tuple[str, str], float], tastes: tuple[float, float]) -> Any:
    """The verdict of a judge that knows the bundled references and these answers."""

    def verdict(body: dict[str, Any]) -> float:
        slots = slots_of(body, "judge")
        if slots is None:
            return 0.9
        a, b = slots["answer_a"], slots["answer_b"]
        quality = odds.get((a, b), -odds.get((b, a), 0.0))
        if right := references().get(slots["instruction"]):
            quality = SURE * (a.startswith(right) - b.startswith(right))
        length, markdown = unit_differences(a, b)
        return 1 / (1 + math.exp(-quality - tastes[0] * length - tastes[1] * markdown))

    return verdict


def run(
    rows: Sequence[Mapping[str, object]], odds: Mapping[tuple[str, str], float], tastes: tuple[float, float]
) -> Any:
    with tempfile.TemporaryDirectory() as name, JudgeServer(verdict=judge(odds, tastes)) as server:
        folder = Path(name)
        (folder / "pairs.jsonl").write_text("".join(map(jsonl.json_line, rows)), encoding="utf-8")
        command = [sys.executable, "-m", "xl_alpacaeval_metric", "judge", str(folder / "pairs.jsonl"), "--output"]
        command += [str(folder / "run"), "--judge", "openai/scripted", "--judge-base-url", server.url]
        environment = {**os.environ, "XL_JUDGE_CHECK": "1", "XL_CHECK_CACHE": "none"}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return tuple(json.loads((folder / "run" / file).read_text("utf-8")) for file in ("results.json", "check.json"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preferences", type=Path)
    parser.add_argument("--models", type=int, default=4)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    if options.preferences:
        models = real(options.preferences, options.models, options.pairs, rng)
    else:
        models = made(options.models, options.pairs, rng)
    print("taste for length, Markdown (shares of full); measured; mean and largest distance: raw, length-controlled")
    for share in SHARES:
        for markdown_share in SHARES if options.markdown else (0.0,):
            tastes = share * GPT4_TASTE, markdown_share * FULL_MARKDOWN
            distances, measured = [], []
            for number, (quality, candidate, reference) in enumerate(models):
                elements = [
                    rng.poisson(mean, len(quality)) if options.markdown else np.zeros(len(quality), dtype=int)
                    for mean in (2 + 2 * number, 3)
                ]
                rows, odds = [], {}
                for n, q in enumerate(quality):
                    mine, theirs = text(candidate[n], elements[0][n], n), text(reference[n], elements[1][n], n) + "."
                    odds[mine, theirs] = float(q)
                    rows.append(
                        {
                            "id": str(n),
                            "language": "en",
                            "instruction": f"Tell us about number {n}.",
                            "prediction": mine,
                            "reference": theirs,
                        }
                    )
                results, check = run(rows, odds, tastes)
                truth = 100 * float(sigmoid(quality).mean())
                distances.append([results["win_rate"] - truth, results["lc_win_rate"] - truth])
                measured.append([check["length_taste"], check["markdown_taste"] or 0.0])
            mean, largest = np.abs(distances).mean(axis=0), np.abs(distances).max(axis=0)
            known = np.mean(measured, axis=0)
            print(
                f"{share:4.1f} {markdown_share:4.1f}   {known[0]:5.2f} {known[1]:5.2f}   "
                f"raw {mean[0]:5.2f} {largest[0]:5.2f}   lc {mean[1]:5.2f} {largest[1]:5.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
