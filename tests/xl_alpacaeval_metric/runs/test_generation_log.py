"""generation.log: what the child that generates writes to standard error, without what harms."""

import sys
from pathlib import Path

from xl_alpacaeval_metric.runs.answers import generation


def test_control_characters_and_secrets_do_not_reach_the_log(tmp_path: Path) -> None:
    code = "import sys; sys.stderr.write('name \\x1b]0;owned\\x07\\x1b[2J\\u202e done\\nAuthorization: Bearer sk-SECRET1234\\n')"
    with generation._running([sys.executable, "-c", code], {}, tmp_path / "log") as process:
        process.wait()
    text = (tmp_path / "log").read_text("utf-8")
    assert text.startswith("name ]0;owned[2J done\n")
    assert "SECRET" not in text
