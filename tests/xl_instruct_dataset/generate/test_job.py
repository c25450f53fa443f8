"""The whole pipeline with a teacher who knows the sample: its rows, and their description."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import commands
from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from xl_alpacaeval_metric.files.jsonl import read_json, read_lines
from xl_instruct_dataset.generate.config import file as settings_file
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.config.settings import PER_LANGUAGE
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.selection import export, rows
from xl_instruct_dataset.generate.selection.tally import Outcome, Tally
from xl_instruct_dataset.sources import sample

TARGETS = ("fi", "zh")


@pytest.fixture(scope="module")
def server() -> Iterator[JudgeServer]:
    with JudgeServer(reply=teacher.fluent) as running:
        yield running


@pytest.fixture(scope="module")
def made(server: JudgeServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The output folder, and the output of the command."""
    folder = tmp_path_factory.mktemp("fluent")
    output = folder / "xl-instruct"
    given = {"translator": "openai/facebook/nllb-200-3.3B", "license": "apache-2.0", "seed_license": "cc0-1.0"}
    code, out, errors = commands.run_instruct(*generating.arguments(server, output, **given), cwd=folder)
    assert code == 0, errors
    return output, out


def test_every_passage_becomes_a_row_in_each_language_or_is_told_of(made: tuple[Path, str]) -> None:
    output, out = made
    for target in TARGETS:
        ids = {row["id"] for row in generating.rows(output, f"en-{target}")}
        assert ids == {f"{number}-{target}" for number in generating.survivors(target)}
        assert f"({target})" in out
    generating.adds_up(output, list(TARGETS))
    assert 'load_dataset("' in out


def test_a_row_says_where_it_comes_from(made: tuple[Path, str]) -> None:
    output, _ = made
    row = generating.rows(output, "en-fi")[0]
    seed = sample.seeds()[int(row["id"].removesuffix("-fi"))]
    assert row["instruction"].startswith(seed["instruction"])
    assert row["instruction"] != seed["instruction"]
    assert "Finnish" in row["instruction"]
    assert row["messages"] == [
        {"role": "user", "content": row["instruction"]},
        {"role": "assistant", "content": row["response"]},
    ]
    assert row["scores"] == teacher.SCORES
    assert row["selection"]["method"] == "chrf"
    assert (row["selection"]["candidates"], len(row["selection"]["scores"])) == (2, 2)
    provenance: dict[str, Any] = row["provenance"]
    models = {entry["stage"]: entry["value"] for entry in provenance["models"]}
    assert models == {
        "instruct": "openai/teacher",
        "answer": "openai/teacher",
        "score": "openai/teacher",
        "translate": "openai/facebook/nllb-200-3.3B",
    }
    prompts = {entry["stage"]: entry["value"] for entry in provenance["prompts"]}
    assert prompts == {stage: export.prompt_hash(stage) for stage in ("instruct", "answer", "score", "translate")}
    assert len(set(prompts.values())) == 4
    assert provenance["seed_source"] == f"sample: {seed['id']}"
    assert (provenance["license"], provenance["seed_license"]) == ("apache-2.0", "cc0-1.0")
    assert provenance["non_commercial"] is True
    assert row["passage"].split() == seed["passage"].split()
    assert row["source_response"]
    english = {found["id"]: found for found in read_lines(rows.file(work_folder.of(output), "fi"))}
    assert row["source_response"] == english[row["id"].removesuffix("-fi")]["source_response"] != row["response"]


def test_datasets_reads_the_folder(made: tuple[Path, str], tmp_path: Path) -> None:
    import datasets

    output, _ = made
    data = datasets.load_dataset(str(output), "en-zh", split="train", cache_dir=str(tmp_path))
    assert data.num_rows == len(generating.survivors("zh"))
    assert data[0]["response_language"] == "zh"


def test_the_card_tells_how_it_was_made(made: tuple[Path, str]) -> None:
    card = (made[0] / "README.md").read_text(encoding="utf-8")
    for said in ("24 passages", "`openai/teacher`", "nllb-200-3.3B", "chrf", "do not allow commercial use", "cc0-1.0"):
        assert said in card


def test_the_report_has_figures_and_rows_to_read(made: tuple[Path, str]) -> None:
    output, out = made
    text = (work_folder.of(output) / "report.md").read_text(encoding="utf-8")
    assert "# What came of 24 passages" in text
    assert text.count("\n### ") == 10
    found = generating.report(output)
    assert found["usage"]["instruct"]["requests"] == 24
    assert found["usage"]["translate"]["requests"] == 24 * 2 * 2
    assert f"translate: {24 * 2 * 2} requests" in out


