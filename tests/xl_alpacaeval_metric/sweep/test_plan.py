import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers import FINNISH, GERMAN, ROOT, write_jsonl
from xl_alpacaeval_metric.cli.cluster.sweep import check_arguments
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import rubric_file
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.runs import evaluate
from xl_alpacaeval_metric.runs.answers.candidate import Candidate
from xl_alpacaeval_metric.sweep import collecting, file, run, status
from xl_alpacaeval_metric.sweep import plan as planning
from xl_alpacaeval_metric.sweep.judging import judges
from xl_alpacaeval_metric.sweep.missing import Missing
from xl_alpacaeval_metric.sweep.tasks import TaskFolder

ROWS = [
    {"id": f"p{n}", "instruction": f"Tell story {n}.", "language": code, "reference": text}
    for code, text in (("de", GERMAN), ("fi", FINNISH))
    for n in range(3)
]
SMALL: dict[str, Any] = {"model": "small", "model_args": {"base_url": "http://127.0.0.1:9/v1"}}


def sweep_of(tmp_path: Path, **changes: Any) -> file.Sweep:
    rows = write_jsonl(tmp_path / "stories.jsonl", ROWS)
    content = {
        "models": [SMALL, "ORG/large"],
        "benchmarks": [str(rows)],
        "judges": [{"judge": "openai/judge", "base_url": "http://127.0.0.1:9/v1"}],
        "output": str(tmp_path / "out"),
        **changes,
    }
    where = tmp_path / "sweep.yaml"
    where.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file.read(where)


def names(found: Sequence[Any]) -> list[str]:
    return [one.name for one in found]


def answered(
    folder: Path, judge: str, items: Sequence[dict[str, Any]] = ROWS, missing: int = 0, more: str = ""
) -> None:
    """A run folder as eval leaves it; `more` goes into the signature."""
    write_jsonl(folder / "samples.jsonl", [{**row, "prediction": "x"} for row in items])
    url = "http://127.0.0.1:9/v1"
    small = Candidate("small", "local-chat-completions", {"base_url": url})
    settings = {
        **(small if folder.name == "small" else Candidate("ORG/large")).identity,
        "benchmark": "stories",
        **Judge.from_spec("openai/judge", base_url=url).settings,
    }
    (folder / "run.json").write_text(json.dumps({"settings": settings}))
    write_jsonl(folder / "rows.jsonl", items)
    signature = f"judge:{judge}|prompt:200ed87f|order:balanced|seed:0{more}"
    (folder / "results.json").write_text(
        json.dumps({"signature": signature, "n_missing": missing, "n_items": len(items)})
    )


def test_each_model_answers_once_and_each_kind_of_judge_has_one_task(tmp_path: Path) -> None:
    judges = ["hf/ORG/judge", {"judge": "openai/judge", "base_url": "http://127.0.0.1:9/v1"}]
    plan = run.planned(sweep_of(tmp_path, judges=judges), check_arguments)

    assert names(plan.answers) == ["answer-stories-small", "answer-stories-large"]
    assert [task.gpus for task in plan.answers] == [0, 1]
    assert plan.ask is not None
    assert plan.ask.gpus == 0
    assert plan.finish is not None
    assert plan.finish.gpus == 1


