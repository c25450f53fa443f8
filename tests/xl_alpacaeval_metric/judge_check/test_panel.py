"""The check of a panel over real HTTP: each judge as a single one is, and their mean."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.commands import run_alpacaeval
from tests.helpers import write_jsonl
from tests.servers.judge import JudgeServer
from tests.servers.planted import planted
from tests.xl_alpacaeval_metric.judge_check.simulated import but, judged, right, sure
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.judge_check.judged import JudgedPair, together
from xl_alpacaeval_metric.judge_check.pairs import SMALL

PER_JUDGE = 10 * len(SMALL) * 2
"""Requests of the small form in one language."""


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Sixteen Irish answers that are the reference of another prompt."""
    rows = benchmark.load("mini", ["ga"]).rows
    return write_jsonl(
        tmp_path / "pairs.jsonl",
        [
            {
                "id": row.id,
                "language": "ga",
                "instruction": row.instruction,
                "reference": row.reference,
                "prediction": rows[number - 1].reference,
            }
            for number, row in enumerate(rows)
        ],
    )


def test_each_judge_of_a_panel_is_checked(pairs: Path, tmp_path: Path) -> None:
    with JudgeServer(verdict=planted()) as sound, JudgeServer(verdict=planted("loop in Irish")) as faulty:
        command = ["judge", pairs, "--output", tmp_path / "run"]
        for name, server in (("sound", sound), ("faulty", faulty)):
            command += ["--judge", f"openai/{name}", "--judge-base-url", server.url]
        settings = {"XL_JUDGE_CHECK": "1", "XL_CHECK_CACHE": str(tmp_path / "cache"), "COLUMNS": "120"}
        done = run_alpacaeval(*command, **settings)
        assert done.returncode == 0, done.stderr
        assert f"up to {2 * PER_JUDGE} requests" in done.stderr
        assert [server.stats()["requests"] for server in (sound, faulty)] == [
            1 + PER_JUDGE + len(pairs.read_text("utf-8").splitlines())
        ] * 2
    found = json.loads((tmp_path / "run" / "results.json").read_text("utf-8"))
    verdicts = {name: one["judge_check"]["verdict"] for name, one in found["by_judge"].items()}
    assert verdicts == {"openai/sound": "passed", "openai/faulty": "doubtful"}
    assert any(
        line.startswith("judge openai/faulty: fault of the judge: ga: accepts loops") for line in found["warnings"]
    )
    assert not any("judge openai/sound" in line for line in found["warnings"])
    assert found["by_judge"]["openai/sound"]["first_position_rate"] == pytest.approx(50, abs=1)
    check = json.loads((tmp_path / "run" / "check.json").read_text("utf-8"))
    assert check["judge"] == "openai/sound+openai/faulty"
    assert check["judges"]["openai/sound"]["by_kind"]["loop"]["accuracy"] == 100
    assert check["judges"]["openai/faulty"]["by_kind"]["loop"]["accuracy"] == 50
    # The panel's own figures are those of the mean.
    mean = [check["judges"][name]["by_kind"]["loop"]["resolution"] for name in verdicts]
    assert check["by_kind"]["loop"]["resolution"] == pytest.approx(sum(mean) / 2)
    assert "doubtful" in done.stdout


def test_the_mean_leaves_out_what_a_judge_was_not_asked_or_did_not_say() -> None:
    rng = np.random.default_rng(0)
    one = judged(sure(0.9), rng, ["fi"], ["cut", "loop"], 3)
    other = judged(but(sure(0.5), "loop", right(0.0)), rng, ["fi"], ["cut", "loop"], 2)
    other[0] = JudgedPair(other[0].pair, None, 0.5, silent=True)
    found = together([one, other])
    assert [item.pair.kind for item in found] == ["cut", "loop", "cut", "loop"]
    assert [item.right for item in found] == pytest.approx([0.9, 0.45, 0.7, 0.45])


def test_check_judge_takes_a_panel(tmp_path: Path) -> None:
    with JudgeServer(verdict=planted()) as server:
        done = run_alpacaeval(
            *("check-judge", "--judge", "openai/a", "--judge", "openai/b", "--judge-base-url", server.url),
            *("--languages", "ga", "--form", "small", "--output", tmp_path),
            XL_CHECK_CACHE="none",
        )
    assert done.returncode == 0, done.stderr
    check = json.loads((tmp_path / "check.json").read_text("utf-8"))
    assert [one["verdict"] for one in (check, *check["judges"].values())] == ["passed"] * 3
