"""The variable of a chat template that turns thinking on and off.

It is found by what it does to a prompt. Templates take a boolean (enable_thinking), a word
(reasoning_effort: "none") or a number of tokens (thinking_budget: 0).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.clients.base import ThinkingMode
from xl_alpacaeval_metric.clients.local.chat_template import template_of, text_of
from xl_alpacaeval_metric.errors import ModelUnavailable
from xl_alpacaeval_metric.thinking import Marks

_VARIABLE = re.compile(r"\b\w*(?:think|reason)\w*\b")
_NEGATIVE = re.compile(r"(?:no|not|disable|skip|without)(?:_|think)")
_CODE = re.compile(r"\{[%{](.*?)[%}]\}", re.DOTALL)
_WORD = re.compile(r"'(\w+)'|\"(\w+)\"")
_OFF = {
    "off": ("on",),
    "none": ("high", "medium", "low"),
    "no_think": ("think", "high", "low"),
    "nothink": ("think",),
    "disabled": ("enabled",),
    "chat": ("thinking", "reasoner", "think"),
}
"""Words that turn thinking off -> words that turn it on."""
_SOME_TOKENS = 512
_PROBE = [{"role": "user", "content": "Hello"}]


@dataclass(frozen=True, slots=True)
class ThinkingSwitch:
    """The variables of a chat template with which it has a model think (`on`), or not (`off`)."""

    on: Mapping[str, object] = field(default_factory=dict)
    off: Mapping[str, object] = field(default_factory=dict)

    def variables(self, mode: str) -> Mapping[str, object]:
        """The variables for `on` or `off`; none for `auto`."""
        return {"on": self.on, "off": self.off}.get(mode, {})


def of_tokenizer(tokenizer: Any) -> ThinkingSwitch | None:
    """The switch in a tokenizer's chat template; None where it has none.

    A variable counts if it changes the prompt. A boolean or a number that is only written into the
    prompt does not; a word does, since the template itself names it.
    """
    code = [found[1] for found in _CODE.finditer(template_of(tokenizer))]
    for name in dict.fromkeys(found[0] for part in code for found in _VARIABLE.finditer(part)):
        words = {first or second for part in code if name in part for first, second in _WORD.findall(part)}
        for on, off in _values(name, words):
            with_on, with_off = _prompt(tokenizer, name, on), _prompt(tokenizer, name, off)
            if with_on is not None and with_off is not None and with_on != with_off:
                # Thoughts of any length are the template's own.
                return ThinkingSwitch({} if on in (None, _SOME_TOKENS) else {name: on}, {name: off})
    return None


def for_judge(tokenizer: Any, mode: ThinkingMode, marks: Sequence[Marks], spec: str) -> Mapping[str, object]:
    """The variables for a judge's prompts.

    Raises ModelUnavailable where a judge that must not think is made to, by its own template.
    """
    switch = None if mode == "auto" else of_tokenizer(tokenizer)
    variables = {} if switch is None else switch.variables(mode)
    if mode == "off" and thinking.opens_thought(text_of(_PROBE, tokenizer, variables), marks):
        raise ModelUnavailable(
            f"{spec}: its chat template opens a thought, and has no switch against it; "
            "take a model that does not reason, or give it room with --judge-thinking auto"
        )
    return variables


def _values(name: str, words: set[str]) -> Iterator[tuple[object, object]]:
    """What a variable may be for thinking and for none; None leaves it out."""
    if "budget" in name:
        yield _SOME_TOKENS, 0
        return
    yield (False, True) if _NEGATIVE.match(name) else (True, False)
    for off, on in _OFF.items():
        if off in words:
            yield next((word for word in on if word in words), "on" if off == "off" else None), off


def _prompt(tokenizer: Any, name: str, value: object) -> str | None:
    """A prompt with this value of a variable; None where the template refuses it.

    Without booleans and numbers, which a template may write as they are.
    """
    given = {} if value is None else {name: value}
    try:
        prompt = str(tokenizer.apply_chat_template(_PROBE, tokenize=False, add_generation_prompt=True, **given))
    except Exception:  # A template raises whatever its author chose.
        return None
    return prompt if isinstance(value, str) or value is None else re.sub(r"true|false|\d+", "", prompt, flags=re.I)
