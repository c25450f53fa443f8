"""Killed, interrupted, started twice: replies are kept, and each row is written once."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests import commands
from tests.helpers import PATIENCE, children_of, wait_until
from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.stubborn_server import none_alive
from tests.xl_instruct_dataset.generate import generating
from xl_alpacaeval_metric.files.lock import FolderLock
from xl_instruct_dataset.generate.config import work_folder

KILLS, CONCURRENCY = 8, 4
CHOSEN = {"targets": "fi", "passages": 16, "shard": 6, "select": "judge", "concurrency": CONCURRENCY}


def started(server: JudgeServer, output: Path, **given: object) -> "subprocess.Popen[str]":
    arguments = generating.arguments(server, output, **{**CHOSEN, **given})
    return commands.start_instruct(*arguments, cwd=output.parent)


def workers_of(process: "subprocess.Popen[str]") -> list[int]:
    return [worker for child in children_of(process.pid) for worker in children_of(child)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counter[str]]:
    """The output of an undisturbed job, and its requests."""
    output = tmp_path_factory.mktemp("whole") / "out"
    with JudgeServer(reply=teacher.fluent) as server:
        generating.run(generating.settings(server, **CHOSEN), output)
        return output, generating.asked(server)


@pytest.mark.slow
def test_killed_at_any_point_it_goes_on(whole: tuple[Path, Counter[str]], tmp_path: Path) -> None:
    undisturbed, distinct = whole
    draw = random.Random(5)
    with JudgeServer(reply=teacher.fluent, latency=0.02) as server:
        for kill in range(KILLS):
            process = started(server, tmp_path / "out")
            goal = draw.randint(1, 2 * distinct.total() // KILLS)
            before = generating.asked(server).total()
            wait_until(lambda: generating.asked(server).total() >= before + goal or process.poll() is not None)  # noqa: B023
            time.sleep(draw.random() * 0.1)
            process.kill()
            process.communicate()
            assert process.returncode in (0, -signal.SIGKILL), kill
        generating.run(generating.settings(server, **CHOSEN), tmp_path / "out")
        answered = generating.asked(server)
    assert generating.rows(tmp_path / "out", "en-fi") == generating.rows(undisturbed, "en-fi")
    assert generating.rejects(tmp_path / "out") == generating.rejects(undisturbed)
    assert set(answered) == set(distinct)
    assert answered.total() <= distinct.total() + KILLS * CONCURRENCY


@pytest.mark.slow
def test_workers_of_a_killed_command_end_with_it(tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent, latency=0.2) as server:
        process = started(server, tmp_path / "out", workers=2)
        wait_until(lambda: generating.asked(server).total() >= 3, process)
        workers = workers_of(process)
        assert len(workers) == 2
        process.kill()
        process.communicate()
        assert none_alive(workers)
        # The lock is released, too.
        with FolderLock(work_folder.of(tmp_path / "out")):
            pass


@pytest.mark.slow
def test_a_killed_worker_ends_the_command(whole: tuple[Path, Counter[str]], tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent, latency=0.1) as server:
        process = started(server, tmp_path / "out", workers=2)
        wait_until(lambda: generating.asked(server).total() >= 6, process)
        workers = workers_of(process)
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2
        assert "a worker was killed by SIGKILL, most likely for memory" in errors.splitlines()[-1]
        assert not Path(f"/proc/{workers[1]}").exists()
        generating.run(generating.settings(server, **CHOSEN), tmp_path / "out")
    assert generating.rows(tmp_path / "out", "en-fi") == generating.rows(whole[0], "en-fi")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_says_how_it_goes_on(whole: tuple[Path, Counter[str]], tmp_path: Path, workers: int) -> None:
    with JudgeServer(reply=teacher.fluent, latency=0.1) as server:
        process = started(server, tmp_path / "out", workers=workers)
        wait_until(lambda: generating.asked(server).total() >= 6, process)
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert errors.splitlines()[-1].startswith("interrupted; what is finished is in ")
        assert "Traceback" not in errors
        generating.run(generating.settings(server, **CHOSEN), tmp_path / "out")
        answered = generating.asked(server)
    assert set(answered) == set(whole[1])
    assert answered.total() <= whole[1].total() + CONCURRENCY
    assert generating.rows(tmp_path / "out", "en-fi") == generating.rows(whole[0], "en-fi")


def test_a_second_process_stays_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with JudgeServer(reply=teacher.fluent) as server, FolderLock(work_folder.of(tmp_path / "out")):
        argv = generating.arguments(server, tmp_path / "out")
        code, _, errors = generating.invoke(argv, monkeypatch, capfd)
    assert (code, len(errors)) == (2, 1), errors
    assert "another process is working in this folder" in errors[0]
