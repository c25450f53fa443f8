"""The one reader of rows: the same rows from every format, and the same one-line errors."""

import io
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers import GERMAN, ROOT, write_jsonl
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import tables

ROWS = [{"id": "1", "text": "Größe\u2028x"}, {"id": "2", "text": 'He said "why",\nand left'}]


def jsonl(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("\n" + "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def json_list(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text(" \n" + json.dumps(rows, indent=1), encoding="utf-8-sig")


def parquet(file: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), file)


def csv(file: Path, rows: list[dict[str, Any]]) -> None:
    cells = ['{id},"{}"'.format(row["text"].replace('"', '""'), id=row["id"]) for row in rows]
    file.write_text("id,text\n" + "\n".join(cells) + "\n", encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("name", "write", "places"),
    [
        ("a.jsonl", jsonl, ["line 2", "line 3"]),
        ("a.json", jsonl, ["line 2", "line 3"]),
        ("a.json", json_list, ["entry 1", "entry 2"]),
        ("a.jsonl", json_list, ["entry 1", "entry 2"]),
        ("a.parquet", parquet, ["row 1", "row 2"]),
        ("a.csv", csv, ["line 2", "line 4"]),
    ],
)
def test_every_format_gives_the_same_rows(
    name: str, write: Callable[[Path, list[dict[str, Any]]], None], places: list[str], tmp_path: Path
) -> None:
    write(tmp_path / name, ROWS)
    assert tables.read_rows(tmp_path / name) == [
        (f"{tmp_path / name} {place}", row) for place, row in zip(places, ROWS, strict=True)
    ]
    with (tmp_path / name).open("rb") as file:
        assert tables.read_rows(file, f"org/set/{name}")[1][0] == f"org/set/{name} {places[1]}"


def test_values_are_what_the_file_says(tmp_path: Path) -> None:
    file = io.BytesIO(b'{"a": "2024-01-02"}\n{"a": 4, "b": null}\r\n{"a": [1.5]}')
    assert [row for _, row in tables.rows(file, "a.jsonl")] == [{"a": "2024-01-02"}, {"a": 4, "b": None}, {"a": [1.5]}]
    assert [row for _, row in tables.rows(io.BytesIO(b"a,b\n007,\n"), "a.csv")] == [{"a": "007", "b": None}]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_cells_are_separated_as_spreadsheets_of_any_country_do(separator: str) -> None:
    lines = [["id", '"a, b; c"', "label"], ["1", '"x;y,z\tw"', "tie"]]
    text = "\ufeff" + "".join(separator.join(line) + "\r\n" for line in lines)
    found = [row for _, row in tables.rows(io.BytesIO(text.encode()), "a.csv")]
    assert found == [{"id": "1", "a, b; c": "x;y,z\tw", "label": "tie"}]


def test_a_folder_says_nothing_about_the_rows_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "language=fi").mkdir()
    parquet(tmp_path / "language=fi" / "a.parquet", [{"language": "de"}])
    assert tables.read_rows(tmp_path / "language=fi" / "a.parquet")[0][1] == {"language": "de"}


def test_the_files_of_a_folder_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    parquet(tmp_path / "b" / "a.parquet", ROWS[:1])
    csv(tmp_path / "c.csv", ROWS[1:])
    jsonl(tmp_path / "a.jsonl", ROWS[:1])
    (tmp_path / "README.md").write_text("# About")
    assert [row["id"] for _, row in tables.rows_of(tables.files_of(tmp_path)[0])] == ["1", "1", "2"]
    assert tables.files_of(tmp_path / "any.txt") == ([tmp_path / "any.txt"], [])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"holds no \.parquet, \.jsonl, .*\.csv or \.tsv file"):
        tables.files_of(tmp_path / "empty")