def test_what_run_folders_have_is_not_planned(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    answered(tmp_path / "out/stories/small", "openai/judge")
    answered(tmp_path / "out/stories/large", "none", ROWS[1:])

    plan = run.planned(sweep, check_arguments)
    assert names(plan.answers) == ["answer-stories-large"]

    answered(tmp_path / "out/stories/large", "none")
    plan = run.planned(sweep, check_arguments)
    assert names(plan.tasks) == ["ask", "finish"]

    answered(tmp_path / "out/stories/large", "openai/judge", missing=1)
    assert names(run.planned(sweep, check_arguments).tasks) == ["ask", "finish"]

    answered(tmp_path / "out/stories/large", "openai/judge")
    assert names(run.planned(sweep, check_arguments).tasks) == ["finish"]  # The ranking.

    # Every item has a verdict, but one judge of the panel gave none on two of them.
    file = tmp_path / "out/stories/large/results.json"
    judges = {"openai/a": {"n_missing": 0}, "openai/b": {"n_missing": 2}}
    file.write_text(json.dumps({**json.loads(file.read_text()), "by_judge": judges}))
    assert names(run.planned(sweep, check_arguments).tasks) == ["ask", "finish"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"judges": ["openai/judge"]}, "OPENAI_API_KEY"),
        ({"judges": ["opnai/judge"]}, "unknown judge backend 'opnai'"),
        ({"models": ["./nowhere"]}, "./nowhere: no such model folder"),
        ({"models": [{"model": "ORG/a", "backend": "hg"}]}, "unknown backend 'hg'"),
        ({"judges": ["hf/./nowhere"]}, "./nowhere: no such model folder"),
        ({"models": [str(Path(__file__).parent)]}, "holds no weights of a model"),
        ({"models": [__file__]}, "is a file; a model is a folder"),
        ({"models": ["a/b/c"]}, "a/b/c: is no model folder here, and no name that the Hub can have"),
        ({"judges": [f"hf/{Path(__file__).parent}"]}, "holds no weights of a model"),
        ({"models": [{"model": "a", "generation_kwargs": {"tempature": 1}}]}, "did you mean temperature?"),
        ({"models": [{"model": "a", "generation_kwargs": {"temperature": "hot"}}]}, "temperature=hot: need a number"),
        ({"benchmarks": ["nothing"]}, "unknown benchmark 'nothing'"),
        ({"languages": ["sv"]}, "has no rows in 'sv'"),
        ({"languages": ["de", "fi", "DEU"]}, "languages: de is there twice; name each language once"),
        ({"languages": "de,de"}, "languages: de is there twice"),
        ({"benchmarks": ["mini", {"benchmark": "mini", "languages": ["de"]}]}, "benchmark mini is there twice"),
        ({"benchmarks": [{"benchmark": "mini", "languages": ["de", "de"]}]}, "languages: de is there twice"),
        ({"models": ["a/b", "a/b"]}, "model 'a/b' is there twice"),
        ({"judges": ["openai/a", "openai/b", "openai/a"]}, "judge 'openai/a' is there twice"),
        ({"models": [{"model": "a", "model_args": {"x": "1,2"}}]}, "model_args: x is '1,2'"),
        ({"models": [{"model": "a", "gpus": "many"}]}, "--gpus 'many' is neither"),
        ({"models": [{"model": "a", "gpus": "-1"}]}, "--gpus '-1' is neither"),
        ({"models": [{"model": "a", "device": "tpu"}]}, "--device 'tpu' is unknown"),
        ({"models": [{"model": "a", "batch_size": "big"}]}, "--batch-size 'big' is neither"),
        ({"models": [{"model": "a", "model_args": {"pretrained": "x"}}]}, "MODEL says that here"),
        ({"models": [{**SMALL, "model_args": {**SMALL["model_args"], "timeouts": 9}}]}, "did you mean timeout?"),
        ({"executor": "slurm", "slurm": {"time": "banana"}}, "no time limit"),
        ({}, "127.0.0.1:9"),
        ({"eval": {"criteria": True}, "judges": ["openai/a", "openai/b"]}, "criteria are rated by one judge"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is(
    tmp_path: Path, changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if message != "OPENAI_API_KEY":
        monkeypatch.setenv("OPENAI_API_KEY", "x")
    with pytest.raises(UserError) as caught:
        run.start(sweep_of(tmp_path, **changes), tmp_path / "sweep.yaml", check_arguments, print)
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_names_at_endpoints_are_no_paths(tmp_path: Path) -> None:
    """A server of vLLM calls its model as it was told to load it."""
    models = [{**SMALL, "model": "/data/llama"}]
    judges = [{"judge": "openai//data/judge", "base_url": "http://127.0.0.1:9/v1"}]
    assert len(run.planned(sweep_of(tmp_path, models=models, judges=judges), check_arguments).answers) == 1
    check_arguments(["eval", "/data/llama", "--model-args", "base_url=http://127.0.0.1:9/v1"]).check()


def test_a_run_with_all_answers_is_not_waited_for_where_its_machine_is_gone(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    answered(sweep.output / "stories" / "small", "none")
    plan, folder = run.planned(sweep, check_arguments), TaskFolder(sweep.output)
    folder.path.mkdir()
    for task in ("answer-stories-small", "answer-stories-large"):
        folder.write(task, "running", host="another", pid=1)
    planning.note_answered(plan, folder)
    states = [
        record and record.state for record in map(folder.record, ("answer-stories-small", "answer-stories-large"))
    ]
    assert states == ["done", "running"]


def test_other_criteria_are_rated_anew(tmp_path: Path) -> None:
    given = tmp_path / "criteria.yaml"
    given.write_text((ROOT / "examples" / "own_criteria.yaml").read_text("utf-8"), "utf-8")
    sweep = sweep_of(tmp_path, models=[SMALL], eval={"criteria_file": str(given)})
    small = tmp_path / "out/stories/small"
    answered(small, "openai/judge", more=f"|criteria:{rubric_file.load(given).sha}")
    assert names(run.planned(sweep, check_arguments).tasks) == ["finish"]

    given.write_text(given.read_text("utf-8").replace("definition: ", "definition: Above all, ", 1), "utf-8")
    assert names(run.planned(sweep, check_arguments).tasks) == ["ask", "finish"]


def test_a_benchmark_without_references_is_not_judged(tmp_path: Path) -> None:
    bare = write_jsonl(tmp_path / "bare.jsonl", [{**row, "reference": None} for row in ROWS])
    with pytest.raises(UserError, match="has no references to judge against"):
        run.planned(sweep_of(tmp_path, benchmarks=[str(bare)]), check_arguments)

    assert run.planned(sweep_of(tmp_path, benchmarks=[str(bare)], judges="none"), check_arguments).ask is None


def test_results_of_another_judge_are_not_those_wanted(tmp_path: Path) -> None:
    """As a kill leaves them, after run.json has named the judge and before it has judged."""
    sweep = sweep_of(tmp_path)
    for name in ("small", "large"):
        answered(tmp_path / "out/stories" / name, "none")

    assert names(run.planned(sweep, check_arguments).tasks) == ["ask", "finish"]

    answered(tmp_path / "out/stories/small", "openai/other")
    answered(tmp_path / "out/stories/large", "openai/judge")
    (tmp_path / "out/stories/large/results.json").write_text(
        json.dumps({"signature": "judge:openai/judge|prompt:200ed87f|order:balanced", "n_missing": 0, "n_items": 3})
    )
    # Of fewer items than are answered now: they are scored anew.
    assert names(run.planned(sweep, check_arguments).answers) == ["answer-stories-large"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"eval": {"max_tokens": 16}}, "max_tokens 1024, this one has 16"),
        ({"eval": {"generation_kwargs": {"do_sample": True, "temperature": 0.7}}}, "generation {}, this one has"),
        ({"eval": {"seed": 5}}, "seed 0, this one has 5"),
        ({"eval": {"judge_thinking": "on"}}, 'judge_thinking null, this one has "on"'),
        ({"models": [{"model": "other", "name": "small", "backend": "hf"}, "ORG/large"]}, 'this one has "other"'),
        ({"models": ["OTHER/large"]}, 'model "ORG/large", this one has "OTHER/large"'),
    ],
)
def test_other_settings_than_those_of_the_answers_are_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    for name in ("small", "large"):
        answered(tmp_path / "out/stories" / name, "openai/judge")
        write_jsonl(tmp_path / "out/stories" / name / "verdicts.jsonl", [])
    run.planned(sweep_of(tmp_path), check_arguments)

    with pytest.raises(UserError) as caught:
        run.planned(sweep_of(tmp_path, **changes), check_arguments)
    assert said in str(caught.value)
    assert str(tmp_path / "out/stories") in str(caught.value)
    assert "--output" not in str(caught.value)


