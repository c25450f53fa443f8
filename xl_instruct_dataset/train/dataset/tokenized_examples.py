"""Examples as token ids, and those that are too long dropped or truncated."""

import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xl_alpacaeval_metric.errors import UserError, first_line
from xl_instruct_dataset.train.dataset.examples import Example

_MARKS = re.compile(
    r"<\|(?:im_start|im_end|im_sep|start_header_id|end_header_id|eot_id|begin_of_text|end_of_text|endoftext|user|assistant"
    r"|system|end|turn|START_OF_TURN_TOKEN|END_OF_TURN_TOKEN)\|>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>"
)
"""How chat templates mark turns: ChatML, Llama, Gemma, Mistral, Phi, Command."""


@dataclass(frozen=True, slots=True)
class TokenizedExample:
    """An example as token ids: the first `prompt_length` are the prompt, the rest the answer."""

    example: Example
    ids: "array[int]"
    prompt_length: int


@dataclass(frozen=True, slots=True)
class FittedExamples:
    """The examples that fit, the tokens in them, and the rest counted by group.

    Too long ones were `dropped` or will be `truncated` by the trainer. `refused` are rows with a
    special token in their text, and rows of a mixed set that the chat template or the tokenizer
    does not take; `reasons` has the first reason of each group. In `shifted` examples the prompt
    alone renders differently than with its answer; the answer begins where the two differ. `marked`
    are the ids of examples with marks of another model's chat template, each with the first mark.
    """

    examples: tuple[TokenizedExample, ...]
    tokens: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    truncated: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    shifted: int = 0
    marked: Mapping[str, str] = field(default_factory=dict)


def fit(examples: Sequence[Example], tokenizer: Any, limit: int, too_long: str) -> FittedExamples:
    """Tokenize the examples and keep those of at most `limit` tokens.

    With `too_long` "truncate", longer ones that keep part of the answer stay, not truncated yet.
    Raises UserError that names the row of a language pair which the chat template or the tokenizer
    does not take.
    """
    from jinja2 import TemplateError

    kept, total, shifted = [], 0, 0
    dropped: Counter[str] = Counter()
    truncated: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    marked: dict[str, str] = {}
    special = _special_tokens(tokenizer)
    for example in examples:
        if inside := next((token for token in special if _holds(example, token)), None):
            refused[example.group] += 1
            reasons.setdefault(example.group, f"row {example.id!r} has the special token {inside} in its text")
            continue
        try:
            whole = _tokens(tokenizer, [*example.prompt, {"role": "assistant", "content": example.completion}])
            if len(whole) > limit and too_long == "drop":
                dropped[example.group] += 1
                continue
            prompt = _tokens(tokenizer, list(example.prompt), prompt=True)
        except (
            TemplateError,
            TypeError,
            ValueError,
        ) as error:  # A rule of the template for roles, or an unpaired surrogate.
            if not example.mixed:
                raise UserError(
                    f"{example.group} row {example.id!r}: the chat template or the tokenizer does not take it "
                    f"({first_line(error)}); mend it, leave it out, or give another --chat-template"
                ) from None
            refused[example.group] += 1
            reasons.setdefault(example.group, first_line(error))
            continue
        if len(whole) > limit:
            if len(prompt) >= limit:
                dropped[example.group] += 1
                continue
            truncated[example.group] += 1
        shared = _common_prefix(prompt, whole)
        shifted += shared < len(prompt)
        if mark := next((found for text in _texts(example) for found in _MARKS.findall(text)), None):
            marked[example.id] = mark
        kept.append(TokenizedExample(example, array("i", whole), shared))
        total += min(len(whole), limit)
    return FittedExamples(tuple(kept), total, dict(dropped), dict(truncated), dict(refused), reasons, shifted, marked)


def _special_tokens(tokenizer: Any) -> list[str]:
    """The tokens that end turns and the like: in a row's text they would not be text."""
    added = getattr(tokenizer, "added_tokens_decoder", {}).values()
    return list(dict.fromkeys([*tokenizer.all_special_tokens, *(str(token) for token in added if token.special)]))


def _holds(example: Example, token: str) -> bool:
    return any(token in text for text in _texts(example))


def _texts(example: Example) -> list[str]:
    return [*(turn["content"] for turn in example.prompt), example.completion]


def _common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens the two have in common at their beginning."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(first), len(second)))


def _tokens(tokenizer: Any, chat: Sequence[Mapping[str, str]], *, prompt: bool = False) -> list[int]:
    found = tokenizer.apply_chat_template(chat, add_generation_prompt=prompt, tokenize=True, return_dict=True)
    return list(found["input_ids"])
