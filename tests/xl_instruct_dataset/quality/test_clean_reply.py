"""What models put around a reply is removed, and the reply is kept."""

import pytest

from xl_instruct_dataset.quality import clean_reply
from xl_instruct_dataset.stages import answer, translate

CODE = "0123456789ab"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("  Hello.\n", "Hello."),
        ("<think>\nhm\n</think>\n\nHello.", "Hello."),
        ("<think></think><thinking>again</thinking>Hello.", "Hello."),
        ("The template opened the thoughts.\n</think>\nHello.", "Hello."),
        ("<think>cut off in the mid", ""),
        ("Write `</think>` at the end.", "Write `</think>` at the end."),
        ("A tag <think> opens, and </think> ends thoughts.", "A tag <think> opens, and </think> ends thoughts."),
        ("```\nHello.\n```", "Hello."),
        ("```markdown\n# Hello\n\n```python\nx = 1\n```\n```", "# Hello\n\n```python\nx = 1\n```"),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
        ("```\na\n```\n\nand\n\n```\nb\n```", "```\na\n```\n\nand\n\n```\nb\n```"),
        (f"<text {CODE}>\nHello.\n</text {CODE}>", "Hello."),
        (f"Hello.\n</response {CODE}>", "Hello."),
        (f"<translation A {CODE}>\nHello.", "Hello."),
        ("<response>\nHello.\n</response>", "Hello."),
        ("<response>Hello.", "<response>Hello."),
        (f"<think>x</think>\n```\n<text {CODE}>\nHello.\n</text {CODE}>\n```", "Hello."),
        (f"One <text {CODE}> inside.", f"One <text {CODE}> inside."),
        ("", ""),
        (" \n\t", ""),
    ],
)
def test_what_is_left_of_a_reply(reply: str, said: str) -> None:
    assert clean_reply.bare(reply) == said
    assert answer.read(reply) == (said or None)
    assert translate.read(reply) == (said or None)
