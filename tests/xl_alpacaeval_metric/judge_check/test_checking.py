"""The check over real HTTP: planted faults, what is paid once, and what a run shows."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_alpacaeval
from tests.helpers import write_jsonl
from tests.servers.judge import JudgeServer
from tests.servers.planted import planted
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge_check.checking import JudgeChecking, cache_file
from xl_alpacaeval_metric.judge_check.references import controls_from
from xl_alpacaeval_metric.records.judge_check import JudgeCheck

PER_LANGUAGE = 10 * 6 * 2
"""Requests of the small form."""


def check(server: JudgeServer, *codes: str, form: Any = "small") -> JudgeCheck:
    with Judge.from_spec("openai/j", base_url=server.url) as judge:
        judge.client.preflight()
        return JudgeChecking(judge, controls_from(None, codes, form, 16, 0), stop_early=form == "small").run()


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Eight answers a language that are the reference of another prompt."""
    rows = benchmark.load("mini", ["fi", "ga"]).rows
    lines = [
        {
            "id": row.id,
            "language": row.response_language,
            "instruction": row.instruction,
            "reference": row.reference,
            "prediction": rows[number - 1].reference,
        }
        for number, row in enumerate(rows)
        if number % 2
    ]
    return write_jsonl(tmp_path / "pairs.jsonl", lines)


def judge_pairs(server: JudgeServer, pairs: Path, output: Path, *more: object, **environment: str) -> Any:
    settings = {"XL_JUDGE_CHECK": "1", "XL_CHECK_CACHE": str(output.parent / "cache"), **environment}
    return run_alpacaeval(
        "judge", pairs, "--judge", "openai/j", "--judge-base-url", server.url, "--output", output, *more, **settings
    )


FAULTS = {
    "": [],
    "loop in Irish": ["ga: accepts loops"],
    "language": ["every language: accepts answers in another language"],
    "first": ["every language: prefers the answer shown first"],
    "length": ["every language: prefers padded answers"],
    "garbled in Chinese": ["zh: accepts garbled words"],
    "half English in Finnish": ["fi: accepts answers half in English"],
}
"""Planted fault -> the lines that name it."""


