"""A work folder of version 0.1.0, stopped in the middle of a shard, is continued."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.sources import sample

OLD = Path(__file__).parent / "work-of-0.1.0"
"""Two shards of three passages each: all answered and scored, the second passage too low, one shard
translated, and of the other one document; the replies to 35 requests are in its caches."""
PAID, ALL = 35, 6 * 3 + 5 * 2 * 2
CHOSEN: dict[str, Any] = {"targets": "fi,zh", "passages": 6, "shard": 3, "concurrency": 2}


def strict(body: dict[str, Any]) -> str:
    """The teacher that answered there: the response to the second passage gets low scores."""
    second = teacher.stage_of(body) == "score" and teacher.number_of(body) == 2
    return json.dumps({**teacher.SCORES, "precision": 1, "naturalness": 1}) if second else teacher.fluent(body)


@pytest.fixture(autouse=True)
def sample_of_that_version(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The sample, whose texts were corrected since: passages come from it, and the replies."""
    cached = (sample.seeds, teacher._known)
    monkeypatch.setattr(sample, "FOLDER", Path(__file__).parent / "sample-of-0.1.0")
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A Hub folder to be, with the old work folder beside it."""
    shutil.copytree(OLD, work_folder.of(tmp_path / "out"))
    return tmp_path / "out"


def test_it_is_gone_on_with_and_nothing_is_paid_for_twice(output: Path, tmp_path: Path) -> None:
    finished = work_folder.of(output) / "translate-1" / "00000.jsonl"
    before = finished.stat().st_mtime_ns
    with JudgeServer(reply=strict) as server:
        generating.run(generating.settings(server, **CHOSEN), output)
        assert generating.asked(server).total() == ALL - PAID
        generating.run(generating.settings(server, **CHOSEN), tmp_path / "new")
    assert finished.stat().st_mtime_ns == before, "a shard that was finished is not done again"
    for pair in ("en-fi", "en-zh"):
        assert generating.rows(output, pair) == generating.rows(tmp_path / "new", pair)
    assert generating.rejects(output) == generating.rejects(tmp_path / "new")
    assert without_prompts(generating.report(output)) == without_prompts(generating.report(tmp_path / "new"))
    assert {line["reason"] for line in generating.rejects(output)} >= {"score below the threshold"}


def without_prompts(report: dict[str, Any]) -> dict[str, Any]:
    """A report without the tokens of prompts, which have other words since."""
    for stage in report["usage"].values():
        del stage["prompt_tokens"]
    return report


def lines(file: Path) -> set[str]:
    """The lines of a file of documents, without the tokens of prompts, whose words have changed."""
    return set(re.sub(r'("prompt_tokens": ?)\d+', r"\1", file.read_text("utf-8")).splitlines())


def test_documents_are_written_as_0_1_0_wrote_them(tmp_path: Path) -> None:
    """Byte for byte but for the length of the prompts.

    What an older version finished is known again by the hash of its input.
    """
    with JudgeServer(reply=strict) as server:
        generating.run(generating.settings(server, **CHOSEN), tmp_path / "new")
    for file in OLD.glob("*/*.jsonl"):
        new = work_folder.of(tmp_path / "new") / file.relative_to(OLD)
        assert lines(file) <= lines(new), file


def test_a_document_in_another_form_is_refused_in_one_line(output: Path) -> None:
    file = work_folder.of(output) / "chosen" / "00001.jsonl"
    answers = work_folder.of(output) / "write-score" / "00001.jsonl"
    answers.write_text(answers.read_text("utf-8").replace('"passage":', '"paragraph":'), encoding="utf-8")
    before = file.read_bytes()
    with JudgeServer(reply=strict) as server:
        with pytest.raises(UserError, match=r"^document 00000003: not in the form of this version .*choose another"):
            generating.run(generating.settings(server, **CHOSEN), output)
        assert not generating.asked(server)
    assert file.read_bytes() == before
