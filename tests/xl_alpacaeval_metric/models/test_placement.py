"""GPUs that are not there: their number and memory are given, everything else is real."""

import json
from pathlib import Path

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.machine import gpus
from xl_alpacaeval_metric.machine.gpus import Gpu
from xl_alpacaeval_metric.models import source
from xl_alpacaeval_metric.models.placement import Placement, place
from xl_alpacaeval_metric.models.source import Source

GIB = 2**30


def with_gpus(monkeypatch: pytest.MonkeyPatch, number: int, memory: float = 80) -> None:
    found = tuple(Gpu(str(index), "NVIDIA H100", int(memory * GIB)) for index in range(number))
    monkeypatch.setattr(gpus, "available", lambda: found)


def model(folder: Path, gib: float, heads: int = 64, **config: object) -> Source:
    """A folder whose weights file has this size, without taking it on the disk."""
    folder.mkdir(exist_ok=True)
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(int(gib * GIB))
    settings = {"num_attention_heads": heads, "dtype": "bfloat16", **config}
    (folder / "config.json").write_text(json.dumps(settings))
    return source.find(str(folder))


@pytest.mark.parametrize(
    ("backend", "gib", "heads", "number", "copies", "arguments"),
    [
        ("hf", 15, 32, 1, ((),), {}),
        ("hf", 15, 32, 4, (("0",), ("1",), ("2",), ("3",)), {}),
        ("hf", 131, 64, 4, (("0", "1", "2", "3"),), {"parallelize": True}),
        ("hf", 131, 64, 8, (("0", "1", "2", "3"), ("4", "5", "6", "7")), {"parallelize": True}),
        ("hf", 100, 64, 6, (("0", "1"), ("2", "3"), ("4", "5")), {"parallelize": True}),
        ("vllm", 15, 32, 2, (("0",), ("1",)), {}),
        ("vllm", 131, 64, 4, (("0", "1", "2", "3"),), {"tensor_parallel_size": 4}),
        ("vllm", 131, 64, 3, (("0", "1", "2"),), {"pipeline_parallel_size": 3}),
        (
            "vllm",
            330,
            64,
            6,
            (("0", "1", "2", "3", "4", "5"),),
            {"tensor_parallel_size": 2, "pipeline_parallel_size": 3},
        ),
        ("vllm", 100, 28, 8, tuple((str(2 * n), str(2 * n + 1)) for n in range(4)), {"tensor_parallel_size": 2}),
        ("sglang", 131, 64, 4, (("0", "1", "2", "3"),), {"tp_size": 4}),
    ],
)
def test_a_copy_gets_the_gpus_that_hold_it(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    backend: str,
    gib: float,
    heads: int,
    number: int,
    copies: tuple[tuple[str, ...], ...],
    arguments: dict[str, object],
) -> None:
    with_gpus(monkeypatch, number)
    assert place(model(tmp_path, gib, heads), backend, {}, most_copies=99) == Placement(copies, arguments)


def test_few_answers_are_not_worth_many_copies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_gpus(monkeypatch, 8)
    assert place(model(tmp_path, 1), "hf", {}, most_copies=2).copies == (("0",), ("1",))


def test_a_number_is_what_the_only_copy_gets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_gpus(monkeypatch, 8)
    small = model(tmp_path, 1)
    assert place(small, "vllm", {}, "4") == Placement((("0", "1", "2", "3"),), {"tensor_parallel_size": 4})
    assert place(small, "vllm", {}) == Placement((("0",),), {})
    assert place(small, "hf", {}, "2") == Placement((("0", "1"),), {"parallelize": True})


def test_fewer_bits_need_fewer_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_gpus(monkeypatch, 4, memory=48)
    large = model(tmp_path, 131)
    assert len(place(large, "hf", {"load_in_4bit": True}, most_copies=9).copies[0]) == 1
    assert len(place(large, "hf", {"load_in_8bit": True}, most_copies=9).copies[0]) == 2
    assert len(place(large, "hf", {}, most_copies=9).copies[0]) == 4
    assert len(place(model(tmp_path, 30, dtype="float32"), "hf", {}, most_copies=9).copies[0]) == 1
    assert len(place(model(tmp_path, 40, dtype="float32"), "hf", {}, most_copies=9).copies[0]) == 2
    assert len(place(model(tmp_path, 40, dtype="float32"), "hf", {"dtype": "bfloat16"}, most_copies=9).copies[0]) == 1


