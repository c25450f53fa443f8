"""vLLM itself, on the CPU: candidate, judge, server, teacher. `make vllm-demo` runs it.

It is skipped where vLLM is not installed. Each load of a model takes vLLM a minute or two here.
"""

import importlib.util
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import thinking_model
from tests.helpers import GERMAN, ROOT, closed_port, write_jsonl
from tests.stubborn_server import none_alive
from xl_alpacaeval_metric import embedded
from xl_alpacaeval_metric.files import jsonl

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed"),
]
SECONDS = 1800
"""After which a command is taken to hang."""
EAGER = "enforce_eager=True,max_model_len=4096"
"""Model arguments: without compiling, which takes longer than these runs."""
THOUGHT = "The user wants an answer in German, so I should think about it first. "
SHARE = 0.7
"""Of A, of what A and B have, in the judge that thinks."""


def command(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", program, *map(str, arguments)]


def environment() -> dict[str, str]:
    """Progress bars are off in it, with which vLLM by itself divides by zero."""
    own = {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "2", "PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    return {**os.environ, **own}


def run(program: str, *arguments: object, code: int = 0) -> str:
    """Run a command to its end, with exit code 0 or `code`; returns what it printed.

    `pytest -s` shows it, and the seconds.
    """
    began = time.monotonic()
    result = subprocess.run(
        command(program, *arguments), capture_output=True, text=True, env=environment(), timeout=SECONDS
    )
    assert result.returncode in (0, code), result.stderr[-4000:]
    print(f"\n$ {program} {' '.join(map(str, arguments))}\n{result.stdout}{time.monotonic() - began:.0f} s")
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def model() -> str:
    return str(embedded.model_folder())


def samples(folder: Path) -> list[dict[str, Any]]:
    return list(jsonl.read_lines(folder / "samples.jsonl"))


def verdicts(folder: Path) -> list[dict[str, Any]]:
    return list(jsonl.read_lines(folder / "verdicts.jsonl"))


def test_a_candidate_and_a_judge(model: str, tmp_path: Path) -> None:
    """Two items in two languages, answered and judged."""
    said = run(
        *("xl_alpacaeval_metric", "eval", model, "--backend", "vllm", "--model-args", EAGER),
        *("--judge", f"vllm/{model}", "--judge-args", EAGER, "--no-judge-check", "--max-missing", 1),
        *(
            "--benchmark",
            "mini",
            "--languages",
            "de,fi",
            "--limit",
            2,
            "--max-tokens",
            32,
            "--output",
            tmp_path / "run",
        ),
    )
    assert "INFO" not in said[: said.index("run folder:")], "vLLM's log is not part of the result"
    found = samples(tmp_path / "run")
    assert len(found) == 4
    assert all(row["prediction"].strip() for row in found)
    assert len(verdicts(tmp_path / "run")) == 8


def thinker(folder: Path, text: Sequence[str]) -> Path:
    thinking_model.make(folder, text, thinking_model.SWITCHED, start="assistant")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 8192}))
    return folder


def test_a_candidate_that_thinks_and_a_judge_that_thinks(tmp_path: Path) -> None:
    """The answer alone is measured; the verdict has the probability of its letter."""
    candidate = thinker(tmp_path / "candidate", ("<think>", THOUGHT, "</think>", GERMAN))
    judge = thinker(tmp_path / "judge", ("<think>", "Is B better? ", "</think>", "\n\n", "A"))
    give_b(judge, "\n\n", 1 - SHARE)
    arguments = "enforce_eager=True,max_model_len=8192"
    run(
        *("xl_alpacaeval_metric", "eval", candidate, "--backend", "vllm", "--model-args", arguments),
        *("--judge", f"vllm/{judge}", "--judge-args", arguments, "--judge-thinking-tokens", 50, "--no-judge-check"),
        *("--benchmark", "mini", "--languages", "de", "--limit", 2, "--max-tokens", 128, "--output", tmp_path / "run"),
    )
    for row in samples(tmp_path / "run"):
        assert (row["prediction"].strip(), row["thinking"].strip()) == (GERMAN, THOUGHT.strip())
    found = verdicts(tmp_path / "run")
    preferences = [one["preference"] if one["order"] == "candidate_first" else 1 - one["preference"] for one in found]
    assert preferences == pytest.approx([SHARE] * 4, abs=0.02)


