"""The tastes that the check measures are taken out of the win rate: the whole chain over HTTP."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.servers.judge import JudgeServer
from tests.servers.planted import references
from tests.servers.prompts import slots_of
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.stats.length_control import markdown_counts
from xl_alpacaeval_metric.stats.length_control.taste_model import CONFOUNDING, GPT4_TASTE, scaled_difference, sigmoid
from xl_alpacaeval_metric.xl_alpacaeval_metric import compute

N = 200
SENTENCE = "Koira juoksee metsän halki ja löytää vanhan luun puun alta, vaikka sataa kaatamalla."


def text(sentences: int, items: int, number: int) -> str:
    """So many sentences, the last ones as list items; the number makes it the only one."""
    lines = [f"{number} {SENTENCE}", *[SENTENCE] * (sentences - 1)]
    cut = len(lines) - min(items, len(lines) - 1)
    return "\n".join([" ".join(lines[:cut]), *(f"- {line}" for line in lines[cut:])])


def judge(tastes: tuple[float, float], odds: Mapping[tuple[str, str], float]) -> Any:
    """Right where one answer is a bundled reference; else the odds of the pair, and the tastes."""

    def verdict(body: dict[str, Any]) -> float:
        slots = slots_of(body, "judge")
        if slots is None:
            return 0.9
        a, b = slots["answer_a"], slots["answer_b"]
        quality = odds.get((a, b), -odds.get((b, a), 0.0))
        if right := references().get(slots["instruction"]):
            quality = 6.0 * (a.startswith(right) - b.startswith(right))
        length = math.tanh((len(a) - len(b)) / (0.35 * (len(a) + len(b))))
        one, other = markdown_counts([a, b])
        markdown = math.tanh((one - other) / 4)
        return 1 / (1 + math.exp(-quality - tastes[0] * length - tastes[1] * markdown))

    return verdict


def answers(items: tuple[int, int]) -> tuple[tuple[list[str], ...], dict[tuple[str, str], float], float]:
    """Columns of the metric, the log-odds of each pair without a taste, and their win rate."""
    rng = np.random.default_rng(3)
    sizes = rng.integers(2, 9, N), rng.integers(1, 7, N)
    texts = [
        [
            text(int(size), int(count), 2 * n + side)
            for n, (size, count) in enumerate(zip(of, rng.poisson(most, N), strict=True))
        ]
        for side, (of, most) in enumerate(zip(sizes, items, strict=True))
    ]
    lengths = [np.array([float(len(one)) for one in of]) for of in texts]
    quality = -0.6 + CONFOUNDING * scaled_difference(*lengths) + rng.normal(0, 1, N)
    columns = texts[0], texts[1], [f"Kerro asiasta {n}." for n in range(N)], ["fi"] * N
    odds = dict(zip(zip(*texts, strict=True), quality.tolist(), strict=True))
    return columns, odds, 100 * float(sigmoid(quality).mean())


@pytest.mark.parametrize(
    ("share", "markdown_share"), [(0, 0), (0.5, 0), (1, 0), (2, 0), (0, 0.5), (1, 1), (0.5, 2), (2, 2)]
)
def test_a_judge_s_tastes_are_measured_and_taken_out(
    share: float, markdown_share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XL_JUDGE_CHECK", "1")
    columns, odds, truth = answers((4, 1) if markdown_share else (0, 0))
    with JudgeServer(verdict=judge((share * GPT4_TASTE, markdown_share), odds)) as server:
        found: dict[str, Any] = compute(*columns, judge="openai/m", judge_base_url=server.url)
        if (share, markdown_share) == (2, 2):
            blind: dict[str, Any] = compute(
                *columns, judge="openai/m", judge_base_url=server.url, markdown_tastes={"fi": 0.0}
            )
            assert blind["lc_win_rate"] > truth + 4
    assert found["lc_win_rate"] == pytest.approx(truth, abs=2.5)
    assert found["lc_win_rate_stderr"] > 0
    assert share + markdown_share < 2 or found["win_rate"] > truth + 5


def test_tastes_may_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    columns, odds, truth = answers((0, 0))
    with JudgeServer(verdict=judge((2.5, 0.0), odds)) as server:
        settings: dict[str, Any] = {"judge": "openai/m", "judge_base_url": server.url, "judge_check": False}
        bare: dict[str, Any] = compute(*columns, **settings)
        assert bare["lc_win_rate"] is None
        assert bare["lc_reason"] == "the judge's taste for length was not measured"
        given: dict[str, Any] = compute(*columns, **settings, tastes={"fin": Taste(2.5, 0.3)})
        assert given["lc_win_rate"] == pytest.approx(truth, abs=2.5)
        gpt4: dict[str, Any] = compute(*columns, **settings, assume_gpt4_taste=True)
        assert gpt4["lc_win_rate"] is not None
        assert truth < gpt4["lc_win_rate"] < gpt4["win_rate"]
        for bad in ("1.25", float("nan"), True, Taste(1, -1)):
            with pytest.raises(UserError, match=r"tastes: that of fi is .*; need a number of log-odds, or a Taste"):
                compute(*columns, **settings, tastes={"fi": bad})  # type: ignore[dict-item]


def test_markdown_is_counted_outside_of_code() -> None:
    answer = (
        "# Otsikko\n\n1. **eka** ja __toka__\n* kolmas\n\n```\n# ei\n- ei **ei**\n```\n2 * 3 * 4 -5 snake__case__name"
    )
    assert markdown_counts([answer, "", "a - b\n#c"]) == [5, 0, 0]
