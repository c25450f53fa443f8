"""What a person sees while a command works."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from xl_alpacaeval_metric.cli.progress import ProgressLine


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds that the line sees, as its one element."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def lines(work: Callable[[ProgressLine], None]) -> list[str]:
    """What is printed where standard error is a file."""
    stream = io.StringIO()
    with ProgressLine(Path("folder"), stream=stream) as line:
        work(line)
    return stream.getvalue().splitlines()


def test_a_line_has_the_rate_of_this_run_and_the_time_left(clock: list[float]) -> None:
    """Ten of forty are done at the start, then one every two seconds."""

    def work(line: ProgressLine) -> None:
        for done in range(10, 41):
            line("writing", done, 40)
            clock[0] += 2
        line("saving", 0, 1)

    shown = lines(work)
    assert shown[0] == "writing: 10 of 40"
    assert shown[1] == "writing: 18 of 40, 30.0/min, 0:00:44 left"
    assert "writing: 40 of 40" in shown
    assert shown[-1] == "saving: 0 of 1"


def test_a_step_with_another_text_is_the_same_step(clock: list[float]) -> None:
    def work(line: ProgressLine) -> None:
        line("judging", 10, 100, "judging with gpt-4o")
        clock[0] += 10
        line("judging", 20, 100, "judging again")
        clock[0] += 10
        line("judging", 30, 100, "judging at last")

    assert lines(work) == [
        "judging with gpt-4o: 10 of 100",
        "judging at last: 30 of 100, 1.0/s, 0:01:10 left",
    ]


def test_another_step_with_the_same_first_word_starts_again(clock: list[float]) -> None:
    def work(line: ProgressLine) -> None:
        line("judging (base)", 0, 10)
        clock[0] += 5
        line("judging (tuned)", 4, 10)
        clock[0] += 20
        line("judging (tuned)", 6, 10)

    assert lines(work) == [
        "judging (base): 0 of 10",
        "judging (tuned): 4 of 10",
        "judging (tuned): 6 of 10, 6.0/min, 0:00:40 left",
    ]


def test_the_first_of_a_batch_tells_no_rate_and_the_last_is_said_once(clock: list[float]) -> None:
    """All of a batch come in one moment; answers are still judged when all are there."""

    def work(line: ProgressLine) -> None:
        line("generating", 0, 16)
        clock[0] += 40
        for done in range(1, 17):
            line("generating", done, 16)
        for judged in range(1, 17):
            clock[0] += 1.5
            line("generating", 16, 16, f"generating; {judged} judged")

    assert lines(work) == [
        "generating: 0 of 16",
        "generating: 1 of 16",
        "generating: 16 of 16",
        "generating; 11 judged: 16 of 16",
    ]
