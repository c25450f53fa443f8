"""Models whose files lack a tensor, and what is recorded of models as they were loaded."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xl_alpacaeval_metric.clients.base import Completion, Failure, Request
from xl_alpacaeval_metric.clients.harness import HarnessClient
from xl_alpacaeval_metric.clients.local import LocalClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import facts
from xl_alpacaeval_metric.runs.answers import harness_model

GONE = "model.layers.1.mlp.up_proj.weight"
QUESTION = Request(({"role": "user", "content": "Which?"},), max_tokens=1, choices=("A", "B"))


@pytest.fixture
def incomplete(tiny: Path, tmp_path: Path) -> Path:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "incomplete"
    shutil.copytree(tiny, folder)
    weights = load_file(folder / "model.safetensors")
    del weights[GONE]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def settings(model: Path, **arguments: object) -> dict[str, Any]:
    return {"model": str(model), "backend": "hf", "model_args": arguments}


def resources(**more: object) -> dict[str, Any]:
    return {"batch_size": 1, "device": "cpu", "concurrency": 1, "arguments": {}, **more}


def test_a_candidate_with_random_weights_is_refused(incomplete: Path, tiny: Path) -> None:
    with pytest.raises(UserError, match=rf"would be random: 1 \({GONE}\).*--allow-random-weights"):
        harness_model.load(settings(incomplete), resources())
    lm = harness_model.load(settings(incomplete), resources(allow_random_weights=True))
    assert facts.facts(lm)["random_weights"] == 1
    assert lm.AUTO_MODEL_CLASS.__name__ == "AutoModelForCausalLM"
    assert "random_weights" not in facts.facts(harness_model.load(settings(tiny), resources()))


def test_a_judge_with_random_weights_is_refused(incomplete: Path, tiny: Path) -> None:
    with pytest.raises(UserError, match=f"hf/incomplete: .*{GONE}"):
        list(LocalClient(str(incomplete), device="cpu").complete([QUESTION]))
    for model, allowed in ((incomplete, True), (tiny, False)):
        client = LocalClient(str(model), device="cpu", allow_random_weights=allowed)
        ((_, reply),) = client.complete([QUESTION])
        assert isinstance(reply, Completion)


def test_an_adapter_that_lacks_weights_is_refused(tiny: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM

    network = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), LoraConfig(target_modules=["q_proj"]))
    network.save_pretrained(tmp_path)
    harness_model.load(settings(tiny, peft=str(tmp_path)), resources())
    weights = load_file(tmp_path / "adapter_model.safetensors")
    weights.popitem()
    save_file(weights, tmp_path / "adapter_model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="missing adapter keys"):
        harness_model.load(settings(tiny, peft=str(tmp_path)), resources())


def test_a_loaded_model_tells_what_determines_its_answers(tiny: Path) -> None:
    found = facts.facts(harness_model.load(settings(tiny, dtype="bfloat16"), resources()))
    assert found["dtype"] == "bfloat16"
    assert isinstance(found["parameters"], int)
    facts.check_same(found, {**found, "unknown": 1})
    facts.check_same(found, {})
    with pytest.raises(UserError, match="its dtype is bfloat16, and was float32 when this run began"):
        facts.check_same(found, {**found, "dtype": "float32"})
    other = facts.facts(SimpleNamespace(tokenizer=SimpleNamespace(chat_template="another")))
    with pytest.raises(UserError, match="its chat template is"):
        facts.check_same(other, found)


def test_the_harness_s_judge_refuses_a_prompt_that_it_would_cut(tiny: Path) -> None:
    client = HarnessClient("hf", str(tiny), {"dtype": "float32", "device": "cpu"})
    long = Request(({"role": "user", "content": "word " * 200},), max_tokens=1, choices=("A", "B"))
    replies = dict(client.complete([QUESTION, long]))
    assert isinstance(replies[0], Completion)
    assert isinstance(replies[1], Failure)
    assert "the window of" in replies[1].reason
