"""A file of outputs is measured in parts; what comes out is that of all of them at once."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers import write_jsonl
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages.fidelity import language_fidelity
from xl_alpacaeval_metric.outputs import measured

GERMAN = "Heute scheint die Sonne und die Kinder spielen im Garten."
ENGLISH = "The sun is out today and the children play in the garden."
ANSWERS = [
    (GERMAN, "de"),
    (f"<think>{ENGLISH}</think>{GERMAN}", "de"),
    (ENGLISH, "de"),
    (ENGLISH, "en"),
    ("<think>The sun", "en"),
]


def write(file: Path, models: list[str]) -> Path:
    rows = [
        {"prediction": text, "language": code, "model": model}
        for (text, code), model in zip(ANSWERS, models, strict=True)
    ]
    return write_jsonl(file, rows)


@pytest.mark.parametrize("at_once", [1, 2, 4096])
def test_parts_are_as_the_whole(at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "_AT_ONCE", at_once)
    found = measured.measure(write(tmp_path / "answers.jsonl", ["tiny"] * 5))
    assert found.fidelity == language_fidelity([GERMAN, GERMAN, ENGLISH, ENGLISH, ""], ["de", "de", "de", "en", "en"])
    assert list(found.notes) == [
        "thoughts taken off 2 of 5 texts",
        "thoughts that never end, with texts that count as empty: 1 of 2",
        "1 of 5 texts is empty",
    ]
    assert found.model == "tiny"
    measured.write(found, tmp_path / "out")
    assert json.loads((tmp_path / "out/results.json").read_text("utf-8"))["warnings"] == list(found.notes)
    items = [json.loads(line) for line in (tmp_path / "out/items.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(item["id"], item["length"]) for item in items] == [
        ("1", len(GERMAN)),
        ("2", len(GERMAN)),
        ("3", len(ENGLISH)),
        ("4", len(ENGLISH)),
        ("5", 0),
    ]
    assert Counter(item["answered_in"] for item in items) == {"de": 2, "en": 2, "none": 1}


def test_thoughts_that_a_run_took_off_are_counted(tmp_path: Path) -> None:
    ended: dict[str, object] = {"prediction": GERMAN, "language": "de", "thinking": ENGLISH}
    rows = [ended, ended | {"prediction": "", "unfinished": True}, ended | {"thinking": ""}]
    found = measured.measure(write_jsonl(tmp_path / "samples.jsonl", rows))
    assert list(found.notes) == [
        "thoughts that never end, with texts that count as empty: 1 of 2",
        "1 of 3 texts is empty",
    ]


def test_a_file_of_two_models_has_no_name(tmp_path: Path) -> None:
    assert measured.measure(write(tmp_path / "answers.jsonl", ["one", "two", "one", "one", "one"])).model == ""


def test_a_bad_row_is_named_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "_AT_ONCE", 1)
    file = write(tmp_path / "answers.jsonl", ["tiny"] * 5)
    with file.open("a", encoding="utf-8") as lines:
        lines.write('{"language": "de"}\n')
    with pytest.raises(UserError, match='line 6: no "prediction"'):
        measured.measure(file)
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(UserError, match="is empty"):
        measured.measure(tmp_path / "empty.jsonl")
