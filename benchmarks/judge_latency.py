"""How close judging comes to what the endpoint's latency allows: N verdicts of L seconds each, C at a time.

    python benchmarks/judge_latency.py [--pairs 1000] [--latency 0.3] [--concurrency 64] [--fault-rate 0.1]

The ideal is N * L / C seconds. The judge is the tests' HTTP server, in a process of its own; what is timed is the
whole way from comparisons to verdicts, each reply kept in a cache file, and then the same again from that file.
With alpaca_eval installed, its request loop (without its parsing and saving) answers as many prompts with as many lanes.
"""

import argparse
import importlib.util
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from xl_alpacaeval_metric.cache import CachedClient
from xl_alpacaeval_metric.clients.openai import OpenAIClient
from xl_alpacaeval_metric.judge import Judge
from xl_alpacaeval_metric.records import Comparison

SERVER = Path(__file__).parent.parent / "tests" / "judge_server.py"
ANSWER = "A few sentences, as a model writes them when it is asked for something. " * 15


@contextmanager
def judge_server(latency: float, fault_rate: float) -> Iterator[str]:
    command = [sys.executable, str(SERVER), "--latency", str(latency), "--fault-rate", str(fault_rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def judge_twice(url: str, pairs: int, concurrency: int) -> tuple[float, float, int]:
    """Seconds with an empty cache, seconds with a full one, and how many verdicts are missing."""
    comparisons = [Comparison(str(i), "fi", f"Instruction {i}", ANSWER, ANSWER[::-1]) for i in range(pairs)]
    with tempfile.TemporaryDirectory() as folder:
        client = OpenAIClient("judge", base_url=url, api_key="none", concurrency=concurrency, timeout=5.0)
        with closing(CachedClient(client, Path(folder) / "cache.sqlite")) as cached:
            judge = Judge(cached)
            tasks = [(comparison, order) for comparison in comparisons for order in judge.orders(comparison)]
            cached.preflight()
            seconds, missing = [], 0
            for _ in range(2):
                start = time.perf_counter()
                missing = sum(verdict.preference is None for verdict in judge.verdicts(tasks))
                seconds.append(time.perf_counter() - start)
    return seconds[0], seconds[1], missing


def alpaca_eval_requests(url: str, pairs: int, concurrency: int) -> float:
    """Seconds that alpaca_eval's request loop takes for as many prompts."""
    from alpaca_eval.decoders.openai import openai_completions  # type: ignore[import-not-found]

    logging.disable(logging.WARNING)
    prompts = [f"<|im_start|>user\nInstruction {i}\n{ANSWER}\n{ANSWER[::-1]}\n<|im_end|>" for i in range(pairs)]
    start = time.perf_counter()
    openai_completions(
        prompts,
        "gpt-4o",
        max_tokens=1,
        temperature=0.0,
        logprobs=True,
        top_logprobs=20,
        num_procs=concurrency,
        price_per_token=0.0,
        client_config_path="none",
        openai_api_keys=["none"],
        openai_api_base=url,
    )
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.3, help="seconds")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--fault-rate", type=float, default=0.0, help="share of the answers that are a fault")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    ideal = options.pairs * options.latency / options.concurrency
    print(f"{options.pairs} pairs, {options.latency} s latency, {options.concurrency} at a time: ideal {ideal:.2f} s")
    with judge_server(options.latency, options.fault_rate) as url:
        ours = []
        for _ in range(options.repeat):
            first, again, missing = judge_twice(url, options.pairs, options.concurrency)
            ours.append(first)
            print(f"xl-alpacaeval  {first:6.2f} s  {first / ideal:.3f} x ideal   {missing} missing   from the cache {again:.2f} s")
        if importlib.util.find_spec("alpaca_eval") is None:
            print("alpaca_eval    not installed here, so not compared")
        elif options.fault_rate:
            print("alpaca_eval    not compared: it does not get through these faults")
        else:
            theirs = alpaca_eval_requests(url, options.pairs, options.concurrency)
            print(f"alpaca_eval    {theirs:6.2f} s  {theirs / ideal:.3f} x ideal   {theirs / min(ours):.2f} x xl-alpacaeval")


if __name__ == "__main__":
    main()
