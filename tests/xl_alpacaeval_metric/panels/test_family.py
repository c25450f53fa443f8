import json
from pathlib import Path

import pytest

from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.panels import family


@pytest.mark.parametrize(
    ("candidate", "judge", "shared"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen2.5-72B-Instruct", ["qwen"]),
        ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.3-70B-Instruct", ["llama"]),
        ("gpt-4o-mini", "gpt-4o", ["gpt"]),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "Qwen/Qwen3-32B", ["qwen"]),
        ("google/gemma-2-9b-it", "gpt-4o", []),
        ("mistralai/Mistral-7B-Instruct-v0.3", "Qwen/Qwen2.5-72B-Instruct", []),
        ("allenai/OLMo-2-7B-Instruct", "google/gemma-2-27b-it", []),
    ],
)
def test_families_are_found_in_names(candidate: str, judge: str, shared: list[str]) -> None:
    lines = family.warnings(candidate, Judge(ScriptedClient(lambda _: {"A": 0.0}, model=judge)))
    assert bool(lines) == bool(shared)
    assert all(name in line for line in lines for name in shared)


def test_a_local_folder_is_of_the_family_in_its_config(tmp_path: Path) -> None:
    tuned = tmp_path / "my-best-run"
    tuned.mkdir()
    (tuned / "config.json").write_text(json.dumps({"model_type": "qwen2"}), encoding="utf-8")
    assert "qwen" in family.families(str(tuned))
    (tuned / "config.json").write_text(json.dumps({"model_type": "llama"}), encoding="utf-8")
    assert "llama" not in family.families(str(tuned))
    (tuned / "config.json").write_text("no JSON", encoding="utf-8")
    assert "qwen" not in family.families(str(tuned))
