"""How long it takes to score a run again whose verdicts are all there.

    python perf/rescore.py [--prompts 797] [--latency 0.01] [--repeat 3]

The pairs match XL-AlpacaEval in number and languages: 797 prompts in 8 languages. Each answer is
two of the bundled references with the item's number after every line, so that no line is repeated.
A first run asks the tests' HTTP server and fills a cache. Then the whole command is timed twice:
with the same run folder, and with a new folder and that cache. Identifying the answers' languages
cannot be saved, so that time alone, with the models loaded, is the ideal of the ratio. Prints
seconds as a shell sees them, processor seconds, and the largest resident memory.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from perf.judge_latency import judge_server
from xl_alpacaeval_metric.languages.fidelity import language_fidelity

LANGUAGES = ("de", "pt", "hu", "lt", "ga", "mt", "zh", "hi")
FOLDER = resources.files("xl_alpacaeval_metric").joinpath("data/mini")


def write_pairs(file: Path, prompts: int) -> tuple[list[str], list[str]]:
    """Write the pairs; returns the predictions and their languages."""
    asked = [json.loads(row)["request"] for row in FOLDER.joinpath("requests.jsonl").read_text("utf-8").splitlines()]
    texts, codes = [], []
    with file.open("w", encoding="utf-8") as lines:
        for code in LANGUAGES:
            rows = FOLDER.joinpath(f"references/{code}.jsonl").read_text("utf-8").splitlines()
            references = [json.loads(row)["reference"] for row in rows]
            for i in range(prompts):
                answers = [
                    "\n".join(
                        f"{line} ({i})" for line in (references[k % 16] + "\n" + references[(k + 5) % 16]).split("\n")
                    )
                    for k in (i, i + 1)
                ]
                row = {"id": f"prompt-{i}", "language": code, "instruction": f"{asked[i % 16]} ({i})"}
                row |= {"prediction": answers[0], "reference": answers[1]}
                print(json.dumps(row, ensure_ascii=False), file=lines)
                texts.append(answers[0])
                codes.append(code)
    return texts, codes


def run(pairs: Path, output: Path, url: str, cache: Path) -> tuple[float, float, float, dict[str, object]]:
    """The whole command: seconds, processor seconds, peak memory in MB, and what it used."""
    command = [sys.executable, "-m", "xl_alpacaeval_metric", "judge", str(pairs), "--output", str(output)]
    command += ["--judge", "openai/judge", "--judge-base-url", url, "--cache", str(cache)]
    with open(os.devnull, "w") as nowhere:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=nowhere, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"exit code {process.returncode}"
    results = json.loads((output / "results.json").read_text("utf-8"))
    assert results["n_missing"] == 0, f"{results['n_missing']} verdicts are missing"
    assert results["coverage"] is not None
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, results["usage"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=797)
    parser.add_argument("--latency", type=float, default=0.01, help="seconds, of the first run's judge")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, judge_server(options.latency, 0.0) as url:
        pairs, cache, first = (Path(folder) / name for name in ("pairs.jsonl", "cache.sqlite", "first"))
        texts, codes = write_pairs(pairs, options.prompts)
        size = pairs.stat().st_size / 2**20
        print(
            f"{len(texts)} pairs in {len(LANGUAGES)} languages, {sum(map(len, texts)) / len(texts):.0f} characters an answer,"
        )
        print(f"{size:.0f} MB; load average {os.getloadavg()[0]:.1f}")
        language_fidelity(texts[::100], codes[::100])  # loads the models
        ideal = []
        for _ in range(options.repeat):
            start = time.perf_counter()
            language_fidelity(texts, codes)
            ideal.append(time.perf_counter() - start)
        print(f"{'language fidelity alone':<24} {min(ideal):6.2f} s")
        seconds, cpu, memory, _ = run(pairs, first, url, cache)
        print(f"{'first run, from judge':<24} {seconds:6.2f} s  ({cpu:.2f} s CPU, {memory:.0f} MB)")
        for number in range(options.repeat):
            for name, output in (
                ("same run folder", first),
                ("new folder, full cache", first.with_name(f"new-{number}")),
            ):
                seconds, cpu, memory, usage = run(pairs, output, url, cache)
                assert usage["requests"] == 0, f"{usage['requests']} requests were sent"
                print(
                    f"{name:<24} {seconds:6.2f} s  ({cpu:.2f} s CPU, {memory:.0f} MB)  "
                    f"{seconds / min(ideal):5.2f} x fidelity alone  (load {os.getloadavg()[0]:.1f})"
                )


if __name__ == "__main__":
    main()
