"""A benchmark of one's own: from files of every format, in every command."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import FINNISH, GERMAN, write_jsonl
from tests.servers.hub import HubServer
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.publishing import benchmark_dataset

ROWS: list[dict[str, Any]] = [
    {"id": "a", "instruction": "Kerro koirasta.", "language": "fi", "reference": FINNISH, "subset": "tale"},
    {"id": "b", "instruction": "Write to a neighbour.", "language": "et", "reference": None, "subset": None},
    {"id": "a", "instruction": "Erz\u00e4hl vom Hund.", "language": "de", "reference": GERMAN, "subset": ""},
]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet"])
def test_every_format_gives_the_same_rows(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"mine{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), file)
    elif suffix == ".csv":
        cells = [",".join(f'"{row[key] or ""}"' for key in ROWS[0]) for row in ROWS]
        file.write_text("\n".join([",".join(ROWS[0]), *cells]), encoding="utf-8")
    else:
        file.write_text(json.dumps(ROWS) if suffix == ".json" else "\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    found = benchmark.load(str(file))
    assert found.name == "mine"
    assert found.references == "mine"
    assert [(row.id, row.response_language, row.instruction, row.reference) for row in found.rows] == [
        (row["id"], row["language"], row["instruction"], row["reference"]) for row in ROWS
    ]
    assert [row.subset for row in found.rows] == ["tale", "", ""]
    assert [row.response_language for row in benchmark.load(str(file), ["de", "fi"], limit=1).rows] == ["de", "fi"]


def test_a_context_stands_before_the_instruction_unless_it_is_in_it(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "instruction": "Sum it up.", "language": "fi", "context": "A long text."},
        {"id": 2, "instruction": "A long text.\nSum it up.", "language": "fi", "context": "A long text."},
    ]
    first, second = benchmark.load(str(write_jsonl(tmp_path / "c.jsonl", rows))).rows
    assert first.instruction == '"""\nA long text.\n"""\n\nSum it up.'
    assert (first.request, first.context) == ("Sum it up.", "A long text.")
    assert second.instruction == rows[1]["instruction"]


def test_an_exported_benchmark_is_read_again(tmp_path: Path) -> None:
    own = benchmark.load(str(write_jsonl(tmp_path / "mine.jsonl", ROWS)))
    benchmark_dataset.export(own, tmp_path / "hub")
    assert set(benchmark.load(str(tmp_path / "hub")).rows) == set(own.rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "is empty; a benchmark needs rows with id, instruction, language"),
        ([{"id": "a", "instruction": "x"}], 'line 1: no "language"'),
        ([{"id": "a", "language": "fi"}], 'line 1: no text in column "instruction"'),
        ([{"id": "a", "instruction": 5, "language": "fi"}], 'line 1: "instruction" is int, not text'),
        ([{"id": "a", "instruction": "x", "language": "qqq"}], "line 1: .*qqq"),
        ([{"id": "a", "instruction": "x", "language": "fi"}] * 2, "line 2: id 'a' stands in 'fi' already"),
        ([{"id": "a", "instruction": "\ud800", "language": "fi"}], "half a character"),
    ],
)
def test_bad_rows_are_one_line(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        benchmark.load(str(write_jsonl(tmp_path / "mine.jsonl", rows)))


def test_sources_that_are_none_are_one_line(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "mine.jsonl", ROWS)
    for name, message in (
        ("nowhere.jsonl", "nowhere.jsonl: no such file or folder"),
        ("org/nowhere", "org/nowhere: is no file, no folder, and not available"),
        ("mino", "unknown benchmark 'mino'; there are xl, m, en, mini, context, or give a file"),
    ):
        with pytest.raises(UserError, match=message):
            benchmark.load(name)
    with pytest.raises(UserError, match="has no rows in 'sv'; it has fi, et, de"):
        benchmark.load(str(file), ["sv"])
    # Its ids and references were lost where it stood in the place of AlpacaEval's requests.
    with pytest.raises(UserError, match=r"names the language of its answer.*--benchmark .*mine\.jsonl"):
        benchmark.load("xl", ["fi"], path=file)


def test_a_dataset_of_the_hub_is_a_benchmark_by_its_test_split(tmp_path: Path) -> None:
    rows = "\n".join(map(json.dumps, ROWS)).encode()
    other = json.dumps({"id": "t", "instruction": "x", "language": "fi", "reference": "y"}).encode()
    judge = ("--judge", "openai/any", "--judge-base-url", "http://127.0.0.1:9/v1", "--one-order")
    with HubServer() as hub:
        hub.add("org/mine", {"data/test-00000.jsonl": rows, "data/train-00000.jsonl": other, "README.md": b"# Mine\n"})
        environment = hub.environment(tmp_path / "home")
        found = run("estimate", "--benchmark", "org/mine", *judge, **environment)
        assert found.returncode == 0, found.stderr
        assert found.stdout.startswith("3 requests, ")
        assert "1 of 3 rows has no reference" in found.stderr
        gone = run("estimate", "--benchmark", "org/gone", *judge, **environment)
    assert "org/gone: is no file, no folder, and not available as a dataset of the Hub" in complaint(gone)
