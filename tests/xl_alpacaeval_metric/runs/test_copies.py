"""Several copies of one model: real processes, each with a share of the answers."""

import json
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.machine import gpus
from xl_alpacaeval_metric.machine.gpus import Gpu
from xl_alpacaeval_metric.progress import silent
from xl_alpacaeval_metric.runs import evaluate as runs
from xl_alpacaeval_metric.runs.answers.candidate import Candidate


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two GPUs, as far as the placement knows; the copies find none and run on the CPU."""
    monkeypatch.setattr(gpus, "available", lambda: (Gpu("0", memory=2**34), Gpu("1", memory=2**34)))


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def run(model: Path, folder: Path, progress: Any = silent, **settings: Any) -> list[dict[str, Any]]:
    candidate = Candidate(str(model), max_tokens=8, batch_size="1", **settings)
    rows = benchmark.load("mini", ["de", "fi"], limit=6)
    runs.evaluate_model(candidate, rows, None, folder, progress)
    return lines(folder / "samples.jsonl")


@pytest.fixture(scope="module")
def one(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run of one copy."""
    folder = tmp_path_factory.mktemp("one") / "run"
    run(tiny, folder)
    return folder


def test_two_copies_answer_as_one(two_gpus: None, one: Path, tiny: Path, tmp_path: Path) -> None:
    said: list[str] = []
    both = run(tiny, tmp_path / "both", lambda *step: said.extend(map(str, step[3:])), gpus="2")
    assert both == lines(one / "samples.jsonl")
    assert len(both) == 12
    assert any("2 copies of the model, one on each GPU" in line for line in said)
    assert not list((tmp_path / "both").glob("samples.*.jsonl"))


def test_a_killed_copy_loses_nothing(
    two_gpus: None, one: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    popen = subprocess.Popen

    def remembered(*arguments: Any, **options: Any) -> Any:
        process = popen(*arguments, **options)
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", remembered)
    killed = threading.Event()

    def kill_one(step: str, done: int, *_: object) -> None:
        if step == "generating" and done and not killed.is_set():
            killed.set()
            os.kill(started[1], signal.SIGKILL)

    with pytest.raises(UserError, match="1 of 2 copies failed, the generating process ended with code -9"):
        run(tiny, tmp_path / "run", kill_one, gpus="2")
    half = lines(tmp_path / "run" / "samples.jsonl")
    assert 6 <= len(half) < 12  # The other copy went on to its end.
    whole = run(tiny, tmp_path / "run", gpus="2")
    assert whole == lines(one / "samples.jsonl")
    assert [row for row in whole if row in half] == half


def test_answers_of_copies_that_were_killed_with_their_command_are_taken_over(
    one: Path, tiny: Path, tmp_path: Path
) -> None:
    shutil.copytree(one, tmp_path / "run")
    whole = lines(one / "samples.jsonl")
    file = tmp_path / "run" / "samples.jsonl"
    texts = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(texts[:3]), "utf-8")
    marked = {**whole[4], "prediction": "kept"}
    (tmp_path / "run" / "samples.0.jsonl").write_text(texts[2] + json.dumps(marked) + "\n", "utf-8")
    (tmp_path / "run" / "samples.1.jsonl").write_text(texts[7] + texts[8][:20], "utf-8")
    assert run(tiny, tmp_path / "run") == [*whole[:4], marked, *whole[5:]]
    assert not list((tmp_path / "run").glob("samples.*.jsonl"))
