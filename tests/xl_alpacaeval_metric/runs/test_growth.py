"""Runs that grow: what a command adds to a folder is asked, and nothing that is there already."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Result, complaint, start_alpacaeval
from tests.commands import run_alpacaeval as run
from tests.helpers import FINNISH, PATIENCE, wait_until, write_jsonl
from tests.servers.judge import JudgeServer

UNLIKE = ("usage",)
"""What results.json says of this command alone, which asked for less where a run had grown."""


def answered(body: dict[str, Any]) -> str:
    """A candidate's answer: it depends on the request alone."""
    return f"{FINNISH} {len(body['messages'][-1]['content'])}"


@dataclass
class Servers:
    """A candidate and two judges, each behind an address of its own."""

    candidate: JudgeServer
    judge: JudgeServer
    other: JudgeServer

    def eval(self, folder: Path, *options: object, judge: JudgeServer | None = None, start: bool = False) -> Any:
        by = judge or self.judge
        command = (
            *("eval", "stand-in", "--model-args", f"base_url={self.candidate.url}", "--output", folder),
            *("--judge", "openai/other" if by is self.other else "openai/one", "--judge-base-url", by.url),
            *("--max-tokens", 200, *options),
        )
        return start_alpacaeval(*command) if start else finished(run(*command))

    def asked(self) -> tuple[int, int, int]:
        """The requests since the last call, without the probes."""
        found = []
        for server in (self.candidate, self.judge, self.other):
            texts = [answer for _, _, answer in server.seen.log]
            found.append(len(texts))
            server.seen.log.clear()
        return (found[0], found[1], found[2])


def finished(result: Result) -> Result:
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture
def servers() -> Iterator[Servers]:
    with JudgeServer(reply=answered) as candidate, JudgeServer() as judge, JudgeServer(seed=1) as other:
        other.change(verdict=lambda body: (1 + len(str(body["messages"])) % 7) / 9)
        yield Servers(candidate, judge, other)


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text("utf-8"))
    return {key: value for key, value in found.items() if key not in UNLIKE}


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def judge_probes(servers: Servers, folder: Path) -> int:
    """The requests of a judge's preflight: a finished command asks nothing else."""
    servers.asked()
    servers.eval(folder, "--languages", "fi", "--limit", 2)
    return servers.asked()[1]


def test_a_run_takes_languages_items_judges_and_orders_and_asks_what_is_missing(
    servers: Servers, tmp_path: Path
) -> None:
    folder, whole = tmp_path / "grown", tmp_path / "whole"
    servers.eval(folder, "--languages", "fi", "--limit", 2, "--one-order")
    candidate, judge, _ = servers.asked()
    candidate_probes = candidate - 2
    probes = judge - 2
    # A language more: its items alone.
    added = servers.eval(folder, "--languages", "tr", "--limit", 2, "--one-order")
    assert "adds tr (2): 2 items" in added.stderr
    assert servers.asked() == (candidate_probes + 2, probes + 2, 0)
    assert {row["language"] for row in lines(folder / "items.jsonl")} == {"fi", "tr"}
    # More items of both.
    servers.eval(folder, "--languages", "fi,tr", "--limit", 3, "--one-order")
    assert servers.asked() == (candidate_probes + 2, probes + 2, 0)
    # The other order of all six.
    servers.eval(folder, "--languages", "fi,tr", "--limit", 3, "--both-orders")
    assert servers.asked() == (0, probes + 6, 0)
    servers.eval(whole, "--languages", "fi,tr", "--limit", 3, "--both-orders")
    servers.asked()
    assert results(folder) == results(whole)
    # Another judge: it is asked everything, the candidate nothing; the first one's verdicts stay.
    other = servers.eval(folder, "--languages", "fi,tr", "--limit", 3, "--both-orders", judge=servers.other)
    assert servers.asked() == (0, 0, probes + 12)
    assert "was judged by openai/one" in other.stderr
    by_other = results(folder)
    assert by_other != results(whole)
    assert len(lines(folder / "verdicts.jsonl")) == 12
    # And back: nobody is asked anything.
    servers.eval(folder, "--languages", "fi,tr", "--limit", 3, "--both-orders")
    assert servers.asked() == (0, probes, 0)
    assert results(folder) == results(whole)
    # A panel of the two knows the verdicts of both.
    panel = ("--judge", "openai/other", "--judge-base-url", servers.other.url)
    servers.eval(folder, "--languages", "fi,tr", "--limit", 3, "--both-orders", *panel)
    assert servers.asked() == (0, probes, probes)
    found = json.loads((folder / "results.json").read_text("utf-8"))
    assert found["by_judge"]["openai/other"]["win_rate"] == pytest.approx(by_other["win_rate"])
    assert found["usage"]["requests"] == 0


