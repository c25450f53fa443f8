"""The tasks in the real harness, with a real model and a real judge."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lm_eval_tasks import utils
from tests import thinking_model
from tests.helpers import FINNISH, GERMAN, ROOT, write_jsonl
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric import Judge, benchmark, languages, score
from xl_alpacaeval_metric.benchmark import context
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.harness import judging, values
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs import opened
from xl_alpacaeval_metric.runs.answers.thoughts import Answer

FOLDER = ROOT / "lm_eval_tasks"
OURS_ALONE = (
    "from functools import partialmethod; from lm_eval.tasks import TaskManager; "
    "TaskManager.__init__ = partialmethod(TaskManager.__init__, include_defaults=False); "
    "from lm_eval.__main__ import cli_evaluate; cli_evaluate()"
)
"""The harness without the 14,000 task files of its own, which it reads for seconds."""


def lm_eval(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return _harness("-c", OURS_ALONE, *arguments, **environment)


def whole_lm_eval(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The harness as its users start it."""
    return _harness("-m", "lm_eval", *arguments)


def _harness(option: str, program: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, option, program, "--include_path", FOLDER, "--device", "cpu", *arguments]
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", **environment}
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, env=settings, timeout=300)


def results_in(folder: Path) -> dict[str, Any]:
    (file,) = folder.rglob("results_*.json")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@pytest.fixture(scope="module")
