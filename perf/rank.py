"""Ranking 200 models by 6,376 verdicts each: the seconds and the memory that `rank` takes.

Run folders with generated verdicts (797 prompts in eight languages) are written first; the texts
are short, since `rank` reads those of one run alone. Beside it, the time to read all verdicts with
the standard library's JSON and do nothing else.

    python perf/rank.py [--models 200] [--missing 0.0]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PROMPTS, LANGUAGES = 797, ("de", "pt", "hu", "lt", "ga", "mt", "zh", "hi")
SETTING = "judge:openai/gpt-4o|prompt:0123abcd|order:both|seed:0|benchmark:xl@1|reference:given@0123abcd"


def write(root: Path, models: int, missing: float) -> list[Path]:
    """One run folder for each model."""
    chance = np.random.default_rng(0)
    difficulty = chance.normal(0, 1, PROMPTS)
    folders = []
    for number, quality in enumerate(np.linspace(-2, 1, models)):
        folder = root / f"model-{number:03}"
        folder.mkdir()
        logits = quality + difficulty[:, None] + chance.normal(0, 1, (PROMPTS, len(LANGUAGES)))
        lines, samples = [], []
        for prompt, row in enumerate(1 / (1 + np.exp(-logits))):
            for code, preference in zip(LANGUAGES, row, strict=True):
                key = {"id": f"prompt-{prompt}", "language": code}
                known = None if chance.random() < missing else float(preference)
                rest = {"reason": None, "raw": "A", "prompt_tokens": 1000, "completion_tokens": 1, "retries": 0}
                lines.append({**key, "order": "candidate_first", "preference": known, **rest, "cached": False})
                samples.append({**key, "instruction": "ask", "prediction": "answer", "reference": "reference"})
        for name, rows in (("verdicts.jsonl", lines), ("samples.jsonl", samples)):
            (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        (folder / "run.json").write_text(json.dumps({"settings": {"model": folder.name}}), encoding="utf-8")
        (folder / "results.json").write_text(json.dumps({"signature": SETTING}), encoding="utf-8")
        folders.append(folder)
    return folders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--missing", type=float, default=0.0, help="share of missing verdicts")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        folders = write(Path(root), given.models, given.missing)
        started = time.perf_counter()
        for folder in folders:
            for line in (folder / "verdicts.jsonl").open("rb"):
                json.loads(line)
        reading = time.perf_counter() - started
        command = [sys.executable, "-m", "xl_alpacaeval_metric", "rank", *map(str, folders)]
        command += ["--figure", "win_rate", "--format", "json"]
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    verdicts = given.models * PROMPTS * len(LANGUAGES)
    print(f"{given.models} models, {verdicts} verdicts: rank {seconds:.1f} s, {memory:.0f} MB at most")
    print(f"json alone {reading:.1f} s; ratio {seconds / reading:.2f}")


if __name__ == "__main__":
    main()
