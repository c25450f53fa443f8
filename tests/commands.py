"""The commands as their users meet them: a process, its output, its exit code.

Every function takes the arguments of the command, which are turned into text, the folder to run in,
and variables to add to the environment. Commands are offline and load this checkout unless those
variables say otherwise.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.helpers import PATIENCE, ROOT


class Result(NamedTuple):
    """Exit code and output of a command."""

    returncode: int
    stdout: str
    stderr: str


def run_python(*arguments: object, cwd: Path | None = None, **environment: str) -> Result:
    """This interpreter, until it ends."""
    return _run(arguments, cwd, environment)


def run_alpacaeval(*arguments: object, **environment: str) -> Result:
    """`xl-alpacaeval`, until it ends."""
    return _run(("-m", "xl_alpacaeval_metric", *arguments), None, environment)


def start_alpacaeval(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """`xl-alpacaeval`, leading a process group, with pipes for what it prints."""
    return _start(("-m", "xl_alpacaeval_metric", *arguments), None, environment)


def run_instruct(*arguments: object, cwd: Path, **environment: str) -> Result:
    """`xl-instruct`, until it ends."""
    return _run(("-m", "xl_instruct_dataset", *arguments), cwd, environment)


def start_instruct(*arguments: object, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """`xl-instruct`, leading a process group, with pipes for what it prints."""
    return _start(("-m", "xl_instruct_dataset", *arguments), cwd, environment)


def _run(arguments: Sequence[object], cwd: Path | None, environment: Mapping[str, str]) -> Result:
    with _start(arguments, cwd, environment) as process:
        try:
            out, errors = process.communicate(timeout=PATIENCE)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return Result(process.returncode, out, errors)


def _start(arguments: Sequence[object], cwd: Path | None, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    settings = {"HF_HUB_OFFLINE": "1", "COLUMNS": "160", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **settings},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def complaint(result: Result) -> str:
    """The one line on standard error that goes with exit code 2."""
    assert result.returncode == 2, result.stderr
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith(("xl-alpacaeval: ", "xl-instruct: "))
    return lines[0]
