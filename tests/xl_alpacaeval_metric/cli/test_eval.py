"""`xl-alpacaeval eval` with a real model: generate in a child process, judge, score, continue."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import AutoTokenizer

from tests.commands import Result, complaint, run_python, start_alpacaeval
from tests.commands import run_alpacaeval as run
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric.runs.thoughts import Thoughts


def evaluate(model: object, folder: Path, *options: object) -> Result:
    return run("eval", model, "--benchmark", "mini", "--max-tokens", 12, "--output", folder, *options)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def finished(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A finished run of two items in two languages, judged by SmolLM2 in both orders."""
    folder = tmp_path_factory.mktemp("eval") / "run"
    options = ("--languages", "de,fi", "--limit", 2, "--judge", f"hf/{smollm2}", "--both-orders")
    return folder, evaluate(smollm2, folder, *options)


def test_a_run_leaves_results_that_add_up(finished: tuple[Path, Result]) -> None:
    folder, result = finished
    assert result.returncode == 0, result.stderr
    found = json.loads((folder / "results.json").read_text())
    assert found["n"] == found["n_items"] == found["wins"] + found["losses"] + found["ties"] == 4
    assert found["n_missing"] == 0
    assert found["win_rate"] == pytest.approx(sum(part["win_rate"] for part in found["by_language"].values()) / 2)
    assert 0 <= found["win_rate_ci95"][0] <= found["win_rate"] <= found["win_rate_ci95"][1] <= 100
    assert found["position_consistency"] is not None
    assert found["usage"]["requests"] == 8
    samples, verdicts = lines(folder / "samples.jsonl"), lines(folder / "verdicts.jsonl")
    assert [(row["language"], row["id"]) for row in samples] == [
        (c, f"mini-0{n}") for c in ("de", "fi") for n in (1, 2)
    ]
    assert all(row["prediction"] for row in samples)
    assert len(verdicts) == 8
    assert json.loads((folder / "run.json").read_text())["settings"]["model"]
    cut = sum(row.get("cut", False) for row in samples)
    assert cut > 0  # No answer of SmolLM2 to these is over after 12 tokens.
    assert f"{cut} of 4 answers are as long as --max-tokens 12 allows: probably unfinished" in found["warnings"]


def test_answers_that_end_by_themselves_are_not_called_unfinished(smollm2: Path) -> None:
    lm = SimpleNamespace(tokenizer=AutoTokenizer.from_pretrained(smollm2))
    model = Thoughts.of(lm)
    assert not model.read("", "Yes, it is.", 100, 0).cut
    assert not model.read("", "", 100, 0).cut
    assert model.read("", "word " * 100, 100, 0).cut
    assert model.read("", "half a character \ud83d" + " word" * 100, 100, 0).cut
    assert not Thoughts.of(SimpleNamespace()).read("", "an endpoint's answer", 1, 0).cut


def test_the_table_shows_each_language_and_all(finished: tuple[Path, Result]) -> None:
    _, result = finished
    for text in ("German (de)", "Finnish (fi)", "all", "±", "judge:hf/SmolLM2-135M-Instruct", "run folder:"):
        assert text in result.stdout
    assert "Traceback" not in result.stderr


def test_the_same_command_again_makes_nothing_twice(finished: tuple[Path, Result], smollm2: Path) -> None:
    folder, _ = finished
    before = {name: (folder / name).read_bytes() for name in ("samples.jsonl", "verdicts.jsonl", "generation.log")}
    options = ("--languages", "de,fi", "--limit", 2, "--judge", f"hf/{smollm2}", "--both-orders")
    again = evaluate(smollm2, folder, *options)
    assert again.returncode == 0, again.stderr
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_another_setting_in_the_same_folder_is_refused(finished: tuple[Path, Result], smollm2: Path) -> None:
    folder, _ = finished
    result = evaluate(smollm2, folder, "--languages", "de,fi", "--limit", 2, "--judge", f"hf/{smollm2}")
    assert 'order "both"' in complaint(result)


def test_an_interrupted_run_goes_on_where_it_stopped(smollm2: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with JudgeServer() as server:
        options = [
            *("eval", smollm2, "--languages", "de", "--limit", 6, "--max-tokens", 60, "--batch-size", 1),
            *("--judge", "openai/any", "--judge-base-url", server.url, "--output", folder),
        ]
        process = start_alpacaeval(*options)
        deadline = time.monotonic() + 120
        while not (folder / "samples.jsonl").exists() or not (folder / "samples.jsonl").read_text().count("\n"):
            assert time.monotonic() < deadline, "no answer came"
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "the same command goes on from there" in stderr
        assert "Traceback" not in stderr
        half = lines(folder / "samples.jsonl")
        assert 1 <= len(half) < 6
        result = run(*options)
        assert result.returncode == 0, result.stderr
        whole = lines(folder / "samples.jsonl")
    assert len(whole) == 6
    assert [row for row in whole if row["id"] in {row["id"] for row in half}] == half
    assert json.loads((folder / "results.json").read_text())["n"] == 6


def test_a_base_model_needs_the_template_turned_off(smollm2: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(smollm2, base, copy_function=os.symlink, ignore=shutil.ignore_patterns("chat_template.jinja"))
    options = ("--languages", "de", "--limit", 1, "--judge", "none")
    refused = evaluate(base, tmp_path / "refused", *options)
    assert refused.returncode == 2
    assert "has no chat template; for a base model give --no-chat-template" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert evaluate(base, tmp_path / "run", *options, "--no-chat-template").returncode == 0


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_is_one_line(tmp_path: Path) -> None:
    result = evaluate("no/such-model", tmp_path / "run", "--languages", "de", "--limit", 1, "--judge", "none")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "no/such-model" in result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_an_endpoint_is_a_model_like_any_other(tmp_path: Path) -> None:
    with JudgeServer() as server:
        options = ("--backend", "local-chat-completions", "--model-args", f"base_url={server.url}", "--concurrency", 2)
        judge = ("--judge", "openai/any", "--judge-base-url", server.url)
        result = evaluate("any", tmp_path / "run", *options, *judge, "--languages", "de", "--limit", 3)
    assert result.returncode == 0, result.stderr
    assert [row["prediction"] in ("A", "B") for row in lines(tmp_path / "run" / "samples.jsonl")] == [True] * 3


def test_a_file_in_the_working_folder_replaces_no_module(tmp_path: Path) -> None:
    for name in ("tokenize", "queue", "random", "requests"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the working folder')\n")
    with JudgeServer() as server:
        options = ["--backend", "local-chat-completions", "--model-args", f"base_url={server.url}", "--judge", "none"]
        # As the console command, python -P does not put the working folder on the path.
        command = ["-P", "-m", "xl_alpacaeval_metric", "eval", "any", *options, "--languages", "de"]
        result = run_python(*command, "--limit", 1, "--output", "run", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert len(lines(tmp_path / "run" / "samples.jsonl")) == 1


@pytest.mark.slow
def test_a_gguf_file_is_a_model(tmp_path: Path) -> None:
    from xl_alpacaeval_metric import embedded

    options = ("--languages", "de", "--limit", 1, "--judge", "none")
    result = evaluate(embedded.gguf_file(), tmp_path / "run", *options)
    assert result.returncode == 0, result.stderr
    assert lines(tmp_path / "run" / "samples.jsonl")[0]["prediction"]
