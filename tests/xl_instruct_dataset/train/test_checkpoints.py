"""Going on from checkpoints: the last whole one, not a step too many, and the same weights."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.xl_instruct_dataset.train.training import tune
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.runs.folder import RunFolder
from xl_instruct_dataset.train.finetune import checkpoints, run, save

WEIGHTS = "*.safetensors"


def begun_again(folder: Path) -> None:
    """As a kill before saving leaves the folder: nothing but what training itself has written."""
    for path in folder.iterdir():
        if path.name not in run._EARLY:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return {name: part for file in sorted(folder.glob(WEIGHTS)) for name, part in load_file(file).items()}


def same(first: Path, second: Path) -> bool:
    import torch

    one, other = weights(first), weights(second)
    assert one
    return one.keys() == other.keys() and all(torch.allclose(one[name], other[name], atol=1e-6) for name in one)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"full": True, "learning_rate": 0.001},
        {"merge": True},
        {"batching": "packing", "per_language": 24},
        {"batching": "length"},
    ],
    ids=["adapter", "full", "merge", "packing", "length"],
)
def test_a_training_resumed_gives_the_weights_of_one_undisturbed(
    options: dict[str, Any], tiny: Path, tmp_path: Path
) -> None:
    asked = {"save_steps": 2, "max_steps": 6, "schedule": "constant", **options}
    tune(tiny, tmp_path / "whole", **asked)
    tune(tiny, tmp_path / "resumed", **asked)
    shutil.rmtree(tmp_path / "resumed" / checkpoints.FOLDER / "checkpoint-6")
    begun_again(tmp_path / "resumed")
    found, said = tune(tiny, tmp_path / "resumed", **asked)
    assert "going on from step 4" in said
    assert (found.steps_before, found.steps) == (4, 6)
    assert same(tmp_path / "whole", tmp_path / "resumed")


@pytest.mark.parametrize("options", [{}, {"full": True, "learning_rate": 0.001}], ids=["adapter", "full"])
def test_a_kill_before_saving_does_not_cost_a_step_too_many(
    options: dict[str, Any], tiny: Path, tmp_path: Path
) -> None:
    asked = {"save_steps": 2, "max_steps": 4, "schedule": "constant", **options}
    tune(tiny, tmp_path / "whole", **asked)
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    begun_again(tmp_path / "killed")
    found, _ = tune(tiny, tmp_path / "killed", **asked)
    assert (found.steps_before, found.steps) == (4, 4)
    assert same(tmp_path / "whole", tmp_path / "killed")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path) -> None:
    """Change a bit in the middle, as a failing disk does."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.fixture(scope="module")
