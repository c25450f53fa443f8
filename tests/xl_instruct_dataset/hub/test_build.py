"""`xl-instruct build`: the folder that it makes, replaces, or leaves alone."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

from tests.commands import run_python
from tests.commands import start_instruct as start
from tests.helpers import rows, wait_until, write_jsonl
from tests.xl_instruct_dataset.hub.building import command, numbered
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.parquet import rows_at
from xl_alpacaeval_metric.hub import card_text
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.hub.front_matter import TAG
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.hub import parquet
from xl_instruct_dataset.hub.build import build
from xl_instruct_dataset.records import PAIRS, TrainingRow, features
from xl_instruct_dataset.sources import sample
from xl_instruct_dataset.sources.source import Source

pytestmark = pytest.mark.usefixtures("elsewhere")

LOAD = """
import json, datasets
from datasets import get_dataset_config_names, load_dataset
found = load_dataset("xl-instruct", "en-fi")
streamed = {name: list(load_dataset("xl-instruct", name, split="train", streaming=True))
            for name in get_dataset_config_names("xl-instruct")}
print(json.dumps({"first": found["train"][0], "splits": list(found), "streamed": streamed}))
"""


@pytest.mark.slow
def test_every_pair_loads_by_name_offline(built: Path, tmp_path: Path) -> None:
    result = run_python("-c", LOAD, cwd=built, HF_HOME=str(tmp_path))
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
    assert card_text.BIBTEX in card.text
    assert "{" not in card.text.replace("[{role, content}", "").replace(card_text.BIBTEX, "")
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
    return "is a file; give a folder"


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
    wait_until(lambda: list(tmp_path.glob(".xl-instruct-*/en-de/*")), process)
    process.send_signal(ending)
    _, errors = process.communicate()
    assert process.returncode == (130 if ending == signal.SIGINT else -9), errors
    assert {file: file.read_bytes() for file in output.rglob("*") if file.is_file()} == before
    if ending == signal.SIGINT:
        assert "interrupted; nothing was written" in errors
        assert sorted(file.name for file in tmp_path.iterdir()) == ["mine", "xl-instruct"]


def test_memory_does_not_grow_with_the_source(tmp_path: Path) -> None:
    """Rows are streamed: the first is there before the damaged last line has been read."""
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