def test_an_unknown_size_takes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpus(monkeypatch, 4)
    assert place(Source("org/model"), "vllm", {}, most_copies=9).arguments == {"tensor_parallel_size": 4}
    monkeypatch.setattr(gpus, "available", lambda: (Gpu("0"), Gpu("MIG-1")))
    assert place(Source("org/model"), "hf", {}, most_copies=9) == Placement((("0", "MIG-1"),), {"parallelize": True})


@pytest.mark.parametrize(
    ("backend", "arguments", "wanted", "copies"),
    [
        ("vllm", {"tensor_parallel_size": 2}, "auto", 4),
        ("vllm", {"tensor_parallel_size": 2}, "4", 2),
        ("vllm", {"tensor_parallel_size": 2, "pipeline_parallel_size": 2}, "8", 2),
        ("vllm", {"data_parallel_size": 4}, "auto", 1),
        ("sglang", {"tp_size": "8"}, "8", 1),
        ("hf", {"parallelize": True}, "auto", 1),
        ("hf", {"device_map": "auto"}, "4", 1),
        ("hf", {"parallelize": False}, "4", 4),
    ],
)
def test_the_backend_s_own_arguments_win(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    backend: str,
    arguments: dict[str, object],
    wanted: str,
    copies: int,
) -> None:
    with_gpus(monkeypatch, 8)
    found = place(model(tmp_path, 1), backend, arguments, wanted, most_copies=9)
    assert len(found.copies) == copies
    assert found.arguments == {}


@pytest.mark.parametrize(
    ("backend", "arguments", "wanted", "device", "number", "complaint"),
    [
        ("vllm", {"tensor_parallel_size": 4}, "2", None, 8, "ask for 4 GPUs, but --gpus 2"),
        ("vllm", {"tensor_parallel_size": 2}, "3", None, 8, "ask for 2 GPUs, but --gpus 3"),
        ("vllm", {"tensor_parallel_size": 4}, "auto", None, 2, "ask for 4 GPUs, but torch finds 2"),
        ("vllm", {"data_parallel_size": 2}, "4", None, 8, "ask for 2 GPUs, but --gpus 4"),
        ("hf", {}, "2", None, 0, "torch finds none on this machine"),
        ("hf", {}, "3", None, 2, "torch finds 2 on this machine"),
        ("hf", {}, "2", "cpu", 2, "contradicts --device cpu"),
        ("hf", {}, "2", "cuda:1", 2, "contradicts --device cuda:1"),
        ("hf", {}, "0", None, 2, "neither a number from 1 nor auto"),
        ("hf", {}, "all", None, 2, "neither a number from 1 nor auto"),
        ("local-chat-completions", {}, "2", None, 2, "goes with --backend hf, vllm and sglang"),
    ],
)
def test_what_cannot_be_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    backend: str,
    arguments: dict[str, object],
    wanted: str,
    device: str | None,
    number: int,
    complaint: str,
) -> None:
    with_gpus(monkeypatch, number)
    with pytest.raises(UserError, match=complaint):
        place(model(tmp_path, 1), backend, arguments, wanted, device=device, most_copies=9)


def test_without_a_gpu_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_gpus(monkeypatch, 0)
    assert place(model(tmp_path, 1), "hf", {}, most_copies=9) == Placement()
    with_gpus(monkeypatch, 2)
    assert place(model(tmp_path, 1), "hf", {}, device="cpu", most_copies=9) == Placement()


def test_weights_count_once(tmp_path: Path) -> None:
    for name, size in (("model-1.safetensors", 5), ("model-2.safetensors", 7), ("pytorch_model.bin", 12)):
        (tmp_path / name).write_bytes(b"x" * size)
    (tmp_path / "consolidated.safetensors").write_bytes(b"x" * 12)
    assert source.find(str(tmp_path)).weight_bytes == 12
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "model-2.safetensors"}}))
    assert source.find(str(tmp_path)).weight_bytes == 7
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(tmp_path)}))
    assert source.find(str(tmp_path / "adapter")).weight_bytes == 7


def test_visible_gpus_keep_their_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '0, GPU-aaa, NVIDIA A100, 40960'\necho '1, GPU-bbb, NVIDIA L4, [N/A]'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(gpus, "_has_driver", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv(gpus.VISIBLE, raising=False)
    assert gpus.available() == (Gpu("0", "NVIDIA A100", 40 * GIB), Gpu("1", "NVIDIA L4", None))
    monkeypatch.setenv(gpus.VISIBLE, "GPU-bb, 0")
    assert gpus.available() == (Gpu("GPU-bb", "NVIDIA L4", None), Gpu("0", "NVIDIA A100", 40 * GIB))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert gpus.available() == ()
