"""The candidate: the model that is evaluated, and the child process in which it answers."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xl_alpacaeval_metric.clients.local import weights
from xl_alpacaeval_metric.errors import MissingExtra, UserError
from xl_alpacaeval_metric.runs import answer_worker
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.folder import RunFolder

MACHINE = ("batch_size", "device", "concurrency")
"""What of a Generation does not change the answers."""

SECRETS = frozenset({"api_key", "auth_token", "token", "hf_token", "use_auth_token", "password"})
"""Names of model arguments that hold a key."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, how many there are."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """How the candidate model is loaded and asked; `model_args` and `backend` are lm-evaluation-harness's."""

    model: str
    backend: str = "hf"
    model_args: Mapping[str, object] = field(default_factory=dict)
    chat_template: bool = True
    max_tokens: int = 1024
    batch_size: str = "auto"
    device: str | None = None
    concurrency: int = 64
    generation: Mapping[str, object] = field(default_factory=dict)

    def check(self) -> None:
        """Raises UserError for an unknown backend or a model folder that is not there, MissingExtra without the harness."""
        try:
            from lm_eval.models import MODEL_MAPPING
        except ModuleNotFoundError:  # Our own tasks may stand in lm_eval/tasks without the harness around them.
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
        if not re.fullmatch(r"[1-9]\d*|auto(:\d+(\.\d+)?)?", self.batch_size):
            raise UserError(f"--batch-size {self.batch_size!r} is neither a number from 1 nor auto")
        for key, value in self.model_args.items():
            if key in SECRETS or "@" in str(value).partition("://")[2].partition("/")[0]:
                raise UserError(
                    f"--model-args {key} holds a secret, and settings are written into the run folder; "
                    "set OPENAI_API_KEY or HF_TOKEN in the environment instead"
                )
        if self.model.startswith((".", "/", "~")) and not Path(os.path.expanduser(self.model)).exists():
            raise UserError(f"{self.model}: no such model folder or file")
        answer_worker.adapter_arguments(self.model, self.backend)

    @property
    def identity(self) -> dict[str, object]:
        """What determines the answers: the settings, and the content of a model that lies on this machine."""
        settings = {key: value for key, value in asdict(self).items() if key not in MACHINE}
        # Also of what arguments name, such as an adapter: peft=FOLDER.
        places = (self.model, *self.model_args.values())
        content = "-".join(filter(None, (weights.fingerprint(str(place), mtimes=True) for place in places)))
        return {**settings, "model_fingerprint": content} if content else settings


def answers(
    folder: RunFolder, rows: Sequence[Mapping[str, object]], candidate: Candidate, progress: Progress
) -> list[dict[str, object]]:
    """The rows with the candidate's `prediction`, in their order; what the folder has already is not made again.

    Raises UserError where the model cannot be loaded or fails, with what it answered kept.
    """
    samples = _in_order(folder, rows)
    if len(samples) < len(rows):
        progress(f"loading {candidate.model}", len(samples), len(rows))
        _child(folder.path, candidate, len(rows), progress)
        samples = _in_order(folder, rows)
    if len(samples) < len(rows):
        raise UserError(
            f"{len(rows) - len(samples)} of {len(rows)} answers are missing; see {folder.path}/generation.log"
        )
    folder.write_rows(run_folder.SAMPLES, samples)
    return samples


def _in_order(folder: RunFolder, rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """The samples made so far, in the benchmark's order, each once."""
    made = {(row["id"], row["language"]): row for row in reversed(folder.rows(run_folder.SAMPLES))}
    return [made[key] for row in rows if (key := (row["id"], row["language"])) in made]


def _child(folder: Path, candidate: Candidate, total: int, progress: Progress) -> None:
    machine = {key: getattr(candidate, key) for key in MACHINE}
    command = [sys.executable, "-m", answer_worker.__name__, str(folder), json.dumps(machine)]
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    message = None
    with (folder / "generation.log").open("ab") as log, _running(command, log, environment) as process:
        for event in _events(process):
            match event:
                case {"event": "loaded", "device": str(device), "at_once": at_once, "done": int(done)}:
                    many = f", {at_once} at a time" if at_once else ""
                    progress(f"generating on {device or 'the endpoint'}{many}", done, total)
                case {"event": "progress", "done": int(done)}:
                    progress("generating", done, total)
                case {"event": "error", "message": str(text)}:
                    message = text
        code = process.wait()
    if code:
        raise UserError(
            f"{candidate.model}: {message or f'the generating process ended with code {code}'}; see {folder}/generation.log"
        )


@contextmanager
def _running(command: Sequence[str], log: object, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, env=environment, text=True
    )  # type: ignore[call-overload]
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _events(process: subprocess.Popen[str]) -> Iterator[Mapping[str, object]]:
    assert process.stdout is not None
    for line in process.stdout:
        try:
            yield json.loads(line)
        except ValueError:
            continue  # Not one of our lines: a library that found the descriptor.
