"""Settings declared once: options of a command, a YAML file, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from xl_alpacaeval_metric.cli import exit_codes
from xl_alpacaeval_metric.cli.options.settings import with_settings
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.settings import load
from xl_alpacaeval_metric.settings.fields import Option, setting


@dataclass(frozen=True, slots=True)
class Job:
    models: tuple[str, ...] = setting("Models to ask", metavar="SPEC,...", option="model")
    weights: tuple[float, ...] = setting("Of the models", default=(), at_least=0, at_most=1)
    size: int = setting("Size", default=3, at_least=1)
    share: float | None = setting("Share", default=None, above=0, at_most=1, default_text="all")
    order: str = setting("Order", default="up", choices=("up", "down"), affects_result=False)
    fast: bool = setting("Fast", default=False)
    urls: Mapping[str, str] = setting(
        "Addresses",
        default={},
        options=(Option("left_url", "URL", "Left", "left"), Option("right_url", "URL", "", "right")),
    )
    extra: Mapping[str, Any] = setting("Extra", default={})
    secret: str = setting("Not an option", default="x", file_only=True)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, file: Path | None = None) -> tuple[int, list[Job]]:
    """The exit code of a command with these options, and the settings that it got."""
    app, found = typer.Typer(), []

    @app.command()
    @with_settings(Job, "Settings")
    def command(settings: dict[str, object], times: int = 1) -> None:
        """Does nothing."""
        found.extend([load.load(Job, file, settings)] * times)

    monkeypatch.setattr("sys.argv", ["job", *arguments])
    return exit_codes.run(app, "job"), found


def test_options_go_over_the_file_and_the_file_over_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "job.yaml"
    file.write_text("models: [a, b]\nsize: 5\nfast: true\nshare: 5e-1\nurls: {left: l}\nright_url: r\nsecret: y\n")
    options = (
        "--size",
        "7",
        "--no-fast",
        "--left-url",
        "new",
        "--extra",
        "a=1,b=x",
        "--weights",
        "0.5, 1",
        "--times",
        "1",
    )
    code, (job,) = run(monkeypatch, *options, file=file)
    assert code == 0
    assert job == Job(
        ("a", "b"), (0.5, 1.0), 7, 0.5, "up", False, {"left": "new", "right": "r"}, {"a": 1, "b": "x"}, "y"
    )


def test_all_settings_are_a_file_that_reads_back(tmp_path: Path) -> None:
    job = load.load(Job, None, {"model": "a,b", "share": 0.25, "left_url": "l", "extra": {"time": "10:00"}})
    file = tmp_path / "job.yaml"
    file.write_text(load.as_yaml(job))
    assert load.load(Job, file, {}) == job
    assert load.result_settings(job).keys() == load.result_settings(job).keys() | {"size"}
    assert "order" not in load.result_settings(job)


def test_the_help_has_every_option_with_its_range_and_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(monkeypatch, "--help")[0] == 0
    shown = [" ".join(line.strip("│ ").split()) for line in capsys.readouterr().out.splitlines()]
    for line in (
        "--model SPEC,... Models to ask",
        "--size N [x>=1] Size (default 3)",
        "--share X [0<x<=1] Share (default all)",
        "--order TEXT Order: up, down (default up)",
        "--fast --no-fast <bool> Fast (default false)",
        "--left-url URL Left",
        "--extra K=V,... Extra",
    ):
        assert line in shown
    assert "--secret" not in " ".join(shown)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "job: no models: give --model SPEC,..., or models in --config"),
        (("--model", "a", "--size", "0"), "job: --size is 0; need a whole number from 1"),
        (("--model", "a", "--share", "0"), "job: --share is 0.0; need a number above 0 up to 1"),
        (("--model", "a", "--weights", "1,2"), "job: --weights is 2.0; need a number from 0 to 1"),
        (("--model", "a", "--weights", "1,x"), "job: --weights is 'x'; need a number from 0 to 1"),
        (("--model", "a", "--order", "sideways"), "job: --order is 'sideways'; there are up, down"),
        (("--model", "a", "--secret", "y"), "job: No such option: --secret"),
    ],
)
def test_a_wrong_option_is_one_line(
    options: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *options) == (2, [])
    assert capsys.readouterr().err.splitlines()[0].startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modles: a", "job.yaml: unknown setting 'modles'; did you mean models?"),
        ("qqq: a", "job.yaml: unknown setting 'qqq'; there are models, weights,"),
        ("models: [no]", "job.yaml: models is 'False'; need text; write \"no\" in quotes"),
        ("model: {a: b}", "job.yaml: model is \"{'a': 'b'}\"; need a list"),
        ("fast: 1", "job.yaml: fast is 1; need true or false"),
        ("size: true", "job.yaml: size is 'True'; need a whole number from 1"),
        ("share: .inf", "job.yaml: share is inf; need a number above 0"),
        ("urls: {up: x}", "job.yaml: urls: unknown key 'up'; there are left, right"),
        ("size: 1\nmodel: a\nsize: 2", "job.yaml line 3: not valid YAML (the key size is there twice)"),
        ("model: a\nmodels: b", "job.yaml: model and models are the same setting; give one of them"),
        ("model: a\nextra: {when: 2026-13-01}", "job.yaml: not valid YAML"),
        ("- a", "job.yaml: holds a list; needs a mapping, as in NAME: VALUE"),
        ("model: [", "job.yaml line 1: not valid YAML"),
        ("", "no models: give --model"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as error:
        load.load(Job, file, {})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "deep.yaml").write_text("a: " + "[" * 5000)
    for name, message in (
        ("none.yaml", "no such file"),
        ("binary.yaml", "not UTF-8 text"),
        ("deep.yaml", "nested too deeply"),
        (".", "cannot be read"),
    ):
        with pytest.raises(UserError, match=message):
            load.load(Job, tmp_path / name, {})


def test_anchors_and_merged_mappings_are_yaml_too(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text("model: a\nextra: {<<: {time: 1, gpus: 1}, gpus: 2}\n")
    assert load.load(Job, file, {}).extra == {"time": 1, "gpus": 2}