def test_answers_are_generated_here_and_judged_there(servers: Servers, tmp_path: Path) -> None:
    folder, whole = tmp_path / "run", tmp_path / "whole"
    options = ("--languages", "fi,tr", "--limit", 2)
    servers.eval(whole, *options)
    candidate, judge, _ = servers.asked()
    made = run(
        *("eval", "stand-in", "--model-args", f"base_url={servers.candidate.url}", "--judge", "none"),
        *("--output", folder, "--max-tokens", 200, *options),
    )
    finished(made)
    assert servers.asked() == (candidate, 0, 0)
    judged = finished(run("judge", folder, "--judge", "openai/one", "--judge-base-url", servers.judge.url))
    assert servers.asked() == (0, judge, 0)
    assert "stand-in on mini" in judged.stdout
    assert results(folder) == results(whole)
    # With `eval`, too, nothing is left to ask.
    servers.eval(folder, *options)
    assert servers.asked()[0] == 0
    assert results(folder) == results(whole)


def test_what_does_not_fit_is_named_in_words(servers: Servers, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    servers.eval(folder, "--languages", "fi", "--limit", 2)
    files = [file for file in folder.iterdir() if file.is_file() and file.name != "run.json"]
    before = {file: file.read_bytes() for file in files}
    references = write_jsonl(
        tmp_path / "other.jsonl", [{"id": "mini-01", "language": "fi", "reference": "Toinen vastaus."}]
    )
    judge = ("--judge", "openai/one", "--judge-base-url", servers.judge.url)
    model = ("eval", "stand-in", "--model-args", f"base_url={servers.candidate.url}", "--output", folder, *judge)
    fi = ("--languages", "fi", "--limit", 2)
    for command, message in (
        ((*model, *fi, "--max-tokens", 9), "holds a run with max_tokens 200, this one has 9; choose another --output"),
        ((*model, *fi, "--max-tokens", 200, "--reference", references), "id 'mini-01' in fi has another reference"),
        ((*model, *fi, "--max-tokens", 200, "--seed", 5), "holds a run with seed 0, this one has 5"),
        (("judge", folder, *judge, "--reference", references), "id 'mini-01' in fi has another reference"),
        (("judge", folder / "samples.jsonl", *judge, "--output", folder), "was made by eval"),
        (("judge", folder / "samples.jsonl", *judge), "needs --output"),
        (("judge", tmp_path, *judge), "holds no answers"),
    ):
        assert message in complaint(run(*command)), command
    assert {file: file.read_bytes() for file in files} == before
    assert not (folder / "judges").exists()


@pytest.mark.parametrize("moment", ["generating", "judging"])
def test_a_kill_while_a_run_grows_loses_nothing_and_a_second_command_is_refused(
    servers: Servers, tmp_path: Path, moment: str
) -> None:
    folder, whole = tmp_path / "run", tmp_path / "whole"
    servers.eval(folder, "--languages", "fi", "--limit", 2, "--both-orders")
    servers.eval(whole, "--languages", "fi,tr", "--limit", 2, "--both-orders", judge=servers.other)
    servers.asked()
    slow = servers.candidate if moment == "generating" else servers.other
    slow.change(latency=5.0)
    options = ("--languages", "fi,tr", "--limit", 2, "--both-orders", "--concurrency", 1)
    process = servers.eval(folder, *options, judge=servers.other, start=True)
    wait_until(lambda: slow.seen.in_flight > 0 and (folder / "judges").is_dir(), process)
    assert "another process" in complaint(run("judge", folder, "--judge", "none"))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    slow.change(latency=0.0)
    # The first judge's run is whole, as if nothing had been begun.
    servers.asked()
    servers.eval(folder, "--languages", "fi", "--limit", 2, "--both-orders")
    assert json.loads((folder / "results.json").read_text("utf-8"))["by_language"]["fi"]["n"] == 2
    assert json.loads((folder / "results.json").read_text("utf-8"))["usage"]["cached"] >= 4
    servers.eval(folder, *options, judge=servers.other)
    assert results(folder) == results(whole)


def test_a_growth_that_was_killed_is_no_finished_run(servers: Servers, tmp_path: Path) -> None:
    rows = [
        {"id": f"p{n}", "instruction": f"Q{n}", "prediction": f"{FINNISH} {n}", "reference": FINNISH, "language": "fi"}
        for n in range(6)
    ]
    few, all_rows = write_jsonl(tmp_path / "few.jsonl", rows[:2]), write_jsonl(tmp_path / "all.jsonl", rows)
    folder, whole = tmp_path / "run", tmp_path / "whole"
    judge = ("--judge", "openai/one", "--judge-base-url", servers.judge.url, "--both-orders", "--concurrency", 1)
    finished(run("judge", few, *judge, "--output", folder))
    finished(run("judge", all_rows, *judge, "--output", whole))
    servers.judge.change(latency=0.3)
    process = start_alpacaeval("judge", all_rows, *judge, "--output", folder)
    wait_until(lambda: len((folder / "verdicts.jsonl").read_text("utf-8").splitlines()) > 4, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    servers.judge.change(latency=0.0)
    for command in (
        ("rank", folder, whole),
        ("compare", folder, whole),
        ("report", folder, "--output", tmp_path / "page.html"),
        ("publish", folder, "--repo", "org/run", "--dry-run"),
    ):
        assert f"{folder}: is not finished (no results.json)" in complaint(run(*command)), command
    finished(run("judge", all_rows, *judge, "--output", folder))
    assert results(folder) == results(whole)
    assert len(lines(folder / "items.jsonl")) == 6
    # A finished command again has nothing to do: a kill of it takes nothing from the run.
    before = (folder / "results.json").read_bytes()
    servers.judge.change(latency=5.0)
    process = start_alpacaeval("judge", all_rows, *judge, "--output", folder)
    wait_until(lambda: servers.judge.seen.in_flight > 0, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert (folder / "results.json").read_bytes() == before


def test_a_folder_of_version_0_1_takes_another_judge_and_none_and_its_own_again(
    servers: Servers, tmp_path: Path
) -> None:
    folder = shutil.copytree(Path(__file__).with_name("version_0_1_0") / "judged", tmp_path / "judged")
    before = lines(folder / "verdicts.jsonl")
    other = finished(run("judge", folder, "--judge", "openai/other", "--judge-base-url", servers.other.url))
    assert "was judged by openai/stand-in; that is kept in" in other.stderr
    assert len(lines(folder / "verdicts.jsonl")) == 12, "in both orders, as by the judge before"
    finished(run("judge", folder, "--judge", "none"))
    assert not (folder / "verdicts.jsonl").exists()
    assert results(folder)["win_rate"] is None
    servers.asked()
    own = ("--judge", "openai/stand-in", "--judge-base-url", servers.judge.url, "--judge-prompt", "0.1")
    finished(run("judge", folder, *own, "--both-orders"))
    finished(run("judge", folder, *own))  # In the orders that it has been judged in.
    assert servers.asked()[1] <= 2, "the probes alone"
    key = ("id", "language", "order", "preference")
    assert {tuple(row[name] for name in key) for row in lines(folder / "verdicts.jsonl")} == {
        tuple(row[name] for name in key) for row in before
    }
    (by_other,) = (folder / "judges").glob("openai-other-*")
    agreed = finished(run("agreement", folder, by_other))
    assert "agreement %" in agreed.stdout