def give_b(folder: Path, before: str, share: float) -> None:
    """Make B as probable after the piece `before` as `share` says, against A."""
    from transformers import AutoTokenizer, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = LlamaForCausalLM.from_pretrained(folder)
    piece, a, b = (tokenizer.encode(text, add_special_tokens=False)[-1] for text in (before, "A", "B"))
    size = network.config.hidden_size
    weights = network.lm_head.weight.data
    weights[b, piece] = weights[a, piece] - math.log((1 - share) / share) / math.sqrt(size)
    network.save_pretrained(folder)


@contextmanager
def served(model: str, log: Path) -> Iterator[str]:
    """The address of `vllm serve`, which is called "m"; it has ended after the block."""
    port = closed_port()
    serve = [str(Path(sys.executable).parent / "vllm"), "serve", model, "--served-model-name", "m", "--enforce-eager"]
    with log.open("w") as file:
        process = subprocess.Popen(
            [*serve, "--port", str(port), "--max-model-len", "4096"], stdout=file, stderr=file, env=environment()
        )
        try:
            deadline = time.monotonic() + SECONDS
            while not answers(f"http://127.0.0.1:{port}/health"):
                assert process.poll() is None, log.read_text()[-4000:]
                assert time.monotonic() < deadline
                time.sleep(1)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(60)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def test_a_served_judge(model: str, tmp_path: Path) -> None:
    """A window of 4,096 tokens is less than a judge's room to think: the window is the limit then.

    A judge that answers with a letter gives its log-probabilities.
    """
    row = {"instruction": "Say hello in German.", "prediction": GERMAN, "reference": "Guten Tag!", "language": "de"}
    pairs = write_jsonl(tmp_path / "pairs.jsonl", [row])
    letter = thinker(tmp_path / "letter", ("A",))
    for name, folder in (("text", model), ("letter", str(letter))):
        with served(folder, tmp_path / f"{name}.log") as address:
            run(
                *("xl_alpacaeval_metric", "judge", pairs, "--judge", "openai/m", "--judge-base-url", address),
                *("--no-judge-check", "--max-missing", 1, "--output", tmp_path / f"run-{name}"),
            )
    (verdict,) = verdicts(tmp_path / "run-letter")
    assert 0.5 < max(verdict["preference"], 1 - verdict["preference"]) < 1


def test_generate_starts_servers_and_leaves_none(model: str, tmp_path: Path) -> None:
    """A teacher and a translator in servers of their own, one after the other.

    The model has a context of 2,048 tokens, fewer than datatrove asks for. So small a model may
    write nothing that is kept, which is exit code 1; then the translator is not started.
    """
    narrow = shutil.copytree(model, tmp_path / "narrow")
    config = json.loads((narrow / "config.json").read_text())
    (narrow / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 2048}))
    said = run(
        *("xl_instruct_dataset", "generate", "--seeds", "sample", "--targets", "de", "--judge", "none"),
        *("--teacher", f"vllm/{narrow}", "--translator", f"vllm/{narrow}", "--candidates", 1, "--passages", 2),
        *("--server-args", "enforce_eager=true,max_num_seqs=4"),
        *("--per-language", 1, "--max-tokens", 200, "--output", tmp_path / "xl-instruct"),
        code=1,
    )
    assert "write: 2 of 2" in said
    for log in (logs := list((tmp_path / "xl-instruct.work" / "logs").glob("*/servers/*.log"))):
        assert re.search(r"max_(?:model|seq)_len\W+2048", log.read_text())
        assert "enforce_eager" in log.read_text()
    assert logs
    assert none_alive(servers())


def test_a_started_server_ends_with_the_command(model: str, tmp_path: Path) -> None:
    """SIGTERM while the server loads its model."""
    process = subprocess.Popen(
        command(
            *("xl_instruct_dataset", "generate", "--seeds", "sample", "--targets", "de", "--judge", "none"),
            *("--teacher", f"vllm/{model}", "--translator", f"vllm/{model}", "--passages", 2),
            *("--output", tmp_path / "xl-instruct"),
        ),
        env=environment(),
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not (started := servers()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    process.wait(120)
    assert none_alive(started, 20)


def servers() -> list[int]:
    """The processes of `vllm serve` and what they started, by this user."""
    import psutil

    found = [one for one in psutil.process_iter(["cmdline"]) if "serve" in (one.info["cmdline"] or [])[1:3]]
    return [one.pid for parent in found for one in (parent, *parent.children(recursive=True))]
