"""The command `xl-alpacaeval judge` with a judge that fails, that goes away and that is killed.

What a judge should think of each pair is known here by the pair's number, so that every verdict and
the win rate can be held to it, and the judge counts by that number how often it was asked.
"""

import json
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Result, complaint, start_alpacaeval
from tests.commands import run_alpacaeval as run
from tests.helpers import FINNISH, wait_until, write_jsonl
from tests.servers.judge import FAULTS, Behaviour, JudgeServer, Refused

TOO_LONG = (400, "This model's maximum context length is 8192 tokens.")
UNWANTED = (400, "The request was rejected by the safety system.")
BROKEN = (500, "The server had an error.")


class Opinions:
    """The judge's preference for the candidate of pair 0, 1, ..., and the requests for each pair.

    `refuses` maps a pair's number to the status and message that its requests get instead.
    """

    def __init__(self, pairs: int) -> None:
        chance = random.Random(pairs)
        self.preferences = [chance.uniform(0.01, 0.99) for _ in range(pairs)]
        self.asked: Counter[int] = Counter()
        self.refuses: dict[int, tuple[int, str]] = {}

    def __call__(self, body: dict[str, Any]) -> float:
        """The probability of the answer A."""
        prompt = body["messages"][-1]["content"]
        candidate = re.search(r"candidate (\d+)\.", prompt)
        if candidate is None:
            return 0.9  # the probe
        number = int(candidate[1])
        self.asked[number] += 1
        if number in self.refuses:
            raise Refused(*self.refuses[number])
        preference = self.preferences[number]
        return preference if candidate.start() < prompt.index(f"reference {number}.") else 1 - preference

    def write(self, file: Path) -> Path:
        """Write the pairs."""
        with file.open("w", encoding="utf-8") as lines:
            for number in range(len(self.preferences)):
                row = {
                    "id": str(number),
                    "language": "de",
                    "instruction": f"Explain thing {number} in German.",
                    "prediction": f"Das ist die Antwort von candidate {number}.",
                    "reference": f"Und dies ist die Antwort von reference {number}.",
                }
                print(json.dumps(row), file=lines)
        return file

    def check(self, folder: Path, missing: Counter[int] | None = None) -> dict[str, Any]:
        """Each pair has one line with a preference or a reason; the figures match them."""
        lines = verdicts(folder)
        assert sorted(int(line["id"]) for line in lines) == list(range(len(self.preferences)))
        without = {int(line["id"]) for line in lines if line["preference"] is None}
        assert without == set(missing or ())
        assert all(line["reason"] for line in lines if line["preference"] is None)
        known = {int(line["id"]): line["preference"] for line in lines if line["preference"] is not None}
        assert known == {number: pytest.approx(self.preferences[number]) for number in known}
        results: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        assert (results["n"], results["n_missing"]) == (len(known), len(without))
        assert results["win_rate"] == pytest.approx(100 * sum(known.values()) / len(known))
        assert results["wins"] == sum(preference > 0.5 for preference in known.values())
        assert sum(results["missing_reasons"].values()) == len(without)
        return results


def verdicts(folder: Path) -> list[dict[str, Any]]:
    """The complete lines of verdicts.jsonl."""
    file = folder / "verdicts.jsonl"
    return [json.loads(line) for line in file.read_bytes().split(b"\n")[:-1]] if file.exists() else []


def judge_arguments(server: JudgeServer, pairs: Path, output: Path, *more: object) -> tuple[object, ...]:
    return ("judge", pairs, "--judge", "openai/m", "--judge-base-url", server.url, "--output", output, *more)


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with JudgeServer() as server:
        yield server


@pytest.mark.slow
def test_a_judge_with_faults_judges_every_pair_once_and_rightly(server: JudgeServer, tmp_path: Path) -> None:
    opinions = Opinions(2000)
    pairs = opinions.write(tmp_path / "pairs.jsonl")
    server.behaviour = Behaviour(fault_rate=0.1, retry_after="0.05", verdict=opinions)
    result = run(*judge_arguments(server, pairs, tmp_path / "run", "--judge-args", "timeout=0.8"))
    assert result.returncode == 0, result.stderr
    found = opinions.check(tmp_path / "run")
    assert "2000 of 2000 judged" in result.stdout
    assert server.stats()["answers"].keys() == {"answer", *FAULTS}
    assert len(opinions.asked) == 2000
    assert found["usage"]["requests"] == 2000
    assert found["usage"]["retries"] == opinions.asked.total() - 2000 > 100


