"""`judge --precision` and `--until-decided`: judging in looks stops early, is kept and goes on.

The judge's opinion of each pair is known by the pair's number, and it counts how often it is asked.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Result, complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import write_jsonl
from tests.servers.judge import Behaviour, JudgeServer, Refused


def write_pairs(file: Path, count: int, answer: str = "candidate") -> Path:
    return write_jsonl(
        file,
        [
            {
                "id": str(n),
                "language": "de",
                "instruction": f"Explain thing {n} in German.",
                "prediction": f"Das ist die Antwort von {answer} {n}.",
                "reference": f"Und dies ist die Antwort von reference {n}.",
            }
            for n in range(count)
        ],
    )


class Opinions:
    """A judge whose preference for an answer is a function of its author and its number."""

    def __init__(self, preference: Callable[[str, int], float]) -> None:
        self.preference = preference
        self.asked: Counter[int] = Counter()
        self.ends_after: int | None = None

    def __call__(self, body: dict[str, Any]) -> float:
        prompt = body["messages"][-1]["content"]
        found = re.search(r"(candidate|rival) (\d+)\.", prompt)
        if found is None:
            return 0.9  # the probe
        if self.ends_after is not None and self.asked.total() >= self.ends_after:
            raise Refused(401, "Incorrect API key provided")
        number = int(found[2])
        self.asked[number] += 1
        preference = self.preference(found[1], number)
        return preference if found.start() < prompt.index(f"reference {number}.") else 1 - preference


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with JudgeServer() as server:
        yield server


def judge(server: JudgeServer, pairs: Path, output: Path, *more: object) -> Result:
    return run("judge", pairs, "--judge", "openai/m", "--judge-base-url", server.url, "--output", output, *more)


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found


def test_a_wanted_precision_stops_when_it_is_reached(server: JudgeServer, tmp_path: Path) -> None:
    opinions = Opinions(lambda _, n: 0.6 + 0.2 * (n % 3 - 1))
    server.behaviour = Behaviour(verdict=opinions)
    pairs = write_pairs(tmp_path / "pairs.jsonl", 160)
    result = judge(server, pairs, tmp_path / "run", "--precision", 8)
    assert result.returncode == 0, result.stderr
    found = results(tmp_path / "run")
    looks = found["looks"]
    assert found["stopped_early"] is True
    assert found["stopping_rule"] == "precision"
    assert [look["n_prompts"] for look in looks] == [20 * k for k in range(1, len(looks) + 1)]
    assert [look["statistic"] <= 8 for look in looks] == [False] * (len(looks) - 1) + [True]
    assert len(opinions.asked) == found["n"] == looks[-1]["n"] < 160
    assert (found["n_missing"], found["n_not_judged"]) == (0, 160 - found["n"])
    assert found["n_items"] == 160
    assert found["win_rate"] == pytest.approx(60, abs=3)
    assert f"{160 - found['n']} of 160 items were not judged" in result.stdout
    assert "stopping:precision 8" in found["signature"]

    # More precision goes on from there; all verdicts so far count.
    opinions.asked.clear()
    assert judge(server, pairs, tmp_path / "run", "--precision", 0.1).returncode == 0
    more = results(tmp_path / "run")
    assert (more["stopped_early"], more["n"], more["n_not_judged"]) == (False, 160, 0)
    assert opinions.asked.total() == 160 - found["n"]


def test_a_comparison_stops_when_it_is_decided(server: JudgeServer, tmp_path: Path) -> None:
    base = {"rival": 0.4, "candidate": 0.55}
    opinions = Opinions(lambda author, n: base[author] + 0.1 * (n * 7 % 5 - 2))
    server.behaviour = Behaviour(verdict=opinions)
    rival = tmp_path / "rival"
    assert judge(server, write_pairs(tmp_path / "r.jsonl", 120, "rival"), rival).returncode == 0
    opinions.asked.clear()
    mine = write_pairs(tmp_path / "c.jsonl", 120)
    result = judge(server, mine, tmp_path / "run", "--until-decided", rival)
    assert result.returncode == 0, result.stderr
    found = results(tmp_path / "run")
    assert found["stopped_early"] is True
    assert found["decision"] == "better than rival"
    assert opinions.asked.total() == found["n"] < 120
    last = found["looks"][-1]
    assert last["value"] == pytest.approx(15, abs=1e-6) or last["ci95"][0] > 0
    assert "better than rival: +15.0 points" in result.stdout
    # The same run against itself: nothing to decide, so everything is judged.
    same = judge(server, write_pairs(tmp_path / "r.jsonl", 120, "rival"), tmp_path / "again", "--until-decided", rival)
    assert "not told apart from rival" in same.stdout
    assert results(tmp_path / "again")["n"] == 120


def test_a_run_that_ends_in_the_middle_goes_on_with_the_same_looks(server: JudgeServer, tmp_path: Path) -> None:
    def preference(_: str, n: int) -> float:
        return 0.3 + 0.4 * (n % 2)

    pairs = write_pairs(tmp_path / "pairs.jsonl", 120)
    whole = Opinions(preference)
    server.behaviour = Behaviour(verdict=whole)
    assert judge(server, pairs, tmp_path / "whole", "--precision", 7).returncode == 0
    expected = results(tmp_path / "whole")
    halted = Opinions(preference)
    halted.ends_after = 25
    server.behaviour = Behaviour(verdict=halted)
    assert judge(server, pairs, tmp_path / "halted", "--precision", 7, "--concurrency", 1).returncode == 2
    halted.ends_after = None
    assert judge(server, pairs, tmp_path / "halted", "--precision", 7).returncode == 0
    found = results(tmp_path / "halted")
    assert {key: found[key] for key in ("looks", "n", "win_rate")} == {
        k: expected[k] for k in ("looks", "n", "win_rate")
    }
    assert set(halted.asked.values()) == {1}


def test_wrong_use_is_one_line(server: JudgeServer, tmp_path: Path) -> None:
    server.behaviour = Behaviour(verdict=Opinions(lambda *_: 0.5))
    pairs = write_pairs(tmp_path / "pairs.jsonl", 12)
    done = tmp_path / "done"
    assert judge(server, pairs, done).returncode == 0
    run_folder = tmp_path / "run"
    assert "give one of them" in complaint(judge(server, pairs, run_folder, "--precision", 2, "--until-decided", done))
    assert "between 0 and 50" in complaint(judge(server, pairs, run_folder, "--precision", 0))
    assert "--criteria rates all" in complaint(judge(server, pairs, run_folder, "--precision", 2, "--criteria"))
    assert "is no run folder" in complaint(judge(server, pairs, run_folder, "--until-decided", tmp_path))
    assert "differ in order" in complaint(judge(server, pairs, run_folder, "--until-decided", done, "--both-orders"))
    other = write_pairs(tmp_path / "other.jsonl", 12)
    other.write_text(other.read_text("utf-8").replace("Explain", "Describe"), encoding="utf-8")
    assert "has no verdict on any of this run's 12 items" in complaint(
        judge(server, other, run_folder, "--until-decided", done)
    )
    nothing = run("judge", pairs, "--judge", "none", "--output", run_folder, "--precision", 2)
    assert "--judge is none" in complaint(nothing)
    assert not run_folder.exists()
