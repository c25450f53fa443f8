"""`compare` with several runs, and with language fidelity."""

import json
from pathlib import Path

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import write_jsonl
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.leaderboard import contrasts
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.runs.compare import Run


def made(name: str, preferences: dict[tuple[str, str], float | None]) -> Run:
    items = {key: Comparison(*key, "ask", "answer", "reference") for key in preferences}
    return Run(name, "judge:x|prompt:p|order:both|reference:r", {}, items, preferences)


def several(count: int = 12) -> list[Run]:
    keys = [(str(n), code) for n in range(count) for code in ("de", "fi")]
    return [
        made(name, {key: mean + (int(key[0]) * step % 5) / 50 for key in keys})
        for name, mean, step in (("a", 0.2, 1), ("b", 0.5, 2), ("c", 0.51, 3))
    ]


def test_every_pair_is_compared_and_corrected() -> None:
    runs = several()
    found = contrasts.compare_all(runs)
    assert [(pair.a, pair.b) for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    for pair in found.pairs:
        for part in (pair.overall, *pair.by_language.values()):
            assert part.p_value is not None
            assert part.p_value_adjusted is not None
            assert part.p_value_adjusted >= part.p_value
    assert found.pairs[0].overall.p_value_adjusted == pytest.approx(2 / 2**12)
    assert found.as_dict()["runs"] == ["a", "b", "c"]


def test_two_runs_are_compared_as_ever() -> None:
    one, other, _ = several()
    (pair,) = contrasts.compare_all([one, other]).pairs
    assert pair.overall.p_value_adjusted is None


def test_wrong_numbers_of_runs_are_refused() -> None:
    one, other, _ = several()
    with pytest.raises(UserError, match="needs two runs or more; 1 given"):
        contrasts.compare_all([one])
    with pytest.raises(UserError, match="is given twice"):
        contrasts.compare_all([one, other, one])


def test_fidelity_is_compared_without_a_judge(tmp_path: Path) -> None:
    runs = []
    for name, passes in (("mine", lambda n: True), ("other", lambda n: n % 4 == 0)):
        folder = tmp_path / name
        rows = [{"id": str(n), "language": "de", "instruction": "ask", "prediction": "x"} for n in range(16)]
        write_jsonl(folder / "samples.jsonl", rows)
        write_jsonl(
            folder / "items.jsonl", [{"id": str(n), "language": "de", "line_pass": passes(n)} for n in range(16)]
        )
        (folder / "run.json").write_text(json.dumps({"settings": {}}), encoding="utf-8")
        (folder / "results.json").write_text(json.dumps({"signature": "judge:none|reference:r@1"}), encoding="utf-8")
        runs.append(folder)
    result = run("compare", *runs, "--figure", "line_pass_rate", "--output", tmp_path / "found.json")
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert (found["win_rate_a"], found["win_rate_b"], found["difference"]) == (100, 25, 75)
    assert found["p_value"] < 0.01
    assert "line pass rate %" in result.stdout
    assert "--figure line_pass_rate" in complaint(run("compare", *runs))
    assert "is not one of win_rate, line_pass_rate" in complaint(run("compare", *runs, "--figure", "grace"))
