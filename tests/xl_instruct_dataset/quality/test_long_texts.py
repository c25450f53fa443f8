"""The time for a text grows with its length, not with its square: else these tests hang."""

import pytest

from xl_instruct_dataset.quality import clean_reply, filters, translation_faults
from xl_instruct_dataset.stages import instruct, select

LONG = 300_000
LONG_SPACE = " " * LONG


@pytest.mark.parametrize(
    "text",
    [
        f"<answer>{LONG_SPACE}x",
        f"<answer>{'</answer> ' * (LONG // 10)}",
        f"```\n{LONG_SPACE}```",
        f"Instruction{LONG_SPACE}x",
        f"Instruction {'*' * LONG}x",
        "\n" * LONG + "x",
        "\n -" * (LONG // 3) + "x",
        f"in the following text{LONG_SPACE}x",
        f"best{LONG_SPACE}x",
        "best answer is " * (LONG // 15) + "x",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_a_long_reply_is_read(text: str) -> None:
    clean_reply.bare(text)
    instruct.read(text)
    select.read(text, 3)
    filters.leaked(f"In German{text}", "de")


@pytest.mark.parametrize("part", ["_", "___ ", "( ", "{", "<", "[ ", "$A", "1 ", "1億 ", "一", "1. a\n", "a.", "|-"])
def test_a_long_translation_is_read(part: str) -> None:
    text = part * (LONG // len(part))
    translation_faults.fault(text, text, "ja")
    translation_faults.fault(text[: LONG // 2], text, "ja")
