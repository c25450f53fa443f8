"""SIGTERM and SIGHUP end a command as Ctrl-C does: what is finished is kept, children end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def interrupting_signals() -> Iterator[list[int]]:
    """In the block, SIGTERM (`timeout`, systemd, Slurm) and SIGHUP raise KeyboardInterrupt.

    Yields a list of the signals that came. The second one ends the process at once. Signals that
    are ignored, as under nohup, stay so.
    """
    received: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        received.append(number)
        for one in before:
            signal.signal(one, signal.SIG_DFL)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {one: signal.getsignal(one) for one in _SIGNALS if signal.getsignal(one) is signal.SIG_DFL}
    for one in before:
        signal.signal(one, interrupt)
    try:
        yield received
    finally:
        for one, old in before.items():
            signal.signal(one, old)
