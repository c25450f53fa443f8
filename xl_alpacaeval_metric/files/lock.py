"""Locks on a folder and on a file, so that one process works with it at a time."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from filelock import SoftFileLock, Timeout

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.destinations import unwritable
from xl_alpacaeval_metric.terminal import say

try:
    import fcntl
except ModuleNotFoundError:  # Windows.
    fcntl = None  # type: ignore[assignment]

FILE = ".lock"
"""The lock file in the folder. It is removed on release; a killed process leaves it unlocked."""
SECONDS_BETWEEN_TRIES = 0.2
_NO_FLOCK = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
"""What says so: Lustre mounted without `flock`, others, and NFS without its lock daemon."""


class InUse(UserError):
    """Another process holds the lock."""


class FolderLock:
    """An exclusive lock on a folder, which is created if it does not exist; a context manager.

    It is an `flock` on a file in the folder, so the system releases it when the process dies.
    Where the platform or the file system has no `flock`, the existence of the file is the lock.
    """

    def __init__(self, folder: Path, name: str = FILE) -> None:
        self.folder = folder
        self._file = folder / name
        self._descriptor: int | None = None
        self._existence = SoftFileLock(self._file, timeout=0)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Lock the folder; raises InUse if another process has it, and UserError on no access."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if fcntl is None:
                self._existence.acquire()
            while not self._is_held():
                self._try()
        except Timeout:
            raise InUse(
                f"{self.folder}: another process is working in this folder; if none is, one was killed in it, and "
                f"{self._file} can be removed (locks do not work here, so that this file is the lock)"
            ) from None
        except BlockingIOError:
            raise InUse(f"{self.folder}: another process is working in this folder") from None
        except OSError as error:
            raise unwritable(self.folder, error) from None

    def release(self) -> None:
        """Unlock the folder and remove the lock file."""
        if self._descriptor is None:
            self._existence.release()
            return
        # Removed while it is still locked: afterwards the file may be the lock of another process.
        self._file.unlink(missing_ok=True)
        # Unlocked before it is closed: a forked child may still have the descriptor open.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
        self._descriptor = None

    def _is_held(self) -> bool:
        return self._descriptor is not None or self._existence.is_locked

    def _try(self) -> None:
        """Lock the file once; not held afterwards if the file was removed in the meantime."""
        descriptor, created = _opened(self._file)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A process that released the lock after this one opened the file has removed it. The
            # next process would create another file, and lock that.
            if _is_at(descriptor, self._file):
                self._descriptor = descriptor
        except OSError as error:
            if error.errno not in _NO_FLOCK:
                raise
            if created:
                self._file.unlink(missing_ok=True)
            self._existence.acquire()
            say(f"{self._file}: locks do not work here, so that this file is the lock", error=True)
        finally:
            if self._descriptor is None:
                os.close(descriptor)


@contextmanager
def writing(file: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock on a file in the block, and wait for it while another process does.

    `on_wait` is called once before waiting. Raises UserError where the folder cannot be written.
    """
    held, waited = FolderLock(file.parent, f".{file.name}{FILE}"), False
    while True:
        try:
            held.acquire()
            break
        except InUse:
            if not waited:
                on_wait()
            waited = True
            time.sleep(SECONDS_BETWEEN_TRIES)
    try:
        yield
    finally:
        held.release()


def _opened(path: Path) -> tuple[int, bool]:
    """A descriptor of the file, and whether the file was created here."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), True
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666), False


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