def test_missing_verdicts_have_reasons_and_are_asked_for_again_alone(server: JudgeServer, tmp_path: Path) -> None:
    opinions = Opinions(100)
    pairs, folder = opinions.write(tmp_path / "pairs.jsonl"), tmp_path / "run"
    opinions.refuses = {3: TOO_LONG, 5: UNWANTED, 7: BROKEN, 11: BROKEN}
    missing = Counter(opinions.refuses.keys())
    server.behaviour = Behaviour(verdict=opinions)
    command = judge_arguments(server, pairs, folder, "--judge-args", "retries=1")

    first = run(*command)
    assert first.returncode == 1, first.stderr
    assert "4% of the verdicts are missing (--max-missing 1%)" in first.stderr
    # Each pair once; a permanent failure is not retried, a transient one is.
    assert opinions.asked == Counter(range(100)) + Counter([7, 11])
    assert opinions.check(folder, missing)["missing_reasons"] == {
        "status 500: The server had an error. (2 attempts)": 2,
        f"status 400: {TOO_LONG[1]}": 1,
        f"status 400: {UNWANTED[1]}": 1,
    }
    assert f"missing 1x: status 400: {TOO_LONG[1]}" in first.stdout

    opinions.asked.clear()
    tolerated = run(*command, "--max-missing", "0.04")
    assert tolerated.returncode == 0, tolerated.stderr
    assert opinions.asked == Counter([3, 5, 7, 7, 11, 11])
    opinions.check(folder, missing)

    opinions.asked.clear()
    opinions.refuses.clear()
    assert run(*command).returncode == 0
    assert opinions.asked == missing
    results = opinions.check(folder)
    assert (results["usage"]["requests"], results["usage"]["cached"]) == (4, 96)


@pytest.mark.parametrize("status", [401, 404])
def test_a_judge_that_goes_away_ends_the_run_at_once_and_the_next_goes_on(
    server: JudgeServer, tmp_path: Path, status: int
) -> None:
    opinions = Opinions(200)
    pairs, folder = opinions.write(tmp_path / "pairs.jsonl"), tmp_path / "run"
    command = judge_arguments(server, pairs, folder, "--concurrency", 8)
    says = f"xl-alpacaeval: openai/m at {server.url}: status {status}: The service has ended.; check "

    server.behaviour = Behaviour(ends_after=0, ends_with=status)
    assert complaint(run(*command)).startswith(says)
    assert not folder.exists()
    assert len(server.seen.log) == 1

    server.behaviour = Behaviour(latency=0.02, ends_after=80, ends_with=status, verdict=opinions)
    ended = run(*command)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(says)
    assert "Traceback" not in ended.stderr
    assert len(server.seen.log) <= 80 + 8
    kept = Counter(int(line["id"]) for line in verdicts(folder))
    # Of the 78 that were answered, those in flight when the judge went away may be lost.
    assert 78 - 8 <= len(kept) == kept.total()
    assert not (folder / "results.json").exists()

    server.behaviour = Behaviour(verdict=opinions)
    assert run(*command).returncode == 0
    opinions.check(folder)
    assert all(opinions.asked[number] == 1 for number in kept)
    assert max(opinions.asked.values()) <= 2


@pytest.mark.slow
def test_twenty_kills_repeat_no_more_than_was_in_flight(server: JudgeServer, tmp_path: Path) -> None:
    kills, lanes = 20, 8
    opinions, chance = Opinions(600), random.Random(5)
    pairs, folder = opinions.write(tmp_path / "pairs.jsonl"), tmp_path / "run"
    server.behaviour = Behaviour(latency=0.03, verdict=opinions)
    arguments = judge_arguments(server, pairs, folder, "--concurrency", lanes)

    def killed(when: Callable[[], bool], after: float = 0.0) -> tuple[int, str]:
        """Exit code and standard error of the command, killed `after` seconds after `when()`."""
        process = start_alpacaeval(*arguments)
        wait_until(lambda: when() or process.poll() is not None)
        time.sleep(after)
        process.kill()
        _, errors = process.communicate()
        return process.returncode, errors

    def asked(more: int) -> Callable[[], bool]:
        goal = opinions.asked.total() + more
        return lambda: opinions.asked.total() >= goal

    # The first kill comes while the command starts, the others at any moment of the requests in
    # flight.
    for more in (0, *(chance.randrange(1, 50) for _ in range(kills - 1))):
        before = opinions.asked.total()
        exit_code, errors = killed(asked(more), after=chance.uniform(0, 0.08))
        assert exit_code == -signal.SIGKILL, errors
        assert opinions.asked.total() > before or more == 0
        kept = [int(line["id"]) for line in verdicts(folder)]
        assert len(kept) == len(set(kept))
        assert len(set(opinions.asked) - set(kept)) <= lanes
    assert len(kept) < 600, "every kill should have come before the end"

    # One more, when every verdict is there and the results are not, or not yet whole.
    killed(lambda: len(verdicts(folder)) == 600)
    assert 600 <= opinions.asked.total() <= 600 + kills * lanes
    opinions.asked.clear()
    result = run(*arguments)
    assert result.returncode == 0, result.stderr
    assert not opinions.asked
    opinions.check(folder)
    assert sorted(file.name for file in folder.iterdir()) == [
        "items.jsonl",
        "results.json",
        "run.json",
        "samples.jsonl",
        "verdicts.jsonl",
    ]


