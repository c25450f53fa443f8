"""Which backend is taken where the user leaves it open."""

import importlib.util
import json
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from xl_alpacaeval_metric.machine import gpus
from xl_alpacaeval_metric.machine.gpus import Gpu
from xl_alpacaeval_metric.models import backend_choice
from xl_alpacaeval_metric.models.source import Source
from xl_alpacaeval_metric.runs.answers.candidate import Candidate, with_backend

MODEL = Source("org/model")


@pytest.fixture
def vllm_and_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: ModuleSpec("vllm", None) if name == "vllm" else find(name)
    )
    monkeypatch.setattr(gpus, "available", lambda: (Gpu("0"),))


def test_without_vllm_or_a_gpu_it_is_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "available", lambda: (Gpu("0"),))
    assert str(backend_choice.choose(MODEL, {})) == "hf (vLLM is not installed)"


@pytest.mark.parametrize(
    ("arguments", "settings", "backend"),
    [
        ({}, {}, "vllm"),
        ({"base_url": "http://host/v1"}, {}, "local-chat-completions"),
        ({"base_url": "http://host/v1"}, {"chat_template": False}, "local-completions"),
        ({}, {"before": "hf"}, "hf"),
        ({}, {"device": "cpu"}, "hf"),
        ({}, {"device": "cuda:1"}, "hf"),
    ],
)
def test_vllm_is_taken_where_it_can_run(
    vllm_and_gpu: None, arguments: dict[str, object], settings: dict[str, Any], backend: str
) -> None:
    assert backend_choice.choose(MODEL, arguments, **settings).backend == backend


def test_what_only_transformers_takes_decides(vllm_and_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend_choice.choose(Source("model.gguf"), {}).backend == "hf"
    monkeypatch.setattr(gpus, "available", lambda: ())
    assert str(backend_choice.choose(MODEL, {})) == "hf (no GPU here)"


def test_a_run_keeps_its_backend(vllm_and_gpu: None, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"settings": {"backend": "hf"}}))
    found = with_backend(Candidate(str(tmp_path), backend="auto"), tmp_path)
    assert (found.backend, found.chosen) == ("hf", "hf (as this run began)")
    assert with_backend(Candidate(str(tmp_path), backend="auto"), tmp_path / "new").backend == "vllm"
    assert with_backend(Candidate(str(tmp_path), backend="sglang"), tmp_path).chosen == ""
