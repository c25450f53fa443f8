"""`plan`: its numbers are those of `estimate` and of arithmetic by hand."""

import io
import json
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages.content_length import characters_per_content
from xl_alpacaeval_metric.planning import costs, rows
from xl_alpacaeval_metric.planning.costs import Costs, Price, Rates, cost_of
from xl_alpacaeval_metric.planning.named_judge import NamedJudges
from xl_alpacaeval_metric.planning.steps import Planned, PlannedModel, Step, steps_of
from xl_alpacaeval_metric.report import plan as report

JUDGE = ("--judge", "openai/gpt-4o")
MINI = ("--benchmark", "mini", "--languages", "de,fi")


@pytest.fixture(autouse=True)
def no_cache_of_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "nothing"))


def test_judging_and_its_check_are_what_estimate_says(tmp_path: Path) -> None:
    home = {"HF_HOME": str(tmp_path), "XL_JUDGE_CHECK": "1"}
    url = ("--judge-base-url", "http://127.0.0.1:9/v1")
    estimated = run("estimate", *MINI, *JUDGE, *url, "--models", 3, "--output", tmp_path / "a.json", **home)
    planned = run("plan", *MINI, *JUDGE, "--models", 3, "--output", tmp_path / "b.json", **home)
    assert (estimated.returncode, planned.returncode) == (0, 0), planned.stderr
    found, steps = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    by_step = {step["step"]: step for step in steps["steps"]}
    for name in ("requests", "prompt_tokens", "completion_tokens"):
        assert by_step["judging"][name] == found[name]
        assert by_step["judge check"][name] == found["check"][name]
    assert list(by_step) == ["answers", "judge check", "judging"]


def test_references_and_answers_are_counted_by_hand() -> None:
    loaded = benchmark.load("mini", ["sw"], limit=4)  # A language without bundled references.
    assert all(row.reference is None for row in loaded.rows)
    length = round(2264 * characters_per_content("sw"))
    prompts = sum(round(len(row.instruction.encode()) / 4) for row in loaded.rows)
    models = [PlannedModel("short", max_tokens=100), PlannedModel("long", copies=3, max_tokens=10_000)]
    planned = Planned(models, [rows.planned("mini", ["sw"], limit=4)], author="openai/writer", labels=3, checked=False)
    assert steps_of(planned) == [
        Step("references", "openai/writer", 4, prompts, 4 * round(length / 4)),
        Step("answers", "short", 4, prompts, 400),
        Step("answers", "long", 12, 3 * prompts, 12 * round(length / 4)),
        Step("labels", "people", 12),
    ]


def test_a_script_of_more_bytes_takes_more_tokens() -> None:
    def tokens(code: str) -> float:
        (step,) = steps_of(Planned([PlannedModel("m", max_tokens=10**6)], [rows.planned("mini", [code], limit=1)]))
        return step.completion_tokens / characters_per_content(code)

    # Latin, Cyrillic and Devanagari take one, two and three bytes a letter.
    assert tokens("uk") / tokens("sw") == pytest.approx(2, rel=0.01)
    assert tokens("mr") / tokens("sw") == pytest.approx(3, rel=0.01)


def test_a_panel_is_asked_member_by_member_in_the_orders_of_each_benchmark() -> None:
    judges = NamedJudges(("openai/a", "hf/org/b"), votes=2)
    benchmarks = [rows.planned("mini", ["de"], limit=5), rows.planned("xl", ["de"], limit=5)]
    found = steps_of(Planned([PlannedModel("m")], benchmarks, judges, checked=False))
    assert [(step.step, step.model, step.requests) for step in found] == [
        ("answers", "m", 10),
        ("judging", "openai/a", (5 * 2 + 5) * 2),  # mini in both orders.
        ("judging", "hf/org/b", (5 * 2 + 5) * 2),
    ]


