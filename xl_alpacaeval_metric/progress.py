"""How long work tells what it is doing and how far it is."""

from collections.abc import Callable
from typing import Protocol

Notify = Callable[[str], None]
"""Shows a line to the user while the work goes on."""


class Progress(Protocol):
    """Called when a step begins, and as it gets on."""

    def __call__(self, step: str, done: int, total: int, text: str = "", /) -> None:
        """`done` of `total` items of `step` are done.

        `step` identifies the step: another one starts the clock for the rate and the time left
        again. `text` is what the user sees; by default the step's name.
        """


def silent(step: str, done: int, total: int, text: str = "", /) -> None:
    """A Progress that shows nothing."""


def unheard(line: str) -> None:
    """A Notify that shows nothing."""
