"""The candidate's answers, generated in a child process whose exit frees the GPU memory."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.errors import UserError
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
    folder: RunFolder, rows: Sequence[Mapping[str, object]], candidate: Candidate, progress: Progress
) -> list[dict[str, object]]:
    """The rows in their order with the candidate's `prediction`, as written to samples.jsonl.

    Only rows without an answer in the run folder are generated. Raises UserError if the model
    cannot be loaded or fails; the answers so far are kept.
    """
    samples = _in_order(folder, rows)
    if len(samples) < len(rows):
        progress("loading", len(samples), len(rows), f"loading {candidate.model}")
        _generate(folder.path, candidate, len(rows), progress)
        samples = _in_order(folder, rows)
    if len(samples) < len(rows):
        raise UserError(f"{len(rows) - len(samples)} of {len(rows)} answers are missing; see {folder.path / LOG}")
    folder.write_rows(run_folder.SAMPLES, samples)
    return samples


def _in_order(folder: RunFolder, rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """The samples so far, in the order of the rows, each once."""
    found = {(row["id"], row["language"]): row for row in reversed(folder.rows(run_folder.SAMPLES))}
    return [found[key] for row in rows if (key := (row["id"], row["language"])) in found]


def _generate(folder: Path, candidate: Candidate, total: int, progress: Progress) -> None:
    resources = {key: getattr(candidate, key) for key in NON_RESULT_SETTINGS}
    # Without -P, Python would import a file tokenize.py in the user's working folder as its own.
    command = [sys.executable, "-P", "-c", _CODE, str(_PACKAGES), str(folder), json.dumps(resources)]
    message = None
    with _running(command, folder / LOG) as process:
        for event in _events(process):
            match event:
                case {"event": "loaded", "device": str(device), "at_once": at_once, "done": int(done)}:
                    many = f", {at_once} at a time" if at_once else ""
                    progress("generating", done, total, f"generating on {device or 'the endpoint'}{many}")
                case {"event": "progress", "done": int(done)}:
                    progress("generating", done, total)
                case {"event": "error", "message": str(text)}:
                    message = credentials.redact(text)
        code = process.wait()
    if code:
        why = message or f"the generating process ended with code {code}"
        raise UserError(f"{candidate.model}: {why}; see {folder / LOG}")


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


def _events(process: "subprocess.Popen[str]") -> Iterator[Mapping[str, object]]:
    assert process.stdout is not None
    for line in process.stdout:
        try:
            yield json.loads(line)
        except ValueError:
            continue  # Not an event: a library wrote to the descriptor.
