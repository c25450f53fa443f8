"""How close judging comes to the ideal time: N verdicts of L seconds each, C at a time.

    python perf/judge_latency.py [--pairs 1000] [--latency 0.3] [--concurrency 64]
                                 [--fault-rate 0.1]

The ideal is N * L / C seconds. The judge is the tests' HTTP server, in a process of its own. Timed
is everything from comparisons to verdicts, with each reply stored in a cache file, and then the
same again from that file. Compared at the same concurrency, where they are installed: the openai
library's bare requests, and alpaca_eval's request loop (both without building prompts, reading
answers or saving anything). Processor time is that of this process alone.
"""

import argparse
import asyncio
import importlib.util
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric.clients.cache import CachedClient
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import Comparison

ROOT = Path(__file__).parents[1]
ANSWER = "A few sentences, as a model writes them when it is asked for something. " * 15


@contextmanager
def judge_server(latency: float, fault_rate: float) -> Iterator[str]:
    options = ["--latency", str(latency), "--fault-rate", str(fault_rate)]
    command = [sys.executable, "-m", "tests.servers.judge", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@dataclass(frozen=True)
class Took:
    seconds: float
    cpu: float

    def line(self, name: str, pairs: int, ideal: float) -> str:
        return f"{name:<14} {self.seconds:6.2f} s  {self.seconds / ideal:6.3f} x ideal  {self.cpu / pairs * 1e3:5.2f} ms CPU a pair"


@contextmanager
def clock(took: list[Took]) -> Iterator[None]:
    start, cpu = time.perf_counter(), time.process_time()
    yield
    took.append(Took(time.perf_counter() - start, time.process_time() - cpu))


def judge_twice(url: str, pairs: int, concurrency: int) -> tuple[Took, Took, int]:
    """With an empty cache, with a full one, and how many verdicts are missing."""
    comparisons = [Comparison(str(i), "fi", f"Instruction {i}", ANSWER, ANSWER[::-1]) for i in range(pairs)]
    with tempfile.TemporaryDirectory() as folder:
        client = OpenAIClient("judge", base_url=url, api_key="none", concurrency=concurrency, timeout=5.0)
        with closing(CachedClient(client, Path(folder) / "cache.sqlite")) as cached:
            judge = Judge(cached)
            tasks = judge.questions(comparisons)
            cached.preflight()
            took: list[Took] = []
            missing = 0
            for _ in range(2):
                with clock(took):
                    missing = sum(verdict.preference is None for verdict in judge.verdicts(tasks))
    return took[0], took[1], missing


def openai_library(url: str, pairs: int, concurrency: int) -> Took:
    """The openai library's requests, started as lanes free up."""
    from openai import AsyncOpenAI

    async def ask_all() -> Took:
        client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
        prompts, took = iter(prompts_of(pairs)), list[Took]()

        async def lane() -> None:
            for prompt in prompts:
                await client.chat.completions.create(
                    model="judge",
                    messages=[{"role": "user", "content": prompt}],
                    max_tokens=1,
                    temperature=0.0,
                    logprobs=True,
                    top_logprobs=20,
                )

        with clock(took):
            await asyncio.gather(*(lane() for _ in range(concurrency)))
        await client.close()
        return took[0]

    return asyncio.run(ask_all())


def alpaca_eval_requests(url: str, pairs: int, concurrency: int) -> Took:
    """alpaca_eval's request loop."""
    from alpaca_eval.decoders.openai import openai_completions

    logging.disable(logging.WARNING)
    took: list[Took] = []
    with clock(took):
        openai_completions(
            [f"<|im_start|>user\n{prompt}\n<|im_end|>" for prompt in prompts_of(pairs)],
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
    return took[0]


def prompts_of(pairs: int) -> list[str]:
    return [f"Instruction {i}\n{ANSWER}\n{ANSWER[::-1]}" for i in range(pairs)]


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
        ours: list[Took] = []
        for _ in range(options.repeat):
            first, again, missing = judge_twice(url, options.pairs, options.concurrency)
            ours.append(first)
            print(
                first.line("xl-alpacaeval", options.pairs, ideal),
                f"  {missing} missing  from the cache {again.seconds:.2f} s",
            )
        if options.fault_rate:
            print("not compared with others: none gets through these faults by itself")
            return
        for name, module, measure in (
            ("openai", "openai", openai_library),
            ("alpaca_eval", "alpaca_eval", alpaca_eval_requests),
        ):
            if importlib.util.find_spec(module) is None:
                print(f"{name:<14} not installed here, so not compared")
                continue
            theirs = measure(url, options.pairs, options.concurrency)
            ratio = theirs.seconds / min(took.seconds for took in ours)
            print(theirs.line(name, options.pairs, ideal), f"  {ratio:.2f} x xl-alpacaeval")


if __name__ == "__main__":
    main()
