"""What `xl-instruct build` reads: foreign rows, damaged files and wrong arguments."""

import gzip
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

from tests.helpers import FINNISH, GERMAN, rows, write_jsonl
from tests.xl_instruct_dataset.hub.building import command
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.hub.build import build
from xl_instruct_dataset.sources.source import Source

pytestmark = pytest.mark.usefixtures("elsewhere")

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


def a_row(text: str) -> dict[str, str]:
    return {"instruction": f"Why {text}?", "response": f"{GERMAN} {text}"}


def test_rows_of_other_splits_do_not_become_training_rows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for split in ("train", "validation", "test"):
        write_jsonl(tmp_path / "mine" / "en-de" / f"{split}.jsonl", [a_row(split)])
    built = build(None, Source("mine"), tmp_path / "out", silent)
    assert built.written["en-de"].rows == 1
    assert datasets.load_dataset("out", "en-de", split="train")["instruction"][:] == ["Why train?"]
    assert "mine: left out 1 file (split test): en-de/test.jsonl" in caplog.text
    assert "mine: left out 1 file (split validation): en-de/validation.jsonl" in caplog.text


def test_the_card_s_splits_count_more_than_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in (0, 1):
        write_jsonl(tmp_path / "mine" / "en-de" / f"part-{number}.jsonl", [a_row(str(number))])
    card = "configs:\n- config_name: en-de\n  data_files:\n  - split: test\n    path: en-de/part-1.jsonl\n"
    (tmp_path / "mine" / "README.md").write_text(f"---\n{card}---\n")
    assert build(None, Source("mine"), tmp_path / "out", silent).written["en-de"].rows == 1
    assert "left out 1 file (split test): en-de/part-1.jsonl" in caplog.text


def test_shards_are_read_whatever_their_name_and_compression(tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "en-de"
    for number, name in enumerate(("part-0.jsonl", "part-1.JSONL", "part-2.jsonl.gz")):
        write_jsonl(folder / name, [a_row(f"{number}.{row}") for row in range(3)])
    (folder / "part-2.jsonl.gz").write_bytes(gzip.compress((folder / "part-2.jsonl.gz").read_bytes()))
    built = build(None, Source("mine"), tmp_path / "out", silent)
    assert built.written["en-de"].rows == 9


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
        "mine: 3 of 100 responses are not in the language of en-de, the first is id 'en-de-0000098'; "
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
        (("--leave-out", "nope"), "--leave-out nope: the bundled sample has no column to leave out; name another"),
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
