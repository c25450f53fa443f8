"""The device that a model runs on: whether it exists, and whether its memory is enough."""

import shutil
import subprocess

from xl_alpacaeval_metric.errors import UserError

OUT_OF_MEMORY_TEXTS = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
"""In messages of CUDA's libraries, MPS and the CPU's allocator that have no exception class."""


def best_device() -> str:
    """The first of cuda, mps and cpu that torch finds."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def check(device: str | None, dtype: str) -> None:
    """Raise UserError for a device or a dtype that torch does not have on this machine.

    Allocates nothing on the device.
    """
    import torch

    if dtype != "auto" and not getattr(getattr(torch, dtype, None), "is_floating_point", False):
        raise UserError(f"dtype {dtype!r} is none that a model runs in; there are auto, float32, bfloat16 and float16")
    if device is None:
        return
    try:
        wanted = torch.device(device)
        # torch accepts other types too, such as meta, on which nothing is computed.
        if wanted.type not in ("cuda", "mps", "cpu", "xpu"):
            raise RuntimeError
    except RuntimeError:
        raise UserError(f"--device {device!r} is unknown; there are cuda, cuda:1 and so on, mps and cpu") from None
    counts = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if wanted.type in counts and (wanted.index or 0) >= counts[wanted.type]:
        raise UserError(
            f"--device {device}: torch finds {counts[wanted.type]} of kind {wanted.type} here; leave it out for the best there is"
        )


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error of torch means that memory ran out."""
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError) or any(text in str(error) for text in OUT_OF_MEMORY_TEXTS)


def empty_cache() -> None:
    """Return the GPU memory that torch holds for later use."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def largest_gpu_memory() -> int | None:
    """Bytes of memory of the machine's largest GPU, from nvidia-smi; None where it is missing.

    nvidia-smi cannot tell which GPU CUDA counts as the first. Asking torch would initialise CUDA,
    which takes half a gigabyte of that memory until the process ends.
    """
    if not (tool := shutil.which("nvidia-smi")):
        return None
    command = [tool, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return max(map(int, found.stdout.split())) * 2**20 if found.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
