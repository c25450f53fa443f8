"""The candidate's answers, generated in a child process whose exit frees the GPU memory."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import credentials, thinking
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.judging_stream import Arrival, LiveJudging
from xl_alpacaeval_metric.processes import child
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.runs import answer_worker
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.candidate import NON_RESULT_SETTINGS, Candidate
from xl_alpacaeval_metric.runs.folder import RunFolder

LOG = "generation.log"
_PACKAGES = Path(answer_worker.__file__).parents[2]
_CODE = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    f"from {child.__name__} import end_with_parent; end_with_parent(); "
    f"from {answer_worker.__name__} import main; sys.exit(main())"
)
"""What the child runs, with `_PACKAGES` as its first argument. That folder matters only for a
checkout that is not installed, and comes last on the path, so that nothing in it replaces a module
of Python's."""
_SECONDS_TO_LOG = 10.0
"""For the rest of the log after the child has ended: a process of its may hold the pipe open."""


def answers(
    folder: RunFolder,
    rows: Sequence[Mapping[str, object]],
    candidate: Candidate,
    progress: Progress,
    judging: LiveJudging | None = None,
) -> list[dict[str, object]]:
    """The rows in their order with the candidate's `prediction`, as written to samples.jsonl.

    Only rows without an answer in the run folder are generated; with `judging`, answers are judged
    meanwhile. Raises UserError if the model cannot be loaded or fails; the answers so far are kept.
    """
    samples = _in_order(folder, rows)
    if len(samples) < len(rows):
        progress("loading", len(samples), len(rows), f"loading {candidate.model}")
        _generate(folder.path, candidate, len(rows), progress, judging)
        samples = _in_order(folder, rows)
    if len(samples) < len(rows):
        raise UserError(f"{len(rows) - len(samples)} of {len(rows)} answers are missing; see {folder.path / LOG}")
    if judging is not None:
        judging.ask_new()  # Before the file is replaced.
    folder.write_rows(run_folder.SAMPLES, samples)
    return samples


def _in_order(folder: RunFolder, rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """The samples so far, in the order of the rows, each once."""
    found = {(row["id"], row["language"]): row for row in reversed(folder.rows(run_folder.SAMPLES))}
    return [found[key] for row in rows if (key := (row["id"], row["language"])) in found]


def _generate(folder: Path, candidate: Candidate, total: int, progress: Progress, judging: LiveJudging | None) -> None:
    resources = {key: getattr(candidate, key) for key in NON_RESULT_SETTINGS}
    # Without -P, Python would import a file tokenize.py in the user's working folder as its own.
    command = [sys.executable, "-P", "-c", _CODE, str(_PACKAGES), str(folder), json.dumps(resources)]
    inbox = judging.inbox if judging else queue.SimpleQueue[Any]()
    shown = _Shown(progress, total, judging)
    message = None
    if judging is not None:
        judging.ask_new()  # About the answers of an earlier run.
    with _running(command, folder / LOG) as process:
        threading.Thread(target=_forward, args=(process, inbox.put), daemon=True).start()
        while (event := inbox.get()) is not None:
            match event:
                case Arrival():
                    assert judging is not None
                    judging.take(event)
                    shown.again()
                case {"event": "loaded", "device": str(device), "at_once": at_once, "done": int(done)}:
                    many = f", {at_once} at a time" if at_once else ""
                    shown.begin(f"generating on {device or 'the endpoint'}{many}", done)
                case {"event": "progress", "done": int(done)}:
                    if judging is not None:
                        judging.ask_new()
                    shown.again(done)
                case {"event": "error", "message": str(text)}:
                    message = credentials.redact(text)
        code = process.wait()
    if code:
        why = message or f"the generating process ended with code {code}"
        raise UserError(f"{candidate.model}: {why}; see {folder / LOG}")


class _Shown:
    """The progress of the answers, and of their judging."""

    def __init__(self, progress: Progress, total: int, judging: LiveJudging | None) -> None:
        self._progress, self._total, self._judging = progress, total, judging
        self._text, self._done = "", 0

    def begin(self, text: str, done: int) -> None:
        self._text = text
        self.again(done)

    def again(self, done: int | None = None) -> None:
        self._done = self._done if done is None else done
        if self._text:  # Until the model is loaded, loading is what is shown.
            state = f"; {self._judging.state}" if self._judging else ""
            self._progress("generating", self._done, self._total, self._text + state)


@contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator["subprocess.Popen[str]"]:
    """The child process; it has ended when the block is left, and its standard error is in `log`.

    The harness logs request headers with the API key in them, so secrets are replaced on the way.
    """
    pipe, environment = subprocess.PIPE, {"TOKENIZERS_PARALLELISM": "false"}
    with child.running(command, stdout=pipe, stderr=pipe, environment=environment) as process:
        logging = threading.Thread(target=_log, args=(process, log), daemon=True)
        logging.start()
        yield process
    logging.join(_SECONDS_TO_LOG)


def _log(process: "subprocess.Popen[str]", file: Path) -> None:
    assert process.stderr is not None
    with file.open("a", encoding="utf-8") as log:
        for line in process.stderr:
            log.write(credentials.redact(line))
            log.flush()


def _forward(process: "subprocess.Popen[str]", put: Callable[[Mapping[str, object] | None], None]) -> None:
    """Pass the child's events on, and None when it has closed its output."""
    assert process.stdout is not None
    for line in process.stdout:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # Not an event: a library wrote to the descriptor.
        if isinstance(event, dict):
            put(event)
    put(None)


def warnings(samples: Sequence[Mapping[str, object]], max_tokens: int) -> list[str]:
    """What to know of the answers before their figures: those cut off, and thoughts inside."""
    return [*_cut_off(samples, max_tokens), *_with_thoughts_inside(samples)]


def _cut_off(samples: Sequence[Mapping[str, object]], max_tokens: int) -> list[str]:
    """A warning if answers were cut off at `max_tokens`; they are judged as they are."""
    count = sum(sample.get("cut") is True for sample in samples)
    if not count:
        return []
    return [f"{count} of {len(samples)} answers are as long as --max-tokens {max_tokens} allows: probably unfinished"]


def _with_thoughts_inside(samples: Sequence[Mapping[str, object]]) -> list[str]:
    """A warning about answers of version 0.1, which left thoughts in them."""
    count = sum(
        "thinking" not in sample and bool(thinking.split(str(sample["prediction"])).thought) for sample in samples
    )
    if not count:
        return []
    return [
        f"{count} of {len(samples)} answers hold thoughts, which an earlier version left in and had judged; "
        "choose a new --output"
    ]
