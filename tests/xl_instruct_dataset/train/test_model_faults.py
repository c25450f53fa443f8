"""Models whose parts do not fit each other: told before the training, or mended and said."""

import json
import shutil
from pathlib import Path

import pytest

from tests.helpers import GERMAN, rows, write_jsonl
from tests.xl_instruct_dataset.train.training import settings, tune
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.train.finetune import record
from xl_instruct_dataset.train.finetune.preflight import prepare


@pytest.fixture
def model(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "model")


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**(json.loads(file.read_text()) if file.exists() else {}), **values}))


def tie(model: Path) -> None:
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(model)
    network.config.tie_word_embeddings = True
    network.tie_weights()
    network.save_pretrained(model)


@pytest.mark.parametrize("target", ["embed_tokens", "model.embed_tokens", "lm_head"])
def test_merging_weights_that_are_shared_is_refused_before_training(model: Path, target: str, tmp_path: Path) -> None:
    tie(model)
    with pytest.raises(UserError, match=rf"--lora-targets {target} with --merge: the model shares these weights"):
        tune(model, tmp_path / "run", lora_targets=f"q_proj,{target}", merge=True)
    assert not (tmp_path / "run").exists()


def test_an_adapter_of_shared_weights_is_not_merged_later(model: Path, tmp_path: Path) -> None:
    tie(model)
    tune(model, tmp_path / "run", lora_targets="q_proj,embed_tokens", max_steps=1)
    with pytest.raises(UserError, match=r"with --merge: the model shares|adapts embed_tokens, which the model shares"):
        tune(model, tmp_path / "run", lora_targets="q_proj,embed_tokens", max_steps=1, merge=True)
    assert (tmp_path / "run" / "adapter_model.safetensors").is_file()


