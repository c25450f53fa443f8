"""A task of a sweep in a job of its own, as Slurm starts it.

    python -m xl_alpacaeval_metric.sweep.worker OUTPUT NAME ARGUMENT...

It runs `xl-alpacaeval ARGUMENT...`, and keeps the task's log and record in OUTPUT/tasks. SIGTERM,
which Slurm sends before it kills a job, ends the task with what is finished kept.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from xl_alpacaeval_metric.processes import streams
from xl_alpacaeval_metric.processes.signals import Interruption, interrupting_signals
from xl_alpacaeval_metric.sweep.tasks import Task, TaskFolder, run

JOB = "SLURM_JOB_ID"


def main(given: Sequence[str]) -> int:
    """Run the task; returns 0 where it was done."""
    output, name, *arguments = given
    streams.prepare()
    try:
        with interrupting_signals():
            record = run(Task(name, tuple(arguments)), TaskFolder(Path(output)), job=os.environ.get(JOB, ""))
    except Interruption as stop:
        return stop.exit_code
    return 0 if record.state == "done" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
