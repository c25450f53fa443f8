"""Passages are sent while later ones are still read, and a fault in them costs no request."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import helpers
from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.seeds import producer, sources
from xl_instruct_dataset.sources import sample

# Of 24 passages, the teacher is asked about the first ones while the last have not been read.
CHOSEN: dict[str, Any] = {"targets": "fi", "passages": 24, "shard": 10, "concurrency": 2, "candidates": 1}


class Held:
    """As `passages.texts`, but blocks after the first until `released`, a minute at most."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int, what: Callable[[], object] = lambda: None) -> None:
        self.texts, self.after, self.what = sources.texts, after, what
        self.reached, self.released, self.given_up = threading.Event(), threading.Event(), False
        monkeypatch.setattr(sources, "texts", self)

    def __call__(self, settings: Any) -> Iterator[tuple[str, str]]:
        for number, one in enumerate(self.texts(settings)):
            if number == self.after:
                self.reached.set()
                self.what()
                self.given_up = not self.released.wait(helpers.PATIENCE)
            yield one


def test_the_first_request_does_not_wait_for_the_last_passage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {**CHOSEN, "shard": 24}
    with JudgeServer(reply=teacher.fluent) as server:
        generating.run(generating.settings(server, **chosen, workers=2), tmp_path / "whole")
    held = Held(monkeypatch, 5)

    def reply(body: dict[str, Any]) -> str:
        if teacher.stage_of(body) == "instruct":
            held.released.set()
        return teacher.fluent(body)

    with JudgeServer(reply=reply) as server:
        generating.run(generating.settings(server, **chosen), tmp_path / "flow")
    assert held.reached.is_set()
    assert not held.given_up, "no request came before the next passage did"
    assert generating.rows(tmp_path / "flow", "en-fi") == generating.rows(tmp_path / "whole", "en-fi")
    flow, whole = (work_folder.of(tmp_path / name) for name in ("flow", "whole"))
    assert generating.files(flow / "seeds") == generating.files(whole / "seeds")
    assert (flow / "seeds.json").read_text() == (whole / "seeds.json").read_text()


def test_a_row_that_cannot_be_read_costs_no_reply(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": seed["passage"]} for seed in sample.seeds()[:12]]
    file = helpers.write_jsonl(tmp_path / "p.jsonl", [*rows[:8], {"words": "none"}, *rows[8:]])
    chosen = {**CHOSEN, "seeds": str(file), "passages": 12, "shard": 3}
    with JudgeServer(reply=teacher.fluent) as server:
        with pytest.raises(UserError, match=r'^\S*p\.jsonl line 9: no text in column "text"'):
            generating.run(generating.settings(server, **chosen), tmp_path / "out")
        before = generating.asked(server)
        assert before.total() == 8 * 3
        work = work_folder.of(tmp_path / "out")
        assert [file.name for file in sorted((work / "seeds").glob("*.jsonl"))] == ["00000.jsonl", "00001.jsonl"]
        assert list(json.loads((work / "logs" / "write-score" / "inputs.json").read_text())) == ["0", "1"]
        helpers.write_jsonl(file, rows)
        outcome = generating.run(generating.settings(server, **chosen), tmp_path / "out")
        assert max(generating.asked(server).values()) == 1
    assert outcome.tally.passages == 12


def test_a_first_row_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    file = helpers.write_jsonl(tmp_path / "p.jsonl", [{"words": "none"}])
    with JudgeServer(reply=teacher.fluent) as server:
        with pytest.raises(UserError, match='no text in column "text"'):
            generating.run(generating.settings(server, **CHOSEN | {"seeds": str(file)}), tmp_path / "out")
        assert not generating.asked(server)
    assert list(work_folder.of(tmp_path / "out").iterdir()) == []


def test_ctrl_c_ends_it_though_the_source_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        chosen = generating.settings(server, **CHOSEN)
        work = work_folder.of(tmp_path / "out")
        finished = work / "logs" / "write-score" / "completions" / "00000"

        def interrupt() -> None:
            while not finished.exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        with monkeypatch.context() as patched:
            held = Held(patched, 15, interrupt)
            with pytest.raises(KeyboardInterrupt):
                generating.run(chosen, tmp_path / "out")
        assert not held.given_up
        assert "seeds" in [
            thread.name for thread in threading.enumerate()
        ]  # It waits for the source, and nothing waits for it.
        readers = [thread for thread in threading.enumerate() if "ThreadPoolExecutor" in thread.name]
        for reader in readers:
            reader.join(helpers.PATIENCE)
        assert not [reader for reader in readers if reader.is_alive()], "the process would wait for it"
        held.released.set()
        # The complete shard is not repeated; the incomplete one is complete only now.
        assert [file.name for file in (work / "seeds").glob("*.jsonl")] == ["00000.jsonl"]
        assert list(json.loads((finished.parents[1] / "inputs.json").read_text())) == ["0"]
        before = finished.stat().st_mtime_ns
        outcome = generating.run(chosen, tmp_path / "out")
        assert finished.stat().st_mtime_ns == before
        assert generating.asked(server).total() <= 24 * (3 + 1) + 2  # What was in flight.
    assert outcome.tally.passages == 24


def test_an_endpoint_that_ends_is_told_of_though_the_source_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, 4)
    with JudgeServer(reply=teacher.fluent, ends_after=6) as server:
        chosen = generating.settings(server, **CHOSEN | {"concurrency": 16})
        with pytest.raises(UserError, match=r"^write-score: .*404"):
            generating.run(chosen, tmp_path / "out")
    assert not held.given_up, "it was told of only when the passages went on"
    held.released.set()


