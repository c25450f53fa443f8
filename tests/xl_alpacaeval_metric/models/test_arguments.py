"""Wrong arguments of a backend: one line each, before anything is loaded."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from xl_alpacaeval_metric.clients import client_for
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import arguments, quantization, signatures
from xl_alpacaeval_metric.models.source import Source

LLAMA = Source("llama", Path("llama"), config={"model_type": "llama", "rope_theta": 10_000, "num_attention_heads": 8})
ADDRESS = "http://localhost:8000/v1"


@pytest.mark.parametrize(
    ("backend", "given", "complaint"),
    [
        ("hf", {"load_in_4bt": True}, "did you mean load_in_4bit"),
        ("hf", {"parallelise": True}, "did you mean parallelize"),
        ("hf", {"tensor_parallel_size": 2}, "tensor_parallel_size is unknown to --backend hf"),
        ("hf", {"max_model_len": 2048}, "max_model_len is unknown to --backend hf"),
        ("hf", {"base_url": ADDRESS}, "base_url goes with --backend local-chat-completions"),
        ("hf", {"dtype": "bfloat17"}, "need auto, bfloat16"),
        ("hf", {"dtype": 16}, "need auto, bfloat16"),
        ("hf", {"max_length": "long"}, "max_length=long: need a number"),
        ("hf", {"max_length": 10.5}, "need a whole number"),
        ("hf", {"trust_remote_code": "maybe"}, "need true or false"),
        ("hf", {"backend": "cause"}, "need one of default, causal, seq2seq"),
        ("hf", {"pretrained": "x"}, "MODEL says that here"),
        ("hf", {"batch_size": 4}, "--batch-size says that here"),
        ("hf", {"device": "cpu"}, "--device says that here"),
        ("local-chat-completions", {}, "needs the server's address"),
        ("local-completions", {}, "needs the server's address"),
        ("local-chat-completions", {"base_url": "localhost:8000/v1"}, "is no address"),
        ("local-chat-completions", {"base_url": ADDRESS, "max_retrys": 2}, "did you mean max_retries"),
        ("local-chat-completions", {"base_url": ADDRESS, "timeout": "soon"}, "timeout=soon: need a number"),
        ("local-chat-completions", {"base_url": ADDRESS, "num_concurrent": True}, "need a number"),
        ("local-chat-completions", {"base_url": ADDRESS, "temperature": 0.7}, "temperature is unknown to"),
        ("openai-chat-completions", {"model": "gpt"}, "MODEL says that here"),
    ],
)
def test_a_wrong_argument_is_one_line(backend: str, given: dict[str, object], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint) as caught:
        arguments.check(backend, given, LLAMA)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("backend", "given"),
    [
        ("hf", {"dtype": "bfloat16", "parallelize": True, "max_length": "4096", "revision": "main", "peft": "x/y"}),
        ("hf", {"attn_implementation": "eager", "device_map": "auto", "load_in_4bit": True, "offload_folder": "x"}),
        ("hf", {"rope_theta": 5000, "attention_bias": True, "use_cache": False}),
        ("local-chat-completions", {"base_url": ADDRESS, "num_concurrent": "8", "max_retries": 1, "timeout": 20}),
        ("local-completions", {"base_url": "https://host", "tokenizer": "x/y", "tokenizer_backend": "huggingface"}),
        ("dummy", {"anything": 1}),
    ],
)
def test_a_right_one_passes(backend: str, given: dict[str, object]) -> None:
    arguments.check(backend, given, LLAMA)


def test_the_engine_s_own_arguments_are_read_in_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tmp_path / "vllm" / "engine"
    engine.mkdir(parents=True)
    (tmp_path / "vllm" / "__init__.py").write_text("raise RuntimeError('not to be imported')")
    (engine / "arg_utils.py").write_text(
        "class EngineArgs:\n    max_model_len: int | None = None\n    kv_cache_dtype: str = 'auto'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("_tree", "of_class", "of_fields"):
        getattr(signatures, name).cache_clear()
    arguments.check("vllm", {"kv_cache_dtype": "fp8", "lora_local_path": "x", "tensor_parallel_size": 2}, LLAMA)
    for given, complaint in (
        ({"max_modle_len": 5}, "did you mean max_model_len"),
        ({"load_in_4bit": True}, "goes with --backend hf; vLLM takes quantization=bitsandbytes"),
        ({"tensor_parallel_size": "two"}, "tensor_parallel_size=two: need a number"),
        ({"dtype": "bf16"}, "need auto, bfloat16"),
        ({"tokenizer_mode": "fast"}, "need one of auto, slow"),
    ):
        with pytest.raises(UserError, match=complaint):
            arguments.check("vllm", given, LLAMA)
    for name in ("_tree", "of_class", "of_fields"):
        getattr(signatures, name).cache_clear()


def test_arguments_of_a_local_judge(tmp_path: Path) -> None:
    for given, complaint in (
        ({"device_mp": "auto"}, "did you mean device_map"),
        ({"load_in_4bit": "yes"}, "need true or false"),
        ({"batch_tokens": 0}, "need a number from 1"),
    ):
        with pytest.raises(UserError, match=complaint):
            client_for(f"hf/{tmp_path}", args=given)


def with_method(method: str) -> Source:
    return Source("m", Path("m"), config={"quantization_config": {"quant_method": method}})


@pytest.mark.parametrize(
    ("found", "given", "complaint"),
    [
        (LLAMA, {"load_in_4bit": True}, "pip install bitsandbytes$"),
        (LLAMA, {"load_in_4bit": True, "load_in_8bit": True}, "contradict each other"),
        (LLAMA, {"bnb_4bit_quant_type": "nf4"}, "goes with load_in_4bit"),
        (LLAMA, {"gptqmodel": True}, "pip install gptqmodel$"),
        (with_method("bitsandbytes"), {}, "m is quantised .bitsandbytes., .*pip install bitsandbytes$"),
        (with_method("gptq"), {}, "pip install gptqmodel optimum$"),
        (with_method("awq"), {}, "pip install gptqmodel$"),
        (with_method("compressed-tensors"), {}, "pip install compressed-tensors$"),
        (with_method("awq"), {"load_in_4bit": True}, "quantised already"),
        (Source("x.gguf", Path("x.gguf")), {}, "pip install gguf sentencepiece$"),
    ],
)
def test_a_missing_package_of_a_quantised_model_is_named(
    monkeypatch: pytest.MonkeyPatch, found: Source, given: dict[str, object], complaint: str
) -> None:
    monkeypatch.setattr(quantization, "_installed", lambda _: False)
    with pytest.raises(UserError, match=complaint):
        quantization.check(found, given)
    monkeypatch.setattr(quantization, "_installed", lambda _: True)
    if "pip" in complaint:
        quantization.check(found, given)


def test_bits_become_a_configuration() -> None:
    rest, config = quantization.split({"load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16", "revision": "main"})
    assert rest == {"revision": "main"}
    assert config.load_in_4bit
    assert str(config.bnb_4bit_compute_dtype) == "torch.bfloat16"
    assert quantization.described(SimpleNamespace(quantization_config=config)) == "bitsandbytes 4 bit"
    assert quantization.split({"dtype": "auto"}) == ({"dtype": "auto"}, None)
    with pytest.raises(UserError, match="bitsandbytes does not take"):
        quantization.split({"load_in_4bit": True, "bnb_4bit_compute_dtype": "int55"})
