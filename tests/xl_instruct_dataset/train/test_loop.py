"""The loop: contamination, evaluation before and after, and what the page of result may say."""

import json
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import start_instruct as start
from tests.helpers import PATIENCE, children_of, comparison, rows, wait_until, write_jsonl
from tests.stubborn_server import none_alive
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.cli import exit_codes
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.languages import content_length
from xl_alpacaeval_metric.progress import silent
from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.runs import compare
from xl_alpacaeval_metric.runs import evaluate as runs
from xl_alpacaeval_metric.runs.answers.harness_model import adapter_arguments
from xl_alpacaeval_metric.runs.scored import Judging
from xl_alpacaeval_metric.stats.length_control import overall_length_controlled_win_rate
from xl_alpacaeval_metric.stats.length_control.known_tastes import LengthControl
from xl_instruct_dataset.cli import app
from xl_instruct_dataset.train.dataset.examples import GroupCounts, TrainingSplit
from xl_instruct_dataset.train.loop import benchmarks, changes, page
from xl_instruct_dataset.train.loop import run as looping
from xl_instruct_dataset.train.loop.changes import Change

ENGLISH = "The dog runs through the forest and finds an old bone under the tree."
GERMAN = "Der Hund läuft durch den Wald und findet dort einen alten Knochen unter dem Baum."
FINNISH = "Koira juoksee metsän halki ja löytää vanhan luun puun alta, vaikka sataa kaatamalla."


def judged(folder: Path, german: int, share: float) -> Path:
    """A finished run of eight prompts in German and Finnish.

    `german` of the German answers are in German, all the Finnish ones in Finnish. The judge
    prefers every answer if `share` is over 0.5, and none otherwise.
    """
    client = ScriptedClient(lambda request: {"A": -0.1, "B": -2.0} if share > 0.5 else {"A": -1.0, "B": -0.9})
    items = [comparison(number, "de", prediction=GERMAN if number <= german else ENGLISH) for number in range(1, 9)] + [
        comparison(number, "fi", prediction=f"{FINNISH} " * (1 + number % 3)) for number in range(1, 9)
    ]
    runs.judge_pairs(items, Judging(Judge(client), judge_check=False), folder, silent)
    return folder


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> list[Change]:
    folder = tmp_path_factory.mktemp("changes")
    found, caveats = changes.changes(
        "mini", judged(folder / "base", 1, 0.4), judged(folder / "tuned", 7, 0.9), judged=True
    )
    assert caveats == ()
    return found


def test_fidelity_before_and_after_is_counted_on_the_same_items(changed: list[Change]) -> None:
    found = {change.language: change for change in changed if change.figure == "line_pass_rate"}
    assert (found["de"].before, found["de"].after, found["de"].difference) == (12.5, 87.5, 75.0)
    assert (found["fi"].before, found["fi"].difference, found["fi"].p_value) == (100.0, 0.0, 1.0)
    everything = found["all"]
    assert (everything.before, everything.difference, everything.n, everything.n_prompts) == (56.25, 37.5, 16, 8)
    assert everything.ci95 is not None
    assert everything.significant
    assert everything.ci95[0] > 0
    assert not found["fi"].significant


def test_without_a_measured_taste_nothing_is_said_of_length_control(changed: list[Change]) -> None:
    assert {change.figure for change in changed} == {"line_pass_rate", "win_rate"}


def test_the_length_controlled_difference_is_that_of_the_two_rates(tmp_path: Path) -> None:
    base, tuned = (
        compare.load(judged(tmp_path / name, german, share)) for name, german, share in (("a", 1, 0.4), ("b", 7, 0.9))
    )
    keys, tastes = [key for key in base.items if key[1] == "de"], {"de": Taste(0.8, 0.1)}
    found = changes._length_controlled("mini", "de", base, tuned, keys, LengthControl(tastes))
    for run, value in ((base, found.before), (tuned, found.after)):
        texts = [[run.items[key].prediction for key in keys], [run.items[key].reference for key in keys]]
        lengths = (content_length.content_lengths(side, ["de"] * len(keys)) for side in texts)
        rate = overall_length_controlled_win_rate(
            [run.preferences[key] for key in keys], *lengths, tastes={None: tastes["de"]}, of_same_content=True
        )
        assert value == pytest.approx(rate.value)
    assert found.ci95 is not None
    assert found.difference is not None
    assert found.p_value is not None
    assert found.ci95[0] < found.difference < found.ci95[1]
    assert (found.p_value <= 0.05) == (found.ci95[0] > 0 or found.ci95[1] < 0)


def test_what_is_said_of_several_figures_is_corrected_for_their_number() -> None:
    close = [Change("mini", f"figure {n}", "all", 50.0, 52.0, 2.0, (0.1, 4.0), 0.03, 16, 8, 0) for n in range(2)]
    alone = Change("mini", "figure 0", "fi", 50.0, 52.0, 2.0, (0.1, 4.0), 0.03, 16, 8, 0)
    assert [change.significant for change in changes.corrected([*close, alone])] == [False, False, True]
    assert [change.significant for change in changes.corrected([close[0], alone])] == [True, True]