def manager() -> Any:
    """The harness's index of all tasks, its own and ours."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=str(FOLDER))


@pytest.mark.slow
def test_every_language_has_its_task_and_the_groups_hold_them(manager: Any) -> None:
    expected = {f"xl_alpacaeval_{code}" for code in (*languages.RELEASED, "en")}
    expected |= {f"xl_alpacaeval_mini_{code}" for code in benchmark.MINI_LANGUAGES}
    expected |= {f"m_alpacaeval_{code}" for code in languages.PAPER}
    expected |= {f"xl_context_{design}" for design in context.DESIGNS}
    assert expected <= set(manager.all_subtasks)
    assert {"xl_alpacaeval", "xl_alpacaeval_mini", "m_alpacaeval", "xl_context"} <= set(manager.all_groups)


@pytest.mark.slow
def test_the_mini_tasks_load_without_a_judge(manager: Any) -> None:
    loaded = manager.load("xl_alpacaeval_mini")["tasks"]
    assert len(loaded) == 11
    finnish = loaded["xl_alpacaeval_mini_fi"]
    doc = next(iter(finnish.eval_docs))
    row = benchmark.load("mini", ["fi"]).rows[0]
    assert finnish.doc_to_text(doc) == row.instruction
    assert finnish.doc_to_target(doc) == row.reference


@pytest.mark.parametrize(
    "metadata",
    [
        {"judge_base_url": "http://me:pw@host/v1"},
        {"judge_args": {"api_key": "abc"}},
        {"judge_api_key": "abc"},
        {"judge": "openai/http://me:pw@host/v1"},
        {"auth_token": "abc"},  # An argument of the model.
    ],
)
def test_secrets_in_the_metadata_are_refused(metadata: dict[str, Any]) -> None:
    """The harness writes the metadata into its results."""
    with pytest.raises(UserError, match="holds a secret"):
        utils.rows("mini", "fi", **metadata)


@pytest.mark.slow
def test_the_context_tasks_are_the_five_designs(manager: Any) -> None:
    loaded = manager.load("xl_context")["tasks"]
    assert {name: len(task.eval_docs) for name, task in loaded.items()} == {
        f"xl_context_{design}": 48 for design in context.DESIGNS
    }
    assert all(task._closed for task in loaded.values())
    doc = next(iter(loaded["xl_context_all"].eval_docs))
    assert len({doc["context_language"], doc["instruction_language"], doc["response_language"]}) == 3


def test_a_run_logs_a_preference_for_every_sample(smollm2: Path, tmp_path: Path) -> None:
    with JudgeServer(latency=0.01) as server:
        metadata = {"judge": "openai/any", "judge_base_url": server.url}
        result = whole_lm_eval(
            *("--model", "hf", "--model_args", f"pretrained={smollm2}", "--apply_chat_template", "--limit", 3),
            *("--tasks", "xl_alpacaeval_mini_de,xl_alpacaeval_mini_fi", "--gen_kwargs", "max_gen_toks=16"),
            *("--metadata", json.dumps(metadata), "--log_samples", "--output_path", tmp_path, "--batch_size", 3),
        )
        assert result.returncode == 0, result.stderr
        # A probe for each of the two languages' tasks, then three verdicts each in both orders.
        assert server.stats()["requests"] <= 12 + 2
        assert server.stats()["max_in_flight"] >= 2
    for line in ("win_rate_percent", "line_pass_rate_percent", "coverage_percent"):
        assert line in result.stdout
    (results,) = tmp_path.rglob("results_*.json")
    by_task = json.loads(results.read_text())["results"]
    for code in ("de", "fi"):
        (file,) = tmp_path.rglob(f"samples_xl_alpacaeval_mini_{code}_*.jsonl")
        samples: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().splitlines()]
        preferences = [sample["win_rate_percent"] for sample in samples]
        assert len(preferences) == 3
        assert [100 * json.loads(sample["filtered_resps"][0])["preference"] for sample in samples] == preferences
        assert by_task[f"xl_alpacaeval_mini_{code}"]["win_rate_percent,judged"] == pytest.approx(sum(preferences) / 3)
        assert by_task[f"xl_alpacaeval_mini_{code}"]["win_rate_percent_stderr,judged"] > 0


def test_without_a_judge_it_ends_before_any_generation(tiny: Path) -> None:
    result = lm_eval(
        "--model", "hf", "--model_args", f"pretrained={tiny}", "--limit", 1, "--tasks", "xl_alpacaeval_mini_de"
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
    doc = {"id": "a", "response_language": "de", "instruction": "Q", "reference": "Guten Tag!"}
    with JudgeServer(marker="no verdict") as server:
        settings = json.dumps({"judge": "openai/m", "judge_base_url": server.url})
        found = values.values(doc, judging.judge_answers([Answer("no verdict")], [doc], settings))
    assert (found["coverage_percent"], found["missing_percent"]) == (0.0, 100.0)
    assert math.isnan(found["win_rate_percent"])
    assert math.isnan(utils.mean_of_present([found["win_rate_percent"]]))
    assert math.isnan(utils.length_controlled([found["lc_win_rate_percent"]]))
    present = [1.0, math.nan, 0.0]
    assert (utils.mean_of_present(present), present) == (0.5, [1.0, 0.0])


def test_rows_without_a_reference_count_in_fidelity_alone(caplog: pytest.LogCaptureFixture) -> None:
    texts = [("a", GERMAN, "Guten Tag!"), ("b", GERMAN, "Guten Abend!"), ("c", GERMAN, None)]
    texts.append(("d", "The dog runs through the forest.", None))
    docs = [
        {"id": name, "response_language": "de", "instruction": f"Question {name}", "reference": reference}
        for name, _, reference in texts
    ]
    with JudgeServer() as server:
        settings = json.dumps({"judge": "openai/m", "judge_base_url": server.url, "both_orders": True})
        results = judging.judge_answers([Answer(text) for _, text, _ in texts], docs, settings)
        assert server.stats()["requests"] == 5  # The probe, and two items in both orders.
    assert "2 of 4 items (de) have no reference and were not judged" in caplog.text
    found = [values.values(doc, [result]) for doc, result in zip(docs, results, strict=True)]
    figures = {name: utils.mean_of_present([one[name] for one in found]) for name in ("missing_percent",)}
    assert figures == {"missing_percent": 0.0}
    assert [math.isnan(one["win_rate_percent"]) for one in found] == [False, False, True, True]
    assert [one["line_pass_rate_percent"] for one in found] == [100, 100, 100, 0]
    assert utils.interval_low([one["win_rate_ci95_low_percent"] for one in found]) >= 0


def test_the_name_of_every_value_says_its_unit() -> None:
    """The harness's own figures are 0 to 1, and those of results.json percentages."""
    (base,) = FOLDER.glob("_base_yaml")
    groups = FOLDER.glob("*/_*.yaml")
    named = [name for file in (base, *groups) for name in re.findall(r"- metric: (\w+)", file.read_text())]
    assert len(named) > 9 + 4
    assert [name for name in named if not name.endswith("_percent")] == []


