"""A word or two before a thought in the first line; and answers that quote one there."""

import pytest

from xl_alpacaeval_metric.thinking import Split, split

THOUGHT = "Okay, the user wants a short answer in German."
LONG = "用户想要一个关于猫的回答。" * 10


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        (f"Okay. <think>{THOUGHT}</think> Katzen schlafen.", THOUGHT, "Okay. Katzen schlafen."),
        (f"Sure! <think>\n{THOUGHT}\n</think>\nkatzen", THOUGHT, "Sure! \nkatzen"),
        (f"Let me think. <thinking>{THOUGHT}</thinking>\n\nKatzen.", THOUGHT, "Let me think. \n\nKatzen."),
        (f"Hmm… <reasoning>{THOUGHT}</reasoning> **Katzen** schlafen.", THOUGHT, "Hmm… **Katzen** schlafen."),
        (f"**Okay.** [THINK]{THOUGHT}[/THINK] 1. Katzen", THOUGHT, "**Okay.** 1. Katzen"),
        (f"Klar, gerne! <seed:think>{THOUGHT}</seed:think>Katzen.", THOUGHT, "Klar, gerne! Katzen."),
        (f"Okay.<think>{THOUGHT}</think> ¿Qué tal?", THOUGHT, "Okay. ¿Qué tal?"),
        (f"好的。<think>{LONG}</think>猫睡很多。", LONG, "好的。猫睡很多。"),
        (f"ठीक है। <think>{LONG}</think> बिल्लियाँ सोती हैं।", LONG, "ठीक है। बिल्लियाँ सोती हैं।"),
        (f"ได้เลย! <think>{LONG}</think> แมวนอนหลับ", LONG, "ได้เลย! แมวนอนหลับ"),
    ],
)
def test_a_thought_after_a_word_or_two_is_taken_off(text: str, thought: str, answer: str) -> None:
    assert split(text) == Split(thought, answer)


@pytest.mark.parametrize(
    "text",
    [
        f"Okay. <think>{THOUGHT}</think> is an example of a thought.",
        "Yes. <think>...</think> is used by DeepSeek.",
        "Sure! <think>x</think> Hides x.",
        f"Sure. <think>{THOUGHT}</think> These tags hide the thought.",
        f"Here is an example. <think>{THOUGHT}</think> Katzen schlafen viel.",
        f"Sure! Here is the output. <think>{THOUGHT}</think> Hallo!",
        f"Example: <think>{THOUGHT}</think> Katzen schlafen viel.",
        f"Output: <think>{THOUGHT}</think> Hello!",
        f"The model wrote <think>{THOUGHT}</think> Katzen schlafen.",
        f"DeepSeek answers so. Like this. <think>{THOUGHT}</think> Katzen.",
        f"Okay. `<think>{THOUGHT}</think>` Katzen schlafen viel.",
        f'Okay. "<think>{THOUGHT}</think>" Katzen schlafen viel.',
        f"Okay. <think>{THOUGHT} Katzen schlafen viel.",
        f"Okay. <think>{THOUGHT}</think>",
        f"Okay. <think>{THOUGHT}</think>.",
        f"Okay. <think>{THOUGHT}</think>, or so.",
        f"Okay. <think>{THOUGHT}</think> and then the answer.",
        f"Okay. <think>{THOUGHT}</think> (see above)",
        f"Okay. <think>{THOUGHT}</think> Then close </think> it.",
        f"Okay. <think>{THOUGHT}</think> Another <think>{THOUGHT}</think> follows.",
        f"Okay. <analysis>{THOUGHT}</analysis> Katzen.",
        f"Okay. <cot>{THOUGHT}</cot> Katzen.",
        f"Okay. <reason>{THOUGHT}</reason> Katzen.",
        f"Okay. [thinking]{THOUGHT}[/thinking] Katzen.",
        f"Okay. [reasoning]{THOUGHT}[/reasoning] Katzen.",
        f"Okay. &lt;think&gt;{THOUGHT}&lt;/think&gt; Katzen.",
        f"Okay. <Thinker>{THOUGHT}</Thinker> Katzen.",
        f"Okay. <details>{THOUGHT}</details> Katzen.",
        f"Okay. <think>{THOUGHT}</thinking> Katzen.",
        f"Okay, I will explain now. <think>{THOUGHT}</think> Katzen.",
        f"In XML you write it so. <think>{THOUGHT}</think> Katzen.",
        f"Use <think>{THOUGHT}</think> Katzen.",
        f"1. Use it. <think>{THOUGHT}</think> Katzen.",
        "好的。<think>思考</think>是一个标签。",
        "好的。<think>用户想要一个关于猫的回答。</think>是一个例子。",
        "はい。<think>ユーザーは猫について聞いている。</think>は思考の例です。",
        "نعم. <think>المستخدم يريد جوابا قصيرا.</think> هو مثال.",
        "हाँ। <think>उपयोगकर्ता उत्तर चाहता है।</think> एक उदाहरण है।",
        f"Ja. <think>{THOUGHT}</think> ist ein Beispiel.",
        f"Oui. <think>{THOUGHT}</think> est un exemple.",
        f"Sí. <think>{THOUGHT}</think> es un ejemplo.",
        f"Да. <think>{THOUGHT}</think> это пример.",
        f"Kyllä. <think>{THOUGHT}</think> on esimerkki.",
        f"Ναι. <think>{THOUGHT}</think> είναι παράδειγμα.",
        f"Okay.\n```\n<think>{THOUGHT}</think> Katzen\n```",
        f"Okay. ```<think>{THOUGHT}</think> Katzen```",
        "> Okay. <b>bold</b> Katzen",
        f"Okay. <i>{THOUGHT}</i> Katzen",
        "Okay. <THINK> Katzen schlafen viel.",
        f"Okay. <think/> {THOUGHT} Katzen",
        f"Okay <think>{THOUGHT}</think> Katzen",
        f"Okay: <think>{THOUGHT}</think> Katzen",
        f"Okay, <think>{THOUGHT}</think> Katzen",
        f"Okay - <think>{THOUGHT}</think> Katzen",
        f"Okay; <think>{THOUGHT}</think> Katzen",
        f"(Okay) <think>{THOUGHT}</think> Katzen",
        f"Write so. The opening is next. <think>{THOUGHT}</think> Katzen",
        "Okay. <think>cats</think> Katzen schlafen viel.",
        "Okay. <think>one two three four five six</think> Katzen schlafen.",
        f"Okay. <think>{THOUGHT}</think> The HTML shows it.",
        f"Okay. <think>{THOUGHT}</think> This markup is ignored by browsers.",
        f"Okay. <think>{THOUGHT}</think> Special tokens follow.",
        f"Okay. <think>{THOUGHT}</think> **is** the format.",
        f"Okay. <think>{THOUGHT}</think> “ist so”",
        f"Q: What is it? <think>{THOUGHT}</think> Katzen.",
        f"{'Okay ' * 20}. <think>{THOUGHT}</think> Katzen.",
        f"Okay.<br><think>{THOUGHT}</think> Katzen.",
        f"Okay. $<think>{THOUGHT}</think>$ Katzen.",
        f"Okay. \\<think>{THOUGHT}</think> Katzen.",
    ],
)
def test_an_answer_that_quotes_a_thought_is_left_as_it_is(text: str) -> None:
    assert split(text) == Split("", text)
