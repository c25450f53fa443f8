"""YAML of others: read as plain values, or refused in one line."""

from pathlib import Path

import pytest

from tests.commands import complaint, run_alpacaeval, run_instruct
from tests.helpers import ROW, write_jsonl
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import yaml_file
from xl_alpacaeval_metric.hub import folder as hub_folder

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{chr(n + 1)}: &{chr(n + 1)} [{', '.join([f'*{chr(n)}'] * 9)}]\n" for n in range(97, 110)
)
HOSTILE = [
    "x: 2024-13-45",
    f"x: {'9' * 5000}",
    LAUGHS,
    "x: &y [*y]",
    "[" * 50_000,
    "a: 1\na: 2",
    "x: 'y",
    "x: !!python/name:os.x",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_what_python_cannot_hold_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(yaml_file.NotYaml):
        yaml_file.parse(text)
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(UserError, match=r"settings\.yaml"):
        yaml_file.read_mapping(tmp_path / "settings.yaml")
    (tmp_path / "README.md").write_text(f"---\n{text}\n---\n")
    with pytest.raises(UserError, match="front matter"):
        hub_folder.metadata(tmp_path)


def test_commands_take_such_values_as_text_or_refuse_them(tmp_path: Path) -> None:
    pairs = write_jsonl(tmp_path / "pairs.jsonl", [ROW])
    for value in ("2024-13-45", "9" * 5000, "[[[["):
        options = ("--judge", "openai/any", "--judge-base-url", "http://127.0.0.1:9/v1", "--output", tmp_path / "run")
        assert complaint(run_alpacaeval("judge", pairs, *options, "--judge-args", f"timeout={value}"))
    (tmp_path / "c.yaml").write_text(LAUGHS)
    assert "aliases" in complaint(run_instruct("generate", "--config", tmp_path / "c.yaml", cwd=tmp_path))


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\ntitle: a --- b\nlicense: mit---\n---\n# x\n---\ny\n", {"title": "a --- b", "license": "mit---"}),
        ("---\r\nlicense: mit\r\n---\r\ntext", {"license": "mit"}),
        ("\ufeff---\nlicense: mit\n---", {"license": "mit"}),
        ("# no front matter\n---\nlicense: mit\n---\n", {}),
        ("---\nlicense: mit\n", {}),
    ],
)
def test_the_front_matter_ends_at_a_line_of_dashes(card: str, expected: object, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(card.encode())
    assert hub_folder.metadata(tmp_path) == expected
