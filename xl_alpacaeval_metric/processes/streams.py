"""The standard streams of a command: open, able to print every character, a line at a time."""

import io
import os
import sys


def prepare() -> None:
    """Have a closed standard stream lead nowhere, and print `?` for what an encoding lacks.

    A line is printed when it is said, also into a file, in which others watch a command of hours.

    A file that is opened later would otherwise take the place of the closed stream, and get what
    libraries and child processes print.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # Takes the lowest free descriptor, this one.
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace", line_buffering=True)
