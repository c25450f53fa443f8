"""The candidate's answers, generated in a child process whose exit frees the GPU memory."""

import json
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import credentials, terminal
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.judging_stream import Arrival, LiveJudging
from xl_alpacaeval_metric.models.placement import Placement
from xl_alpacaeval_metric.processes import child, children
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import parts
from xl_alpacaeval_metric.runs.answers import answer_worker
from xl_alpacaeval_metric.runs.answers.candidate import NON_RESULT_SETTINGS, Candidate
from xl_alpacaeval_metric.runs.answers.warnings import is_withheld
from xl_alpacaeval_metric.runs.folder import RunFolder
from xl_alpacaeval_metric.terminal import counted_of

logger = logging.getLogger(__name__)

LOG = "generation.log"
_PACKAGES = Path(answer_worker.__file__).parents[3]
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
    samples = _collected(folder, rows)
    if len(samples) < len(rows):
        placement = candidate.placement(len(rows) - len(samples))
        how = f" with {candidate.chosen}" if candidate.chosen else ""
        where = f": {placement.line}" if placement.line else ""
        progress("loading", len(samples), len(rows), f"loading {candidate.model}{how}{where}")
        try:
            _generate(folder, candidate, placement, _Shown(progress, len(samples), len(rows), judging), judging)
        finally:
            samples = _collected(folder, rows)
    elif judging is not None:
        judging.ask_new()
    if len(samples) < len(rows):
        raise UserError(f"{counted_of(len(rows) - len(samples), len(rows), 'answer')} missing; see {folder.path / LOG}")
    return samples


def take_out_withheld(folder: RunFolder) -> set[ItemKey]:
    """Take the answers that an endpoint withheld out of samples.jsonl; returns which these are."""
    rows = folder.rows(run_folder.SAMPLES)
    kept = [row for row in rows if not is_withheld(row)]
    if len(kept) < len(rows):
        folder.write_rows(run_folder.SAMPLES, kept)
    return {(str(row["id"]), str(row["language"])) for row in rows if is_withheld(row)}


def _collected(folder: RunFolder, rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """The samples so far, in the order of the rows; samples.jsonl then holds each of them once."""
    written = [row for file in parts.files(folder.path) for row in folder.rows(file.name)]
    found = {(row["id"], row["language"]): row for row in reversed(written)}
    # The row of this run, which may have a reference since the answer was given.
    samples = [{**found[key], **row} for row in rows if (key := (row["id"], row["language"])) in found]
    if samples:
        folder.write_rows(run_folder.SAMPLES, samples)
    parts.remove(folder.path)
    return samples


def _generate(
    folder: RunFolder, candidate: Candidate, placement: Placement, shown: "_Shown", judging: LiveJudging | None
) -> None:
    """Run one child for each copy of the model; each takes its share of what is left."""
    inbox = judging.inbox if judging else queue.SimpleQueue[Any]()
    faults: dict[int, str] = {}
    loaded: set[int] = set()
    copies, log = range(len(placement.copies)), folder.path / LOG
    if judging is not None:
        judging.ask_new()  # About the answers of an earlier run.
    with ExitStack() as stack:
        commands = [_command(folder.path, candidate, placement, copy) for copy in copies]
        running = [
            stack.enter_context(_running(command, placement.environment(copy), log))
            for copy, command in enumerate(commands)
        ]
        children.forward_events(running, inbox.put)
        while (message := inbox.get()) is not None:
            match message:
                case Arrival():
                    assert judging is not None
                    judging.take(message)
                    shown.again()
                case copy, {"event": "loaded", "device": str(device), "at_once": at_once, "model": dict(model)}:
                    if not loaded:
                        places = [names for names in placement.copies if names]
                        folder.record(model, gpus=places, backend=candidate.chosen or candidate.backend)
                    loaded.add(copy)
                    many = f", {at_once} at a time" if at_once else ""
                    times = f"{len(copies)} x " if len(copies) > 1 else ""
                    shown.begin(f"generating on {times}{device or 'the endpoint'}{many}")
                case copy, {"event": "progress", "answered": int(count)}:
                    if judging is not None:
                        judging.ask_new()
                    shown.again(copy, count)
                case _, {"event": "warning", "message": str(text)}:
                    logger.warning("%s", credentials.redact(text))
                case copy, {"event": "error", "message": str(text)}:
                    faults[copy] = credentials.redact(text)
                    if copy not in loaded:  # The other copies will fail to load, too.
                        break
        codes = [] if faults.keys() - loaded else [process.wait() for process in running]
        if judging is not None:
            judging.ask_new()  # Before the file is replaced.
    for copy, code in enumerate(codes):
        if code:
            faults.setdefault(copy, f"the generating process ended with code {code}")
    if faults:
        of = f"{len(faults)} of {len(copies)} copies failed, " if len(copies) > 1 else ""
        raise UserError(f"{candidate.model}: {of}{next(iter(faults.values()))}; see {log}{_other_way(candidate)}")


def _other_way(candidate: Candidate) -> str:
    """What to try where vLLM was not the user's choice."""
    return "; --backend hf loads it with transformers" if candidate.chosen and candidate.backend == "vllm" else ""


def _command(folder: Path, candidate: Candidate, placement: Placement, copy: int) -> list[str]:
    resources = {
        **{key: getattr(candidate, key) for key in NON_RESULT_SETTINGS},
        "arguments": placement.arguments,
        "share": [copy, len(placement.copies)],
    }
    # Without -P, Python would import a file tokenize.py in the user's working folder as its own.
    return [sys.executable, "-P", "-c", _CODE, str(_PACKAGES), str(folder), json.dumps(resources)]


class _Shown:
    """The progress of the answers, and of their judging."""

    def __init__(self, progress: Progress, before: int, total: int, judging: LiveJudging | None) -> None:
        self._progress, self._before, self._total, self._judging = progress, before, total, judging
        self._text, self._answered = "", dict[int, int]()

    def begin(self, text: str) -> None:
        self._text = text
        self.again()

    def again(self, copy: int | None = None, answered: int = 0) -> None:
        if copy is not None:
            self._answered[copy] = answered
        if self._text:  # Until the model is loaded, loading is what is shown.
            state = f"; {self._judging.state}" if self._judging else ""
            done = self._before + sum(self._answered.values())
            self._progress("generating", done, self._total, self._text + state)


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[str]"]:
    """The child process; it has ended when the block is left, and its standard error is in `log`.

    The harness logs request headers with the API key in them, so secrets are replaced on the way.
    """
    # vLLM divides by the time that its progress bar has run, which is 0 where bars are off.
    pipe, environment = subprocess.PIPE, {"TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "", **environment}
    with child.running(command, stdout=pipe, stderr=pipe, environment=environment) as process:
        writer = threading.Thread(target=_log, args=(process, log), daemon=True)
        writer.start()
        yield process
    writer.join(_SECONDS_TO_LOG)


def _log(process: "subprocess.Popen[str]", file: Path) -> None:
    assert process.stderr is not None
    with suppress(OSError), file.open("a", encoding="utf-8") as log:
        for line in process.stderr:
            log.write(terminal.printable(credentials.redact(line)))
            log.flush()
    for _ in process.stderr:  # The disk is full. The process would wait until its lines are read.
        pass