def test_a_kill_before_the_run_has_its_settings_does_not_spoil_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in (".lock", ".run.json.4711", ".samples.jsonl.4711"):
        (folder / name).write_text("half a f")
    result = run("judge", Opinions(3).write(tmp_path / "pairs.jsonl"), "--judge", "none", "--output", folder)
    assert result.returncode == 0, result.stderr
    assert sorted(file.name for file in folder.iterdir()) == [
        "items.jsonl",
        "results.json",
        "run.json",
        "samples.jsonl",
    ]


KEY, USER, PASSWORD, QUERY = "sk-a-key-of-one-s-own", "some-b0dy", "p4ssw0rd", "t0ken-in-the-address"
BASIC = "c29tZS1iMGR5OnA0c3N3MHJk"
"""What an HTTP client makes of user and password."""


def with_secrets(url: str) -> str:
    return url.replace("://", f"://{USER}:{PASSWORD}@") + f"?key={QUERY}&api-version=1"


def test_secrets_are_sent_and_stand_nowhere(server: JudgeServer, tmp_path: Path) -> None:
    opinions = Opinions(40)
    pairs = opinions.write(tmp_path / "pairs.jsonl")
    address = with_secrets(server.url)
    told: list[str] = []

    def judge(name: str, *more: object, **environment: str) -> Result:
        arguments = ("judge", pairs, "--judge", "openai/m", "--output", tmp_path / name, "--judge-args", "retries=0")
        result = run(*arguments, *more, OPENAI_API_KEY=KEY, HOME=str(tmp_path), **environment)
        told.append(result.stdout + result.stderr)
        return result

    server.behaviour = Behaviour(verdict=opinions)
    assert judge("fine", "--judge-base-url", address, "--cache", tmp_path / "cache.sqlite").returncode == 0
    assert server.seen.last_path == f"/v1/chat/completions?key={QUERY}&api-version=1"
    assert server.seen.last_headers["authorization"] == f"Basic {BASIC}"
    settings = json.loads((tmp_path / "fine" / "run.json").read_text())["settings"]
    assert settings["judge_identity"]["endpoint"] == server.url

    echo = f"You sent {KEY}, {PASSWORD} and {BASIC} to /v1?key={QUERY}."
    opinions.refuses = {1: (400, echo), 2: (500, echo)}
    missing = judge("missing", "--cache", tmp_path / "another.sqlite", OPENAI_BASE_URL=address)
    assert missing.returncode == 1, missing.stderr
    assert "missing 1x: status 500: You sent ***" in missing.stdout
    assert any("status 400: You sent ***" in str(line["reason"]) for line in verdicts(tmp_path / "missing"))

    server.behaviour = Behaviour(key="another key")
    refused = complaint(judge("refused", "--judge-base-url", f"{server.url}?key={QUERY}"))
    assert server.seen.last_headers["authorization"] == f"Bearer {KEY}"
    assert f"openai/m at {server.url}: status 401: Incorrect API key provided: ***." in refused
    nobody = complaint(judge("nobody", "--judge-base-url", with_secrets("http://127.0.0.1:9/v1")))
    assert "openai/m at http://127.0.0.1:9/v1: no connection" in nobody
    wrong = complaint(judge("wrong", "--judge-base-url", with_secrets("ftp://127.0.0.1/v1")))
    assert "the base URL '127.0.0.1/v1' is not an address" in wrong

    files = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert {file.name for file in files} >= {
        "verdicts.jsonl",
        "results.json",
        "run.json",
        "cache.sqlite",
        "another.sqlite",
    }
    for secret in (KEY, USER, PASSWORD, QUERY, BASIC):
        assert not [file for file, content in files.items() if secret.encode() in content]
        assert not [text for text in told if secret in text]


def test_without_a_judge_answers_need_no_references(tmp_path: Path) -> None:
    answers = write_jsonl(tmp_path / "answers.jsonl", [{"prediction": FINNISH, "language": "fi", "model": "org/one"}])
    alone = run("judge", answers, "--judge", "none", "--output", tmp_path / "run")
    assert alone.returncode == 0, alone.stderr
    assert "org/one" in alone.stdout
    assert json.loads((tmp_path / "run" / "results.json").read_text("utf-8"))["line_pass_rate"] == 100.0
    with JudgeServer() as server:
        judge = ("--judge", "openai/any", "--judge-base-url", server.url)
        assert "its answers have no references; give --reference" in complaint(run("judge", tmp_path / "run", *judge))
        assert not server.seen.log
        given = write_jsonl(tmp_path / "given.jsonl", [{"id": "1", "language": "fi", "reference": "Hei."}])
        judged = run("judge", tmp_path / "run", *judge, "--reference", given)
        assert judged.returncode == 0, judged.stderr
    assert json.loads((tmp_path / "run" / "results.json").read_text("utf-8"))["n"] == 1
