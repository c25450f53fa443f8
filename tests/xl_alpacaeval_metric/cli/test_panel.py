"""Several `--judge`: a panel whose mean preference counts, kept by judge, and read again."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import write_jsonl
from tests.servers.judge import Behaviour, JudgeServer, Refused
from xl_alpacaeval_metric.leaderboard.ranking import rank
from xl_alpacaeval_metric.runs import compare

COUNT = 12


def opinion(value: float | None, asked: Counter[str], name: str) -> Any:
    """The verdict of a judge that prefers the candidate by `value`; None refuses each question."""

    def verdict(body: dict[str, Any]) -> float:
        prompt = body["messages"][-1]["content"]
        if "candidate" not in prompt:
            return 0.9  # the probe
        asked[name] += 1
        if value is None:
            raise Refused(400, "The request was rejected by the safety system.")
        return value if prompt.index("candidate") < prompt.index("reference") else 1 - value

    return verdict


@pytest.fixture
def servers() -> Iterator[tuple[JudgeServer, JudgeServer, JudgeServer]]:
    with JudgeServer() as a, JudgeServer() as b, JudgeServer() as c:
        yield a, b, c


def pairs_file(folder: Path) -> Path:
    return write_jsonl(
        folder / "pairs.jsonl",
        [
            {
                "id": str(n),
                "language": "de",
                "instruction": f"Explain {n}.",
                "prediction": f"Die Antwort von candidate {n}.",
                "reference": f"Die Antwort von reference {n}.",
            }
            for n in range(COUNT)
        ],
    )


def arguments(servers: tuple[JudgeServer, ...], names: str, pairs: Path, output: Path) -> list[object]:
    found: list[object] = ["judge", pairs, "--output", output]
    for name, server in zip(names, servers, strict=True):
        found += ["--judge", f"openai/{name}", "--judge-base-url", server.url]
    return found


def test_a_panel_averages_its_judges_and_says_what_each_thinks(
    servers: tuple[JudgeServer, JudgeServer, JudgeServer], tmp_path: Path
) -> None:
    asked: Counter[str] = Counter()
    for server, value, name in zip(servers, (0.9, 0.6, None), "abc", strict=True):
        server.behaviour = Behaviour(verdict=opinion(value, asked, name))
    folder = tmp_path / "run"
    command = arguments(servers, "abc", pairs_file(tmp_path), folder)
    result = run(*command, COLUMNS="100")
    assert (result.returncode, result.stderr.splitlines()[-1]) == (
        1,
        "xl-alpacaeval: 100% of the verdicts of openai/c are missing (--max-missing 1%); "
        "the same command asks again for these alone",
    )
    assert f"0 of {COUNT}" in result.stdout
    assert asked == dict.fromkeys("abc", COUNT)
    found = json.loads((folder / "results.json").read_text("utf-8"))
    # The third judge gives no verdict: the mean is that of the other two.
    assert found["win_rate"] == pytest.approx(75)
    assert (found["n"], found["n_missing"]) == (COUNT, 0)
    judges = found["by_judge"]
    assert {name: of["win_rate"] for name, of in judges.items()} == {
        "openai/a": pytest.approx(90),
        "openai/b": pytest.approx(60),
        "openai/c": None,
    }
    assert judges["openai/a"]["lean"] == pytest.approx(30)
    assert (judges["openai/c"]["n"], judges["openai/c"]["n_missing"]) == (0, COUNT)
    assert any("judge openai/c: 12 of 12 items have no verdict of it" in line for line in found["warnings"])
    assert "judge:openai/a+openai/b+openai/c|" in found["signature"]
    assert "openai/a" in result.stdout
    assert "alpha" in result.stdout
    lines = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text("utf-8").splitlines()]
    assert Counter(line["judge"] for line in lines) == {f"openai/{name}": COUNT for name in "abc"}
    settings = json.loads((folder / "run.json").read_text("utf-8"))["settings"]
    assert [one["model"] for one in settings["judge_identity"]["panel"]] == ["a", "b", "c"]

    shown = run("show", folder, "--id", "0").stdout
    for name, said in (("a", "0.90"), ("b", "0.60"), ("c", "missing")):
        assert re.search(f"openai/{name}, (answer|reference) first: {said}", shown)

    # What has a verdict is not asked again.
    asked.clear()
    assert run(*command, "--max-missing", "1").returncode == 0
    assert asked == {"c": COUNT}
    # The analyses read the panel's verdicts as the run does.
    assert [*compare.load(folder).preferences.values()] == [pytest.approx(0.75)] * COUNT
    other = tmp_path / "other"
    servers[2].behaviour = Behaviour(verdict=opinion(0.1, asked, "c"))
    assert run(*arguments(servers, "abc", pairs_file(tmp_path), other)).returncode == 0
    places = rank([folder, other], figures=["win_rate"]).figures["win_rate"].overall
    assert [round(place.value or 0) for place in places] == [75, 53]


def test_the_estimate_sums_the_judges(servers: tuple[JudgeServer, ...], tmp_path: Path) -> None:
    pairs = pairs_file(tmp_path)
    result = run("estimate", pairs, "--judge", "openai/a", "--judge", "openai/b", "--judge-base-url", servers[0].url)
    assert result.stdout.startswith(f"{2 * COUNT} requests")


def test_one_judge_leaves_the_files_that_it_left(servers: tuple[JudgeServer, ...], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = run(*arguments(servers[:1], "a", pairs_file(tmp_path), folder))
    assert result.returncode == 0, result.stderr
    line = json.loads((folder / "verdicts.jsonl").read_text("utf-8").splitlines()[0])
    assert "judge" not in line
    assert "by_judge" not in json.loads((folder / "results.json").read_text("utf-8"))


def test_wrong_use_is_one_line(servers: tuple[JudgeServer, ...], tmp_path: Path) -> None:
    pairs = pairs_file(tmp_path)
    command = ["judge", pairs, "--output", tmp_path / "run", "--judge", "openai/a", "--judge"]
    assert "judge 'openai/a' is given twice" in complaint(run(*command, "openai/a"))
    assert "judge none cannot be on a panel" in complaint(run(*command, "none"))
    url = servers[0].url
    urls = ["--judge-base-url", url] * 3
    assert "3 addresses for 2 judges" in complaint(run(*command, "openai/b", *urls))
    assert "is rated by one judge" in complaint(run(*command, "openai/b", "--judge-base-url", url, "--criteria"))
    assert not (tmp_path / "run").exists()
