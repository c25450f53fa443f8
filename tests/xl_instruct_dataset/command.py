"""`xl-instruct` as the tests run it, and rows for it to read."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.helpers import ROOT

CODE = "from xl_instruct_dataset.cli import main; main()"
GERMAN = "Der Hund läuft durch den Wald und findet dort einen alten Knochen unter dem Baum."
FINNISH = "Koira juoksee metsän halki ja löytää vanhan luun puun alta, vaikka sataa kaatamalla."


def rows(number: int, response: str = GERMAN) -> list[dict[str, Any]]:
    """Rows without ids."""
    return [{"instruction": f"Tell story {n}, in the language you know.", "response": response} for n in range(number)]


def write_jsonl(file: Path, found: Sequence[Mapping[str, Any]]) -> Path:
    """The file, which is made with its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    return file


def start(*arguments: object, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """The command in a process of its own, offline unless `environment` says otherwise."""
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *map(str, arguments)],
        cwd=cwd,
        env=settings,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(*arguments: object, cwd: Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    process = start(*arguments, cwd=cwd, **environment)
    out, errors = process.communicate(timeout=120)
    return process.returncode, out, errors
