"""How close the whole command `xl-alpacaeval judge` comes to the ideal time, on new pairs.

    python perf/judge_command.py [--pairs 1000] [--latency 0.3] [--concurrency 64] [--repeat 3]

The ideal for N requests of L seconds each, C at a time, is N * L / C seconds. Two figures are
printed beside it for each run: "judging", the `usage.seconds` of results.json (from the first
prompt to the last verdict kept), and the whole command as a shell sees it, with Python's start, the
probe, writing every verdict, language fidelity and intervals. Each run is done without a cache and
with a new `--cache` file. The judge is the tests' HTTP server, in a process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from perf.judge_latency import ANSWER, judge_server

WORDS = ANSWER.split()


def write_pairs(file: Path, pairs: int) -> None:
    """Distinct pairs whose answers are some 1,000 characters long."""
    with file.open("w", encoding="utf-8") as lines:
        for i in range(pairs):
            start = i % len(WORDS)
            row = {
                "id": str(i),
                "language": "en",
                "instruction": f"Say something about thing {i}.",
                "prediction": f"Thing {i}: " + " ".join(WORDS[start:] + WORDS[:start]),
                "reference": f"About thing {i}, briefly: " + " ".join(WORDS[:start]),
            }
            print(json.dumps(row), file=lines)


def judge(pairs: Path, output: Path, url: str, concurrency: int, cache: Path | None) -> tuple[float, float]:
    """Seconds of judging and of the whole command; every pair must have its verdict."""
    command = [sys.executable, "-m", "xl_alpacaeval_metric", "judge", str(pairs), "--output", str(output)]
    command += ["--judge", "openai/judge", "--judge-base-url", url, "--concurrency", str(concurrency)]
    command += ["--cache", str(cache)] if cache else []
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    whole = time.perf_counter() - start
    results = json.loads((output / "results.json").read_text(encoding="utf-8"))
    assert results["n_missing"] == 0, f"{results['n_missing']} verdicts are missing: {results['missing_reasons']}"
    assert results["usage"]["requests"] == results["n"], "not every verdict was asked for"
    return results["usage"]["seconds"], whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.3, help="seconds")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    ideal = options.pairs * options.latency / options.concurrency
    rounds = -(-options.pairs // options.concurrency) * options.latency
    print(f"{options.pairs} pairs, {options.latency} s latency, {options.concurrency} at a time: ideal {ideal:.2f} s")
    print(f"(with whole rounds, {rounds:.2f} s or {rounds / ideal:.3f} x ideal); load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder, judge_server(options.latency, 0.0) as url:
        pairs = Path(folder) / "pairs.jsonl"
        write_pairs(pairs, options.pairs)
        for number in range(options.repeat):
            for name in ("no cache", "--cache"):
                work = Path(folder) / f"{name}-{number}"
                cache = work.with_suffix(".sqlite") if name == "--cache" else None
                judging, whole = judge(pairs, work, url, options.concurrency, cache)
                print(
                    f"{name:<9} judging {judging:6.2f} s  {judging / ideal:6.3f} x ideal   "
                    f"whole command {whole:6.2f} s, {whole - judging:5.2f} s more  (load {os.getloadavg()[0]:.1f})"
                )


if __name__ == "__main__":
    main()
