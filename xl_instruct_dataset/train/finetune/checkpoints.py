"""The checkpoints that a training goes on from, and whether they are whole."""

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.models import files as model_files

FOLDER = "checkpoints"
STATE = "trainer_state.json"
SUMS = "sha256.json"
"""The SHA-256 of a checkpoint's files; those in ZIP archives have checksums of their own."""
_ADAPTER, _MODEL = ("adapter_config.json", "adapter_model"), ("config.json", "model")
_SUMMED = re.compile(r"(adapter_)?(config|model.*)\.(json|safetensors)|trainer_state\.json|scheduler\.pt")
_ARCHIVES = (".pt", ".pth", ".bin")
_SPREAD = {"FSDP": "pytorch_model_fsdp*", "DeepSpeed": "global_step*"}
"""Where FSDP and DeepSpeed keep weights that are spread over GPUs, with an optimizer's beside."""


def last(folder: Path) -> Path | None:
    """The latest checkpoint of a training's folder that is whole, as far as `fault` sees."""
    whole = [path for path in _all(folder) if fault(path) is None]
    return max(whole, key=step_of, default=None)


def check_launch(folder: Path) -> None:
    """Raises UserError where the last checkpoint is spread over GPUs, and no launcher says how."""
    checkpoint = last(folder)
    by = _spread_by(checkpoint) if checkpoint else None
    if checkpoint and by and os.environ.get(f"ACCELERATE_USE_{by.upper()}", "false").lower() != "true":
        raise UserError(
            f"{checkpoint}: is spread over GPUs by {by}; go on through accelerate launch with the configuration of "
            f"{by} that began it, or give another --output"
        )


def _spread_by(checkpoint: Path) -> str | None:
    return next((name for name, pattern in _SPREAD.items() if any(checkpoint.glob(pattern))), None)


def has_any(folder: Path) -> bool:
    """Whether a checkpoint was written to its end, be it whole or damaged since."""
    return any(isinstance(_json(path / STATE), dict) for path in _all(folder))


def sweep(folder: Path) -> list[str]:
    """Remove the checkpoints that are not whole; returns a line for each, with what it lacks.

    A killed process leaves one without its state; a full disk, one with files that end too early.
    The content of the latest ones is compared with its checksums, until one is right.
    """
    lines, right = [], False
    for path in sorted(_all(folder), key=step_of, reverse=True):
        found = fault(path) or (None if right else _changed(path))
        if found is None:
            right = True
            continue
        lines.append(f"checkpoint of step {step_of(path)}: {found}; it is not used")
        shutil.rmtree(path, ignore_errors=True)
    if lines and not right:
        lines[-1] += ", and as no other is whole, the training begins anew"
    return lines


def sealing() -> Any:
    """A callback for transformers' Trainer that writes the checksums of each checkpoint."""
    from transformers import TrainerCallback

    class Seal(TrainerCallback):  # type: ignore[misc]
        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                _seal(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    return Seal()


def _seal(checkpoint: Path) -> None:
    files = [file for file in sorted(checkpoint.iterdir()) if _SUMMED.fullmatch(file.name)]
    jsonl.write_json(checkpoint / SUMS, {file.name: _sha256(file) for file in files})


def step_of(checkpoint: Path) -> int:
    """The optimizer step after which the checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def fault(checkpoint: Path) -> str | None:
    """What a checkpoint lacks to go on from: a file, or the end of one; None for a whole one."""
    names = {file.name for file in checkpoint.iterdir()}
    if lacking := _lacking(checkpoint, names):
        return f"{lacking} is missing"
    for file in sorted(checkpoint.rglob("*")):
        if file.is_file() and not _ends_well(file):
            return f"{file.name} is damaged"
    if not isinstance(_json(checkpoint / STATE), dict):
        return f"{STATE} is damaged"
    return None


def _lacking(checkpoint: Path, names: set[str]) -> str | None:
    """The first file that is not there, of those that the trainer writes for every model."""
    if STATE not in names:  # The trainer writes it last.
        return STATE
    spread = _spread_by(checkpoint)
    is_adapter = any(name.startswith("adapter_") for name in names)
    config, weights = _ADAPTER if is_adapter else _MODEL
    index = _json(checkpoint / model_files.INDEX) if model_files.INDEX in names else None
    shards = index.get("weight_map") if isinstance(index, dict) else None
    needed = sorted(set(shards.values())) if isinstance(shards, dict) else [f"{weights}.safetensors"]
    for name in [] if spread else [config, *needed]:
        if name not in names:
            return name
    needed = ["rng_state", *([] if spread else ["optimizer", "scheduler"])]
    for stem in needed:
        if not any(name.startswith(stem) for name in names):
            return stem + (".pth" if stem == "rng_state" else ".pt")
    return next((name for name in sorted(_sums(checkpoint)) if name not in names), None)


def _ends_well(file: Path) -> bool:
    """Whether a file does not end too early, as far as its format tells."""
    if file.suffix == ".safetensors":
        return _is_whole_safetensors(file)
    if file.suffix in _ARCHIVES:  # The index of an archive is at its end. What torch saves is one.
        return zipfile.is_zipfile(file)
    return file.suffix != ".json" or _json(file) is not None


def _changed(checkpoint: Path) -> str | None:
    """What differs from its checksum; None where nothing does, or there is none."""
    for name, sha256 in _sums(checkpoint).items():
        if _sha256(checkpoint / name) != sha256:
            return f"{name} is damaged"
    for file in sorted(checkpoint.iterdir()):
        if file.suffix in _ARCHIVES and not _is_right_archive(file):
            return f"{file.name} is damaged"
    return None


def _is_right_archive(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _sums(checkpoint: Path) -> Mapping[str, object]:
    found = _json(checkpoint / SUMS)
    return found if isinstance(found, dict) else {}


def _sha256(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None


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
    found = (folder / FOLDER).glob("checkpoint-*")
    return [path for path in found if path.name.rpartition("-")[2].isdigit() and path.is_dir()]


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
