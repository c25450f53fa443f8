"""The tasks on two ranks of the harness, which merge their values by name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, os, sys
import torch
import torch.distributed as dist
from lm_eval import evaluator
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

dist.init_process_group("gloo")
LONG = "Kissat nukkuvat suurimman osan päivästä, koska ne säästävät voimiaan yötä varten."


class Fixed(LM):
    device = torch.device("cpu")

    def __init__(self):
        super().__init__()
        self._rank, self._world_size = dist.get_rank(), dist.get_world_size()

    def loglikelihood(self, requests):
        return []

    loglikelihood_rolling = loglikelihood

    def generate_until(self, requests):
        # Only one rank has answers that are long enough to be scored.
        return [LONG if self.rank == int(sys.argv[2]) else "Joo." for _ in requests]

    def all_gather(self, tensor):
        parts = [torch.zeros_like(tensor) for _ in range(self.world_size)]
        dist.all_gather(parts, tensor)
        return torch.stack(parts)

    def gather_object(self, thing, dst=0):
        found = [None] * self.world_size if self.rank == dst else None
        dist.gather_object(thing, found, dst=dst)
        return found

    def barrier(self):
        dist.barrier()


manager = TaskManager(include_path=sys.argv[1], include_defaults=False)
found = evaluator.simple_evaluate(model=Fixed(), tasks=["xl_alpacaeval_mini_fi"], task_manager=manager, limit=6)
if dist.get_rank() == 0:
    with open(sys.argv[3], "w") as file:
        json.dump([found["results"], len(found["samples"]["xl_alpacaeval_mini_fi"])], file)
# A rank that ends first closes connections under the other, and threads of libraries outlive an exit: either may abort.
dist.barrier()
dist.destroy_process_group()
os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("scored_on", [0, 1])
def test_a_rank_without_a_scored_answer_loses_no_value(scored_on: int, tmp_path: Path) -> None:
    (tmp_path / "ranks.py").write_text(PROGRAM, encoding="utf-8")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    arguments = [str(tmp_path / "ranks.py"), str(ROOT / "lm_eval_tasks"), str(scored_on), str(tmp_path / "found.json")]
    settings = {**os.environ, "XL_JUDGE": "none", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([*launch, *arguments], env=settings, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    results, n_samples = json.loads((tmp_path / "found.json").read_text("utf-8"))
    values = results["xl_alpacaeval_mini_fi"]
    assert (values["coverage_percent,judged"], values["line_pass_rate_percent,judged"]) == (50.0, 100.0)
    assert n_samples == 6
