"""Criteria in whole runs, with a judge behind HTTP."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.servers.judge import JudgeServer
from tests.servers.prompts import slots_of
from tests.xl_alpacaeval_metric.judge.rating_rubrics import DEFAULT, NAMES, TASTE, written
from xl_alpacaeval_metric.judge import rubric_file
from xl_alpacaeval_metric.xl_alpacaeval_metric import compute


def level_in_answer(body: dict[str, Any]) -> str | None:
    """The first digit of the answer as the level of every criterion; no levels without a digit."""
    slots = slots_of(body, "criteria")
    if slots is None:
        return None
    level = next((int(character) for character in slots["answer"] if character.isdigit()), None)
    return (
        "I like it."
        if level is None
        else json.dumps(dict.fromkeys(re.findall(r'"(\w+)": LEVEL', slots["form"]), level))
    )


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with JudgeServer(reply=level_in_answer) as running:
        yield running


def pairs_file(folder: Path, *predictions: str) -> Path:
    file = folder / "pairs.jsonl"
    rows = [
        {"instruction": f"Say {p}.", "prediction": p, "reference": "Guten Tag!", "language": "de"} for p in predictions
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def results(folder: Path) -> Any:
    return json.loads((folder / "results.json").read_text("utf-8"))


def test_an_endpoint_is_asked_for_constrained_json(server: JudgeServer) -> None:
    columns = (["Wert 4"], ["Wert"], ["Say it in German."], ["de"])
    found: Any = compute(*columns, judge="openai/any", judge_base_url=server.url, criteria=True)
    assert {name: score["mean"] for name, score in found["criteria"].items()} == dict.fromkeys(NAMES, 4.0)
    form = server.seen.last_body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"]["required"] == list(NAMES)


def test_an_endpoint_without_constrained_json_is_asked_without(server: JudgeServer, tmp_path: Path) -> None:
    server.change(refuses=("response_format",))
    columns = (["Wert 4", "Wert 2"], ["Wert"] * 2, ["Say it in German."] * 2, ["de"] * 2)
    own = written(tmp_path, TASTE)
    found: Any = compute(*columns, judge="openai/any", judge_base_url=server.url, criteria=str(own))
    assert found["criteria"].keys() == {"taste"}
    assert found["criteria"]["taste"]["mean"] == 3.0
    assert "response_format" not in server.seen.last_body


def test_a_run_is_rated_once_and_only_what_failed_again(server: JudgeServer, tmp_path: Path) -> None:
    pairs, folder = pairs_file(tmp_path, "Wert 4", "Wert 2", "Wert"), tmp_path / "run"
    options = ("--judge", "openai/any", "--judge-base-url", server.url, "--judge-args", "retries=0", "--output", folder)
    plain = run("judge", pairs, *options)
    assert plain.returncode == 0, plain.stderr
    assert results(folder)["criteria"] is None
    assert "informativeness" not in plain.stdout
    assert not (folder / "criteria.jsonl").exists()

    before = server.stats()["requests"]
    rated = run("judge", pairs, *options, "--criteria")
    assert rated.returncode == 1, rated.stderr
    assert "33.3% of the ratings of precision are missing" in rated.stderr
    assert server.stats()["requests"] - before == 3 + 1, "the probe, and no verdict again"
    found = results(folder)
    assert found["criteria"]["naturalness"] | {"ci95": None} == {"mean": 3.0, "ci95": None, "n": 2, "n_missing": 1}
    assert (found["usage"]["requests"], found["usage"]["cached"]) == (3, 3)
    assert any(reason.startswith("criteria: ") and "I like it." in reason for reason in found["missing_reasons"])
    for text in ("informativeness", "3.00 (1.0-5.0)", "2 of 3 answers rated by criteria"):
        assert text in rated.stdout
    lines = [json.loads(line) for line in (folder / "criteria.jsonl").read_text("utf-8").splitlines()]
    assert {line["id"]: line["scores"] and line["scores"]["precision"] for line in lines} == {"1": 4, "2": 2, "3": None}
    assert rubric_file.load(folder / "rubric.json") == DEFAULT

    before = server.stats()["requests"]
    assert run("judge", pairs, *options, "--criteria").returncode == 1
    assert server.stats()["requests"] - before == 1 + 1, "the probe and the rating that failed"

    own = run("judge", pairs, *options, "--criteria-file", written(tmp_path, TASTE), "--max-missing", 1)
    assert own.returncode == 0, own.stderr
    assert results(folder)["criteria"]["taste"]["mean"] == 3.0
    assert run("judge", pairs, *options, "--criteria", "--max-missing", 1).returncode == 0
    assert results(folder)["criteria"]["precision"]["mean"] == 3.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--judge", "none", "--criteria"), "--criteria needs a judge"),
        (("--judge", "none", "--criteria-file", "own.yaml"), "--criteria needs a judge"),
        (
            ("--judge", "openai/x", "--judge-base-url", "http://127.0.0.1:9", "--criteria-file", "absent.yaml"),
            "absent.yaml: no such file",
        ),
    ],
)
def test_wrong_use_is_one_line_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, TASTE)
    pairs = pairs_file(tmp_path, "Wert 4")
    assert message in complaint(run("judge", pairs, "--output", "out", *options))
    assert not (tmp_path / "out").exists()
