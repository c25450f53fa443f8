"""A run: generate in a child process, so that its GPU memory is free, then judge, then score; every step resumable."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xl_alpacaeval_metric import generate, runfolder
from xl_alpacaeval_metric.benchmark import Benchmark
from xl_alpacaeval_metric.errors import MissingExtra, UserError
from xl_alpacaeval_metric.judge import Judge
from xl_alpacaeval_metric.records import Comparison, Result
from xl_alpacaeval_metric.runfolder import RunFolder, comparisons_of
from xl_alpacaeval_metric.scoring import score

MACHINE = ("batch_size", "device", "concurrency")
"""What of a Generation does not change the answers."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, how many there are."""


@dataclass(frozen=True, slots=True)
class Generation:
    """How the candidate model is loaded and asked; `model_args` and `backend` are lm-evaluation-harness's."""

    model: str
    backend: str = "hf"
    model_args: Mapping[str, object] = field(default_factory=dict)
    chat_template: bool = True
    max_tokens: int = 1024
    batch_size: str = "8"
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
        if self.model.startswith((".", "/", "~")) and not Path(self.model).expanduser().exists():
            raise UserError(f"{self.model}: no such model folder or file")

    @property
    def identity(self) -> dict[str, object]:
        """What determines the answers."""
        return {key: value for key, value in asdict(self).items() if key not in MACHINE}


def evaluate_model(
    generation: Generation, benchmark: Benchmark, judge: Judge | None, output: Path, progress: Progress
) -> Result:
    """Generate, judge and score one model on a benchmark in the run folder `output`.

    The judge has been asked a probe request by the caller. Raises UserError, with the folder left usable.
    """
    settings = {
        **generation.identity,
        "benchmark": benchmark.name,
        "revision": benchmark.revision,
        "languages": list(dict.fromkeys(row.response_language for row in benchmark.rows)),
        "rows": len(benchmark.rows),
        "references": _hash([row.reference for row in benchmark.rows]),
        **judge_settings(judge),
    }
    with RunFolder(output, settings) as folder:
        rows = [{**asdict(row), "language": row.response_language} for row in benchmark.rows]
        folder.write_rows(runfolder.ROWS, rows)
        samples = _generate(folder, rows, generation, progress)
        return _judge(folder, comparisons_of(samples), judge, f"{benchmark.name}@{benchmark.revision}", progress)


def judge_pairs(comparisons: Sequence[Comparison], judge: Judge | None, output: Path, progress: Progress) -> Result:
    """Judge and score answers made elsewhere, in the run folder `output`."""
    rows = [asdict(item) for item in comparisons]
    revision = _hash(rows)
    with RunFolder(output, {"pairs": revision, "rows": len(rows), **judge_settings(judge)}) as folder:
        folder.write_rows(runfolder.SAMPLES, rows)
        return _judge(folder, comparisons, judge, f"pairs@{revision}", progress)


def default_folder(generation: Generation, benchmark: Benchmark, judge: Judge | None) -> Path:
    """runs/MODEL-BENCHMARK-HASH: the same settings give the same folder, so that a repeated command continues."""
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in Path(generation.model).name)[:60].lstrip(".")
    settings = [generation.identity, benchmark.revision, judge.settings if judge else None]
    return Path("runs") / f"{name}-{benchmark.name}-{_hash(settings)}"


def judge_settings(judge: Judge | None) -> Mapping[str, object]:
    """The part of a run's settings that the judge determines."""
    return {**judge.settings, "judge_identity": dict(judge.client.identity)} if judge else {"judge": "none"}


def _judge(
    folder: RunFolder, comparisons: Sequence[Comparison], judge: Judge | None, benchmark: str, progress: Progress
) -> Result:
    made = folder.verdicts()
    known = {(v.id, v.language, v.order) for v in made if v.preference is not None}
    total = sum(len(judge.orders(item)) for item in comparisons) if judge else 0
    count = len(known)
    if judge:
        progress(f"judging with {judge.client.spec}", count, total)

    def keep(verdict: object) -> None:
        nonlocal count
        folder.append(verdict)  # type: ignore[arg-type]
        count += 1
        progress("judging", count, total)

    try:
        result = score(comparisons, judge, made=made, on_verdict=keep, benchmark=benchmark)
    finally:
        if judge:
            judge.client.close()
    folder.write_results(result)
    return result


def _generate(
    folder: RunFolder, rows: Sequence[Mapping[str, object]], generation: Generation, progress: Progress
) -> list[dict[str, object]]:
    samples = _in_order(folder, rows)
    if len(samples) < len(rows):
        progress(f"loading {generation.model}", len(samples), len(rows))
        _child(folder.path, generation, len(rows), progress)
        samples = _in_order(folder, rows)
    if len(samples) < len(rows):
        raise UserError(
            f"{len(rows) - len(samples)} of {len(rows)} answers are missing; see {folder.path}/generation.log"
        )
    folder.write_rows(runfolder.SAMPLES, samples)
    return samples


def _in_order(folder: RunFolder, rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """The samples made so far, in the benchmark's order, each once."""
    made = {(row["id"], row["language"]): row for row in reversed(folder.rows(runfolder.SAMPLES))}
    return [made[key] for row in rows if (key := (row["id"], row["language"])) in made]


def _child(folder: Path, generation: Generation, total: int, progress: Progress) -> None:
    machine = {key: getattr(generation, key) for key in MACHINE}
    command = [sys.executable, "-m", generate.__name__, str(folder), json.dumps(machine)]
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    message = None
    with (folder / "generation.log").open("ab") as log, _running(command, log, environment) as process:
        for event in _events(process):
            match event:
                case {"event": "loaded"}:
                    progress(f"generating on {event['device'] or 'the endpoint'}", 0, total)
                case {"event": "progress", "done": int(done)}:
                    progress("generating", done, total)
                case {"event": "error", "message": str(text)}:
                    message = text
        code = process.wait()
    if code:
        raise UserError(
            f"{generation.model}: {message or f'the generating process ended with code {code}'}; see {folder}/generation.log"
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


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:8]
