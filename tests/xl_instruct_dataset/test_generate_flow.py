"""Passages go to the teacher while the next ones are looked at, and what goes wrong with them costs nothing."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import teacher
from tests.judge_server import JudgeServer
from tests.xl_instruct_dataset import command, generating
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset import sample
from xl_instruct_dataset.generate import passages, seeds, workfolder

# Of 24 passages, the teacher is asked about the first ones while the last have not been read.
CHOSEN: dict[str, Any] = {"targets": "fi", "passages": 24, "shard": 10, "concurrency": 2, "candidates": 1}


def slow_texts(server: JudgeServer, waited: list[bool]) -> Any:
    """As `passages.texts`, but the last passages do not come before the teacher has been asked about the first."""
    texts = passages.texts

    def found(settings: Any) -> Iterator[tuple[str, str]]:
        asked = threading.Event()
        for number, one in enumerate(texts(settings)):
            while number > 15 and not asked.is_set() and len(waited) < 200:
                if generating.asked(server):
                    asked.set()
                waited.append(asked.wait(0.05))
            yield one

    return found


def test_the_first_request_does_not_wait_for_the_last_passage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[bool] = []
    with JudgeServer(reply=teacher.fluent) as server:
        generating.run(generating.settings(server, **CHOSEN, executor="local", workers=2), tmp_path / "whole")
        with JudgeServer(reply=teacher.fluent) as other:
            monkeypatch.setattr(passages, "texts", slow_texts(other, waited))
            generating.run(generating.settings(other, **CHOSEN), tmp_path / "flow")
    assert waited, "the passages were not held back"
    assert waited[-1], "no request came while they were"
    assert generating.rows(tmp_path / "flow", "en-fi") == generating.rows(tmp_path / "whole", "en-fi")
    flow, whole = (workfolder.of(tmp_path / name) for name in ("flow", "whole"))
    assert generating.files(flow / "seeds") == generating.files(whole / "seeds")
    assert (flow / "seeds.json").read_text() == (whole / "seeds.json").read_text()


def test_a_row_that_cannot_be_read_costs_no_reply(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": seed["passage"]} for seed in sample.seeds()[:12]]
    file = command.write_jsonl(tmp_path / "p.jsonl", [*rows[:8], {"words": "none"}, *rows[8:]])
    chosen = {**CHOSEN, "seeds": str(file), "passages": 12, "shard": 3}
    with JudgeServer(reply=teacher.fluent) as server:
        with pytest.raises(UserError, match=r'^\S*p\.jsonl line 9: no text in column "text"'):
            generating.run(generating.settings(server, **chosen), tmp_path / "out")
        before = generating.asked(server)
        assert before.total() == 8 * 3
        command.write_jsonl(file, rows)
        outcome = generating.run(generating.settings(server, **chosen), tmp_path / "out")
        assert max(generating.asked(server).values()) == 1
    assert outcome.tally.passages == 12


def test_a_first_row_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    file = command.write_jsonl(tmp_path / "p.jsonl", [{"words": "none"}])
    with JudgeServer(reply=teacher.fluent) as server:
        with pytest.raises(UserError, match='no text in column "text"'):
            generating.run(generating.settings(server, **CHOSEN | {"seeds": str(file)}), tmp_path / "out")
        assert not generating.asked(server)
    assert [path.name for path in workfolder.of(tmp_path / "out").iterdir() if path.name != workfolder.LOCK] == []


def test_a_shard_that_was_finished_on_the_way_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = passages.texts

    def broken(settings: Any) -> Iterator[tuple[str, str]]:
        for number, one in enumerate(texts(settings)):
            if number == 15:
                raise KeyboardInterrupt
            yield one

    with JudgeServer(reply=teacher.fluent) as server:
        chosen = generating.settings(server, **CHOSEN)
        with monkeypatch.context() as patched:
            patched.setattr(passages, "texts", broken)
            with pytest.raises(KeyboardInterrupt):
                generating.run(chosen, tmp_path / "out")
        logs = workfolder.of(tmp_path / "out") / "logs" / "write-score"
        assert [file.name for file in sorted((logs / "completions").iterdir())] == ["00000"]
        assert list(json.loads((logs / "inputs.json").read_text())) == ["0"]
        finished = (logs / "stats" / "00000.json").stat().st_mtime_ns
        outcome = generating.run(chosen, tmp_path / "out")
        assert (logs / "stats" / "00000.json").stat().st_mtime_ns == finished
        assert generating.asked(server).total() <= 24 * (3 + 1) + 2  # What was in flight.
    assert outcome.tally.passages == 24


def test_fewer_passages_than_were_wanted_make_fewer_shards(tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        chosen = generating.settings(server, **CHOSEN | {"passages": 60, "shard": 8})
        outcome = generating.run(chosen, tmp_path / "out")
    assert outcome.tally.passages == 24
    work = workfolder.of(tmp_path / "out")
    assert len(list((work / "logs" / "write-score" / "completions").iterdir())) == 3
    assert json.loads((work / "seeds.json").read_text())["count"] == 24


def test_shards_are_the_same_however_they_are_asked_for(tmp_path: Path) -> None:
    chosen = generating.settings(**CHOSEN)
    seeds.make(chosen, tmp_path / "at once")
    with seeds.Making(chosen, tmp_path / "flow") as making:
        assert making.more()
        assert making.more()  # Asking uses nothing up.
        first = making.shard(0)
        next(first)
        assert list((tmp_path / "flow").iterdir()) == []  # It is not whole.
        for number, rest in enumerate((first, making.shard(1), making.shard(2))):
            for document in rest:
                document["metadata"]["seen"] = number  # Whoever reads it may change it.
        assert not making.more()
        assert making.finish()[0] == 24
    assert generating.files(tmp_path / "flow") == generating.files(tmp_path / "at once")