def test_answers_get_the_references_of_the_file(tmp_path: Path) -> None:
    """Those that were judged keep theirs."""
    other = write_jsonl(tmp_path / "other.jsonl", [{**ROWS[0], "reference": "Another one."}, *ROWS[1:]])
    benchmark = {"benchmark": str(tmp_path / "stories.jsonl"), "reference": str(other)}
    small = tmp_path / "out/stories/small"
    answered(small, "openai/judge")
    changed = sweep_of(tmp_path, models=[SMALL], benchmarks=[benchmark])
    assert names(run.planned(changed, check_arguments).answers) == ["answer-stories-small"]
    with judges.opened(changed, asked=False) as opened:
        (line,) = status.lines(changed, opened, Missing(changed.judging), TaskFolder(changed.output))
    assert line.note == "1 answer is beside other references; run again"

    write_jsonl(small / "verdicts.jsonl", [{**ROWS[0], "preference": 1.0}])
    with pytest.raises(UserError, match="id 'p0' in de has another reference"):
        run.planned(changed, check_arguments)


def test_runs_that_did_not_change_are_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(tmp_path / "out/stories/small", "openai/judge")
    read: list[Path] = []
    monkeypatch.setattr(evaluate, "_grown", lambda folder, rows: read.append(folder.path))
    run.planned(sweep_of(tmp_path, models=[SMALL]), check_arguments)
    assert not read

    write_jsonl(tmp_path / "out/stories/small/rows.jsonl", [{**ROWS[0], "instruction": "Another."}, *ROWS[1:]])
    run.planned(sweep_of(tmp_path, models=[SMALL]), check_arguments)
    assert read == [tmp_path / "out/stories/small"]


