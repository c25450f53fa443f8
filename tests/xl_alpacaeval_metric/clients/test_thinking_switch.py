"""The variable of a chat template that turns thinking on and off, found by what it does."""

from typing import Any

import pytest

from tests.thinking_model import HEAD, OPENED
from xl_alpacaeval_metric.clients.local import thinking_switch
from xl_alpacaeval_metric.clients.local.thinking_switch import ThinkingSwitch
from xl_alpacaeval_metric.errors import ModelUnavailable
from xl_alpacaeval_metric.thinking import marks_of_template

CLOSED = "<think></think>"


def tokenizer(template: str) -> Any:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    return PreTrainedTokenizerFast(tokenizer_object=words, chat_template=template)


@pytest.mark.parametrize(
    ("template", "on", "off"),
    [
        (
            f"{{% if enable_thinking is defined and enable_thinking is false %}}{CLOSED}{{% endif %}}",
            {"enable_thinking": True},
            {"enable_thinking": False},
        ),
        ("{% if thinking %}<think>{% else %}</think>{% endif %}", {"thinking": True}, {"thinking": False}),
        (f"{{% if skip_reasoning %}}{CLOSED}{{% endif %}}", {"skip_reasoning": False}, {"skip_reasoning": True}),
        (f"{{% if thinking_budget == 0 %}}{CLOSED}{{% endif %}}", {}, {"thinking_budget": 0}),
        (
            "{% if thinking_option is not defined %}{% set thinking_option = 'off' %}{% endif %}"
            "detailed thinking {{ thinking_option }}",
            {"thinking_option": "on"},
            {"thinking_option": "off"},
        ),
        (
            "{% set reasoning_effort = reasoning_effort | default('high') %}"
            "{% if reasoning_effort not in ['none', 'high'] %}{{ raise_exception('no such effort') }}{% endif %}"
            "[EFFORT]{{ reasoning_effort }}",
            {"reasoning_effort": "high"},
            {"reasoning_effort": "none"},
        ),
        ("{% if thinking_mode == 'chat' %}</think>{% else %}<think>{% endif %}", {}, {"thinking_mode": "chat"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_switch_is_found_by_what_it_does(template: str, on: dict[str, object], off: dict[str, object]) -> None:
    switch = thinking_switch.of_tokenizer(tokenizer(HEAD + template))
    assert switch == ThinkingSwitch(on, off)
    assert (switch.variables("on"), switch.variables("off"), switch.variables("auto")) == (on, off, {})


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'Reasoning: ' + (reasoning_effort | default('medium')) }}",
        "{{ thinking_budget | default(100) }}",
        "Say 'none' or 'on' to reasoning and thinking.",
        "{% for m in messages %}{{ m.reasoning_content or '' }}{{ m.content.split('</think>')[-1] }}{% endfor %}",
        "",
    ],
)
def test_what_is_only_written_into_the_prompt_switches_nothing(template: str) -> None:
    assert thinking_switch.of_tokenizer(tokenizer(HEAD + template)) is None


def test_a_judge_whose_template_opens_a_thought_cannot_be_kept_from_it() -> None:
    marks = marks_of_template(OPENED)
    assert thinking_switch.for_judge(tokenizer(OPENED), "auto", marks, "hf/m") == {}
    with pytest.raises(ModelUnavailable, match=r"hf/m: its chat template opens a thought.*--judge-thinking auto"):
        thinking_switch.for_judge(tokenizer(OPENED), "off", marks, "hf/m")
    switched = HEAD + "{% if thinking_budget == 0 %}<think></think>{% else %}<think>{% endif %}"
    assert thinking_switch.for_judge(tokenizer(switched), "off", marks, "hf/m") == {"thinking_budget": 0}