def damaged_parquet() -> bytes:
    buffer = io.BytesIO()
    groups = [{"text": f"{n} {os.urandom(20).hex()}"} for n in range(3000)]
    pq.write_table(pa.Table.from_pylist(groups), buffer, row_group_size=1000, compression="zstd", use_dictionary=False)
    whole = bytearray(buffer.getvalue())
    start = pq.ParquetFile(buffer).metadata.row_group(1).column(0).data_page_offset
    whole[start : start + 2000] = bytes(2000)
    return bytes(whole)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "a.jsonl line 2: not valid JSON (Expecting value, column 7)"),
        ("a.jsonl", b'{"a": 1}\n[1]\n', "a.jsonl line 2: not a JSON object"),
        ("a.jsonl", b'{"a": ' + b"[" * 100_000 + b"\n", "a.jsonl line 1: JSON nested too deeply"),
        ("a.jsonl", b'{"a": ' + b"1" * 5000 + b"}\n", "a.jsonl line 1: not valid JSON (a number with too many digits)"),
        ("a.jsonl", b'{"a": "\xe4"}\n', "a.jsonl: not readable as UTF-8 text"),
        ("a.json", b'[{"a": 1},\n {"a": }]', "a.json: not valid JSON (Expecting value, line 2 column 8)"),
        ("a.json", b'[{"a": 1}, 5]', "a.json entry 2: not a JSON object"),
        ("a.csv", b"a,b\n1,2\n1\n", "a.csv line 3: has fewer cells than names"),
        ("a.csv", b"a,b\n1,2,3\n", "a.csv line 2: has more cells than names"),
        ("a.csv", b'a,b\n1,"2" x\n', "a.csv line 2: not valid CSV"),
        ("a.csv", b"a,b,a\n1,2,3\n", "a.csv line 1: has two columns 'a'"),
        ("a.csv", b"a\n\xe4\n", "a.csv: not readable as UTF-8 text"),
        ("a.parquet", b"", "a.parquet: not a readable Parquet file ("),
        ("a.parquet", b"PAR1 no", "a.parquet: not a readable Parquet file ("),
        ("a.parquet", damaged_parquet(), "a.parquet: damaged after row 1000 ("),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    for file, given in ((tmp_path / name, None), (io.BytesIO(content), f"{tmp_path}/{name}")):
        with pytest.raises(UserError) as error:
            tables.read_rows(file, given)
        assert str(error.value).startswith(f"{tmp_path}/{says}")
        assert "\n" not in str(error.value)


def test_what_is_no_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.jsonl: no such file"):
        tables.read_rows(tmp_path / "absent.jsonl")
    with pytest.raises(UserError, match="is a folder, not a file"):
        tables.read_rows(tmp_path)


def test_an_error_of_the_network_is_not_taken_for_damage() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise TimeoutError("no reply")

    with pytest.raises(TimeoutError):
        tables.read_rows(Failing(b"PAR1" * 10), "a.parquet")


@pytest.mark.parametrize(("name", "line"), [("a.jsonl", b'{"text": "%d"}\n'), ("a.csv", b"%d\n")])
def test_memory_does_not_grow_with_the_file(name: str, line: bytes, tmp_path: Path) -> None:
    def peak(count: int) -> int:
        (tmp_path / name).write_bytes((b"text\n" if name == "a.csv" else b"") + line % 10**200 * count)
        tracemalloc.start()
        try:
            assert sum(1 for _ in tables.rows(tmp_path / name)) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small = peak(1000)
    assert peak(10_000) < 2 * small


def test_a_pipe_is_a_file(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "outputs.jsonl", [{"prediction": GERMAN, "language": "de"}])
    asked = [f"{sys.executable} -m xl_alpacaeval_metric fidelity"] * 2
    for command in (f"{asked[0]} <(cat {file})", f"cat {file} | {asked[1]} /dev/stdin"):
        settings = {**os.environ, "PYTHONPATH": str(ROOT)}
        result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=settings)
        assert result.returncode == 0, result.stderr
        assert "100.0" in result.stdout
