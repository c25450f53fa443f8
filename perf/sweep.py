"""A sweep of three models, two languages and judges at an endpoint and in process.

    python perf/sweep.py killed [--kills 3] [--executor local|ray] [--seed 0]
    python perf/sweep.py wall [--rows 60] [--seconds 0.5]

`killed` runs a sweep undisturbed, and one that is killed (SIGKILL) and started again, after random
times and random numbers of questions to the endpoint. It compares their results, and counts what
the endpoint was asked twice: at most what was under way at a kill. `wall` times answering alone,
judging alone, and the whole sweep with a judge at an endpoint, whose replies take some time as the
models' do; the last should take no longer than the longer of the others. Models have random
weights, servers are the tests'.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml

from tests.helpers import write_jsonl
from tests.servers.judge import JudgeServer

LANGUAGES = ("fi", "de")
TEXT = {"fi": "Koira juoksee metsän halki ja löytää vanhan luun.", "de": "Der Hund läuft durch den Wald."}
CHANGES = ("usage", "seconds", "started", "ended")


def random_model(folder: Path, seed: int) -> Path:
    """A two-layer Llama over bytes with random weights, and a window of 8,192 tokens."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={token: n for n, token in enumerate(["<end>", *letters])}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    template = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<end>", eos_token="<end>", pad_token="<end>", chat_template=template
    ).save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(letters) + 1,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def write_rows(file: Path, prompts: int) -> Path:
    rows = [
        {"id": f"p{n}", "instruction": f"Tell story {n}.", "language": code, "reference": f"{TEXT[code]} {n}"}
        for code in LANGUAGES
        for n in range(prompts)
    ]
    return write_jsonl(file, rows)


def command(file: Path, executor: str) -> list[str]:
    return [sys.executable, "-m", "xl_alpacaeval_metric", "sweep", str(file), "--executor", executor]


def start(file: Path, executor: str = "local") -> "subprocess.Popen[bytes]":
    environment = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "XL_JUDGE_CHECK": "0", "OPENAI_API_KEY": "x"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    return subprocess.Popen(
        command(file, executor), env={**os.environ, **environment}, stdout=subprocess.DEVNULL, start_new_session=True
    )


def write_sweep(file: Path, output: Path, **content: Any) -> Path:
    file.write_text(yaml.safe_dump({"output": str(output), **content}), encoding="utf-8")
    return file


def results(output: Path) -> dict[str, Any]:
    """The figures of every run, without what differs from one time to the next."""
    files = sorted(output.glob("*/*/results.json"))
    return {str(file.relative_to(output)): _plain(json.loads(file.read_text("utf-8"))) for file in files}


def _plain(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {key: _plain(value) for key, value in found.items() if key not in CHANGES}
    return [_plain(one) for one in found] if isinstance(found, list) else found


def killed(kills: int, executor: str, seed: int, work: Path) -> None:
    draw = random.Random(seed)
    models = [random_model(work / f"model{n}", n) for n in range(3)]
    content: dict[str, Any] = {
        "models": [str(model) for model in models],
        "benchmarks": [str(write_rows(work / "stories.jsonl", 12))],
        "eval": {"max_tokens": 24, "device": "cpu", "batch_size": 1},
    }
    in_process = {"judge": f"hf/{random_model(work / 'judge', 9)}", "device": "cpu"}
    seen, seconds = {}, 0.0
    for name in ("undisturbed", "killed"):
        with JudgeServer(latency=0.3) as server:
            judges = [{"judge": "openai/judge", "base_url": f"{server.url}", "concurrency": 2}, in_process]
            file = write_sweep(work / f"{name}.yaml", work / name, judges=judges, **content)
            began, times = time.monotonic(), 0
            while True:
                process = start(file, executor)
                started = time.monotonic()
                is_time = _moment(draw, seconds, server) if name == "killed" and times < kills else lambda: False
                while (code := process.poll()) is None and not is_time():
                    time.sleep(0.02)
                if code is not None:
                    break
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                times += 1
                print(f"killed after {time.monotonic() - started:.0f} s, {len(server.seen.log)} requests so far")
            seconds = time.monotonic() - began
            assert code == 0, f"{name}: exit code {code}"
            # The small request before each sweep is sent again and again.
            probe = max(server.seen.keys, key=lambda key: server.seen.keys[key])
            twice = {key: count - 1 for key, count in server.seen.keys.items() if count > 1 and key != probe}
            seen[name] = results(work / name)
            print(f"{name}: {seconds:.0f} s, {len(server.seen.keys) - 1} questions, {sum(twice.values())} asked again")
            assert sum(twice.values()) <= 2 * times, "more was asked twice than was under way at the kills"
    assert len(seen["killed"]) == 3
    same = seen["killed"] == seen["undisturbed"]
    print("the same results" if same else "OTHER RESULTS: " + ", ".join(_differing("", *seen.values())))
    if not same:
        raise SystemExit(1)


def _differing(name: str, one: Any, other: Any) -> list[str]:
    """The names of what differs, with both values."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return [line for key in {**one, **other} for line in _differing(f"{name}/{key}", one.get(key), other.get(key))]
    return [] if one == other else [f"{name} {str(one)[:60]} -> {str(other)[:60]}"]


def _moment(draw: random.Random, seconds: float, server: JudgeServer) -> Callable[[], bool]:
    """Whether it is time for a kill: after a part of `seconds`, or after some questions more."""
    if draw.random() < 0.5:
        end = time.monotonic() + draw.uniform(0.1, 0.45) * seconds
        return lambda: time.monotonic() > end
    questions = len(server.seen.log) + draw.randint(3, 24)
    return lambda: len(server.seen.log) >= questions


def wall(prompts: int, seconds: float, work: Path) -> None:
    with (
        JudgeServer(latency=seconds) as judge,
        JudgeServer(latency=seconds, reply=lambda body: "Eine Antwort.") as models,
    ):
        content: dict[str, Any] = {
            "models": [
                {
                    "model": f"model{n}",
                    "model_args": {"base_url": f"{models.url}/chat/completions"},
                    "concurrency": 2,
                }
                for n in range(3)
            ],
            "benchmarks": [str(write_rows(work / "stories.jsonl", prompts))],
        }
        asked = [{"judge": "openai/judge", "base_url": judge.url, "concurrency": 2}]
        found = {}
        answers = write_sweep(work / "answers.yaml", work / "answers", judges="none", **content)
        found["answering alone"] = _timed(answers)
        judged = write_sweep(work / "judged.yaml", work / "answers", judges=asked, **content)
        found["judging alone"] = _timed(judged)
        both = write_sweep(work / "both.yaml", work / "both", judges=asked, **content)
        found["both"] = _timed(both)
    for name, value in found.items():
        print(f"{name}: {value:.0f} s")
    longer = max(found["answering alone"], found["judging alone"])
    print(f"the whole sweep against the longer of the two: {found['both'] / longer:.2f}")


def _timed(file: Path) -> float:
    began = time.monotonic()
    code = start(file).wait()
    assert code == 0, f"{file}: exit code {code}"
    return time.monotonic() - began


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("killed", "wall"))
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--executor", default="local")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=60, help="prompts in each of two languages")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each reply")
    asked = parser.parse_args(given)
    work = Path(tempfile.mkdtemp(prefix="sweep-"))
    try:
        if asked.what == "killed":
            killed(asked.kills, asked.executor, asked.seed, work)
        else:
            wall(asked.rows, asked.seconds, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
