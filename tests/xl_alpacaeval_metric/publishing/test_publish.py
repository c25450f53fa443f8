"""`publish`: a run on the Hub's stand-in, read back by `datasets`; a model's repository."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import run_alpacaeval as run
from tests.commands import run_python
from tests.finished_runs import harness_log, made, spread
from tests.helpers import ROOT
from tests.servers.hub import READER, WRITER, HubServer
from xl_alpacaeval_metric.publishing import every_eval_ever, published_run, run_dataset
from xl_alpacaeval_metric.runs.opened import reading

SCORES: dict[str, Any] = {
    **dict.fromkeys(("win_rate", "fidelity", "line_pass_rate"), 50.0),
    "win_rate_stderr": 3.0,
    "win_rate_ci95": [44.0, 56.0],
    "n": 20,
    "n_items": 20,
}
HOSTILE = '=1+1 | </script> "x" {name} \x1b[2J ---'


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A run in German and Finnish, in which the judge is none in Finnish."""
    folder = made(tmp_path / "runs" / "mine", {"de": spread(0.5), "fi": spread(0.5)}, model="org/model")
    results = json.loads((folder / "results.json").read_text("utf-8"))
    checked = {
        "de": {**SCORES, "judge_check": {"verdict": "passed", "accuracy": 90.0}},
        "fi": {**SCORES, "win_rate": 70.0, "judge_check": {"verdict": "no judge"}},
    }
    results |= {**SCORES, "by_language": checked, "warnings": [HOSTILE]}
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    settings = {"settings": {"model": "org/model", "prompt": "0", "backend": "hf", "max_tokens": 128}}
    history = [{"started": "2026-11-01T10:00:00+00:00", "ended": "2026-11-01T11:00:00+00:00", "command": str(tmp_path)}]
    (folder / "run.json").write_text(json.dumps({**settings, "history": history}), encoding="utf-8")
    return folder


def on_mini(folder: Path) -> None:
    """Have the run be of the benchmark mini."""
    results = json.loads((folder / "results.json").read_text("utf-8"))
    results["signature"] = results["signature"].replace("benchmark:pairs", "benchmark:mini")
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")