def test_sentences_say_no_more_than_the_interval(changed: list[Change]) -> None:
    said = page.sentences(changed)
    assert re.fullmatch(
        r"mini: the language fidelity rose by 37\.5 points \(56\.2% to 93\.8%, 95% interval \+\d.*, 16 answers\)\.",
        said[0],
    )
    assert len(said) == 2
    unsure = Change("mini", "win_rate", "all", 50.0, 52.0, 2.0, (-1.0, 5.0), 0.2, 16, 8, 0)
    assert page.sentences([unsure])[0].startswith(
        "mini: the win rate did not move by more than chance could: +2.0 points"
    )
    nothing = Change("mini", "win_rate", "all", None, None, None, None, None, 0, 0, 16)
    assert page.sentences([nothing]) == ["mini: the win rate cannot be compared: 0 items have it before and after."]


def test_runs_without_a_shared_item_cannot_be_compared(tmp_path: Path) -> None:
    for name, number in (("a", 1), ("b", 2)):
        runs.judge_pairs([comparison(number)], None, tmp_path / name, silent)
    with pytest.raises(UserError, match="share no item"):
        changes.changes("mini", tmp_path / "a", tmp_path / "b", judged=False)


LOOP: dict[str, Any] = {
    "data": "sample",
    "pairs": "en-de,en-fi",
    "max_length": 256,
    "too_long": "truncate",
    "max_steps": 2,
    "batch_size": 2,
    "device_batch_size": 2,
    "per_language": 2,
    "device": "cpu",
}


def loop(folder: Path, tiny: Path, *options: object, **settings: object) -> tuple[int, str, str]:
    (folder / "settings.yaml").write_text(json.dumps({**LOOP, **settings}))
    command = ("loop", tiny, "--config", "settings.yaml", "--judge", "none", "--output", "out", *options)
    process = start(*command, cwd=folder, OMP_NUM_THREADS="1")
    out, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, out, errors


def test_the_loop_ends_in_a_page_and_does_nothing_twice(base: Path, tmp_path: Path) -> None:
    options = ("--limit", 1, "--max-tokens", 8)
    code, out, errors = loop(tmp_path, base, *options)
    assert code == 0, errors
    assert "mini: language fidelity %" in out
    assert "the base model has no chat template: it is asked without one before" in out
    found = json.loads((tmp_path / "out" / "result.json").read_text())
    assert [change["language"] for change in found["changes"]] == ["all", "de", "fi"]
    assert len(found["answers"]) == 2
    text = (tmp_path / "out" / "result.md").read_text()
    for part in ("## mini: language fidelity, %", "## Training", "## Answers", "xl-instruct loop"):
        assert part in text
    kept = [tmp_path / "out" / name for name in ("base-mini/samples.jsonl", "tuned-mini/samples.jsonl")]
    kept.append(tmp_path / "out" / "tuned" / "model.safetensors")
    before = [(file.stat().st_mtime_ns, file.read_bytes()) for file in kept]
    code, again, errors = loop(tmp_path, base, *options)
    assert code == 0, errors
    assert again.splitlines()[0] == out.splitlines()[0]
    assert [file.read_bytes() for file in kept] == [content for _, content in before]
    assert kept[2].stat().st_mtime_ns == before[2][0]


