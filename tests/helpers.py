"""What several test files use."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.records.judgements import Comparison

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
"""Real data beside the checkout; tests that use it skip where it is not."""

PATIENCE = 300.0
"""Seconds after which what a test waits for is taken never to come, on a machine at any load."""


def comparison(number: int = 1, language: str = "de", **changes: str) -> Comparison:
    """A comparison in which every text can be told from the others."""
    texts: dict[str, Any] = {
        "instruction": f"Explain thing {number} in German.",
        "prediction": f"Das ist die Antwort des Kandidaten auf die Frage {number}.",
        "reference": f"Dies ist die Vergleichsantwort auf die Frage {number}.",
        **changes,
    }
    return Comparison(id=f"item-{number}", language=language, **texts)


ROW = {
    "instruction": "Say hello in German.",
    "prediction": "Hallo, wie geht es dir?",
    "reference": "Guten Tag!",
    "language": "de",
}
"""A line of a pairs file."""
GERMAN = "Der Hund läuft durch den Wald und findet dort einen alten Knochen unter dem Baum."
FINNISH = "Koira juoksee metsän halki ja löytää vanhan luun puun alta, vaikka sataa kaatamalla."


def rows(number: int, response: str = GERMAN) -> list[dict[str, Any]]:
    """Training rows without ids."""
    return [{"instruction": f"Tell story {n}, in the language you know.", "response": response} for n in range(number)]


def write_jsonl(file: Path, found: Sequence[Mapping[str, Any]]) -> Path:
    """Write the rows, and make the folders above the file; returns the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    return file


def wait_until(condition: Callable[[], object], process: "subprocess.Popen[str] | None" = None) -> None:
    """Return when the condition holds; fails where it never does, or `process` ends before."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.01)


def children_of(process: int) -> list[int]:
    """The numbers of the processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def closed_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
