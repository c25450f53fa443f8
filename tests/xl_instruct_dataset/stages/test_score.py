"""Scores by the standard rubric."""

import json

import pytest

from xl_alpacaeval_metric.judge import criteria
from xl_instruct_dataset.records import CRITERIA
from xl_instruct_dataset.stages import score


def test_the_prompt_schema_and_hash_are_those_of_the_rubric() -> None:
    rubric = criteria.load()
    assert score.messages("Why?", "Because.", "fi") == rubric.request("Why?", "Because.", "fi").messages
    assert rubric.schema == score.SCHEMA
    assert score.sha() == rubric.sha
    assert rubric.names == CRITERIA


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
