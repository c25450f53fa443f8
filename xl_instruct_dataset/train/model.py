"""The model: loaded for training, with an adapter or without."""

import os
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients import memory
from xl_alpacaeval_metric.clients.local import best_device
from xl_alpacaeval_metric.errors import MissingExtra, UserError
from xl_instruct_dataset.train.settings import Settings
from xl_instruct_dataset.train.tokens import first_line

EXTRA = "train"


def check_installed() -> None:
    """Raises MissingExtra for what of the extra `train` is not there."""
    import importlib.util

    for package in ("torch", "transformers", "trl", "peft", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(package, EXTRA)


def named(model: str) -> str:
    """The model as the run folder keeps it: a Hub id, or a folder's whole path; raises UserError where that is not there."""
    path = Path(model).expanduser()
    if model.strip() and path.is_dir():
        if not (path / "config.json").is_file():
            adapter = (
                " (it holds an adapter: train its base, or merge it first)"
                if (path / "adapter_config.json").is_file()
                else ""
            )
            raise UserError(f"{model}: holds no config.json, so it is no model folder{adapter}")
        return str(path.resolve())
    if model.startswith((".", "/", "~")) or not model.strip() or path.is_file():
        raise UserError(f"{model or 'MODEL'}: no such model folder; give a folder or a Hub id")
    return model


def use_device(device: str | None) -> tuple[str, str | None]:
    """Make the device the one that training will take; returns its kind, and a line where GPUs are left unused.

    Raises UserError for a device that is not here. Must come before anything else uses the GPU.
    """
    import torch

    memory.check(device, "auto")
    count = torch.cuda.device_count()  # Asks the driver's tool, and leaves CUDA itself untouched.
    kind = (device or ("cuda" if count else best_device())).partition(":")[0]
    if kind != "cuda" or "LOCAL_RANK" in os.environ:
        return kind, None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(number) for number in range(count)]
    index = int((device or "").partition(":")[2] or 0)
    # Several visible GPUs in one process would become torch's DataParallel, which TRL refuses.
    os.environ["CUDA_VISIBLE_DEVICES"] = names[index]
    if len(names) > 1 and device is None:
        return kind, f"1 of {len(names)} GPUs is used; accelerate launch -m xl_instruct_dataset.train uses all"
    return kind, None


def keep_memory() -> None:
    """Have the C library keep freed memory for the next step: handing gigabytes back and forth halves a CPU's speed.

    Without effect where the C library is another than glibc.
    """
    import ctypes

    trim_threshold, top_pad, mmap_max = -1, -2, -4  # mallopt(3)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 2**28)


def number_type(precision: str, kind: str) -> str:
    """The type of number to train in: what is asked for, or bfloat16 on a GPU that has it in hardware, else float32."""
    import torch

    has = kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if precision != "auto":
        return precision
    return "bfloat16" if has else "float32"


def load(model: str, settings: Settings, numbers: str) -> Any:
    """The network; frozen weights in the type `numbers`, weights to be trained in float32 unless the user asked for less.

    Raises UserError where it cannot be loaded.
    """
    import torch
    from transformers import AutoModelForCausalLM

    # Adam's small steps get lost in 16 bits: with an adapter its weights alone are in 32.
    kept = numbers if not settings.full or settings.precision == numbers else "float32"
    arguments = {"attn_implementation": settings.attention} if settings.attention else {}
    try:
        network = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, kept), **arguments)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise UserError(f"{model}: cannot be loaded ({first_line(error)})") from None
    return network


def adapter(settings: Settings) -> Any:
    """PEFT's configuration of the adapter, None where all weights are trained."""
    if settings.full:
        return None
    from peft import LoraConfig

    targets = settings.lora_targets
    return LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=targets if targets == "all-linear" else [name.strip() for name in targets.split(",")],
        task_type="CAUSAL_LM",
    )


def advice(error: BaseException, settings: Settings) -> str | None:
    """Where memory was what ended the training: one line that says what to turn down; else None."""
    if not isinstance(error, MemoryError) and not (isinstance(error, RuntimeError) and memory.is_out_of_memory(error)):
        return None
    steps = []
    if settings.device_batch_size > 1:
        steps.append(f"--device-batch-size {settings.device_batch_size // 2} (the result stays the same)")
    if not settings.gradient_checkpointing:
        steps.append("--gradient-checkpointing")
    steps.append(f"a smaller --max-length than {settings.max_length}")
    if settings.full:
        steps.append("--no-full (LoRA)")
    else:
        steps.append(f"a smaller --lora-rank than {settings.lora_rank}")
    return f"out of memory; turn down, in this order: {', '.join(steps)}; the same command goes on from the last checkpoint"
