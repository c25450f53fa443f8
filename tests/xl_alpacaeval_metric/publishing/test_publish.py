"""`publish`: a run on the Hub's stand-in, read back by `datasets`; a model's repository."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import complaint, run_python
from tests.commands import run_alpacaeval as run
from tests.finished_runs import harness_log, made, spread
from tests.helpers import ROOT, write_jsonl
from tests.servers.hub import READER, WRITER, HubServer
from xl_alpacaeval_metric.machine import shareable
from xl_alpacaeval_metric.publishing import (
    every_eval_ever,
    published_results,
    published_run,
    replaced_run,
    run_dataset,
)
from xl_alpacaeval_metric.runs.opened import reading
from xl_alpacaeval_metric.signature import parse

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
    results |= {**SCORES, "n_items": 40, "by_language": checked, "warnings": [HOSTILE]}
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


def change(folder: Path, *, model: str = "", without: str = "", **signature: str) -> None:
    """Have the run be of another model, without a language, or judged in another way."""
    stored, results = (json.loads((folder / name).read_text("utf-8")) for name in ("run.json", "results.json"))
    stored["settings"]["model"] = model or stored["settings"]["model"]
    parts = parse(results["signature"])
    results["signature"] = "|".join(f"{name}:{value}" for name, value in {**parts, **signature}.items())
    results["by_language"].pop(without, None)
    for name, content in (("run.json", stored), ("results.json", results)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def change_samples(folder: Path, *, drop: int = 0, answer: str = "") -> None:
    """Have the run lack its last items, or have another first answer."""
    file = folder / "samples.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    rows[0]["prediction"] = answer or rows[0]["prediction"]
    write_jsonl(file, rows[: len(rows) - drop])


@pytest.mark.parametrize(
    ("other", "lost"),
    [
        ({}, []),
        ({"model": "org/other"}, ["the run of org/model on pairs"]),
        ({"benchmark": "mini@1"}, ["the run of org/model on pairs"]),
        ({"judge": "openai/second@7"}, ["the same run as openai/any judged it"]),
        ({"judge": "openai/any@7"}, []),
        ({"prompt": "2"}, ["the same run judged with prompt 0"]),
        ({"order": "balanced"}, ["the same run judged in both orders"]),
        ({"criteria": "1"}, []),
        ({"without": "fi"}, ["the languages fi"]),
        ({"drop": 3}, ["items that it does not have (fi 3)"]),
        ({"answer": "Nein."}, ["1 answer other than these, or compared with other references"]),
    ],
)
def test_what_a_published_run_would_lose(judged: Path, tmp_path: Path, other: dict[str, Any], lost: list[str]) -> None:
    change(judged, prompt="0", order="both")
    there, now = tmp_path / "there", tmp_path / "now"
    run_dataset.write(published_run.read(judged), there)
    of_samples = {name: other[name] for name in other.keys() & {"drop", "answer"}}
    change_samples(judged, **of_samples)
    change(judged, **{name: value for name, value in other.items() if name not in of_samples})
    run_dataset.write(published_run.read(judged), now)
    samples = sorted(there.glob(replaced_run.SAMPLES))
    assert replaced_run.lost(now, published_results.of_folder(there), samples) == lost


def test_another_run_is_not_replaced_unasked(hub: HubServer, judged: Path, tmp_path: Path) -> None:
    command, settings = ("publish", judged, "--repo", "org/run"), hub.environment(tmp_path / "hf")
    assert run(*command, **settings)[0] == 0
    assert run(*command, **settings)[0] == 0, "the same run"
    before = dict(hub.repos["org/run"].files)
    change_samples(judged, drop=2)
    lost = "items that it does not have (fi 2)"
    message = f"org/run would lose {lost}; choose another --repo, or give --replace"
    code, _, errors = run(*command, **settings)
    assert (code, errors.count("\n")) == (2, 1)
    assert message in errors
    code, _, errors = run(*command, "--dry-run", **settings)
    assert (code, errors.strip()) == (0, message)
    assert hub.repos["org/run"].files == before
    code, _, errors = run(*command, "--replace", **settings)
    assert code == 0
    assert f"org/run loses {lost}\n" in errors
    assert hub.repos["org/run"].files != before


@pytest.mark.parametrize("part", ["results", "samples"])
def test_a_damaged_run_is_not_replaced_unasked(hub: HubServer, judged: Path, tmp_path: Path, part: str) -> None:
    folder = tmp_path / "there"
    run_dataset.write(published_run.read(judged), folder)
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    (name,) = (name for name in files if name.startswith(f"{part}/"))
    hub.add("org/run", {**files, name: files[name][:-60]})
    command, settings = ("publish", judged, "--repo", "org/run"), hub.environment(tmp_path / "hf")
    assert f"org/run would lose {name}, which cannot be read; choose" in complaint(run(*command, **settings))
    assert hub.repos["org/run"].files[name] != files[name]
    assert run(*command, "--replace", **settings)[0] == 0
    assert hub.repos["org/run"].files[name] == files[name]


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


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    (file,) = (folder / name).glob("*.parquet")
    found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return found


def test_a_log_of_the_harness_is_published_as_a_run(tmp_path: Path) -> None:
    log = harness_log(tmp_path / "log", [0.5, 0.7, 0.9], str(tmp_path / "home" / "tiny"))
    found = published_run.read(log)
    assert (found.model, found.model_id, found.name, found.license) == ("tiny", "", "tiny-mini", "apache-2.0")
    assert found.dates == ("", "2026-11-28T10:00:00+00:00")
    run_dataset.write(found, tmp_path / "hub")
    (results,) = rows_of(tmp_path / "hub", "results")
    assert (results["language"], results["n"], results["win_rate"]) == ("de", 3, pytest.approx(70.0))
    assert "judge:openai/any|" in results["signature"]
    assert "benchmark:mini|reference:given@" in results["signature"]
    assert [row["preference"] for row in rows_of(tmp_path / "hub", "samples")] == [0.5, 0.7, 0.9]
    plain = [file.read_text("utf-8") for file in (tmp_path / "hub").iterdir() if file.is_file()]
    assert str(tmp_path) not in "".join(plain)


def test_a_log_that_names_no_model_is_called_by_its_folder(tmp_path: Path) -> None:
    for number, model in enumerate(("Qwen2.5-0.5B", "/home/alice/tiny")):
        log = harness_log(tmp_path / str(number), [0.5, 0.7], model)
        (results,) = log.rglob("results_*.json")
        content = json.loads(results.read_text("utf-8"))
        del content["model_name"]
        results.write_text(json.dumps(content), encoding="utf-8")
        assert published_run.read(log).model == model.rpartition("/")[2]


def test_a_record_names_the_prompt_that_judged_a_log(tmp_path: Path) -> None:
    log = harness_log(tmp_path, [0.5, 0.7], "org/model")
    record = every_eval_ever.record(published_run.read(log))
    prompts = [
        one["metric_config"]["llm_scoring"]["input_prompt"]
        for one in record["evaluation_results"]
        if "llm_scoring" in one["metric_config"]
    ]
    assert prompts == ["a prompt of the evaluator's own, SHA-256 0123abcd"]


def test_tasks_whose_judge_was_checked_on_their_own_rows_are_one_log(tmp_path: Path) -> None:
    log = harness_log(tmp_path, [0.5, 0.7], "org/model")
    (samples,), (results,) = log.rglob("samples_*.jsonl"), log.rglob("results_*.json")
    (samples.parent / samples.name.replace("_de_", "_fi_")).write_text(samples.read_text().replace('"de"', '"fi"'))
    content = json.loads(results.read_text())
    (german,) = content["configs"].values()
    checks = {"verdict": "passed", "accuracy": 90.0, "resolution": 80.0, "ci95": [80.0, 99.0]}
    for number, code in enumerate(("de", "fi")):
        said = german["metadata"]["judged_by"]
        found = {**said, "signature": f"{said['signature']}|check:{number}", "judge_check": checks}
        content["configs"][f"xl_alpacaeval_mini_{code}"] = {"metadata": {"judged_by": found}}
    results.write_text(json.dumps(content))
    published = published_run.read(log)
    assert {code: scores["judge_check"] for code, scores in published.scores()} == {
        **dict.fromkeys(("de", "fi"), checks),
        "all": {"verdict": "passed"},
    }
    assert "check:" not in published.signature


def test_a_file_of_answers_is_published_with_its_fidelity(judged: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (judged / "samples.jsonl").read_text("utf-8").splitlines()]
    file = write_jsonl(tmp_path / "mine.jsonl", rows)
    found = published_run.read(file)
    assert (found.model, found.judge, found.benchmark, found.license) == ("mine", "", "pairs", "other")
    assert set(run_dataset.write(found, tmp_path / "hub")) == {"results", "samples"}
    samples = rows_of(tmp_path / "hub", "samples")
    assert [row["prediction"] for row in samples] == [row["prediction"] for row in rows]
    by_language = {row["language"]: row for row in rows_of(tmp_path / "hub", "results")}
    assert (by_language["fi"]["line_pass_rate"], by_language["fi"]["win_rate"]) == (100.0, None)
    assert by_language["fi"]["signature"].startswith("judge:none|lid:")


def test_a_model_s_odd_name_stays_a_name(judged: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (judged / "samples.jsonl").read_text("utf-8").splitlines()]
    for number, (name, called) in enumerate((("a`b\n\n# c", "a`b # c"), (r"C:\Users\alice\m", "m"))):
        file = write_jsonl(tmp_path / f"{number}.jsonl", [{**row, "model": name} for row in rows])
        found = published_run.read(file)
        assert found.model == called
        run_dataset.write(found, tmp_path / str(number))
        card = (tmp_path / str(number) / "README.md").read_text("utf-8")
        assert "\n# c" not in card
        assert f"Answers of `{called.replace('`', chr(39))}` to" in card
        assert "judge model" not in card
        assert "`verdicts`" not in card


def test_foreign_datasets_are_read_as_far_as_they_can_be(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = {"model": "org/m", "language": "de", "signature": "judge:x", "win_rate": "high", "fidelity": float("nan")}
    (tmp_path / "results").mkdir()
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "results" / "a.parquet")
    damaged = pa.array([b"\xff"]).view(pa.string())
    pq.write_table(
        pa.table(dict.fromkeys(("model", "language", "signature"), damaged)), tmp_path / "results" / "b.parquet"
    )
    (tmp_path / "results" / "c.parquet").write_bytes((tmp_path / "results" / "a.parquet").read_bytes()[:-40])
    (found,) = published_results.of_folder(tmp_path)
    assert (found.model, found.win_rate, found.figures["fidelity"]) == ("org/m", None, None)
    assert published_results.ranked([found], found.setting, "de") == [found]


def everything_in(folder: Path) -> str:
    """All texts of a Hub folder."""
    plain = [file.read_text("utf-8") for file in folder.iterdir() if file.is_file()]
    return "\n".join([*plain, *(str(rows_of(folder, one.name)) for one in folder.iterdir() if one.is_dir())])


def test_no_folder_and_no_key_is_published(judged: Path, tmp_path: Path) -> None:
    home, key = "/home/alice/models", "sk-0123456789abcdefghij"
    stored = json.loads((judged / "run.json").read_text("utf-8"))
    stored["settings"] |= {"model": f"{home}/tiny", "model_fingerprint": "0", "model_args": {"peft": f"{home}/a"}}
    (judged / "run.json").write_text(json.dumps(stored), encoding="utf-8")
    results = json.loads((judged / "results.json").read_text("utf-8"))
    results["warnings"] = [f"references of 3 pairs are those of {home}/refs.jsonl, not the pairs' own"]
    results["missing_reasons"] = {f"http://alice:{key}@host/v1?api_key={key}: no such model {home}/j": 2}
    results["signature"] = results["signature"].replace("openai/any", f"openai/{home}/judge")
    (judged / "results.json").write_text(json.dumps(results), encoding="utf-8")
    with (judged / "verdicts.jsonl").open("a") as file:
        said = {"id": "p0", "language": "de", "order": "candidate_first", "preference": None}
        file.write(json.dumps({**said, "judge": f"vllm/{home}/j", "reason": f"{home}/j: Bearer {key}"}) + "\n")
    found = published_run.read(judged)
    assert shareable.text("out/__home__alice__tiny") == "out/tiny"
    assert (found.model, found.model_id, found.judge) == ("tiny", "", "openai/judge")
    run_dataset.write(found, tmp_path / "hub")
    whole = everything_in(tmp_path / "hub")
    for secret in ("alice", key):
        assert secret not in whole
    assert "references of 3 pairs are those of refs.jsonl" in whole
    assert "j: Bearer ***" in whole


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
    assert str(tmp_path) not in everything_in(there)
    assert WRITER not in everything_in(there)
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

    path = ".eval_results/xl-alpacaeval-mini.yaml"
    theirs = [{"dataset": {"id": "org/mini", "task_id": code}, "value": 9.0} for code in ("de", "ga")]
    hub.add("org/model", {"config.json": b"{}", path: yaml.safe_dump(theirs).encode()})
    hub.add("org/mini", {"eval.yaml": b""})
    on_mini(judged)
    settings = hub.environment(tmp_path / "hf")
    command = ("publish", judged, "--repo", "org/run", "--model-repo", "org/model", "--benchmark-repo", "org/mini")
    code, out, errors = run(*command, **settings)
    assert code == 0, errors
    assert "org/run is private: readers of org/model cannot follow" in errors
    (asked,) = hub.repos["org/model"].requests
    assert not hub.repos["org/model"].commits
    assert asked.added.keys() == {path}
    irish, entry = parse_eval_result_entries(yaml.safe_load(asked.added[path]))
    assert (irish.task_id, irish.value) == ("ga", 9.0), "what is there of other languages stays"
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
    assert "holds no answers; give a run folder" in errors
    (tmp_path / "items.jsonl").touch()
    code, _, errors = run("publish", tmp_path, "--repo", "org/run")
    assert (code, errors.count("\n")) == (2, 1)
    assert "holds figures of `fidelity` without the answers; give what it measured" in errors


def test_a_run_without_a_judge_has_its_fidelity(judged: Path, tmp_path: Path) -> None:
    results = json.loads((judged / "results.json").read_text("utf-8"))
    none = {**SCORES, "win_rate": None, "win_rate_ci95": None, "judge_check": None}
    results |= {**none, "n_items": 40, "by_language": {"de": none}, "signature": "judge:none|benchmark:mini@1"}
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
