"""Replies of a network to a batch of prompts: choices by one forward pass, texts by decoding."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.clients.base import ChoiceToken, Completion, Request
from xl_alpacaeval_metric.clients.local.chat_template import spellings
from xl_alpacaeval_metric.clients.local.prefix_cache import ReadPrompts, SharedPrefix, cache_argument
from xl_alpacaeval_metric.clients.local.text_reply import TextReplies

_PROMPT_END = 16
"""Tokens of a prompt's end that are looked at, where a chat template may open a thought."""
_PLACES_IN = 256
"""Tokens of a text's end in which choices are looked for: a verdict is after the thought."""


def choose(
    network: Any,
    tokenizer: Any,
    choices: Sequence[str],
    prompts: Sequence[list[int]],
    prefix: SharedPrefix | None,
    keep: bool = False,
) -> tuple[list[Completion], ReadPrompts | None]:
    """For each prompt the likeliest choice as the next token, and the log-probability of each.

    With `keep` also what the network has read, so that it can write from there.
    """
    import torch

    tokens = [spellings(choice, tokenizer) for choice in choices]
    with torch.inference_mode():
        cache = prefix.cache(len(prompts)) if prefix else None
        start = cache.get_seq_length() if cache else 0
        ids, mask = padded(network, tokenizer, [prompt[start:] for prompt in prompts])
        mask = torch.nn.functional.pad(mask, (start, 0), value=1)
        whole = prefix.prepended(ids) if prefix and start else ids
        # Only the last position is needed; logits of the others would take memory for the whole
        # vocabulary each.
        output = network(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0)[:, start:],
            use_cache=cache is not None or keep,
            logits_to_keep=1,
            **{cache_argument(network): cache},
        )
        rows = _logprobs(output.logits[:, -1], tokens).tolist()
        read = ReadPrompts.of(network, output, whole, mask) if keep else None
    found = [
        Completion(
            text=choices[max(range(len(choices)), key=row.__getitem__)],
            logprobs=dict(zip(choices, row, strict=True)) if all(map(math.isfinite, row)) else None,
            prompt_tokens=len(prompt),
            completion_tokens=1,
        )
        for row, prompt in zip(rows, prompts, strict=True)
    ]
    return found, read


def write(
    network: Any,
    tokenizer: Any,
    request: Request,
    choices: Sequence[str],
    prompts: Sequence[list[int]],
    texts: TextReplies,
    read: ReadPrompts | None = None,
) -> list[Completion]:
    """A text for each prompt, with the log-probabilities of the choices where it has one of them.

    `request` has the token limit and the temperature of all. At temperature 0 decoding is greedy;
    above, the seed is made of the prompts and of `request.sample`. What the network has `read` of
    these prompts is not read again.
    """
    import torch

    ids, mask = (read.ids, read.mask) if read else padded(network, tokenizer, prompts)
    taken_up = {cache_argument(network): read.cache()} if read else {}
    recorder = _Recorder([spellings(choice, tokenizer) for choice in choices])
    sampling = {"do_sample": True, "temperature": request.temperature} if request.temperature else {"do_sample": False}
    devices = [network.device] if network.device.type == "cuda" else []
    with torch.inference_mode(), torch.random.fork_rng(devices):
        torch.manual_seed(_seed(request.sample, prompts))
        output = network.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=request.max_tokens,
            pad_token_id=tokenizer.pad_token_id,
            **({"logits_processor": [recorder]} if choices else {}),
            **taken_up,
            **sampling,
        )
    generated = output[:, ids.shape[1] :]
    counts = (generated != tokenizer.pad_token_id).sum(-1).tolist()
    ends = network.generation_config.eos_token_id
    end_tokens = {tokenizer.pad_token_id, *(ends if isinstance(ends, list) else [ends])}
    kept = [[token for token in row if token not in end_tokens] for row in generated.tolist()]
    # The marks of a thought are special tokens in some vocabularies.
    decoded = tokenizer.batch_decode(kept, skip_special_tokens=not texts.marks)
    steps = torch.stack(recorder.steps, 1).tolist() if recorder.steps else [[]] * len(prompts)
    found = []
    for row, text in enumerate(decoded):
        cut = generated[row, -1].item() not in end_tokens
        reply = texts.completion(text, end_of(prompts[row], tokenizer), len(prompts[row]), counts[row], cut)
        named = [dict(zip(choices, step, strict=True)) if all(map(math.isfinite, step)) else {} for step in steps[row]]
        special = bool(texts.marks)
        at = places(kept[row], text, reply.text, named, choices, recorder.tokens, tokenizer, special=special)
        found.append(replace(reply, choice_tokens=tuple(at)))
    return found


def end_of(prompt: Sequence[int], tokenizer: Any) -> str:
    """The end of a prompt, where a chat template may open a thought."""
    return str(tokenizer.decode(prompt[-_PROMPT_END:]))


class _Recorder:
    """Keeps the log-probabilities of the choices at each step of decoding; changes none."""

    def __init__(self, tokens: Sequence[Sequence[int]]) -> None:
        self.tokens = tokens
        self.steps: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        self.steps.append(_logprobs(scores, self.tokens))
        return scores


def _logprobs(logits: Any, tokens: Sequence[Sequence[int]]) -> Any:
    """The log-probability of each choice, of shape (rows, choices), over its spellings."""
    import torch

    logprobs = logits.float().log_softmax(-1)
    return torch.stack([logprobs[:, variants].logsumexp(-1) for variants in tokens], dim=-1)


def places(
    ids: Sequence[int],
    text: str,
    answer: str,
    steps: Sequence[Mapping[str, float]],
    choices: Sequence[str],
    tokens: Sequence[Sequence[int]],
    tokenizer: Any,
    *,
    special: bool,
) -> Iterator[ChoiceToken]:
    """The tokens of the answer, a part of `text`, that are a choice, with its log-probabilities.

    `ids` are the tokens of the text, `steps` the log-probabilities of the choices at each (empty
    for none), `tokens` the spellings of each choice. `special` says that the text was decoded with
    its special tokens.
    """
    letters = {token: choice for choice, variants in zip(choices, tokens, strict=True) for token in variants}
    begin = thinking.place_of_answer(text, answer)
    if begin is None:
        return
    for place in range(max(0, len(ids) - _PLACES_IN), min(len(ids), len(steps))):
        choice = letters.get(ids[place])
        if choice is None or not steps[place]:
            continue
        before = len(tokenizer.decode(ids[:place], skip_special_tokens=not special))
        piece = text[before:]
        at = before + len(piece) - len(piece.lstrip()) - begin
        if 0 <= at < len(answer) and answer.startswith(choice, at):
            yield ChoiceToken(at, steps[place])


def _seed(sample: int, prompts: Sequence[list[int]]) -> int:
    return int.from_bytes(hashlib.sha256(f"{sample} {prompts}".encode()).digest()[:4])


def padded(network: Any, tokenizer: Any, prompts: Sequence[list[int]]) -> tuple[Any, Any]:
    """Token ids and attention mask, both of shape (prompts, longest), padded on the left."""
    import torch

    width = max(map(len, prompts))
    ids = [[tokenizer.pad_token_id] * (width - len(prompt)) + prompt for prompt in prompts]
    starts = torch.tensor([[width - len(prompt)] for prompt in prompts])
    mask = (torch.arange(width) >= starts).long()
    return torch.tensor(ids).to(network.device), mask.to(network.device)
