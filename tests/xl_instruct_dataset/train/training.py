"""A fine-tuning that takes seconds."""

from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.train.finetune.record import Summary
from xl_instruct_dataset.train.finetune.run import train
from xl_instruct_dataset.train.settings import Settings, resolve

QUICK: dict[str, Any] = {
    "data": "sample",
    "pairs": "en-de,en-fi",
    "max_length": 256,
    "too_long": "truncate",
    "max_steps": 4,
    "batch_size": 2,
    "device_batch_size": 2,
    "learning_rate": 0.02,
    "lora_rank": 4,
    "log_steps": 1,
    "per_language": 4,
    "held_out": 0.25,
    "device": "cpu",
}


def settings(**options: object) -> Settings:
    """The quick settings, with others in their place."""
    return resolve(None, {**QUICK, **options})


def tune(model: Path, folder: Path, **options: object) -> tuple[Summary, list[str]]:
    """Train with the quick settings and `options`; returns the summary and the notices."""
    said: list[str] = []
    return train(str(model), settings(**options), folder, silent, said.append), said


def out_of_memory() -> Exception:
    """Torch's error when memory is short."""
    import torch

    try:
        torch.empty(2**50)
    except RuntimeError as error:
        return error
    raise AssertionError("a petabyte was there")