def test_a_benchmark_that_is_not_here_is_taken_to_be_as_published() -> None:
    found = rows.planned("xl", ["fi", "de"])
    assert (found.assumed, len(found.benchmark.rows)) == (True, 2 * 797)
    assert not rows.planned("mini", ["fi"]).assumed
    with pytest.raises(UserError, match="English only"):
        rows.planned("en", ["fi"])
    with pytest.raises(UserError, match="unknown language"):
        rows.planned("m", ["qqq"])


def test_costs_are_arithmetic() -> None:
    step = Step("judging", "openai/j", 10, 2_000_000, 500_000, 1_000_000)
    money = cost_of(step, Costs({"openai/j": Price(2.5, 10)}, "USD"), at_endpoint=True)
    assert (money.money, money.most, money.gpu_hours) == (10.0, 20.0, None)
    assert cost_of(step, Costs(), at_endpoint=True) == costs.Cost()
    local = Step("judging", "hf/org/Judge-18.3B", 10, 22_400 * 1800, 3097 * 1800)
    hours = cost_of(local, Costs(gpu_hour=3, currency="EUR"), at_endpoint=False)
    assert hours.gpu_hours == pytest.approx(2.0)  # Half an hour each, by a model twice as large.
    assert hours.money == pytest.approx(6.0)
    given = Costs(rates=Rates(3097, 22_400, None))
    assert cost_of(local, given, at_endpoint=False).gpu_hours == pytest.approx(1.0)
    assert cost_of(Step("labels", "people", 90), Costs(), at_endpoint=False).people_hours == 3.0


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("Qwen/Qwen2.5-72B-Instruct", 72),
        ("Qwen/Qwen3-30B-A3B", 3),
        ("Qwen2.5-0.5B", 0.5),
        ("gemma-3-4b-it", 4),
        ("openai/gpt-4o", None),
        ("org/model-v2beta", None),
        ("mistralai/Mixtral-8x7B", 7),
    ],
)
def test_the_size_of_a_model_is_in_its_name(name: str, billions: float | None) -> None:
    assert costs.size_of(name) == billions


