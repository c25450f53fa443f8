"""How close `xl-alpacaeval eval` comes to the longer of its two parts: answering and judging.

    python perf/overlap.py [MODEL] [--rows 480] [--concurrency 16] [--answer-seconds 1.0]
                           [--verdict-seconds 1.0] [--fault-rate 0.1] [--repeat 1]

Three whole commands as a shell sees them, in one run: the answers alone (`eval --judge none`), the
judging of these answers alone (`judge`), and both (`eval --judge`). Prints the ratio of both to the
longer of the two alone. The judge is the tests' HTTP server, in a process of its own, and so is the
candidate, unless MODEL (a Hub id or a folder, or `embedded`) answers in process. The processor time
of the commands is shown beside the wall time, which other work on the machine moves.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xl_alpacaeval_metric import benchmark, embedded
from xl_alpacaeval_metric.files import jsonl

ROOT = Path(__file__).parents[1]


@contextmanager
def server(latency: float, fault_rate: float = 0.0) -> Iterator[str]:
    options = ["--latency", str(latency), "--fault-rate", str(fault_rate)]
    command = [sys.executable, "-m", "tests.servers.judge", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def seconds_of(*arguments: object) -> tuple[float, float]:
    """The wall time and the processor time of a command of xl-alpacaeval."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    start, used = time.perf_counter(), processor_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "xl_alpacaeval_metric", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    return seconds, processor_seconds() - used


def processor_seconds() -> float:
    """Of all processes so far that this one started, and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def requests(file: Path, rows: int) -> Path:
    """The requests of `mini`, numbered, as AlpacaEval's file has them."""
    texts = [row.request for row in benchmark.load("mini", ["de"]).rows]
    found = [{"instruction": f"{n}. {texts[n % len(texts)]}", "dataset": "mini"} for n in range(rows)]
    file.write_text(json.dumps(found), encoding="utf-8")
    return file


def measure(folder: Path, candidate: list[object], options: argparse.Namespace, judge_url: str) -> float:
    """Print the three times; returns the ratio."""
    judge = ("--judge", "openai/judge", "--judge-base-url", judge_url)
    at_once = ("--concurrency", options.concurrency)
    file = requests(folder / "requests.json", options.rows)
    rows = ("--benchmark", "xl", "--languages", "de", "--benchmark-path", file)
    answers, answers_used = seconds_of(
        "eval", *candidate, *rows, *at_once, "--judge", "none", "--output", folder / "answers"
    )
    samples = folder / "answers" / "samples.jsonl"
    references = folder / "references.jsonl"
    references.write_text(
        "".join(
            jsonl.json_line({"id": row["id"], "language": "de", "reference": f"Das ist die Antwort auf {row['id']}."})
            for row in jsonl.read_lines(samples)
        ),
        encoding="utf-8",
    )
    given = ("--reference", references)
    judging, judging_used = seconds_of("judge", samples, *judge, *at_once, *given, "--output", folder / "judging")
    both, both_used = seconds_of("eval", *candidate, *rows, *judge, *at_once, *given, "--output", folder / "both")
    alone, together = (json.loads((folder / name / "results.json").read_text()) for name in ("judging", "both"))
    assert together["n_missing"] == alone["n_missing"] == 0
    assert together["usage"]["requests"] == options.rows
    if candidate[0] == "m":  # A model in process may give an answer another last digit.
        assert together["win_rate"] == alone["win_rate"]
    ratio = both / max(answers, judging)
    print(
        f"answers alone {answers:6.1f} s  judging alone {judging:6.1f} s  both {both:6.1f} s  "
        f"{ratio:.3f} x the longer, {both / (answers + judging):.3f} x their sum; "
        f"processor {answers_used:.1f}, {judging_used:.1f} and {both_used:.1f} s",
        flush=True,
    )
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="Hub id or folder")
    parser.add_argument("--rows", type=int, default=480)
    parser.add_argument("--concurrency", type=int, default=16, help="of the judge, and of a candidate's endpoint")
    parser.add_argument("--answer-seconds", type=float, default=1.0, help="of a candidate behind an endpoint")
    parser.add_argument("--verdict-seconds", type=float, default=1.0)
    parser.add_argument("--fault-rate", type=float, default=0.0, help="share of the judge's answers that are a fault")
    parser.add_argument("--max-tokens", type=int, default=32, help="of MODEL's answers")
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    with server(options.answer_seconds) as candidate_url:
        candidate: list[object] = [
            "m",
            "--backend",
            "local-chat-completions",
            "--model-args",
            f"base_url={candidate_url}",
        ]
        if options.model:
            model = str(embedded.model_folder()) if options.model == "embedded" else options.model
            candidate = [model, "--max-tokens", options.max_tokens]
        for _ in range(options.repeat):
            # A new server forgets which attempts of a request had a fault.
            with (
                server(options.verdict_seconds, options.fault_rate) as judge_url,
                tempfile.TemporaryDirectory() as name,
            ):
                measure(Path(name), candidate, options, judge_url)


if __name__ == "__main__":
    main()
