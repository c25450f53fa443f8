"""Jobs with other settings: models, addresses, shards, targets and numbers."""

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.servers import teacher
from tests.servers.judge import Behaviour, JudgeServer
from tests.xl_instruct_dataset.generate import generating
from tests.xl_instruct_dataset.generate.small_job import SMALL, job
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.config.file import load
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.sources import sample


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
    assert total == sum(stage["requests"] for stage in used.values())  # No request was sent twice.


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
        # An unreadable reply is requested again at a higher temperature.
        assert {(model, temperature) for _, model, temperature in asked} >= {("a", 0.2), ("a", 0.7), ("a", 1.2)}
        asked.clear()
        urls = {"teacher": one.url, "judge": one.url, "translator": f"{one.url},{two.url}"}
        both = {**SMALL, "translator": "openai/a,openai/b", "candidates": 3, "base_urls": urls}
        generating.run(generating.settings(**both), tmp_path / "other")
        assert {(name, model) for name, model, _ in asked} == {("one", "a"), ("two", "b")}
    assert "at temperatures 0.2, 0.7, 1.2" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


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
