"""What is changed in a process is put back, and importing changes nothing."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT
from xl_instruct_dataset.generate.process import stderr_into, task_process, tuned_interpreter

IMPORTS = """
import gc, sys
before = (sys.getswitchinterval(), gc.get_threshold(), gc.isenabled())
import pkgutil, importlib, xl_instruct_dataset.generate, xl_instruct_dataset.cli
for module in pkgutil.walk_packages(xl_instruct_dataset.generate.__path__, "xl_instruct_dataset.generate."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert len([name for name in sys.modules if name.startswith("xl_instruct_dataset.generate.")]) > 20
print(before == (sys.getswitchinterval(), gc.get_threshold(), gc.isenabled()))
"""


def state() -> tuple[float, tuple[int, int, int]]:
    return sys.getswitchinterval(), gc.get_threshold()


def test_importing_changes_nothing() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", IMPORTS], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr


def test_the_interpreter_is_tuned_in_the_block_alone() -> None:
    before = state()
    with tuned_interpreter():
        tuned = state()
        assert tuned != before
        with task_process():
            assert state() == tuned
        assert state() == tuned
    assert state() == before


def test_it_is_put_back_after_an_error() -> None:
    before = state()
    with pytest.raises(ValueError, match="wrong"), tuned_interpreter():
        raise ValueError("wrong")
    assert state() == before


def test_standard_error_goes_into_a_file_in_the_block_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "work" / "log.txt"
    old = sys.stderr
    with stderr_into(file) as shown:
        print("of this process", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-c", "import sys; print('of another', file=sys.stderr)"], check=True)
        print("for people", file=shown)
    assert sys.stderr is old
    os.write(2, b"afterwards")
    assert sorted(file.read_text(encoding="utf-8").splitlines()) == ["of another", "of this process"]
    assert capfd.readouterr().err == "for people\nafterwards"
