"""Judging at an endpoint while another process makes the answers."""

import json
import threading
from pathlib import Path

from tests.helpers import FINNISH, GERMAN, write_jsonl
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.runs import evaluate, parts
from xl_alpacaeval_metric.sweep.judging import asking

ROWS = [
    {"id": f"p{n}", "instruction": f"Tell story {n}.", "language": code, "reference": text}
    for code, text in (("de", GERMAN), ("fi", FINNISH))
    for n in range(4)
]
ANSWERS = [{**row, "prediction": f"{row['reference']} {row['id']}"} for row in ROWS]


def begun(folder: Path) -> Path:
    """A run folder that has written its items, and no answer yet."""
    write_jsonl(folder / "rows.jsonl", ROWS)
    (folder / "run.json").write_text(json.dumps({"settings": {"judge": "none", "model": "m"}}), encoding="utf-8")
    return folder


def test_answers_are_asked_about_as_they_come_and_once(tmp_path: Path) -> None:
    folder, over = begun(tmp_path / "run"), threading.Event()
    with JudgeServer() as server, Judge.from_spec("openai/judge", base_url=server.url, both_orders=True) as judge:
        asked: list[int] = []
        asker = threading.Thread(target=lambda: asked.append(asking.ask(folder, judge, None, over.is_set)))
        asker.start()
        # As eval does it: a part for each copy of the model, then one file in the rows' order.
        write_jsonl(folder / parts.part(0), ANSWERS[::-2])
        while server.stats()["requests"] < 8:
            assert asker.is_alive()
        write_jsonl(tmp_path / "new.jsonl", ANSWERS)
        (tmp_path / "new.jsonl").replace(folder / parts.SAMPLES)
        parts.remove(folder)
        over.set()
        asker.join()
        assert asked == [16]
        assert server.stats()["max_per_key"] == 1

        result = evaluate.judge_run(folder, judge, lambda *_: None)
        assert (result.overall.n, result.overall.n_missing) == (8, 0)
        # Judging the run asks nothing again; one request is the probe before it.
        assert (server.stats()["requests"], server.stats()["max_per_key"]) == (17, 1)


def test_what_was_judged_before_is_not_asked(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run")
    with JudgeServer() as server, Judge.from_spec("openai/judge", base_url=server.url) as judge:
        write_jsonl(folder / parts.SAMPLES, ANSWERS[:3])
        assert asking.ask(folder, judge, None, lambda: True) == 3
        write_jsonl(folder / parts.SAMPLES, ANSWERS)
        assert asking.ask(folder, judge, None, lambda: True) == 5
        assert asking.ask(folder, judge, None, lambda: True) == 0
        assert server.stats()["max_per_key"] == 1


def test_a_verdict_that_is_missing_is_asked_for_when_the_run_is_judged(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run")
    write_jsonl(folder / parts.SAMPLES, ANSWERS)
    with (
        JudgeServer(marker="story 1", marker_status=400) as server,
        Judge.from_spec("openai/judge", base_url=server.url, args={"retries": 0}) as judge,
    ):
        assert asking.ask(folder, judge, None, lambda: True) == 6
        server.change(marker=None)
        result = evaluate.judge_run(folder, judge, lambda *_: None)

    assert (result.overall.n, result.overall.n_missing) == (8, 0)
