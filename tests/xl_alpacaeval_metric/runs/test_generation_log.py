"""generation.log: what the child that generates writes to standard error, without what harms."""

import sys
from pathlib import Path

import pytest

from tests.helpers import PATIENCE
from xl_alpacaeval_metric.runs.answers import generation

FULL = Path("/dev/full")
"""A file on which every write fails as on a full disk."""


def test_control_characters_and_secrets_do_not_reach_the_log(tmp_path: Path) -> None:
    code = "import sys; sys.stderr.write('name \\x1b]0;owned\\x07\\x1b[2J\\u202e done\\nAuthorization: Bearer sk-SECRET1234\\n')"
    with generation._running([sys.executable, "-c", code], {}, tmp_path / "log") as process:
        process.wait()
    text = (tmp_path / "log").read_text("utf-8")
    assert text.startswith("name ]0;owned[2J done\n")
    assert "SECRET" not in text


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk_does_not_stop_the_child() -> None:
    code = "import sys; sys.stderr.write('a line\\n' * 100_000)"  # More than the pipe holds.
    with generation._running([sys.executable, "-c", code], {}, FULL) as process:
        assert process.wait(PATIENCE) == 0
