"""The cookbook's week: its commands on answers that were made, judged by its judge's rule."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import FINNISH, GERMAN, ROOT
from tests.pages import commands_in, lines_of_code
from tests.servers import graded
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.cli import app, exit_codes
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs.evaluate import judge_pairs

PAGE = ROOT / "docs" / "cookbook" / "week.md"
TEXTS = {"base": "I do not know this language, sorry.", "instruct": GERMAN, "adapter": f"{GERMAN}\n{FINNISH}"}
"""Run -> its answer to everything."""


def steps() -> list[list[str]]:
    """The page's calls that need no model."""
    calls = [call for line in lines_of_code(PAGE.read_text("utf-8")) for call in commands_in(line)]
    return [call[1:] for call in calls if call[0] == "xl-alpacaeval" and call[1] not in ("eval", "embedded")]


@pytest.fixture
def week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the runs of the page, not judged yet, and its judge."""
    rows = [row for code in ("de", "lt", "mt") for row in benchmark.load("mini", [code], limit=4).rows]
    for folder in (tmp_path / "runs", tmp_path / "own"):
        for name, text in TEXTS.items():
            items = [Comparison(r.id, r.response_language, r.instruction, text, r.reference or "") for r in rows]
            judge_pairs(items, None, folder / name, lambda *_: None, about={"model": name})
    monkeypatch.chdir(tmp_path)
    with JudgeServer(verdict=graded.verdict) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        yield tmp_path


def test_every_step_goes_on_from_the_one_before(
    week: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []
    for call in steps():
        if call[0] == "publish" and "--dry-run" not in call:
            continue  # tests/xl_alpacaeval_metric/publishing sends.
        monkeypatch.setattr(sys, "argv", ["xl-alpacaeval", *call])
        code = exit_codes.run(app, "xl-alpacaeval")
        out, errors = capsys.readouterr()
        assert code == 0, (call, out, errors)
        if call[0] == "estimate":
            assert "12 of 24 requests are answered in runs/instruct" in out
        done.append(call[0])
    assert {"judge", "estimate", "compare", "rank", "report", "show", "publish"} <= set(done)
    results = json.loads((week / "runs" / "instruct" / "results.json").read_text("utf-8"))
    assert "by_judge" not in results, "it went back to one judge"
    assert results["usage"]["requests"] == 0
    assert (week / "week.html").is_file()
    assert (week / "figures" / "win_rate_by_language.svg").is_file()
