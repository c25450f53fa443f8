"""The judges of a run: what each said is kept, whenever the work ends, and counts again."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers import comparison
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl, lock
from xl_alpacaeval_metric.judge.estimate import Estimate
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.panels.panel import Panel
from xl_alpacaeval_metric.progress import silent
from xl_alpacaeval_metric.runs import evaluate as runs
from xl_alpacaeval_metric.runs.scored import Judging

ITEMS = [comparison(number, language) for number in range(2) for language in ("de", "fi")]


class Killed(BaseException):
    """Stands for the end of the process: nothing in the package catches it."""


@contextmanager
def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ends the work before its file operation number `step`, and all operations after it."""
    done = [0]

    def counting(before: Callable[..., object]) -> Callable[..., object]:
        def operation(*arguments: object, **more: object) -> object:
            is_lock = arguments[0].name == lock.FILE  # type: ignore[attr-defined]  # It ends with the process.
            done[0] += not is_lock
            if done[0] > step and not is_lock:
                raise Killed
            return before(*arguments, **more)

        return operation

    with monkeypatch.context() as patched:
        for name in ("replace", "unlink", "mkdir"):
            patched.setattr(Path, name, counting(getattr(Path, name)))
        patched.setattr(shutil, "copyfile", counting(shutil.copyfile))
        yield


def judging(name: str, verdict: str) -> tuple[Judging, ScriptedClient]:
    client = ScriptedClient(lambda _: verdict, model=name)
    return Judging(Judge(client, both_orders=True), judge_check=False), client


def test_nothing_is_lost_wherever_the_work_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = judging("one", "A")[0]
    whole = runs.judge_pairs(ITEMS, judging("two", "B")[0], tmp_path / "whole", silent).overall
    step, ended = 0, False
    while not ended:
        folder = tmp_path / str(step)
        first = runs.judge_pairs(ITEMS, one, folder, silent).overall
        with killed_at(step, monkeypatch):
            try:
                runs.judge_pairs(ITEMS, judging("two", "B")[0], folder, silent)
                ended = True
            except Killed:
                pass
        if step % 2:  # Whichever command comes next.
            runs.judge_pairs(ITEMS, None, folder, silent)
            assert not (folder / "verdicts.jsonl").exists(), step
        # The first judge is asked nothing again.
        again, client = judging("one", "A")
        assert runs.judge_pairs(ITEMS, again, folder, silent).overall == first, step
        assert client.sent == [], step
        # The second is asked no more than a run of its own would ask, and gives the same figures.
        second, client = judging("two", "B")
        assert runs.judge_pairs(ITEMS, second, folder, silent).overall == whole, step
        assert len(client.sent) in (0, 8), step
        rows = list(jsonl.read_lines(folder / "verdicts.jsonl"))
        assert len({(row["id"], row["language"], row["order"]) for row in rows}) == len(rows) == 8
        step += 1
    assert step > 10, "the operations of a change of judges were not counted"


def test_a_panel_and_its_judges_share_their_verdicts(tmp_path: Path) -> None:
    def panel() -> tuple[Panel, list[ScriptedClient]]:
        clients = [ScriptedClient(lambda _: "A", model="one"), ScriptedClient(lambda _: "B", model="two")]
        return Panel([Judge(client, both_orders=True) for client in clients]), clients

    folder = tmp_path / "run"
    runs.judge_pairs(ITEMS, Judging(panel()[0], judge_check=False), folder, silent)
    stored = jsonl.read_json(folder / "run.json")
    del stored["judges"]  # As a run folder from before that key.
    jsonl.write_json(folder / "run.json", stored)
    alone, client = judging("two", "B")
    runs.judge_pairs(ITEMS, alone, folder, silent)
    assert client.sent == []
    again, clients = panel()
    runs.judge_pairs(ITEMS, Judging(again, judge_check=False), folder, silent)
    assert [client.sent for client in clients] == [[], []]
    rows = list(jsonl.read_lines(folder / "verdicts.jsonl"))
    assert sorted((row["judge"], row["order"]) for row in rows) == sorted(
        (spec, order) for spec in again.members for order in ("candidate_first", "reference_first") for _ in ITEMS
    )


def test_an_estimate_that_is_refused_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    runs.judge_pairs(ITEMS, judging("one", "A")[0], folder, silent)
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "run.json"}
    settings = jsonl.read_json(folder / "run.json")["settings"]
    asked: list[int] = []

    def refuse(found: Estimate) -> None:
        asked.append(found.requests)
        raise UserError("too much")

    for name, verdict, expected in (("two", "B", 2 * len(ITEMS)), ("one", "A", 0)):
        other = replace(judging(name, verdict)[0], on_estimate=refuse)
        with pytest.raises(UserError, match="too much"):
            runs.judge_pairs([*ITEMS, comparison(9)], other, folder, silent)
        with pytest.raises(UserError, match="too much"):
            runs.judge_run(folder, other, silent)
        assert asked[-2:] == [expected + 2, expected]
    assert {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "run.json"} == before
    assert jsonl.read_json(folder / "run.json")["settings"] == settings
