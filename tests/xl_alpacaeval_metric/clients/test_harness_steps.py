"""Texts of vLLM's and SGLang's engines: the log-probabilities where a verdict stands."""

import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import thinking_model
from tests.helpers import comparison
from xl_alpacaeval_metric.clients import harness_steps
from xl_alpacaeval_metric.clients.base import Thinking
from xl_alpacaeval_metric.clients.harness import HarnessClient
from xl_alpacaeval_metric.judge.pairwise import Judge

pytestmark = pytest.mark.slow

THOUGHT = ("Is B better? ", "Verdict: B.")
ANSWER = ("</think>", "\n\n", "A")
TEXT = ("<think>", *THOUGHT, *ANSWER)
SHARE = 0.7
"""Of A, of what A and B have, at the last A."""


class Engine:
    """A model of the harness whose replies are an engine's, in the shape that the engine gives."""

    max_length = 8192

    def __init__(self, backend: str, folder: Path, *, reports: bool = True) -> None:
        from transformers import AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.backend, self.reports = backend, reports
        self.asked: list[dict[str, Any]] = []
        self.ids = [token for piece in TEXT for token in self.tokenizer.encode(piece, add_special_tokens=False)]

    def apply_chat_template(self, chat: Sequence[dict[str, str]]) -> str:
        return str(self.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))

    def tok_encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        return [(-9.0, False) for _ in requests]  # The first token is no verdict.

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        prompts = [self.tok_encode(request.args[0]) for request in requests]
        self.asked += [request.args[1] for request in requests]
        outputs = (
            self._model_generate(requests=prompts, generate=True)
            if self.backend == "sglang"
            else (self._model_generate(prompts, generate=True, sampling_params=None))
        )
        assert len(outputs) == len(prompts)
        return [self.tokenizer.decode(self.ids) for _ in prompts]

    def _model_generate(self, requests: Any = None, generate: bool = False, **named: Any) -> list[Any]:
        a, b = (self.tokenizer.encode(letter, add_special_tokens=False)[-1] for letter in "AB")
        steps = [{token: -0.001, b: -8.0} for token in self.ids]
        steps[-1] = {a: math.log(0.9 * SHARE), b: math.log(0.9 * (1 - SHARE))}
        if self.backend == "vllm":
            logprobs = [{token: SimpleNamespace(logprob=value) for token, value in step.items()} for step in steps]
            completion = SimpleNamespace(token_ids=self.ids, logprobs=logprobs if self.reports else None)
            return [SimpleNamespace(outputs=[completion]) for _ in requests]
        if not self.reports or not named.get("return_logprob"):
            return [{"text": "", "meta_info": {}} for _ in requests]
        own = [(step[token], token, None) for token, step in zip(self.ids, steps, strict=True)]
        top = [[(value, token, None) for token, value in step.items()] for step in steps]
        meta = {"output_token_logprobs": own, "output_top_logprobs": top}
        return [{"text": "", "meta_info": meta} for _ in requests]


def judge(backend: str, folder: Path, **options: Any) -> tuple[Judge, Engine]:
    thinking_model.make(folder, TEXT, thinking_model.SWITCHED, start="t")
    client = HarnessClient(backend, str(folder), {}, Thinking("auto", 60))
    engine = Engine(backend, folder, **options)
    client._lm = engine
    return Judge(client), engine


@pytest.mark.parametrize("backend", harness_steps.ENGINES)
def test_a_verdict_after_a_thought_has_the_probability_of_its_letter(backend: str, tmp_path: Path) -> None:
    asked, engine = judge(backend, tmp_path / "m")
    (verdict,) = asked.verdicts([(comparison(1), "candidate_first")])
    assert verdict.preference == pytest.approx(SHARE, abs=1e-6)
    assert engine.asked[0].get("logprobs") == (20 if backend == "vllm" else None)
    assert "_model_generate" not in vars(engine)


@pytest.mark.parametrize("backend", harness_steps.ENGINES)
def test_an_engine_that_reports_none_is_read_by_its_text(backend: str, tmp_path: Path) -> None:
    asked, _ = judge(backend, tmp_path / "m", reports=False)
    (verdict,) = asked.verdicts([(comparison(1), "candidate_first")])
    assert verdict.preference == 1.0
