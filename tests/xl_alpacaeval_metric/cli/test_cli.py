"""The command line as its users meet it: a process, its output, its exit code."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import ROW
from xl_alpacaeval_metric.errors import MissingExtra


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    return file


def test_help_names_the_commands() -> None:
    result = run("--help")
    assert result.returncode == 0
    for command in ("eval", "judge", "compare", "fidelity", "estimate", "references", "agreement", "tasks"):
        assert command in result.stdout


AT_AN_ENDPOINT = ("eval", "m", "--model-args", "base_url=http://127.0.0.1:9/v1")


@pytest.mark.parametrize("module", ["xl_alpacaeval_metric", "xl_instruct_dataset"])
def test_help_shows_every_option_whole_in_eighty_columns(module: str) -> None:
    group: Any = typer.main.get_command(import_module(f"{module}.cli").app)
    for name, command in group.commands.items():
        text = command.get_help(command.context_class(command, info_name=name, terminal_width=80))
        assert max(map(len, text.splitlines())) <= 80, name
        options = [option for one in command.params if not getattr(one, "hidden", False) for option in one.opts]
        assert not [option for option in options if option.startswith("-") and option not in text], name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("eval", "m"), "no judge is set: give --judge SPEC or set XL_JUDGE"),
        (("eval", "m", "--judge", "gpt-4o"), "judge 'gpt-4o' is not of the form BACKEND/MODEL"),
        (("eval", "m", "--judge", "closedai/gpt"), "unknown judge backend 'closedai'"),
        (
            ("eval", "m", "--judge", "none", "--benchmark", "alpaca"),
            "unknown benchmark 'alpaca'; there are xl, m, en, mini",
        ),
        (("eval", "m", "--judge", "none", "--languages", "fi,qqq"), "qqq"),
        (("eval", "m", "--judge", "none", "--languages", ""), "language"),
        (
            ("eval", "m", "--judge", "none", "--backend", "tensorflow"),
            "unknown backend 'tensorflow'; lm-evaluation-harness has",
        ),
        (("eval", "m", "--judge", "none", "--model-args", "dtype"), "argument 'dtype' is not of the form key=value"),
        (("eval", "m", "--judge", "none", "--model-args", "a=1,b=2, a=3"), "argument 'a' is given twice; give it once"),
        (("eval", "./nowhere", "--judge", "none"), "./nowhere: no such model folder"),
        (
            (*AT_AN_ENDPOINT, "--judge", "hf/./nowhere"),
            "hf/./nowhere: no such model folder or file",
        ),
        ((*AT_AN_ENDPOINT, "--judge", "hf/no-such/model"), "hf/no-such/model: cannot be loaded"),
        (("eval", "m", "--judge", "hf/a/b/c"), "judge hf/a/b/c: is no model folder here, and no name that the Hub can"),
        (("eval", "a b/c", "--judge", "none"), "a b/c: is no model folder here, and no name that the Hub can have"),
        (("plan", "a/b/c", "--judge", "none"), "a/b/c: is no model folder here, and no name that the Hub can have"),
        (("prefetch", f"a/{'x' * 99}", "--check"), "and no name that the Hub can have"),
        (("references", "--model", "hf/a--b/c", "--output", "r.jsonl"), "and no name that the Hub can have"),
        ((*AT_AN_ENDPOINT, "--judge", "vllm/some/model"), str(MissingExtra("vllm", "vllm"))),
        (
            ("eval", "m", "--judge", "none", "--backend", "vllm"),
            str(MissingExtra("vllm", "vllm")),
        ),
        (("eval", "m", "--judge", "openai/gpt-4o"), "OPENAI_API_KEY"),
        ((*AT_AN_ENDPOINT, "--judge", "openai/x", "--judge-base-url", "http://127.0.0.1:9/v1"), "127.0.0.1:9"),
        (("eval", "m", "--judge", "none", "--limit", "0"), "--limit"),
        (("eval", "m", "--judge", "none", "--reference", "absent.jsonl"), "absent.jsonl: no such file"),
        (("eval", "--judge", "none"), "MODEL"),
        (("eval", "m", "--nonsense"), "--nonsense"),
        (("nonsense",), "nonsense"),
        (("eval", "m", "--judge", "none", "--benchmark", ""), "unknown benchmark ''"),
        (("eval", "m", "--judge", "none", "--exclusion", "all"), "requests 'all'; there are strict, broad"),
        (("eval", "m", "--judge", "hf/m", "--cache", "."), "--cache"),
        (("compare", "a", "b", "--output", "/dev/null/x"), "/dev/null/x: cannot be written, since /dev/null is a file"),
        (("contamination", "a", "--output", "/dev/null"), "/dev/null: is neither a file nor a folder"),
        (("references", "--model", "hf/x", "--output", "/dev/null/x/y"), "/dev/null/x/y: cannot be written"),
        (("eval", "m", "--judge", "none", "--output", "/dev/null/x"), "/dev/null/x: cannot be written"),
        (("judge", "absent.jsonl", "--judge", "none", "--output", "out"), "absent.jsonl: no such file"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in complaint(run(*arguments))
    assert not list(tmp_path.iterdir()), "something was left behind"


def test_judge_none_scores_language_alone(pairs: Path, tmp_path: Path) -> None:
    result = run("judge", pairs, "--judge", "none", "--output", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "run" / "results.json").read_text())
    assert found["win_rate"] is None
    assert found["n_items"] == 1
    assert found["line_pass_rate"] == 100.0
    assert found["by_language"]["de"]["coverage"] == 100.0
    assert "German (de)" in result.stdout
    assert str(tmp_path / "run") in result.stdout.replace("\n", "")


def test_the_folder_of_other_pairs_is_refused(pairs: Path, tmp_path: Path) -> None:
    assert run("judge", pairs, "--judge", "none", "--output", tmp_path / "run").returncode == 0
    pairs.write_text(json.dumps(ROW | {"prediction": "Servus"}) + "\n", encoding="utf-8")
    assert "choose another --output" in complaint(run("judge", pairs, "--judge", "none", "--output", tmp_path / "run"))


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text((json.dumps(ROW | {"id": "a"}) + "\n") * 2, encoding="utf-8")
    assert "id 'a' stands 2 times" in complaint(run("judge", file, "--judge", "none", "--output", tmp_path / "run"))


def test_tasks_prints_the_folder_of_the_task_files() -> None:
    folder = Path(run("tasks").stdout.strip())
    assert (folder / "mini" / "xl_alpacaeval_mini_fi.yaml").is_file()


@pytest.mark.slow
def test_input_and_output_that_cannot_be_used_are_one_line(pairs: Path, tmp_path: Path) -> None:
    endpoint = ("--judge", "openai/x", "--judge-base-url", "http://127.0.0.1:9/v1")
    (tmp_path / "deep.yaml").write_text("criteria: " + "[" * 3000, encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    for arguments, message in (
        (("fidelity", pairs, "--output", pairs), "is a file"),
        (("fidelity", pairs, "--output", pairs / "x"), "pairs.jsonl/x: cannot be written"),
        (("estimate", pairs, *endpoint, "--output", tmp_path), "is a directory"),
        (("estimate", pairs, *endpoint, "--price-input", "inf", "--price-output", "1"), "a finite number"),
        (("estimate", pairs, *endpoint, "--criteria-file", tmp_path / "deep.yaml"), "deep.yaml: nested too deeply"),
        (("estimate", pairs, *endpoint, "--criteria-file", "~nobody-here/x.yaml"), "~nobody-here/x.yaml: no such file"),
        (("estimate", pairs, *endpoint, "--judge-args", "timeout=["), "timeout='[' is no float"),
        (("estimate", pairs, *endpoint, "--judge-args", "timeout=nan"), "timeout='nan': need a number from 0.1"),
        (("estimate", pairs, *endpoint, "--judge-args", "verdict_tokens=0"), "need a number from 1"),
        (("judge", pairs, "--judge", "none", "--output", tmp_path / ("x" * 300)), "File name too long"),
        (("eval", "~nobody-here/x", "--judge", "none"), "~nobody-here/x: no such model folder"),
        (("eval", "", "--judge", "none"), "MODEL is empty"),
        (("eval", "m", "--judge", "none", "--batch-size", "0"), "--batch-size '0' is neither a number from 1 nor auto"),
    ):
        assert message in complaint(run(*arguments))
    assert sorted(tmp_path.iterdir()) == before, "something was left behind"
