"""Other ways to make rows: other selectors, several translators, other languages, other numbers."""

import itertools
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests import helpers
from tests.servers import teacher
from tests.servers.judge import Behaviour, JudgeServer
from tests.xl_instruct_dataset.generate import generating
from tests.xl_instruct_dataset.stages.comet_package import GOOD, environment
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import words
from xl_instruct_dataset.generate.config.file import load
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.seeds import producer
from xl_instruct_dataset.sources import sample

SMALL: dict[str, Any] = {"passages": 9, "targets": "fi"}


def job(output: Path, reply: teacher.Reply = teacher.fluent, **given: Any) -> JudgeServer:
    with JudgeServer(reply=reply) as server:
        generating.run(generating.settings(server, **{**SMALL, **given}), output)
    return server


def test_a_judge_chooses(tmp_path: Path) -> None:
    server = job(tmp_path / "out", select="judge", judge="openai/judge")
    for row in generating.rows(tmp_path / "out", "en-fi"):
        assert row["selection"]["method"] == "judge"
        models = {entry["stage"]: entry["value"] for entry in row["provenance"]["models"]}
        assert models["select"] == models["score"] == "openai/judge"
        assert "select" in {entry["stage"] for entry in row["provenance"]["prompts"]}
    assert generating.report(tmp_path / "out")["usage"]["select"]["requests"] > 0
    assert server.seen.last_body["model"] == "judge"


def test_a_judge_that_cannot_choose_loses_no_row(tmp_path: Path) -> None:
    def undecided(body: dict[str, Any]) -> str:
        return "both" if teacher.stage_of(body) == "select" else teacher.fluent(body)

    job(tmp_path / "out", undecided, select="judge")
    methods = Counter(row["selection"]["method"] for row in generating.rows(tmp_path / "out", "en-fi"))
    assert methods["chrf"] > 0
    assert generating.report(tmp_path / "out")["fallen_back_to_chrf"] == methods["chrf"]
    assert {row["id"] for row in generating.rows(tmp_path / "out", "en-fi")} == {
        f"{number}-fi" for number in generating.survivors("fi", 9)
    }


def test_cometkiwi_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(tmp_path, monkeypatch, GOOD)
    chosen: dict[str, Any] = {"select": "cometkiwi", "comet_python": sys.executable, "shard": 5}
    job(tmp_path / "out", **chosen)
    for row in generating.rows(tmp_path / "out", "en-fi"):
        selection = row["selection"]
        assert selection["method"] == "cometkiwi"
        # The stand-in scores by length.
        assert selection["scores"][selection["chosen"]] == max(filter(None, selection["scores"]))
        assert row["provenance"]["non_commercial"] is True
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "wmt22-cometkiwi-da" in card
    assert "do not allow commercial use" in card
    # What cannot choose in the end is found before anything is asked.
    with JudgeServer(reply=teacher.fluent) as server:
        other = generating.settings(server, **{**SMALL, **chosen, "comet_python": "/no/python"})
        with pytest.raises(UserError, match=r"^CometKiwi: no Python interpreter"):
            generating.run(other, tmp_path / "other")
        assert not server.seen.log


@pytest.mark.parametrize(("one", "then"), [(True, False), (False, True)])
def test_a_model_may_move_between_two_runs(tmp_path: Path, one: bool, then: bool) -> None:
    """One address for teacher and judge changes the phases, not the rows."""
    job(tmp_path / "straight", select="judge")
    with JudgeServer(reply=teacher.fluent) as server, JudgeServer(reply=teacher.fluent) as second:

        def settings(together: bool) -> Settings:
            urls = {"teacher": server.url, "translator": server.url, "judge": (server if together else second).url}
            return load(None, {**generating.BASE, **SMALL, "select": "judge", "base_urls": urls})

        server.behaviour = Behaviour(reply=teacher.fluent, ends_after=25)
        with pytest.raises(UserError, match="404"):
            generating.run(settings(one), tmp_path / "out")
        server.behaviour = Behaviour(reply=teacher.fluent)
        generating.run(settings(then), tmp_path / "out")
        total = generating.asked(server).total() + generating.asked(second).total()
    assert generating.rows(tmp_path / "out", "en-fi") == generating.rows(tmp_path / "straight", "en-fi")
    used = generating.report(tmp_path / "out")["usage"]
    assert used == generating.report(tmp_path / "straight")["usage"]
    assert total == sum(stage["requests"] for stage in used.values())  # Nothing was paid for twice.


def test_several_translators_share_the_candidates(tmp_path: Path) -> None:
    server = job(tmp_path / "out", translators="openai/one,openai/two", candidates=3)
    selections = [row["selection"] for row in generating.rows(tmp_path / "out", "en-fi")]
    assert {selection["candidates"] for selection in selections} == {3}
    models = Counter(
        entry["value"]
        for row in generating.rows(tmp_path / "out", "en-fi")
        for entry in row["provenance"]["models"]
        if entry["stage"] == "translate"
    )
    assert set(models) <= {"openai/one", "openai/two"}
    assert generating.report(tmp_path / "out")["usage"]["translate"]["requests"] == 9 * 3
    assert server.stats()["requests"] >= 9 * 6


