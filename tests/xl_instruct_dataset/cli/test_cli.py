"""The command line of the training data: its output and its exit codes."""

import subprocess
import sys
from pathlib import Path

from tests.commands import run_instruct as run
from tests.helpers import ROOT


def test_help_names_the_commands(tmp_path: Path) -> None:
    code, out, _ = run("--help", cwd=tmp_path)
    assert code == 0
    assert "build" in out
    assert "push" in out
    code, out, errors = run(cwd=tmp_path)
    assert code == 2
    assert "Traceback" not in errors
    code, out, _ = run("--version", cwd=tmp_path)
    assert (code, out[:9]) == (0, "xl-suite ")


def test_wrong_use_is_one_line_and_exit_code_two(tmp_path: Path) -> None:
    for arguments in (("buidl",), ("build", "--pair"), ("push",), ("push", "nothing", "--repo", "a/b")):
        code, out, errors = run(*arguments, cwd=tmp_path)
        assert (code, out) == (2, "")
        assert errors.startswith("xl-instruct: ")
        assert len(errors.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    run("build", "--pairs", "en-fi", cwd=tmp_path)
    shell = f'"{sys.executable}" -m xl_instruct_dataset push xl-instruct --repo a/b --dry-run | true'
    settings = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1"}
    result = subprocess.run(["sh", "-c", shell], cwd=tmp_path, env=settings, capture_output=True, text=True)
    assert "Traceback" not in result.stderr
    assert "Exception" not in result.stderr
