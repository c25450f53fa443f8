"""`xl-instruct build`: a folder that `load_dataset` and the Hub read, or nothing at all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

from tests.xl_instruct_dataset.command import FINNISH, GERMAN, rows, run, start, write_jsonl
from xl_alpacaeval_metric.cli import exit_codes
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.parquet import rows_at
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.hub.front_matter import TAG
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.cli import app
from xl_instruct_dataset.hub import parquet
from xl_instruct_dataset.hub.build import build
from xl_instruct_dataset.records import PAIRS, TrainingRow, features
from xl_instruct_dataset.sources import sample
from xl_instruct_dataset.sources.source import Source

LOAD = """
import json, datasets
from datasets import get_dataset_config_names, load_dataset
found = load_dataset("xl-instruct", "en-fi")
streamed = {name: list(load_dataset("xl-instruct", name, split="train", streaming=True))
            for name in get_dataset_config_names("xl-instruct")}
print(json.dumps({"first": found["train"][0], "splits": list(found), "streamed": streamed}))
"""


def command(*arguments: object) -> int:
    """The command in this process; its exit code."""
    sys.argv[1:] = [str(argument) for argument in arguments]
    return exit_codes.run(app, "xl-instruct")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["xl-instruct"])
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / ".cache")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The empty folder in which `xl-instruct build` was called."""
    folder = tmp_path_factory.mktemp("empty")
    code, out, errors = run("build", cwd=folder)
    assert (code, [line.split(":")[0] for line in out.splitlines()]) == (0, [*PAIRS, "xl-instruct"]), errors
    assert [file.name for file in folder.iterdir()] == ["xl-instruct"]
    return folder


