"""Real fine-tuning with TRL, of a model so small that it takes seconds."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from tests.commands import run_alpacaeval
from tests.commands import start_instruct as start
from tests.helpers import ROOT, rows, wait_until, write_jsonl
from tests.xl_instruct_dataset.train.training import QUICK, out_of_memory, settings, tune
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.train.dataset import tokenized_examples
from xl_instruct_dataset.train.dataset import tokenizer as dataset_tokenizer
from xl_instruct_dataset.train.finetune import checkpoints, failures, loss_log, model, save, trainer
from xl_instruct_dataset.train.finetune.preflight import prepare
from xl_instruct_dataset.train.finetune.record import Summary
from xl_instruct_dataset.train.finetune.run import train
from xl_instruct_dataset.train.settings import resolve


@pytest.fixture(scope="module")
def adapted(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    folder = tmp_path_factory.mktemp("runs") / "adapted"
    return folder, tune(tiny, folder, max_steps=12)[0]


def logits(folder: Path, of: Path, tiny: Path) -> Any:
    """The logits of the model in `folder`; `of` holds an adapter for it or is the same folder."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(folder)
    if of != folder:
        network = PeftModel.from_pretrained(network, str(of))
    with torch.no_grad():
        return network.eval()(torch.arange(20, 40)[None]).logits


def test_the_loss_goes_down_and_is_kept_as_numbers_and_as_a_picture(adapted: tuple[Path, Summary]) -> None:
    folder, found = adapted
    history = [json.loads(line) for line in (folder / loss_log.LOSS).read_text().splitlines()]
    losses = [row["loss"] for row in history if "loss" in row]
    assert len(losses) == found.steps == 12
    assert losses[-1] < losses[0]
    assert found.held_out_loss is not None
    assert found.held_out_loss_before is not None
    assert found.held_out_loss < found.held_out_loss_before
    assert (folder / loss_log.CURVE).read_bytes().startswith(b"\x89PNG")


def test_the_folder_holds_the_adapter_its_settings_and_no_pickle(adapted: tuple[Path, Summary], tiny: Path) -> None:
    folder, found = adapted
    names = {path.name for path in folder.iterdir()}
    assert {
        "adapter_config.json",
        "adapter_model.safetensors",
        "tokenizer.json",
        "train.yaml",
        "training.json",
    } <= names
    assert not names & {"config.json", "training_args.bin"}
    assert not [name for name in names if name.startswith(".saving")]
    assert json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"] == str(tiny)
    assert resolve(folder / "train.yaml", {}) == settings(max_steps=12)
    assert 0 < found.trained_parameters < found.parameters / 5


def test_the_card_has_languages_data_settings_and_the_data_s_licence(adapted: tuple[Path, Summary]) -> None:
    folder, found = adapted
    card = ModelCard.load(folder / "README.md", ignore_metadata_errors=False)
    assert card.data.license == "apache-2.0"
    assert card.data.language == ["de", "en", "fi"]
    assert card.data.library_name == "peft"
    assert {"xl-suite", "lora"} <= set(card.data.tags)
    assert "| en-de | English to German | 3 | 1 | 0 | 4 |" in card.content
    assert "| `learning_rate` | 0.02 |" in card.content
    assert "rows truncated: too long" in card.content
    assert found.fingerprint in card.content


def test_the_loss_is_on_the_answer_alone(tiny: Path, tmp_path: Path) -> None:
    made = settings()
    tokenizer, template = dataset_tokenizer.load(str(tiny), made)
    from xl_instruct_dataset.train.dataset import select

    built = trainer.build(
        model.load(str(tiny), made, "float32"),
        tokenizer,
        template,
        (tokenized_examples.fit(select.select(made).train[:1], tokenizer, 512, "truncate").examples, ()),
        made,
        limit=512,
        kind="cpu",
        numbers="float32",
        processes=1,
        folder=tmp_path,
        report=silent,
    )
    (row,) = built.train_dataset
    asked = "".join(
        tokenizer.decode(t) for t, label in zip(row["input_ids"], row["labels"], strict=True) if label == -100
    )
    answer = tokenizer.decode([label for label in row["labels"] if label != -100])
    assert asked.endswith("<|im_start|>assistant\n")
    assert "<|im_start|>" not in answer
    assert len(answer) > 100


