"""Judges in this process that think: the verdict is after the thought, or missing."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import thinking_model
from tests.helpers import comparison
from xl_alpacaeval_metric.clients.base import Client, Thinking
from xl_alpacaeval_metric.clients.harness import HarnessClient
from xl_alpacaeval_metric.clients.local.client import LocalClient
from xl_alpacaeval_metric.judge.pairwise import Judge

THOUGHT = ("Is B better? ", "Verdict: B.")
ANSWER = ("</think>", "\n\n", "A")
MARKED = ("<think>", *THOUGHT, *ANSWER)
PLAIN = thinking_model.HEAD + "{{ '<|im_start|>assistant' }}"


@pytest.fixture(params=["local", "harness"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def judge(kind: str, folder: Path, text: Sequence[str], template: str, thinking: Thinking, **settings: Any) -> Judge:
    """A judge that writes this text; its window has room for a judge's prompt."""
    thinking_model.make(folder, text, template, **settings)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 8192}))
    local: Client = LocalClient(str(folder), device="cpu", thinking=thinking)
    harness = HarnessClient("hf", str(folder), {"device": "cpu", "dtype": "float32"}, thinking)
    return Judge(local if kind == "local" else harness)


@pytest.mark.parametrize(
    ("text", "template", "thinking", "settings"),
    [
        (MARKED, thinking_model.SWITCHED, "auto", {"start": "t"}),
        (MARKED, thinking_model.SWITCHED, "auto", {"start": "t", "special": ["<think>", "</think>"]}),
        (MARKED, thinking_model.SWITCHED, "on", {"start": "t"}),
        (("A",), thinking_model.SWITCHED, "off", {"start": "</think>"}),
        ((*THOUGHT, *ANSWER), thinking_model.OPENED, "auto", {"start": "<think>"}),
        (("The better answer is ", "A"), PLAIN, "auto", {"start": "t"}),
    ],
    ids=["marks", "special tokens", "on", "off", "opened by the prompt", "prose"],
)
def test_the_verdict_is_after_the_thought(
    kind: str, text: Sequence[str], template: str, thinking: Any, settings: dict[str, Any], tmp_path: Path
) -> None:
    asked = judge(kind, tmp_path / "m", text, template, Thinking(thinking, 60), **settings)
    (verdict,) = asked.verdicts([(comparison(1), "candidate_first")])
    assert verdict.reason is None
    assert verdict.preference == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "template", "settings"),
    [
        (MARKED[:3], thinking_model.SWITCHED, {"start": "t", "endless": True}),
        (THOUGHT, thinking_model.OPENED, {"start": "<think>"}),
        (THOUGHT, thinking_model.OPENED, {"start": "<think>", "endless": True}),
    ],
    ids=["cut", "ended", "opened and cut"],
)
def test_a_thought_that_does_not_end_is_no_verdict(
    kind: str, text: Sequence[str], template: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    asked = judge(kind, tmp_path / "m", text, template, Thinking(tokens=40), **settings)
    (verdict,) = asked.verdicts([(comparison(1), "candidate_first")])
    assert verdict.preference is None
    assert "thought that does not end" in str(verdict.reason)
