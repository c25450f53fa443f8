"""`xl-instruct push`, and Hub datasets as a source, against a server that speaks the Hub's API."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.commands import run_instruct as run
from tests.commands import run_python
from tests.helpers import FINNISH, GERMAN, closed_port, rows, write_jsonl
from tests.servers.hub import READER, WRITER, HubServer
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.hub import push
from xl_alpacaeval_metric.hub.folder import verified
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.hub import parquet
from xl_instruct_dataset.hub.build import build
from xl_instruct_dataset.sources.source import Source

RELEASED = "viyer98/xl-instruct"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build(["en-fi", "en-de"], Source("sample"), tmp_path / "xl-instruct", silent)
    return tmp_path / "xl-instruct"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def named(files: dict[str, bytes], repo: str) -> dict[str, bytes]:
    """The files with the repository's name in the card, where the folder's stands in its code."""
    card = re.sub(r'load_dataset\("[^"]*"', f'load_dataset("{repo}"', files["README.md"].decode())
    return {**files, "README.md": card.encode()}


def test_a_push_is_one_commit_of_the_card_and_its_files(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    before = contents(folder)
    (folder / "notes.txt").write_text("mine")
    code, out, errors = run("push", "xl-instruct", "--repo", "org/xl", cwd=tmp_path, **hub.environment(tmp_path / "hf"))
    assert code == 0, errors
    (commit,) = hub.repos["org/xl"].commits
    card = commit.added.pop("README.md")
    assert commit.added | {"README.md": before["README.md"]} == before
    assert card.decode() == before["README.md"].decode().replace(
        'load_dataset("xl-instruct",', 'load_dataset("org/xl",'
    )
    assert b'load_dataset("org/xl", "en-fi"' in card
    assert sorted(before) == ["README.md"] + [f"en-{code}/train-00000-of-00001.parquet" for code in ("de", "fi")]
    assert (commit.deleted, commit.message) == ([], "Upload xl-instruct")
    assert hub.repos["org/xl"].private
    assert out.splitlines() == [f"{hub.url}/datasets/org/xl/commit/{hub.repos['org/xl'].sha} (private)"]
    assert "not sent, the card does not name them: notes.txt" in errors
    # The token is in none of the files, and nothing prints it.
    assert not any(
        WRITER.encode() in data for data in [*contents(folder).values(), *hub.repos["org/xl"].files.values()]
    )
    assert WRITER not in out + errors


def test_a_dry_run_sends_nothing(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    settings = hub.environment(tmp_path / "hf")
    code, out, errors = run("push", "xl-instruct", "--repo", "org/xl", "--dry-run", cwd=tmp_path, **settings)
    assert (code, errors) == (0, "")
    lines = [line.split()[:2] for line in out.splitlines()]
    assert lines[:3] == [[f"{len(data):,}", name] for name, data in sorted(contents(folder).items())]
    assert "in 3 files would go to org/xl (private, if new)" in out
    assert hub.repos == {}
    assert {method for method, path in hub.requests if "agent" not in path} <= {"GET", "HEAD"}


def test_a_second_push_replaces_the_data_of_the_first(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    """Else the card's patterns would find the rows of both."""
    old = {f"en-fi/train-0000{n}-of-00002.parquet": b"old" for n in range(2)}
    kept = {".gitattributes": b"*", "en-ga/train-00000-of-00001.parquet": b"x", "notes/en-fi/train-0.parquet": b"x"}
    card = b"---\nconfigs:\n- config_name: en-fi\ntags:\n- xl-suite\n---\n"
    hub.add("org/xl", {**old, **kept, "README.md": card})
    settings = hub.environment(tmp_path / "hf")
    command = ("push", "xl-instruct", "--repo", "org/xl", "--message", "Again", "--public")
    code, out, errors = run(*command, cwd=tmp_path, **settings)
    assert code == 0, errors
    (commit,) = hub.repos["org/xl"].commits
    assert (commit.deleted, commit.message) == (sorted(old), "Again")
    assert hub.repos["org/xl"].files == {**kept, **named(contents(folder), "org/xl")}
    assert out.splitlines()[:2] == [f"removed, older: {name}" for name in sorted(old)]
    assert out.endswith("(public)\n")