@pytest.mark.parametrize("form", ["small", "full"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_no_other(fault: str, form: str) -> None:
    with JudgeServer(verdict=planted(fault)) as server:
        found = check(server, "fi", "ga", "zh", form=form)
    expected = [] if fault.startswith("half") and form == "small" else FAULTS[fault]
    assert [line.partition(" (")[0] for line in found.faults] == expected
    assert found.overall.verdict == ("doubtful" if expected else "passed")
    at_fault = "".join(expected).startswith(("every", "fi"))
    assert found.by_language["fi"].verdict == ("doubtful" if at_fault else "passed")


def test_a_judge_that_is_right_by_a_hair_is_left_after_one_prompt() -> None:
    with JudgeServer(verdict=planted(unsure=0.002)) as server:
        found = check(server, "fi", "ga")
        assert server.stats()["requests"] == 1 + 2 * 5 * 2
    assert found.overall.verdict == found.by_language["ga"].verdict == "no judge"
    assert found.overall.resolution == pytest.approx(50.25, abs=0.1)
    assert "certainly no judge" in found.notes[-1]


def test_a_judge_that_gives_no_verdicts_is_left_soon() -> None:
    with (
        JudgeServer(logprobs=False, reply=lambda body: "Both answers have their merits.") as server,
        Judge.from_spec("openai/j", base_url=server.url, args={"retries": 0}) as judge,
    ):
        found = JudgeChecking(judge, controls_from(None, ["fi", "ga"], "small", 10, 0)).run()
    assert found.overall.verdict == "no judge"
    assert found.by_language["ga"].reason == "gives no verdict on 5 of 5 pairs"
    assert found.n_verdicts == found.n_verdicts_missing == 20


def test_the_full_check_takes_every_kind_in_both_orders() -> None:
    with JudgeServer(verdict=planted()) as server:
        found = check(server, "fi", form="full")
        # Identical answers make one request in both orders; and there is the probe.
        assert server.stats()["requests"] == 1 + 16 * (8 * 2 + 1)
    assert {kind: of.n for kind, of in found.overall.by_kind.items()} == dict.fromkeys(found.overall.by_kind, 16)
    assert len(found.overall.by_kind) == 9


def test_the_check_is_paid_once_for_all_runs(pairs: Path, tmp_path: Path) -> None:
    with JudgeServer(verdict=planted()) as server:
        first = judge_pairs(server, pairs, tmp_path / "a")
        assert first.returncode == 0, first.stderr
        assert server.stats()["requests"] == 1 + 32 + 2 * PER_LANGUAGE
        assert f"up to {2 * PER_LANGUAGE} requests" in first.stderr
        second = judge_pairs(server, pairs, tmp_path / "b")
        assert server.stats()["requests"] == 2 + 64 + 2 * PER_LANGUAGE
        assert "judge check before it" not in second.stderr
    (a, b) = (json.loads((tmp_path / run / "check.json").read_text()) for run in "ab")
    assert (a.pop("requests"), a.pop("cached")) == (2 * PER_LANGUAGE, 0)
    assert (b.pop("requests"), b.pop("cached")) == (0, 2 * PER_LANGUAGE)
    assert a == b
    assert "judge check: passed; right on 100%" in second.stdout
    assert f"|check:{a['controls']}|" in second.stdout


def test_without_the_check_the_judge_is_unchecked(pairs: Path, tmp_path: Path) -> None:
    with JudgeServer(verdict=planted()) as server:
        run = judge_pairs(server, pairs, tmp_path / "a", "--no-judge-check")
        assert server.stats()["requests"] == 1 + 32
    assert "judge check: unchecked" in run.stdout
    results = json.loads((tmp_path / "a" / "results.json").read_text())
    unchecked = {"verdict": "unchecked", "accuracy": None, "resolution": None, "ci95": None}
    assert results["judge_check"] == results["by_language"]["fi"]["judge_check"] == unchecked
    assert not (tmp_path / "a" / "check.json").exists()
    assert "|check:" not in results["signature"]


def test_no_judge_takes_the_place_of_the_number(pairs: Path, tmp_path: Path) -> None:
    with JudgeServer(verdict=planted(unsure=0.002)) as server:
        run = judge_pairs(server, pairs, tmp_path / "a")
    rows = [line.split() for line in run.stdout.splitlines() if line.startswith(("Finnish", "Irish", "all"))]
    assert all(row[-8:-5] == ["no", "judge", "-"] or "no" in row for row in rows)
    assert not any("±" in row for row in rows)
    assert "no judge in fi, ga: it gives the right answer a mean probability of 50." in run.stdout
    results = json.loads((tmp_path / "a" / "results.json").read_text())
    assert results["win_rate"] == pytest.approx(49.75, abs=0.2)
    assert results["judge_check"]["verdict"] == "no judge"
    assert any(line.startswith("no judge in fi, ga") for line in results["warnings"])


def test_a_cache_that_cannot_be_written_does_not_end_the_run(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, no folder")
    with JudgeServer(verdict=planted()) as server:
        assert judge_pairs(server, pairs, tmp_path / "a").returncode == 0


def test_replies_of_endpoints_are_kept_for_a_week_those_of_models_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XL_CHECK_CACHE", "/somewhere")
    endpoint, model = cache_file({"endpoint": "http://x/v1"}), cache_file({"model": "m", "fingerprint": "1"})
    assert endpoint is not None
    assert model == Path("/somewhere/judge-check.sqlite")
    assert endpoint.name.startswith("judge-check-2")
    monkeypatch.setenv("XL_CHECK_CACHE", "none")
    assert cache_file({}) is None


def test_max_requests_counts_the_check(pairs: Path, tmp_path: Path) -> None:
    with JudgeServer(verdict=planted()) as server:
        run = judge_pairs(server, pairs, tmp_path / "a", "--max-requests", 100)
        assert server.stats()["requests"] == 1
    assert run.returncode == 2
    assert "judging would take 272 requests, --max-requests allows 100" in run.stderr


def test_missing_verdicts_are_counted_and_their_pairs_left_out() -> None:
    first = controls_from(None, ["fi"], "small", 10, 0).pairs["fi"][0].instruction
    with JudgeServer(
        verdict=planted(), reply=lambda body: "Hm." if first in body["messages"][-1]["content"] else None
    ) as server:
        found = check(server, "fi")
    assert found.n_verdicts_missing > 0
    assert found.overall.n_missing > 0
    assert sum(found.missing_reasons.values()) == found.n_verdicts_missing
    assert found.overall.accuracy == 100.0


def test_the_command_prints_tables_that_fit_and_writes_check_json(tmp_path: Path) -> None:
    with JudgeServer(verdict=planted("loop in Irish")) as server:
        arguments = "check-judge", "--judge", "openai/j", "--judge-base-url", server.url, "--output", tmp_path / "out"
        run = run_alpacaeval(*arguments, "--languages", "fi,ga,lt,pt", COLUMNS="80", XL_CHECK_CACHE=str(tmp_path / "c"))
    assert run.returncode == 0, run.stderr
    table = run.stdout.split("fault of the judge")[0]
    assert "…" not in table
    assert "fault of the judge: ga: accepts loops" in run.stdout
    found = json.loads((tmp_path / "out" / "check.json").read_text())
    assert {"verdict", "accuracy", "resolution", "ci95", "by_language", "faults", "controls", "judge"} <= found.keys()
    irish = found["by_language"]["ga"]
    assert {
        "accuracy",
        "resolution",
        "ci95",
        "verdict",
        "first_position_rate",
        "length_taste",
        "by_kind",
    } <= irish.keys()
    assert irish["by_kind"]["loop"]["accuracy"] < 70
    assert irish["by_kind"]["loop"]["n"] == 16
    with sqlite3.connect(next((tmp_path / "c").glob("*.sqlite"))) as database:
        assert database.execute("SELECT count(*) FROM replies").fetchone()[0] == 4 * 16 * 17


def test_other_languages_are_checked_with_references_of_ones_own(tmp_path: Path) -> None:
    answers = [
        f"Hili ni jibu la {n} kwa swali la mtumiaji. Lina sentensi kadhaa zenye maana. Mwisho wake ni hapa {n}."
        for n in ("kwanza", "pili", "tatu", "nne", "tano")
    ]
    lines = [
        {"id": n, "language": "sw", "instruction": f"Ask {n}. Answer in Swahili.", "reference": text}
        for n, text in enumerate(answers)
    ]
    file = write_jsonl(tmp_path / "sw.jsonl", lines)
    with JudgeServer() as server:
        run = run_alpacaeval(
            *("check-judge", "--judge", "openai/j", "--judge-base-url", server.url, "--references", file),
            *("--output", tmp_path / "out"),
        )
    assert run.returncode == 0, run.stderr
    found = json.loads((tmp_path / "out" / "check.json").read_text())
    assert set(found["by_language"]["sw"]["by_kind"]) == {
        *("other_prompt", "cut", "loop", "garbled", "padded", "same", "shuffled")
    }
    assert "sw: no text for the kind half_english, which is left out" in run.stdout
    assert "sw: 5 prompts have references" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--judge", "openai/j"), "no languages to check in; give --languages, bundled are de, "),
        (
            ("--judge", "openai/j", "--languages", "sw"),
            "sw: bundled: no references of a sentence or more, 4 are needed",
        ),
        (("--judge", "openai/j", "--languages", "xx"), "unknown language 'xx'"),
        (("--judge", "none", "--languages", "fi"), "judge none gives no verdicts to check; name a judge"),
        (("--judge", "none"), "judge none gives no verdicts to check; name a judge"),
        (("--languages", "fi"), "no judge is set: give --judge SPEC or set XL_JUDGE"),
        ((), "no judge is set"),
        (("--judge", "nonsense"), "judge 'nonsense' is not of the form BACKEND/MODEL"),
        (("--judge", "openai/j", "--references", "EMPTY"), "is empty; it needs rows with id, language, instruction"),
        (("--judge", "openai/j", "--references", "BARE"), 'line 1: no text in "instruction"; it needs rows with id'),
        (("--judge", "openai/j", "--references", "NONE"), "NONE"),
    ],
)
def test_wrong_use_is_one_line(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "EMPTY.jsonl", [])
    write_jsonl(tmp_path / "BARE.jsonl", [{"id": 1, "language": "sw", "reference": "Jibu."}])
    given = [str(tmp_path / f"{part}.jsonl") if part.isupper() else part for part in arguments]
    run = run_alpacaeval("check-judge", *given, OPENAI_API_KEY="x")
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert said in run.stderr
