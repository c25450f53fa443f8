"""The checkpoints that a training goes on from, and whether they are whole."""

import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FOLDER = "checkpoints"
STATE = "trainer_state.json"


def last(folder: Path) -> Path | None:
    """The latest checkpoint of a training's folder that is whole."""
    return max(filter(is_whole, _all(folder)), key=step_of, default=None)


def sweep(folder: Path) -> list[str]:
    """Remove the checkpoints that are not whole; returns a line for each that had begun to be one.

    A killed process leaves one without its state; a full disk, one with files that end too early.
    """
    lines = []
    for path in _all(folder):
        if not is_whole(path):
            if (path / STATE).exists():
                lines.append(f"checkpoint of step {step_of(path)}: a file of it is damaged; it is not used")
            shutil.rmtree(path, ignore_errors=True)
    return lines


def step_of(checkpoint: Path) -> int:
    """The optimizer step after which the checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def is_whole(checkpoint: Path) -> bool:
    """Whether the state, which the trainer writes last, is there, and no file ends too early."""
    state = _json(checkpoint / STATE)
    if not isinstance(state, dict):
        return False
    files = [file for file in checkpoint.rglob("*") if file.is_file()]
    return all(_WHOLE[file.suffix](file) for file in files if file.suffix in _WHOLE)


def finish(trainer: Any, checkpoint: Path) -> bool:
    """Take weights and state from a checkpoint of the last step; False for an earlier one.

    The trainer itself would do one step more.
    """
    from transformers import TrainerState

    state = TrainerState.load_from_json(str(checkpoint / STATE))
    if not 0 < state.max_steps <= state.global_step:
        return False
    trainer._load_from_checkpoint(str(checkpoint))
    trainer.state = state
    return True


def _all(folder: Path) -> list[Path]:
    return [path for path in (folder / FOLDER).glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()]


def _json(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _is_whole_safetensors(file: Path) -> bool:
    """Whether the file is as long as its header says; opening it compares the two."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "pt"):
            return True
    except (OSError, SafetensorError):
        return False


def _is_whole_zip(file: Path) -> bool:
    """Whether the archive has its index, which is at the end. What torch saves is a ZIP archive."""
    return zipfile.is_zipfile(file)


_WHOLE: Mapping[str, Callable[[Path], bool]] = {
    ".safetensors": _is_whole_safetensors,
    ".pt": _is_whole_zip,
    ".pth": _is_whole_zip,
    ".bin": _is_whole_zip,
    ".json": lambda file: _json(file) is not None,
}
"""What tells for each suffix that a file does not end too early."""
