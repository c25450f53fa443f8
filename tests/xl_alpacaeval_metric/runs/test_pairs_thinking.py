"""Thoughts in texts that were generated elsewhere: pairs, outputs, references, the metric."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_alpacaeval as run
from tests.helpers import FINNISH, GERMAN, ROW, write_jsonl
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.runs import pairs
from xl_alpacaeval_metric.xl_alpacaeval_metric import compute

THOUGHT = "The user wants an answer in German, so I should think about it first."
MARKED = {
    "think": f"<think>\n{THOUGHT}\n</think>\n\n{GERMAN}",
    "thinking": f"<thinking>{THOUGHT}</thinking>{GERMAN}",
    "reasoning": f"<reasoning>{THOUGHT}</reasoning>\n<answer>{GERMAN}</answer>",
    "brackets": f"[THINK]{THOUGHT}[/THINK]{GERMAN}",
    "harmony": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{GERMAN}",
    "kimi": f"◁think▷{THOUGHT}◁/think▷{GERMAN}",
    "seed": f"<seed:think>{THOUGHT}</seed:think>{GERMAN}",
    "lone": f"{THOUGHT}\n</think>\n\n{GERMAN}",
}


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = jsonl.read_json(folder / "results.json")
    return found


def test_judge_takes_thoughts_off_and_says_so(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "pairs.jsonl", [ROW | {"prediction": text} for text in MARKED.values()])
    with JudgeServer() as server:
        options = ("--judge", "openai/any", "--judge-base-url", server.url, "--output", tmp_path / "run")
        result = run("judge", file, *options)
        assert result.returncode == 0, result.stderr
        assert THOUGHT not in json.dumps(server.seen.last_body)
    found = results(tmp_path / "run")
    assert found["line_pass_rate"] == 100  # 0 with the English thoughts.
    assert found["avg_length"] == len(GERMAN)
    assert found["thinking"] == {"n": 8, "unfinished": 0, "avg_tokens": None, "languages": {"en": 100}}
    assert f"thoughts taken off {len(MARKED)} of {len(MARKED)} predictions" in result.stdout
    rows = list(jsonl.read_lines(tmp_path / "run" / "samples.jsonl"))
    assert {(row["prediction"], row["thinking"]) for row in rows} == {(GERMAN, THOUGHT)}
    # A run's samples are pairs, too, and keep their thoughts.
    again = run("judge", tmp_path / "run" / "samples.jsonl", "--judge", "none", "--output", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    assert results(tmp_path / "again")["thinking"] == found["thinking"]


def test_thoughts_are_kept_where_the_user_wants_it(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "pairs.jsonl", [ROW | {"prediction": MARKED["think"]}])
    result = run("judge", file, "--judge", "none", "--keep-thinking", "--output", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    found = results(tmp_path / "run")
    assert (found["line_pass_rate"], found["thinking"], found["avg_length"]) == (0, None, len(MARKED["think"]))


def test_a_thought_without_end_counts_as_an_empty_answer(tmp_path: Path) -> None:
    texts = [f"<think>{THOUGHT}", GERMAN]
    file = write_jsonl(tmp_path / "pairs.jsonl", [ROW | {"prediction": text} for text in texts])
    result = run("judge", file, "--judge", "none", "--output", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    found = results(tmp_path / "run")
    assert (found["n_empty"], found["thinking"]["n"], found["thinking"]["unfinished"]) == (1, 1, 1)
    assert found["warnings"] == [
        "thoughts taken off 1 of 2 predictions (--keep-thinking keeps them)",
        "1 of 2 answers is empty",
        "thoughts that never end, with answers that count as empty: 1 of 1; "
        "give the model more room (eval: --thinking-tokens)",
    ]


def test_references_are_answers_too(tmp_path: Path) -> None:
    item = pairs.read(write_jsonl(tmp_path / "pairs.jsonl", [ROW | {"reference": MARKED["think"]}]))
    found, lines = pairs.without_thoughts(item)
    assert found[0].reference == GERMAN
    assert lines == ["thoughts taken off 1 of 1 reference"]
    row = {"id": "a", "language": "de", "reference": MARKED["seed"]}
    assert pairs.read_references(write_jsonl(tmp_path / "references.jsonl", [row])) == {("a", "de"): GERMAN}
    with pytest.raises(UserError, match="a thought without an answer"):
        pairs.read_references(write_jsonl(tmp_path / "other.jsonl", [row | {"reference": f"<think>{THOUGHT}"}]))


def test_marks_around_no_thought_are_no_part_of_an_answer(tmp_path: Path) -> None:
    row = ROW | {"prediction": f"<think>\n\n</think>\n\n{GERMAN}", "reference": f"<think></think>{GERMAN}"}
    (item,), _ = pairs.without_thoughts(pairs.read(write_jsonl(tmp_path / "pairs.jsonl", [row])))
    assert (item.prediction, item.reference, item.thinking, item.unfinished) == (GERMAN, GERMAN, "", False)


def test_thoughts_in_a_file_of_references_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts = [GERMAN, MARKED["think"], MARKED["lone"]]
    rows = [{"id": str(n), "language": "de", "reference": text} for n, text in enumerate(texts)]
    found = pairs.read_references(write_jsonl(tmp_path / "references.jsonl", rows))
    assert set(found.values()) == {GERMAN}
    assert "thoughts taken off 2 of 3 references" in caplog.text


def test_fidelity_is_that_of_the_answers(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "out.jsonl", [{"prediction": MARKED["think"], "language": "de"}])
    result = run("fidelity", file, "--output", tmp_path / "figures")
    assert result.returncode == 0, result.stderr
    assert jsonl.read_json(tmp_path / "figures" / "results.json")["line_pass_rate"] == 100
    assert "thoughts taken off 1 of 1 text" in result.stdout


def test_the_metric_takes_thoughts_off() -> None:
    columns: tuple[list[str], ...] = ([MARKED["think"]], [GERMAN], ["Say something in German."], ["de"])
    found = compute(*columns, judge="none")
    assert (found["line_pass_rate"], found["avg_length"]) == (100, len(GERMAN))
    assert found["thinking"] == {"n": 1, "unfinished": 0, "avg_tokens": None, "languages": {"en": 100}}
    assert compute(*columns, judge="none", keep_thinking=True)["line_pass_rate"] == 0


def test_the_language_of_thoughts_is_that_of_most_of_each() -> None:
    predictions = [f"<think>{thought}</think>{GERMAN}" for thought in (THOUGHT, FINNISH, f"{FINNISH}\nOk.", "1 + 1")]
    columns = (predictions, [GERMAN] * 4, [f"Question {n}" for n in range(4)], ["de"] * 4)
    found = compute(*columns, judge="none")["thinking"]
    assert isinstance(found, dict)
    assert found["languages"] == {"fi": 50, "en": 25, "und": 25}
