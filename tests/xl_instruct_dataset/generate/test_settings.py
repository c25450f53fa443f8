"""Flags and a YAML file of settings, and one line for everything that can be wrong with them."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests import helpers
from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import read_lines
from xl_instruct_dataset.generate.config import file as settings_of
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.inference import task_progress

Said = Callable[..., str]


def test_flags_go_over_the_file_and_the_resolved_file_is_the_same_job(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(
        "seeds: sample\ntargets: [fi, et]\nteacher: openai/a\ncandidates: 5\nslurm: {gpus: 4, time: '1:00:00'}\n"
    )
    chosen = settings_of.load(file, {"candidates": 2, "translators": "openai/b, openai/c", "judge": None})
    assert (chosen.targets, chosen.candidates, chosen.translators) == (("fi", "et"), 2, ("openai/b", "openai/c"))
    assert (chosen.gpus, chosen.judge_model, chosen.wanted_passages) == (4, "openai/a", 1250)
    settings_of.save(chosen, tmp_path / "settings.yaml")
    again = settings_of.load(tmp_path / "settings.yaml", {})
    assert again == chosen
    (tmp_path / "work").mkdir()
    work_folder.claim(chosen, tmp_path / "work")
    work_folder.claim(again, tmp_path / "work")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("form_of_address: {fi: formal, fin: informal}", "form_of_address: fi is given twice; give it once"),
        ("candidate: 3", "unknown setting 'candidate'; did you mean candidates?"),
        ("candidates: three", "job.yaml: candidates is 'three'; need a whole number from 1 to 26"),
        ("candidates: true", "need a whole number"),
        ("temperature: .nan", "need a number"),
        ("targets: 5", "job.yaml: targets is 5; need a list"),
        ("slurm: partition", "need a mapping"),
        ("base_urls: {teacher: 5}", "base_urls: teacher is 5; need text"),
        ("base_urls: {writer: http://x}", "unknown key 'writer'; there are teacher, translator, judge"),
        ("base_urls: {judge: 'http://me:secret@x/v1'}", "holds a password"),
        ("base_urls: {judge: 'http://x/v1?api-key=secret'}", "keys come from the environment"),
        ("targets: [no, fi]", 'write "no" in quotes'),
        ("reasoning_tokens: -1", "reasoning_tokens is -1; need a whole number from 0"),
        ("slurm: {time: 10:00:00}", "write it as text, in quotes"),
        ("server_args: 5", "job.yaml: server_args is 5; need a mapping"),
        ("server_args: {max_model_len: 4096}", "no server is started, every model is openai/..."),
        ("server_args: {port: 4096}\njudge: vllm/m", "server_args port: this command says that here"),
        ("server_args: {api_key: x}\njudge: vllm/m", "api_key"),
        ("slurm: {gpus: two}", "gpus is 'two'"),
        ("judge:", "job.yaml: judge is empty; need text"),
        ("judge: nobody", "model 'nobody' is not of the form BACKEND/MODEL"),
        ("targets: fi,xx-nope", "xx-nope"),
        ("targets: ','", "no targets: give --targets fi,ga,..., or targets in --config"),
        ("targets: 'fi,,et'", "job.yaml: targets is 'fi,,et': item 2 is empty; leave it out"),
        ("candidates: 27", "candidates is 27; need a whole number from 1 to 26"),
        ("passages: -1", "passages is -1"),
        ("concurrency: 5000", "concurrency is 5000"),
        ("timeout: 0", "timeout is 0.0; need a number above 0"),
        ("max_words: 10", "less than min_words"),
        ("select: best", "select is 'best'; there are chrf, judge, cometkiwi"),
        ("select: cometkiwi", "needs --comet-python"),
        ("min_score: 6", "min_score is 6.0; need a number from 1 to 5"),
        ("translators: openai/a,openai/b,openai/c,openai/d", "candidates is 3, fewer than there are translators (4)"),
        ("translator_temperatures: 0.1,0.2,0.3,0.4", "or translator temperatures (4); give more candidates"),
        ("translator_temperatures: warm", "translator_temperatures is 'warm'; need a number from 0 to 2"),
        ("translator_temperatures: [0.5, 3]", "translator_temperatures is 3.0; need a number from 0 to 2"),
        ("base_urls: {judge: 'http://a/v1,http://b/v1'}", "2 addresses of the judge; need one"),
        ("base_urls: {translator: 'http://a/v1,http://b/v1'}", "one for each of openai/a"),
        ("executor: k8s", "executor is 'k8s'; there are local, ray, slurm"),
        ("translator: openai/a\ntranslators: openai/b", "translator and translators are the same setting; give one"),
        ("slurm: {gpus: 1, gpus: 2}", "job.yaml line 1: not valid YAML (the key gpus is there twice)"),
        ("[1, 2]", "job.yaml: holds a list; needs a mapping"),
        ("a: [", "job.yaml line 1: not valid YAML"),
    ],
)
def test_a_setting_that_cannot_be_is_told_of(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "job.yaml"
    base = {"seeds": "sample", "targets": "fi", "teacher": "openai/a"}
    file.write_text(content)
    key = content.partition(":")[0]
    with pytest.raises(UserError) as error:
        settings_of.load(file, {name: value for name, value in base.items() if name != key})
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_may_name_everything_as_the_flags_do(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(
        "seeds: sample\ntargets: fi\nteacher: openai/a\ntranslator: openai/b\nbenchmark: mini\noutput: made\n"
        "teacher_base_url: http://one/v1\njudge_base_url: http://two/v1\n"
    )
    chosen = settings_of.load(file, {"judge_base_url": "http://three/v1"})
    assert (chosen.translators, chosen.benchmarks, chosen.output) == (("openai/b",), ("mini",), "made")
    assert chosen.base_urls == {"teacher": "http://one/v1", "judge": "http://three/v1"}


def test_who_stands_in_for_want_of_another_is_asked_where_the_teacher_is() -> None:
    given = {"seeds": "sample", "targets": "fi", "teacher": "openai/a", "base_urls": {"teacher": "http://one/v1"}}
    alone = settings_of.load(None, given)
    roles = ("teacher", "translator", "judge")
    assert {role: alone.base_url(role) for role in roles} == dict.fromkeys(roles, "http://one/v1")
    others = settings_of.load(None, {**given, "judge": "openai/b", "translator": "openai/c"})
    assert (others.base_url("judge"), others.base_url("translator")) == ("", "")


def test_each_translator_may_have_an_address_of_its_own() -> None:
    given = {"seeds": "sample", "targets": "fi", "teacher": "openai/a", "translator": "openai/b,openai/c"}
    two = settings_of.load(None, {**given, "translator_base_url": "http://one/v1, http://two/v1"})
    assert [two.base_url("translator", number) for number in (0, 1)] == ["http://one/v1", "http://two/v1"]
    one = settings_of.load(None, {**given, "translator_base_url": "http://one/v1"})
    assert [one.base_url("translator", number) for number in (0, 1)] == ["http://one/v1", "http://one/v1"]


def test_the_best_alone_need_no_threshold() -> None:
    base = {"seeds": "sample", "targets": "fi", "teacher": "openai/a"}
    found = [
        settings_of.load(None, {**base, **given}).threshold
        for given in ({}, {"keep_best": 5}, {"keep_best": 5, "min_score": 3}, {"min_score": 2})
    ]
    assert found == [4, 1, 3, 2]


@pytest.mark.parametrize("lacking", ["seeds", "targets", "teacher"])
def test_what_is_needed_is_named(lacking: str) -> None:
    base = {"seeds": "sample", "targets": "fi", "teacher": "openai/a"}
    with pytest.raises(UserError, match=f"no {lacking}: give --{lacking}"):
        settings_of.load(None, {name: value for name, value in base.items() if name != lacking})


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Said:
    """Runs a command that must fail without leaving a file, and returns its one line."""

    def run(server: JudgeServer, **given: Any) -> str:
        before = set(tmp_path.rglob("*"))
        argv = generating.arguments(server, given.pop("output", tmp_path / "out"), **given)
        code, out, errors = generating.invoke(argv, monkeypatch, capfd)
        # Progress lines are no errors.
        errors = [line for line in errors if not line.startswith(("write", "preparing"))]
        assert (code, len(errors)) == (2, 1), (out, errors)
        assert set(tmp_path.rglob("*")) == before
        return errors[0]

    return run


def test_bad_seeds_are_one_line_and_leave_nothing(said: Said, tmp_path: Path) -> None:
    wrong = helpers.write_jsonl(tmp_path / "wrong.jsonl", [{"body": "text"}])
    short = helpers.write_jsonl(tmp_path / "short.jsonl", [{"text": "Too short."}] * 3)
    german = helpers.write_jsonl(tmp_path / "german.jsonl", [{"text": f"{n} {helpers.GERMAN * 6}"} for n in range(2)])
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    (tmp_path / "folder").mkdir()
    with JudgeServer(reply=teacher.fluent) as server:
        for seeds, line in (
            (tmp_path / "none.jsonl", "none.jsonl: no such file; --seeds is a file, a folder, or a Hub dataset's id"),
            ("nonsense", "nonsense: no such file"),
            (wrong, 'wrong.jsonl line 1: no text in column "text"; it has body (name one with --seed-column)'),
            (short, "short.jsonl: no passage can be used (3 fewer than 60 words"),
            (german, "no passage can be used"),
            (tmp_path / "empty.jsonl", "empty.jsonl: no passage can be used (it is empty)"),
            (tmp_path / "binary.txt", "binary.txt: not readable as UTF-8 text"),
            (tmp_path / "broken.parquet", "broken.parquet"),
            (tmp_path / "folder", "holds no .parquet, .jsonl"),
        ):
            assert line in said(server, seeds=seeds)
        assert "language" in said(server, targets="fi,qqq")
        # The corrected job may use the same folder.
        generating.run(generating.settings(server, passages=2, targets="fi"), tmp_path / "out")


def test_an_endpoint_that_is_no_use_is_one_line_after_one_request(said: Said) -> None:
    with JudgeServer(reply=teacher.fluent, key="right", models=("teacher",)) as server:
        assert "401" in said(server)
        assert server.stats()["requests"] == 1
        server.behaviour = type(server.behaviour)(models=("another",))
        assert "check the model's name" in said(server)
        assert server.stats()["requests"] == 2
        server.behaviour = type(server.behaviour)()
        assert "no connection" in said(server, judge="openai/j", judge_base_url="http://127.0.0.1:9/v1")


def test_an_output_that_cannot_be_written_is_said_before_a_model_is_asked(said: Said, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "job.work").touch()
    with JudgeServer(reply=teacher.fluent) as server:
        assert "file/x: cannot be written, since" in said(server, output=tmp_path / "file" / "x")
        assert "file: is a file; give a folder" in said(server, output=tmp_path / "file")
        assert "job.work: is a file; give a folder" in said(server, output=tmp_path / "job")
        assert server.stats()["requests"] == 0


def test_what_belongs_to_others_is_left_alone(said: Said, tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.txt").write_text("mine")
        assert "was not made by this command" in said(server)
        (tmp_path / "other.work").mkdir()
        (tmp_path / "other.work" / "notes.txt").write_text("mine")
        assert "holds notes.txt and no job.json" in said(server, output=tmp_path / "other")
        generating.run(generating.settings(server, passages=2, targets="fi"), tmp_path / "third")
        (tmp_path / "third.work" / "log.txt").touch()
        line = said(server, passages=2, targets="fi", output=tmp_path / "third", candidates=3)
        assert "holds a job with candidates 2, this one has 3; choose another --output" in line


def test_flags_that_would_do_nothing_are_told_of(said: Said) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        assert "--slurm does nothing without --executor slurm" in said(server, slurm="partition=gpu")
        assert "--rate does nothing without --estimate" in said(server, rate=10)
        nobody = "no Ray cluster at '127.0.0.1:1' (Connection refused)"
        assert nobody in said(server, executor="ray", ray_address="127.0.0.1:1")
        assert "an address is HOST:PORT" in said(server, executor="ray", ray_address="head")
        banana = said(server, executor="slurm", slurm="partition=gpu,time=banana")
        assert "--slurm time=banana is no time limit" in banana
        assert "vllm/a: vllm is not installed" in said(server, teacher="vllm/a")
        assert "--output /: names no folder" in said(server, output="/")
        assert "is the folder you are in" in said(server, output=".")
        assert not server.seen.log


def test_a_dry_run_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        argv = [*generating.arguments(server, tmp_path / "out", passages=2), "--dry-run"]
        code, _, errors = generating.invoke(argv, monkeypatch, capfd)
        assert (code, len(errors)) == (2, 1)
        assert "--dry-run does nothing without --executor slurm" in errors[0]
        assert not server.seen.log


def test_seeds_that_changed_are_another_job_and_those_left_out_are_listed(tmp_path: Path) -> None:
    file = generating.passages(tmp_path / "p.jsonl", 3)
    with file.open("a", encoding="utf-8") as more:
        more.write('{"id": "short", "text": "Too short."}\n')
    with JudgeServer(reply=teacher.fluent) as server:
        chosen = generating.settings(server, seeds=str(file), passages=4, targets="fi")
        generating.run(chosen, tmp_path / "out")
        left = list(read_lines(tmp_path / "out.work" / work_folder.REJECTED_SEEDS))
        assert [(line["seed"], line["stage"]) for line in left] == [("short", "seeds")]
        file.write_text(file.read_text(encoding="utf-8") + '{"text": "More."}\n', encoding="utf-8")
        with pytest.raises(UserError, match="is another than when this job began"):
            generating.run(chosen, tmp_path / "out")


def test_what_a_kill_left_of_the_first_file_is_no_stranger(tmp_path: Path) -> None:
    (tmp_path / ".job.json.4711").write_text("{")
    work_folder.claim(generating.settings(), tmp_path)
    assert (tmp_path / "job.json").exists()


def test_a_job_without_a_row_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with JudgeServer(reply=lambda _: "no") as server:
        argv = generating.arguments(server, tmp_path / "out", passages=2)
        code, _, errors = generating.invoke(argv, monkeypatch, capfd)
    assert code == 1
    assert "no row was kept" in errors[-1]


def test_a_task_counts_and_says_what_ended_it(tmp_path: Path) -> None:
    with task_progress.TaskCounter(tmp_path, "translate-1", 0) as counter:
        counter.add()
    with suppress(UserError), task_progress.TaskCounter(tmp_path, "translate-1", 1) as counter:
        counter.add()
        raise UserError("no more")
    assert task_progress.total(tmp_path, "translate-1") == 2
    assert task_progress.total(tmp_path, "translate") == 0
    assert task_progress.problem(tmp_path, "translate-1") == "no more"
    with task_progress.TaskCounter(tmp_path, "translate-1", 1):
        pass
    assert task_progress.problem(tmp_path, "translate-1") is None
