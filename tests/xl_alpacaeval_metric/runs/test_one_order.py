"""A judge that gives verdicts in one order of the answers alone: every place that shows it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_alpacaeval
from tests.helpers import write_jsonl
from tests.servers.judge import JudgeServer
from tests.servers.prompts import slots_of
from xl_alpacaeval_metric.harness import judging, values
from xl_alpacaeval_metric.runs.answers.thoughts import Answer

ITEMS = [
    {
        "id": str(number),
        "language": code,
        "instruction": f"Kerro asiasta {number}.",
        "prediction": f"Kandidaatti vastaa: asia {number} on pieni.",
        "reference": f"Asia {number} on suuri ja tunnettu kaikkialla.",
    }
    for code in ("fi", "de")
    for number in range(8)
]


def first_answer_or_none(body: dict[str, Any]) -> str:
    """A, but in Finnish nothing usable where the candidate is shown first."""
    slots = slots_of(body, "judge")
    if slots and slots["language"] == "Finnish" and slots["answer_a"].startswith("Kandidaatti"):
        return "A\n\nA\n\nB"
    return "A"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, Any]]:
    """Run folder, what was printed, and its results."""
    folder = tmp_path_factory.mktemp("runs")
    pairs = write_jsonl(folder / "pairs.jsonl", ITEMS)
    with JudgeServer(logprobs=False, reply=first_answer_or_none) as server:
        done = run_alpacaeval(
            *("judge", pairs, "--judge", "openai/j", "--judge-base-url", server.url, "--judge-args", "retries=0"),
            *("--max-missing", "1", "--output", folder / "run"),
        )
    assert done.returncode == 0, done.stderr
    return folder / "run", done.stdout, json.loads((folder / "run" / "results.json").read_text())


def test_results_name_the_language_and_the_interval_allows_for_the_other_order(run: Any) -> None:
    _, _, results = run
    fi, de = results["by_language"]["fi"], results["by_language"]["de"]
    assert (fi["one_order"], de["one_order"], results["one_order"]) == (["fi"], [], ["fi"])
    assert fi["verdicts_by_order"] == {"candidate_first": 0, "reference_first": 4}
    assert de["verdicts_by_order"] == {"candidate_first": 4, "reference_first": 4}
    assert (fi["win_rate"], de["win_rate"]) == (0.0, 50.0)
    assert fi["win_rate_ci95"][0] == 0.0
    assert fi["win_rate_ci95"][1] > 50
    assert fi["win_rate_stderr"] == pytest.approx(50.0)


def test_the_table_and_a_warning_say_it(run: Any) -> None:
    _, printed, _ = run
    assert "0.0 one order" in printed
    assert "50.0 ±" in printed
    assert "of one order of the answers in fi (4 of 4 with the candidate second)" in printed


def test_compare_and_rank_say_it(run: Any) -> None:
    folder, _, _ = run
    copy = shutil.copytree(folder, folder.parent / "copy")
    for command in ("compare", "rank"):
        done = run_alpacaeval(command, folder, copy)
        assert f"{folder}: the verdicts are of one order of the answers in fi" in done.stdout + done.stderr


def test_the_harness_says_it_and_widens_its_interval(caplog: pytest.LogCaptureFixture) -> None:
    docs = [{**item, "response_language": item["language"]} for item in ITEMS if item["language"] == "fi"]
    answers = [Answer(str(doc["prediction"])) for doc in docs]
    with JudgeServer(logprobs=False, reply=first_answer_or_none) as server:
        settings = {"judge": "openai/j", "judge_base_url": server.url, "judge_args": {"retries": 0}}
        found = judging.judge_answers(answers, docs, json.dumps({**settings, "judge_check": False}))
    assert "of one order of the answers in fi (4 of 4 with the candidate second)" in caplog.text
    assert judging.described_with_check({"signature": "s"}, found[0])["one_order"] == ["fi"]
    items = [values.values(doc, [one])["win_rate_ci95_high_percent"] for doc, one in zip(docs, found, strict=True)]
    assert values.interval_high(items) > 50
