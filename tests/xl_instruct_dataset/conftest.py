"""Fixtures of the tests of fine-tuning."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def base(tiny: Path) -> Path:
    """The model `tiny` without a chat template, like a base model."""
    folder = tiny.parent / "base"
    shutil.copytree(tiny, folder, ignore=shutil.ignore_patterns("chat_template.jinja"))
    return folder
