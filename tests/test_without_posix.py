"""The metric, the data and the commands where Python has no POSIX functions, as on Windows."""

import json
import signal
from pathlib import Path

from tests.commands import run_python
from tests.helpers import GERMAN, write_jsonl

EVERY_MODULE = """
import importlib, pkgutil
from tests import without_posix
for name in without_posix.OURS:
    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
from xl_alpacaeval_metric import language_fidelity
from xl_alpacaeval_metric.xl_alpacaeval_metric import compute
from xl_instruct_dataset.builder import XLInstruct
found = compute(*[["TEXT"]] * 3, ["de"], judge="none")
assert found["line_pass_rate"] == language_fidelity(["TEXT"], ["de"]).line_pass_rate == 100
assert next(iter(XLInstruct(config_name="en-fi").as_streaming_dataset(split="train")))["id"]
"""
COMMAND = "from tests import without_posix; from xl_alpacaeval_metric.cli import main; main()"
DROPS = """
import os, time
from tests import without_posix
from xl_alpacaeval_metric.processes.signals import Interruption, interrupting_signals
try:
    with interrupting_signals():
        try:
            os.kill(os.getpid(), SIGNAL)
            time.sleep(9)
        except BaseException:
            pass
        while True:  # A longer sleep would not end, as it does on Windows.
            time.sleep(0.01)
except Interruption as stop:
    print(stop.exit_code)
"""


def test_the_packages_work() -> None:
    result = run_python("-c", EVERY_MODULE.replace("TEXT", GERMAN))
    assert result.returncode == 0, result.stderr


def test_a_run_folder_is_locked_and_written(tmp_path: Path) -> None:
    row = {"language": "de", "instruction": "Was?", "prediction": GERMAN, "reference": GERMAN}
    pairs = write_jsonl(tmp_path / "pairs.jsonl", [row])
    result = run_python("-c", COMMAND, "judge", pairs, "--judge", "none", "--output", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "run" / "results.json").read_text("utf-8"))["line_pass_rate"] == 100
    (tmp_path / "run" / ".lock").touch()
    again = run_python("-c", COMMAND, "judge", pairs, "--judge", "none", "--output", tmp_path / "run")
    assert (again.returncode, "another process is working in this folder" in again.stderr) == (2, True)


def test_an_interruption_that_is_dropped_comes_again() -> None:
    result = run_python("-c", DROPS.replace("SIGNAL", str(int(signal.SIGTERM))))
    assert (result.stdout, result.stderr) == ("143\n", "")
