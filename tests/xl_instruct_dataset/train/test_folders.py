"""Which folders a training or a loop may use or resume; other folders are left alone."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.xl_instruct_dataset.train.training import settings, tune
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.files.lock import FolderLock
from xl_alpacaeval_metric.progress import silent
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_instruct_dataset.train.finetune import checkpoints, loss_log, record, save
from xl_instruct_dataset.train.finetune.preflight import prepare
from xl_instruct_dataset.train.loop import benchmarks
from xl_instruct_dataset.train.loop import run as loop_run

OF_EVAL = {"model": "m", "benchmark": "mini", "judge": "none"}


@pytest.fixture(scope="module")
def finished(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "finished"
    tune(tiny, folder, max_steps=1)
    return folder


def identity(tiny: Path, **options: object) -> Mapping[str, object]:
    return prepare(str(tiny), settings(**options), "cpu", 1, silent).identity


def content(folder: Path) -> dict[str, bytes]:
    """What every file of the folder holds."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def begun(folder: Path, stored: Mapping[str, object]) -> Path:
    """A folder of a command that was killed before it had made anything."""
    (folder / checkpoints.FOLDER / "checkpoint-1").mkdir(parents=True)
    (folder / checkpoints.FOLDER / "README.md").write_text("TRL leaves one here.")
    (folder / run_folder.RUN).write_text(json.dumps({"settings": stored}))
    (folder / "train.yaml").write_text("epochs: 7\n")
    (folder / loss_log.LOSS).write_text('{"step": 1}\n')
    (folder / f"{save.SAVING}x").mkdir()
    return folder


def looped(tiny: Path, folder: Path, fine_tune: object = None, **options: object) -> tuple[object, float]:
    """The loop on one row, in this process."""
    one = benchmarks.EvalPlan(("mini",), limit=1, max_tokens=4, eval_batch_size="1")
    made = settings(pairs="en-de", merge=True, **options)
    return loop_run.run(str(tiny), made, one, nullcontext, folder, silent, fine_tune, "command")  # type: ignore[arg-type]


def test_a_training_that_made_nothing_is_begun_again_with_other_settings(tiny: Path, tmp_path: Path) -> None:
    folder = begun(tmp_path / "run", {**identity(tiny), "learning_rate": 0.5})
    assert tune(tiny, folder, max_steps=1)[0].steps == 1
    assert json.loads((folder / run_folder.RUN).read_text())["settings"]["learning_rate"] == 0.02
    assert "epochs: 7" not in (folder / "train.yaml").read_text()
    assert not list(folder.glob(f"{save.SAVING}*"))


@pytest.mark.parametrize("of", ["eval", "loop", "stranger", "checkpoint"])
def test_a_training_leaves_folders_alone_that_are_not_its_own(of: str, tiny: Path, tmp_path: Path) -> None:
    other = {**identity(tiny), "learning_rate": 0.5}
    stored: dict[str, Mapping[str, object]] = {"eval": OF_EVAL, "loop": {**other, "judge": "none"}}
    folder = begun(tmp_path / "run", stored.get(of, other))
    if of == "stranger":
        (folder / "thesis.tex").write_text("mine")
    if of == "checkpoint":
        (folder / checkpoints.FOLDER / "checkpoint-1" / "trainer_state.json").write_text("{}")
    before = content(folder)
    with pytest.raises(UserError, match="holds a run with "):
        tune(tiny, folder, max_steps=1)
    assert content(folder) == before


