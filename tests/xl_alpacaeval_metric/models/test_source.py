"""Models of the Hub, as they lie in the cache of a machine without internet."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import commands
from tests.commands import run_alpacaeval
from tests.helpers import closed_port
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import source
from xl_alpacaeval_metric.runs.answers.candidate import Candidate
from xl_alpacaeval_metric.runs.folder import RunFolder

OLD, NEW, BASE = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    source._hub_file.cache_clear()
    yield tmp_path / "hub"
    source._hub_file.cache_clear()


def store(hub: Path, repo: str, commit: str, files: dict[str, str]) -> None:
    """A model in the cache, at this commit of its main branch."""
    folder = hub / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text(commit)
    (folder / "snapshots" / commit).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "snapshots" / commit / name).write_text(text)
    source._hub_file.cache_clear()


CONFIG = json.dumps({"model_type": "llama", "num_attention_heads": 4})


def test_the_commit_is_that_of_the_cache(hub: Path) -> None:
    assert source.find("org/model").commit == ""
    store(hub, "org/model", OLD, {"config.json": CONFIG, "model.safetensors": "12345"})
    store(hub, "org/model", NEW, {"config.json": CONFIG})
    found = source.find("org/model")
    assert (found.commit, found.heads, found.weight_bytes) == (NEW, 4, None)
    older = source.find("org/model", OLD)
    assert (older.commit, older.weight_bytes) == (OLD, 5)


def test_a_run_is_of_one_commit(hub: Path, tmp_path: Path) -> None:
    store(hub, "org/model", OLD, {"config.json": CONFIG})
    candidate = Candidate("org/model")
    before = candidate.identity
    assert before["model_commit"] == OLD
    with RunFolder(tmp_path / "run", before):
        pass
    store(hub, "org/model", NEW, {"config.json": CONFIG})
    with (
        pytest.raises(
            UserError, match=f"org/model at commit {OLD[:12]}, which is at {NEW[:12]} by now; .*revision={OLD}"
        ),
        RunFolder(tmp_path / "run", candidate.identity),
    ):
        pass
    with RunFolder(tmp_path / "run", Candidate("org/model", model_args={"revision": OLD}).identity):
        pass
    # A folder of version 0.1 knows no commit.
    with RunFolder(tmp_path / "old", {key: value for key, value in before.items() if key != "model_commit"}):
        pass
    with RunFolder(tmp_path / "old", candidate.identity):
        pass


def test_an_adapter_of_the_hub_names_its_base(hub: Path) -> None:
    store(hub, "org/base", BASE, {"config.json": CONFIG})
    store(hub, "org/lora", OLD, {"adapter_config.json": json.dumps({"base_model_name_or_path": "org/base"})})
    folder = source.adapter_folder("org/lora")
    assert folder is not None
    assert folder.name == OLD
    identity = Candidate("org/lora").identity
    assert (identity["model_commit"], identity["adapter_commit"]) == (BASE, OLD)
    assert source.adapter_folder("org/base") is None
    assert source.adapter_commit("org/base") == ""
    assert source.adapter_folder("org/unknown") is None


def test_wrong_use_is_said_before_the_hub_is_looked_for(tmp_path: Path) -> None:
    away = {"HF_ENDPOINT": f"http://127.0.0.1:{closed_port()}", "HF_HUB_OFFLINE": "", "HF_HOME": str(tmp_path)}
    result = run_alpacaeval("eval", "org/none", "--judge", "none", "--languages", "xx", **away)
    assert commands.complaint(result) == "xl-alpacaeval: unknown language 'xx': give a BCP-47 code such as de or pt-BR"


def test_an_address_in_an_object_store_is_a_name_and_one_of_a_page_is_not() -> None:
    source.check_name("s3://bucket/models/base")
    with pytest.raises(UserError, match="no name that the Hub can have; need ORG/NAME"):
        source.check_name("https://huggingface.co/org/base")