def scored(body: dict[str, Any]) -> str:
    """Scores by the length of the response: a longer one is better."""
    if teacher.stage_of(body) != "score":
        return teacher.fluent(body)
    return json.dumps({**teacher.SCORES, "precision": 3 + len(str(body)) % 3, "objectivity": 4})


def test_the_best_are_kept_and_the_bad_are_not(tmp_path: Path) -> None:
    job(tmp_path / "best", scored, keep_best=4, min_score=1, targets="en")
    rows = generating.rows(tmp_path / "best", "en-en")
    assert len(rows) == 4
    dropped = [line for line in generating.rejects(tmp_path / "best") if line["reason"] == "not among the best"]
    assert len(dropped) == 5
    job(tmp_path / "bar", scored, min_score=4.5, targets="en")
    assert all(sum(row["scores"].values()) / 4 >= 4.5 for row in generating.rows(tmp_path / "bar", "en-en"))
    for folder in ("best", "bar"):
        generating.adds_up(tmp_path / folder, ["en"])


def test_nobody_needs_to_score(tmp_path: Path) -> None:
    server = job(tmp_path / "out", judge="none", targets="en,fi")
    assert generating.asked(server).total() == 9 * (2 + 2)
    (row, *_) = generating.rows(tmp_path / "out", "en-fi")
    assert row["scores"] is None or set(row["scores"].values()) == {None}
    assert {entry["stage"] for entry in row["provenance"]["models"]} == {"instruct", "answer", "translate"}
    assert "Nobody scored the responses" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    generating.adds_up(tmp_path / "out", ["en", "fi"])
    for given in ({"keep_best": 3}, {"select": "judge"}):
        with pytest.raises(UserError, match="judge none: nobody scores"):
            generating.settings(judge="none", **given)


def test_the_source_language_is_a_target_too(tmp_path: Path) -> None:
    job(tmp_path / "out", targets="en,fi")
    (row, *_) = generating.rows(tmp_path / "out", "en-en")
    assert row["instruction"] == sample.seeds()[0]["instruction"]
    assert row["selection"]["method"] == "written"
    assert {entry["stage"] for entry in row["provenance"]["models"]} == {"instruct", "answer", "score"}
    assert {row["id"] for row in generating.rows(tmp_path / "out", "en-en")} == {f"{n:08d}-en" for n in range(9)}
    server = job(tmp_path / "alone", targets="en")
    assert generating.asked(server).total() == 9 * 3


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
        assert producer.fault(producer.shortened(row.response, 400), chosen) is None
        short = producer.shortened(row.response.replace("\n", " "), 40)
        assert 0 < words.count(short) <= 40
        assert row.response.replace("\n", " ").startswith(short)


def test_what_the_identifier_does_not_know_is_said(tmp_path: Path) -> None:
    def cantonese(body: dict[str, Any]) -> str:
        found = {row.id.rpartition("-")[0]: row.response for row in sample.rows("zh")}
        english = {row.response: row.id.rpartition("-")[0] for row in sample.rows("en")}
        if teacher.stage_of(body) == "translate":
            return found[english[teacher.part(body, "text")]]
        return teacher.fluent(body)

    job(tmp_path / "out", cantonese, targets="yue")
    said = "does not know Cantonese"
    assert said in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_shards_make_no_difference(tmp_path: Path) -> None:
    job(tmp_path / "one")
    job(tmp_path / "many", shard=2)
    assert generating.rows(tmp_path / "one", "en-fi") == generating.rows(tmp_path / "many", "en-fi")
    assert generating.rejects(tmp_path / "one") == generating.rejects(tmp_path / "many")


def test_no_more_rows_than_were_wanted(tmp_path: Path) -> None:
    job(tmp_path / "out", per_language=2)
    assert len(generating.rows(tmp_path / "out", "en-fi")) == 2
    reasons = Counter(line["reason"] for line in generating.rejects(tmp_path / "out"))
    assert reasons["more than were wanted"] == len(generating.survivors("fi", 9)) - 2
    generating.adds_up(tmp_path / "out", ["fi"])