def test_training_rows_that_are_in_the_benchmark_stop_the_loop(tiny: Path, tmp_path: Path) -> None:
    mini = benchmark.load("mini", ["de"]).rows[3]
    taken = {"id": "stolen", "instruction": f"{mini.request} Auf Deutsch, bitte.", "response": GERMAN}
    write_jsonl(tmp_path / "data" / "en-de" / "train.jsonl", [*rows(3), taken])
    code, out, errors = loop(tmp_path, tiny, data="data", pairs="all", per_language=None)
    assert (code, out) == (2, "")
    line = errors.splitlines()[-1]
    assert line.startswith("xl-instruct: 1 training row overlaps with the benchmark")
    assert f"en-de row 'stolen' with request {mini.id!r} of mini" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--benchmark", "maxi"), "unknown benchmark 'maxi'"),
        (("--benchmark", "m", "--languages", "fi"), "benchmark m has none of fi; it has de"),
        (("--judge", "openai/any"), "judge none cannot be on a panel"),
        (("--benchmark", ","), "--benchmark is empty; give some of mini, en and m"),
        (("--no-merge",), "--no-merge: the loop evaluates the merged model; leave it out"),
    ],
)
def test_bad_input_of_the_loop_is_one_line(
    options: tuple[str, ...], message: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert in_process(tiny, tmp_path, monkeypatch, *options) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def in_process(tiny: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    """The exit code of the loop's command line, in this process."""
    fixed = ("--data=sample", "--too-long=truncate", "--judge=none", f"--output={folder / 'out'}")
    monkeypatch.setattr(sys, "argv", ["xl-instruct", "loop", str(tiny), *fixed, *options])
    return exit_codes.run(app, "xl-instruct")


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (
            signal.SIGKILL,
            "the training was killed by SIGKILL, most likely for memory; turn down, in this order: --device-",
        ),
        (signal.SIGTERM, "the training was killed by SIGTERM; the same command goes on"),
    ],
)
def test_a_training_that_was_killed_is_said(
    by: signal.Signals, message: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    def trains_alone(*arguments: Any) -> None:
        arguments[6](tmp_path / "train.yaml", tmp_path / "tuned", tmp_path / "prepared.pickle")

    code = f"import os; os.kill(os.getpid(), {int(by)})"
    monkeypatch.setattr(looping, "run", trains_alone)
    monkeypatch.setattr(looping, "training_command", lambda *_: [sys.executable, "-c", code])
    assert in_process(tiny, tmp_path, monkeypatch) == 2
    line = capfd.readouterr().err.splitlines()[-1]
    assert message in line
    assert "the same command goes on" in line


def test_the_training_ends_with_the_loop(tiny: Path, tmp_path: Path) -> None:
    """The second time, the same command goes on with the answers of the base model."""
    tuned = tmp_path / "out" / "tuned"
    options = ("--data", "sample", "--pairs", "en-de", "--too-long", "truncate", "--max-steps", 10**6)
    judging = ("--judge", "none", "--limit", 1, "--max-tokens", 4)
    for ending in (signal.SIGTERM, signal.SIGKILL):
        process = start("loop", tiny, *options, "--device", "cpu", *judging, "--output", tmp_path / "out", cwd=tmp_path)
        wait_until(lambda: tuned.exists() and children_of(process.pid), process)  # noqa: B023
        children = children_of(process.pid)
        process.send_signal(ending)
        _, errors = process.communicate(timeout=PATIENCE)
        assert none_alive(children)
        assert process.returncode == (-9 if ending == signal.SIGKILL else 128 + ending)
        assert "Traceback" not in errors
        shutil.rmtree(tuned)


def test_the_page_s_command_has_no_credentials(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    commands = []

    def keeps(*arguments: Any) -> None:
        commands.append(arguments[7])
        raise UserError("that is all")

    monkeypatch.setattr(looping, "run", keeps)
    url = "http://me:secret@host:8000/v1?api-key=secret"
    for given in (("--judge-base-url", url), (f"--judge-base-url={url}",)):
        assert in_process(tiny, tmp_path, monkeypatch, *given, "--judge-args", "hf_token=secret,timeout=3") == 2
    assert commands[0].endswith("--judge-base-url http://host:8000/v1 --judge-args 'hf_token=***,timeout=3'")
    assert "--judge-base-url=http://host:8000/v1 " in commands[1]
    assert "secret" not in " ".join(commands)


def test_a_benchmark_without_references_asks_for_a_file_of_them(tmp_path: Path) -> None:
    (tmp_path / "english.json").write_text(json.dumps([{"instruction": "Which way is north, and why?"}]))
    selected = TrainingSplit((), (), {"en-de": GroupCounts(1, 0, 1)})
    wanted = benchmarks.EvalPlan(("en",), benchmark_path=tmp_path)
    assert len(benchmarks.benchmarks_of(wanted, selected, False)[0][0].rows) == 1
    with pytest.raises(
        UserError, match=r"en: no reference for id '.+', language 'en'; give --reference FILE with it, as xl"
    ):
        benchmarks.benchmarks_of(wanted, selected, True)


def test_what_the_page_lists_stays_in_its_line_and_is_no_markup() -> None:
    notes = ("mine.jinja\n# *new*",)
    found = page.Page("base", "my_data", "tuned", {}, (), notes, (), ("a_b: 3 rows",), ("command",))
    lines = page.markdown(found).splitlines()
    assert "- mine.jinja # \\*new\\*" in lines
    assert r"- a\_b: 3 rows" in lines


def test_an_adapter_folder_is_a_model_to_evaluate(tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "org/base", "r": 32}))
    assert adapter_arguments(str(folder), "hf") == {"pretrained": "org/base", "peft": str(folder)}
    (folder / "tokenizer_config.json").write_text("{}")
    assert adapter_arguments(str(folder), "vllm") == {
        "pretrained": "org/base",
        "tokenizer": str(folder),
        "lora_local_path": str(folder),
        "max_lora_rank": 32,
    }
    with pytest.raises(UserError, match="holds an adapter, which goes with --backend hf or vllm; merge it for sglang"):
        adapter_arguments(str(folder), "sglang")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(tmp_path / "gone")}))
    with pytest.raises(UserError, match=r"its base model .*gone: no such model folder; give --base"):
        adapter_arguments(str(folder), "hf")
    (folder / "config.json").write_text("{}")
    assert adapter_arguments(str(folder), "hf") == {}
