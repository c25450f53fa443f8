"""Thoughts are taken off, whatever marks them, and nothing else is."""

import pytest

from xl_alpacaeval_metric.thinking import (
    Marks,
    Split,
    closes_thought,
    marks_of_template,
    opens_thought,
    place_of_answer,
    split,
)

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
        f"{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
        f"analysis{THOUGHT}assistantfinal{ANSWER}",
        f"<thought_process>{THOUGHT}</thought_process>{ANSWER}",
        f"<internal-monologue>{THOUGHT}</internal-monologue>{ANSWER}",
        f"<analysis>{THOUGHT}</analysis>{ANSWER}",
        f"<|thinking|>{THOUGHT}<|/thinking|>{ANSWER}",
        f"<|start_thinking|>{THOUGHT}<|end_thinking|>{ANSWER}",
        f"<|thought_begin|>{THOUGHT}<|thought_end|>{ANSWER}",
        f"<start_working_out>{THOUGHT}<end_working_out><SOLUTION>{ANSWER}</SOLUTION>",
        f"[thinking]{THOUGHT}[/thinking]{ANSWER}",
        f"<think effort='high'>{THOUGHT}</think>{ANSWER}",
        f"<think>{THOUGHT}</think><|begin_of_box|>{ANSWER}<|end_of_box|>",
        f"\ufeff<think>{THOUGHT}</think>{ANSWER}",
        f"<|im_start|>assistant\n<think>\n{THOUGHT}\n</think>\n\n{ANSWER}",
        f"assistant\n\n<think>\n{THOUGHT}\n</think>\n\n{ANSWER}",
        f"<｜Assistant｜><think>{THOUGHT}</think>{ANSWER}",
        f"Assistant: <think>{THOUGHT}</think>{ANSWER}",
        f"<think>{THOUGHT}</think>\n</think>\n{ANSWER}",
        f"{THOUGHT}</think></think>{ANSWER}",
        f"{THOUGHT} </think> {ANSWER}",
        f"<think>{THOUGHT}</think><output>{ANSWER}</output>",
        f"Here's my thought process:\n{THOUGHT}\n\nHere's my response:\n{ANSWER}",
        f"Here is my thought process:\n{THOUGHT}\n\nHere is my response:\n{ANSWER}",
        f"{THOUGHT}\n</think>\n\n{ANSWER}",
        f"{THOUGHT}[/THINK]{ANSWER}",
        f'<details type="reasoning" done="true" duration="5">\n{THOUGHT}\n</details>\n{ANSWER}',
        f"&lt;think&gt;\n{THOUGHT}\n&lt;/think&gt;\n\n{ANSWER}",
        f"&lt;think&gt;{THOUGHT}&lt;/think&gt;{ANSWER}",
    ],
)
def test_the_thought_is_taken_off(text: str) -> None:
    assert split(text) == Split(THOUGHT, ANSWER)


