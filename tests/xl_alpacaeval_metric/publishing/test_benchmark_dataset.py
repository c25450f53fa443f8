"""A benchmark as a Hub folder, read back by the libraries that the Hub uses."""

import json
from pathlib import Path

import pytest
import yaml

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.publishing import benchmark_dataset


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("name", "codes"), [("mini", ["fi", "zh"]), ("context", None)])
def test_the_folder_loads_by_name_and_holds_the_rows(offline: Path, name: str, codes: list[str] | None) -> None:
    import datasets

    rows = benchmark.load(name, codes)
    folder = Path(f"xl-{name}")
    written = benchmark_dataset.export(rows, folder)
    assert set(datasets.get_dataset_config_names(str(folder))) == set(written)
    for code in ("fi", "zh"):
        loaded = datasets.load_dataset(str(folder), code, split="test", cache_dir=str(offline / "cache"))
        expected = [row for row in rows.rows if row.response_language == code]
        assert [row["instruction"] for row in loaded] == [row.instruction for row in expected]
        assert [row["reference"] for row in loaded] == [row.reference for row in expected]
        assert (
            next(iter(datasets.load_dataset(str(folder), code, split="test", streaming=True)))["id"] == expected[0].id
        )


def test_eval_yaml_has_a_task_for_each_language_that_inspect_ai_reads(offline: Path) -> None:
    folder = offline / "mini"
    benchmark_dataset.export(benchmark.load("mini", ["fi", "pt"]), folder)
    content = yaml.safe_load((folder / "eval.yaml").read_text("utf-8"))
    assert content["evaluation_framework"] == "inspect-ai"
    for task, code in zip(content["tasks"], ("fi", "pt"), strict=True):
        assert task.keys() == {"id", "config", "split", "field_spec", "solvers", "scorers"}
        assert (task["id"], task["config"], task["split"]) == (code, code, "test")
        columns = [task["field_spec"]["input"], task["field_spec"]["target"], *task["field_spec"]["metadata"]]
        assert set(columns) <= set(benchmark_dataset.features())
    assert "is not the win rate" in content["description"]
    assert "`inspect eval hf/ORG/NAME/fi" in (folder / "README.md").read_text("utf-8")


def test_rows_without_references_have_no_eval_yaml(offline: Path) -> None:
    (offline / "finnish.json").write_text(json.dumps([{"instruction": "Kysymys?"}]), encoding="utf-8")
    benchmark_dataset.export(benchmark.load("xl", ["fi"], path=offline), offline / "xl")
    assert not (offline / "xl" / "eval.yaml").exists()
    assert "eval.yaml" not in (offline / "xl" / "README.md").read_text("utf-8")


def test_the_card_says_whose_the_rows_and_the_references_are(offline: Path) -> None:
    from huggingface_hub import DatasetCard

    (offline / "finnish.json").write_text(json.dumps([{"instruction": "Kysymys?"}]), encoding="utf-8")
    rows = benchmark.with_references(
        benchmark.load("xl", ["fi"], path=offline), {("xl-0000", "fi"): "Vastaus."}, "openai/gpt-4o-mini"
    )
    benchmark_dataset.export(rows, offline / "xl")
    card = DatasetCard.load(offline / "xl" / "README.md")
    assert card.data.license == "cc-by-nc-4.0"
    assert card.data.language == ["en", "fi"]
    assert "openai/gpt-4o-mini" in card.text
    assert "not a part of xl-suite" in card.text.replace("\n", " ")
    assert rows.revision in card.text


def test_an_export_replaces_its_own_folder_and_no_other(offline: Path) -> None:
    folder = offline / "mini"
    benchmark_dataset.export(benchmark.load("mini", ["fi", "pt"]), folder)
    benchmark_dataset.export(benchmark.load("mini", ["fi"]), folder)
    assert not (folder / "pt").exists()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds notes\.txt"):
        benchmark_dataset.export(benchmark.load("mini", ["fi"]), folder)
    assert (folder / "notes.txt").read_text() == "mine"


def test_the_command(offline: Path) -> None:
    result = run("export-benchmark", "context", "--output", offline / "context", "--languages", "fi,de")
    assert result.returncode == 0, result.stderr
    assert "fi: 20 rows\n" in result.stdout
    assert "unknown benchmark" in complaint(run("export-benchmark", "none", "--output", offline / "x"))
    assert not (offline / "x").exists()
