"""`prefetch`: what runs need is downloaded, and what is missing offline is named, all of it."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
import yaml

from tests.commands import Result, complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import closed_port
from tests.servers.hub import HubServer
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import files
from xl_alpacaeval_metric.prefetch import fetch, needs
from xl_alpacaeval_metric.prefetch import found as finding
from xl_alpacaeval_metric.prefetch.needs import Loaded, Need, Source


def tensors(number: int) -> bytes:
    """A file of safetensors with one tensor of so many numbers."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [number], "data_offsets": [0, 4 * number]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(4 * number)


SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
MODEL = {
    "config.json": json.dumps({"auto_map": {"AutoModel": "org/code--modeling.X"}}).encode(),
    "tokenizer.json": b"{}",
    SHARDS[0]: tensors(10),
    SHARDS[1]: tensors(20),
    files.INDEX: json.dumps({"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}).encode(),
}
OTHER_FORMATS = {
    "pytorch_model.bin": bytes(5000),
    "consolidated.safetensors": tensors(30),
    "original/consolidated.00.pth": bytes(5000),
    "onnx/model.onnx": bytes(5000),
}
CARD = b"---\nconfigs:\n- config_name: default\n  data_files:\n  - {split: finnish, path: fi.json}\n---\n"
REPOS = {
    "org/base": {**MODEL, **OTHER_FORMATS, "README.md": b"# Base\n"},
    "org/code": {"modeling.py": b"X = 1\n", "weights.bin": bytes(5000)},
    "org/lora": {
        "adapter_config.json": json.dumps({"base_model_name_or_path": "org/base"}).encode(),
        "adapter_model.safetensors": tensors(4),
    },
    "org/bench": {"data/test.jsonl": b'{"instruction": "x", "language": "fi", "reference": "y"}\n'},
    "org/comet": {"checkpoints/model.ckpt": b"1", "hparams.yaml": b"pretrained_model: org/encoder\n"},
    "org/encoder": MODEL,
    "org/lid": {"model.bin": b"lid", "other.bin": b"other"},
    "viyer98/XL-AlpacaEval": {"fi.json": b'[{"instruction": "Kerro."}]', "README.md": CARD},
}
ALL = (
    *("org/lora", "--judge", "hf/org/base", "--judge", "openai/any", "--lid", "org/lid", "--comet", "org/comet"),
    *("--benchmark", "org/bench", "--benchmark", "mini", "--benchmark", "xl"),
)


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        for name, content in REPOS.items():
            server.add(name, content)
        yield server


@pytest.fixture(scope="module")
def home(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HF_HOME after `prefetch` of ALL."""
    home = tmp_path_factory.mktemp("home")
    fetched = run("prefetch", *ALL, **hub.environment(home))
    assert fetched.returncode == 0, fetched.stdout + fetched.stderr
    for name in REPOS:
        assert name in fetched.stdout
    assert "MISSING" not in fetched.stdout
    assert "HF_HUB_OFFLINE=1" in fetched.stdout
    return home


def checked(home: Path, *arguments: object) -> Result:
    """`prefetch --check` where no Hub can be asked."""
    away = {"HF_ENDPOINT": f"http://127.0.0.1:{closed_port()}", "HF_HOME": str(home), "HF_HUB_OFFLINE": "0"}
    return run("prefetch", *arguments, "--check", **away)


def in_cache(home: Path, pattern: str) -> list[str]:
    return sorted(file.name for file in (home / "hub").glob(f"{pattern}/snapshots/*/**/*") if file.is_file())


def test_one_format_of_the_weights_is_downloaded_and_what_else_is_loaded(home: Path) -> None:
    assert in_cache(home, "models--org--base") == sorted([*MODEL, "README.md"])
    assert in_cache(home, "models--org--code") == ["modeling.py"]
    assert in_cache(home, "models--org--encoder") == ["config.json", files.INDEX, "tokenizer.json"]
    assert in_cache(home, "models--org--lid") == ["model.bin"]


def test_who_may_read_the_files_may_read_the_list_of_them(home: Path) -> None:
    lists = [*(home / "hub").glob("*/trees/*.json")]
    assert lists or not hasattr(huggingface_hub, "get_cached_repo_tree")
    for one in lists:
        assert one.stat().st_mode & 0o777 == (one.parents[1] / "snapshots").stat().st_mode & 0o666


def test_the_check_names_every_file_that_is_gone_and_asks_nobody(home: Path) -> None:
    here = checked(home, *ALL)
    assert here.returncode == 0, here.stdout + here.stderr
    patterns = ("base/snapshots/*/tokenizer.json", "code/snapshots/*/*.py", "comet/snapshots/*/checkpoints/model.ckpt")
    held = {next((home / "hub").glob(f"models--org--{pattern}")): b"" for pattern in patterns}
    held[next((home / "hub").glob("datasets--viyer98*/snapshots/*/fi.json"))] = b""
    for file in held:
        held[file] = file.read_bytes()
        file.unlink()
    cut = next((home / "hub").glob(f"models--org--base/snapshots/*/{SHARDS[1]}"))
    whole = cut.read_bytes()
    cut.unlink()
    cut.write_bytes(whole[:-1])
    try:
        found = checked(home, *ALL, "org/nowhere")
    finally:
        for file, content in {**held, cut: whole}.items():
            file.unlink(missing_ok=True)
            file.write_bytes(content)
    assert complaint(found).startswith("xl-alpacaeval: 6 missing, listed above; ")
    lines = [line.rpartition(": ")[2] for line in found.stdout.splitlines() if line.startswith("missing: ")]
    size = len(whole)
    gone = ("checkpoints/model.ckpt", "fi.json", "modeling.py", "tokenizer.json")
    assert sorted(lines) == sorted(
        (*gone, f"{SHARDS[1]} ({size - 1} of {size} bytes)", "nothing of it is in the cache")
    )
    assert checked(home, *ALL).returncode == 0


def test_the_benchmark_is_read_offline_from_what_was_fetched(home: Path) -> None:
    offline = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    judge = ("--judge", "openai/any", "--judge-base-url", "http://127.0.0.1:9/v1")
    found = run("estimate", "--benchmark", "xl", "--languages", "fi", *judge, **offline)
    assert found.stdout.startswith("1 request, "), found.stderr


def test_a_cache_that_lists_nothing_is_checked_by_what_its_files_name(home: Path, tmp_path: Path) -> None:
    """One that an older huggingface_hub, or a copy of the snapshots alone, has made."""
    snapshot = next((home / "hub").glob("models--org--base/snapshots/*"))
    folder = tmp_path / "hub" / "models--org--base"
    copy = folder / "snapshots" / snapshot.name
    copy.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(snapshot.name)
    for name in (files.INDEX, SHARDS[0]):
        (copy / name).write_bytes((snapshot / name).read_bytes())
    lines = checked(tmp_path, "org/base").stdout
    for part in ("config.json", f"{SHARDS[1]} (the index names it)", "a tokenizer (no tokenizer.json"):
        assert f"org/base at {snapshot.name[:12]}: {part}" in lines


def test_a_folder_is_held_to_its_index_and_its_headers(tmp_path: Path) -> None:
    for name, content in MODEL.items():
        (tmp_path / name).write_bytes(content)
    assert files.lacking(tmp_path) == []
    (tmp_path / SHARDS[0]).write_bytes(MODEL[SHARDS[0]][:-4])
    (tmp_path / SHARDS[1]).unlink()
    assert files.lacking(tmp_path) == [f"{SHARDS[1]} (the index names it)", f"{SHARDS[0]} (is cut short)"]
    found = checked(tmp_path, tmp_path)
    assert complaint(found).startswith("xl-alpacaeval: 3 missing")
    assert f"{SHARDS[1]} (the index names it)" in found.stdout
    assert "org/code: nothing of it is in the cache" in found.stdout
    assert "is not on this machine" in checked(tmp_path, "./nowhere").stdout
    inner = checked(tmp_path.parent, tmp_path.parent, "--model-args", f"subfolder={tmp_path.name}")
    assert complaint(inner).startswith("xl-alpacaeval: 3 missing")  # As above.


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    def lacking(*gone: str, **changed: bytes | str) -> list[str]:
        whole = {**MODEL, "tokenizer_config.json": b"{}", "README.md": b"", "trainer_state.json": b"{"}
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, content in {**whole, **{name.replace("__", "."): text for name, text in changed.items()}}.items():
            if name not in gone:
                (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return files.lacking(folder)

    none = ["a tokenizer (no tokenizer.json or tokenizer.model)"]
    assert lacking() == []
    assert lacking("tokenizer.json") == none
    assert lacking(tokenizer__json='{"model": {"vo') == ["tokenizer.json (is no JSON; is it cut short?)"]
    assert lacking(config__json="") == ["config.json (is empty)"]
    assert lacking("tokenizer.json", vocab__txt="a") == []
    assert lacking("tokenizer.json", tokenizer_config__json='{"tokenizer_class": "ByT5Tokenizer"}') == []
    assert lacking("tokenizer.json", tokenizer_config__json='{"tokenizer_class": "LlamaTokenizer"}') == none
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data.pkl", "x" * 100)
    of_torch = packed.getvalue()
    no_safetensors = (*SHARDS, files.INDEX)
    assert lacking(*no_safetensors, pytorch_model__bin=of_torch) == []
    assert lacking(*no_safetensors, pytorch_model__bin=of_torch[:-9]) == ["pytorch_model.bin (is cut short)"]
    assert lacking(*no_safetensors, model__gguf=b"") == ["model.gguf (is empty)"]


def test_all_that_is_not_on_this_machine_is_named_at_once(home: Path, tmp_path: Path) -> None:
    gone = ("./nope", "--benchmark", "./nope.jsonl", "--reference", "./no.jsonl", "--lid", "no.bin", "--comet", "./no")
    found = checked(home, *gone, "--benchmark", "en", "--benchmark-path", tmp_path / "nowhere")
    assert complaint(found).startswith("xl-alpacaeval: 6 missing")
    lines = [line for line in found.stdout.splitlines() if line.startswith("missing: ")]
    assert [line.endswith("is not on this machine") for line in lines] == [True] * 6
    for name in ("e.gguf", "b.jsonl", "r.jsonl", "l.bin"):
        (tmp_path / name).touch()
    (tmp_path / "bad.jsonl").write_text('{"id": "1"}\n')
    files_here = (tmp_path / "e.gguf", "--benchmark", tmp_path / "b.jsonl", "--benchmark", tmp_path / "bad.jsonl")
    more = ("--reference", tmp_path / "r.jsonl", "--reference", tmp_path / "bad.jsonl", "--lid", tmp_path / "l.bin")
    (tmp_path / "empty").mkdir()
    found = checked(home, *files_here, *more, "--comet", tmp_path / "empty")
    assert complaint(found) == "xl-alpacaeval: 7 missing, listed above"  # The Hub has none of them.
    lines = [line for line in found.stdout.splitlines() if line.startswith("missing: ")]
    assert [line.rpartition("/")[2] for line in lines] == [
        "e.gguf: is empty",
        "b.jsonl: is empty",
        'bad.jsonl line 1: no "language" (it has id); give the code of the language that the answer should be in',
        "r.jsonl: is empty",
        'bad.jsonl line 1: no "reference" (it has id); give one, or --reference FILE',
        "l.bin: is empty",
        "empty: holds nothing",
    ]


def test_weights_come_in_one_format() -> None:
    names = [*MODEL, *OTHER_FORMATS, "model.gguf", "chat_templates/tool.jinja", "LICENSE"]
    kept = [*MODEL, "LICENSE", "chat_templates/tool.jinja"]
    assert files.loaded(names) == sorted(kept)
    assert files.loaded(names, gguf="model.gguf") == sorted({*kept, "model.gguf"} - {*SHARDS})
    assert files.loaded(["config.json", "pytorch_model.bin", "tf_model.h5"]) == ["config.json", "pytorch_model.bin"]
    assert files.loaded(["params.json", "consolidated.safetensors"]) == ["consolidated.safetensors", "params.json"]
    assert files.loaded(["a/config.json", "b/config.json"], subfolder="a") == ["a/config.json"]


def test_what_is_asked_at_an_endpoint_needs_nothing_and_a_thing_is_named_once() -> None:
    found = needs.needs_of(
        [Loaded("org/base"), Loaded("gpt", arguments={"base_url": "http://x"}), Loaded("org/t", "local-completions")],
        [("vllm/org/base", {}), ("hf/org/judge", {"revision": "v1"}), ("openai/gpt-4o", {}), ("none", {})],
        [("mini", None, ()), ("xl", None, ()), ("en", None, ())],
    )
    assert [(one.role, one.source, one.name, one.revision) for one in found] == [
        ("model, judge", Source.MODEL, "org/base", None),
        ("model", Source.ENDPOINT, "gpt", None),
        ("model", Source.ENDPOINT, "org/t", None),
        ("tokenizer of the model", Source.TOKENIZER, "org/t", None),
        ("judge", Source.MODEL, "org/judge", "v1"),
        ("judge", Source.ENDPOINT, "openai/gpt-4o", None),
        ("benchmark", Source.PACKAGE, "mini", None),
        ("benchmark", Source.DATASET, "viyer98/XL-AlpacaEval", None),
    ]


def test_an_adapter_needs_the_base_that_is_given(home: Path) -> None:
    found = checked(home, "org/lora", "--base", "org/elsewhere")
    assert complaint(found).startswith("xl-alpacaeval: 1 missing")
    assert "missing: base model of org/lora: org/elsewhere: nothing of it is in the cache" in found.stdout
    absent = finding.Found(Need("model", Source.MODEL, "org/absent", base="org/base"), reason="is not here")
    assert [one.name for one in finding.further(absent)] == ["org/base"]


def test_languages_without_rows_are_missing(home: Path) -> None:
    some = ("--benchmark", "mini", "--benchmark", "xl", "--benchmark", "org/bench")
    assert checked(home, *some, "--languages", "fi").returncode == 0
    found = checked(home, *some, "--languages", "fi,de")
    lines = [line for line in found.stdout.splitlines() if line.startswith("missing: ")]
    assert len(lines) == 2
    assert "viyer98/XL-AlpacaEval" in lines[0]
    assert "split 'german'" in lines[0]
    assert lines[1].endswith("has no rows in 'de'; it has fi")


def test_a_disk_without_room_is_said_before_the_download() -> None:
    with pytest.raises(UserError, match=r"takes 1000000.0 GB, and .* has room for .* set HF_HOME"):
        fetch.check_room(10**15)


def test_a_sweep_is_checked_as_a_whole(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    settings = {"models": ["org/lora", "org/other"], "benchmarks": ["mini"], "languages": ["fi"], "output": "runs"}
    file.write_text(yaml.safe_dump({**settings, "judges": ["hf/org/base", "hf/org/judge"]}))
    found = checked(home, "--sweep", file)
    assert complaint(found).startswith("xl-alpacaeval: 2 missing")
    assert [line.split(": ")[1:3] for line in found.stdout.splitlines() if line.startswith("missing")] == [
        ["model", "org/other"],
        ["judge", "org/judge"],
    ]


def test_what_cannot_be_had_is_one_line_and_the_rest_is_fetched(hub: HubServer, tmp_path: Path) -> None:
    hub.fails["/org/lid/resolve"] = 403
    try:
        found = run("prefetch", "org/nowhere", "org/lora", "--lid", "org/lid", **hub.environment(tmp_path))
    finally:
        hub.fails.clear()
    assert complaint_after_downloads(found) == "xl-alpacaeval: 2 missing, listed above"
    assert "missing: model: org/nowhere: the Hub has no such model, or not for you" in found.stdout
    assert "missing: identifier: org/lid: the Hub refused (403)" in found.stdout
    assert in_cache(tmp_path, "models--org--lora") == ["adapter_config.json", "adapter_model.safetensors"]
    away = {"HF_ENDPOINT": f"http://127.0.0.1:{closed_port()}", "HF_HOME": str(tmp_path)}
    assert "does not answer" in complaint(run("prefetch", "org/base", **{**away, "HF_HUB_OFFLINE": "0"}))
    assert "HF_HUB_OFFLINE is set" in complaint(run("prefetch", "org/base", **away))
    assert "identifier: " in (in_folder := checked(tmp_path, "--lid", tmp_path)).stdout
    assert "is a folder; need a file" in in_folder.stdout
    assert "nothing is named" in complaint(run("prefetch"))
    assert "--languages goes with --benchmark" in complaint(run("prefetch", "org/base", "--languages", "de"))
    assert "--base goes with MODEL" in complaint(run("prefetch", "--base", "org/base", "--judge", "hf/org/base"))
    assert "unknown judge backend 'gpt'" in complaint(run("prefetch", "--judge", "gpt/4"))
    assert "unknown backend 'foo'" in complaint(run("prefetch", "org/base", "--backend", "foo", "--check"))
    assert "unknown benchmark 'minni'" in complaint(run("prefetch", "--benchmark", "minni"))


def complaint_after_downloads(result: Result) -> str:
    """The last line on standard error, which has those of the downloads above it."""
    assert result.returncode == 2, result.stderr
    return result.stderr.strip().splitlines()[-1]