def change(folder: Path, *, model: str = "", judge: str = "", without: str = "") -> None:
    """Have the run be of another model, by another judge, or without a language."""
    stored, results = (json.loads((folder / name).read_text("utf-8")) for name in ("run.json", "results.json"))
    stored["settings"]["model"] = model or stored["settings"]["model"]
    results["signature"] = results["signature"].replace("openai/any", judge or "openai/any")
    results["by_language"].pop(without, None)
    for name, content in (("run.json", stored), ("results.json", results)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


OTHERS: list[tuple[dict[str, str], str]] = [
    ({"model": "org/other"}, "the run of org/model on pairs"),
    ({"judge": "openai/second"}, "the same run as openai/any judged it"),
    ({"without": "fi"}, "the languages fi"),
]
"""What makes another run of one, and what the repository of that one would lose by it."""


def test_another_run_is_not_replaced_unasked(hub: HubServer, judged: Path, tmp_path: Path) -> None:
    options, settings = ("--repo", "org/run"), hub.environment(tmp_path / "hf")
    assert run("publish", judged, *options, **settings)[0] == 0
    assert run("publish", judged, *options, **settings)[0] == 0, "the same run"
    before = dict(hub.repos["org/run"].files)
    for number, (other, lost) in enumerate(OTHERS):
        changed = tmp_path / f"changed-{number}" / judged.name
        shutil.copytree(judged, changed)
        change(changed, **other)
        message = f"org/run would lose {lost}; choose another --repo, or give --replace"
        code, _, errors = run("publish", changed, *options, **settings)
        assert (code, errors.count("\n")) == (2, 1)
        assert message in errors
        code, _, errors = run("publish", changed, *options, "--dry-run", **settings)
        assert (code, errors.strip()) == (0, message)
        assert hub.repos["org/run"].files == before
    assert run("publish", changed, *options, "--replace", **settings)[0] == 0
    assert hub.repos["org/run"].files != before


def test_nothing_is_sent_where_another_repository_is_missing(hub: HubServer, judged: Path, tmp_path: Path) -> None:
    on_mini(judged)
    settings = hub.environment(tmp_path / "hf")
    command = ("publish", judged, "--repo", "org/run", "--model-repo", "org/model", "--benchmark-repo", "org/mini")
    for missing, there in (("--model-repo org/model", "org/other"), ("--benchmark-repo org/mini", "org/model")):
        hub.add(there, {})
        code, _, errors = run(*command, **settings)
        assert (code, errors.count("\n")) == (2, 1)
        assert f"{missing}: the Hub has no such" in errors
        assert "org/run" not in hub.repos
    code, _, errors = run(*command, "--dry-run", **settings)
    assert (code, errors.count("\n")) == (0, 1)
    assert "--benchmark-repo org/mini: the Hub has no such dataset" in errors


def test_a_dry_run_needs_no_hub(judged: Path) -> None:
    code, out, errors = run("publish", judged, "--repo", "org/run", "--dry-run")
    assert (code, errors.count("\n")) == (0, 1)
    assert "what is on the Hub could not be looked at" in errors
    assert "files would go to org/run" in out


def test_pairs_are_no_benchmark_for_a_model_s_page(judged: Path) -> None:
    command = ("publish", judged, "--repo", "o/r", "--model-repo", "o/m", "--benchmark-repo", "o/b")
    code, _, errors = run(*command)
    assert (code, errors.count("\n")) == (2, 1)
    assert "is judged from a file of pairs, which is no benchmark" in errors


def test_answers_and_logs_of_the_harness_are_told_how_to_become_a_run(judged: Path, tmp_path: Path) -> None:
    log = harness_log(tmp_path / "log", [0.5, 0.7], "org/model")
    for path, what in ((judged / "samples.jsonl", "a file"), (log, "an output folder of lm_eval")):
        code, _, errors = run("publish", path, "--repo", "org/run", "--dry-run")
        assert (code, errors.count("\n")) == (2, 1)
        assert f"{path}: is {what}" in errors
        assert f"`xl-alpacaeval judge {path} --output RUN`" in errors


def test_a_published_run_is_read_back_as_it_was(hub: HubServer, judged: Path, tmp_path: Path) -> None:
    import datasets

    code, out, errors = run("publish", judged, "--repo", "org/run", **hub.environment(tmp_path / "hf"))
    assert code == 0, errors
    assert hub.repos["org/run"].private
    (commit,) = hub.repos["org/run"].commits
    there = tmp_path / "there"
    for name, data in commit.added.items():
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_bytes(data)
    loaded = {
        name: datasets.load_dataset(str(there), name, split="test", cache_dir=str(tmp_path / "cache"))
        for name in datasets.get_dataset_config_names(str(there))
    }
    assert {name: len(rows) for name, rows in loaded.items()} == {"results": 3, "samples": 40, "verdicts": 80}
    lines = [json.loads(line) for line in (judged / "samples.jsonl").read_text("utf-8").splitlines()]
    assert [row["prediction"] for row in loaded["samples"]] == [line["prediction"] for line in lines]
    finnish = next(row for row in loaded["results"] if row["language"] == "fi")
    assert (finnish["win_rate"], finnish["judge_check"], finnish["model"]) == (70.0, "no judge", "org/model")
    assert json.loads(commit.added["results.json"]) == json.loads((judged / "results.json").read_text("utf-8"))
    # Nothing tells where it was made, or by whose token.
    whole = b"".join(commit.added.values())
    assert str(tmp_path).encode() not in whole
    assert WRITER.encode() not in whole
    assert "org/run" in out


def test_the_card_says_what_there_is_and_stays_a_card(hub: HubServer, judged: Path, tmp_path: Path) -> None:
    assert run("publish", judged, "--repo", "org/run", **hub.environment(tmp_path / "hf"))[0] == 0
    card = hub.repos["org/run"].files["README.md"].decode()
    assert 'load_dataset("org/run", "samples", split="test")' in card
    assert "| Finnish (fi) | no judge | - | 50.0 | 50.0 | 20 |" in card
    assert "| German (de) | 50.0 | 44.0 to 56.0 | 50.0 | 50.0 | 20 |" in card
    assert "</script>" not in card
    assert "\x1b" not in card
    _, front, _ = card.split("---\n", 2)
    metadata = yaml.safe_load(front)
    assert metadata["language"] == ["de", "fi"]
    assert "synthetic" in metadata["tags"]
    assert metadata["license"] == "other"


def test_a_model_s_owners_are_asked_for_what_the_judge_may_say(hub: HubServer, judged: Path, tmp_path: Path) -> None:
    from huggingface_hub import parse_eval_result_entries

    hub.add("org/model", {"config.json": b"{}"})
    hub.add("org/mini", {"eval.yaml": b""})
    on_mini(judged)
    settings = hub.environment(tmp_path / "hf")
    command = ("publish", judged, "--repo", "org/run", "--model-repo", "org/model", "--benchmark-repo", "org/mini")
    code, out, errors = run(*command, **settings)
    assert code == 0, errors
    assert "org/run is private: readers of org/model cannot follow" in errors
    (asked,) = hub.repos["org/model"].requests
    assert hub.repos["org/model"].files == {"config.json": b"{}"}
    ((path, content),) = asked.added.items()
    assert path == ".eval_results/xl-alpacaeval-mini.yaml"
    (entry,) = parse_eval_result_entries(yaml.safe_load(content))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("org/mini", "de", 50.0)
    assert entry.source_url == f"{hub.url}/datasets/org/run"
    assert "95% interval 44.0 to 56.0" in (entry.notes or "")
    assert f"{hub.url}/org/model/discussions/1" in out


def test_a_dry_run_shows_all_and_sends_nothing(hub: HubServer, judged: Path, tmp_path: Path) -> None:
    command = ("publish", judged, "--repo", "org/run", "--model-repo", "org/model", "--benchmark-repo", "org/mini")
    on_mini(judged)
    hub.add("org/model", {})
    hub.add("org/mini", {})
    code, out, errors = run(*command, "--dry-run", **hub.environment(tmp_path / "hf"))
    assert (code, errors) == (0, "")
    for name in ("README.md", "results.json", "every_eval_ever.json", "samples/test-00000-of-00001.parquet"):
        assert name in out
    assert "task_id: de" in out
    assert hub.repos.keys() == {"org/model", "org/mini"}
    assert not any(method == "POST" for method, path in hub.requests if "agent" not in path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--repo", "run"), "--repo 'run' is not of the form ORG/NAME"),
        (("--repo", "org/run", "--model-repo", "model"), "--model-repo 'model' is not of the form ORG/NAME"),
        (("--repo", "org/run", "--model-repo", "org/model"), "give both --model-repo and --benchmark-repo"),
    ],
)
def test_wrong_names_are_one_line(judged: Path, options: tuple[str, ...], says: str) -> None:
    code, out, errors = run("publish", judged, *options)
    assert (code, out, errors.count("\n")) == (2, "", 1)
    assert says in errors


