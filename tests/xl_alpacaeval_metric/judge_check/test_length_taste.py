"""The taste that the check measures controls the length in the win rate."""

import math
from typing import Any

import pytest

from tests.servers.judge import JudgeServer
from tests.servers.planted import references
from tests.servers.prompts import slots_of
from xl_alpacaeval_metric.xl_alpacaeval_metric import compute

N = 100
SENTENCE = "Koira juoksee metsän halki ja löytää vanhan luun puun alta, vaikka sataa kaatamalla. "


def judge(taste: float) -> Any:
    """Right where one answer is a bundled reference; otherwise a matter of length alone."""

    def verdict(body: dict[str, Any]) -> float:
        slots = slots_of(body, "judge")
        if slots is None:
            return 0.9
        a, b = slots["answer_a"], slots["answer_b"]
        right = references().get(slots["instruction"])
        quality = 0.0
        if right is not None and not (a.startswith(right) and b.startswith(right)):
            quality = 6.0 * (a.startswith(right) - b.startswith(right))
        scale = 0.8 * len(right) if right is not None else 2 * len(SENTENCE)
        return 1 / (1 + math.exp(-quality - taste * math.tanh((len(a) - len(b)) / scale)))

    return verdict


@pytest.mark.parametrize("taste", [0.0, 1.25, 2.5])
def test_a_judge_s_taste_is_measured_and_taken_out(taste: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XL_JUDGE_CHECK", "1")
    columns: tuple[list[str], ...] = (
        [f"{SENTENCE * (2 + n % 4)}{n}" for n in range(N)],
        [f"{SENTENCE * (1 + n % 3)}{n}" for n in range(N)],
        [f"Kerro asiasta {n}." for n in range(N)],
        ["fi"] * N,
    )
    with JudgeServer(verdict=judge(taste)) as server:
        found: dict[str, Any] = compute(*columns, judge="openai/m", judge_base_url=server.url, both_orders=True)
        bare: dict[str, Any] = compute(*columns, judge="openai/m", judge_base_url=server.url, judge_check=False)
    assert bare["lc_win_rate"] is None
    assert bare["lc_reason"]
    assert found["lc_win_rate"] == pytest.approx(50.0, abs=5.0)
    assert found["lc_win_rate_stderr"] > 0 or taste == 0
    assert taste == 0 or found["win_rate"] > found["lc_win_rate"] + 5
