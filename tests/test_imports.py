"""Imports point down: the ground floor knows neither of the tops, and the tops do not know each other."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT

ALLOWED = {
    "xl_alpacaeval_metric": {"xl_alpacaeval_metric"},
    "xl_instruct_dataset": {"xl_instruct_dataset", "xl_alpacaeval_metric"},
    "lm_eval_tasks": {"lm_eval_tasks", "xl_alpacaeval_metric"},
}


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names.add(str(node.module))
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_down(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        upward = imported(file) & ALLOWED.keys() - ALLOWED[package]
        assert not upward, f"{file.relative_to(ROOT)} imports {upward}"


def test_no_module_is_too_long_to_read_in_a_sitting() -> None:
    long = {
        str(file.relative_to(ROOT)): count
        for package in ALLOWED
        for file in (ROOT / package).rglob("*.py")
        if (count := len(file.read_text("utf-8").splitlines())) > 300
    }
    assert not long


def test_no_builder_script_carries_the_name_of_its_folder() -> None:
    assert not (ROOT / "xl_instruct_dataset" / "xl_instruct_dataset.py").exists()


@pytest.mark.parametrize("module", ["xl_alpacaeval_metric", "xl_alpacaeval_metric.cli", "xl_alpacaeval_metric.scoring"])
def test_a_light_import_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('torch', 'transformers', 'lm_eval', 'datasets', 'openai') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