def test_a_file_that_changes_meanwhile_ends_the_next_run_and_not_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = generating.passages(tmp_path / "p.jsonl", 24)

    def change() -> None:
        with file.open("a", encoding="utf-8") as opened:
            opened.write("\n")
        held.released.set()

    with JudgeServer(reply=teacher.fluent) as server:
        chosen = generating.settings(server, **CHOSEN | {"seeds": str(file)})
        with monkeypatch.context() as patched:
            held = Held(patched, 8, change)
            assert generating.run(chosen, tmp_path / "out").tally.passages == 24
        with pytest.raises(UserError, match="is another than when this job began"):
            generating.run(chosen, tmp_path / "out")


def test_what_stands_behind_the_last_passage_is_not_read(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": seed["passage"]} for seed in sample.seeds()[:12]]
    file = helpers.write_jsonl(tmp_path / "p.jsonl", [*rows, {"words": "none"}])
    count = producer.produce(generating.settings(seeds=str(file), passages=12), tmp_path / "seeds").count
    assert count == 12


def test_an_error_of_the_source_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unplugged() -> None:
        raise OSError(5, "Input/output error", "/data/passages.parquet")

    Held(monkeypatch, 5, unplugged)
    with JudgeServer(reply=teacher.fluent) as server, pytest.raises(OSError, match=r"^\[Errno 5\] Input/output error"):
        generating.run(generating.settings(server, **CHOSEN), tmp_path / "out")
    work = work_folder.of(tmp_path / "out")
    assert list((work / "seeds").iterdir()) == []
    assert not (work / "logs" / "write-score" / "inputs.json").exists()


def test_fewer_passages_than_were_wanted_make_fewer_shards(tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        chosen = generating.settings(server, **CHOSEN | {"passages": 60, "shard": 8})
        outcome = generating.run(chosen, tmp_path / "out")
    assert outcome.tally.passages == 24
    work = work_folder.of(tmp_path / "out")
    assert len(list((work / "logs" / "write-score" / "completions").iterdir())) == 3
    assert json.loads((work / "seeds.json").read_text())["count"] == 24


def test_shards_are_the_same_however_they_are_asked_for(tmp_path: Path) -> None:
    chosen = generating.settings(**CHOSEN)
    producer.produce(chosen, tmp_path / "at once")
    with producer.SeedProducer(chosen, tmp_path / "flow") as seeds:
        assert seeds.more()
        assert seeds.more()  # The question consumes nothing.
        first = seeds.shard(0)
        next(first)
        assert list((tmp_path / "flow").iterdir()) == []  # It is incomplete.
        for number, rest in enumerate((first, seeds.shard(1), seeds.shard(2))):
            for document in rest:
                document["metadata"]["seen"] = number  # A reader may change it.
        assert not seeds.more()
        assert seeds.finish().count == 24
    assert generating.files(tmp_path / "flow") == generating.files(tmp_path / "at once")
