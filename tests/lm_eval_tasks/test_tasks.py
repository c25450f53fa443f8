"""The tasks in the real harness, with a real model and a real judge."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lm_eval_tasks import utils
from tests.helpers import ROOT
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric import Judge, benchmark, languages, score
from xl_alpacaeval_metric.benchmark import context
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records import Comparison

FOLDER = ROOT / "lm_eval_tasks"


def lm_eval(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lm_eval", "--include_path", FOLDER, "--device", "cpu", *arguments]
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", **environment}
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, env=settings, timeout=300)


@pytest.mark.slow
def test_every_language_has_its_task_and_the_groups_hold_them() -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(FOLDER))
    expected = {f"xl_alpacaeval_{code}" for code in (*languages.RELEASED, "en")}
    expected |= {f"xl_alpacaeval_mini_{code}" for code in benchmark.MINI_LANGUAGES}
    expected |= {f"m_alpacaeval_{code}" for code in languages.PAPER}
    expected |= {f"xl_context_{design}" for design in context.DESIGNS}
    assert expected <= set(manager.all_subtasks)
    assert {"xl_alpacaeval", "xl_alpacaeval_mini", "m_alpacaeval", "xl_context"} <= set(manager.all_groups)


@pytest.mark.slow
def test_the_mini_tasks_load_without_a_judge() -> None:
    from lm_eval.tasks import TaskManager

    loaded = TaskManager(include_path=str(FOLDER)).load("xl_alpacaeval_mini")["tasks"]
    assert len(loaded) == 11
    finnish = loaded["xl_alpacaeval_mini_fi"]
    doc = next(iter(finnish.eval_docs))
    row = benchmark.load("mini", ["fi"]).rows[0]
    assert finnish.doc_to_text(doc) == row.instruction
    assert finnish.doc_to_target(doc) == row.reference


@pytest.mark.parametrize(
    "metadata",
    [{"judge_base_url": "http://me:pw@host/v1"}, {"judge_args": {"api_key": "abc"}}, {"judge_api_key": "abc"}],
)
def test_secrets_in_the_metadata_are_refused(metadata: dict[str, Any]) -> None:
    """The harness writes the metadata into its results."""
    with pytest.raises(UserError, match="holds a secret"):
        utils.rows("mini", "fi", **metadata)


@pytest.mark.slow
def test_the_context_tasks_are_the_five_designs() -> None:
    from lm_eval.tasks import TaskManager

    loaded = TaskManager(include_path=str(FOLDER)).load("xl_context")["tasks"]
    assert {name: len(task.eval_docs) for name, task in loaded.items()} == {
        f"xl_context_{design}": 24 for design in context.DESIGNS
    }
    doc = next(iter(loaded["xl_context_all"].eval_docs))
    assert len({doc["context_language"], doc["instruction_language"], doc["response_language"]}) == 3


def test_a_run_logs_a_preference_for_every_sample(smollm2: Path, tmp_path: Path) -> None:
    with JudgeServer(latency=0.01) as server:
        metadata = {"judge": "openai/any", "judge_base_url": server.url}
        result = lm_eval(
            *("--model", "hf", "--model_args", f"pretrained={smollm2}", "--apply_chat_template", "--limit", 3),
            *("--tasks", "xl_alpacaeval_mini_de,xl_alpacaeval_mini_fi", "--gen_kwargs", "max_gen_toks=16"),
            *("--metadata", json.dumps(metadata), "--log_samples", "--output_path", tmp_path, "--batch_size", 3),
        )
        assert result.returncode == 0, result.stderr
        # A probe for each of the two languages' tasks, then three verdicts each, concurrently.
        assert server.stats()["requests"] <= 6 + 2
        assert server.stats()["max_in_flight"] >= 2
    for line in ("win_rate", "line_pass_rate", "coverage"):
        assert line in result.stdout
    (results,) = tmp_path.rglob("results_*.json")
    by_task = json.loads(results.read_text())["results"]
    for code in ("de", "fi"):
        (file,) = tmp_path.rglob(f"samples_xl_alpacaeval_mini_{code}_*.jsonl")
        samples: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().splitlines()]
        preferences = [sample["win_rate"] for sample in samples]
        assert len(preferences) == 3
        assert [json.loads(sample["filtered_resps"][0])["preference"] for sample in samples] == preferences
        assert by_task[f"xl_alpacaeval_mini_{code}"]["win_rate,judged"] == pytest.approx(sum(preferences) / 3)
        assert by_task[f"xl_alpacaeval_mini_{code}"]["win_rate_stderr,judged"] > 0


def test_without_a_judge_it_ends_before_any_generation(smollm2: Path) -> None:
    result = lm_eval(
        "--model", "hf", "--model_args", f"pretrained={smollm2}", "--limit", 1, "--tasks", "xl_alpacaeval_mini_de"
    )
    assert result.returncode == 2
    assert "no judge is set: give --metadata" in result.stderr.splitlines()[-1]
    assert "Running generate_until" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_without_the_hub_it_names_the_file_that_is_missing() -> None:
    result = lm_eval("--model", "dummy", "--tasks", "xl_alpacaeval", XL_JUDGE="none")
    assert result.returncode == 2
    assert "german.json" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_xl_runs_on_a_local_copy_with_references_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "finnish.jsonl").write_text(
        "".join(json.dumps({"instruction": f"Question {n}. Answer in Finnish."}) + "\n" for n in range(3))
    )
    references = tmp_path / "references.jsonl"
    references.write_text(
        "".join(
            json.dumps({"id": f"xl-{n:04d}", "language": "fi", "reference": "Tämä on vastaus kysymykseen."}) + "\n"
            for n in range(3)
        )
    )
    arguments = ("--model", "dummy", "--tasks", "xl_alpacaeval_fi")
    with JudgeServer() as server:
        environment = {"XL_JUDGE": "openai/any", "OPENAI_BASE_URL": server.url, "XL_BENCHMARK_PATH": str(tmp_path)}
        refused = lm_eval(*arguments, **environment)
        assert refused.returncode == 2
        assert "the rows have no references" in refused.stderr.splitlines()[-1]
        result = lm_eval(*arguments, **environment, XL_REFERENCE=str(references))
    assert result.returncode == 0, result.stderr
    assert "win_rate" in result.stdout


def test_a_missing_verdict_is_left_out_and_counted() -> None:
    sys.path.insert(0, str(ROOT))
    from lm_eval_tasks import utils

    doc = {"id": "a", "response_language": "de", "instruction": "Q", "reference": "Guten Tag!"}
    with JudgeServer(marker="no verdict") as server:
        settings = {"judge": "openai/m", "judge_base_url": server.url}
        doc["judge_settings"] = json.dumps(settings)
        found = utils.values(doc, utils.judge_answers([["no verdict"]], [doc]))
    assert found == {"coverage": 0.0, "missing": 1.0}


def test_figures_are_those_of_score() -> None:
    """Win rate, length control over languages, and fidelity, as the harness aggregates them."""
    sys.path.insert(0, str(ROOT))
    from lm_eval_tasks import utils

    answers = ["Guten Morgen, wie geht es Ihnen heute?", "The dog runs through the forest again.", "Ja."] * 4
    codes = ["de", "en", "de"] * 4
    docs = [
        {
            "id": str(number),
            "response_language": code,
            "instruction": f"Question {number}",
            "reference": "Guten Tag! " * (1 + number % 5),
        }
        for number, code in enumerate(codes)
    ]
    items = [
        Comparison(doc["id"], doc["response_language"], doc["instruction"], answer, doc["reference"])
        for doc, answer in zip(docs, answers, strict=True)
    ]
    with JudgeServer() as server:
        settings = json.dumps({"judge": "openai/m", "judge_base_url": server.url})
        docs = [{**doc, "judge_settings": settings} for doc in docs]
        results = utils.judge_answers([[answer] for answer in answers], docs)
        with Judge.from_spec("openai/m", base_url=server.url) as judge:
            expected = score(items, judge).overall
    found = [utils.values(doc, [result]) for doc, result in zip(docs, results, strict=True)]
    assert 100 * statistics.fmean(one["win_rate"] for one in found) == pytest.approx(expected.win_rate)
    assert 100 * utils.length_controlled([one["lc_win_rate"] for one in found]) == pytest.approx(expected.lc_win_rate)
    assert 100 * statistics.fmean(one["coverage"] for one in found) == pytest.approx(expected.coverage)


def test_a_judge_that_goes_away_ends_the_run_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    sys.path.insert(0, str(ROOT))
    from lm_eval_tasks import utils

    doc = {"id": "a", "response_language": "de", "instruction": "Q", "reference": "Guten Tag!"}
    with JudgeServer(models=("other",)) as server:
        settings = {"judge": "openai/m", "judge_base_url": server.url}
        with pytest.raises(SystemExit) as stop:
            utils.judge_answers([["Hallo!"]], [{**doc, "judge_settings": json.dumps(settings)}])
        assert stop.value.code == 2
        with pytest.raises(SystemExit):
            utils.judge_answers([["Hallo!"]], [{**doc, "judge_settings": json.dumps(settings | {"seed": "x"})}])
    assert "seed in --metadata is 'x'; need a whole number" in capsys.readouterr().err


@pytest.mark.slow
def test_the_harness_finds_every_task_valid() -> None:
    names = "xl_alpacaeval,xl_alpacaeval_mini,m_alpacaeval,xl_context,xl_alpacaeval_en,xl_alpacaeval_mini_en"
    command = [sys.executable, "-m", "lm_eval", "validate", "--tasks", names, "--include_path", str(FOLDER)]
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    assert result.returncode == 0, result.stderr
    assert "All tasks found and valid" in result.stdout + result.stderr
