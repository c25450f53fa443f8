"""The backend that loads a model, where the user leaves the choice."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric.machine import gpus
from xl_alpacaeval_metric.models import arguments as backend_arguments
from xl_alpacaeval_metric.models.source import Source

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Choice:
    """A backend and why it was chosen."""

    backend: str
    why: str

    def __str__(self) -> str:
        return f"{self.backend} ({self.why})"


def choose(
    source: Source,
    arguments: Mapping[str, object],
    *,
    device: str | None = None,
    chat_template: bool = True,
    before: str | None = None,
) -> Choice:
    """The backend for a model: an endpoint's with a base_url, vLLM where it can run, else hf.

    `before` is the backend of the run that is to go on.
    """
    if "base_url" in arguments:
        return Choice("local-chat-completions" if chat_template else "local-completions", "base_url is given")
    if before:
        return Choice(before, "as this run began")
    if importlib.util.find_spec("vllm") is None:
        return Choice("hf", "vLLM is not installed")
    if device is not None and not device.startswith("cuda"):
        return Choice("hf", f"for --device {device}")
    if not gpus.available():
        return Choice("hf", "no GPU here")
    if Path(source.model).suffix == ".gguf":
        return Choice("hf", "a .gguf file")
    if device is not None:
        return Choice("hf", "--device names one GPU")
    if foreign := backend_arguments.unknown("vllm", arguments):
        return Choice("hf", f"for {foreign[0]}")
    return Choice("vllm", "a GPU and vLLM are here")
