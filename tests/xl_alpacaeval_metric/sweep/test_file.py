import unicodedata
from pathlib import Path

import pytest

from tests.helpers import ROOT
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.settings.fields import settings_of
from xl_alpacaeval_metric.sweep import file
from xl_alpacaeval_metric.sweep.settings import (
    BenchmarkSettings,
    JudgeSettings,
    JudgingSettings,
    ModelSettings,
    PlaceSettings,
)

WHOLE = """
models: [ORG/small, {model: ORG/large, gpus: 2, model_args: {dtype: bfloat16}, max_tokens: 7}]
benchmarks: [mini, {benchmark: xl, limit: 3, languages: [pt]}]
languages: fi,de
judges: [openai/one, {judge: hf/ORG/two, gpus: 4}]
output: runs/sweep
executor: slurm
slurm: {partition: gpu, time: "01:00:00"}
eval: {max_tokens: 99, batch_size: 8, limit: 5, thinking: on, judge_thinking: "off", both_orders: true}
"""
LEAST = "models: [a]\nbenchmarks: [mini]\njudges: none\noutput: out\n"


def read(tmp_path: Path, text: str) -> file.Sweep:
    where = tmp_path / "sweep.yaml"
    where.write_text(text, encoding="utf-8")
    return file.read(where)


def test_a_setting_of_a_part_wins_over_that_of_all(tmp_path: Path) -> None:
    sweep = read(tmp_path, WHOLE)

    assert [(one.name, one.max_tokens, one.gpus, one.batch_size) for one in sweep.models] == [
        ("small", 99, None, "8"),
        ("large", 7, "2", "8"),
    ]
    assert [(one.benchmark, one.limit, one.languages) for one in sweep.benchmarks] == [
        ("mini", 5, ("fi", "de")),
        ("xl", 3, ("pt",)),
    ]
    assert [(one.judge, one.gpus, one.thinking) for one in sweep.judges] == [
        ("openai/one", None, "off"),
        ("hf/ORG/two", "4", "off"),
    ]
    assert {one.thinking for one in sweep.models} == {"on"}
    assert sweep.judging.both_orders
    assert sweep.place.slurm == {"partition": "gpu", "time": "01:00:00"}
    assert [str(run.folder) for run in sweep.runs] == [
        "runs/sweep/mini/small",
        "runs/sweep/xl/small",
        "runs/sweep/mini/large",
        "runs/sweep/xl/large",
    ]


@pytest.mark.parametrize("name", ["हिन्दी", "ไทย-น้ำ", "العَرَبِيَّة", "tie\u0302\u0301ng", "Straße"])
def test_letters_with_marks_are_a_name_in_one_form(tmp_path: Path, name: str) -> None:
    (model,) = read(tmp_path, LEAST.replace("[a]", f"[{{model: a, name: {name}}}]")).models
    assert model.name == unicodedata.normalize("NFC", name)
    (model,) = read(tmp_path, LEAST.replace("[a]", f"[x/{name}]")).models
    assert model.name == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: [a]\n" + LEAST, "unknown key 'model'"),
        (LEAST.replace("[a]", "[]"), "no models; give a list"),
        (LEAST.replace("[a]", "{model: a}"), "models is \"{'model': 'a'}\"; need a list, as in models: [MODEL]"),
        (LEAST.replace("models: [a]\n", ""), "no models; give a list"),
        (LEAST.replace("benchmarks: [mini]\n", ""), "no benchmarks; give a list"),
        (LEAST.replace("[a]", "[a, a]"), "model 'a' is there twice"),
        (LEAST.replace("[a]", "[x/a, y/A]"), "would both be in folders named A"),
        (LEAST.replace("[a]", "[{name: x}]"), "models 1: no model"),
        (LEAST.replace("[a]", "[x/cafe\u0301, y/Caf\u00c9]"), "would both be in folders named Caf\u00c9"),
        (LEAST.replace("[a]", "[{model: a, name: " + "\u0915" * 41 + "}]"), "need at most 80 letters (120 bytes)"),
        (LEAST.replace("[a]", "[{model: a, name: ../../x}]"), "model a: name is '../../x'; need at most 80 letters"),
        (LEAST.replace("[a]", "[{model: a, gpu: 1}]"), "models 1: unknown setting 'gpu'; did you mean gpus?"),
        (LEAST.replace("[a]", "[3]"), "models 1 is '3'; need a mapping"),
        (
            LEAST.replace("[mini]", "[mini, mini]"),
            "benchmark mini is there twice; name it once, with all its languages",
        ),
        (LEAST.replace("[mini]", "[ORG/tasks]"), "has the name of the folder tasks"),
        (LEAST.replace("judges: none\n", ""), "no judges; give a list of them, or judges: none"),
        (LEAST.replace("judges: none", "judges: [none, openai/a]"), "judge none cannot be on a panel"),
        (LEAST.replace("judges: none", "judges: [openai/a, openai/a]"), "is there twice"),
        (LEAST.replace("output: out\n", ""), "no output; give output: FOLDER"),
        (LEAST + "executor: kubernetes", "executor is 'kubernetes'; there are local, ray, slurm"),
        (LEAST + "languages: [xx-yy-zz]", "xx-yy-zz"),
        (LEAST + "languages: [no]", 'write "no" in quotes'),
        (LEAST + "eval: {limits: 3}", "eval: unknown setting 'limits'"),
        (LEAST + "eval: [3]", "eval is '[3]'; need a mapping"),
        (LEAST + "eval: {limit: 0}", "limit is 0; need a whole number from 1"),
        (LEAST + "eval: {reference: openai/gpt}", "is a model; write the references first"),
        (LEAST.replace("[a]", "[{model: a, model_args: {api_key: x}}]"), "api_key"),
        (LEAST.replace("judges: none", "judges: [{judge: openai/a, base_url: 'https://me:pass@host/v1'}]"), "a secret"),
    ],
)
def test_bad_input_is_one_line_that_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)

    assert message in str(caught.value)
    assert "sweep.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_key_is_in_the_docs() -> None:
    page = (ROOT / "docs/cookbook/sweep.md").read_text(encoding="utf-8")
    keys = page[page.index("## Keys") :]
    records = (ModelSettings, BenchmarkSettings, JudgeSettings, JudgingSettings, PlaceSettings)

    assert [name for record in records for name in settings_of(record) if f"`{name}`" not in keys] == []
