"""What a person sees while a command works."""

import io
import time
from pathlib import Path

import pytest

from xl_alpacaeval_metric.cli import progress


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines in a file: 10 of 40 are done at the start, then one more every two seconds."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    with progress.ProgressLine(Path("folder"), stream=stream) as line:
        for done in range(10, 41):
            line("writing", done, 40)
            now[0] += 2
        line("saving", 0, 1)
    return stream.getvalue().splitlines()


def test_a_line_has_the_rate_of_this_run_and_the_time_left(lines: list[str]) -> None:
    assert lines[0] == "writing: 10 of 40"
    assert lines[1] == "writing: 18 of 40, 30.0/min, 0:00:44 left"
    assert "writing: 40 of 40" in lines
    assert lines[-1] == "saving: 0 of 1"