def test_a_hub_that_refuses_is_one_line(hub: HubServer, judged: Path, tmp_path: Path) -> None:
    settings = hub.environment(tmp_path / "hf", READER)
    code, _, errors = run("publish", judged, "--repo", "org/run", **settings)
    assert (code, errors.count("\n")) == (2, 1)
    assert "your token may not write there (403)" in errors
    assert hub.repos == {}


def test_what_is_no_run_is_one_line(tmp_path: Path) -> None:
    code, _, errors = run("publish", tmp_path, "--repo", "org/run")
    assert (code, errors.count("\n")) == (2, 1)
    assert "is no run folder" in errors


def test_a_run_without_a_judge_has_its_fidelity(judged: Path, tmp_path: Path) -> None:
    results = json.loads((judged / "results.json").read_text("utf-8"))
    none = {**SCORES, "win_rate": None, "win_rate_ci95": None, "judge_check": None}
    results |= {**none, "by_language": {"de": none}, "signature": "judge:none|benchmark:mini@1"}
    (judged / "results.json").write_text(json.dumps(results), encoding="utf-8")
    (judged / "verdicts.jsonl").unlink()
    found = published_run.read(judged)
    assert set(run_dataset.write(found, tmp_path / "hub")) == {"results", "samples"}
    figures = {one["metric_config"]["metric_kind"] for one in every_eval_ever.record(found)["evaluation_results"]}
    assert figures == {"line_pass_rate", "fidelity"}
    code, _, errors = run(
        "publish", judged, "--repo", "o/r", "--model-repo", "o/m", "--benchmark-repo", "o/b", "--dry-run"
    )
    assert (code, errors.count("\n")) == (2, 1)
    assert "no language has a win rate by a judge that is one" in errors


