"""Folders of version 0.1.0, as its commands left them: a training and a loop go on in them."""

import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.clients.local import weights
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.train.dataset.select import select
from xl_instruct_dataset.train.finetune import model, record
from xl_instruct_dataset.train.finetune.run import SETTINGS, train
from xl_instruct_dataset.train.loop import benchmarks
from xl_instruct_dataset.train.loop import run as loop_run
from xl_instruct_dataset.train.settings import Settings, resolve

pytestmark = pytest.mark.slow
STORED = Path(__file__).parent / "version_0_1_0"


def place(name: str, folder: Path, base: Path, trained: Settings, **settings: object) -> None:
    """Put a run.json of version 0.1.0 into the folder, for the model and data of this run."""
    content = json.loads((STORED / name).read_text())
    settings["data_fingerprint"] = select(trained).fingerprint
    found = {"model": str(base), "model_fingerprint": weights.model_fingerprint(str(base), model.config_of(str(base)))}
    content["settings"] = {**content["settings"], **found, **settings}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(content))


def killed(step: str, done: int, *_: Any) -> None:
    """A progress that ends the training after its first checkpoint."""
    if step.startswith("training") and done == 3:
        raise UserError("killed")


def test_a_half_trained_folder_goes_on_from_its_checkpoint(tiny: Path, tmp_path: Path) -> None:
    settings, folder = resolve(STORED / SETTINGS, {}), tmp_path / "run"
    said: list[str] = []
    with pytest.raises(UserError, match="killed"):
        train(str(tiny), settings, folder, killed, said.append)
    place("train-run.json", folder, tiny, settings)
    shutil.copy(STORED / SETTINGS, folder)
    found = train(str(tiny), settings, folder, silent, said.append)
    assert said[-1] == "going on from step 2"
    assert (found.steps_before, found.steps) == (2, 60)


def test_a_finished_training_is_not_done_again(tiny: Path, tmp_path: Path) -> None:
    said: list[str] = []
    settings = resolve(STORED / SETTINGS, {})
    place("train-run.json", tmp_path, tiny, settings)
    shutil.copy(STORED / record.FILE, tmp_path)
    found = train(str(tiny), settings, tmp_path, silent, said.append)
    assert (said, found.version) == (["trained before; nothing to do"], "0.1.0")


def test_a_loop_goes_on_to_its_half_trained_model(base: Path, tmp_path: Path) -> None:
    def trains(config: Path, folder: Path, prepared: Path) -> None:
        assert resolve(config, {}) == settings
        assert prepared.stat().st_size
        raise UserError("trained")

    (tmp_path / "base-mini").mkdir()
    checkpoint = tmp_path / "tuned" / "checkpoints" / "checkpoint-2"
    checkpoint.mkdir(parents=True)
    (checkpoint / "trainer_state.json").write_text("{}")
    stored = json.loads((STORED / "loop-run.json").read_text())["settings"]
    shared = {key: stored[key] for key in resolve(None, {}).identity if key in stored}
    settings = resolve(None, {**shared, "device": "cpu", "device_batch_size": 2, "merge": True})
    revision = benchmark.load("mini", ["de"], limit=1).revision
    place("loop-run.json", tmp_path, base, settings, benchmarks={"mini": revision})
    wanted = benchmarks.EvalPlan(("mini",), limit=1, max_tokens=8, eval_batch_size="1")
    with pytest.raises(UserError, match="trained"):
        loop_run.run(str(base), settings, wanted, nullcontext, tmp_path, silent, trains, "command")
    other = benchmarks.EvalPlan(("mini",), limit=1, max_tokens=9, eval_batch_size="1")
    with pytest.raises(UserError, match="holds a run with max_tokens 8, this one has 9; choose another --output"):
        loop_run.run(str(base), settings, other, nullcontext, tmp_path, silent, trains, "command")
