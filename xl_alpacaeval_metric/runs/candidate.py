"""The candidate: the model to evaluate, and how it is loaded and prompted."""

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.clients.local import weights
from xl_alpacaeval_metric.errors import MissingExtra, UserError
from xl_alpacaeval_metric.runs import harness_model

NON_RESULT_SETTINGS = ("batch_size", "device", "concurrency")
"""Fields of a Candidate that do not change its answers: a run continues with other values."""


THINKING = ("auto", "on", "off")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and its settings.

    `backend` and `model_args` are a model type of lm-evaluation-harness and its arguments;
    `generation` holds keyword arguments of the generation. `thinking` is auto, on or off;
    `thinking_tokens` is the room for a thought beside the answer's `max_tokens`, by default some
    thousand where the model thinks.
    """

    model: str
    backend: str = "hf"
    model_args: Mapping[str, object] = field(default_factory=dict)
    chat_template: bool = True
    max_tokens: int = 1024
    batch_size: str = "auto"
    device: str | None = None
    concurrency: int = 64
    generation: Mapping[str, object] = field(default_factory=dict)
    thinking: str = "auto"
    thinking_tokens: int | None = None

    def check(self) -> None:
        """Check the settings before anything is loaded.

        Raises UserError for an unknown backend, a secret among the arguments and a model folder
        that does not exist; MissingExtra if the harness or the backend is not installed.
        """
        try:
            from lm_eval.models import MODEL_MAPPING
        except ModuleNotFoundError:  # Our own tasks in lm_eval/tasks make lm_eval a package without the harness.
            raise MissingExtra("lm-eval", "eval") from None
        if self.backend not in MODEL_MAPPING:
            raise UserError(
                f"unknown backend {self.backend!r}; lm-evaluation-harness has {', '.join(sorted(MODEL_MAPPING))}"
            )
        needs = {"hf": ("torch", "eval"), "vllm": ("vllm", "vllm")}.get(self.backend)
        if needs and importlib.util.find_spec(needs[0]) is None:
            raise MissingExtra(*needs)
        if not self.model.strip():
            raise UserError("MODEL is empty; give a Hub id, a folder, a .gguf file or an endpoint's model name")
        if self.thinking not in THINKING:
            raise UserError(f"--thinking {self.thinking!r} is not one of {', '.join(THINKING)}")
        if self.thinking != "auto" and not self.chat_template:
            raise UserError(f"--thinking {self.thinking} goes through the chat template; leave out --no-chat-template")
        if self.thinking == "off" and self.thinking_tokens:
            raise UserError("--thinking off leaves no thought to give tokens to; leave out --thinking-tokens")
        if not re.fullmatch(r"[1-9]\d*|auto(:\d+(\.\d+)?)?", self.batch_size):
            raise UserError(f"--batch-size {self.batch_size!r} is neither a number from 1 nor auto")
        credentials.refuse({"MODEL": self.model}, "the argument")
        credentials.refuse(self.model_args, "--model-args")
        credentials.refuse(self.generation, "--generation-kwargs")
        if self.model.startswith((".", "/", "~")) and not Path(os.path.expanduser(self.model)).exists():
            raise UserError(f"{self.model}: no such model folder or file")
        harness_model.adapter_arguments(self.model, self.backend)

    @property
    def identity(self) -> dict[str, object]:
        """What determines the answers: the settings, and a fingerprint of a local model's files."""
        settings = {key: value for key, value in asdict(self).items() if key not in NON_RESULT_SETTINGS}
        # Left out unless they are given: run folders of 0.1 have no such settings.
        for key, default in (("thinking", "auto"), ("thinking_tokens", None)):
            if settings[key] == default:
                del settings[key]
        # Arguments name model folders, too, such as an adapter: peft=FOLDER.
        paths = (self.model, *self.model_args.values())
        fingerprints = (weights.fingerprint(str(path), mtimes=True) for path in paths)
        content = "-".join(filter(None, fingerprints))
        return {**settings, "model_fingerprint": content} if content else settings