@pytest.mark.parametrize("by_size", [True, False])
def test_a_group_s_figure_is_that_of_the_tasks_that_have_one(by_size: bool) -> None:
    """The harness multiplies figures by sizes, and knows no missing value."""
    from lm_eval.api.metrics import aggregate_subtask_metrics

    figures = [utils.mean_of_present(items) for items in ([1.0, 0.0], [math.nan], [1.0], [math.nan, 0.25])]
    found = aggregate_subtask_metrics(figures, [2, 1, 1, 2], by_size)
    assert found == pytest.approx((2 * 0.5 + 1.0 + 2 * 0.25) / 5 if by_size else (0.5 + 1.0 + 0.25) / 3)
    assert json.loads(json.dumps(found)) == found
    assert math.isnan(aggregate_subtask_metrics([utils.mean_of_present([math.nan])] * 2, [1, 1], by_size))
    assert float(figures[0]) + 1 == 1.5


def test_figures_are_those_of_score() -> None:
    """Win rate, length control over languages, and fidelity, as the harness aggregates them."""
    answers = ["Guten Morgen, wie geht es Ihnen heute?", "The dog runs through the forest again.", "Ja."] * 4
    codes = ["de", "en", "de"] * 3 + ["de", "de", "de"]
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
        results = judging.judge_answers(list(map(Answer, answers)), docs, settings)
        with Judge.from_spec("openai/m", base_url=server.url) as judge:
            expected = score(items, judge).overall
    found = [values.values(doc, [result]) for doc, result in zip(docs, results, strict=True)]
    assert utils.mean_of_present([one["win_rate_percent"] for one in found]) == pytest.approx(expected.win_rate)
    low, high = (
        end([one[f"win_rate_ci95_{name}_percent"] for one in found])
        for end, name in ((utils.interval_low, "low"), (utils.interval_high, "high"))
    )
    assert (low, high) == pytest.approx(expected.win_rate_ci95)
    assert math.isnan(utils.length_controlled([one["lc_win_rate_percent"] for one in found]))
    assert expected.lc_win_rate is None
    for name, value in (
        ("coverage_percent", expected.coverage),
        ("fidelity_percent", expected.fidelity),
        ("switch_rate_percent", expected.switch_rate),
        ("win_rate_in_language_percent", expected.win_rate_in_language),
    ):
        assert utils.mean_of_present([one[name] for one in found]) == pytest.approx(value)
    assert expected.win_rate_in_language != expected.win_rate


def test_answers_to_closed_questions_are_scored_without_a_judge() -> None:
    facts = json.dumps([{"number": 39.5}])
    docs = [
        {"id": str(number), "response_language": "de", "instruction": "Q", "reference": "R", "expected": expected}
        for number, expected in enumerate((facts, facts, ""))
    ]
    answers = [Answer(text) for text in ("Das sind 39,5 Kilogramm.", "Das sind 38 Kilogramm.", "Guten Tag!")]
    results = judging.judge_answers(answers, docs, json.dumps({"judge": "none"}))
    found = [
        values.values(doc, [result], closed=True)["correct_rate_percent"]
        for doc, result in zip(docs, results, strict=True)
    ]
    assert found[:2] == [100.0, 0.0]
    assert math.isnan(found[2])
    assert utils.mean_of_present(found) == 50.0
    assert "correct_rate_percent" not in values.values(docs[2], [results[2]])


def test_a_judge_that_goes_away_is_reported() -> None:
    doc = {"id": "a", "response_language": "de", "instruction": "Q", "reference": "Guten Tag!"}
    with JudgeServer(models=("other",)) as server:
        settings = {"judge": "openai/m", "judge_base_url": server.url}
        with pytest.raises(UserError):
            judging.judge_answers([Answer("Hallo!")], [doc], json.dumps(settings))
        with pytest.raises(UserError, match="seed in --metadata is 'x'; need a whole number"):
            judging.judge_answers([Answer("Hallo!")], [doc], json.dumps(settings | {"seed": "x"}))


