"""The device a model is to run on: whether it is there, and when its memory is too small."""

import shutil
import subprocess

from xl_alpacaeval_metric.errors import UserError

SIGNS = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
"""How CUDA's libraries, MPS and the CPU's allocator say it where torch has no exception of its own for it."""


def check(device: str | None, dtype: str) -> None:
    """Raises UserError for a device or a type of number that torch does not have here; takes no memory on the device."""
    import torch

    if dtype != "auto" and not getattr(getattr(torch, dtype, None), "is_floating_point", False):
        raise UserError(f"dtype {dtype!r} is none that a model runs in; there are auto, float32, bfloat16 and float16")
    if device is None:
        return
    try:
        wanted = torch.device(device)
        if wanted.type not in ("cuda", "mps", "cpu", "xpu"):  # torch knows some in which nothing is computed.
            raise RuntimeError
    except RuntimeError:
        raise UserError(f"--device {device!r} is unknown; there are cuda, cuda:1 and so on, mps and cpu") from None
    here = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if wanted.type in here and (wanted.index or 0) >= here[wanted.type]:
        raise UserError(
            f"--device {device}: torch finds {here[wanted.type]} of kind {wanted.type} here; leave it out for the best there is"
        )


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether memory was what the work on a device failed for."""
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError) or any(sign in str(error) for sign in SIGNS)


def free() -> None:
    """Give back what torch keeps of the GPU's memory for later."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def total() -> int | None:
    """Bytes of memory of the machine's largest GPU, as the driver's tool says; None where it is not at hand.

    Which one it is that CUDA calls the first, the tool does not know; and torch would set up CUDA for it, which takes half a gigabyte
    of that memory until the process ends.
    """
    if not (tool := shutil.which("nvidia-smi")):
        return None
    command = [tool, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return max(map(int, found.stdout.split())) * 2**20 if found.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
