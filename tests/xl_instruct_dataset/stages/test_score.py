"""Scores by the standard rubric."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from xl_alpacaeval_metric.judge import rubric_file
from xl_instruct_dataset.records import CRITERIA
from xl_instruct_dataset.stages import score


def test_a_response_is_rated_by_the_four_criteria() -> None:
    request = score.request("Why?", "Because.", "fi")
    assert request.json_schema == {
        "type": "object",
        "properties": {name: {"type": "integer", "enum": [1, 2, 3, 4, 5]} for name in CRITERIA},
        "required": list(CRITERIA),
        "additionalProperties": False,
    }
    _, user = request.messages
    assert score.messages("Why?", "Because.", "fi") == request.messages
    assert "Finnish" in user["content"]
    for name, text in (("request", "Why?"), ("answer", "Because.")):
        assert re.search(rf"<{name} (\w{{12}})>\n{re.escape(text)}\n</{name} \1>", user["content"])
    assert re.findall(r"^(\w+): ", user["content"], re.MULTILINE) == list(CRITERIA)


def test_the_hash_is_that_of_the_prompt_and_the_criteria(tmp_path: Path) -> None:
    own = rubric_file.load()
    assert score.sha() == rubric_file.load(write_yaml(tmp_path / "same.yaml", own.as_dict())).sha
    fewer = replace(own, criteria=own.criteria[1:]).as_dict()
    assert score.sha() != rubric_file.load(write_yaml(tmp_path / "fewer.yaml", fewer)).sha


def write_yaml(file: Path, content: object) -> Path:
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def test_a_reply_is_read_by_the_rubric() -> None:
    levels = dict.fromkeys(CRITERIA, 4) | {"naturalness": 2}
    scores = score.read(f"<think>5 {{}}</think>```json\n{json.dumps(levels)}\n```")
    assert scores == {name: float(level) for name, level in levels.items()}
    assert score.mean(scores or {}) == 3.5


@pytest.mark.parametrize("reply", ["", "4", '{"precision": 4}', json.dumps(dict.fromkeys(CRITERIA, 6)), "[4, 4, 4, 4]"])
def test_no_scores_are_none(reply: str) -> None:
    assert score.read(reply) is None


def test_no_mean_of_nothing() -> None:
    with pytest.raises(ValueError, match="no scores"):
        score.mean({})