def test_one_translator_at_several_temperatures_and_two_at_two_addresses(tmp_path: Path) -> None:
    asked: list[tuple[str, str, float]] = []

    def noting(name: str) -> teacher.Reply:
        def reply(body: dict[str, Any]) -> str:
            if teacher.stage_of(body) == "translate":
                asked.append((name, body["model"], body["temperature"]))
            return teacher.fluent(body)

        return reply

    with JudgeServer(reply=noting("one")) as one, JudgeServer(reply=noting("two")) as two:
        warm = {"translator": "openai/a", "candidates": 3, "translator_temperature": "0.2,0.7,1.2"}
        generating.run(generating.settings(one, **{**SMALL, **warm}), tmp_path / "out")
        # What cannot be read is asked for again, and warmer.
        assert {(model, temperature) for _, model, temperature in asked} >= {("a", 0.2), ("a", 0.7), ("a", 1.2)}
        asked.clear()
        urls = {"teacher": one.url, "judge": one.url, "translator": f"{one.url},{two.url}"}
        both = {**SMALL, "translator": "openai/a,openai/b", "candidates": 3, "base_urls": urls}
        generating.run(generating.settings(**both), tmp_path / "other")
        assert {(name, model) for name, model, _ in asked} == {("one", "a"), ("two", "b")}
    assert "at temperatures 0.2, 0.7, 1.2" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_a_dull_judge_leaves_the_best(tmp_path: Path) -> None:
    def dull(body: dict[str, Any]) -> str:
        levels = dict.fromkeys(("precision", "informativeness", "naturalness", "objectivity"), 3)
        return json.dumps(levels) if teacher.stage_of(body) == "score" else teacher.fluent(body)

    job(tmp_path / "out", dull, keep_best=4)
    dropped = {(one["stage"], one["reason"]) for one in generating.report(tmp_path / "out")["dropped"]}
    assert ("choose", "not among the best") in dropped
    assert ("score", "score below the threshold") not in dropped
    assert generating.rows(tmp_path / "out", "en-fi")
    assert "the 4 best went on" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_a_refusal_is_asked_for_again_and_no_row(tmp_path: Path) -> None:
    refusals = itertools.cycle(["As an AI language model, I cannot do that.", "As an AI, I have no opinions.", "Yes."])

    def refusing(body: dict[str, Any]) -> str:
        return next(refusals) if teacher.stage_of(body) == "instruct" else teacher.fluent(body)

    job(tmp_path / "out", refusing, passages=2)
    found = generating.report(tmp_path / "out")
    assert found["usage"]["instruct"]["requests"] == 6
    assert found["dropped"] == [{"stage": "instruct", "reason": "unreadable reply", "language": None, "count": 2}]


def test_what_was_asked_is_counted_by_language(tmp_path: Path) -> None:
    job(tmp_path / "out", targets="fi,zh", select="judge")
    found = generating.report(tmp_path / "out")
    for stage in ("translate", "select"):
        parts = [one for one in found["usage_by_language"] if one["stage"] == stage]
        assert {one["language"] for one in parts} == {"fi", "zh"}
        for figure, total in found["usage"][stage].items():
            assert sum(one[figure] for one in parts) == total


def test_the_estimate_counts_pieces_and_the_best_alone(tmp_path: Path) -> None:
    from xl_instruct_dataset.generate import estimate

    long = " ".join(f"Sentence number {number} of a passage about the sea." for number in range(60))
    document = {"text": f"{long}\n\n{long}", "id": "0", "metadata": {}}
    (tmp_path / "00000.jsonl").write_text(json.dumps(document) + "\n", encoding="utf-8")
    base = {"seeds": "sample", "targets": "fi,zh", "teacher": "openai/a", "select": "judge", "candidates": 3}

    def requests(**given: Any) -> dict[str, int]:
        lines = estimate.estimate(load(None, {**base, **given}), tmp_path, 10)
        return {line.stage: line.requests for line in lines}

    assert requests() == {"instruct": 10, "answer": 10, "score": 10, "translate": 10 * 2 * 3 * 4, "select": 20}
    assert requests(keep_best=2) == {"instruct": 10, "answer": 10, "score": 10, "translate": 2 * 2 * 3 * 4, "select": 4}


def test_a_datasets_folder_gives_the_passages_of_one_split(tmp_path: Path) -> None:
    passages = [seed["passage"] for seed in sample.seeds()]
    folder = tmp_path / "private" / "corpus"
    for split, part in (("train", passages[:6]), ("test", passages[6:8])):
        helpers.write_jsonl(folder / "data" / f"{split}-00000-of-00001.jsonl", [{"text": text} for text in part])
    (folder / "README.md").write_text(f"# About\n\n{passages[9]}\n", encoding="utf-8")
    (folder / "dataset_infos.json").write_text("{}", encoding="utf-8")

    def made(**given: Any) -> list[dict[str, Any]]:
        chosen = generating.settings(seeds=str(folder), passages=20, **given)
        count, _ = producer.make(chosen, tmp_path / "seeds")
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
    assert len(made(seed_split="dev")) == 10  # Not all of them are of a split: all are passages.
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "data-00000-of-00001.arrow").touch()
    with pytest.raises(UserError, match="holds Arrow files"):
        producer.make(generating.settings(seeds=str(tmp_path / "saved")), tmp_path / "seeds")


def test_a_row_without_text_is_left_out_and_counted(tmp_path: Path) -> None:
    passage = sample.seeds()[0]["passage"]
    file = helpers.write_jsonl(tmp_path / "seeds.jsonl", [{"text": None}, {"text": passage}, {"text": ""}])
    count, dropped = producer.make(generating.settings(seeds=str(file)), tmp_path / "made", tmp_path / "rejects.jsonl")
    assert (count, dropped) == (1, Counter({"no text": 2}))
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
