"""What libraries raise in a training, as one line that says what helps."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xl_alpacaeval_metric.clients.local import device as local_device
from xl_alpacaeval_metric.errors import UserError, first_line
from xl_instruct_dataset.train.settings import Settings


@contextmanager
def as_user_error(failed: str, settings: Settings, doing: str) -> Iterator[None]:
    """Turn what libraries raise into a UserError: `failed` with the reason.

    Where memory ran out `doing` that, it says what takes less.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # Each library has errors of its own for a file that is damaged or does not fit.
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


def full_disk(error: BaseException, folder: Path) -> str | None:
    """One line where the disk is full; None for another error."""
    # safetensors raises an error of its own, with the system's message in it.
    if getattr(error, "errno", None) not in (errno.ENOSPC, errno.EDQUOT) and "(os error 28)" not in str(error):
        return None
    return f"{folder}: the disk is full; free some, and the same command goes on from the last whole checkpoint"


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
