"""SIGTERM and SIGHUP end a command as Ctrl-C does: what is finished is kept, children end."""

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS_TO_ACT = 0.2
"""After which an interruption that a library has dropped comes again."""
_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


KILL = getattr(signal, "SIGKILL", None)
"""The signal that nothing can catch, as when memory runs out; None on Windows."""


def name_of(number: int) -> str:
    """The name of a signal, such as `SIGTERM`."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


class Interruption(KeyboardInterrupt):
    """A signal ended the work."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


@contextmanager
def interrupting_signals() -> Iterator[None]:
    """In the block, SIGTERM (`timeout`, systemd, Slurm), SIGHUP and Ctrl-C raise Interruption.

    The block ends with it, whatever libraries make of it: an import that is broken off turns it
    into another error, now or at the next import; a bare `except` or a finaliser drops it, and then
    it is raised again. A second SIGTERM or SIGHUP ends the process at once. Signals that are
    ignored, as under nohup, stay so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came, left = list[int](), threading.Event()

    class Raised(KeyboardInterrupt):
        def __del__(self) -> None:
            # Nothing holds it any more, and the block goes on: somebody has dropped it.
            if not left.is_set():
                threading.Thread(target=raise_again, daemon=True).start()

    def raise_again() -> None:
        if not left.wait(SECONDS_TO_ACT):
            if hasattr(signal, "pthread_kill"):  # Only this ends a wait of the main thread.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            else:  # Windows.
                _thread.interrupt_main()

    def interrupt(number: int, _: FrameType | None) -> None:
        came.append(number)
        for one in ending:
            signal.signal(one, signal.SIG_DFL)
        signal.signal(signal.SIGINT, interrupt)
        raise Raised

    def report(unraisable: "sys.UnraisableHookArgs") -> None:
        if not isinstance(unraisable.exc_value, Raised):
            report_before(unraisable)

    ending = [one for one in _ENDING if signal.getsignal(one) is signal.SIG_DFL]
    ctrl_c = signal.getsignal(signal.SIGINT)
    report_before, sys.unraisablehook = sys.unraisablehook, report
    for one in (*ending, *([signal.SIGINT] if ctrl_c is signal.default_int_handler else [])):
        signal.signal(one, interrupt)
    try:
        yield
        if came:
            raise KeyboardInterrupt
    except BaseException as error:
        if came:
            raise Interruption(came[0]) from error
        raise
    finally:
        left.set()
        for one in ending:
            signal.signal(one, signal.SIG_DFL)
        if ctrl_c is not None:  # None is a handler that is not Python's.
            signal.signal(signal.SIGINT, ctrl_c)
        sys.unraisablehook = report_before
