"""Answers from a run folder, a file and a log of the harness, opened as the same record."""

import json
import shutil
from pathlib import Path

import pytest

from tests.finished_runs import harness_log, made
from tests.helpers import FINNISH, GERMAN, write_jsonl
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.runs import opened

SAVED = Path(__file__).with_name("version_0_1_0")


def test_a_run_has_its_texts_verdicts_and_languages(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", {"de": [0.9, None], "fi": [0.2]}, model="org/one", levels=(5, 4, 3))
    found = opened.read(folder)
    assert (found.kind, found.model, found.judged, found.name) == ("run", "org/one", True, str(folder))
    assert [item.key for item in found.items] == [("p0", "de"), ("p1", "de"), ("p0", "fi")]
    assert [item.preference for item in found.items] == [pytest.approx(0.9), None, pytest.approx(0.2)]
    assert [len(item.verdicts) for item in found.items] == [2, 2, 2]
    assert [item.language["answered_in"] for item in found.items] == ["de", "de", "fi"]
    assert found.items[0].scores == {"naturalness": 5}
    assert found.items[2].comparison.reference == "reference p0 fi"
    assert found.setting.parts["judge"] == "openai/any"


@pytest.mark.parametrize("name", ["evaluated", "half_evaluated", "half_judged", "judged"])
def test_folders_of_version_0_1_are_opened_as_they_are(name: str) -> None:
    found = opened.read(SAVED / name)
    assert found.judged == (name != "half_evaluated")
    assert all(item.language for item in found.items)


def test_a_file_of_answers_needs_no_more_than_answers_and_languages(tmp_path: Path) -> None:
    file = write_jsonl(
        tmp_path / "answers.jsonl",
        [{"prediction": FINNISH, "language": "de", "generator": "org/two"}, {"prediction": GERMAN, "language": "de"}],
    )
    found = opened.read(file)
    assert (found.kind, found.model, found.judged) == ("answers", "org/two", False)
    assert [item.language["answered_in"] for item in found.items] == ["fi", "de"]
    assert [item.key for item in found.items] == [("1", "de"), ("2", "de")]
    with pytest.raises(UserError, match="has answers and no verdicts; judge them first"):
        found.with_verdicts()


def test_the_name_of_the_model_stays_with_the_answers(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", {"de": [0.9]}, model="org/one")
    assert opened.read(folder / "samples.jsonl").model == "org/one"
    (tmp_path / "copy").mkdir()
    shutil.copy(folder / "samples.jsonl", tmp_path / "copy")
    assert opened.read(tmp_path / "copy").model == ""


def test_the_name_of_a_local_model_is_the_same_on_every_machine(tmp_path: Path) -> None:
    """Its folder, which gave the name when the answers were made, is nowhere else."""
    folder = made(tmp_path / "run", {"de": [0.9]}, model="../models/link-to-one")
    rows = [{**row, "model": "one-7b"} for row in map(json.loads, (folder / "samples.jsonl").read_text().splitlines())]
    write_jsonl(folder / "samples.jsonl", rows)
    assert opened.read(folder).model == "one-7b"


def test_thoughts_in_a_file_of_answers_are_no_part_of_them(tmp_path: Path) -> None:
    thought = "The user wants a sentence in German, and I should write one."
    rows = [{"prediction": f"<think>{thought}</think>{GERMAN}", "language": "de"}, {"prediction": "", "language": "de"}]
    file = write_jsonl(tmp_path / "answers.jsonl", rows)
    found = opened.read(file)
    assert [(one.prediction, one.thinking) for one in found.comparisons] == [(GERMAN, thought), ("", "")]
    assert (found.items[0].language["answered_in"], found.items[0].language["fidelity"]) == ("de", 100)
    assert found.notes == ("thoughts taken off 1 of 2 predictions",)
    assert thought in opened.read(file, keep_thinking=True).comparisons[0].prediction


def test_tasks_judged_in_different_settings_can_be_looked_at(tmp_path: Path) -> None:
    log = harness_log(tmp_path / "logs", [0.9, 0.4], "org/one")
    assert opened.read(log, mixed=True).notes == ()
    results = next(log.rglob("results_*.json"))
    content = json.loads(results.read_text())
    (name, config), *_ = content["configs"].items()
    other = json.loads(json.dumps(config).replace("judge:", "judge:another-"))
    samples = next(log.rglob("samples_*.jsonl"))
    samples.with_name(samples.name.replace(name, f"{name}_more")).write_bytes(samples.read_bytes())
    results.write_text(json.dumps({**content, "configs": {name: config, f"{name}_more": other}}))
    with pytest.raises(UserError, match="were judged in different settings"):
        opened.read(log)
    found = opened.read(log, mixed=True)
    assert (len(found.items), found.setting.signature) == (4, "")
    assert "were judged in different settings" in found.notes[0]


def test_a_log_of_the_harness_is_opened_model_by_model(tmp_path: Path) -> None:
    one = harness_log(tmp_path / "logs", [0.9, 0.4], "org/one")
    found = opened.read(one)
    assert (found.kind, found.model, found.judged) == ("harness", "org/one", True)
    assert [item.preference for item in found.items] == [0.9, 0.4]
    harness_log(tmp_path / "logs", [0.1, 0.2], "org/two")
    assert [one.model for one in opened.read_all([tmp_path / "logs"])] == ["org/one", "org/two"]
    with pytest.raises(UserError, match="holds the answers of 2 models; give one of"):
        opened.read(tmp_path / "logs")


def test_a_log_says_in_which_language_it_has_no_judge(tmp_path: Path) -> None:
    place = harness_log(tmp_path, [0.9, 0.4], "org/one") / "org__one"
    (german,) = place.glob("samples_*_de_*.jsonl")
    text = german.read_text("utf-8").replace('"response_language": "de"', '"response_language": "fi"')
    (place / german.name.replace("_de_", "_fi_")).write_text(text, encoding="utf-8")
    (file,) = place.glob("results_*.json")
    content = json.loads(file.read_text("utf-8"))
    described = content["configs"]["xl_alpacaeval_mini_de"]["metadata"]["judged_by"]
    for code, verdict in (("de", "passed"), ("fi", "no judge")):
        judged_by = {**described, "judge_check": {"verdict": verdict}, "one_order": [code] if code == "fi" else []}
        content["configs"][f"xl_alpacaeval_mini_{code}"] = {"metadata": {"judged_by": judged_by}}
    file.write_text(json.dumps(content), encoding="utf-8")
    setting = opened.read(tmp_path).setting
    assert (setting.check, setting.no_judge_in, setting.one_order) == ("doubtful", ("fi",), ("fi",))
    german.unlink()
    assert opened.read(tmp_path).setting.check == "no judge"


def test_what_holds_no_answers_is_one_line(tmp_path: Path) -> None:
    run = made(tmp_path / "run", {"de": [0.9]})
    with pytest.raises(UserError, match="holds no answers; give a run folder"):
        opened.read(tmp_path)
    with pytest.raises(UserError, match="no such file"):
        opened.read(tmp_path / "nowhere")
    (run / "samples.jsonl").write_text("")
    with pytest.raises(UserError, match=r"samples\.jsonl: is empty"):
        opened.read(run)
    (run / "run.json").write_text(json.dumps({"settings": 5}))
    (run / "samples.jsonl").write_text(
        json.dumps({"id": "a", "language": "de", "instruction": "b", "prediction": "c"}) + "\n"
    )
    with pytest.raises(UserError, match=r"run\.json: damaged, has no settings"):
        opened.read(run)
    with pytest.raises(UserError, match='line 1: no "prediction"'):
        opened.read(write_jsonl(tmp_path / "a.jsonl", [{"language": "de"}]))
