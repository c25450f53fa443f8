"""Slurm's queue: jobs are submitted, looked for and cancelled through its own programs."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from xl_alpacaeval_metric.errors import UserError

ENDED = frozenset(
    ["BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"]
)
"""States of a job that will not run again by itself; all others are in the queue."""
When = Literal["afterok", "afterany", "after"]
"""What a job waits for: that others have ended well, have ended, or have started."""
_LATER = re.compile(r"nodes? (are|is) (busy|not available)|node configuration is not available|down|drain", re.I)
"""What `--test-only` says of a job that would wait in the queue."""
_PREFIXES = re.compile(
    r"^(sbatch: |squeue: |error: |fatal: |slurm_load_jobs error: |allocation failure: |Batch job submission failed: )*"
)


def available() -> bool:
    """Whether jobs can be submitted from this machine."""
    return shutil.which("sbatch") is not None


def submit(
    script: str, *, after: Iterable[str] = (), when: When = "afterok", exports: Mapping[str, str] | None = None
) -> str:
    """Submit a script; returns the job's id.

    It starts once the jobs `after` have ended well, and leaves the queue if one of them does not;
    or, as `when` says, once they have ended in any way, or have started. `exports` are variables of
    its environment beside those of this process. Raises UserError with what sbatch says.
    """
    waits = ":".join(after)
    options = [f"--dependency={when}:{waits}", "--kill-on-invalid-dep=yes"] if waits else []
    if exports:
        options.append("--export=" + ",".join(["ALL", *(f"{name}={value}" for name, value in exports.items())]))
    return _sbatch(["--parsable", *options], script).strip().partition(";")[0]


def check(script: str) -> None:
    """Have Slurm say whether it would take the script; nothing is submitted.

    Raises UserError with what sbatch says. That nodes are busy or drained is no reason.
    """
    try:
        _sbatch(["--test-only"], script)
    except UserError as error:
        if not _LATER.search(str(error)):
            raise


def cancel(jobs: Iterable[str]) -> None:
    """Take jobs out of the queue."""
    if jobs := list(jobs):
        subprocess.run(["scancel", *jobs], capture_output=True)


def states(jobs: Iterable[str]) -> dict[str, list[str]]:
    """Job -> the states of its tasks, such as PENDING and TIMEOUT, one each.

    A job that has left the queue long since (Slurm's MinJobAge, five minutes by default) is
    missing. Raises UserError where the queue cannot be read.
    """
    wanted, found = set(jobs), dict[str, list[str]]()
    if not wanted:
        return found
    command = ["squeue", "--noheader", "--array", "--states=all", "--format=%F %T"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise UserError("there is no squeue here; run this on a login node") from None
    if done.returncode:
        raise UserError(_said("squeue", done.stderr))
    for line in done.stdout.splitlines():
        job, _, state = line.strip().partition(" ")
        if job in wanted:
            found.setdefault(job, []).append(state.strip())
    return found


def unfinished(jobs: Iterable[str]) -> list[str]:
    """Those of the jobs that wait or run."""
    jobs = list(jobs)
    found = states(jobs)
    return [job for job in jobs if not ENDED.issuperset(found.get(job, []))]


def largest_array() -> int:
    """How many tasks one job array may have; Slurm's default where that is not known."""
    try:
        shown = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True).stdout
    except FileNotFoundError:
        shown = ""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", shown, re.MULTILINE)
    return max(1, int(found[1])) if found else 1001


def _sbatch(options: Sequence[str], script: str) -> str:
    try:
        done = subprocess.run(["sbatch", *options], input=script, capture_output=True, text=True)
    except FileNotFoundError:
        raise UserError("there is no sbatch here; run this on a login node") from None
    if done.returncode:
        raise UserError(_said("sbatch", done.stderr))
    return done.stdout


def _said(program: str, errors: str) -> str:
    """What a program of Slurm's complains of, in one line."""
    lines = [_PREFIXES.sub("", line.strip()) for line in errors.splitlines()]
    parts = [line for line in dict.fromkeys(lines) if line and not line.startswith("Try ")]
    return f"{program}: {'; '.join(parts) or 'failed without a word'}"
