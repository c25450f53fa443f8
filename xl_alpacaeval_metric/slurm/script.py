"""The script of a Slurm job."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from xl_alpacaeval_metric.slurm.options import Needs, Site

LOG = "%j.out"
ARRAY_LOG = "%A_%a.out"
"""Names of a job's log, as Slurm's file name patterns have them."""


def script(
    site: Site,
    needs: Needs,
    command: Sequence[str | Path],
    *,
    name: str,
    logs: Path,
    array: str = "",
    more: Mapping[str, str] | None = None,
) -> str:
    """A script for sbatch that runs the command once, or once for each number of `array`.

    `logs` is the folder of what it prints; the same file goes on where the job is put back into the
    queue. `more` are options of sbatch that go under the site's. The folder must be there when the
    job starts, or Slurm lets it fail without a word.
    """
    pattern = str(logs).replace("%", "%%") + "/" + (ARRAY_LOG if array else LOG)
    options = {
        "job-name": name,
        "nodes": "1",
        "ntasks": "1",
        "requeue": "",
        **(more or {}),
        **site.sbatch(needs),
        "output": pattern,
        "open-mode": "append",
        **({"array": array} if array else {}),
    }
    if "no-requeue" in options:
        del options["requeue"]
    lines = ["#!/bin/bash"]
    lines += [
        f"#SBATCH --{key}={shlex.quote(value)}" if value else f"#SBATCH --{key}" for key, value in options.items()
    ]
    lines += site.setup
    lines += [
        "set -e",
        # Since Slurm 22.05 srun does not take the number of CPUs over from the job.
        'export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-$SLURM_CPUS_ON_NODE}"',
        "export PYTHONUNBUFFERED=1",
        # Both the step and the shell end with the command's exit code.
        f"exec srun --ntasks=1 {site.launcher + ' ' if site.launcher else ''}{shlex.join(map(str, command))}",
    ]
    return "\n".join(lines) + "\n"
