"""Judges in this process that think: the verdict is after the thought, or missing."""

import json
import math
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


@pytest.mark.parametrize(
    ("text", "template", "start"),
    [
        (("The better answer is ", "A"), PLAIN, "t"),
        (("<think>", *THOUGHT, *ANSWER), thinking_model.SWITCHED, "t"),
    ],
    ids=["prose", "marks"],
)
def test_a_verdict_in_a_text_has_the_probability_of_its_letter(
    text: Sequence[str], template: str, start: str, tmp_path: Path
) -> None:
    """The model's last step before A gives A 70% of what A and B have, and B 30%."""
    asked = judge("local", tmp_path / "m", text, template, Thinking("auto", 60), start=start)
    give_b(tmp_path / "m", text[-2], 0.3)
    (verdict,) = asked.verdicts([(comparison(1), "candidate_first")])
    assert verdict.reason is None
    assert verdict.preference == pytest.approx(0.7, abs=1e-3)


def give_b(folder: Path, before: str, share: float) -> None:
    """Make B as probable after the piece `before` as `share` says, against A."""
    import torch
    from transformers import AutoTokenizer, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder)
    piece, a, b = (tokenizer.encode(text, add_special_tokens=False)[-1] for text in (before, "A", "B"))
    size = model.config.hidden_size  # A normalised one-hot vector has this length's root at its place.
    with torch.no_grad():
        weights = model.lm_head.weight
        weights[b, piece] = weights[a, piece] - math.log((1 - share) / share) / math.sqrt(size)
    model.save_pretrained(folder)


def test_votes_of_a_local_judge_are_samples_of_its_texts(kind: str, tmp_path: Path) -> None:
    """Each vote's text is sampled; a verdict's probability is read where its letter stands."""
    text = ("The better answer is ", "A")
    thinking_judge = judge(kind, tmp_path / "m", text, PLAIN, Thinking("auto", 60), start="t")
    give_b(tmp_path / "m", text[0], 0.5)
    asked = Judge(thinking_judge.client, votes=12)
    verdicts = list(asked.verdicts(asked.questions([comparison(1)])))
    assert sorted(verdict.vote for verdict in verdicts) == list(range(1, 13))
    assert {verdict.raw[-1] for verdict in verdicts} == {"A", "B"}
    read = [0.5 if kind == "local" else float(verdict.raw[-1] == "A") for verdict in verdicts]
    in_order = [p if verdict.order == "candidate_first" else 1 - p for p, verdict in zip(read, verdicts, strict=True)]
    assert [verdict.preference for verdict in verdicts] == pytest.approx(in_order, abs=1e-3)