STAND_IN = """
import json, os
def init(**given): log({"init": given})
def log(figures): open(os.environ["LOGGED"], "a").write(json.dumps(figures) + "\\n")
def finish(): log({"finished": True})
"""


def test_figures_go_to_a_tracker(judged: Path, tmp_path: Path) -> None:
    """A stand-in with the three functions that both trackers have."""
    (tmp_path / "trackio.py").write_text(STAND_IN)
    settings = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "LOGGED": str(tmp_path / "logged")}
    code, out, errors = run("publish", judged, "--track", "trackio", "--project", "mine", **settings)
    assert (code, errors) == (0, "")
    assert out == "trackio: mine in project mine\n"
    begun, figures, ended = map(json.loads, (tmp_path / "logged").read_text().splitlines())
    assert begun["init"]["config"]["model"] == "org/model"
    assert (figures["de/win_rate"], figures["fi/fidelity"]) == (50.0, 50.0)
    assert "fi/win_rate" not in figures  # By a judge that is none there.
    assert ended == {"finished": True}


def test_a_tracker_that_is_not_there_is_one_line(judged: Path) -> None:
    for options, says in (
        (("--track", "excel"), "--track 'excel' is not one of wandb, trackio"),
        ((), "give --repo ORG/NAME, --track wandb, or both"),
    ):
        code, _, errors = run("publish", judged, *options)
        assert (code, errors.count("\n")) == (2, 1)
        assert says in errors


def test_a_model_s_name_may_be_longer_than_a_file_s(judged: Path) -> None:
    stored = json.loads((judged / "run.json").read_text("utf-8"))
    stored["settings"]["model"] = f"org/{'m' * 300}"
    (judged / "run.json").write_text(json.dumps(stored), encoding="utf-8")
    assert published_run.read(judged).model == reading.read(judged).model == f"org/{'m' * 300}"


def test_published_runs_are_found_by_their_cards(hub: HubServer, judged: Path, tmp_path: Path) -> None:
    """The public ones, and no other dataset of ours."""
    settings = hub.environment(tmp_path / "hf")
    assert run("publish", judged, "--repo", "org/public", "--public", **settings)[0] == 0
    assert run("publish", judged, "--repo", "org/private", **settings)[0] == 0
    hub.add("org/data", {"README.md": b"---\ntags:\n- xl-suite\n---\n"})
    code = (
        "from xl_alpacaeval_metric.publishing import published_results as p; names = p.repositories();"
        "rows, notes = p.read(names); print(names, notes, len(rows), p.ranked(rows, rows[0].setting, 'fi')[0].win_rate)"
    )
    found = run_python("-c", code, cwd=tmp_path, **settings)
    assert found.stdout == "['org/public'] [] 3 None\n", found.stderr
