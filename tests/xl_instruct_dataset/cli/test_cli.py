"""The command line of the training data: light to start, and its exit codes."""

import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT
from tests.xl_instruct_dataset.command import CODE, run


def test_nothing_heavy_is_loaded_for_help() -> None:
    code = (
        "import sys, xl_instruct_dataset, xl_instruct_dataset.cli, xl_instruct_dataset.hub.build, xl_instruct_dataset.hub.push; "
        "print([m for m in ('torch', 'datasets', 'pyarrow', 'huggingface_hub', 'trl') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "[]"


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
    shell = f'"{sys.executable}" -c "{CODE}" push xl-instruct --repo a/b --dry-run | true'
    settings = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1"}
    result = subprocess.run(["sh", "-c", shell], cwd=tmp_path, env=settings, capture_output=True, text=True)
    assert "Traceback" not in result.stderr
    assert "Exception" not in result.stderr
