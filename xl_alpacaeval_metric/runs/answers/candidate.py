"""The candidate: the model to evaluate, and how it is loaded and prompted."""

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.clients.local import weights
from xl_alpacaeval_metric.errors import MissingExtra, UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.models import arguments, backend_choice, placement, quantization, sampling, source
from xl_alpacaeval_metric.models.arguments import ENDPOINTS
from xl_alpacaeval_metric.models.placement import Placement
from xl_alpacaeval_metric.models.source import Source
from xl_alpacaeval_metric.runs.answers import harness_model
from xl_alpacaeval_metric.runs.folder import RUN

NON_RESULT_SETTINGS = (
    *("batch_size", "device", "concurrency", "gpus", "allow_random_weights", "retry_refused"),
    *("chosen", "base"),
)
"""Fields of a Candidate that do not change its answers: a run continues with other values."""
FROM_HUB = placement.HF | placement.VLLM | {"sglang"}
"""Backends that load a model of the Hub."""
ROWS_FOR_A_COPY = 16
"""Answers for which another copy of the model is worth loading, unless the user says so."""

THINKING = ("auto", "on", "off")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and its settings.

    `backend` and `model_args` are a model type of lm-evaluation-harness and its arguments;
    `generation` holds keyword arguments of the generation. `thinking` is auto, on or off;
    `thinking_tokens` is the room for a thought beside the answer's `max_tokens`, by default some
    thousand where the model thinks. `gpus` is their number, or auto (see `models.placement`).
    Weights that the model's files lack are refused, unless `allow_random_weights`. Prompts that an
    endpoint refused, or whose answers it withheld, are asked again with `retry_refused`. `base` is
    where an adapter's base model lies, where that is not as the adapter says. `chosen` says why the
    backend was chosen where the user left it open (see `with_backend`).
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
    gpus: str = placement.AUTO
    allow_random_weights: bool = False
    retry_refused: bool = False
    base: str | None = None
    chosen: str = ""

    def check(self) -> None:
        """Check the settings before anything is loaded.

        Raises UserError for an unknown backend, a secret among the arguments and a model folder
        that does not exist; MissingExtra if the harness or the backend is not installed.
        """
        check_backend(self.backend)
        _check_installed(self.backend)
        if not self.model.strip():
            raise UserError("MODEL is empty; give a Hub id, a folder, a .gguf file or an endpoint's model name")
        self.check_settings()
        credentials.refuse({"MODEL": self.model}, "the argument")
        credentials.refuse(self.model_args, "--model-args")
        credentials.refuse(self.generation, "--generation-kwargs")
        if self.backend not in ENDPOINTS:
            source.check_place(self.model)
        if self.base is not None and self.backend in ENDPOINTS:
            raise UserError(f"--base {self.base}: goes with a model that is loaded here, not with {self.backend}")
        of_adapter = harness_model.adapter_arguments(self.model, self.backend, self.base)
        harness_model.check_base(self.model, self.base)
        found = self._source
        if self.model.endswith(".gguf") and self.backend not in placement.HF | ENDPOINTS:
            raise UserError(
                f"{self.model}: a .gguf file goes with --backend hf, or behind a server such as llama.cpp's"
            )
        arguments.check(self.backend, self.model_args, found)
        sampling.check(self.backend, self.generation)
        if self.backend in placement.HF:
            quantization.check(found, self.model_args)
        if self.chat_template:
            harness_model.check_template(self.model, self.backend, {**of_adapter, **self.model_args})
        self.placement(1)

    def check_known(self) -> None:
        """Raise UserError where neither the Hub nor its cache has the model; downloads nothing."""
        if self.backend in FROM_HUB:
            source.check_known(self.model, self.model_args)

    def check_settings(self) -> None:
        """Check what depends on neither the model's files nor this machine; raises UserError."""
        if "pretrained" in self.model_args and self.backend in placement.HF | placement.VLLM:
            raise UserError("--model-args pretrained: MODEL says that here; leave pretrained out")
        placement.check_number(self.gpus)
        if (
            self.backend in placement.HF
            and self.device
            and not re.fullmatch(r"(cuda|xpu)(:\d+)?|mps(:0)?|cpu(:0)?", self.device)
        ):
            raise UserError(f"--device {self.device!r} is unknown; there are cuda, cuda:1 and so on, mps and cpu")
        if self.thinking not in THINKING:
            raise UserError(f"--thinking {self.thinking!r} is not one of {', '.join(THINKING)}")
        if self.thinking != "auto" and not self.chat_template:
            raise UserError(f"--thinking {self.thinking} goes through the chat template; leave out --no-chat-template")
        if self.thinking == "off" and self.thinking_tokens:
            raise UserError("--thinking off leaves no thought to give tokens to; leave out --thinking-tokens")
        if not re.fullmatch(r"[1-9]\d*|auto(:\d+(\.\d+)?)?", self.batch_size):
            raise UserError(f"--batch-size {self.batch_size!r} is neither a number from 1 nor auto")

    def check_arguments(self) -> None:
        """Check the backend's arguments, as far as its package and the model's files are here.

        Raises UserError for one that it does not take.
        """
        found = self._source if self.model_args else Source(self.model)
        if found.config or self.backend not in placement.HF:  # Keys of the configuration are arguments, too.
            arguments.check(self.backend, self.model_args, found)
        sampling.check(self.backend, self.generation)

    def placement(self, answers: int) -> Placement:
        """Where the model goes on this machine's GPUs for so many answers; raises UserError."""
        asked_for = self.gpus != placement.AUTO
        return placement.place(
            self._source,
            self.backend,
            self.model_args,
            self.gpus,
            device=self.device,
            most_copies=answers if asked_for else -(-answers // ROWS_FOR_A_COPY),
        )

    @property
    def _source(self) -> Source:
        """The files of the model, or of the base model of one that is only an adapter."""
        if self.backend in ENDPOINTS:
            return Source(self.model)
        base = harness_model.adapter_arguments(self.model, self.backend, self.base).get("pretrained", self.model)
        revision = self.model_args.get("revision")
        return source.find(str(base), str(revision) if revision else None)

    @property
    def identity(self) -> dict[str, object]:
        """What determines the answers: the settings, and which state of the model's files.

        That is a fingerprint of files on this machine, and the commit of a model of the Hub.
        """
        settings = {key: value for key, value in asdict(self).items() if key not in NON_RESULT_SETTINGS}
        # Left out unless they are given: run folders of 0.1 have no such settings.
        for key, default in (("thinking", "auto"), ("thinking_tokens", None)):
            if settings[key] == default:
                del settings[key]
        if self.backend in ENDPOINTS:
            return settings
        # Arguments name model folders, too, such as an adapter: peft=FOLDER.
        paths = (self.model, *self.model_args.values())
        base = None if self.base is None else Path(os.path.expanduser(self.base))
        if base is not None and not base.is_dir():  # A folder is known by its files, wherever it lies.
            settings["base"] = self.base
        fingerprints = (weights.fingerprint(str(path), mtimes=True, base=base) for path in paths)
        adapter = str(self.model_args.get("peft") or self.model)
        commits = {
            "model_fingerprint": "-".join(filter(None, fingerprints)),
            "model_commit": self._source.commit,
            "adapter_commit": source.adapter_commit(adapter),
        }
        return settings | {key: value for key, value in commits.items() if value}


def with_backend(candidate: Candidate, folder: Path | None) -> Candidate:
    """The candidate with a backend for `auto`; a run that is already in `folder` keeps its own."""
    if candidate.backend != backend_choice.AUTO:
        return candidate
    before = None
    if folder is not None and (folder / RUN).is_file():
        settings = jsonl.read_json(folder / RUN).get("settings")
        before = settings.get("backend") if isinstance(settings, dict) else None
    choice = backend_choice.choose(
        source.find(candidate.base or candidate.model)
        if "base_url" not in candidate.model_args
        else Source(candidate.model),
        candidate.model_args,
        device=candidate.device,
        chat_template=candidate.chat_template,
        before=str(before) if before else None,
    )
    return replace(candidate, backend=choice.backend, chosen=str(choice))


def check_backend(backend: str) -> None:
    """Raise UserError for a backend that there is not, MissingExtra without the harness."""
    try:
        from lm_eval.models import MODEL_MAPPING
    except ModuleNotFoundError:  # Our own tasks in lm_eval/tasks make lm_eval a package without the harness.
        raise MissingExtra("lm-eval", "eval") from None
    if backend not in MODEL_MAPPING:
        close = get_close_matches(backend, MODEL_MAPPING, 1)
        meant = f"did you mean {close[0]}? lm" if close else "lm"
        raise UserError(
            f"unknown backend {backend!r}; {meant}-evaluation-harness has {', '.join(sorted(MODEL_MAPPING))}"
        )


def _check_installed(backend: str) -> None:
    needs = {**dict.fromkeys(placement.HF, ("torch", "eval")), "vllm": ("vllm", "vllm")}.get(backend)
    if needs and importlib.util.find_spec(needs[0]) is None:
        raise MissingExtra(*needs)
    if backend == "sglang" and importlib.util.find_spec("sglang") is None:
        raise UserError("sglang is not installed; run: pip install sglang")