def test_a_push_that_would_unlist_what_is_there_is_refused(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    settings = hub.environment(tmp_path / "hf")
    assert run("push", "xl-instruct", "--repo", "org/xl", cwd=tmp_path, **settings)[0] == 0
    build(["en-ga"], Source("sample"), tmp_path / "irish", silent)
    before = dict(hub.repos["org/xl"].files)
    lost = "org/xl would lose the configurations en-de, en-fi, whose files would stay and could not be loaded"
    code, out, errors = run("push", "irish", "--repo", "org/xl", cwd=tmp_path, **settings)
    assert (code, out) == (2, "")
    assert errors.startswith(f"xl-instruct: {lost}; build all configurations into one folder")
    assert hub.repos["org/xl"].files == before
    _, out, _ = run("push", "irish", "--repo", "org/xl", "--dry-run", cwd=tmp_path, **settings)
    assert f"{lost}; only --replace does that" in out
    assert run("push", "irish", "--repo", "org/xl", "--replace", cwd=tmp_path, **settings)[0] == 0
    assert hub.repos["org/xl"].files["README.md"] == named(contents(tmp_path / "irish"), "org/xl")["README.md"]


def test_a_card_written_by_hand_is_not_replaced_in_silence(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    hub.add("org/xl", {"README.md": b"# Our own words\n"})
    settings = hub.environment(tmp_path / "hf")
    code, _, errors = run("push", "xl-instruct", "--repo", "org/xl", cwd=tmp_path, **settings)
    assert code == 2
    assert "org/xl would lose its README.md, which this command did not write" in errors
    assert hub.repos["org/xl"].files == {"README.md": b"# Our own words\n"}


def test_a_name_without_its_organisation_is_refused_before_anything(
    hub: HubServer, folder: Path, tmp_path: Path
) -> None:
    code, _, errors = run("push", "xl-instruct", "--repo", "xl", cwd=tmp_path, **hub.environment(tmp_path / "hf"))
    assert code == 2
    assert errors == "xl-instruct: --repo 'xl' is not of the form ORG/NAME, such as my-lab/xl-instruct\n"
    assert hub.repos == {}


@pytest.mark.parametrize(
    ("token", "says"),
    [
        (None, "org/xl: the Hub does not know you (401); log in with `hf auth login`, or set HF_TOKEN"),
        ("hf_unknown", "org/xl: the Hub does not know you (401); log in with `hf auth login`, or set HF_TOKEN"),
        (READER, "org/xl: your token may not write there (403); it needs write access to org"),
    ],
)
def test_without_leave_to_write_it_says_so(
    token: str | None, says: str, hub: HubServer, folder: Path, tmp_path: Path
) -> None:
    settings = hub.environment(tmp_path / "hf", token)
    code, out, errors = run("push", "xl-instruct", "--repo", "org/xl", cwd=tmp_path, **settings)
    assert (code, out) == (2, "")
    assert errors.splitlines()[-1] == f"xl-instruct: {says}"
    assert hub.repos == {}


@pytest.mark.parametrize(
    ("piece", "status", "says"),
    [
        ("/commit/", 403, "your token may not write there (403)"),
        ("/commit/", 412, "the Hub refused (412)"),
        ("/lfs/", 400, "the Hub refused (400)"),
        ("validate-yaml", 400, "the Hub refused: Invalid metadata in README.md"),
        ("/repos/create", 500, "the Hub refused (500)"),
    ],
)
def test_a_hub_that_refuses_midway_has_no_commit(
    piece: str, status: int, says: str, hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.fails = {piece: status}
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", WRITER)
    with pytest.raises(UserError) as error:
        push.push(folder, "org/xl", push.plan(folder))
    assert str(error.value).startswith("org/xl: ")
    assert says in str(error.value)
    assert hub.requests
    assert all(not repo.commits for repo in hub.repos.values())


def test_a_hub_that_is_not_there_and_a_name_that_cannot_be(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    away = {**hub.environment(tmp_path / "hf"), "HF_ENDPOINT": f"http://127.0.0.1:{closed_port()}"}
    code, _, errors = run("push", "xl-instruct", "--repo", "org/xl", cwd=tmp_path, **away)
    assert code == 2
    assert errors.splitlines()[-1].startswith("xl-instruct: org/xl: the Hub cannot be reached, nothing was committed (")
    offline = {**hub.environment(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    code, _, errors = run("push", "xl-instruct", "--repo", "org/xl", cwd=tmp_path, **offline)
    assert code == 2
    assert errors.splitlines()[-1] == "xl-instruct: org/xl: the Hub is not asked, since HF_HUB_OFFLINE is set"
    settings = hub.environment(tmp_path / "hf")
    code, _, errors = run("push", "xl-instruct", "--repo", "org/x l", cwd=tmp_path, **settings)
    assert code == 2
    assert errors.splitlines()[-1].startswith("xl-instruct: --repo org/x l: ")
    assert hub.repos == {}


def test_a_store_of_chunks_that_fails_is_one_line(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    """The server has no Xet; hf_xet, where installed, tries that first and has its own errors."""
    pytest.importorskip("hf_xet")
    settings = {**hub.environment(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "0"}
    code, _, errors = run("push", "xl-instruct", "--repo", "org/xl", cwd=tmp_path, **settings)
    assert code == 2
    assert errors.splitlines()[-1].startswith("xl-instruct: org/xl: the Hub cannot be reached, nothing was committed (")
    assert "Traceback" not in errors
    assert hub.repos["org/xl"].commits == []


def test_a_plan_has_each_file_once(tmp_path: Path) -> None:
    row = next(Source("sample").rows("en-de"))
    build(["en-de"], Source("sample"), tmp_path / "xl", silent)
    card = tmp_path / "xl" / "README.md"
    entry = "- config_name: {0}\n  data_files:\n  - split: train\n    path: en-de/train-*.parquet\n"
    assert entry.format("en-de") in card.read_text("utf-8")
    card.write_text(card.read_text("utf-8").replace(entry.format("en-de"), entry.format("en-de") + entry.format("all")))
    assert [config.name for config in verified(tmp_path / "xl")] == ["en-de", "all"]
    planned = push.plan(tmp_path / "xl")
    assert [upload.path for upload in planned.uploads] == ["README.md", "en-de/train-00000-of-00001.parquet"]
    parquet.write([row], tmp_path / "xl" / "en-fi")
    assert push.plan(tmp_path / "xl").left_out == ["en-fi/train-00000-of-00001.parquet"]


LOAD = """
from datasets import get_dataset_config_names, load_dataset
streamed = load_dataset("org/xl", "en-de", split="train", streaming=True)
print(get_dataset_config_names("org/xl"), load_dataset("org/xl", "en-fi", split="train").num_rows, next(iter(streamed))["id"])
"""


@pytest.mark.slow
def test_what_was_pushed_loads_from_the_hub(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    settings = hub.environment(tmp_path / "hf")
    assert run("push", "xl-instruct", "--repo", "org/xl", cwd=tmp_path, **settings)[0] == 0
    loaded = run_python("-c", LOAD, cwd=tmp_path, **settings)
    assert loaded.stdout.strip() == "['en-de', 'en-fi'] 24 sample-01-de", loaded.stderr
    command = ("build", "--source", "org/xl", "--streaming", "--output", "back")
    code, _, errors = run(*command, cwd=tmp_path, **settings)
    assert code == 0, errors
    for name in ("en-de", "en-fi"):
        assert list(Source(str(tmp_path / "back")).rows(name)) == list(Source("sample").rows(name))


def released() -> dict[str, bytes]:
    """Like the Hub's dataset: a JSON file for each language, and variants of some."""
    best = [{"instruction": "best", "response": GERMAN}]
    return {
        "README.md": b"---\nlicense: cc-by-sa-4.0\n---\n",
        "de.json": json.dumps(rows(2000)).encode(),
        "fi.json": "".join(json.dumps(row) + "\n" for row in rows(3, FINNISH)).encode(),
        "bestof3/de.json": json.dumps(best).encode(),
    }


@pytest.mark.parametrize("options", [(), ("--streaming",)])
def test_a_dataset_on_the_hub_is_a_source(options: tuple[str, ...], hub: HubServer, tmp_path: Path) -> None:
    hub.add(RELEASED, released())
    settings = hub.environment(tmp_path / "hf", None)
    code, out, errors = run("build", "--source", RELEASED, *options, cwd=tmp_path, **settings)
    assert code == 0, errors
    assert [line.split(",")[0] for line in out.splitlines()[:2]] == ["en-de: 2", "en-fi: 3 rows"]
    folder = tmp_path / "xl-instruct"
    assert [(config.name, config.rows) for config in verified(folder)] == [("en-de", 2000), ("en-fi", 3)]
    card = (folder / "README.md").read_text("utf-8")
    assert "license: cc-by-sa-4.0" in card
    assert f"https://huggingface.co/datasets/{RELEASED}" in card
    assert next(Source(str(folder)).rows("en-de")).provenance.dataset == RELEASED

    command = ("build", "--source", RELEASED, *options, "--variant", "best_of_3", "--output", "best")
    code, _, errors = run(*command, cwd=tmp_path, **settings)
    assert code == 0, errors
    assert [(config.name, config.rows) for config in verified(tmp_path / "best")] == [("en-de", 1)]


@pytest.mark.slow
def test_what_was_read_once_is_read_again_without_the_hub(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/other", released())
    settings = hub.environment(tmp_path / "hf", None)
    command = ("build", "--source", "org/other", "--pairs", "en-fi")
    assert run(*command, cwd=tmp_path, **settings)[0] == 0
    before = contents(tmp_path / "xl-instruct")
    assert b"license: cc-by-sa-4.0" in before["README.md"]
    code, _, errors = run(*command, cwd=tmp_path, **{**settings, "HF_HUB_OFFLINE": "1"})
    assert code == 0, errors
    assert contents(tmp_path / "xl-instruct") == before
    assert errors.count("the Hub cannot be reached (OfflineModeIsEnabled); reading the 2 files of it") == 1


@pytest.mark.parametrize("options", [(), ("--streaming",)])
def test_a_hub_that_cannot_be_reached_says_what_to_download(
    options: tuple[str, ...], hub: HubServer, tmp_path: Path
) -> None:
    hub.add(RELEASED, released())
    needs = f"where it can be reached run `hf download {RELEASED} --repo-type dataset --local-dir FOLDER`"
    settings = hub.environment(tmp_path / "hf", None)
    away = {**settings, "HF_ENDPOINT": f"http://127.0.0.1:{closed_port()}"}
    code, _, errors = run("build", "--source", RELEASED, *options, cwd=tmp_path, **away)
    assert (code, errors.splitlines()[-1].count(needs)) == (2, 1), errors
    # The list of its files comes, and then one of them does not.
    hub.fails = {"/resolve/": 403}
    code, _, errors = run("build", "--source", RELEASED, *options, "--pairs", "en-fi", cwd=tmp_path, **settings)
    assert (code, errors.splitlines()[-1].count(needs)) == (2, 1), errors
    assert "fi.json is not available" in errors
    assert not (tmp_path / "xl-instruct").exists()
    assert "Traceback" not in errors


def test_a_dataset_that_is_private_or_none_is_said_to_be(hub: HubServer, tmp_path: Path) -> None:
    settings = hub.environment(tmp_path / "hf")
    code, _, errors = run("build", "--source", "org/nothing", cwd=tmp_path, **settings)
    assert code == 2
    assert "org/nothing: the Hub shows you no such dataset; check the name, or log in" in errors


def test_a_download_is_a_source_without_the_hub(tmp_path: Path) -> None:
    for name, data in released().items():
        file = write_jsonl(tmp_path / "copy" / name, [])
        file.write_bytes(data)
    code, out, errors = run("build", "--source", "copy", cwd=tmp_path)
    assert code == 0, errors
    assert out.startswith("en-de: 2,000 rows")
    assert "license: cc-by-sa-4.0" in (tmp_path / "xl-instruct" / "README.md").read_text("utf-8")
