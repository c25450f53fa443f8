"""What libraries raise in a training, as one line that says what helps."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients.local import device as local_device
from xl_alpacaeval_metric.errors import UserError, first_line
from xl_alpacaeval_metric.files.destinations import NO_ROOM
from xl_instruct_dataset.train.settings import Settings


@contextmanager
def as_user_error(failed: str, settings: Settings, doing: str) -> Iterator[None]:
    """Turn what libraries raise into a UserError: `failed` with the reason.

    Where memory ran out `doing` that, it says what takes less. The error of a full disk passes, for
    `full_disk_as_user_error`.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # Each library has errors of its own for a file that is damaged or does not fit.
        if _is_full_disk(error):
            raise
        said = oom_advice(error, settings, doing) or f"{failed} ({first_line(error)})"
        raise UserError(said) from None


def oom_advice(error: BaseException, settings: Settings, doing: str = "") -> str | None:
    """One line that says what takes less memory; None where the error is not about memory.

    `doing` is what was done when memory ran out; by default the training.
    """
    if not isinstance(error, MemoryError) and not (
        isinstance(error, RuntimeError) and local_device.is_out_of_memory(error)
    ):
        return None
    if not doing:
        return f"out of memory; {memory_savings(settings)}"
    fewer = ["--no-full (LoRA)"] if settings.full else []
    fewer += ["--precision bfloat16"] if settings.precision != "bfloat16" else []
    fewer += ["--no-merge"] if settings.merge and "sav" in doing else []
    return f"out of memory while {doing}; free some, or give {', '.join([*fewer, 'a smaller model'])}"


@contextmanager
def full_disk_as_user_error(folder: Path, need: str = "", less: str = "") -> Iterator[None]:
    """Turn the error of a full disk into a UserError that says what helps.

    `need` says what takes how much space, `less` what would take less.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # safetensors and torch raise errors of their own.
        if not _is_full_disk(error):
            raise
        room = "; ".join(filter(None, (f"{_size(shutil.disk_usage(folder).free)} free", need)))
        raise UserError(
            f"{folder}: the disk is full ({room}); free some{less}, and the same command goes on from the last "
            "whole checkpoint"
        ) from None


def _is_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    # torch says no more than that it could not write.
    return any(part in str(error) for part in ("(os error 28)", "(os error 122)", "PytorchStreamWriter failed"))


def room_for_checkpoint(network: Any, settings: Settings) -> tuple[str, str]:
    """The room that a checkpoint takes: the trained weights, and Adam's two moments of each."""
    need = 3 * sum(one.numel() * one.element_size() for one in network.parameters() if one.requires_grad)
    less = ", or give --keep-checkpoints 1" if settings.keep_checkpoints > 1 else ""
    return f"a checkpoint takes about {_size(need)}", less


def room_for_model(network: Any, settings: Settings) -> tuple[str, str]:
    """The room that the result takes: the adapter, or with `merge` all weights too."""
    whole = settings.full or settings.merge
    need = sum(one.numel() * one.element_size() for one in network.parameters() if whole or one.requires_grad)
    less = ", or give --no-merge" if settings.merge and not settings.full else ""
    return f"the weights take about {_size(need)}", less


def _size(count: float) -> str:
    """A number of bytes in the unit that fits it, such as 1.5 GiB."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.{0 if unit == 'bytes' else 1}f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def memory_savings(settings: Settings) -> str:
    """What makes a training take less memory, and with which of it the training goes on."""
    same = [f"--device-batch-size {settings.device_batch_size // 2}"] if settings.device_batch_size > 1 else []
    same += ["--gradient-checkpointing"] if not settings.gradient_checkpointing else []
    other = [
        f"a smaller --max-length than {settings.max_length}",
        "--no-full (LoRA)" if settings.full else f"a smaller --lora-rank than {settings.lora_rank}",
    ]
    kept = "the result stays the same" + (
        " but for dropout's draws" if settings.lora_dropout and not settings.full else ""
    )
    steps = [f"{step} ({kept})" for step in same] + other
    return (
        f"turn down, in this order: {', '.join(steps)}; the same command goes on from the last checkpoint, "
        "and with another length, rank or method begins anew where there is none yet"
    )
