"""What a message quotes of another library's error."""

import pytest

from xl_alpacaeval_metric.errors import LONGEST_LINE, first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such file\nsecond line"), "no such file"),
        (ValueError("\n  \n  indented \n"), "indented"),
        (ValueError("x" * 1000), "x" * LONGEST_LINE),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (OSError("\n"), "OSError"),
    ],
)
def test_one_line_of_an_error_is_shown(error: BaseException, line: str) -> None:
    assert first_line(error) == line
