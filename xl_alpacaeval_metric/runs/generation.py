"""The candidate's answers, generated in a child process whose exit frees the GPU memory."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models.placement import Placement
from xl_alpacaeval_metric.processes import child
from xl_alpacaeval_metric.processes.children import events as children_events
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
    folder.write_rows(run_folder.SAMPLES, samples)
    run_folder.remove_parts(folder.path)
    if len(samples) < len(rows):
        placement = candidate.placement(len(rows) - len(samples))
        where = f": {placement.line}" if placement.line else ""
        progress("loading", len(samples), len(rows), f"loading {candidate.model}{where}")
        try:
            _generate(folder, candidate, placement, len(samples), len(rows), progress)
        finally:
            samples = _in_order(folder, rows)
            folder.write_rows(run_folder.SAMPLES, samples)
            run_folder.remove_parts(folder.path)
    if len(samples) < len(rows):
        raise UserError(f"{len(rows) - len(samples)} of {len(rows)} answers are missing; see {folder.path / LOG}")
    return samples


def _in_order(folder: RunFolder, rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """The samples so far, in the order of the rows, each once."""
    written = [row for file in run_folder.samples_files(folder.path) for row in folder.rows(file.name)]
    found = {(row["id"], row["language"]): row for row in reversed(written)}
    return [found[key] for row in rows if (key := (row["id"], row["language"])) in found]


def _generate(
    folder: RunFolder, candidate: Candidate, placement: Placement, done: int, total: int, progress: Progress
) -> None:
    """Run one child for each copy of the model; each takes its share of what is left."""
    faults: dict[int, str] = {}
    started, answered = [0] * len(placement.copies), [0] * len(placement.copies)
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                _running(
                    _command(folder.path, candidate, placement, copy), placement.environment(copy), folder.path / LOG
                )
            )
            for copy in range(len(placement.copies))
        ]
        for copy, event in children_events(children):
            match event:
                case {"event": "loaded", "device": str(device), "at_once": at_once, "model": dict(model)}:
                    if not any(started):
                        folder.record(
                            model,
                            gpus=[names for names in placement.copies if names],
                            backend=candidate.chosen or candidate.backend,
                        )
                    started[copy] = 1
                    many = f", {at_once} at a time" if at_once else ""
                    times = f"{len(children)} x " if len(children) > 1 else ""
                    where = f"generating on {times}{device or 'the endpoint'}{many}" if all(started) else None
                    progress("generating", done + sum(answered), total, *filter(None, [where]))
                case {"event": "progress", "answered": int(count)}:
                    answered[copy] = count
                    progress("generating", done + sum(answered), total)
                case {"event": "error", "message": str(text)}:
                    faults[copy] = credentials.redact(text)
                    if not started[copy]:  # The other copies will fail to load, too.
                        break
        codes = [] if faults and not all(started) else [process.wait() for process in children]
    for copy, code in enumerate(codes):
        if code and copy not in faults:
            faults[copy] = f"the generating process ended with code {code}"
    if faults:
        of = f"{len(faults)} of {len(children)} copies failed, " if len(children) > 1 else ""
        raise UserError(f"{candidate.model}: {of}{next(iter(faults.values()))}; see {folder.path / LOG}")


def _command(folder: Path, candidate: Candidate, placement: Placement, copy: int) -> list[str]:
    resources = {
        **{key: getattr(candidate, key) for key in NON_RESULT_SETTINGS},
        "arguments": placement.arguments,
        "share": [copy, len(placement.copies)],
    }
    # Without -P, Python would import a file tokenize.py in the user's working folder as its own.
    return [sys.executable, "-P", "-c", _CODE, str(_PACKAGES), str(folder), json.dumps(resources)]


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[str]"]:
    """The child process; it has ended when the block is left, and its standard error is in `log`.

    The harness logs request headers with the API key in them, so secrets are replaced on the way.
    """
    pipe, environment = subprocess.PIPE, {"TOKENIZERS_PARALLELISM": "false", **environment}
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
