"""Adapters whose base model lies elsewhere than they say."""

import json
import shutil
from pathlib import Path

import pytest

from tests.commands import run_alpacaeval
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import adapter_base, source
from xl_alpacaeval_metric.runs.answers import harness_model
from xl_alpacaeval_metric.runs.answers.candidate import Candidate


@pytest.fixture
def adapter(tiny: Path, tmp_path: Path) -> Path:
    """An adapter of a base model that was moved since."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = tmp_path / "adapter"
    network = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), LoraConfig(target_modules=["q_proj"]))
    network.save_pretrained(folder)
    for file in (*tiny.glob("tokenizer*"), *tiny.glob("*.jinja")):
        shutil.copy(file, folder)
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "base_model_name_or_path": str(tmp_path / "gone")}))
    return folder


def test_the_line_about_a_base_that_is_not_there_names_the_option(adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"base model {tmp_path}/gone: no such model folder; give --base"):
        Candidate(str(adapter)).check()


@pytest.mark.parametrize("named", [None, "", "models/base/first", "./base", "~/base"])
def test_a_base_without_a_usable_name_is_told_of(adapter: Path, named: str | None) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "base_model_name_or_path": named}))
    with pytest.raises(UserError, match="give --base with its folder or Hub id"):
        Candidate(str(adapter)).check()


def test_it_is_loaded_from_where_the_option_says(adapter: Path, tiny: Path) -> None:
    candidate = Candidate(str(adapter), base=str(tiny))
    candidate.check()
    resources = {"batch_size": 1, "device": "cpu", "concurrency": 1, "arguments": {}, "base": candidate.base}
    lm = harness_model.load({"model": str(adapter), "backend": "hf", "model_args": {}}, resources)
    assert lm.model.peft_config
    assert lm.model.get_base_model().config._name_or_path == str(tiny)


def test_what_is_given_in_vain_is_told_of(adapter: Path, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for model, base, said in (
        (adapter, tmp_path / "nowhere", "no such model folder"),
        (adapter, tmp_path / "empty", "holds no config.json"),
        (tiny, tiny, "is no adapter"),
    ):
        with pytest.raises(UserError, match=said):
            Candidate(str(model), base=str(base)).check()
    with pytest.raises(UserError, match="--base x/y: goes with a model that is loaded here"):
        Candidate("m", "local-chat-completions", {"base_url": "http://127.0.0.1:1/v1"}, base="x/y").check()


def test_the_command_takes_it(adapter: Path, tiny: Path, tmp_path: Path) -> None:
    command = ["eval", str(adapter), "--judge", "none", "--languages", "fi", "--limit", "1", "--max-tokens", "4"]
    command += ["--device", "cpu", "--output", str(tmp_path / "run")]
    lacking = run_alpacaeval(*command)
    assert lacking.returncode == 2
    assert len(lacking.stderr.splitlines()) == 1
    assert "give --base" in lacking.stderr
    assert not (tmp_path / "run").exists()
    assert run_alpacaeval(*command, "--base", str(tiny)).returncode == 0
    assert (tmp_path / "run" / "results.json").exists()


@pytest.mark.parametrize("base", ["models/nope", "nope"])
def test_a_base_that_is_neither_here_nor_on_the_hub_is_one_line(
    adapter: Path, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_hub_file", lambda *_: None)
    with pytest.raises(UserError, match=rf"--base {base}: no such model folder, and the Hub has no such model"):
        Candidate(str(adapter), base=base).check()


def other_shape(tiny: Path, folder: Path, **values: object) -> str:
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(tiny, **values)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder, max_shard_size="50KB")
    return str(folder)


def test_a_base_of_another_shape_is_told_of_before_it_is_loaded(adapter: Path, tiny: Path, tmp_path: Path) -> None:
    base = other_shape(tiny, tmp_path / "wide", hidden_size=64)
    with pytest.raises(UserError, match=r"another model than .*q_proj is \d+ x 64 in it, and \d+ x \d+ in the adapter"):
        Candidate(str(adapter), base=base).check()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"num_hidden_layers": 1}, r"it has no model\.layers\.1\.self_attn\.q_proj"),
        ({"num_hidden_layers": 3}, r"it has model\.layers\.2\.self_attn\.q_proj, which the adapter lacks"),
        ({"vocab_size": 100}, r"it has embeddings for 100 tokens, and the adapter's tokenizer has \d+"),
    ],
)
def test_a_base_of_other_layers_or_tokens_is_told_of(
    values: dict[str, object], said: str, adapter: Path, tiny: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=f"another model than the adapter was trained on: {said}"):
        Candidate(str(adapter), base=other_shape(tiny, tmp_path / "other", **values)).check()


def test_a_base_with_another_tokenizer_is_told_of(adapter: Path, tiny: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny, base)
    content = json.loads((base / "tokenizer.json").read_text())
    first, second, *_ = vocabulary = content["model"]["vocab"]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    (base / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="its tokenizer has other tokens"):
        Candidate(str(adapter), base=str(base)).check()


def test_an_adapter_of_some_layers_fits_its_base(adapter: Path, tiny: Path, tmp_path: Path) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "layers_to_transform": [0, 1]}))
    assert adapter_base.unusable(other_shape(tiny, tmp_path / "deep", num_hidden_layers=3), adapter) is None


def test_a_quantised_base_is_not_compared(adapter: Path, tiny: Path, tmp_path: Path) -> None:
    base = other_shape(tiny, tmp_path / "wide", hidden_size=64)
    config = tmp_path / "wide" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "quantization_config": {}}))
    assert adapter_base.unusable(base, adapter) is None


def test_transposed_weights_fit(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    for name in ("base", "adapter"):
        (tmp_path / name).mkdir()
    (tmp_path / "base" / "config.json").write_text("{}")
    save_file({"h.0.c_attn.weight": torch.zeros(8, 24)}, tmp_path / "base" / "model.safetensors")
    factors = {"A": torch.zeros(2, 8), "B": torch.zeros(24, 2)}
    save_file(
        {f"base_model.model.h.0.c_attn.lora_{one}.weight": part for one, part in factors.items()},
        tmp_path / "adapter" / "adapter_model.safetensors",
    )
    assert adapter_base.unusable(str(tmp_path / "base"), tmp_path / "adapter") is None
