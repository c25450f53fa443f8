"""A signal ends the work, whatever the code that it comes upon makes of it."""

import signal
from pathlib import Path

import pytest

from tests.commands import run_python

DROPS = "import os, time\ntry:\n    os.kill(os.getpid(), SIGNAL)\n    time.sleep(9)\nexcept:\n    pass\n"
TURNS = DROPS.replace("pass", "raise ImportError('cannot load module more than once per process') from None")
FINALISER = """
import os, time
class Held:
    def __del__(self):
        os.kill(os.getpid(), SIGNAL)
        time.sleep(9)
Held()
"""
PROGRAM = """
import sys, time
from xl_alpacaeval_metric.processes.signals import Interruption, interrupting_signals
try:
    with interrupting_signals():
        try:
            import library
            time.sleep(WAITS)
        finally:
            print("kept")
except Interruption as stop:
    sys.exit(stop.exit_code)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize(
    ("library", "waits"),
    [
        pytest.param("import os\nos.kill(os.getpid(), SIGNAL)\n", 60, id="lets it through"),
        pytest.param(TURNS, 60, id="turns it into an error"),
        pytest.param(DROPS, 60, id="drops it"),
        pytest.param(DROPS, 0, id="drops it at the end"),
        pytest.param(FINALISER, 60, id="drops it in a finaliser"),
    ],
)
def test_a_signal_in_an_import_ends_the_program_in_order(
    tmp_path: Path, library: str, waits: float, number: signal.Signals
) -> None:
    (tmp_path / "library.py").write_text(library.replace("SIGNAL", str(int(number))))
    (tmp_path / "program.py").write_text(PROGRAM.replace("WAITS", str(waits)))
    assert run_python(tmp_path / "program.py") == (128 + number, "kept\n", "")


def test_without_a_signal_the_work_s_own_error_is_what_is_raised(tmp_path: Path) -> None:
    (tmp_path / "library.py").write_text("raise ImportError('there is none')\n")
    (tmp_path / "program.py").write_text(PROGRAM.replace("WAITS", "60"))
    ended = run_python(tmp_path / "program.py")
    assert (ended.returncode, ended.stdout) == (1, "kept\n")
    assert ended.stderr.endswith("ImportError: there is none\n")
