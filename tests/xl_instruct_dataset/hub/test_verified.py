"""A folder whose files do not match its card is not pushed."""

import shutil
from pathlib import Path
from typing import Any

import datasets
import pytest

from tests.helpers import rows
from tests.xl_instruct_dataset.hub.building import command, numbered
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_instruct_dataset.hub import parquet
from xl_instruct_dataset.records import PAIRS

pytestmark = pytest.mark.usefixtures("elsewhere")


def missing(folder: Path) -> str:
    (folder / "en-fi" / "train-00000-of-00001.parquet").unlink()
    return "no file en-fi/train-*.parquet, which its card names for en-fi"


def cut(folder: Path) -> str:
    (folder / "en-fi" / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    return "train-00000-of-00001.parquet: not a readable Parquet file"


def bit(folder: Path) -> str:
    file = folder / "en-fi" / "train-00000-of-00001.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 4] ^= 1
    file.write_bytes(content)
    return "train-00000-of-00001.parquet: damaged"


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
    "spoil", [missing, cut, bit, fewer, incomplete, columns, outside, no_data, no_name, odd_info, no_card]
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
