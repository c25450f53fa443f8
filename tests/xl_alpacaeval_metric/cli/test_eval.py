"""`xl-alpacaeval eval` with a real model: generate in a child process, judge, score, continue."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import AutoTokenizer

from tests import small_gguf
from tests.commands import Result, complaint, run_python, start_alpacaeval
from tests.commands import run_alpacaeval as run
from tests.helpers import PATIENCE, children_of, wait_until
from tests.servers.hub import HubServer
from tests.servers.judge import JudgeServer
from tests.stubborn_server import none_alive
from xl_alpacaeval_metric.runs.answers.thoughts import Thoughts


def evaluate(model: object, folder: Path, *options: object) -> Result:
    return run("eval", model, "--benchmark", "mini", "--max-tokens", 12, "--output", folder, *options)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def judged_by() -> Iterator[tuple[object, ...]]:
    """The options for a judge whose every verdict can be read."""
    with JudgeServer() as server:
        yield "--judge", "openai/any", "--judge-base-url", server.url


@pytest.fixture(scope="module")
def finished(
    smollm2: Path, judged_by: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result]:
    """A finished run of two items in two languages, judged in both orders."""
    folder = tmp_path_factory.mktemp("eval") / "run"
    return folder, evaluate(smollm2, folder, "--languages", "de,fi", "--limit", 2, *judged_by, "--both-orders")


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
    for text in ("German (de)", "Finnish (fi)", "all", "±", "judge:openai/any", "run folder:"):
        assert text in result.stdout
    assert "Traceback" not in result.stderr


def test_the_same_command_again_makes_nothing_twice(
    finished: tuple[Path, Result], smollm2: Path, judged_by: tuple[object, ...]
) -> None:
    folder, _ = finished
    before = {name: (folder / name).read_bytes() for name in ("samples.jsonl", "verdicts.jsonl", "generation.log")}
    again = evaluate(smollm2, folder, "--languages", "de,fi", "--limit", 2, *judged_by, "--both-orders")
    assert again.returncode == 0, again.stderr
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_another_setting_in_the_same_folder_is_refused(
    finished: tuple[Path, Result], smollm2: Path, judged_by: tuple[object, ...]
) -> None:
    folder, _ = finished
    result = evaluate(smollm2, folder, "--languages", "de,fi", "--limit", 2, *judged_by, "--one-order")
    assert 'order "both"' in complaint(result)


@pytest.mark.slow
def test_a_judge_too_weak_for_verdicts_has_them_missing_with_reasons(smollm2: Path, tmp_path: Path) -> None:
    judge = ("--judge", f"hf/{smollm2}", "--max-missing", 1, "--one-order")
    result = evaluate(smollm2, tmp_path / "run", "--languages", "de", "--limit", 2, *judge)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "run" / "results.json").read_text())
    assert found["n"] + found["n_missing"] == 2
    for verdict in lines(tmp_path / "run" / "verdicts.jsonl"):
        assert (verdict["preference"] is None) == bool(verdict["reason"])


def test_an_interrupted_run_goes_on_where_it_stopped(smollm2: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with JudgeServer() as server:
        options = [
            *("eval", smollm2, "--languages", "de", "--limit", 4, "--max-tokens", 40, "--batch-size", 1),
            *("--judge", "openai/any", "--judge-base-url", server.url, "--output", folder),
        ]
        process = start_alpacaeval(*options)
        samples = folder / "samples.jsonl"
        wait_until(lambda: samples.exists() and "\n" in samples.read_text(), process)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert "the same command goes on from there" in stderr
        assert "Traceback" not in stderr
        half = lines(folder / "samples.jsonl")
        assert 1 <= len(half) < 4
        result = run(*options)
        assert result.returncode == 0, result.stderr
        whole = lines(folder / "samples.jsonl")
    assert len(whole) == 4
    assert [row for row in whole if row["id"] in {row["id"] for row in half}] == half
    assert json.loads((folder / "results.json").read_text())["n"] == 4


def test_a_base_model_needs_the_template_turned_off(smollm2: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(smollm2, base, copy_function=os.symlink, ignore=shutil.ignore_patterns("chat_template.jinja"))
    options = ("--languages", "de", "--limit", 1, "--judge", "none")
    refused = evaluate(base, tmp_path / "refused", *options)
    assert refused.returncode == 2
    assert "has no chat template; for a base model give --no-chat-template" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "refused").exists(), "it is refused before it is loaded"
    assert evaluate(base, tmp_path / "run", *options, "--no-chat-template").returncode == 0


@pytest.mark.parametrize("online", [False, True])
def test_an_absent_model_is_said_before_the_judge_is_asked(online: bool, tmp_path: Path) -> None:
    said = "the Hub has no such model" if online else "nothing of it is in the Hub's cache"
    with HubServer() as hub, JudgeServer() as judge:
        where = hub.environment(tmp_path / "home") if online else {"HF_HOME": str(tmp_path / "home")}
        options = ("--languages", "de", "--judge", "openai/any", "--judge-base-url", judge.url)
        result = run("eval", "no/such-model", *options, "--output", tmp_path / "run", **where)
        assert f"no/such-model: {said}" in complaint(result)
        if online:
            file = tmp_path / "sweep.yaml"
            file.write_text(f"models: [no/such-model]\nbenchmarks: [mini]\njudges: none\noutput: {tmp_path / 'run'}\n")
            assert f"no/such-model: {said}" in complaint(run("sweep", file, **where))
        assert judge.seen.log == []
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--benchmark", "nope"), "unknown benchmark 'nope'"),
        (("--languages", "fi,,ga"), "languages 'fi,,ga': code 2 is empty"),
        (("--languages", "elvish"), "unknown language 'elvish': give a BCP-47 code"),
    ],
)
def test_what_is_evaluated_is_looked_at_before_the_judge(tmp_path: Path, options: tuple[str, str], said: str) -> None:
    """Without a judge, too, which is asked for next."""
    result = run_python(
        "-m", "xl_alpacaeval_metric", "eval", "any", *options, "--output", tmp_path / "run", XL_JUDGE=""
    )
    assert said in complaint(result)
    assert not (tmp_path / "run").exists()


def test_an_endpoint_is_a_model_like_any_other(tmp_path: Path) -> None:
    with JudgeServer() as server:
        options = ("--backend", "local-chat-completions", "--model-args", f"base_url={server.url}", "--concurrency", 2)
        judge = ("--judge", "openai/any", "--judge-base-url", server.url)
        result = evaluate("any", tmp_path / "run", *options, *judge, "--languages", "de", "--limit", 3)
    assert result.returncode == 0, result.stderr
    assert [row["prediction"] in ("A", "B") for row in lines(tmp_path / "run" / "samples.jsonl")] == [True] * 3


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_generating_process_ends_with_the_command(ending: signal.Signals, tmp_path: Path) -> None:
    """Its next answer never comes: only the end of the command can end it."""

    def hangs(_: object) -> str:
        answered.append(1)
        # The first request shows whether the model thinks.
        while len(answered) > 3 and not ended:
            time.sleep(0.05)  # The server stands still, too.
        return "Guten Tag" if ended else "Hallo"

    answered: list[int] = []
    ended: list[int] = []
    folder = tmp_path / "run"
    with JudgeServer(reply=hangs) as server:
        options = ("--backend", "local-chat-completions", "--model-args", f"base_url={server.url}", "--judge", "none")
        command = ("eval", "any", *options, "--languages", "de", "--limit", 4, "--concurrency", 1, "--output", folder)
        process = start_alpacaeval(*command)
        wait_until(lambda: len(answered) > 3, process)
        children = children_of(process.pid)
        assert children
        process.send_signal(ending)
        _, stderr = process.communicate(timeout=PATIENCE)
        assert none_alive(children)
        assert process.returncode == (-9 if ending == signal.SIGKILL else 128 + ending)
        assert ending == signal.SIGKILL or "the same command goes on" in stderr
        assert "Traceback" not in stderr
        half = lines(folder / "samples.jsonl")
        assert len(half) == 2
        ended.append(1)
        result = run(*command)
        assert result.returncode == 0, result.stderr
    whole = lines(folder / "samples.jsonl")
    assert [row for row in whole if row["prediction"] == "Hallo"] == half
    assert len(whole) == 4


def test_keys_are_in_no_file_of_the_run(tmp_path: Path) -> None:
    """The harness logs the headers of a request that failed."""
    with JudgeServer(fault_rate=1.0, faults=("error",)) as server:
        options = ["--backend", "local-chat-completions", "--judge", "none", "--languages", "de", "--limit", 1]
        arguments = f"base_url={server.url},max_retries=1"
        common = ("eval", "any", *options, "--output")
        given = ("--model-args", arguments)
        failed = run(
            *common, tmp_path / "run", *given, OPENAI_API_KEY="a-SECRET-without-form", HF_TOKEN="hf-SECRET-too"
        )
        assert failed.returncode == 2
        assert server.seen.last_headers["authorization"] == "Bearer a-SECRET-without-form"
        files = {file.name: file.read_text() for file in (tmp_path / "run").iterdir()}
        assert "500" in files["generation.log"]
        assert "SECRET" not in "".join([*files.values(), failed.stdout, failed.stderr])
        for secret in (f"base_url={server.url}?api-key=SECRET", "API_KEY=SECRET", "openai_api_key=SECRET"):
            refused = run(*common, tmp_path / "refused", "--model-args", secret)
            assert "holds a secret" in complaint(refused)
            assert "SECRET" not in refused.stderr
    assert not (tmp_path / "refused").exists()


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


def test_a_gguf_file_is_a_model(tiny: Path, tmp_path: Path) -> None:
    options = ("--languages", "de", "--limit", 1, "--judge", "none")
    result = evaluate(small_gguf.write(tiny, tmp_path / "tiny.gguf"), tmp_path / "run", *options)
    assert result.returncode == 0, result.stderr
    assert lines(tmp_path / "run" / "samples.jsonl")[0]["prediction"]
