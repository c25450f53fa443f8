"""Fixtures that several test files of this folder use."""

import sys
from pathlib import Path

import datasets
import pytest

from tests.commands import run_instruct as run
from xl_instruct_dataset.records import PAIRS


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["xl-instruct"])
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / ".cache")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The empty folder in which `xl-instruct build` was called."""
    folder = tmp_path_factory.mktemp("empty")
    code, out, errors = run("build", cwd=folder)
    assert (code, [line.split(":")[0] for line in out.splitlines()]) == (0, [*PAIRS, "xl-instruct"]), errors
    assert [file.name for file in folder.iterdir()] == ["xl-instruct"]
    return folder
