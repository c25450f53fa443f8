from pathlib import Path

import pytest

from xl_alpacaeval_metric.sweep import tasks
from xl_alpacaeval_metric.sweep.tasks import Task, TaskFolder


@pytest.fixture
def folder(tmp_path: Path) -> TaskFolder:
    (tmp_path / tasks.FOLDER).mkdir()
    return TaskFolder(tmp_path)


def test_a_task_that_fails_says_why(folder: TaskFolder) -> None:
    record = tasks.run(Task("show", ("show", "nowhere")), folder)

    assert (record.state, record.job) == ("failed", "")
    assert record.reason == "nowhere: no such file"
    assert record.started <= record.ended


def test_a_task_that_is_done_has_no_reason(folder: TaskFolder) -> None:
    record = tasks.run(Task("version", ("--version",)), folder, job="7")

    assert (record.state, record.reason, record.job) == ("done", "", "7")
    assert "xl-suite" in folder.log("version").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("log", "code", "reason"),
    [
        ("xl-alpacaeval: first\n--- again\nloading\nxl-alpacaeval: second\nmore\n", 2, "second"),
        ("--- again\nTraceback\nZeroDivisionError: division by zero\n", 1, "ZeroDivisionError: division by zero"),
        ("xl-alpacaeval: of an earlier time\n--- again\n", -9, "was killed by signal 9"),
        ("--- again\n", 3, "ended with code 3"),
    ],
)
def test_the_reason_is_the_last_thing_that_was_said_this_time(tmp_path: Path, log: str, code: int, reason: str) -> None:
    file = tmp_path / "x.log"
    file.write_text(log, encoding="utf-8")

    assert tasks.reason_of(file, code) == reason
