"""The metric as users of `evaluate` load it, against a real endpoint."""

import doctest
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import evaluate
import pytest

from tests.helpers import ROOT
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.xl_alpacaeval_metric import compute

KEYS = {
    *("win_rate", "win_rate_stderr", "win_rate_ci95", "lc_win_rate", "lc_win_rate_stderr", "n", "n_missing"),
    *("wins", "losses", "ties", "line_pass_rate", "word_pass_rate", "coverage", "avg_length", "avg_reference_length"),
    *("position_consistency", "criteria", "by_language", "usage", "signature"),
}
COLUMNS = {
    "predictions": ["Ich esse jeden Morgen ein Brot mit Käse.", "Every morning I eat bread and cheese."],
    "references": ["Jeden Morgen esse ich ein Käsebrot.", "Jeden Morgen gibt es bei mir Käsebrot."],
    "instructions": ["What do you eat? Answer in German.", "What do you have for breakfast? Answer in German."],
    "languages": ["de", "de"],
}


def prefers_german(body: dict[str, Any]) -> float:
    """Prefers the answer that is not in English; a tie where neither is."""
    text = body["messages"][-1]["content"]
    answer_a = text.split("<answer A", 1)[-1].split("</answer A", 1)[0]
    answer_b = text.split("<answer B", 1)[-1].split("</answer B", 1)[0]
    return 0.5 + 0.49 * (("Every" in answer_b) - ("Every" in answer_a))


@pytest.fixture
def metric(tmp_path: Path) -> Any:
    return evaluate.load(str(ROOT / "xl_alpacaeval_metric"), cache_dir=str(tmp_path))


def test_compute_gives_plain_values_under_the_contract_s_keys(metric: Any) -> None:
    with JudgeServer(verdict=prefers_german) as server:
        found = metric.compute(**COLUMNS, judge="openai/any", judge_base_url=server.url, both_orders=True)
    assert found.keys() >= KEYS
    assert json.loads(json.dumps(found)) == found
    assert found["win_rate"] == pytest.approx(100 * (0.5 + 0.01) / 2, abs=1.0)
    assert (found["wins"] + found["ties"], found["losses"], found["n"]) == (1, 1, 2)
    assert found["line_pass_rate"] == 50.0
    assert found["by_language"]["de"]["n"] == 2
    assert found["usage"]["requests"] == 4


def test_without_a_judge_it_says_so(metric: Any) -> None:
    with pytest.raises(UserError, match="no judge is set"):
        metric.compute(**COLUMNS)


def test_judge_none_gives_the_figures_that_need_no_judge(metric: Any) -> None:
    found = metric.compute(**COLUMNS, judge="none")
    assert found["win_rate"] is None
    assert found["line_pass_rate"] == 50.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"languages": ["de", "qqq"]}, "qqq"),
        ({"judge": "gpt-4o"}, "not of the form BACKEND/MODEL"),
        ({"ids": ["a", "a"]}, "stands 2 times"),
        ({"ids": ["a"]}, "1 ids"),
        ({"ids": [["a"], "b"]}, 'item 1: "id" is list'),
        ({"judge": 5}, "judge is int"),
        ({"criteria": 5}, "criteria is 5"),
        ({"concurrency": "many"}, "concurrency is 'many'"),
        ({"judge": "openai/m", "judge_base_url": "http://127.0.0.1:9/v1", "judge_args": "timeout=3"}, "need a mapping"),
    ],
)
def test_bad_input_is_one_line(metric: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        metric.compute(**({**COLUMNS, "judge": "none"} | changes))
    assert "\n" not in str(error.value)


def test_columns_of_different_length_are_refused(metric: Any) -> None:
    with pytest.raises(ValueError, match="number of predictions"):
        metric.compute(**{**COLUMNS, "references": ["nur eine"]}, judge="none")


def test_no_rows_are_refused(metric: Any) -> None:
    with pytest.raises(UserError, match="nothing to score"):
        metric.compute(predictions=[], references=[], instructions=[], languages=[], judge="none")


def test_the_features_are_declared(metric: Any) -> None:
    assert set(metric.features) == {"predictions", "references", "instructions", "languages"}


@pytest.mark.slow
def test_it_loads_by_its_name_beside_a_checkout(tmp_path: Path) -> None:
    code = "import evaluate; print(evaluate.load('./xl_alpacaeval_metric').name)"
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": ""}
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.stdout.strip() == "xl_alpacaeval_metric", result.stderr


def test_it_is_as_evaluate_wants_its_metrics() -> None:
    """Parameters by name, and an example that runs, as its own tests of metrics demand."""
    from xl_alpacaeval_metric import xl_alpacaeval_metric as module

    parameters = inspect.signature(module.XlAlpacaevalMetric._compute).parameters.values()
    assert all(one.kind is not one.VAR_KEYWORD for one in parameters)
    settings = inspect.signature(module.compute).parameters.keys() - {"languages_"}
    assert settings <= {one.name for one in parameters}
    example = doctest.DocTestParser().get_doctest(
        module._KWARGS_DESCRIPTION.replace("xl-suite/xl_alpacaeval_metric", str(ROOT / "xl_alpacaeval_metric")),
        {},
        "example",
        None,
        0,
    )
    assert len(example.examples) == 4
    assert doctest.DocTestRunner().run(example).failed == 0


def test_without_ids_the_order_of_the_rows_changes_nothing() -> None:
    rows = [(f"Antwort {n}", f"Referenz {n}", f"Sag {n} auf Deutsch.", "de") for n in range(12)]
    rows.append(rows[0])  # Twice the same.
    with JudgeServer() as server:

        def found(rows: list[tuple[str, str, str, str]]) -> dict[str, Any]:
            columns = [list(column) for column in zip(*rows, strict=True)]
            settings = {"judge": "openai/any", "judge_base_url": server.url, "judge_check": False}
            return dict(compute(*columns, **settings))  # type: ignore[arg-type]

        one, other = found(rows), found(rows[::-1])
    assert one["win_rate"] == pytest.approx(other["win_rate"])
    assert one["signature"] == other["signature"]
