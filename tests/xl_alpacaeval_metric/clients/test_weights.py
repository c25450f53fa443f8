"""A model's fingerprint depends on its content, not on its folder."""

import json
import os
import shutil
from pathlib import Path

import pytest

from xl_alpacaeval_metric.clients.local.weights import fingerprint
from xl_alpacaeval_metric.runs.answers.candidate import Candidate

WEIGHTS = bytes(range(256)) * 2**14  # 4 MiB.


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"hidden_size": 8}')
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    return folder


def test_a_copy_is_the_same_model_and_notes_about_it_are_not_of_it(model: Path, tmp_path: Path) -> None:
    before = fingerprint(model)
    assert len(before) == 12
    shutil.copytree(model, tmp_path / "copy")
    (tmp_path / "copy" / "README.md").write_text("# A card")
    (tmp_path / "copy" / "trainer_state.json").write_text("{}")
    (tmp_path / "copy" / "checkpoint-8").mkdir()
    assert fingerprint(tmp_path / "copy") == before


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", b'{"hidden_size": 9}'),
        ("chat_template.jinja", b"{{ messages }}"),
        ("model.safetensors", WEIGHTS[:-1]),
        ("model.safetensors", WEIGHTS[1:] + b"x"),
        ("model-00002-of-00002.safetensors", WEIGHTS),
    ],
)
def test_another_model_in_its_place_is_another(model: Path, file: str, content: bytes) -> None:
    before = fingerprint(model)
    (model / file).write_bytes(content)
    assert fingerprint(model) != before


def test_a_small_change_is_told_by_when_it_was_written(model: Path) -> None:
    weights = model / "model.safetensors"
    before, timed = fingerprint(model), fingerprint(model, mtimes=True)
    weights.write_bytes(WEIGHTS[:5000] + b"changed" + WEIGHTS[5007:])
    os.utime(weights, ns=(0, 1))
    assert fingerprint(model) == before
    assert fingerprint(model, mtimes=True) != timed


def test_an_adapter_is_another_with_another_base(model: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(model)}))
    before = fingerprint(adapter)
    (model / "config.json").write_text("{}")
    assert fingerprint(adapter) != before
    (adapter / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/on-the-hub"}')
    assert len(fingerprint(adapter)) == 12


def test_a_base_that_moved_is_the_same(model: Path, tmp_path: Path) -> None:
    adapter, moved = tmp_path / "adapter", tmp_path / "moved"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(model)}))
    before = Candidate(str(adapter)).identity
    model.rename(moved)
    after = Candidate(str(adapter), base=str(moved)).identity
    assert after == before, "a run goes on"
    (moved / "config.json").write_text("{}")
    assert Candidate(str(adapter), base=str(moved)).identity != before
    hub = Candidate(str(adapter), base="someone/on-the-hub").identity
    assert hub["base"] == "someone/on-the-hub"
    assert fingerprint(moved, base=model) == fingerprint(moved), "a model that is no adapter has no base"


def test_what_is_no_model_here_has_none(model: Path, tmp_path: Path) -> None:
    assert fingerprint("someone/on-the-hub") == ""
    assert fingerprint(tmp_path) == ""
    assert len(fingerprint(model / "model.safetensors")) == 12
    assert "model_fingerprint" not in Candidate("someone/on-the-hub", model_args={"dtype": "bfloat16"}).identity


def test_a_candidate_with_another_content_or_adapter_is_another(model: Path, tmp_path: Path) -> None:
    base = Candidate(str(model))
    before, name = base.identity, "model_fingerprint"
    assert base.identity == before
    adapted = Candidate(str(model), model_args={"peft": str(tmp_path / "adapter")})
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"one")
    one = adapted.identity[name]
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"two")
    assert len({before[name], one, adapted.identity[name]}) == 3
    (model / "model.safetensors").write_bytes(WEIGHTS[::-1])
    assert base.identity[name] != before[name]