@pytest.mark.parametrize("answer", [ANSWER, "el gato duerme mucho.", "“Katzen” schlafen."])
def test_an_escaped_thought_may_hold_other_entities(answer: str) -> None:
    thought = "&quot;Cats&quot;? Let&#x27;s see: cats &amp; dogs."
    assert split(f"&lt;think&gt;{thought}&lt;/think&gt;\n\n{answer}") == Split(thought, answer)


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        "",
        "  indented answer\n",
        "The tag <think> opens a thought and </think> closes it.",
        "Close it with `</think>`.",
        "Write `x</think>` there.",
        "```\nx</think>\n```\nis how it looks.",
        "Analysis: cats sleep. The final word is not spoken.",
        "analysis of the text shows that the assistant is final",
        "1. [THINK] about it\n2. Answer",
        "[Thinking, Fast and Slow](https://example.org) is a book.",
        "[Reasoning] is what it is called in the book.",
        "Here is my thought process: cats sleep a lot.",
        "<reasonable people disagree",
        "In XML:\n```xml\n<reasoning>\nx\n</reasoning>\n```\nThat is all.",
        "Write `<think>x</think>` there.",
        "assistant professors teach",
        "analysis is hard. The assistant final exam is, too.",
        "<think> is the tag that opens a thought; it is closed by </think>.",
        "What closes a thought is </think>.",
        '"</think>" closes a thought.',
        "**</think>** closes a thought.",
        "Write \\</think> there.",
        "Use </think> to close a thought.",
        "「</think>」は終了タグです。",
        "Er schrieb »</think>«.",
        "<div>\n<analysis>x</analysis>\n</div>",
        "<ul>\n  <think>x</think>\n</ul>",
        "Fill in:\n<reason>\nx\n</reason>",
        "<analysis>\n<topic>Rain</topic>\n</analysis>",
        "<template>\n<thought-bubble\n  :x='1'>\nx\n</thought-bubble>\n</template>",
        "[quote]x[/quote]\n[analysis]x[/analysis]",
        "List:\n\n    <thought>\n    x\n    </thought>",
        "````markdown\n```\n<think>\nx\n</think>\n```\n````",
        "> ```\n<think>x</think>\n> ```",
        "1. ```\n<think>x</think>\n   ```",
        "<Thinker> is a type.",
        "<thoughtful person>, thank you",
        "<ThoughtBubble text='x' />",
        "<think effort='x' />",
        "&lt;think&gt; and &lt;/think&gt; are how a page shows them.",
        "&lt;think&gt;I see.&lt;/think&gt; is how a page shows a thought.",
        "&lt;think&gt; is written with entities. What ends it is &lt;/think&gt;. That is all.",
        "<details>\n<summary>More</summary>\nCats sleep.\n</details>\nThat is all.",
        'Write this:\n<details type="reasoning">I see.</details>',
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
        f'<details type="reasoning" done="false">{THOUGHT}',
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
    assert opens_thought("assistant<|START_THINKING|>")
    assert closes_thought("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert closes_thought("<|START_THINKING|><|END_THINKING|>")
    assert not closes_thought("a question about </think> in a text")


def test_a_thought_that_ends_with_code_or_a_quotation() -> None:
    assert split('It is `x`</think>"Ja," said he.') == Split("It is `x`", '"Ja," said he.')
    assert split('He said "yes."</think>"Ja," said he.') == Split('He said "yes."', '"Ja," said he.')
    assert split("<think>Close it by `</think>`, or '</think>'.</think>b").answer == "b"
    assert split("Close it by `</think>`.\n</think>b", opened=True).answer == "b"
    assert split("<think>a</think>`b`") == Split("a", "`b`")
    assert split("<think>a</think>`b` is\n<think>c</think>d") == Split("a\n\nc", "`b` is\nd")
    assert split("<think>A is better</think>.") == Split("A is better", ".")


def test_several_thoughts_and_an_empty_one() -> None:
    assert split("<think>a</think>\n<think>b</think>\nc") == Split("a\n\nb", "c")
    assert split("<think>\n\n</think>\n\nc") == Split("", "c")


def test_the_place_of_an_answer() -> None:
    assert place_of_answer("A\n<think>A</think>", "A") == 0
    assert place_of_answer("<think>A</think><ANSWER>A</ANSWER>", "A") == 24
    assert place_of_answer("One.\n<think>x</think>\nTwo.", "One.\n\nTwo.") is None
    assert place_of_answer("<think>x</think>", "") is None
    assert place_of_answer("<think>" + "A" * 100_000, "A") is None


def test_thoughts_between_the_parts_of_an_answer() -> None:
    assert split("<think>a</think>One. <think>b</think>Two.") == Split("a\n\nb", "One. Two.")
    assert split("One.\n<think>\na\n</think>\nTwo.") == Split("a", "One.\n\nTwo.")
    # The mark is not the model's, or is quoted: the answer is about it.
    assert split("<think>a</think>Close <reasoning>b</reasoning> so.").answer == "Close <reasoning>b</reasoning> so."
    assert split("<think>a</think>Write `<think>b</think>`.").answer == "Write `<think>b</think>`."


def test_a_thought_that_repeats_its_opening_mark() -> None:
    assert split("<think>a<think>b</think>c</think>d") == Split("a<think>b</think>c", "d")
    assert split("<think><think>a</think>b") == Split("<think>a", "b")


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
        "x\n" + "<think>\n" * 50_000,
        "<think>a</think>x\n" * 20_000,
        "<think>a</think>" + "`<think>`\n```\n" * 20_000,
        "<|a|> " * 100_000 + "assistant" * 50_000,
        "<" + "think" * 50_000,
    ],
    ids=range(16),
)
def test_a_long_text_is_read_in_linear_time(text: str) -> None:
    """A pattern that goes back over the text would take hours here."""
    assert len(split(text).answer) + len(split(text).thought) <= len(text)


def test_many_opening_marks_are_a_thought_that_never_ends() -> None:
    assert split("<think>" * 50_000).finished is False