@pytest.mark.slow
def test_the_harness_finds_every_task_valid() -> None:
    names = "xl_alpacaeval,xl_alpacaeval_mini,m_alpacaeval,xl_context,xl_alpacaeval_en,xl_alpacaeval_mini_en"
    command = [sys.executable, "-m", "lm_eval", "validate", "--tasks", names, "--include_path", str(FOLDER)]
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    assert result.returncode == 0, result.stderr
    assert "All tasks found and valid" in result.stdout + result.stderr


THOUGHT = "The user wants an answer in German, so I should think about it first."


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that thinks between special tokens, and whose own settings ask for 2 tokens."""
    folder = tmp_path_factory.mktemp("models") / "thinker"
    special = ["[THINK]", "[/THINK]"]
    text = [special[0], THOUGHT, special[1], GERMAN]
    return thinking_model.make(
        folder, text, thinking_model.SWITCHED, start="assistant", special=special, max_new_tokens=2
    )


@pytest.mark.slow
def test_thoughts_are_taken_off_and_the_results_name_the_judge(thinker: Path, tmp_path: Path) -> None:
    with JudgeServer() as server:
        metadata = {"judge": "openai/any", "judge_base_url": server.url}
        result = lm_eval(
            *("--model", "hf", "--model_args", f"pretrained={thinker}", "--apply_chat_template", "--limit", 1),
            *("--tasks", "xl_alpacaeval_mini", "--gen_kwargs", "max_gen_toks=60", "--metadata", json.dumps(metadata)),
            *("--output_path", tmp_path, "--log_samples"),
        )
        assert result.returncode == 0, result.stderr
        assert THOUGHT not in json.dumps(server.seen.last_body)
    found = results_in(tmp_path)
    assert found["results"]["xl_alpacaeval_mini_de"]["line_pass_rate_percent,judged"] == 100
    group = found["groups"]["xl_alpacaeval_mini"]
    assert group["missing_percent,judged"] == 0
    assert math.isnan(group["lc_win_rate_percent,judged"]), "no taste for length was measured"
    described = found["configs"]["xl_alpacaeval_mini_de"]["metadata"]["judged_by"]
    assert described["judge"] == "openai/any"
    assert described["judge_prompt"] in described["signature"]
    assert "judge:openai/any" in described["signature"]
    (file,) = tmp_path.rglob("samples_xl_alpacaeval_mini_de_*.jsonl")
    judged = json.loads(json.loads(file.read_text())["filtered_resps"][0])
    assert (judged["prediction"], judged["thinking"]) == (GERMAN, THOUGHT)


@pytest.mark.slow
def test_a_task_without_a_value_leaves_its_group_one(tmp_path: Path) -> None:
    """The answers of one language are too short to be scored; the group is that of the other."""
    with JudgeServer(reply=lambda body: "Ja." if "German" in json.dumps(body) else FINNISH) as server:
        arguments = f"model=m,base_url={server.url}/chat/completions,num_concurrent=4,max_retries=1"
        (tmp_path / "tasks").mkdir()
        for code in ("de", "fi"):
            text = (FOLDER / "mini" / f"xl_alpacaeval_mini_{code}.yaml").read_text()
            text = text.replace("../_base_yaml", str(FOLDER / "_base_yaml")).replace(f"mini_{code}", f"own_{code}")
            (tmp_path / "tasks" / f"{code}.yaml").write_text(text)
        metric = "  - {metric: line_pass_rate_percent, weight_by_size: false, filter_list: [judged]}\n"
        tasks = "task: [xl_alpacaeval_own_de, xl_alpacaeval_own_fi]\n"
        (tmp_path / "tasks" / "_group.yaml").write_text(f"group: own\n{tasks}aggregate_metric_list:\n{metric}")
        result = lm_eval(
            *("--model", "local-chat-completions", "--model_args", arguments, "--apply_chat_template", "--limit", 2),
            *("--tasks", "own", "--include_path", tmp_path / "tasks", "--output_path", tmp_path / "out"),
            *("--metadata", '{"judge": "none"}'),
        )
    assert result.returncode == 0, result.stderr
    found = results_in(tmp_path / "out")
    assert math.isnan(found["results"]["xl_alpacaeval_own_de"]["line_pass_rate_percent,judged"])
    assert (
        found["groups"]["own"]["line_pass_rate_percent,judged"]
        == found["results"]["xl_alpacaeval_own_fi"]["line_pass_rate_percent,judged"]
        == 100
    )


@pytest.mark.slow
def test_only_predictions_need_no_judge(tmp_path: Path) -> None:
    arguments = ("--model", "dummy", "--tasks", "xl_alpacaeval_mini_de", "--limit", 2, "--output_path", tmp_path)
    result = lm_eval(*arguments, "--predict_only")
    assert result.returncode == 0, result.stderr
    found = opened.read(tmp_path)
    assert (found.judged, [item.comparison.prediction for item in found.items]) == (False, ["lol", "lol"])
    assert all(item.comparison.reference for item in found.items)
    assert "asked for German (de), answered in: none identified 100%" in result.stderr


@pytest.mark.slow
def test_cached_requests_bring_back_neither_judge_nor_references(tmp_path: Path) -> None:
    arguments = ("--model", "dummy", "--tasks", "xl_alpacaeval_mini_de", "--limit", 2, "--cache_requests", "true")
    environment = {"LM_HARNESS_CACHE_PATH": str(tmp_path / "cache")}
    rows = [
        {"id": row.id, "language": "de", "reference": f"Meine Antwort {row.id}."}
        for row in benchmark.load("mini", ["de"]).rows
    ]
    references = write_jsonl(tmp_path / "references.jsonl", rows)
    with JudgeServer() as one, JudgeServer() as two:
        for server, more in ((one, {}), (two, {"reference": str(references)})):
            metadata = {"judge": "openai/any", "judge_base_url": server.url, **more}
            result = lm_eval(*arguments, "--metadata", json.dumps(metadata), **environment)
            assert result.returncode == 0, result.stderr
        assert one.stats()["distinct"] == two.stats()["distinct"] >= 3  # Two verdicts and the probe.
        assert "Meine Antwort" in json.dumps(two.seen.last_body)
    assert list((tmp_path / "cache").iterdir())


@pytest.mark.slow
def test_a_document_is_not_among_its_own_shots(manager: Any) -> None:
    task = manager.load("xl_alpacaeval_mini_de")["tasks"]["xl_alpacaeval_mini_de"]
    task.set_fewshot_seed(1)
    for doc in task.eval_docs:
        shown = task.fewshot_context(doc, num_fewshot=3)
        assert task.doc_to_target(doc) not in str(shown)


@pytest.mark.slow
def test_why_every_verdict_is_missing_is_said(tmp_path: Path) -> None:
    with JudgeServer(marker="lol", marker_status=403) as server:
        metadata = {"judge": "openai/any", "judge_base_url": server.url}
        arguments = ("--model", "dummy", "--tasks", "xl_alpacaeval_mini_de", "--limit", 2, "--output_path", tmp_path)
        result = lm_eval(*arguments, "--metadata", json.dumps(metadata))
    assert result.returncode == 0, result.stderr
    assert "4 of 4 verdicts are missing: " in result.stderr
    assert "HF Evaluate library" not in result.stderr, "the harness looks for our metrics on the Hub"
    assert "every verdict is missing" in result.stderr
    assert results_in(tmp_path)["results"]["xl_alpacaeval_mini_de"]["missing_percent,judged"] == 100


def test_a_benchmark_of_one_s_own_is_a_task_with_its_ids_and_references(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [
        {"id": "q1", "instruction": "Tere?", "language": "et", "reference": "Tere!"},
        {"id": "q1", "instruction": "Hei?", "language": "fi", "reference": "Hei!"},
    ]
    file = write_jsonl(tmp_path / "mine.jsonl", own)
    found = utils.rows("own", benchmark=str(file))["test"]
    assert [(row["id"], row["response_language"], row["reference"]) for row in found] == [
        ("q1", "et", "Tere!"),
        ("q1", "fi", "Hei!"),
    ]
    assert found.info.description.startswith("mine@")
    monkeypatch.setenv("XL_BENCHMARK_PATH", str(file))
    assert len(utils.rows("own", languages="fi")["test"]) == 1
    monkeypatch.delenv("XL_BENCHMARK_PATH")
    assert {row["response_language"] for row in utils.rows("own", benchmark="mini", languages="et")["test"]} == {"et"}
    with pytest.raises(UserError, match="no benchmark is given"):
        utils.rows("own")