@pytest.mark.slow
def test_what_was_prepared_before_is_not_read_or_tokenized_again(tiny: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", rows(6))
    made = settings(data=str(tmp_path / "data"), pairs="all", per_language=None)
    file = tmp_path / "prepared.pickle"
    prepare(str(tiny), made, "cpu", 1, silent).save(file)
    said: list[str] = []
    once = train(str(tiny), made, tmp_path / "once", silent, said.append)
    shutil.rmtree(tmp_path / "data")
    again = train(str(tiny), made, tmp_path / "again", silent, said.append, file)
    assert (tmp_path / "again" / "loss.jsonl").read_text() == (tmp_path / "once" / "loss.jsonl").read_text()
    assert (again.fingerprint, again.tokens, again.taken) == (once.fingerprint, once.tokens, once.taken)


def test_packing_puts_several_rows_into_one_sequence(tiny: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", rows(8))
    found, _ = tune(
        tiny,
        tmp_path / "run",
        batching="packing",
        max_steps=None,
        epochs=1.0,
        max_length=500,
        too_long="drop",
        data=str(tmp_path / "data"),
        pairs="all",
        per_language=None,
    )
    assert found.steps == 1  # Six short rows fit two blocks of 500 tokens.
    assert found.held_out_loss is not None


def test_merging_gives_the_adapter_s_answers(adapted: tuple[Path, Summary], tiny: Path, tmp_path: Path) -> None:
    import torch

    folder = tmp_path / "merged"
    shutil.copytree(adapted[0], folder)
    before = logits(tiny, folder, tiny)
    found, said = tune(tiny, folder, max_steps=12, merge=True)
    assert said == ["trained before; merging the adapter"]
    assert found.merged
    assert not (folder / "adapter_config.json").exists()
    assert torch.allclose(logits(folder, folder, tiny), before, atol=1e-4)
    assert torch.allclose(logits(tiny, folder / save.ADAPTER, tiny), before, atol=1e-6)
    assert ModelCard.load(folder / "README.md").data.library_name == "transformers"
    assert tune(tiny, folder, max_steps=12, merge=True)[1] == ["trained before; nothing to do"]


def test_full_fine_tuning_of_a_base_model_keeps_its_type_and_gets_a_template(base: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    half = tmp_path / "half"
    AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16).save_pretrained(half)
    AutoTokenizer.from_pretrained(base).save_pretrained(half)
    found, said = tune(half, tmp_path / "run", full=True)
    assert found.trained_parameters == found.parameters
    assert "the plain one of xl-suite is used" in said[0]
    assert AutoConfig.from_pretrained(tmp_path / "run").dtype == torch.bfloat16
    assert "### Response:" in AutoTokenizer.from_pretrained(tmp_path / "run").chat_template
    assert "A full fine-tuning of half" in (tmp_path / "run" / "README.md").read_text()


def test_a_template_that_ends_a_turn_otherwise_moves_the_end_of_sequence(base: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, GenerationConfig

    file = tmp_path / "mine.jinja"
    file.write_text("{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '<|endoftext|>' }}{% endfor %}")
    tune(base, tmp_path / "run", chat_template=str(file), merge=True)
    assert AutoTokenizer.from_pretrained(tmp_path / "run").eos_token == "<|endoftext|>"
    assert GenerationConfig.from_pretrained(tmp_path / "run").eos_token_id == [0, 2]


def test_a_killed_run_goes_on_to_the_same_end(tiny: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    options = {**QUICK, "max_steps": 30, "save_steps": 2}
    config = tmp_path / "settings.yaml"
    config.write_text(json.dumps(options))
    folder = tmp_path / "killed"
    process = start("train", tiny, "--config", config, "--output", folder, cwd=tmp_path, OMP_NUM_THREADS="1")
    state = folder / checkpoints.FOLDER / "checkpoint-2" / "trainer_state.json"
    wait_until(state.exists, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (folder / "training.json").exists()
    # As if it had been killed while it wrote the next one.
    (folder / checkpoints.FOLDER / "checkpoint-99").mkdir()
    found, said = tune(tiny, folder, max_steps=30, save_steps=2)
    assert said[-1].startswith("going on from step ")
    assert 2 <= found.steps_before < found.steps == 30
    history = [json.loads(line) for line in (folder / loss_log.LOSS).read_text().splitlines()]
    assert [row["step"] for row in history if "loss" in row] == list(range(1, 31))
    tune(tiny, tmp_path / "whole", max_steps=30, save_steps=50)
    first, second = (load_file(run / "adapter_model.safetensors") for run in (folder, tmp_path / "whole"))
    assert all(torch.allclose(first[name], second[name], atol=1e-5) for name in first)


def test_a_checkpoint_of_another_run_is_refused_by_what_differs(
    adapted: tuple[Path, Summary], tiny: Path, base: Path
) -> None:
    folder, _ = adapted
    with pytest.raises(
        UserError, match=r"adapted: holds a run with learning_rate 0\.02, this one has 0\.01; choose another"
    ):
        tune(tiny, folder, max_steps=12, learning_rate=0.01)
    with pytest.raises(UserError, match="holds a run with model"):
        tune(base, folder, max_steps=12)
    assert tune(tiny, folder, max_steps=12, device_batch_size=1)[1] == ["trained before; nothing to do"]


def test_changed_data_is_another_run(tiny: Path, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", rows(4))
    options = {"data": str(tmp_path / "data"), "pairs": "all", "per_language": None, "max_steps": 1}
    found, _ = tune(tiny, tmp_path / "run", **options)
    card = ModelCard.load(tmp_path / "run" / "README.md")
    assert found.license == "unknown"
    assert (card.data.license, card.data.license_name) == ("other", "unknown")
    assert "Licence of the data: **unknown**. Where it is unknown, find out" in card.content
    write_jsonl(file, rows(5))
    with pytest.raises(UserError, match="holds a run with data_fingerprint"):
        tune(tiny, tmp_path / "run", **options)


@pytest.mark.parametrize("error", [out_of_memory, MemoryError])
def test_out_of_memory_says_what_to_turn_down(error: Callable[[], Exception]) -> None:
    said = failures.oom_advice(error(), settings(full=True, gradient_checkpointing=False))
    assert said is not None
    assert said.startswith(
        "out of memory; turn down, in this order: --device-batch-size 1 (the result stays the same), "
    )
    for part in ("--gradient-checkpointing", "--max-length than 256", "--no-full (LoRA)"):
        assert part in said
    assert "--lora-rank than 4" in str(failures.oom_advice(error(), settings()))
    assert failures.oom_advice(RuntimeError("shapes do not match"), settings()) is None


def test_a_model_too_large_for_full_fine_tuning_is_told_before_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import LlamaConfig

    config = LlamaConfig(vocab_size=1000, hidden_size=1000, num_attention_heads=10, num_hidden_layers=1)
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 100; echo 99\n")  # MiB; the model's 36 million parameters want 16 bytes each.
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    full = settings(full=True)
    with pytest.raises(
        UserError, match=r"take 1 GiB, and the GPU has 0; give --no-full \(LoRA\), --precision bfloat16"
    ):
        model.check("large", config, full, "cuda", 1)
    model.check("large", config, full, "cuda", 2)
    model.check("large", config, full, "cpu", 1)
    tool.write_text("#!/bin/sh\necho '[N/A]'\n")  # As for a GPU that shares the machine's memory.
    model.check("large", config, full, "cuda", 1)
    tool.write_text("#!/bin/sh\necho 81559\n")
    model.check("large", config, full, "cuda", 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 3}, "--batch-size 3 is no multiple of --device-batch-size 2 x 1 process;"),
        ({"schedule": "sideways"}, "--schedule 'sideways' is unknown; there are linear, cosine, "),
        ({"schedule": "cosine_with_min_lr"}, "--schedule cosine_with_min_lr cannot be used ("),
        ({"lora_targets": "nothing"}, "--lora-targets 'nothing': the model has no such module; it has down_proj, "),
        (
            {"lora_targets": "q_proj,v_porj"},
            "--lora-targets 'v_porj': the model has no such module; did you mean v_proj",
        ),
        ({"lora_targets": ","}, "--lora-targets is empty; give all-linear"),
        ({"lora_targets": "input_layernorm"}, "the settings of the adapter do not work with this model ("),
        ({"attention": "none_such"}, "cannot be loaded"),
        ({"report_to": "paper"}, "--report-to paper: paper is not supported"),
        ({"max_length": 8, "too_long": "drop"}, "; give more, or --too-long truncate"),
        ({"device": "cuda:7"}, "--device cuda:7: torch finds"),
        ({"device": "meta"}, "--device 'meta' is unknown; there are cuda"),
        ({"precision": "float16"}, "--precision float16: training in it needs a GPU"),
    ],
)
def test_settings_that_do_not_work_are_one_line(
    options: dict[str, object], message: str, tiny: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        tune(tiny, tmp_path / "run", **options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_no_row_fits_where_truncating_was_asked_for(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no row fits --max-length 8 \(6 do not\); give more$"):
        tune(tiny, tmp_path / "run", max_length=8)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./none", "./none: no such model folder"),
        ("", "MODEL: no such model folder"),
        ("no/such-model", "no/such-model: its tokenizer cannot be loaded"),
    ],
)
def test_a_model_that_is_not_there_is_one_line(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match=message):
        train(name, settings(), tmp_path / "run", silent, lambda _: None)


def test_an_adapter_is_no_base_to_train(adapted: tuple[Path, Summary], tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"holds no config\.json, so it is no model folder .it holds an adapter: train its base"
    ):
        train(str(adapted[0]), settings(), tmp_path / "run", silent, lambda _: None)


def test_a_window_that_is_smaller_is_said(tiny: Path, tmp_path: Path) -> None:
    long = {"instruction": "Tell a long story.", "response": "Es war einmal ein Hund. " * 100}
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", [*rows(6), long])
    options = {"data": str(tmp_path / "data"), "pairs": "all", "per_language": None, "held_out": 0.0}
    found, said = tune(tiny, tmp_path / "run", max_length=2048, max_steps=1, too_long="drop", **options)
    assert said == [
        "--max-length 2048 is more than the model's window: 512 is used",
        "1 row dropped: too long (--too-long truncate would keep them in part)",
    ]
    assert (found.max_length, found.dropped) == (512, {"en-de": 1})


def launched(tmp_path: Path, *launcher: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Two steps through a launcher of processes on the CPU, in the folder `run`."""
    config = tmp_path / "settings.yaml"
    config.write_text(json.dumps({**QUICK, "max_steps": 2, **options}))
    arguments = ["-m", "xl_instruct_dataset.train", str(tmp_path / "tiny"), "--config", str(config), "--output", "run"]
    return subprocess.run(
        [sys.executable, "-m", *launcher, *arguments],
        cwd=tmp_path,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=400,
    )


def test_accelerate_launch_trains_and_says_what_it_did(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny").symlink_to(tiny)
    launch = ("accelerate.commands.launch", "--cpu", "--num_processes", "1", "--num_machines", "1")
    result = launched(tmp_path, *launch, "--mixed_precision", "no", "--dynamo_backend", "no")
    assert result.returncode == 0, result.stderr
    assert "en-de: 3 rows, 1 held out" in result.stdout
    assert "2 steps in " in result.stdout
    assert "run: adapter; xl-alpacaeval eval run" in result.stdout
    for noise in ("Traceback", "FutureWarning"):
        assert noise not in result.stderr


def test_two_processes_share_the_work_and_one_writes(tiny: Path, tmp_path: Path) -> None:
    # What accelerate launch starts for several GPUs; on a CPU it starts one process alone.
    (tmp_path / "tiny").symlink_to(tiny)
    result = launched(tmp_path, "torch.distributed.run", "--standalone", "--nproc_per_node", "2", batch_size=4)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("2 steps in ") == 1
    found = json.loads((tmp_path / "run" / "training.json").read_text())
    assert (found["processes"], found["steps"]) == (2, 2)
    assert (tmp_path / "run" / "adapter_model.safetensors").is_file()
    assert not list((tmp_path / "run").glob(".saving*"))


def test_a_mistake_on_the_command_line_is_one_line(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from xl_alpacaeval_metric.cli import exit_codes
    from xl_instruct_dataset.cli import app

    for option, message in (
        ("--pairs=en-sw", "sample: has no pair en-sw"),
        ("--seed=-1", "--seed is -1; need a whole number from 0"),
    ):
        command = [
            "xl-instruct",
            "train",
            str(tiny),
            "--data=sample",
            "--device=cpu",
            option,
            f"--output={tmp_path / 'run'}",
        ]
        monkeypatch.setattr(sys, "argv", command)
        assert exit_codes.run(app, "xl-instruct") == 2
        assert capsys.readouterr().err.splitlines()[-1].startswith(f"xl-instruct: {message}")


def test_an_adapter_and_a_merged_model_are_evaluated_alike(
    adapted: tuple[Path, Summary], tiny: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(adapted[0], folder)
    answers = []
    for kind in ("adapter", "merged"):
        if kind == "merged":
            tune(tiny, folder, max_steps=12, merge=True)
        command = ["eval", folder, "--judge", "none", "--languages", "de", "--limit", 2, "--max-tokens", 8]
        result = run_alpacaeval(*command, "--output", tmp_path / kind, OMP_NUM_THREADS="1")
        assert result.returncode == 0, result.stderr
        answers.append((tmp_path / kind / "samples.jsonl").read_text())
    assert answers[0] == answers[1]
