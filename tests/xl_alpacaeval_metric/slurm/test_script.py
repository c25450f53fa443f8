"""The script of a Slurm job, run by a shell."""

import os
import subprocess
from pathlib import Path

from xl_alpacaeval_metric.slurm.options import Needs, site
from xl_alpacaeval_metric.slurm.script import script

SRUN = """#!/bin/bash
shift
printf '%s\\n' "$SRUN_CPUS_PER_TASK" "$LOADED" "$@"
exit 7
"""


def test_set_up_launcher_and_command_run_as_they_were_given(tmp_path: Path) -> None:
    (tmp_path / "srun").write_text(SRUN)
    (tmp_path / "srun").chmod(0o755)
    chosen = site({"setup": ["export LOADED='a b'"], "launcher": "apptainer exec 'my image.sif'"})
    text = script(chosen, Needs(), ["/py thon", "-m", "it's"], name="xl-a", logs=tmp_path)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_CPUS_ON_NODE": "3"}
    done = subprocess.run(["bash"], input=text, env=environment, capture_output=True, text=True)
    assert done.returncode == 7
    assert done.stdout.splitlines() == ["3", "a b", "apptainer", "exec", "my image.sif", "/py thon", "-m", "it's"]


def test_options_of_the_site_go_over_those_of_the_job(tmp_path: Path) -> None:
    chosen = site({"no-requeue": True, "comment": "two words"})
    text = script(chosen, Needs(), ["true"], name="xl-a", logs=tmp_path / "50%", array="0-3%2", more={"comment": "x"})
    lines = [line.removeprefix("#SBATCH --") for line in text.splitlines() if line.startswith("#SBATCH")]
    assert "comment='two words'" in lines
    assert "no-requeue" in lines
    assert "requeue" not in lines
    assert "array=0-3%2" in lines
    assert f"output={tmp_path}/50%%/%A_%a.out" in lines
    assert len({line.partition("=")[0] for line in lines}) == len(lines)
