"""Judging the runs of a sweep: each judge opened once, however many runs there are."""

from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from tests.helpers import FINNISH, GERMAN, write_jsonl
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs import evaluate
from xl_alpacaeval_metric.sweep import file
from xl_alpacaeval_metric.sweep.judging import judged_runs, judges
from xl_alpacaeval_metric.sweep.missing import Missing

ROWS = [
    {"id": f"p{n}", "instruction": f"Tell story {n}.", "language": code, "reference": text}
    for code, text in (("de", GERMAN), ("fi", FINNISH))
    for n in range(3)
]
MODELS = ("one", "two", "three")


class Loaded(ScriptedClient):
    """A judge that counts how often it was opened, and what it was asked."""

    opened: ClassVar[list["Loaded"]] = []

    def __init__(self, spec: str) -> None:
        super().__init__(lambda _: "A", model=spec.partition("/")[2])
        Loaded.opened.append(self)


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> file.Sweep:
    Loaded.opened.clear()
    monkeypatch.setattr(judges, "client_for", lambda spec, **_: Loaded(spec))
    rows = write_jsonl(tmp_path / "stories.jsonl", ROWS)
    for name in MODELS:
        items = [
            Comparison(row["id"], row["language"], row["instruction"], f"{row['reference']} {name}", row["reference"])
            for row in ROWS
        ]
        evaluate.judge_pairs(items, None, tmp_path / "out/stories" / name, lambda *_: None, about={"model": name})
    content = {
        "models": list(MODELS),
        "benchmarks": [str(rows)],
        "judges": ["scripted/a", "scripted/b"],
        "output": str(tmp_path / "out"),
        "eval": {"judge_check": False, "both_orders": True},
    }
    where = tmp_path / "sweep.yaml"
    where.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file.read(where)


def judge(sweep: file.Sweep) -> list[str]:
    said: list[str] = []
    with judges.opened(sweep) as opened:
        faults = judged_runs.judge_answered(sweep, opened, Missing(sweep.judging), lambda *_: None, said.append)
    assert faults == {}
    return said


def test_each_judge_is_opened_once_for_all_runs(sweep: file.Sweep) -> None:
    judge(sweep)

    assert [client.spec for client in Loaded.opened] == ["scripted/a", "scripted/b"]
    # Six items in both orders, for each of three models, each question once.
    assert [len(client.sent) for client in Loaded.opened] == [36, 36]
    results = [jsonl.read_json(run.folder / "results.json") for run in sweep.runs]
    assert [(found["n"], found["n_missing"]) for found in results] == [(6, 0)] * 3


def test_judged_runs_are_not_judged_again(sweep: file.Sweep) -> None:
    judge(sweep)
    (sweep.output / "stories/two/results.json").unlink()
    Loaded.opened.clear()

    # Judging was killed before its results: they are made from the verdicts, and nobody is asked.
    assert [line for line in judge(sweep) if line.startswith("judging")] == [f"judging {sweep.output}/stories/two"]
    assert [client.sent for client in Loaded.opened] == [[], []]
    assert judge(sweep) == []
    # With an answer less, the task before has to be run.
    (sweep.output / "stories/two/results.json").unlink()
    samples = sweep.output / "stories/two/samples.jsonl"
    write_jsonl(samples, list(jsonl.read_lines(samples))[1:])
    assert judge(sweep) == []


def test_answers_are_judged_in_the_order_of_the_rows(sweep: file.Sweep) -> None:
    """The task that made them was killed after the last one, before it put them in this order."""
    folder = sweep.output / "stories/one"
    rows = list(jsonl.read_lines(folder / "samples.jsonl"))
    write_jsonl(folder / "rows.jsonl", rows)
    write_jsonl(folder / "samples.jsonl", rows[::-1])
    (folder / "results.json").unlink()
    judge(sweep)
    assert list(jsonl.read_lines(folder / "samples.jsonl")) == rows
    assert [row["id"] for row in jsonl.read_lines(folder / "items.jsonl")] == [row["id"] for row in rows]


def test_a_run_that_cannot_be_judged_does_not_keep_the_others_from_it(sweep: file.Sweep) -> None:
    samples = sweep.output / "stories/one/samples.jsonl"
    write_jsonl(samples, [{**row, "reference": None} for row in jsonl.read_lines(samples)])
    with judges.opened(sweep) as opened:
        faults = judged_runs.judge_answered(sweep, opened, Missing(sweep.judging), lambda *_: None, lambda _: None)

    assert list(faults) == ["answer-stories-one"]
    assert "its items have no references" in faults["answer-stories-one"]
    results = [jsonl.read_json(run.folder / "results.json") for run in sweep.runs]
    assert [found["n"] for found in results] == [0, 6, 6]
