"""XL-Instruct as a `datasets` builder."""

import os
from pathlib import Path

import datasets
import pytest
from datasets.exceptions import DatasetGenerationError

from tests.helpers import GERMAN, rows, write_jsonl
from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset import XLInstruct
from xl_instruct_dataset.records import PAIRS, features
from xl_instruct_dataset.sources import sample


def test_there_is_a_configuration_for_every_pair_and_variant() -> None:
    names = set(XLInstruct.builder_configs)
    assert names == {
        *PAIRS,
        *(f"en-{code}-best_of_3" for code in languages.PAPER),
        "en-en-scored",
    }


@pytest.mark.parametrize("pair", PAIRS)
def test_every_pair_is_made_and_streamed(pair: str, tmp_path: Path) -> None:
    expected = [row.as_dict() for row in sample.rows(pair.removeprefix("en-"))]
    builder = XLInstruct(config_name=pair, cache_dir=str(tmp_path))
    assert builder.info.features == features()
    assert builder.info.license == "apache-2.0"
    streamed = builder.as_streaming_dataset(split="train")
    assert list(streamed) == expected
    builder.download_and_prepare()
    assert builder.as_dataset(split="train").to_list() == expected
    assert builder.info.splits["train"].num_examples == 24


def test_variants_come_from_a_folder(tmp_path: Path) -> None:
    source = tmp_path / "mine"
    write_jsonl(source / "bestof3" / "german.jsonl", [{"instruction": "best", "output": GERMAN}])
    write_jsonl(source / "scored" / "english.jsonl", [{"instruction": "a", "output": "b", "precision": 4}])
    write_jsonl(source / "german.jsonl", [{"instruction": "first", "output": GERMAN}])
    for name, instruction in (("en-de", "first"), ("en-de-best_of_3", "best"), ("en-en-scored", "a")):
        builder = XLInstruct(config_name=name, source=str(source), cache_dir=str(tmp_path / "cache"))
        (row,) = builder.as_streaming_dataset(split="train")
        assert row["instruction"] == instruction
        builder.download_and_prepare()
        assert builder.as_dataset(split="train").to_list() == [row]
    assert row["scores"]["precision"] == 4


def test_a_changed_source_is_not_taken_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def questions(place: Path) -> int:
        monkeypatch.chdir(place)
        builder = XLInstruct(config_name="en-de", source="mine", cache_dir=str(tmp_path / "cache"))
        builder.download_and_prepare()
        return int(builder.as_dataset(split="train").num_rows)

    for place, number in (("here", 3), ("there", 4)):
        file = write_jsonl(tmp_path / place / "mine" / "de.jsonl", rows(number))
        assert questions(tmp_path / place) == number
    write_jsonl(file, rows(5))
    os.utime(file, ns=(1, 1))
    assert questions(tmp_path / "there") == 5


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        XLInstruct(config_name="en-de", source="./nothing", cache_dir=str(tmp_path))
    builder = XLInstruct(config_name="en-de-best_of_3", cache_dir=str(tmp_path))
    with pytest.raises(UserError, match=r"the bundled sample has no en-de \(best_of_3\)"):
        list(builder.as_streaming_dataset(split="train"))
    with pytest.raises(DatasetGenerationError) as error:
        builder.download_and_prepare()
    assert isinstance(error.value.__cause__, UserError)
    with pytest.raises(ValueError, match="en-xx"):
        XLInstruct(config_name="en-xx", cache_dir=str(tmp_path))


def test_any_other_pair_can_be_named(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "mine" / "sw.jsonl", [{"instruction": "a", "response": "b"}])
    builder = XLInstruct(pair="en-sw", source=str(tmp_path / "mine"), cache_dir=str(tmp_path))
    (row,) = builder.as_streaming_dataset(split="train")
    assert (row["instruction_language"], row["response_language"]) == ("en", "sw")
    assert isinstance(builder.as_streaming_dataset(split="train"), datasets.IterableDataset)
