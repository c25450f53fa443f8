"""What goes wrong with a model, its files or its loss, and the line that says so."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import rows, write_jsonl
from tests.xl_instruct_dataset.train.training import out_of_memory, settings, tune
from xl_alpacaeval_metric.clients.harness import HarnessClient
from xl_alpacaeval_metric.clients.local.client import LocalClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.train.dataset import tokenizer
from xl_instruct_dataset.train.finetune import loss_log, model, save
from xl_instruct_dataset.train.finetune.preflight import prepare


@pytest.fixture
def custom(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with code that leaves a file when it runs; every question is answered with yes."""
    folder = tmp_path / "custom"
    shutil.copytree(tiny, folder)
    code = f"open({str(tmp_path / 'ran')!r}, 'w')\nfrom transformers import *\nclass Own(PretrainedConfig): model_type = 'own'\n"
    (folder / "own.py").write_text(code)
    for name, key in (("config.json", "AutoConfig"), ("tokenizer_config.json", "AutoTokenizer")):
        content = json.loads((folder / name).read_text())
        content.pop("tokenizer_class", None)
        auto = {"AutoConfig": "own.Own", "AutoTokenizer": ["own.Own", "own.Own"]}
        (folder / name).write_text(json.dumps({**content, "model_type": "own", "auto_map": {key: auto[key]}}))
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    return folder


LOADS: dict[str, Callable[[str], Any]] = {
    "configuration": model.config_of,
    "tokenizer": lambda name: tokenizer.load(name, settings()),
    "weights": lambda name: model.load(name, settings(), "float32"),
    "base of an adapter": lambda name: save._merge(Path(name), name, Path(name), None),
    "judge": lambda name: LocalClient(name).preflight(),
    "judge by the harness": lambda name: HarnessClient("hf", name, {}).preflight(),
}


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_a_model_s_own_code_never_runs(load: Callable[[str], Any], custom: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="custom"):
        load(str(custom))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("options", [{}, {"held_out": 0.0, "log_steps": 50}])
def test_a_training_that_diverges_is_one_line(options: dict[str, Any], tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the loss is no number at step \d; lower --learning-rate, which is 1e\+37"):
        tune(tiny, tmp_path / "run", learning_rate=1e37, full=True, **options)
    assert not (tmp_path / "run" / "training.json").exists()


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])


def widened(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 64}))


@pytest.mark.parametrize("damage", [cut, widened])
def test_weights_that_are_damaged_or_of_another_shape_are_one_line(
    damage: Callable[[Path], None], tiny: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny, tmp_path / "model")
    damage(tmp_path / "model")
    with pytest.raises(UserError, match=r"model: cannot be loaded \(.+\)$") as error:
        tune(tmp_path / "model", tmp_path / "run")
    assert "\n" not in str(error.value)


def test_memory_that_ends_while_a_model_is_loaded_or_saved_comes_with_advice(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    def fails(*_: object, **__: object) -> None:
        raise out_of_memory()

    with monkeypatch.context() as patch:
        patch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", fails)
        with pytest.raises(
            UserError, match=r"out of memory while loading the model; .* --no-full \(LoRA\), --precision bf"
        ):
            tune(tiny, tmp_path / "run", full=True)
    monkeypatch.setattr(save, "_merge", fails)
    with pytest.raises(UserError, match=r"out of memory while saving the model; .*, --no-merge, a smaller model"):
        tune(tiny, tmp_path / "run", full=False, merge=True, max_steps=1)
    # The last checkpoint is there: the advice needs no further step.
    assert tune(tiny, tmp_path / "run", max_steps=1)[0].steps_before == 1


def test_all_weights_in_float16_are_kept_in_float32(tiny: Path) -> None:
    import torch

    for full, numbers, kept in (
        (True, "float16", torch.float32),
        (True, "bfloat16", torch.bfloat16),
        (False, "float16", torch.float16),
    ):
        made = settings(full=full, precision=numbers)
        assert next(model.load(str(tiny), made, numbers).parameters()).dtype == kept


def test_held_out_rows_that_are_all_too_long_are_said(tiny: Path, tmp_path: Path) -> None:
    long = [
        {"instruction": "Tell a story.", "response": "Es war einmal ein Hund. " * 100, "id": f"x{n}"} for n in range(9)
    ]
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", [*long, *rows(1)])
    options = {
        "data": str(tmp_path / "data"),
        "pairs": "all",
        "per_language": None,
        "held_out": 0.1,
        "too_long": "drop",
    }
    ready = prepare(str(tiny), settings(**options), "cpu", 1, silent)
    assert ready.notes[-1] == "every held-out row is too long: there is no loss of theirs"


def test_a_prompt_that_fills_the_sequence_is_not_advised_to_be_truncated(tiny: Path, tmp_path: Path) -> None:
    long = {"instruction": "Tell a story. " * 100, "response": "Es war einmal ein Hund."}
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", [long, *rows(3)])
    options = {"data": str(tmp_path / "data"), "pairs": "all", "per_language": None, "held_out": 0.0}
    ready = prepare(str(tiny), settings(**options), "cpu", 1, silent)
    assert ready.notes == ("1 row dropped: nothing of the answer would be left of them",)


def test_refused_rows_of_a_mixed_set_are_said_and_stand_in_the_card(tiny: Path, tmp_path: Path) -> None:
    file = tmp_path / "general.jsonl"
    file.write_text('{"instruction": "Half \\ud800", "response": "Yes."}\n')
    found, said = tune(tiny, tmp_path / "run", mix_with=f"{file}:0.2", max_steps=1)
    assert said[-1].startswith(f"{file}: 1 row left out, which cannot be trained on (")
    assert found.refused == {str(file): 1}
    assert "general.jsonl | as it is | 1 | 0 | 1 | 0 |" in (tmp_path / "run" / "README.md").read_text()


def test_a_folder_s_name_is_no_formula(tmp_path: Path) -> None:
    loss_log.draw([{"step": 1, "loss": 1.0}], r"run $x_{ costs $5", tmp_path / "loss.png")
    assert (tmp_path / "loss.png").stat().st_size
