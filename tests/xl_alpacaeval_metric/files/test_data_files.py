"""Which files of a folder hold rows, and how compressed ones are read."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import data_files, tables

ROWS = [{"instruction": "Miksi?", "n": str(n)} for n in range(3)]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
CSV = ("instruction;n\n" + "".join(f"{row['instruction']};{row['n']}\n" for row in ROWS)).encode()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as file:
        file.write(content)
    return bytes(sink.getvalue().to_pybytes())


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}


@pytest.mark.parametrize("suffix", COMPRESSORS)
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", JSONL),
        ("A.JSONL", JSONL),
        ("a.ndjson", JSONL),
        ("a.jsonlines", JSONL),
        ("a.jl", JSONL),
        ("a.json", json.dumps(ROWS).encode()),
        ("a.csv", CSV),
    ],
)
def test_every_format_is_read_however_compressed(tmp_path: Path, name: str, content: bytes, suffix: str) -> None:
    file = tmp_path / f"{name}{suffix}"
    file.write_bytes(COMPRESSORS[suffix](content))
    assert [row for _, row in tables.rows(file)] == ROWS


def test_a_compressed_parquet_file_is_read(tmp_path: Path) -> None:
    plain = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), plain)
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert [row for _, row in tables.rows(tmp_path / "b.parquet.gz")] == ROWS


def test_members_of_one_archive_are_all_read(tmp_path: Path) -> None:
    for suffix, compress in (item for item in COMPRESSORS.items() if item[0]):
        file = tmp_path / f"a.jsonl{suffix}"
        file.write_bytes(compress(JSONL) + compress(JSONL))
        assert len(tables.read_rows(file)) == 2 * len(ROWS), suffix


@pytest.mark.parametrize("suffix", [suffix for suffix in COMPRESSORS if suffix])
def test_a_damaged_archive_is_one_line(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a.jsonl{suffix}"
    for content in (b"this was never compressed", COMPRESSORS[suffix](JSONL * 1000)[:60]):
        file.write_bytes(content)
        with pytest.raises(UserError, match=rf"a\.jsonl\{suffix}: damaged, cannot be decompressed \("):
            tables.read_rows(file)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train-00000-of-00001.parquet", "train"),
        ("en-fi/test.jsonl", "test"),
        ("test/en-fi.jsonl", "test"),
        ("dev_en_fi.jsonl.gz", "validation"),
        ("EVAL/part-0.JSONL", "test"),
        ("test/train.jsonl", "train"),
        ("latest.jsonl", None),
        ("contest/devices.jsonl", None),
    ],
)
def test_the_split_that_a_path_names(name: str, split: str | None) -> None:
    assert data_files.split_of(name) == split


def test_files_of_other_splits_are_left_out_and_named() -> None:
    every = data_files.with_rows(["a.jsonl", "test.jsonl", "valid/b.jsonl", "train.jsonl"])
    found = data_files.of_train(every)
    assert found.names == ("a.jsonl", "train.jsonl")
    assert found.notes("folder") == [
        "folder: left out 1 file (split test): test.jsonl",
        "folder: left out 1 file (split validation): valid/b.jsonl",
    ]


def test_a_card_counts_more_than_a_file_s_name() -> None:
    every = data_files.with_rows(["data/part-0.parquet", "data/part-1.parquet", "data/test-paper.parquet"])
    declared = [("test", "data/part-1.parquet"), ("train", "data/test-*.parquet")]
    assert data_files.of_train(every, declared).names == ("data/part-0.parquet", "data/test-paper.parquet")


def test_what_is_not_read_is_named_and_what_holds_no_rows_is_not() -> None:
    every = data_files.with_rows(
        ["a.jsonl", "a.jsonl.gz", "b.tar", "c.gz", "d.arrow", "README.md", ".cache/x.jsonl", "dataset_infos.json"]
    )
    assert every.names == ("a.jsonl",)
    assert {name for name, _ in every.left_out} == {"a.jsonl.gz", "b.tar", "c.gz", "d.arrow"}
    beside = [
        "LICENSE",
        "license.txt",
        "Makefile",
        "make.py",
        "a.PNG",
        "citation.cff",
        ".gitattributes",
        "README.md.gz",
    ]
    other = data_files.with_rows(["part-2", "rows.txt", "de.jsonl.bak", *beside])
    assert other.notes("folder") == [
        "folder: left out 2 files (a format that is not read): de.jsonl.bak, rows.txt",
        "folder: left out 1 file (no suffix that names its format): part-2",
    ]


def test_a_folder_without_rows_says_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "state.arrow").write_bytes(b"")
    with pytest.raises(UserError, match=r"holds no \.parquet, .*\.tsv file; .*left out 1 file \(Arrow files"):
        data_files.in_folder(tmp_path)


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["train-00000-of-00002.parquet"], ["train-00001-of-00002.parquet"]),
        (["a/part_001_of_003.jsonl.gz", "a/part_003_of_003.jsonl.gz"], ["a/part_000_of_003.jsonl.gz"]),
        (["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"], []),
        (["train-00001-of-00002.parquet", "train-00002-of-00002.parquet"], []),
        (["train-1-of-2.parquet", "train.jsonl"], []),
    ],
)
def test_a_missing_shard_is_named(names: list[str], missing: list[str]) -> None:
    found = data_files.with_rows(names)
    assert list(found.names) == names
    assert [name for name, reason in found.left_out if reason == "missing beside its other shards"][:1] == missing
