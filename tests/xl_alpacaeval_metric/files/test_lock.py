"""The lock on a folder: held by one process at a time, whatever the others do."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import PATIENCE
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import lock
from xl_alpacaeval_metric.files.lock import FolderLock

CONTENDER = """
import os, sys, time
from pathlib import Path
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.lock import FolderLock

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
end, held = time.monotonic() + seconds, 0
while time.monotonic() < end:
    try:
        with FolderLock(folder):
            inside = os.open(folder / "inside", os.O_CREAT | os.O_EXCL)
            held += 1
            os.close(inside)
            (folder / "inside").unlink()
    except UserError:
        pass
print(held)
"""
HOLDER = """
import sys
from pathlib import Path
from xl_alpacaeval_metric.files.lock import FolderLock

with FolderLock(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def start(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_no_two_processes_are_in_the_folder_at_once(tmp_path: Path) -> None:
    """Each of three processes locks and unlocks as fast as it can; a second one inside fails."""
    contenders = [start(CONTENDER, tmp_path / "run", 2) for _ in range(3)]
    for process in contenders:
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        assert int(output) > 0
    assert list((tmp_path / "run").iterdir()) == []


def test_another_process_stays_out_until_the_lock_is_released(tmp_path: Path) -> None:
    holder = start(HOLDER, tmp_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    with pytest.raises(UserError, match="another process is working in this folder"), FolderLock(tmp_path):
        pass
    assert (tmp_path / lock.FILE).exists()
    holder.communicate("", timeout=PATIENCE)
    with FolderLock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    holder = start(HOLDER, tmp_path)
    assert holder.stdout is not None
    holder.stdout.readline()
    holder.kill()
    holder.communicate(timeout=PATIENCE)
    assert (tmp_path / lock.FILE).exists()
    with FolderLock(tmp_path):
        pass


def test_a_file_that_was_removed_after_it_was_opened_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder releases the lock between another process's `open` and `flock`."""
    holder, waiting, flock = FolderLock(tmp_path), FolderLock(tmp_path), fcntl.flock
    holder.acquire()

    def after_release(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        holder.release()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", after_release)
    with waiting, pytest.raises(UserError, match="another process"), FolderLock(tmp_path):
        pass


@pytest.mark.parametrize("fault", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_without_flock_the_file_is_the_lock_and_that_is_said(
    fault: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(descriptor: int, operation: int) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(fcntl, "flock", missing)
    with FolderLock(tmp_path):
        assert (tmp_path / lock.FILE).exists()
        with pytest.raises(UserError, match="if none is, one was killed in it"), FolderLock(tmp_path):
            pass
        assert (tmp_path / lock.FILE).exists()
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == f"{tmp_path / lock.FILE}: locks do not work here, so that this file is the lock\n"