def test_every_pair_loads_by_name_offline(built: Path, tmp_path: Path) -> None:
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    result = subprocess.run([sys.executable, "-c", LOAD], cwd=built, env=settings, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["splits"] == ["train"]
    assert sorted(found["streamed"]) == sorted(PAIRS)
    for pair, streamed in found["streamed"].items():
        assert streamed == [row.as_dict() for row in sample.rows(pair.removeprefix("en-"))]
    assert found["first"] == found["streamed"]["en-fi"][0]
    assert found["first"]["messages"][1] == {"role": "assistant", "content": found["first"]["response"]}
    assert found["first"]["response"].startswith("Vesi tulee")


def test_the_card_is_whole(built: Path) -> None:
    card = DatasetCard.load(built / "xl-instruct" / "README.md")
    front = card.data.to_dict()
    assert front["license"] == "apache-2.0"
    assert front["language"] == sorted(pair.removeprefix("en-") for pair in PAIRS)
    assert front["task_categories"] == ["text-generation"]
    assert front["size_categories"] == ["n<1K"]
    assert front["pretty_name"] == "XL-Instruct sample"
    assert "xl-suite" in front["tags"]
    assert [config["config_name"] for config in front["configs"]] == sorted(PAIRS)
    assert [info["config_name"] for info in front["dataset_info"]] == sorted(PAIRS)
    for text in (
        'load_dataset("xl-instruct", "en-fi", split="train")',
        "| `en-fi` | English | Finnish | 24 |",
        "written",
    ):
        assert text in card.text
    assert "{" not in card.text.replace("[{role, content}", "")
    infos = datasets.info.DatasetInfosDict.from_dataset_card_data(card.data)
    for pair in PAIRS:
        files = list((built / "xl-instruct" / pair).iterdir())
        assert infos[pair].features == features()
        assert infos[pair].splits["train"].num_examples == 24
        assert infos[pair].download_size == sum(file.stat().st_size for file in files)


def test_the_files_are_as_the_viewer_likes_them(built: Path) -> None:
    schemas = {}
    for pair in PAIRS:
        with pq.ParquetFile(built / "xl-instruct" / pair / "train-00000-of-00001.parquet") as file:
            schemas[pair] = file.schema_arrow
            column = file.metadata.row_group(0).column(0)
            assert column.has_offset_index
            assert column.has_column_index
            assert column.compression == "ZSTD"
        assert datasets.Features.from_arrow_schema(schemas[pair]) == features()
    assert all(schema.equals(schemas["en-fi"], check_metadata=True) for schema in schemas.values())


def numbered(number: int) -> Iterator[TrainingRow]:
    one = next(sample.rows("de"))
    for place in range(number):
        yield TrainingRow(f"row-{place}", f"Question {place}?", GERMAN, "en", "de", one.provenance)


def test_rows_come_in_groups_and_shards(tmp_path: Path) -> None:
    folder = tmp_path / "xl" / "en-de"
    written = parquet.write(numbered(4500), folder, shard_bytes=1)
    names = sorted(file.name for file in folder.iterdir())
    assert names == [f"train-{number:05d}-of-00005.parquet" for number in range(5)]
    assert [pq.ParquetFile(folder / name).metadata.num_rows for name in names] == [1000] * 4 + [500]
    found = datasets.load_dataset(str(folder), split="train")
    assert found["id"][:] == [f"row-{place}" for place in range(4500)]
    assert written.rows == 4500
    assert written.file_bytes == sum(file.stat().st_size for file in folder.iterdir())

    whole = tmp_path / "whole" / "en-de"
    parquet.write(numbered(4500), whole)
    metadata = pq.ParquetFile(whole / "train-00000-of-00001.parquet").metadata
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [1000] * 4 + [500]
    for made in (folder, whole):
        picked = rows_at(made, [4499, 0, 1000, 999, -1, 4500])
        assert [row["id"] for row in picked] == ["row-0", "row-999", "row-1000", "row-4499"]


def test_a_build_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    output = tmp_path / "xl-instruct"
    build(["en-fi", "en-de"], Source("sample"), output, silent)
    assert [config.name for config in hub_folder.verified(output)] == ["en-de", "en-fi"]
    build(["EN-GA", "en-ga"], Source("sample"), output, silent)
    assert sorted(file.name for file in output.iterdir()) == ["README.md", "en-ga"]
    # Also where the new rows come out of the folder that they replace.
    build(None, Source(str(output)), output, silent)
    assert [config.rows for config in hub_folder.verified(output)] == [24]
    assert datasets.load_dataset("xl-instruct", "en-ga", split="train")[0]["provenance"]["dataset"] == "xl-suite sample"
    assert "license: apache-2.0" in (output / "README.md").read_text("utf-8")
    assert [file.name for file in tmp_path.iterdir() if not file.name.startswith(".cache")] == ["xl-instruct"]


def foreign_folder(output: Path) -> str:
    write_jsonl(output / "notes.jsonl", rows(1))
    return "is not empty and was not made by this command"


def foreign_card(output: Path) -> str:
    output.mkdir()
    (output / "README.md").write_text("---\ntags: [mine]\n---\n")
    return "was not made by this command"


def damaged_card(output: Path) -> str:
    output.mkdir()
    (output / "README.md").write_text("---\ntags: [mine\n---\n")
    return "its front matter is not valid YAML"


def a_file(output: Path) -> str:
    output.write_text("mine")
    return "is a file; --output names a folder"


def a_file_of_mine_in_our_folder(output: Path) -> str:
    build(["en-fi"], Source("sample"), output, silent)
    (output / "en-fi" / "notes.txt").write_text("mine")
    return "holds en-fi/notes.txt, which this command did not write"


def below_a_file(output: Path) -> str:
    output.parent.rmdir()
    output.parent.write_text("mine")
    return "cannot be written"


FOREIGN = (foreign_folder, foreign_card, damaged_card, a_file, a_file_of_mine_in_our_folder, below_a_file)


@pytest.mark.parametrize("make", FOREIGN)
def test_what_others_made_is_left_alone(make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "place"
    place.mkdir()
    says = make(place / "out")

    def state() -> dict[str, bytes | None]:
        return {str(file): file.read_bytes() if file.is_file() else None for file in tmp_path.rglob("*")}

    before = state()
    assert command("build", "--pairs", "en-fi", "--output", place / "out") == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("xl-instruct: ")]
    assert len(lines) == 1
    assert says in lines[0]
    assert state() == before


def test_the_folder_one_is_in_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for output in (".", tmp_path, tmp_path.parent):
        assert command("build", "--pairs", "en-fi", "--output", output) == 2
        assert "is the folder you are in" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    build(["en-fi"], Source("sample"), tmp_path / "link", silent)
    assert (tmp_path / "link").is_symlink()
    assert [config.rows for config in hub_folder.verified(tmp_path / "real")] == [24]


@dataclass(frozen=True)
class Ending(Source):
    """A source that ends with an error of the machine after so many rows."""

    after: int = 10

    def rows(self, pair: str, variant: str = "default") -> Iterator[TrainingRow]:
        for number, row in enumerate(numbered(self.after + 1)):
            if number == self.after:
                raise OSError(5, "Input/output error")
            yield row


@pytest.mark.parametrize("after", [0, 10, 2500])
@pytest.mark.parametrize("there", [False, True])
def test_a_build_that_ends_early_leaves_what_was_there(after: int, there: bool, tmp_path: Path) -> None:
    output = tmp_path / "xl-instruct"
    if there:
        build(["en-fi"], Source("sample"), output, silent)
    with pytest.raises(OSError, match="Input/output"):
        build(["en-de"], Ending("sample", after=after), output, silent)
    assert [file.name for file in tmp_path.iterdir()] == (["xl-instruct"] if there else [])
    if there:
        assert [config.name for config in hub_folder.verified(output)] == ["en-fi"]


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_build_leaves_what_was_there(ending: signal.Signals, tmp_path: Path) -> None:
    output = tmp_path / "xl-instruct"
    build(["en-fi"], Source("sample"), output, silent)
    before = {file: file.read_bytes() for file in output.rglob("*") if file.is_file()}
    write_jsonl(tmp_path / "mine" / "en-de.jsonl", rows(200_000))
    process = start("build", "--source", "mine", cwd=tmp_path)
    limit = time.monotonic() + 60
    while not list(tmp_path.glob(".xl-instruct-*/en-de/*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.02)
    process.send_signal(ending)
    _, errors = process.communicate()
    assert process.returncode == (130 if ending == signal.SIGINT else -9), errors
    assert {file: file.read_bytes() for file in output.rglob("*") if file.is_file()} == before
    if ending == signal.SIGINT:
        assert "interrupted; nothing was written" in errors
        assert sorted(file.name for file in tmp_path.iterdir()) == ["mine", "xl-instruct"]


TRL = [{"prompt": [{"role": "user", "content": "Why?"}], "completion": [{"role": "assistant", "content": GERMAN}]}]
CHAT = [{"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": GERMAN}], "id": 7}]
# Values that a reader with types for whole columns would turn into something else, or stumble over.
ODD = [
    {"instruction": "2024-01-02", "response": GERMAN, "scores": None},
    {"instruction": "42", "response": GERMAN, "scores": {"precision": 4}, "extra": [1]},
    {"prompt": "Why?", "messages": TRL[0]["completion"], "completion": GERMAN, "id": "own"},
]


@pytest.mark.parametrize("folder", ["plain", "with [brackets] and * stars"])
@pytest.mark.parametrize(
    ("found", "instructions", "ids"),
    [
        (TRL, ["Why?"], ["en-de-0000001"]),
        (CHAT, ["Why?"], ["7"]),
        (ODD, ["2024-01-02", "42", "Why?"], ["en-de-0000001", "en-de-0000002", "own"]),
    ],
)
@pytest.mark.parametrize("suffix", ["jsonl", "json", "list.json"])
def test_rows_of_others_get_our_columns(
    folder: str, found: list[dict[str, Any]], instructions: list[str], ids: list[str], suffix: str, tmp_path: Path
) -> None:
    file = write_jsonl(tmp_path / folder / f"german.{suffix}", found)
    if suffix == "list.json":
        file.write_text(" \n" + json.dumps(found, indent=1))
    built = build(None, Source(folder), tmp_path / "out", silent)
    assert built.written["en-de"].rows == len(found)
    loaded = datasets.load_dataset("out", "en-de", split="train")
    assert loaded["instruction"][:] == instructions
    assert loaded["id"][:] == ids
    assert loaded["provenance"][0]["dataset"] == folder
    assert loaded["provenance"][0]["license"] == "unknown"
    assert DatasetCard.load("out/README.md").data.license == "other"


def test_csv_and_parquet_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n")
    text = f'id,prompt,completion\n,42,"{GERMAN}\n{GERMAN}"\n007,"He said ""why""",{GERMAN}\n'
    (tmp_path / "mine" / "de.csv").write_text(text, encoding="utf-8-sig")
    datasets.Dataset.from_list([{"query": "Why?", "answer": FINNISH, "when": None}] * 3).to_parquet("mine/fi.parquet")
    build(None, Source("mine"), tmp_path / "out", silent)
    german = datasets.load_dataset("out", "en-de", split="train")
    assert german["instruction"][:] == ["42", 'He said "why"']
    assert german["id"][:] == ["en-de-0000001", "007"]
    assert german["response"][0] == f"{GERMAN}\n{GERMAN}"
    assert datasets.load_dataset("out", "en-fi", split="train")["id"][:] == [f"en-fi-000000{n}" for n in (1, 2, 3)]
    assert DatasetCard.load("out/README.md").data.license == "cc-by-4.0"


@pytest.mark.parametrize("name", ["bestof3/german.jsonl", "best-of-3/de.jsonl", "en-de-best_of_3/train.jsonl"])
def test_variants_are_built_from_their_own_files(name: str, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "mine" / name, [{"instruction": "best", "output": GERMAN}])
    write_jsonl(tmp_path / "mine" / "german.jsonl", [{"instruction": "first", "output": GERMAN}])
    scored = {"instruction": "scored", "output": "The dog runs through the wood.", "precision": 4, "objectivity": 5}
    write_jsonl(tmp_path / "mine" / "scored" / "english.jsonl", [scored])
    for variant, pair, instruction in (
        ("default", "en-de", "first"),
        ("best_of_3", "en-de", "best"),
        ("scored", "en-en", "scored"),
    ):
        build(None, Source("mine"), tmp_path / variant, silent, variant=variant)
        loaded = datasets.load_dataset(variant, split="train")
        assert [config.name for config in hub_folder.verified(tmp_path / variant)] == [pair]
        assert loaded["instruction"][:] == [instruction]
    assert loaded[0]["scores"]["objectivity"] == 5
    assert loaded[0]["scores"]["naturalness"] is None


def test_rows_in_a_wrong_language_stop_the_build_or_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_jsonl(
        tmp_path / "mine" / "de.jsonl", [*rows(97), *rows(2, FINNISH), *rows(1, "The dog runs through the wood.")]
    )
    assert command("build", "--source", "mine") == 2
    assert (
        "mine: 3 of 100 responses of en-de are not in its language, the first is id 'en-de-0000098'; "
        "check the file, or allow it with --max-wrong-language 0.03"
    ) in capsys.readouterr().err
    assert not (tmp_path / "xl-instruct").exists()
    assert command("build", "--source", "mine", "--max-wrong-language", "0.03") == 0
    assert "en-de: 100 rows" in (out := capsys.readouterr().out)
    assert "3 not in its language (the first: en-de-0000098)" in out


def test_a_language_that_cannot_be_identified_is_said_to_be_unchecked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_jsonl(tmp_path / "mine" / "en-tlh.jsonl", rows(2))
    assert command("build", "--source", "mine") == 0
    assert "en-tlh: 2 rows" in (out := capsys.readouterr().out)
    assert "language not checked" in out


def twice(folder: Path) -> str:
    write_jsonl(folder / "de.jsonl", [{"id": n % 5, "instruction": "a", "response": GERMAN} for n in range(6)])
    return "en-de: id '0' occurs twice"


def cut_parquet(folder: Path) -> str:
    folder.mkdir()
    datasets.Dataset.from_list(rows(3000)).to_parquet(str(folder / "de.parquet"))
    whole = (folder / "de.parquet").read_bytes()
    (folder / "de.parquet").write_bytes(whole[: len(whole) // 2])
    return "de.parquet: not a readable Parquet file ("


def damaged_parquet(folder: Path) -> str:
    folder.mkdir()
    pq.write_table(datasets.Dataset.from_list(rows(5000)).data.table, folder / "de.parquet", compression="zstd")
    whole = bytearray((folder / "de.parquet").read_bytes())
    whole[200:2000] = bytes(1800)
    (folder / "de.parquet").write_bytes(whole)
    return "de.parquet: not a readable Parquet file ("


def empty_parquet(folder: Path) -> str:
    folder.mkdir()
    (folder / "de.parquet").write_bytes(b"")
    return "de.parquet: not a readable Parquet file ("


def damaged_line(folder: Path) -> str:
    file = write_jsonl(folder / "de.jsonl", rows(3))
    file.write_text(file.read_text() + '{"instruction": "a", "resp')
    return "de.jsonl line 4: not valid JSON"


def no_object(folder: Path) -> str:
    write_jsonl(folder / "de.jsonl", rows(1)).open("a").write("[1]\n")
    return "de.jsonl line 2: not a JSON object"


def no_text(folder: Path) -> str:
    folder.mkdir()
    (folder / "de.jsonl").write_bytes(b"\xff\xfe\x00")
    return "de.jsonl: not readable as UTF-8 text"


def other_columns(folder: Path) -> str:
    write_jsonl(folder / "de.jsonl", [*rows(2), {"text": "x"}])
    return "de.jsonl line 3: no instruction with its response; needs instruction or prompt and response or output"


def short_csv(folder: Path) -> str:
    folder.mkdir()
    (folder / "de.csv").write_text("prompt,completion\na\n")
    return "de.csv line 2: has fewer cells than names"


def no_rows(folder: Path) -> str:
    write_jsonl(folder / "de.jsonl", [])
    return "pair en-de has no rows"


def no_files(folder: Path) -> str:
    folder.mkdir()
    return "has no language pair in variant default"


def gone(folder: Path) -> str:
    folder.mkdir()
    (folder / "de.jsonl").symlink_to("nowhere")
    return "has no language pair in variant default"


DAMAGED = (
    *(twice, cut_parquet, damaged_parquet, empty_parquet, damaged_line, no_object, no_text),
    *(other_columns, short_csv, no_rows, no_files, gone),
)


@pytest.mark.parametrize("make", DAMAGED)
def test_a_damaged_source_is_one_line_and_no_folder(
    make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says = make(tmp_path / "mine")
    assert command("build", "--source", "mine") == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("xl-instruct: ")]
    assert len(lines) == 1
    assert says in lines[0]
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--pairs", "en-f1"), "unknown language pair 'en-f1': did you mean en-fi"),
        (("--pairs", "en-fi,en-xx1"), "unknown language pair 'en-xx1'"),
        (("--pairs", "en-sw"), "the bundled sample has no en-sw (default); it has en-de, en-pt"),
        (("--pairs", " , "), "no pair asked for; give some as in en-fi,en-de"),
        (("--variant", "best"), "unknown variant 'best'; there are default, best_of_3, scored"),
        (("--variant", "scored"), "sample: has no language pair in variant scored"),
        (("--source", "./nothing"), "./nothing: no such folder; --source is sample, a folder, or a Hub dataset's id"),
        (("--source", "nothing"), "nothing: no such folder"),
        (("--source", "file"), "file: is a file; --source is sample, a folder"),
        (("--source", "a b/c d"), "a b/c d: neither an existing folder nor a name that the Hub allows"),
        (
            ("--source", "viyer98/xl-instruct"),
            "`hf download viyer98/xl-instruct --repo-type dataset --local-dir FOLDER`",
        ),
        (("--source", "viyer98/xl-instruct", "--streaming"), "--source FOLDER"),
        (("--max-wrong-language", "2"), "--max-wrong-language"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    assert command("build", *arguments) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("xl-instruct: ")]
    assert len(lines) == 1
    assert says in lines[0]
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def missing(folder: Path) -> str:
    (folder / "en-fi" / "train-00000-of-00001.parquet").unlink()
    return "no file en-fi/train-*.parquet, which its card names for en-fi"


def cut(folder: Path) -> str:
    (folder / "en-fi" / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    return "train-00000-of-00001.parquet: not a readable Parquet file"


def fewer(folder: Path) -> str:
    shutil.rmtree(folder / "en-fi")
    parquet.write(numbered(5), folder / "en-fi")
    return "says 24 rows in en-fi, its files hold 5; build it again"


def incomplete(folder: Path) -> str:
    shutil.rmtree(folder / "en-fi")
    parquet.write(numbered(2500), folder / "en-fi", shard_bytes=1)
    (folder / "en-fi" / "train-00001-of-00003.parquet").unlink()
    return "holds 2 of 3 files; build it again"


def columns(folder: Path) -> str:
    datasets.Dataset.from_list(rows(24)).to_parquet(folder / "en-fi" / "train-00000-of-00001.parquet")
    return "says columns id, instruction, response"


def outside(folder: Path) -> str:
    edit(folder, "en-fi/train-*", "../en-fi/train-*")
    return "config en-fi points outside the folder"


def no_data(folder: Path) -> str:
    edit(folder, "    path: en-fi/train-*.parquet", "    path: 3")
    return "config en-fi names no data files"


def no_name(folder: Path) -> str:
    edit(folder, "configs:\n- config_name: en-de", "configs:\n- name: en-de")
    return "an entry of its configs has no config_name"


def odd_info(folder: Path) -> str:
    edit(folder, "num_examples: 24", "num_examples: many")
    return "its dataset_info is not as `datasets` writes it"


def no_card(folder: Path) -> str:
    (folder / "README.md").unlink()
    return "has no front matter with configs; make the folder with xl-instruct build"


def edit(folder: Path, before: str, after: str) -> None:
    text = (folder / "README.md").read_text("utf-8")
    assert before in text
    (folder / "README.md").write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize(
    "spoil", [missing, cut, fewer, incomplete, columns, outside, no_data, no_name, odd_info, no_card]
)
def test_a_folder_that_its_card_does_not_match_is_refused(
    spoil: Any, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(built / "xl-instruct", tmp_path / "xl-instruct")
    assert len(hub_folder.verified(tmp_path / "xl-instruct")) == len(PAIRS)
    says = spoil(tmp_path / "xl-instruct")
    assert command("push", "xl-instruct", "--repo", "org/name", "--dry-run") == 2
    assert says in (errors := capsys.readouterr().err)
    assert len([line for line in errors.splitlines() if line.startswith("xl-instruct: ")]) == 1


def test_memory_does_not_grow_with_the_source(tmp_path: Path) -> None:
    """The reader hands rows on one at a time: the first is there before the damaged last line has been read."""
    file = write_jsonl(tmp_path / "mine" / "de.jsonl", rows(1000))
    file.write_text(file.read_text() + "{")
    found = Source("mine").rows("en-de")
    assert [next(found).id for _ in range(1000)][-1] == "en-de-0001000"
    with pytest.raises(UserError, match="line 1001"):
        next(found)


def test_what_killed_commands_left_is_taken_away_or_put_back(tmp_path: Path) -> None:
    output = tmp_path / "made"

    def write() -> None:
        with hub_folder.replaced(output) as folder:
            (folder / hub_folder.CARD).write_text(f"---\ntags:\n- {TAG}\n---\n", encoding="utf-8")

    def fail() -> None:
        with hub_folder.replaced(output):
            raise UserError("put back" if (output / hub_folder.CARD).exists() else "gone")

    write()
    (tmp_path / ".made-xl-old-abcd_123").mkdir()
    output.rename(tmp_path / ".made-xl-old-abcd_123" / "made")  # As a kill between the two renames leaves it.
    old, new, other = (
        tmp_path / f".made-{end}" for end in ("xl-unfinished-abcdefgh", "xl-unfinished-ijklmnop", "old-20261101")
    )
    for folder in (old, new, other):
        folder.mkdir()
    for folder in (old, other, tmp_path / ".made-xl-old-abcd_123"):
        os.utime(folder, (0, 0))
    with pytest.raises(UserError, match="put back"):
        fail()
    assert {path.name for path in tmp_path.iterdir()} == {"made", new.name, other.name}
    write()
    assert {path.name for path in tmp_path.iterdir()} == {"made", new.name, other.name}
