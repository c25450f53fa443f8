"""The Spaces, as their visitors use them: a real gradio server, asked over HTTP.

Skips without gradio, which only a Space installs.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_alpacaeval as run
from tests.finished_runs import made, spread
from tests.helpers import FINNISH, GERMAN, ROOT, write_jsonl
from tests.servers.hub import HubServer
from tests.servers.judge import JudgeServer

pytestmark = pytest.mark.skipif(importlib.util.find_spec("gradio") is None, reason="gradio is not installed")

ROWS = [
    {"instruction": f"Why? {n}", "prediction": text, "reference": f"Darum, und deshalb. {n}", "language": code}
    for n in range(6)
    for code, text in (("de", f"{GERMAN} <script>alert({n})</script>"), ("fi", f"{FINNISH} {n}"))
]


@pytest.fixture(scope="module")
def judge() -> Iterator[JudgeServer]:
    with JudgeServer() as server:
        yield server


@pytest.fixture(scope="module")
def space(judge: JudgeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    home = tmp_path_factory.mktemp("home")
    with started("metric", home, {"JUDGE_BASE_URL": judge.url, "OPENAI_API_KEY": "the-server-s-own"}) as client:
        yield client


@contextmanager
def started(card: str, home: Path, variables: Mapping[str, str]) -> Iterator[Any]:
    """A client of the Space of a card, which runs meanwhile."""
    from gradio_client import Client

    settings = {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "HOME": str(home),
    }
    command = [sys.executable, str(ROOT / "cards" / card / "app.py")]
    environment = {**os.environ, **settings, **variables}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "http://" in line)
        yield Client(line.split()[-1], verbose=False)
        process.terminate()


def ask(space: Any, pasted: str, model: str = "", key: str = "", file: Path | None = None, check: bool = False) -> Any:
    from gradio_client import handle_file

    return space.predict(handle_file(file) if file else None, pasted, model, key, check, api_name="/evaluate")


def test_pasted_pairs_are_judged_with_the_visitor_s_key(space: Any, judge: JudgeServer) -> None:
    table, picture, notes = ask(space, "\n".join(map(json.dumps, ROWS)), "gpt-4o", "the-visitor-s")
    rows = {row[0]: row for row in table["data"]}
    assert set(rows) == {"de", "fi", "all"}
    assert 0 <= float(rows["all"][1]) <= 100
    assert rows["all"][-1] == "12"
    assert picture.startswith("<svg")
    assert "<script" not in picture
    assert "order:both" in notes
    assert judge.tokens == {"the-visitor-s"}


def test_a_file_without_a_judge_has_its_fidelity(space: Any, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "pairs.jsonl", ROWS)
    table, picture, _ = ask(space, "", file=tmp_path / "pairs.jsonl")
    rows = {row[0]: row for row in table["data"]}
    assert rows["fi"][1] == "-"
    assert float(rows["fi"][4]) == 100
    assert picture == ""


@pytest.mark.parametrize(
    ("pasted", "model", "says"),
    [
        ("", "", "no pairs: choose a file"),
        ("{", "", "not valid JSON"),
        (json.dumps(ROWS[0]), "gpt-4o", "no key: the judge is asked with yours"),
        ("\n".join([json.dumps(ROWS[0])] * 501), "", "501 pairs; this page takes up to 500"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(space: Any, pasted: str, model: str, says: str) -> None:
    table, picture, notes = ask(space, pasted, model)
    assert (table["data"], picture, notes.count("\n")) == ([], "", 0)
    assert says in notes


def test_the_leaderboard_reads_published_runs(tmp_path: Path) -> None:
    """A setting has a table of its own, and a judge that is none gives no number."""
    with HubServer() as hub:
        for name, judge, mean in (("one", "openai/a", 0.3), ("two", "openai/a", 0.7), ("three", "openai/b", 0.5)):
            folder = made(tmp_path / name, {"de": spread(mean)}, model=f"org/{name}", judge=judge)
            results = json.loads((folder / "results.json").read_text("utf-8"))
            figures = {"win_rate": 100 * mean, "win_rate_ci95": [100 * mean - 9, 100 * mean + 9], "n_items": 20}
            results |= {**figures, "by_language": {"de": figures}, "warnings": []}
            (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
            published = run(
                "publish", folder, "--repo", f"org/run-{name}", "--public", **hub.environment(tmp_path / "hf")
            )
            assert published.returncode == 0, published.stderr
        runs = {"RUNS": "org/run-one,org/run-two,org/run-three,org/nowhere"}
        environment = {**hub.environment(tmp_path / "hf"), **runs}
        with started("leaderboard", tmp_path, environment) as client:
            found = client.predict(api_name="/opened")
    settings, languages, table, picture, notes = found[-5:]
    assert len(settings["choices"]) == 2
    assert languages["choices"] == [["de", "de"]]
    assert [row[:2] for row in table["data"]] == [["org/two", "70.0"], ["org/one", "30.0"]]
    assert "org/two" in picture
    assert notes == "org/nowhere: not read (it is not there, or is no published run)"
