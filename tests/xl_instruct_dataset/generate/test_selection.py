"""The selection of answers and translations: by a judge, by CometKiwi, by scores."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from tests.xl_instruct_dataset.generate.small_job import SMALL, job
from tests.xl_instruct_dataset.stages.comet_package import GOOD, environment
from xl_alpacaeval_metric.errors import UserError


def test_a_judge_chooses(tmp_path: Path) -> None:
    server = job(tmp_path / "out", select="judge", judge="openai/judge")
    for row in generating.rows(tmp_path / "out", "en-fi"):
        assert row["selection"]["method"] == "judge"
        models = {entry["stage"]: entry["value"] for entry in row["provenance"]["models"]}
        assert models["select"] == models["score"] == "openai/judge"
        assert "select" in {entry["stage"] for entry in row["provenance"]["prompts"]}
    assert generating.report(tmp_path / "out")["usage"]["select"]["requests"] > 0
    assert server.seen.last_body["model"] == "judge"


def test_a_judge_that_cannot_choose_loses_no_row(tmp_path: Path) -> None:
    def undecided(body: dict[str, Any]) -> str:
        return "both" if teacher.stage_of(body) == "select" else teacher.fluent(body)

    job(tmp_path / "out", undecided, select="judge")
    methods = Counter(row["selection"]["method"] for row in generating.rows(tmp_path / "out", "en-fi"))
    assert methods["chrf"] > 0
    assert generating.report(tmp_path / "out")["fallen_back_to_chrf"] == methods["chrf"]
    assert {row["id"] for row in generating.rows(tmp_path / "out", "en-fi")} == {
        f"{number}-fi" for number in generating.survivors("fi", 9)
    }


def test_cometkiwi_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(tmp_path, monkeypatch, GOOD)
    chosen: dict[str, Any] = {"select": "cometkiwi", "comet_python": sys.executable, "shard": 5}
    job(tmp_path / "out", **chosen)
    for row in generating.rows(tmp_path / "out", "en-fi"):
        selection = row["selection"]
        assert selection["method"] == "cometkiwi"
        # The stand-in scores by length.
        assert selection["scores"][selection["chosen"]] == max(filter(None, selection["scores"]))
        assert row["provenance"]["non_commercial"] is True
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "wmt22-cometkiwi-da" in card
    assert "do not allow commercial use" in card
    # A selection that cannot work is refused before any request.
    with JudgeServer(reply=teacher.fluent) as server:
        other = generating.settings(server, **{**SMALL, **chosen, "comet_python": "/no/python"})
        with pytest.raises(UserError, match=r"^CometKiwi: no Python interpreter"):
            generating.run(other, tmp_path / "other")
        assert not server.seen.log


def scored(body: dict[str, Any]) -> str:
    """Scores by the length of the response: a longer one is better."""
    if teacher.stage_of(body) != "score":
        return teacher.fluent(body)
    return json.dumps({**teacher.SCORES, "precision": 3 + len(str(body)) % 3, "objectivity": 4})


def test_the_best_are_kept_and_the_bad_are_not(tmp_path: Path) -> None:
    job(tmp_path / "best", scored, keep_best=4, min_score=1, targets="en")
    rows = generating.rows(tmp_path / "best", "en-en")
    assert len(rows) == 4
    dropped = [line for line in generating.rejects(tmp_path / "best") if line["reason"] == "not among the best"]
    assert len(dropped) == 5
    job(tmp_path / "bar", scored, min_score=4.5, targets="en")
    assert all(sum(row["scores"].values()) / 4 >= 4.5 for row in generating.rows(tmp_path / "bar", "en-en"))
    for folder in ("best", "bar"):
        generating.adds_up(tmp_path / folder, ["en"])


def test_a_dull_judge_leaves_the_best(tmp_path: Path) -> None:
    def dull(body: dict[str, Any]) -> str:
        levels = dict.fromkeys(("precision", "informativeness", "naturalness", "objectivity"), 3)
        return json.dumps(levels) if teacher.stage_of(body) == "score" else teacher.fluent(body)

    job(tmp_path / "out", dull, keep_best=4)
    dropped = {(one["stage"], one["reason"]) for one in generating.report(tmp_path / "out")["dropped"]}
    assert ("choose", "not among the best") in dropped
    assert ("score", "score below the threshold") not in dropped
    assert generating.rows(tmp_path / "out", "en-fi")
    assert "the 4 best went on" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
