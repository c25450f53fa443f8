"""The judge check in the metric and in the harness tasks."""

import json
import math
from typing import Any

import pytest

from tests.servers.judge import JudgeServer
from tests.servers.planted import planted
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.harness import judging, values
from xl_alpacaeval_metric.runs.answers.thoughts import Answer
from xl_alpacaeval_metric.xl_alpacaeval_metric import compute

ROWS = benchmark.load("mini", ["fi"], limit=4).rows
DOCS: list[dict[str, Any]] = [
    {
        "id": row.id,
        "response_language": row.response_language,
        "instruction": row.instruction,
        "reference": row.reference,
    }
    for row in ROWS
]
ANSWERS = [row.reference or "" for row in (*ROWS[1:], ROWS[0])]


@pytest.fixture(params=[1.0, 0.002], ids=["a judge", "none"])
def unsure(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setenv("XL_JUDGE_CHECK", "1")
    return float(request.param)


def test_the_harness_shows_nan_for_no_judge_and_names_the_finding(unsure: float) -> None:
    with JudgeServer(verdict=planted(unsure=unsure)) as server:
        settings = json.dumps({"judge": "openai/m", "judge_base_url": server.url})
        judged = judging.judge_answers(list(map(Answer, ANSWERS)), DOCS, settings)
    rates = [values.values(doc, [one])["win_rate_percent"] for doc, one in zip(DOCS, judged, strict=True)]
    assert all(math.isnan(rate) for rate in rates) == (unsure < 1)
    assert all(json.loads(one)["preference"] < 0.5 for one in judged)
    described = judging.described_with_check({"signature": "judge:m|version:1"}, judged[0])
    assert described["judge_check"]["verdict"] == ("passed" if unsure == 1 else "no judge")
    assert described["signature"] == f"judge:m|check:{described['judge_check']['controls']}|version:1"


def test_the_harness_leaves_the_check_out_where_it_is_told_to(unsure: float) -> None:
    with JudgeServer(verdict=planted(unsure=unsure)) as server:
        settings = json.dumps({"judge": "openai/m", "judge_base_url": server.url, "judge_check": False})
        judged = judging.judge_answers(list(map(Answer, ANSWERS)), DOCS, settings)
        assert server.stats()["requests"] <= 1 + 2 * len(DOCS)
    assert not any(
        math.isnan(values.values(doc, [one])["win_rate_percent"]) for doc, one in zip(DOCS, judged, strict=True)
    )
    described = judging.described_with_check({"signature": "s"}, judged[0])
    assert described == {"signature": "s", "judge_check": None, "one_order": []}


def test_the_metric_has_the_number_and_the_finding(unsure: float) -> None:
    columns = ANSWERS, [row.reference or "" for row in ROWS], [row.instruction for row in ROWS], ["fi"] * 4
    with JudgeServer(verdict=planted(unsure=unsure)) as server:
        found: dict[str, Any] = compute(*columns, judge="openai/m", judge_base_url=server.url)
        bare: dict[str, Any] = compute(*columns, judge="openai/m", judge_base_url=server.url, judge_check=False)
    assert found["judge_check"]["verdict"] == ("passed" if unsure == 1 else "no judge")
    assert found["win_rate"] == bare["win_rate"] < 50
    assert "|check:" in found["signature"]
    assert bare["judge_check"]["verdict"] == "unchecked"
    assert compute(*columns, judge="none")["judge_check"] is None
