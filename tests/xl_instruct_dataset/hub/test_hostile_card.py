"""A card of others, and the names of folders, put no markup into the card that is written."""

import json
from pathlib import Path

from tests.commands import run_instruct
from tests.helpers import rows, write_jsonl
from xl_alpacaeval_metric.hub import folder as hub_folder

MARKUP = "<img src=x onerror=alert(1)> `code` [link](http://evil) | cell"


def test_a_licence_and_a_folder_name_are_text(tmp_path: Path) -> None:
    source = tmp_path / "in `x` <b>"
    write_jsonl(source / "en-de.jsonl", rows(4))
    (source / "README.md").write_text(f"---\nlicense: {json.dumps(MARKUP + chr(27))}\n---\n")
    output = tmp_path / 'out", "x'
    result = run_instruct("build", "--source", source, "--output", output, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    card = (output / "README.md").read_text()
    body = card.split("\n---\n", 1)[1]
    assert "<img" not in body.replace("\\<", "")
    assert "](http://evil)" not in body.replace("\\](", "")
    assert "the folder `in 'x' <b>`" in body
    assert 'load_dataset("out-, -x", "en-de"' in body
    assert "\x1b" not in card
    assert hub_folder.metadata(output)["license"] == "other"
