"""Thoughts are taken off, whatever marks them, and nothing else is."""

import pytest

from xl_alpacaeval_metric.thinking import Marks, Split, marks_of_template, opens_thought, split

THOUGHT, ANSWER = "The user wants German.\n\nLet me see.", "Katzen schlafen viel."


@pytest.mark.parametrize(
    "text",
    [
        f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}",
        f"\n<think>{THOUGHT}</think>{ANSWER}",
        f"<THINK>{THOUGHT}</THINK>{ANSWER}",
        f"<thinking>{THOUGHT}</thinking>\n{ANSWER}",
        f"<thought>{THOUGHT}</thought>\n{ANSWER}",
        f"<reasoning>{THOUGHT}</reasoning>\n{ANSWER}",
        f"<seed:think>{THOUGHT}</seed:think>{ANSWER}",
        f"[THINK]{THOUGHT}[/THINK]{ANSWER}",
        f"◁think▷{THOUGHT}◁/think▷{ANSWER}",
        f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|><|begin_of_solution|>{ANSWER}<|end_of_solution|>",
        f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
        f"<think>{THOUGHT}</think><answer>{ANSWER}</answer>",
        f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
        f"<|start|>assistant<|channel|>analysis<|message|>{THOUGHT}<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{ANSWER}",
        f"analysis{THOUGHT}assistantfinal{ANSWER}",
        f"{THOUGHT}\n</think>\n\n{ANSWER}",
        f"{THOUGHT}[/THINK]{ANSWER}",
    ],
)
def test_the_thought_is_taken_off(text: str) -> None:
    assert split(text) == Split(THOUGHT, ANSWER)


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        "",
        "  indented answer\n",
        "The tag <think> opens a thought and </think> closes it.",
        "Close it with `</think>`.",
        "```\nx</think>\n```\nis how it looks.",
        "Analysis: cats sleep. The final word is not spoken.",
        "analysis of the text shows that the assistant is final",
        "1. [THINK] about it\n2. Answer",
    ],
)
def test_a_text_without_a_thought_is_left_as_it_is(text: str) -> None:
    assert split(text) == Split("", text)


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{THOUGHT}",
        f"[THINK]{THOUGHT}",
        f"◁think▷{THOUGHT}",
        f"<|channel|>analysis<|message|>{THOUGHT}",
        f"<think>{THOUGHT}</thinking>",
    ],
)
def test_a_thought_that_never_ends_leaves_an_empty_answer(text: str) -> None:
    found = split(text)
    assert (found.answer, found.finished) == ("", False)
    assert found.thought.startswith("The user wants German.")


def test_a_prompt_that_opens_the_thought() -> None:
    assert split(f"{THOUGHT}</think>{ANSWER}", opened=True) == Split(THOUGHT, ANSWER)
    assert split(THOUGHT, opened=True) == Split(THOUGHT, "", finished=False)
    # Some models repeat the mark that the prompt has opened.
    assert split(f"<think>{THOUGHT}</think>{ANSWER}", opened=True) == Split(THOUGHT, ANSWER)
    assert opens_thought("<|im_start|>assistant\n<think>\n")
    assert opens_thought("[INST] hi [/INST][THINK]")
    assert not opens_thought("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert not opens_thought("<|im_start|>assistant\n")


def test_several_thoughts_and_an_empty_one() -> None:
    assert split("<think>a</think>\n<think>b</think>\nc") == Split("a\n\nb", "c")
    assert split("<think>\n\n</think>\n\nc") == Split("", "c")


def test_marks_are_found_in_a_template() -> None:
    template = "{{ '<deep:think>' if x }} ... [THOUGHT] {{ m.split('</deep:think>')[-1] }}"
    assert marks_of_template(template) == [
        Marks("<deep:think>", "</deep:think>"),
        Marks("[THOUGHT]", "[/THOUGHT]"),
    ]
    assert split("[THOUGHT]a[/THOUGHT]b", marks=marks_of_template(template)) == Split("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        "analysis" + "assistant " * 100_000,
        " " * 300_000 + "x",
        "\n" * 300_000 + "x</think>y",
        "x" + "\n" * 300_000 + "</think>y",
        "<|start|>assistant" + " " * 300_000 + "x",
        "<|channel|>" * 50_000,
        "<|channel|>analysis" + " " * 300_000,
        "<think" + " " * 300_000,
        "<" + "a" * 300_000,
        "analysis" + " " * 300_000 + "assistant" + " " * 300_000,
        "`</think>`" * 50_000,
    ],
    ids=range(11),
)
def test_a_long_text_is_read_in_linear_time(text: str) -> None:
    """A pattern that goes back over the text would take hours here."""
    assert len(split(text).answer) + len(split(text).thought) <= len(text)


def test_many_opening_marks_are_a_thought_that_never_ends() -> None:
    assert split("<think>" * 50_000).finished is False
