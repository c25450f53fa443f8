"""Resources that a forked process cannot share with its parent: threads, sockets, SQLite files."""

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value that each process builds for itself, a forked one at its first use.

    Nothing is registered with the process: `get` compares process ids.
    """

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._inherited: list[T] = []
        """Kept, because finalising a value of the parent here could disturb the parent."""
        self._lock = threading.Lock()
        self._value, self._process = build(), os.getpid()

    def get(self) -> T:
        """The value of this process."""
        if self._process != os.getpid():
            with self._lock:
                if self._process != os.getpid():
                    value = self._build()
                    self._inherited.append(self._value)
                    self._value, self._process = value, os.getpid()
        return self._value

    def existing(self) -> T | None:
        """The value of this process; None where it has not built one."""
        return self._value if self._process == os.getpid() else None