@pytest.mark.parametrize("of", ["finished", "eval"])
def test_a_loop_leaves_folders_alone_that_are_not_its_own(of: str, finished: Path, tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    if of == "finished":
        shutil.copytree(finished, folder)
    else:
        folder.mkdir()
        (folder / run_folder.RUN).write_text(json.dumps({"settings": OF_EVAL}))
    before = content(folder)
    with pytest.raises(UserError, match="holds a run with "):
        looped(tiny, folder)
    assert content(folder) == before


def test_a_second_start_leaves_the_live_run_as_it_is(tiny: Path, tmp_path: Path) -> None:
    folder = begun(tmp_path / "run", {**identity(tiny), "learning_rate": 0.5})
    before = content(folder)
    with FolderLock(folder), pytest.raises(UserError, match="another process is working in this folder"):
        tune(tiny, folder, max_steps=1)
    assert content(folder) == before
    assert (folder / checkpoints.FOLDER / "checkpoint-1").is_dir()


def test_a_loop_refuses_what_the_training_would_before_it_evaluates(tiny: Path, tmp_path: Path) -> None:
    for options, message in (
        ({"schedule": "sideways"}, "--schedule 'sideways'"),
        ({"batch_size": 3}, "--batch-size 3 is no multiple"),
        ({"lora_targets": "v_porj"}, "did you mean v_proj"),
        ({"max_length": 8}, "no row fits"),
    ):
        with pytest.raises(UserError, match=message):
            looped(tiny, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_loop_trains_with_other_settings_until_there_is_a_checkpoint(tiny: Path, tmp_path: Path) -> None:
    ranks = []

    def fails(file: Path, folder: Path, prepared: Path) -> None:
        ranks.append(json.loads((tmp_path / "out" / run_folder.RUN).read_text())["settings"]["lora_rank"])
        assert f"lora_rank: {ranks[-1]}" in file.read_text()
        raise UserError("out of memory")

    times = []
    for rank in (4, 2):
        with pytest.raises(UserError, match="out of memory"):
            looped(tiny, tmp_path / "out", fails, lora_rank=rank)
        times.append((tmp_path / "out" / "base-mini" / "generation.log").stat().st_mtime_ns)
    assert ranks == [4, 2]
    assert times[0] == times[1]
    checkpoint = tmp_path / "out" / "tuned" / checkpoints.FOLDER / "checkpoint-1"
    checkpoint.mkdir(parents=True)
    (checkpoint / "trainer_state.json").write_text("{}")
    with pytest.raises(UserError, match="out: holds a run with lora_rank 2, this one has 1"):
        looped(tiny, tmp_path / "out", fails, lora_rank=1)


def test_another_template_or_other_weights_at_the_same_place_are_another_run(tiny: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.jinja"
    text = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '<|im_end|>' }}{% endfor %}"
    file.write_text(text)
    model = tmp_path / "model"
    shutil.copytree(tiny, model)
    options = {"chat_template": str(file), "max_steps": 1}
    tune(model, tmp_path / "run", **options)
    file.write_text(text.replace(": ", "? "))
    with pytest.raises(UserError, match="holds a run with chat_template_digest"):
        tune(model, tmp_path / "run", **options)
    file.write_text(text)
    with (model / "model.safetensors").open("ab") as weights:
        weights.write(b"more")
    with pytest.raises(UserError, match=r"holds a run of .* whose files have changed since"):
        tune(model, tmp_path / "run", **options)


def test_a_base_that_moved_is_the_same_model(finished: Path, tiny: Path, tmp_path: Path) -> None:
    folder, moved = shutil.copytree(finished, tmp_path / "tuned"), shutil.copytree(tiny, tmp_path / "moved")
    found, said = tune(moved, folder, max_steps=1, merge=True)
    assert found.merged
    assert said == ["trained before; merging the adapter"]
    (moved / "tokenizer_config.json").write_text("{}")
    with pytest.raises(UserError, match="model"):
        tune(moved, shutil.copytree(finished, tmp_path / "other"), max_steps=1, merge=True)


def test_one_process_alone_merges(finished: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    monkeypatch.setenv("RANK", "1")
    assert tune(tiny, folder, max_steps=1, merge=True)[0].merged
    assert not (folder / "config.json").exists()


def test_a_merge_that_was_killed_at_its_end_is_done_again(finished: Path, tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    tune(tiny, folder, max_steps=1, merge=True)
    whole = content(folder)
    (folder / "config.json").unlink()
    (folder / "model.safetensors").write_bytes(b"half")
    done = json.loads((folder / record.FILE).read_text())
    jsonl.write_json(folder / record.FILE, {**done, "merged": False})
    assert tune(tiny, folder, max_steps=1, merge=True)[1] == ["trained before; merging the adapter"]
    assert content(folder)["model.safetensors"] == whole["model.safetensors"]
    assert {"config.json", "adapter/adapter_config.json"} <= content(folder).keys()


def test_a_file_in_the_working_folder_replaces_no_module_of_the_training(tmp_path: Path) -> None:
    for name in ("tokenize", "queue", "random", "requests"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the working folder')\n")
    command = loop_run.training_command("no-such-model", tmp_path / "c.yaml", tmp_path / "out", tmp_path / "p.json", 1)
    settings = {**os.environ, "PYTHONPATH": "", **loop_run.environment()}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=settings, text=True, stdin=pipe, stderr=pipe) as training:
        assert training.stderr is not None
        assert "c.yaml: no such file" in training.stderr.read()
