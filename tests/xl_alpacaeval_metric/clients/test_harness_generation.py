"""Answers of the harness's models: the same as without us, and reported one by one."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xl_alpacaeval_metric.clients import harness_generation

PROMPTS = [f"{'Say ' * number}something {number}." for number in range(6)]


@pytest.mark.slow
@pytest.mark.parametrize("until", [[], ["e"], ["a", "<|im_end|>"]])
@pytest.mark.parametrize("own_end", [None, [5, 2], 70])
def test_answers_end_where_the_harness_ends_them(own_end: object, until: list[str], tiny: Path) -> None:
    from xl_alpacaeval_metric.runs.answers import answer_worker, harness_model

    settings = {"model": str(tiny), "backend": "hf", "model_args": {"dtype": "float32"}}
    resources = {"batch_size": 1, "device": "cpu", "concurrency": 1, "arguments": {}}
    lm = harness_model.load(settings, resources)
    arguments = {"until": until, "do_sample": True, "temperature": 1.5, "max_gen_toks": 40}

    def answers() -> list[str]:
        import torch

        torch.manual_seed(3)
        return answer_worker.generated(lm, PROMPTS, arguments)

    lm.model.generation_config.eos_token_id = own_end
    del lm._model_generate
    plain = answers()
    harness_generation.end_by_token(lm)
    assert answers() == plain
    assert len(set(map(len, plain))) > 1


class Engine:
    """As vLLM's: answers finish in another order than they were asked for, one at a step."""

    def __init__(self, prompts: list[list[int]]) -> None:
        self.left = prompts

    def step(self) -> list[Any]:
        tokens = self.left.pop()
        reply = SimpleNamespace(text=f"answer to {len(tokens)}<end> and more")
        unfinished = SimpleNamespace(prompt_token_ids=tokens, outputs=[reply], finished=False)
        return [unfinished, SimpleNamespace(prompt_token_ids=tokens, outputs=[reply], finished=True)]


def test_an_engine_reports_each_answer_when_it_is_finished() -> None:
    reported: list[tuple[str, str]] = []

    def encode(texts: list[str]) -> list[list[int]]:
        return [list(text.encode()) for text in texts]

    hook = SimpleNamespace(add_partial=lambda _method, request, text: reported.append((request[0], text)))
    lm = SimpleNamespace(
        model=SimpleNamespace(llm_engine=Engine(encode([*PROMPTS, "a prompt of someone else"]))),
        tok_encode=encode,
        cache_hook=hook,
        tokenizer=SimpleNamespace(decode=lambda _: "<end>"),
        eot_token_id=2,
    )
    assert harness_generation.reports_each(lm, PROMPTS)
    for count in range(7):
        assert len(lm.model.llm_engine.step()) == 2
        assert len(reported) == count
    assert reported == [(prompt, f"answer to {len(prompt)}") for prompt in reversed(PROMPTS)]
    lm.data_parallel_size = 2
    assert not harness_generation.reports_each(lm, PROMPTS)
    assert not harness_generation.reports_each(SimpleNamespace(), PROMPTS)
