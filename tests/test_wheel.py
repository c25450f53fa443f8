"""The wheel beside lm-eval: the harness finds the tasks, and uninstalling leaves nothing."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.helpers import ROOT

BUILT = (
    "xl_alpacaeval_metric",
    "xl_instruct_dataset",
    "lm_eval_tasks",
    "cards",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)


def call(*command: object, cwd: Path | None = None, **environment: str) -> str:
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": "", **environment}
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=settings, cwd=cwd)
    assert result.returncode == 0, result.stderr
    return result.stdout


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in BUILT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source)
    (file,) = folder.glob("xl_suite-*.whl")
    return file


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A new environment with lm-eval, less its own tasks, and the wheel; other packages come from
    this environment.
    """
    folder = tmp_path_factory.mktemp("environment")
    call(sys.executable, "-m", "venv", folder)
    (site,) = folder.glob("lib/python*/site-packages")
    harness = Path(str(importlib.metadata.distribution("lm_eval").locate_file("lm_eval")))
    shutil.copytree(
        harness,
        site / "lm_eval",
        ignore=lambda folder, names: (
            [name for name in names if (harness / "tasks" / name).is_dir()] if Path(folder).name == "tasks" else []
        ),
    )
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    executable = folder / "bin" / "python"
    call(executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel)
    return executable


LIST = """
from lm_eval.tasks import TaskManager
manager = TaskManager()
print(*sorted(name for name in manager.all_tasks if "alpacaeval" in name))
"""


def test_the_harness_finds_the_tasks_without_include_path(python: Path, tmp_path: Path) -> None:
    names = call(python, "-c", LIST, cwd=tmp_path).split()
    assert {"xl_alpacaeval", "xl_alpacaeval_mini", "xl_alpacaeval_mini_fi", "m_alpacaeval"} <= set(names)
    arguments = ("--model", "dummy", "--tasks", "xl_alpacaeval_mini_fi", "--limit", "2")
    assert "coverage" in call(python, "-m", "lm_eval", *arguments, cwd=tmp_path, XL_JUDGE="none")


def test_the_installed_package_is_whole(python: Path, tmp_path: Path) -> None:
    where = call(python, "-c", "import xl_alpacaeval_metric as m; print(m.__path__[0])", cwd=tmp_path).strip()
    assert Path(where).is_relative_to(python.parents[1])
    command = python.parent / "xl-alpacaeval"
    assert "eval" in call(command, "--help", cwd=tmp_path)
    assert Path(call(command, "tasks", cwd=tmp_path).strip()).is_relative_to(python.parents[1])
    code = "from xl_alpacaeval_metric import benchmark; print(len(benchmark.load('mini').rows))"
    assert call(python, "-c", code, cwd=tmp_path).strip() == "352"
    compute = (
        f"import evaluate; print(evaluate.load({where!r}).compute(predictions=['Hallo, wie geht es dir heute?'], "
        "references=['x'], instructions=['y'], languages=['de'], judge='none')['line_pass_rate'])"
    )
    assert call(python, "-c", compute, cwd=tmp_path, HF_HOME=str(tmp_path)).split()[-1] == "100.0"


def test_uninstalling_leaves_nothing_behind(python: Path) -> None:
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    assert (site / "lm_eval" / "tasks" / "xl_suite" / "_base_yaml").exists()
    call(python, "-m", "pip", "uninstall", "-q", "-y", "xl-suite")
    left = [str(path) for path in site.rglob("*") if "xl_" in path.name or path.name == "lm_eval_tasks"]
    assert left == []
