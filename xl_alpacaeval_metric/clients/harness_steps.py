"""The log-probabilities at each step of a text that an engine behind the harness writes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from xl_alpacaeval_metric.clients.base import ChoiceToken
from xl_alpacaeval_metric.clients.local.chat_template import spellings
from xl_alpacaeval_metric.clients.local.replies import places

ALTERNATIVES = 20
"""Alternatives at each step; the most that vLLM gives by default."""
ENGINES = ("vllm", "sglang")
"""Backends of the harness whose engine reports log-probabilities of what it writes."""

Step = Mapping[int, float]
"""Token -> its log-probability."""


@dataclass(slots=True)
class Written:
    """The tokens of each text and the alternatives at each, by the tokens of its prompt."""

    of_prompt: dict[tuple[int, ...], tuple[list[int], list[Step]]] = field(default_factory=dict)

    def choice_tokens(
        self, prompt: Sequence[int], text: str, answer: str, choices: Sequence[str], tokenizer: Any, *, special: bool
    ) -> tuple[ChoiceToken, ...]:
        """The tokens of the answer, the end of `text`, that are a choice.

        `special` says that special tokens are in the text. Empty for a prompt that the engine was
        not given.
        """
        ids, steps = self.of_prompt.get(tuple(prompt), ([], []))
        tokens = [spellings(choice, tokenizer) for choice in choices]
        found = [_of_choices(step, choices, tokens) for step in steps]
        return tuple(places(ids, text, answer, found, choices, tokens, tokenizer, special=special))


@contextmanager
def recorded(lm: Any, backend: str) -> Iterator[Written]:
    """What the harness's model writes meanwhile; nothing for backends that are no `ENGINES`."""
    written = Written()
    generate = getattr(lm, "_model_generate", None)
    if backend not in ENGINES or generate is None:
        yield written
        return
    own = "_model_generate" in vars(lm)

    def recording(requests: Sequence[Sequence[int]], *arguments: Any, **named: Any) -> Any:
        if backend == "sglang":
            named |= {"return_logprob": True, "top_logprobs_num": ALTERNATIVES}
        outputs = generate(requests, *arguments, **named)
        read = _of_vllm if backend == "vllm" else _of_sglang
        for prompt, output in zip(requests, outputs, strict=False):
            if (found := read(output)) is not None:
                written.of_prompt[tuple(prompt)] = found
        return outputs

    lm._model_generate = recording
    try:
        yield written
    finally:
        if own:
            lm._model_generate = generate
        else:
            del lm._model_generate


def sampling(backend: str) -> dict[str, object]:
    """What the parameters of a request hold so that the engine reports log-probabilities."""
    return {"logprobs": ALTERNATIVES} if backend == "vllm" else {}


def _of_vllm(output: Any) -> tuple[list[int], list[Step]] | None:
    completion = output.outputs[0]
    if not completion.logprobs:
        return None
    steps: list[Step] = [{token: float(found.logprob) for token, found in step.items()} for step in completion.logprobs]
    return list(completion.token_ids), steps


def _of_sglang(output: Mapping[str, Any]) -> tuple[list[int], list[Step]] | None:
    meta = output.get("meta_info") or {}
    own, listed = meta.get("output_token_logprobs"), meta.get("output_top_logprobs")
    if not own:
        return None
    steps: list[Step] = [
        {int(token): float(logprob) for logprob, token, *_ in (*(alternatives or ()), chosen)}
        for chosen, alternatives in zip(own, listed or [()] * len(own), strict=False)
    ]
    return [int(token) for _, token, *_ in own], steps


def _of_choices(step: Step, choices: Sequence[str], tokens: Sequence[Sequence[int]]) -> dict[str, float]:
    """The log-probabilities of the choices, over their spellings; without those not listed."""
    found = {}
    for choice, variants in zip(choices, tokens, strict=True):
        if mass := math.fsum(math.exp(step[token]) for token in variants if token in step):
            found[choice] = math.log(mass)
    return found
