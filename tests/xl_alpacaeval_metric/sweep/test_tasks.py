from pathlib import Path

import pytest

from xl_alpacaeval_metric.files.lock import FolderLock
from xl_alpacaeval_metric.sweep import status, tasks
from xl_alpacaeval_metric.sweep.tasks import Record, Task, TaskFolder


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


def test_a_task_that_waits_for_a_sweep_that_was_killed_is_dead(folder: TaskFolder) -> None:
    folder.write("next", "waiting")
    assert folder.is_dead("next")
    with FolderLock(folder.path):
        assert not folder.is_dead("next")

    folder.write("next", "waiting", job="7")
    assert not folder.is_dead("next")


@pytest.mark.parametrize(
    ("record", "is_dead", "in_queue", "state"),
    [
        (Record("running", host="a"), False, False, "running"),
        (Record("running", host="a"), True, False, "stopped"),
        (Record("waiting"), True, False, "missing"),
        (Record("waiting", job="7"), False, True, "waiting"),
        (Record("running", host="a", job="7"), False, True, "running"),
        (Record("running", host="a", job="7"), False, False, "stopped"),
        (Record("stopped", job="7"), False, True, "waiting"),
        (Record("failed", reason="no memory", job="7"), False, False, "failed"),
    ],
)
def test_a_state_is_what_the_record_and_the_queue_say(
    record: Record, is_dead: bool, in_queue: bool, state: str
) -> None:
    found, note = status.state_of(record, is_dead, lambda _: in_queue)

    assert found == state
    assert record.reason in note
