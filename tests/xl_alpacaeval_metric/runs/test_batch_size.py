"""The batch size of answers where the user sets none."""

from types import SimpleNamespace

import pytest

from xl_alpacaeval_metric.runs.answers import batch_size

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
GIB = 2**30


def network(**settings: int) -> SimpleNamespace:
    config = transformers.LlamaConfig(
        **{
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            **settings,
        }
    )
    return SimpleNamespace(config=config, dtype=torch.bfloat16)


def on_gpu(
    monkeypatch: pytest.MonkeyPatch, free: int, network: SimpleNamespace, reserved: int = 0, allocated: int = 0
) -> SimpleNamespace:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 80 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: reserved)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: allocated)
    return SimpleNamespace(device="cuda", model=network)


def test_keys_and_values_of_a_token_are_counted() -> None:
    assert batch_size.cache_bytes(network()) == 2 * 32 * 8 * 128 * 2  # Llama 3.1 8B: 128 KiB
    assert batch_size.cache_bytes(network(num_key_value_heads=32)) == 2 * 32 * 32 * 128 * 2
    assert batch_size.cache_bytes(network(head_dim=64)) == 2 * 32 * 8 * 64 * 2


def test_a_model_of_an_unknown_kind_has_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    mamba = SimpleNamespace(config=transformers.MambaConfig(), dtype=torch.bfloat16)
    assert batch_size.cache_bytes(mamba) == 0
    assert batch_size.size(on_gpu(monkeypatch, GIB, mamba), 1000) == batch_size.UNKNOWN


def test_a_gpu_takes_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert batch_size.size(on_gpu(monkeypatch, 60 * GIB, network()), 1024) == 128
    assert batch_size.size(on_gpu(monkeypatch, 5 * GIB, network()), 1024) == 24
    assert batch_size.size(on_gpu(monkeypatch, 5 * GIB, network()), 8192) == 3
    assert batch_size.size(on_gpu(monkeypatch, GIB // 64, network()), 8192) == 1


def test_what_torch_keeps_for_itself_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    lm = on_gpu(monkeypatch, GIB, network(), reserved=20 * GIB, allocated=16 * GIB)
    assert batch_size.size(lm, 1024) == 24


def test_without_a_gpu_it_is_eight() -> None:
    assert batch_size.size(SimpleNamespace(device="cpu", model=network()), 1024) == 8


def test_the_harness_is_left_to_itself_where_auto_means_all() -> None:
    from lm_eval.api.registry import get_model

    assert batch_size.is_of_transformers(get_model("hf"))
    assert batch_size.is_of_transformers(get_model("hf-multimodal"))
    assert not batch_size.is_of_transformers(get_model("local-completions"))
    assert batch_size.at_first(get_model("hf")) == 1
    assert batch_size.at_first(type("VLLM_VLM", (type("VLLM", (), {}),), {})) == "auto"
    assert batch_size.at_first(get_model("nemo_lm")) == 8
