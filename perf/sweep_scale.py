"""A sweep of 50 models x 30 languages x 797 prompts: memory and seconds to plan and to collect it.

    python perf/sweep_scale.py [--models 50] [--languages 30] [--prompts 797]

Run folders with scripted answers of 1,000 characters and generated verdicts are written first.
`plan` is `sweep --dry-run`, which compares what is wanted with what the folders hold (one model has
no answers to its last language), `status` is `sweep --status`, `collect` the last task of a sweep:
the ranking of all runs (a page of more than 200,000 answers is left out). Each is a process of its
own, whose largest memory is printed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml

from xl_alpacaeval_metric.cli.cluster.sweep import check_arguments
from xl_alpacaeval_metric.judge import prompt_file
from xl_alpacaeval_metric.languages import RELEASED
from xl_alpacaeval_metric.sweep import commands
from xl_alpacaeval_metric.sweep import file as sweep_file
from xl_alpacaeval_metric.sweep.judging import judges
from xl_alpacaeval_metric.sweep.missing import Missing

MORE = [
    "it",
    "es",
    "nl",
    "sv",
    "da",
    "nb",
    "pl",
    "cs",
    "ru",
    "uk",
    "ja",
    "ko",
    "ar",
    "el",
    "ro",
    "bg",
    "hr",
    "sk",
    "et",
    "lv",
    "id",
    "vi",
]
ANSWER = "An answer of some hundred words, as models write them. " * 18
SETTING = "judge:openai/judge|prompt:{sha}|order:balanced|seed:0|benchmark:wide@1|reference:wide@0123abcd"


def write(root: Path, models: int, codes: list[str], prompts: int) -> Path:
    """The benchmark, the run folders and the sweep's file."""
    keys = [(f"p{n}", code) for code in codes for n in range(prompts)]
    with (root / "wide.jsonl").open("w", encoding="utf-8") as file:
        for identifier, code in keys:
            row = {"id": identifier, "language": code, "instruction": f"Tell story {identifier}.", "reference": ANSWER}
            file.write(json.dumps(row) + "\n")
    content = {
        "models": [f"model-{number}" for number in range(models)],
        "benchmarks": [str(root / "wide.jsonl")],
        "judges": [{"judge": "openai/judge", "base_url": "http://127.0.0.1:9/v1"}],
        "output": str(root / "out"),
    }
    config = root / "sweep.yaml"
    config.write_text(yaml.safe_dump(content), encoding="utf-8")
    sweep = sweep_file.read(config)
    runs = list(sweep.runs)
    wide = Missing(sweep.judging).wanted(runs[0].benchmark).benchmark
    with judges.opened(sweep, cached=False) as opened:
        judge = opened.settings(runs[0].benchmark)
    sha = prompt_file.load(None).sha
    chance = np.random.default_rng(0)
    for number, run in enumerate(runs):
        folder = root / "out" / "wide" / f"model-{number}"
        folder.mkdir(parents=True)
        held = keys[:-prompts] if number == 0 else keys
        preferences = 1 / (1 + np.exp(-chance.normal(number / models - 0.5, 1, len(held))))
        rows = (folder / "rows.jsonl").open("w", encoding="utf-8")
        samples = (folder / "samples.jsonl").open("w", encoding="utf-8")
        verdicts = (folder / "verdicts.jsonl").open("w", encoding="utf-8")
        with rows, samples, verdicts:
            for (identifier, code), preference in zip(held, preferences, strict=True):
                key = {"id": identifier, "language": code}
                text = {"instruction": f"Tell story {identifier}.", "reference": ANSWER}
                rows.write(json.dumps({**key, **text}) + "\n")
                samples.write(json.dumps({**key, **text, "prediction": ANSWER}) + "\n")
                rest = {"reason": None, "raw": "A", "prompt_tokens": 1000, "completion_tokens": 1, "retries": 0}
                one = {**key, "order": "candidate_first", "preference": float(preference), **rest, "cached": False}
                verdicts.write(json.dumps(one) + "\n")
        candidate = check_arguments(commands.answering(run, sweep.judging))
        settings = {**candidate.identity, **judge, "benchmark": wide.name, "revision": wide.revision}
        (folder / "run.json").write_text(json.dumps({"settings": settings}), encoding="utf-8")
        results = {"signature": SETTING.format(sha=sha), "n_missing": 0}
        (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return config


def measured(name: str, file: Path, *arguments: str) -> None:
    """Run the command and print its seconds, of processor and clock, and its largest memory."""
    command = [sys.executable, "-m", "xl_alpacaeval_metric", "sweep", str(file), *arguments]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    _, _, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    said = " / ".join(islice((line for line in lines if "wide" in line or "runs" in line), 3))
    print(
        f"{name}: {usage.ru_maxrss / 1024:.0f} MB, {usage.ru_utime + usage.ru_stime:.0f} s of processor, "
        f"{seconds:.0f} s; {said[:200]}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--languages", type=int, default=30)
    parser.add_argument("--prompts", type=int, default=797)
    given = parser.parse_args()
    codes = [*dict.fromkeys([*RELEASED, *MORE])][: given.languages]
    assert len(codes) == given.languages, f"there are {len(codes)} languages here"
    with tempfile.TemporaryDirectory() as root:
        file = write(Path(root), given.models, codes, given.prompts)
        count = given.models * given.languages * given.prompts
        print(f"{given.models} models x {given.languages} languages x {given.prompts} prompts: {count} answers")
        measured("plan", file, "--dry-run")
        measured("status", file, "--status")
        measured("collect", file, "--task", "finish")


if __name__ == "__main__":
    main()