def test_gpus_are_those_of_the_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    models = [
        {"model": "ORG/a", "backend": "vllm", "model_args": {"tensor_parallel_size": 4}},
        {"model": "ORG/b", "model_args": {"tensor_parallel_size": 2, "pipeline_parallel_size": 3}},
        {"model": "gpt", "backend": "openai-chat-completions"},
        {"model": "ORG/c", "gpus": 2},
    ]
    judges = [{"judge": "vllm/ORG/judge", "args": {"tensor_parallel_size": 4}}]
    found = sweep_of(tmp_path, models=models, judges=judges)

    assert [planning.gpus_of(model) for model in found.models] == [4, 6, 0, 2]
    assert (finish := run.planned(found, check_arguments).finish) is not None
    assert finish.gpus == 4


def test_without_judges_any_results_do_and_rankings_are_of_the_runs_of_the_file(tmp_path: Path) -> None:
    for name in ("small", "large"):
        answered(tmp_path / "out/stories" / name, "openai/judge")
    sweep = sweep_of(tmp_path, judges="none")
    assert names(run.planned(sweep, check_arguments).tasks) == ["finish"]

    collecting.collect(sweep, list(sweep.runs), print)
    assert run.planned(sweep, check_arguments).tasks == ()

    alone = sweep_of(tmp_path, judges="none", models=[SMALL])
    (tmp_path / "out/stories.md").write_text("of small and large")
    assert names(run.planned(alone, check_arguments).tasks) == ["finish"]
    collecting.collect(alone, list(alone.runs), print)
    assert not (tmp_path / "out/stories.md").exists()
    assert run.planned(alone, check_arguments).tasks == ()


def test_a_plan_writes_no_cache(tmp_path: Path) -> None:
    run.planned(sweep_of(tmp_path, eval={"cache": str(tmp_path / "cache")}), check_arguments)
    assert not (tmp_path / "cache").exists()
