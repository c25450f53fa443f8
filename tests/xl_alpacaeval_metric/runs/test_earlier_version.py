"""Run folders of version 0.1.0: the present commands continue and read them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_alpacaeval as run
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.folder import RunFolder

SAVED = Path(__file__).with_name("version_0_1_0")
MODEL = "stand-in/smollm2"
REVISION = "0" * 40
FIGURES = ("win_rate", "n", "n_missing", "wins", "losses", "ties")


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    """A judge at another port than that of the saved runs."""
    with JudgeServer() as server:
        yield server


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A copy of the saved run folders and of what they were made from."""
    return shutil.copytree(SAVED, tmp_path / "saved")


@pytest.fixture
def hub_cache(smollm2: Path, tmp_path: Path) -> Path:
    """A cache of the Hub that holds SmolLM2 under the id of the saved runs."""
    model = tmp_path / "hub" / f"models--{MODEL.replace('/', '--')}"
    for folder in ("refs", "snapshots"):
        (model / folder).mkdir(parents=True)
    (model / "refs" / "main").write_text(REVISION)
    (model / "snapshots" / REVISION).symlink_to(smollm2)
    return tmp_path / "hub"


def lines(file: Path) -> list[dict[str, Any]]:
    return list(jsonl.read_lines(file))


def by_question(folder: Path) -> dict[tuple[str, str, str], float]:
    rows = lines(folder / run_folder.VERDICTS)
    assert len({(row["id"], row["language"], row["order"]) for row in rows}) == len(rows)
    return {(row["id"], row["language"], row["order"]): row["preference"] for row in rows}


def figures(folder: Path) -> dict[str, object]:
    results = json.loads((folder / run_folder.RESULTS).read_text("utf-8"))
    return {name: results[name] for name in FIGURES}


def judge_options(server: JudgeServer) -> tuple[object, ...]:
    return ("--judge", "openai/stand-in", "--judge-base-url", server.url, "--both-orders", "--judge-prompt", "0.1")


def judge(server: JudgeServer, saved: Path, folder: str) -> None:
    result = run("judge", saved / "pairs.jsonl", *judge_options(server), "--output", saved / folder)
    assert result.returncode == 0, result.stderr


def evaluate(server: JudgeServer, saved: Path, folder: str, hub_cache: Path) -> None:
    benchmark = ("--benchmark", "m", "--benchmark-path", saved / "benchmark", "--languages", "fi,de")
    options = ("--reference", saved / "references.jsonl", "--max-tokens", 8, "--batch-size", 1, "--device", "cpu")
    environment = {"HF_HUB_CACHE": str(hub_cache)}
    output = ("--output", saved / folder)
    result = run("eval", MODEL, *benchmark, *options, *judge_options(server), *output, **environment)
    assert result.returncode == 0, result.stderr


def requests(server: JudgeServer) -> int:
    """What was asked of the judge beside probes, which are the same request each time."""
    return len(server.seen.keys) - 1


def test_a_finished_run_is_not_judged_again(server: JudgeServer, saved: Path) -> None:
    judge(server, saved, "judged")
    assert requests(server) == 0
    assert by_question(saved / "judged") == by_question(SAVED / "judged")
    assert figures(saved / "judged") == pytest.approx(figures(SAVED / "judged"))


def test_half_a_judging_goes_on(server: JudgeServer, saved: Path) -> None:
    before = by_question(saved / "half_judged")
    judge(server, saved, "half_judged")
    after = by_question(saved / "half_judged")
    assert requests(server) == len(after) - len(before) == 6
    assert after.items() >= before.items()
    assert after == pytest.approx(by_question(SAVED / "judged"))
    assert figures(saved / "half_judged") == pytest.approx(figures(SAVED / "judged"))


def test_a_finished_evaluation_is_not_made_again(server: JudgeServer, saved: Path, hub_cache: Path) -> None:
    evaluate(server, saved, "evaluated", hub_cache)
    assert requests(server) == 0
    assert not (saved / "evaluated" / "generation.log").exists()
    earlier = lines(SAVED / "evaluated" / run_folder.SAMPLES)
    now = lines(saved / "evaluated" / run_folder.SAMPLES)
    assert [{key: new[key] for key in old} for old, new in zip(earlier, now, strict=True)] == earlier
    assert figures(saved / "evaluated") == pytest.approx(figures(SAVED / "evaluated"))


def test_half_a_generation_goes_on(server: JudgeServer, saved: Path, hub_cache: Path) -> None:
    before = lines(saved / "half_evaluated" / run_folder.SAMPLES)
    evaluate(server, saved, "half_evaluated", hub_cache)
    after = lines(saved / "half_evaluated" / run_folder.SAMPLES)
    assert (len(before), len(after)) == (2, 6)
    kept = [{key: sample[key] for key in before[0]} for sample in after]
    assert all(sample in kept for sample in before)
    assert len(by_question(saved / "half_evaluated")) == 12


def test_ratings_are_read(saved: Path) -> None:
    settings = jsonl.read_json(saved / "judged" / run_folder.RUN)["settings"]
    assert isinstance(settings, dict)
    with RunFolder(saved / "judged", settings) as folder:
        ratings = folder.ratings()
    assert len(ratings) == 6
    assert {rating.scores["naturalness"] for rating in ratings if rating.scores} == {5}


def test_runs_are_compared(saved: Path) -> None:
    before = figures(SAVED / "evaluated")["win_rate"]
    result = run("compare", SAVED / "evaluated", saved / "evaluated", "--output", saved / "compared.json")
    assert result.returncode == 0, result.stderr
    compared = json.loads((saved / "compared.json").read_text("utf-8"))
    assert compared["win_rate_a"] == compared["win_rate_b"] == pytest.approx(before)


def test_agreement_is_measured(saved: Path) -> None:
    result = run("agreement", saved / "judged", saved / "half_judged", "--output", saved / "agreement.json")
    assert result.returncode == 0, result.stderr
    found = json.loads((saved / "agreement.json").read_text("utf-8"))
    assert (found["agreement"], found["n"], found["only_verdicts"]) == (100, 3, 3)
