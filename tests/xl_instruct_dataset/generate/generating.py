"""Jobs of `xl-instruct generate`, in this process or as a command, and what they wrote."""

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.servers import teacher
from tests.servers.judge import JudgeServer, key_of
from xl_alpacaeval_metric.clients.openai.probe import PROBE
from xl_alpacaeval_metric.files.jsonl import read_lines
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.generate import run as job_run
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.config.file import load
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.selection.tally import Outcome
from xl_instruct_dataset.quality import translation_faults
from xl_instruct_dataset.sources import sample

PROBE_KEY = key_of(PROBE.messages)
BASE: dict[str, Any] = {
    "seeds": "sample",
    "targets": "fi,zh",
    "teacher": "openai/teacher",
    "per_language": 24,
    "passages": 24,
    "candidates": 2,
}


def settings(server: JudgeServer | None = None, **given: Any) -> Settings:
    """Settings of a small job on the bundled sample, with this server in every role."""
    urls = dict.fromkeys(("teacher", "translator", "judge"), server.url) if server else None
    return load(None, {**BASE, "base_urls": urls, **given})


def run(chosen: Settings, output: Path) -> Outcome:
    """The job in this process, on the executor that the settings name."""
    return job_run.run(chosen, output, silent)


def arguments(server: JudgeServer, output: Path, **given: Any) -> list[str]:
    """The same as arguments of the command."""
    flags = {**BASE, "teacher_base_url": server.url, "translator_base_url": server.url, "judge_base_url": server.url}
    flags |= {"output": output, **given}
    pairs = [(f"--{name.replace('_', '-')}", value) for name, value in flags.items()]
    return ["generate", *(str(part) for name, value in pairs if value is not None for part in (name, value))]


def invoke(
    argv: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> tuple[int, str, list[str]]:
    """The command in this process: exit code, standard output, and the lines of standard error."""
    from xl_instruct_dataset.cli import main

    monkeypatch.setattr(sys, "argv", ["xl-instruct", *map(str, argv)])
    monkeypatch.setattr(sys, "stderr", os.fdopen(os.dup(2), "w", buffering=1))
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    sys.stderr.flush()
    out, errors = capfd.readouterr()
    return int(ended.value.code or 0), out, errors.splitlines()


def rows(output: Path, pair: str) -> list[dict[str, Any]]:
    """The rows of a configuration, as Parquet has them."""
    found: list[dict[str, Any]] = pq.read_table(output / pair).to_pylist()
    return found


def files(output: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    return {str(file.relative_to(output)): file.read_bytes() for file in sorted(output.rglob("*")) if file.is_file()}


def rejects(output: Path) -> list[dict[str, Any]]:
    return list(read_lines(work_folder.of(output) / "rejects.jsonl"))


def report(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((work_folder.of(output) / "report.json").read_text(encoding="utf-8"))
    return found


def adds_up(output: Path, targets: Mapping[str, object] | list[str]) -> None:
    """In each language, passages = rows + drops, and the rejects match the report's counts."""
    found = report(output)
    for target in targets:
        dropped = sum(drop["count"] for drop in found["dropped"] if drop["language"] in (None, target))
        kept = len(rows(output, f"en-{target}")) if (output / f"en-{target}").exists() else 0
        assert found["rows"].get(target, 0) == kept
        assert kept + dropped == found["passages"], target
    counted: Counter[tuple[str, str, str]] = Counter()
    for drop in found["dropped"]:
        counted[drop["stage"], drop["reason"], drop["language"] or ""] += drop["count"]
    assert Counter((line["stage"], line["reason"], line["language"]) for line in rejects(output)) == counted


def asked(server: JudgeServer) -> Counter[str]:
    """How often each request was answered, without the probes."""
    return Counter(key for _, key, answer in server.seen.log if answer == "answer" and key != PROBE_KEY)


def survivors(target: str, count: int = 24) -> set[str]:
    """Ids of the sample's first passages whose translation has no fault in its form."""
    english = {row.id.rpartition("-")[0]: row.response for row in sample.rows("en")}
    there = {row.id.rpartition("-")[0]: row.response for row in sample.rows(target)}
    seeds = sample.seeds()[:count]
    return {
        f"{number:08d}"
        for number, seed in enumerate(seeds)
        for text in (there[seed["id"]], teacher.without_last_sentence(there[seed["id"]]))
        if translation_faults.fault(english[seed["id"]], text) is None
    }


def passages(file: Path, count: int) -> Path:
    """The sample's first passages as JSONL; the file."""
    teacher.passages(file, count)
    return file
