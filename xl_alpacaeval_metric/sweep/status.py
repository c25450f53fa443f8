"""How far a sweep is: what is there, what runs, what failed and why, what is missing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from xl_alpacaeval_metric.sweep.file import Run, Sweep
from xl_alpacaeval_metric.sweep.judging.judges import Judges
from xl_alpacaeval_metric.sweep.missing import Held, Missing
from xl_alpacaeval_metric.sweep.plan import ASK, FINISH
from xl_alpacaeval_metric.sweep.tasks import Record, TaskFolder
from xl_alpacaeval_metric.terminal import counted

COMPLETE = "complete"
MOST_MISSING = 0.01
"""Share of a run's verdicts that may be missing in a complete run, as by default in `eval`."""
InQueue = Callable[[str], bool]
"""Whether a job of Slurm's waits or runs, by its id."""


@dataclass(frozen=True, slots=True)
class Line:
    """A run, or a task that is none's: `state` in a word or two, and what is to be said of it."""

    name: str
    answered: str
    state: str
    note: str = ""


def lines(
    sweep: Sweep,
    judges: Judges,
    missing: Missing,
    folder: TaskFolder,
    in_queue: InQueue = lambda _: True,
    changed: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Line]:
    """A line for each run, then one for each task that judges.

    `changed` are the runs whose folders hold other settings -> what differs.
    """
    for run in sweep.runs:
        held = missing.held(run, judges.of(run.benchmark), judges.rubric)
        line = _of_run(run, held, folder, in_queue)
        yield replace(line, state="changed", note=changed[run.name]) if run.name in changed else line
    for name in (ASK, FINISH):
        if (record := folder.record(name)) is not None:
            state, note = state_of(record, folder.is_dead(name), in_queue)
            yield Line(name, "", state, note)


def state_of(record: Record, is_dead: bool, in_queue: InQueue) -> tuple[str, str]:
    """A task's state in a word, and what is to be said of it."""
    if record.job and record.state != "done" and record.state != "failed":
        if in_queue(record.job) and record.state == "stopped":
            return "waiting", f"job {record.job}, which was put back into the queue"
        if not in_queue(record.job) and record.state != "stopped":
            return "stopped", f"job {record.job} has left the queue: a time limit, a node, or scancel"
    if is_dead and record.state == "waiting":
        return "missing", ""
    if is_dead:
        return "stopped", "its process was killed"
    where = f"on {record.host}" + (f", job {record.job}" if record.job else "") if record.host else ""
    if record.state == "waiting":
        return "waiting", f"job {record.job}" if record.job else ""
    return record.state, record.reason or (where if record.state == "running" else "")


def _of_run(run: Run, held: Held, folder: TaskFolder, in_queue: InQueue) -> Line:
    name, answered = f"{run.folder.parent.name}/{run.folder.name}", f"{held.answered} of {held.total}"
    missing = (
        f"{counted(held.missing, 'verdict is', 'verdicts are')} missing, which the same command asks for"
        if held.missing
        else ""
    )
    if held.is_answered and held.judged and held.missing <= MOST_MISSING * held.total:
        return Line(name, answered, COMPLETE, missing)
    if held.outdated:
        beside = counted(held.outdated, "answer is", "answers are")
        return Line(name, answered, "missing", f"{beside} beside other references; run again")
    record = folder.record(run.name)
    state, note = state_of(record, folder.is_dead(run.name), in_queue) if record is not None else ("missing", "")
    if held.is_answered:
        return Line(name, answered, "answered", missing or "not judged yet")
    if state in ("done", "missing"):
        return Line(name, answered, "missing", f"{counted(held.total - held.answered, 'answer')}")
    return Line(name, answered, state, note)