def killed(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training with two checkpoints that was killed before it saved its model."""
    folder = tmp_path_factory.mktemp("killed") / "run"
    tune(tiny, folder, save_steps=2)
    begun_again(folder)
    return folder


@pytest.mark.parametrize(("weights", "by"), [("pytorch_model_fsdp_0", "FSDP"), ("global_step4", "DeepSpeed")])
def test_a_checkpoint_spread_over_gpus_needs_its_launcher(
    weights: str, by: str, killed: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(killed, tmp_path / "run")
    checkpoint = folder / checkpoints.FOLDER / "checkpoint-4"
    for name in ("adapter_model.safetensors", "optimizer.pt", checkpoints.SUMS):
        (checkpoint / name).unlink()
    (checkpoint / weights).mkdir()
    with pytest.raises(UserError, match=rf"checkpoint-4: is spread over GPUs by {by}; go on through accelerate"):
        tune(tiny, folder, save_steps=2)
    assert checkpoint.is_dir()
    monkeypatch.setenv(f"ACCELERATE_USE_{by.upper()}", "true")
    checkpoints.check_launch(folder)


NEEDED = [
    "adapter_config.json",
    "adapter_model.safetensors",
    "optimizer.pt",
    "rng_state.pth",
    "scheduler.pt",
    "trainer_state.json",
]


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize(
    ("damage", "said"), [(Path.unlink, "missing"), (cut, "damaged"), (flip, "damaged")], ids=["missing", "cut", "flip"]
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_kept(
    damage: Callable[[Path], None], said: str, name: str, killed: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(killed, tmp_path / "run")
    damage(folder / checkpoints.FOLDER / "checkpoint-4" / name)
    assert checkpoints.sweep(folder) == [f"checkpoint of step 4: {name} is {said}; it is not used"]
    assert checkpoints.last(folder) == folder / checkpoints.FOLDER / "checkpoint-2"


def test_training_goes_on_from_the_whole_checkpoint_before_a_damaged_one(
    killed: Path, tiny: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(killed, tmp_path / "run")
    (folder / checkpoints.FOLDER / "checkpoint-4" / "adapter_model.safetensors").unlink()
    found, said = tune(tiny, folder, save_steps=2)
    assert "checkpoint of step 4: adapter_model.safetensors is missing; it is not used" in said
    assert (found.steps_before, found.steps) == (2, 4)


def test_a_training_without_a_whole_checkpoint_begins_anew_and_says_so(killed: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(killed, tmp_path / "run")
    shutil.rmtree(folder / checkpoints.FOLDER / "checkpoint-4")
    (folder / checkpoints.FOLDER / "checkpoint-2" / "optimizer.pt").unlink()
    (line,) = checkpoints.sweep(folder)
    assert line.endswith("optimizer.pt is missing; it is not used, and as no other is whole, the training begins anew")
    assert checkpoints.last(folder) is None


def test_a_checkpoint_without_checksums_is_used(killed: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(killed, tmp_path / "run")
    (folder / checkpoints.FOLDER / "checkpoint-4" / checkpoints.SUMS).unlink()
    assert checkpoints.sweep(folder) == []
    assert checkpoints.last(folder) == folder / checkpoints.FOLDER / "checkpoint-4"


def test_a_shard_of_all_weights_that_is_missing_is_named(tiny: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    place = tmp_path / checkpoints.FOLDER / "checkpoint-2"
    AutoModelForCausalLM.from_pretrained(tiny).save_pretrained(place, max_shard_size="10KB")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state_0.pth"):
        with zipfile.ZipFile(place / name, "w"):
            pass
    (place / checkpoints.STATE).write_text("{}")
    assert checkpoints.fault(place) is None
    shard = sorted(place.glob("model-*.safetensors"))[-1]
    shard.unlink()
    assert checkpoints.fault(place) == f"{shard.name} is missing"


def no_space() -> Exception:
    return OSError(28, "No space left on device")


def no_space_of_safetensors() -> Exception:
    from safetensors import SafetensorError

    return SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def no_space_of_torch() -> Exception:
    return RuntimeError("[enforce fail at inline_container.cc:664] . PytorchStreamWriter failed writing file data/0")


@pytest.mark.parametrize("error", [no_space, no_space_of_safetensors, no_space_of_torch])
def test_a_full_disk_is_one_line(
    error: Callable[[], Exception], tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import peft

    def fails(*_: object, **__: object) -> None:
        raise error()

    monkeypatch.setattr(peft.PeftModel, "save_pretrained", fails)
    with pytest.raises(
        UserError,
        match=r"run: the disk is full \(.* free; a checkpoint takes about \d+\.\d KiB\); free some, or give "
        r"--keep-checkpoints 1, and the same command goes on",
    ):
        tune(tiny, tmp_path / "run", save_steps=2)


def test_a_disk_that_is_full_when_the_model_is_saved_is_one_line(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise no_space_of_safetensors()

    monkeypatch.setattr(save, "_merge", fails)
    with pytest.raises(
        UserError, match=r"the disk is full \(.*; the weights take about .*\); free some, or give --no-merge"
    ):
        tune(tiny, tmp_path / "run", merge=True, max_steps=1)


def test_a_disk_too_full_for_the_end_of_the_run_does_not_hide_what_ended_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise no_space()

    monkeypatch.setattr(RunFolder, "record", full)
    with pytest.raises(UserError, match="free some"), RunFolder(tmp_path / "run", {"model": "m"}):
        raise UserError("the disk is full; free some")
    assert not (tmp_path / "run" / ".lock").exists()
