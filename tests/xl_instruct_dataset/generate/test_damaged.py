"""Shards of the work folder that were damaged between two runs: made again, and said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import teacher
from tests.servers.judge import JudgeServer
from tests.xl_instruct_dataset.generate import generating
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.generate import checksums, run
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.config.settings import Settings

FOLDERS = ("seeds", "write-score", "chosen", "translate-1")
SMALL = {"passages": 6, "per_language": 6, "targets": "fi", "shard": 3}


def flipped(shard: Path) -> None:
    content = bytearray(shard.read_bytes())
    # Of a letter in a text, so that the line is JSON as before.
    content[content.index(b"a", len(content) // 2)] ^= 0b10
    shard.write_bytes(content)


def cut_in_a_line(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-20])


def cut_after_a_line(shard: Path) -> None:
    shard.write_bytes(b"".join(shard.read_bytes().splitlines(keepends=True)[:-1]))


def not_utf8(shard: Path) -> None:
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] = 0xFF
    shard.write_bytes(content)


Damage = Callable[[Path], None]
DAMAGES: tuple[Damage, ...] = (flipped, cut_in_a_line, cut_after_a_line, not_utf8, Path.unlink)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """A finished job, whose endpoint is gone."""
    output = tmp_path_factory.mktemp("damaged") / "out"
    with JudgeServer(reply=teacher.fluent) as server:
        chosen = generating.settings(server, **SMALL)
        generating.run(chosen, output)
    return chosen, output


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_damaged_shard_is_made_again_from_the_replies_that_are_kept(
    made: tuple[Settings, Path], folder: str, damage: Damage
) -> None:
    chosen, output = made
    work = work_folder.of(output)
    shard, other = work / folder / "00001.jsonl", work / folder / "00000.jsonl"
    before, untouched = generating.files(output), other.stat().st_mtime_ns
    lines, found = sorted(shard.read_bytes().splitlines()), generating.report(output)
    damage(shard)
    told: list[str] = []
    run.run(chosen, output, silent, told.append)
    assert len(told) == 1, told
    assert told[0].startswith(f"{shard}: ")
    assert told[0].endswith("it is made again")
    assert sorted(shard.read_bytes().splitlines()) == lines
    assert other.stat().st_mtime_ns == untouched
    assert generating.files(output) == before
    assert generating.report(output) == found
    run.run(chosen, output, silent, told.append)
    assert len(told) == 1, "it is whole again"


def test_hashes_are_as_sha256sum_checks_them(made: tuple[Settings, Path]) -> None:
    import hashlib

    work = work_folder.of(made[1])
    files = sorted(work.glob("*/*.jsonl.sha256"))
    assert {file.parent.name for file in files} == set(FOLDERS)
    for file in files:
        digest, name = file.read_text().rstrip("\n").split("  ")
        assert digest == hashlib.sha256((file.parent / name).read_bytes()).hexdigest()


def test_the_command_says_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        argv = generating.arguments(server, tmp_path / "out", **SMALL)
        assert generating.invoke(argv, monkeypatch, capfd)[0] == 0
        asked = generating.asked(server).total()
        shard = work_folder.of(tmp_path / "out") / "translate-1" / "00000.jsonl"
        flipped(shard)
        code, _, errors = generating.invoke(argv, monkeypatch, capfd)
        assert generating.asked(server).total() == asked
    assert code == 0
    assert [line for line in errors if "made again" in line] == [
        f"{shard}: is not as it was written (its SHA-256 is another); it is made again"
    ]


def test_without_a_hash_half_a_line_is_noticed(tmp_path: Path) -> None:
    shard = tmp_path / "00000.jsonl"
    assert checksums.fault(shard) == "is missing"
    shard.write_text('{"a": 1}\n')
    assert checksums.fault(shard) is None
    shard.write_text('{"a": 1}\n{"a"')
    assert checksums.fault(shard) == "ends in half a line"


def test_a_hash_of_a_shard_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "00000.jsonl").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        checksums.write(tmp_path / "00000.jsonl")
