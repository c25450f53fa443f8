"""Passages of other languages, folders and scripts, and passages without text."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests import helpers
from tests.servers import teacher
from tests.xl_instruct_dataset.generate import generating
from tests.xl_instruct_dataset.generate.small_job import job
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import words
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.seeds import passages, producer, sources
from xl_instruct_dataset.generate.seeds.prepare import prepare_seeds
from xl_instruct_dataset.sources import sample


def test_the_report_names_a_doubtful_target(tmp_path: Path) -> None:
    job(tmp_path / "out", targets="la", passages=2)
    text = (work_folder.of(tmp_path / "out") / "report.md").read_text(encoding="utf-8")
    assert "- la: language fidelity is doubtful" in text


def test_passages_may_be_in_another_language(tmp_path: Path) -> None:
    german = {row.id.rpartition("-")[0]: row.response for row in sample.rows("de")}
    finnish = {german[row.id.rpartition("-")[0]]: row.response for row in sample.rows("fi")}
    seeds = [{"id": key, "text": text} for key, text in german.items()]
    helpers.write_jsonl(tmp_path / "german.jsonl", seeds)

    def reply(body: dict[str, Any]) -> str:
        match teacher.stage_of(body):
            case "instruct":
                return "Was sollte man darüber wissen, und worauf kommt es an?"
            case "translate":
                return finnish[teacher.part(body, "text")]
        return teacher.fluent(body)

    given = {"seeds": str(tmp_path / "german.jsonl"), "source": "de", "min_words": 20, "passages": 12}
    job(tmp_path / "out", reply, **given)
    rows = generating.rows(tmp_path / "out", "de-fi")
    assert len(rows) > 3
    assert {row["instruction_language"] for row in rows} == {"de"}
    assert all(row["instruction"].startswith("Was sollte man") for row in rows)
    assert rows[0]["provenance"]["seed_source"].endswith(next(iter(german)))


@pytest.mark.parametrize("source", ["zh", "hi"])
def test_words_are_counted_in_every_script(source: str) -> None:
    chosen = generating.settings(source=source, min_words=20)
    for row in sample.rows(source):
        assert passages.fault(passages.shortened(row.response, 400), chosen) is None
        short = passages.shortened(row.response.replace("\n", " "), 40)
        assert 0 < words.count(short) <= 40
        assert row.response.replace("\n", " ").startswith(short)


def test_what_the_identifier_does_not_know_is_said(tmp_path: Path) -> None:
    def hakka(body: dict[str, Any]) -> str:
        found = {row.id.rpartition("-")[0]: row.response for row in sample.rows("zh")}
        english = {row.response: row.id.rpartition("-")[0] for row in sample.rows("en")}
        if teacher.stage_of(body) == "translate":
            return found[english[teacher.part(body, "text")]]
        return teacher.fluent(body)

    job(tmp_path / "out", hakka, targets="hak")
    said = "does not know Hakka Chinese"
    assert said in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_a_datasets_folder_gives_the_passages_of_one_split(tmp_path: Path) -> None:
    passages = [seed["passage"] for seed in sample.seeds()]
    folder = tmp_path / "private" / "corpus"
    for split, part in (("train", passages[:6]), ("test", passages[6:8])):
        helpers.write_jsonl(folder / "data" / f"{split}-00000-of-00001.jsonl", [{"text": text} for text in part])
    (folder / "README.md").write_text(f"# About\n\n{passages[9]}\n", encoding="utf-8")
    (folder / "dataset_infos.json").write_text("{}", encoding="utf-8")

    def made(**given: Any) -> list[dict[str, Any]]:
        chosen = generating.settings(seeds=str(folder), passages=20, **given)
        count = producer.produce(chosen, tmp_path / "seeds").count
        lines = (tmp_path / "seeds" / "00000.jsonl").read_text(encoding="utf-8").splitlines()
        assert len(lines) == count
        return [json.loads(line) for line in lines]

    assert [one["metadata"]["seed"] for one in made()] == [
        f"data/train-00000-of-00001.jsonl line {number}" for number in range(1, 7)
    ]
    assert len(made(seed_split="test")) == 2
    with pytest.raises(UserError, match=r"has no file of the split 'dev'; name one with --seed-split"):
        made(seed_split="dev")
    helpers.write_jsonl(folder / "data" / "unsupervised-00000-of-00001.jsonl", [{"text": passages[8]}])
    helpers.write_jsonl(folder / "citations.jsonl", [{"text": passages[9]}])
    assert len(made()) == 6
    assert len(made(seed_split="unsupervised")) == 1
    assert len(made(seed_split="dev")) == 10  # Not all of them belong to a split: all are passages.
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "data-00000-of-00001.arrow").touch()
    with pytest.raises(UserError, match="holds Arrow files"):
        producer.produce(generating.settings(seeds=str(tmp_path / "saved")), tmp_path / "seeds")


def test_files_of_the_seeds_that_are_not_read_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    for name in ("train.jsonl", "test.jsonl", "part-2.jsonl"):
        helpers.write_jsonl(folder / name, [{"text": "x"}])
    for name in ("README.md", "rows", "more.txt", "old.zip", ".hidden.txt"):
        (folder / name).write_text("x", encoding="utf-8")
    of_train = generating.settings(seeds=str(folder))
    assert sources.notes(of_train) == [
        f"{folder}: left out 3 files (not of the split train): more.txt, part-2.jsonl, test.jsonl",
        f"{folder}: left out 1 file (a format that is not read): old.zip",
        f"{folder}: left out 1 file (no suffix that names its format): rows",
    ]
    assert sources.notes(generating.settings(seeds="sample")) == []
    told: list[str] = []
    (tmp_path / "out.work").mkdir()
    with pytest.raises(UserError, match="no passage can be used"):
        prepare_seeds(Job(of_train, tmp_path / "out", notify=told.append))
    assert told == sources.notes(of_train)


@pytest.mark.parametrize("content", ['{"count": 2', "{}", '{"count": "x", "dropped": {}}', "[]"])
def test_a_damaged_record_of_the_seeds_says_what_to_do(tmp_path: Path, content: str) -> None:
    job_of_sample = Job(generating.settings(passages=2), tmp_path / "out")
    job_of_sample.work.mkdir()
    made = prepare_seeds(job_of_sample)
    record = job_of_sample.work / work_folder.SEEDS_REPORT
    record.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"seeds\.json: damaged; delete it, and the same command finds the seeds again"):
        prepare_seeds(job_of_sample)
    record.unlink()
    assert prepare_seeds(job_of_sample) == made


def test_a_row_without_text_is_left_out_and_counted(tmp_path: Path) -> None:
    passage = sample.seeds()[0]["passage"]
    file = helpers.write_jsonl(tmp_path / "seeds.jsonl", [{"text": None}, {"text": passage}, {"text": ""}])
    counts = producer.produce(generating.settings(seeds=str(file)), tmp_path / "made", tmp_path / "rejects.jsonl")
    assert (counts.count, counts.dropped) == (1, Counter({"no text": 2}))
    told = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["seed"], one["reason"]) for one in told] == [
        ("seeds.jsonl line 1", "no text"),
        ("seeds.jsonl line 3", "no text"),
    ]


def test_rows_do_not_say_where_somebody_keeps_files(tmp_path: Path) -> None:
    passages = [{"text": seed["passage"]} for seed in sample.seeds()[:6]]
    file = helpers.write_jsonl(tmp_path / "private" / "passages.jsonl", passages)
    job(tmp_path / "out", seeds=str(file), passages=6)
    for row in generating.rows(tmp_path / "out", "en-fi"):
        assert row["provenance"]["seed_source"].startswith("passages.jsonl: passages.jsonl line ")
    assert "private" not in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