def test_a_sweep_is_planned_as_its_options_are(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    settings = {"models": ["org/a-7B", "org/b-7B"], "benchmarks": ["mini", "xl"], "languages": ["fi", "de"]}
    file.write_text(yaml.safe_dump({**settings, "judges": ["openai/gpt-4o"], "output": "runs"}))
    home = {"HF_HOME": str(tmp_path)}
    some = ("--benchmark", "xl", "--languages", "fi,de", "--reference", "openai/w", "--labels", 5)
    assert run("plan", "--sweep", file, *some[4:], "--output", tmp_path / "a.json", **home).returncode == 0
    options = ("org/a-7B", "org/b-7B", "--benchmark", "mini", *some, *JUDGE)
    whole = run("plan", *options, "--price", "openai/gpt-4o=1/2", "--currency", "EUR", **home)
    assert run("plan", *options, "--output", tmp_path / "b.json", **home).returncode == 0
    found, expected = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    assert found == expected
    for part in ("EUR", "xl: not here yet, taken to have 797 prompts", "no price for openai/w", "people h"):
        assert part in whole.stdout


def test_a_sweep_has_the_references_of_its_file_and_the_thinking_of_each_judge(tmp_path: Path) -> None:
    own, references, file = (tmp_path / name for name in ("own.jsonl", "references.jsonl", "sweep.yaml"))
    own.write_text('{"id": "1", "instruction": "Kerro.", "language": "fi"}\n')
    references.write_text(json.dumps({"id": "1", "language": "fi", "reference": "x" * 400}) + "\n")
    thinkers = [{"judge": "openai/a", "thinking": "off"}, {"judge": "openai/b", "thinking": "on"}, "openai/c"]
    benchmarks = [{"benchmark": str(own), "reference": str(references)}]
    settings = {"models": ["m"], "benchmarks": benchmarks, "judges": thinkers, "languages": ["fi"], "output": "runs"}
    file.write_text(yaml.safe_dump({**settings, "eval": {"judge_check": False}}))
    found = run("plan", "--sweep", file, "--output", tmp_path / "a.json")
    assert "no reference yet" not in found.stdout, found.stderr
    answers, *judging = json.loads((tmp_path / "a.json").read_text())["steps"]
    assert (answers["completion_tokens"], len(judging)) == (100, 3)
    by_judge = {step["model"]: step for step in judging}
    assert by_judge["openai/a"]["completion_tokens"] == 1
    assert by_judge["openai/b"]["completion_tokens"] > 100
    assert [by_judge[f"openai/{name}"]["thought_tokens"] > 0 for name in "abc"] == [False, False, True]


def test_references_are_those_of_a_file_or_of_a_run(tmp_path: Path) -> None:
    file, folder = tmp_path / "references.jsonl", tmp_path / "run"
    file.write_text('{"id": "1", "language": "fi", "reference": "x"}\n')
    found = rows.planned("xl", ["fi", "de"], limit=2, reference=file)  # Not here, so that no id is known.
    assert [row.reference for row in found.benchmark.rows] == ["x", None, None, None]
    folder.mkdir()
    sample = benchmark.load("mini", ["fi"]).rows[3]
    answer = {"id": sample.id, "language": "fi", "instruction": sample.instruction, "prediction": "y"}
    (folder / "samples.jsonl").write_text(json.dumps({**answer, "reference": None}) + "\n")
    found = rows.planned("mini", ["fi"], reference=folder)
    assert [(row.id, row.reference) for row in found.benchmark.rows] == [(sample.id, "y")]
    (tmp_path / "nothing.jsonl").touch()
    with pytest.raises(UserError, match="is empty"):
        rows.planned("mini", ["fi"], reference=tmp_path / "nothing.jsonl")


def test_small_numbers_are_not_shown_as_nothing() -> None:
    values = [0.04, 0.000_2, 0.567, 1234.56, None]
    console = Console(width=100, file=io.StringIO())
    found = [costs.Cost(money=value, gpu_hours=value) for value in values]
    report.show([Step("answers", f"m{number}", 1) for number in range(5)], found, "EUR", [], console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    shown = [line.split("- ", 2)[2].replace("< ", "<").split() for line in lines if line.startswith("answers")]
    assert shown == [["0.04", "0.04"], ["<0.01", "<0.001"], ["0.57", "0.57"], ["1,234.56", "1,234.6"], ["-", "-"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--price", "openai/gpt-4o=1/2"), "without their currency"),
        (("--price", "openai/gpt-4o=1", "--currency", "EUR"), "need MODEL=PROMPT/COMPLETION"),
        (("--price", "a=nan/1", "--currency", "EUR"), "need MODEL=PROMPT/COMPLETION"),
        (("org/a", "--models", "2"), "two ways to say which models"),
        (("--write-rate", "10"), "give both --write-rate and --read-rate"),
        (("--judge", "gpt-4o"), "not of the form BACKEND/MODEL"),
        (("--reference", "file.jsonl"), "reference model 'file.jsonl' is not of the form"),
        (("--judge", "openai/a", "--judge", "openai/a"), "is given twice"),
        (("--benchmark", "minni"), "unknown benchmark 'minni'"),
        (("--sweep", "none.yaml", "--models", "2"), "leave out --models"),
        (
            ("org/a", "--sweep", "none.yaml", "--judge", "openai/z", "--criteria", "--judge-votes", "1"),
            "leave out MODEL, --judge, --judge-votes, --criteria",
        ),
        (("--sweep", "none.yaml", "--max-tokens", "1024", "--no-judge-check"), "leave out --judge-check, --max-tokens"),
        (("org/a", "--price", "org/b=1/2", "--currency", "EUR"), "the plan has no such model; it has org/a"),
        (("--price", "a=1/2", "--price", "a=1/2", "--currency", "EUR"), "a has a price already"),
        (("--write-rate", "inf", "--read-rate", "1"), "--write-rate inf: need a finite number"),
        (("org/a", "--backend", "foo"), "unknown backend 'foo'"),
        (("--label-minutes", "inf"), "--label-minutes inf: need a finite number"),
    ],
)
def test_wrong_use_is_one_line(options: tuple[str, ...], message: str) -> None:
    assert message in complaint(run("plan", *options))