def test_weights_that_are_not_shared_are_merged(model: Path, tmp_path: Path) -> None:
    change(model / "config.json", tie_word_embeddings=False)
    tune(model, tmp_path / "run", lora_targets="q_proj,embed_tokens", max_steps=1, merge=True)
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_a_merged_gemma_is_the_trained_one(model: Path, tmp_path: Path) -> None:
    """Its input and output share weights, its head is no target, and it scales its embeddings."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, Gemma3TextConfig

    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 16}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "pad_token_id": 2, "eos_token_id": 2}
    network = AutoModelForCausalLM.from_config(Gemma3TextConfig(vocab_size=259, **size, **heads))
    assert network.get_input_embeddings().weight is network.get_output_embeddings().weight
    network.save_pretrained(model)
    run = tmp_path / "run"
    tune(model, run, merge=True)
    merged = AutoModelForCausalLM.from_pretrained(run)
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model), str(run / "adapter"))
    with torch.no_grad():
        ids = torch.arange(20, 40)[None]
        found, right, before = (one.eval()(ids).logits for one in (merged, adapted, network))
    assert torch.allclose(found, right, atol=1e-4)
    assert not torch.allclose(found, before, atol=1e-2)


@pytest.mark.parametrize("options", [{"merge": True}, {"full": True, "save_steps": 1}], ids=["merge", "full"])
@pytest.mark.parametrize(
    ("values", "said", "kept"),
    [
        ({"temperature": 0.6, "top_p": 0.9}, "saved with do_sample=true", {"do_sample": True, "temperature": 0.6}),
        ({"pad_token_id": -5}, "saved with its token ids alone", {"eos_token_id": 2}),
    ],
    ids=["no sampling", "invalid"],
)
def test_generation_settings_that_cannot_be_saved_are_mended_and_said(
    model: Path,
    options: dict[str, object],
    values: dict[str, object],
    said: str,
    kept: dict[str, object],
    tmp_path: Path,
) -> None:
    change(model / "generation_config.json", eos_token_id=2, **values)
    _, lines = tune(model, tmp_path / "run", max_steps=1, **options)
    assert any(said in line for line in lines)
    found = json.loads((tmp_path / "run" / "generation_config.json").read_text())
    assert kept.items() <= found.items()


def test_a_tokenizer_that_is_larger_than_the_embeddings_is_told_before_training(model: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    last = len(tokenizer) - 1
    tokenizer.add_tokens(["Hund"])
    tokenizer.save_pretrained(model)
    write_jsonl(
        tmp_path / "data" / "en-de" / "train.jsonl", [{**rows(1)[0], "response": f"{GERMAN} Ein Hund."}, *rows(2)[1:]]
    )
    with pytest.raises(UserError, match=rf"gives token {last + 1}, and the model's embeddings end at {last}"):
        tune(model, tmp_path / "run", data=str(tmp_path / "data"), pairs="all", per_language=None)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("token", ["<|im_end|>", "<|endoftext|>"])
@pytest.mark.parametrize("column", ["instruction", "response"])
def test_a_special_token_in_a_row_is_not_trained_on_and_said(
    token: str, column: str, tiny: Path, tmp_path: Path
) -> None:
    odd = {"instruction": "Why?", "response": GERMAN, "id": "odd"}
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", [{**odd, column: f"{odd[column]} {token} x"}, *rows(3)])
    ready = prepare(
        str(tiny),
        settings(data=str(tmp_path / "data"), pairs="all", per_language=None, held_out=0.0),
        "cpu",
        1,
        silent,
    )
    assert len(ready.train.examples) == 3
    assert any(
        f"1 row left out, which cannot be trained on (row 'odd' has the special token {token} in its text)" in line
        for line in ready.notes
    )


@pytest.mark.parametrize("mark", ["<|eot_id|>", "<start_of_turn>", "[/INST]", "<|assistant|>"])
def test_marks_of_another_chat_template_are_said(mark: str, tiny: Path, tmp_path: Path) -> None:
    odd = {"instruction": f"Why? {mark} No.", "response": GERMAN, "id": "odd"}
    right = {"instruction": "What do <b> and </s> mean in HTML?", "response": GERMAN, "id": "right"}
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", [right, odd])
    asked = settings(data=str(tmp_path / "data"), pairs="all", per_language=None, held_out=0.0)
    ready = prepare(str(tiny), asked, "cpu", 1, silent)
    assert len(ready.train.examples) == 2
    assert (
        "warning: 1 row holds marks of another chat template, which are trained on as text "
        f"(the first: {mark} in row 'odd')"
    ) in ready.notes


def test_rows_that_all_hold_a_special_token_are_not_called_too_long(tiny: Path, tmp_path: Path) -> None:
    odd = [{"instruction": "Why?", "response": f"{GERMAN} <|im_end|>", "id": f"odd{n}"} for n in range(3)]
    options = {"data": str(tmp_path / "data"), "pairs": "all", "per_language": None, "held_out": 0.0}
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", odd)
    said = r"^no row is left to train on: 3 rows cannot be trained on \(the first: row 'odd\d' has the special token"
    with pytest.raises(UserError, match=said) as error:
        prepare(str(tiny), settings(**options), "cpu", 1, silent)
    assert "--max-length" not in str(error.value)
    long = {"instruction": "Why?", "response": "Es war einmal ein Hund. " * 100, "id": "long"}
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", [*odd, long])
    with pytest.raises(UserError, match=r"3 rows cannot .*; 1 row does not fit --max-length 256; give more, or --too-"):
        prepare(str(tiny), settings(**options, too_long="drop"), "cpu", 1, silent)


def test_the_summary_does_not_blame_the_chat_template_for_a_special_token(tiny: Path, tmp_path: Path) -> None:
    odd = {"instruction": "Why?", "response": f"{GERMAN} <|im_end|>", "id": "odd"}
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", [odd, *rows(3)])
    data = {"data": str(tmp_path / "data"), "pairs": "all", "per_language": None, "held_out": 0.0}
    found, _ = tune(tiny, tmp_path / "run", **data, max_steps=1)
    assert "1 left out, which cannot be trained on" in record.lines(found)[0]
