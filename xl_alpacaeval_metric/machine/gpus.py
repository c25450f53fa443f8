"""The GPUs that this process may use, found without taking any of their memory."""

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The environment variable that limits a process to some GPUs; PyTorch for ROCm reads it, too."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """`name` is what CUDA_VISIBLE_DEVICES calls it, `memory` is in bytes, None where unknown."""

    name: str
    title: str = "GPU"
    memory: int | None = None


def available() -> tuple[Gpu, ...]:
    """The GPUs of CUDA or ROCm that torch may use in this process; empty without torch."""
    count = _count()
    if not count:
        return ()
    visible = os.environ.get(VISIBLE, "").strip()
    names = [name.strip() for name in visible.split(",")] if visible else [str(number) for number in range(count)]
    known = _described()
    return tuple(_described_as(name, known) for name in names[:count])


def installed() -> tuple[Gpu, ...]:
    """The GPUs of NVIDIA that this process sees, without torch; empty where they are not known."""
    visible = os.environ.get(VISIBLE)
    known = _described()
    if visible is None:
        return tuple(gpu for _, _, gpu in known)
    return tuple(_described_as(name.strip(), known) for name in visible.split(",") if name.strip() not in ("", "-1"))


def _count() -> int:
    if importlib.util.find_spec("torch") is None or not _has_driver():
        return 0
    import torch

    # Counting asks the driver's library. Asking for names or memory would initialise CUDA, which
    # takes half a gigabyte of the GPU until this process ends.
    return int(torch.cuda.device_count())


def _has_driver() -> bool:
    """Whether there may be a GPU: cheaper to know than by the import of torch."""
    if sys.platform != "linux":
        return True
    # The devices of NVIDIA, of AMD, and of Windows' subsystem for Linux.
    return any(os.path.exists(f"/dev/{name}") for name in ("nvidiactl", "nvidia0", "kfd", "dxg"))


def _described() -> list[tuple[str, str, Gpu]]:
    """Index, UUID and description of every GPU of the machine, from nvidia-smi; else empty."""
    if not (tool := shutil.which("nvidia-smi")):
        return []
    command = [tool, "--query-gpu=index,uuid,name,memory.total", "--format=csv,noheader,nounits"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [[part.strip() for part in line.split(",")] for line in found.stdout.splitlines()]
    return [
        (row[0], row[1], Gpu(row[0], row[2], int(row[3]) * 2**20 if row[3].isdigit() else None))
        for row in rows
        if len(row) == 4
    ]


def _described_as(name: str, known: list[tuple[str, str, Gpu]]) -> Gpu:
    # CUDA takes the beginning of a UUID, too.
    for index, uuid, gpu in known:
        if name == index or (name.startswith("GPU-") and uuid.startswith(name)):
            return Gpu(name, gpu.title, gpu.memory)
    return Gpu(name)