def test_the_same_command_sends_nothing_and_changes_nothing(server: JudgeServer, made: tuple[Path, str]) -> None:
    output, _ = made
    before, sent = generating.files(output), len(server.seen.log)
    given = settings_file.load(work_folder.of(output) / "settings.yaml", {})
    outcome = generating.run(given, output)
    assert len(server.seen.log) == sent
    assert generating.files(output) == before
    assert outcome.tally.passages == 24


def test_push_takes_the_folder(
    made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    argv = ["push", str(made[0]), "--repo", "someone/xl-instruct", "--dry-run"]
    code, out, errors = generating.invoke(argv, monkeypatch, capfd)
    assert code == 0, errors
    assert "en-fi" in out
    assert "en-zh" in out


def test_estimate_asks_no_model_and_is_near(
    made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from xl_instruct_dataset.generate import estimate
    from xl_instruct_dataset.generate.seeds import producer

    argv = ["generate", "--seeds", "sample", "--targets", "fi,zh", "--teacher", "openai/t", "--per-language", "24"]
    argv += ["--passages", "24", "--candidates", "2", "--estimate", "--output", str(tmp_path / "x"), "--rate", "100"]
    code, out, errors = generating.invoke(argv, monkeypatch, capfd)
    assert code == 0, errors
    assert "hours" in out
    assert list(tmp_path.iterdir()) == []
    chosen = generating.settings()
    count = producer.produce(chosen, tmp_path / "seeds").count
    used = generating.report(made[0])["usage"]
    for line in estimate.estimate(chosen, tmp_path / "seeds", count):
        real = used[line.stage]
        assert line.requests == real["requests"]
        assert real["prompt_tokens"] / 2 <= line.prompt_tokens <= 2 * real["prompt_tokens"], line
        # The server counts a token for four characters in every language.
        completed = real["completion_tokens"] * (estimate.FACTOR if line.stage == "translate" else 1)
        assert completed / 2 <= line.completion_tokens <= 2 * completed, line


def test_more_rows_are_the_same_job_gone_on(server: JudgeServer, tmp_path: Path) -> None:
    small = generating.settings(server, passages=5, per_language=4, shard=4, targets="fi")
    generating.run(small, tmp_path / "out")
    before = generating.asked(server)
    large = generating.settings(server, passages=9, per_language=9, shard=4, targets="fi")
    generating.run(large, tmp_path / "out")
    again = generating.asked(server) - before
    assert again.total() == 4 * (3 + 2)  # Four new passages: instruct, answer, score, and two translations.
    whole = generating.settings(server, passages=9, per_language=9, shard=4, targets="fi")
    generating.run(whole, tmp_path / "other")
    assert generating.rows(tmp_path / "out", "en-fi") == generating.rows(tmp_path / "other", "en-fi")
    generating.adds_up(tmp_path / "out", ["fi"])


def test_report_json_is_plain(made: tuple[Path, str]) -> None:
    found = json.loads((work_folder.of(made[0]) / "report.json").read_text(encoding="utf-8"))
    wanted = {
        "passages",
        "rows",
        "dropped",
        "usage",
        "usage_by_language",
        "unused_passages",
        "fallen_back_to_chrf",
        "benchmarks",
        "not_looked_at",
    }
    assert set(found) == wanted


@pytest.mark.parametrize("strict", [False, True])
def test_a_language_with_fewer_rows_than_wanted_is_said(
    strict: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        argv = generating.arguments(server, tmp_path / "out", targets="fi", passages=4, per_language=20)
        code, out, errors = generating.invoke([*argv, *(["--strict"] if strict else [])], monkeypatch, capfd)
    said = re.search(r"fi: (\d) of 20 rows wanted; give more passages", out)
    assert said is not None
    assert code == strict
    assert (f"fewer rows than the 20 wanted: fi has {said[1]}" in errors[-1]) == strict


@pytest.mark.parametrize(("given", "wanted"), [(None, 0), (PER_LANGUAGE, PER_LANGUAGE), (7, 7)])
def test_the_default_of_rows_is_wanted_only_where_it_was_asked_for(given: int | None, wanted: int) -> None:
    chosen = generating.settings(passages=6, per_language=given, targets="fi")
    outcome = Outcome(Job(chosen, Path("out")), {}, Tally(rows=Counter(fi=3)), Counter())
    assert outcome.short == ({"fi": 3} if wanted else {})
    assert (chosen.wanted_rows, chosen.most_rows) == (wanted, wanted or PER_LANGUAGE)
    assert generating.settings(passages=0, per_language=None).wanted_rows == PER_LANGUAGE


def test_a_job_with_the_default_of_rows_is_the_one_of_version_0_1(tmp_path: Path) -> None:
    chosen = generating.settings(per_language=None)
    work_folder.claim(chosen, tmp_path)
    assert read_json(tmp_path / work_folder.IDENTITY)["per_language"] == PER_LANGUAGE
